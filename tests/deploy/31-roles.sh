#!/bin/bash
# A deployment by an ordinary role that owns the database, beside an application that reconnects in a
# loop, with few connections left, and with a password that must be seen nowhere.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic

project_start fastvue
psql_at postgres "CREATE ROLE deployer LOGIN CREATEDB PASSWORD 's3cr3t/p%@:w'; CREATE ROLE app LOGIN;
    GRANT pg_signal_backend TO deployer"
psql_at postgres "ALTER DATABASE shop OWNER TO deployer"
[[ $(psql_at shop "SHOW server_version_num") -lt 150000 ]] || # a restore by this role could not do that
    psql_at shop "ALTER SCHEMA public OWNER TO deployer"
export DATABASE_URL="postgresql+psycopg2://deployer:s3cr3t%2Fp%25%40%3Aw@/shop?host=$PGHOST"
alembic upgrade head 2>/dev/null
psql_at shop "INSERT INTO companies (name) VALUES ('one');
    INSERT INTO users (company_id, email, phone) SELECT 1, 'u' || n, '030 ' || n
      FROM generate_series(1, 500) n; GRANT SELECT ON ALL TABLES IN SCHEMA public TO app"
cp later/6f3d7a9b1c04_drop_phone.py alembic/versions/
sed -i "/phone = sa/d" app/models.py
printf '#!/bin/sh\nexit 1\n' >scripts/verify_migration.sh
state_of shop before

# --- the application comes back as soon as it is thrown out; no argument vector shows the password ----

application()
{
    while [[ ! -e $PROJECT/stop ]]; do
        psql -X -q -U app -d shop -c "SELECT count(*) FROM users" -c "SELECT pg_sleep(0.3)"
    done >/dev/null 2>&1
}
watcher()
{
    while [[ ! -e $PROJECT/stop ]]; do
        cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | grep -a '[s]3cr3t'
        sleep 0.05
    done >seen
}
cleanup_fn touch "$PROJECT/stop"
application &
watcher &
expect_status 8 ddb production -v >out 2>err
touch stop
wait
state_of shop after
expect_same before after "the database with a restless application"
expect_clean
expect_equal "" "$(cat seen)" "argument vectors"
expect_equal "" "$(grep -rla '[s]3cr3t' . --exclude-dir=__pycache__ || true)" "files with the password"
expect_lacks "$(psql_at shop 'SELECT * FROM deploy_db.run')" s3cr3t
kept=$(psql_at postgres "SELECT datname FROM pg_database WHERE datname LIKE 'shop_failed%'")
expect_equal deployer "$(psql_at postgres "SELECT pg_get_userbyid(datdba) FROM pg_database
    WHERE datname = '$kept'")"

# --- without CREATEDB there is no restore: said before, and nothing is thrown away --------------------

psql_at postgres "ALTER ROLE deployer NOCREATEDB"
expect_status 0 ddb plan production >out 2>err
expect_contains "$(cat out)" "restore: not offered"
printf '#!/bin/sh\nexit 0\n' >scripts/verify_migration.sh
revision b1 6f3d7a9b1c04 "fails" <<'B'
upgrade:
op.execute("SELECT 1 / 0")
downgrade:
B
state_of shop before
expect_status 7 ddb production >out 2>err
state_of shop after
expect_same before after
rm alembic/versions/b1_test.py
printf '#!/bin/sh\nexit 1\n' >scripts/verify_migration.sh
expect_status 9 ddb production >out 2>err
psql_at postgres "ALTER ROLE deployer CREATEDB"
expect_status 8 ddb recover production >out 2>err
state_of shop after
expect_same before after "the database after the role was let"

# --- nor with fewer sessions than one takes; with as many it works ------------------------------------------

psql_at postgres "ALTER ROLE deployer CONNECTION LIMIT 5"
expect_status 0 ddb plan production >out 2>err
expect_contains "$(cat out)" "restore: not offered"
expect_contains "$(cat out)" "may not have more than 5 sessions (CONNECTION LIMIT); with snapshot.jobs = "
psql_at postgres "ALTER ROLE deployer CONNECTION LIMIT 6"
expect_status 8 ddb production >out 2>err
psql_at postgres "ALTER ROLE deployer CONNECTION LIMIT -1"
state_of shop after
expect_same before after "the database after a restore with six sessions"

# --- nor where its tables take no more rows from it: they have their rights before their rows -------------

psql_at shop "CREATE TABLE archive AS SELECT 1 AS id; ALTER TABLE archive OWNER TO deployer; REVOKE INSERT ON archive FROM deployer"
state_of shop before
expect_status 0 ddb plan production >out 2>err
expect_contains "$(cat out)" "restore: not offered"
expect_contains "$(cat out)" "may not put rows into table public.archive"
expect_status 9 ddb production >out 2>err
psql_at postgres "ALTER ROLE deployer SUPERUSER" # the snapshot has these rights, too
expect_status 8 ddb recover production >out 2>err
psql_at postgres "ALTER ROLE deployer NOSUPERUSER"
state_of shop after
expect_same before after "the database after a restore by a superuser"
psql_at shop "DROP TABLE archive"
state_of shop before

# --- a role that may not change the version table is refused, whatever it wants -----------------------

psql_at postgres "CREATE ROLE reader LOGIN"
psql_at shop "GRANT CREATE ON DATABASE shop TO reader; GRANT pg_read_all_data TO reader;
    GRANT ALL ON SCHEMA public, deploy_db TO reader; GRANT ALL ON ALL TABLES IN SCHEMA deploy_db TO reader"
state_of shop before
for args in "staging" "upgrade staging heads" "downgrade staging -1" "stamp staging base"; do
    # shellcheck disable=SC2086
    expect_status 4 env DATABASE_URL="postgresql+psycopg2://reader@/shop?host=$PGHOST" \
        "$DDB_B/deploy-db" $args >out 2>err
    expect_contains "$(cat err)" 'may not change version table "alembic_version"'
done
state_of shop after
expect_same before after "the database after a role that may only read"

# --- an ordinary role among exhausted connections ------------------------------------------------------

for _ in {1..37}; do
    psql -X -q -U app -d postgres -c "SELECT pg_sleep(30)" >/dev/null 2>&1 &
done
sleep 2
status=0
ddb production >out 2>err || status=$?
psql_at postgres "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE usename = 'app'" >/dev/null
wait
[[ $status -eq 4 || $status -eq 5 || $status -eq 6 || $status -eq 7 || $status -eq 8 ]] ||
    { cat out err >&9; fail "status $status without connections"; }
state_of shop after
expect_same before after "the database without connections"
expect_clean

#!/bin/bash
# A copy by CREATE DATABASE … TEMPLATE as the snapshot: others are cut off while it is made, a failed
# deployment is put right by a rename, and no copy is left.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"

project_start shopsql
export DATABASE_URL="postgresql://postgres@/shop?host=$PGHOST"
expect_status 0 ddb staging >out 2>err
rm -rf snapshots
psql_at shop "INSERT INTO companies (name) SELECT 'c' || n FROM generate_series(1, 300) n;
    INSERT INTO users (company_id, email, phone) SELECT 1 + n % 300, 'u' || n, n FROM generate_series(1, 900) n;
    CREATE UNLOGGED TABLE sessions AS SELECT n FROM generate_series(1, 10) n; SELECT lo_from_bytea(4711, 'large')" >lo
psql_at postgres "CREATE ROLE reader LOGIN; CREATE ROLE other; ALTER DATABASE shop SET work_mem = '7MB';
    REVOKE ALL ON DATABASE shop FROM PUBLIC; GRANT CONNECT, TEMP ON DATABASE shop TO reader WITH GRANT OPTION;
    ALTER ROLE reader IN DATABASE shop SET jit = off; ALTER DATABASE shop CONNECTION LIMIT 30;
    COMMENT ON DATABASE shop IS 'it''s the shop'"
sed -i -e 's|staging: {|& snapshot: { plugin = "template"; };|' \
    -e 's|protected = true;|& snapshot: { plugin = ["pgdump", "template"]; }; recover = ["transaction", "restore"];|' \
    deploy-db.cfg

databases()
{
    psql_at postgres "SELECT datname FROM pg_database WHERE datname ~ '^shop_$1'"
}

# ready: no copy is left, people get in.
ready()
{
    expect_equal "" "$(databases "(clone|closed)_")" "copies that are left"
    expect_equal t "$(psql_at postgres "SELECT datallowconn FROM pg_database WHERE datname = 'shop'")"
    expect_equal 0 "$(psql_at shop "SELECT count(*) FROM deploy_db.run WHERE ended IS NULL")" "unfinished runs"
    expect_clean
}

undone()
{
    state_of shop after
    expect_same before after "$1"
    ready
}

# --- it goes well -----------------------------------------------------------------------------------

expect_contains "$(ddb config staging)" "snapshot.plugin = template"
expect_contains "$(ddb plugins template)" "setting.strategy=auto"
later 7a4e2f6b8d15
expect_status 0 ddb plan staging >out 2>err
expect_contains "$(cat out)" "connections: all to this database are cut while it is copied"
expect_contains "$(cat out)" "restore: from the copy of the database, by an exchange"
expect_status 0 ddb plan staging --json >out 2>err
expect_contains "$(cat out)" '"cuts_connections": true'

# Somebody is connected: cut off, and let in again afterwards.
psql -X -q -d shop -U reader -c "SELECT pg_sleep(60)" >/dev/null 2>reader.err &
reader=$!
wait_for 10 sh -c "psql -X -At -d postgres -c \"SELECT 1 FROM pg_stat_activity WHERE usename = 'reader'\" | grep -q 1"
expect_status 0 ddb staging >out 2>err
wait $reader && fail "the session of reader went on"
expect_contains "$(cat reader.err)" "terminating connection"
expect_equal 900 "$(PGUSER=postgres psql_at shop "SELECT count(*) FROM users")"
expect_contains "$(cat err)" "connections were cut for"
expect_equal "" "$(find . -name '*.tar')" "files"
ready

# Nothing pending: nobody is cut off.
expect_status 0 ddb staging >out 2>err
expect_lacks "$(cat err)" "connections were cut"

# --- it goes wrong: part is committed, the rest fails -----------------------------------------------

sql_revision a1 7a4e2f6b8d15 "loses data" <<'B'
-- upgrade
-- no transaction
UPDATE users SET phone = 'lost';
ALTER TABLE users DROP COLUMN full_name;
SELECT 1 / 0;
B
psql_at shop "DELETE FROM users WHERE id = 3"
state_of shop before
expect_status 8 ddb staging >out 2>err
expect_contains "$(cat out)" "recovered by: restore"
expect_contains "$(cat err)" ', the copy of before, in place'
expect_contains "$(cat out)" "public.users: 0 inserted, 899 updated, 0 deleted"
undone "a failed migration"
kept=$(databases failed_)
expect_equal f "$(psql_at postgres "SELECT datallowconn FROM pg_database WHERE datname = '$kept'")"
psql_at postgres "ALTER DATABASE \"$kept\" ALLOW_CONNECTIONS true"
expect_equal 899 "$(psql_at "$kept" "SELECT count(*) FROM users WHERE phone = 'lost'")"
expect_equal 8 "$(psql_at shop 'SELECT status FROM deploy_db.run ORDER BY started DESC LIMIT 1')"
psql_at postgres "DROP DATABASE \"$kept\""

# A server before 15 has no choice, a later one has: all lead to the same.
for strategy in wal_log file_copy; do
    sed -i "s|plugin = \"template\";|& strategy = \"$strategy\";|" deploy-db.cfg
    expect_status 8 ddb staging -v >out 2>err
    expect_contains "$(cat err)" "copying by $strategy"
    undone "$strategy"
    psql_at postgres "DROP DATABASE \"$(databases failed_)\""
    sed -i "s| strategy = \"$strategy\";||" deploy-db.cfg
done

# Rolled back by a cheaper rung: the copy goes as well.
mv versions/a1_test.sql a1.sql
sql_revision a2 7a4e2f6b8d15 "fails at once" <<'B'
-- upgrade
SELECT 1 / 0;
B
expect_status 7 ddb staging >out 2>err
undone "rolled back"
rm versions/a2_test.sql
mv a1.sql versions/a1_test.sql

# --- both: the copy first, the file where there is no copy -------------------------------------------

expect_status 8 ddb production >out 2>err
expect_contains "$(cat err)" "connections were cut for"
expect_contains "$(cat out)" "snapshot: production-"
expect_lacks "$(cat err)" "restoring snapshot"
undone "both, by the copy"
psql_at postgres "DROP DATABASE \"$(databases failed_)\""

cat >scripts/drop_copy.sh <<'B'
#!/bin/sh
for name in $(psql -X -At -d postgres -c "SELECT datname FROM pg_database WHERE datname LIKE 'shop_clone_%'"); do
    psql -X -q -d postgres -c "DROP DATABASE \"$name\""
done
B
cat >scripts/spoil_copy.sh <<'B'
#!/bin/sh
name=$(psql -X -At -d postgres -c "SELECT datname FROM pg_database WHERE datname LIKE 'shop_clone_%'")
psql -X -q -d postgres -c "ALTER DATABASE \"$name\" ALLOW_CONNECTIONS true"
psql -X -q -d "$name" -c "DROP TABLE sessions"
psql -X -q -d postgres -c "ALTER DATABASE \"$name\" ALLOW_CONNECTIONS false"
B
chmod +x scripts/*.sh
for how in drop spoil; do
    sed -i "s|hooks: {|hooks: { pre_deploy = [\"snapshot\", \"scripts/${how}_copy.sh\"];|" deploy-db.cfg
    expect_status 8 ddb production >out 2>err
    expect_contains "$(cat err)" "the snapshot is restored instead"
    expect_contains "$(cat err)" "restoring snapshot"
    undone "both, with a copy that is no good: $how"
    psql_at postgres "DROP DATABASE \"$(databases failed_)\""
    sed -i "s|hooks: { pre_deploy = [^]]*\];|hooks: {|" deploy-db.cfg
done

# The command takes the file alone; without one it is refused.
expect_status 0 ddb snapshot production >out 2>err
expect_lacks "$(cat err)" "connections"
expect_status 4 ddb snapshot staging >out 2>err
expect_contains "$(cat err)" "takes no snapshot that is kept"
expect_contains "$(cat err)" '"pgdump"'
# A file that is there is restored also where none are taken; both names are of one database here.
psql_at shop "DELETE FROM deploy_db.environment"
expect_status 0 ddb restore staging --yes "$(find snapshots -name '*.tar' | sort | tail -n 1)" >out 2>err
undone "restored from a file"
rm versions/a1_test.sql

# --- refusals: before anything is changed ------------------------------------------------------------

sql_revision a3 7a4e2f6b8d15 "harmless" <<'B'
-- upgrade
CREATE TABLE a3 (id int);
-- downgrade
DROP TABLE a3;
B
refused()
{
    expect_status 4 ddb staging >out 2>err
    expect_contains "$(cat err)" "$1"
    undone "refused: $1"
}
psql_at shop "BEGIN; CREATE TABLE t (id int); PREPARE TRANSACTION 'p'"
refused "prepared transactions keep database \"shop\" from being copied"
psql_at shop "ROLLBACK PREPARED 'p'"
psql_at shop "SELECT pg_create_logical_replication_slot('slot_one', 'test_decoding')" >/dev/null
psql_at shop "CREATE SUBSCRIPTION sub_one CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false)" 2>/dev/null
expect_status 4 ddb staging >out 2>err
expect_contains "$(cat err)" "would come without its replication"
expect_contains "$(cat err)" "logical replication slot slot_one"
expect_contains "$(cat err)" "subscription sub_one"
psql_at shop "ALTER SUBSCRIPTION sub_one SET (slot_name = NONE)"
psql_at shop "DROP SUBSCRIPTION sub_one"
psql_at shop "SELECT pg_drop_replication_slot('slot_one')" >/dev/null
sed -i 's|plugin = "template";|& strategy = "magic";|' deploy-db.cfg
refused 'snapshot.strategy cannot be "magic"'
sed -i 's| strategy = "magic";||' deploy-db.cfg
psql_at postgres "CREATE ROLE poor LOGIN; GRANT pg_read_all_data, pg_write_all_data TO poor"
psql_at shop "GRANT ALL ON DATABASE shop TO poor; GRANT ALL ON ALL TABLES IN SCHEMA deploy_db TO poor;
    GRANT USAGE ON SCHEMA deploy_db TO poor"
psql -X -q -d shop -U reader -c "SELECT pg_sleep(60)" >/dev/null 2>&1 &
reader=$!
wait_for 10 sh -c "psql -X -At -d postgres -c \"SELECT 1 FROM pg_stat_activity WHERE usename = 'reader'\" | grep -q 1"
expect_status 4 env DATABASE_URL="postgresql://poor@/shop?host=$PGHOST" "$DDB_B/deploy-db" staging >out 2>err
expect_contains "$(cat err)" 'role "poor" may not copy database "shop"'
expect_contains "$(cat err)" 'role "poor" may not end the sessions of others'
kill $reader
wait $reader 2>/dev/null || true
expect_contains "$(cat err)" "settings that roles have in it"
expect_contains "$(cat err)" "ALTER ROLE reader IN DATABASE"
psql_at postgres "REVOKE ALL ON DATABASE shop FROM poor"
sed -i 's|plugin = "template"|plugin = ["template", "template"]|' deploy-db.cfg
expect_status 3 ddb staging >out 2>err
expect_contains "$(cat err)" "besides another plugin that does the same"
sed -i 's|plugin = \["template", "template"\]|plugin = "template"|' deploy-db.cfg

# It takes too long: given up, people are let in again, nothing has changed.
state_of shop before
sed -i 's|plugin = "template";|& strategy = "file_copy"; max_disconnect = "200ms";|' deploy-db.cfg
checkpointer=$(psql_at postgres "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
kill -STOP "$checkpointer" # the copy waits for it
(sleep 3; kill -CONT "$checkpointer") &
expect_status 6 ddb staging >out 2>err
wait $!
expect_contains "$(cat err)" "could not copy database \"shop\": out of time"
undone "out of time"
sed -i 's| strategy = "file_copy"; max_disconnect = "200ms";||' deploy-db.cfg

# --- two at once: the second waits, though it is thrown out while it does -----------------------------

first=0
second=0
ddb staging --wait 60s >out1 2>err1 &
pid=$!
ddb staging --wait 60s >out2 2>err2 || second=$?
wait $pid || first=$?
[[ $first -eq 0 && $second -eq 0 ]] || {
    cat out1 err1 out2 err2 >&9
    fail "exit statuses $first and $second"
}
expect_equal 1 "$(cat out1 out2 | grep -c 'nothing to do')" "runs that had nothing to do"
expect_equal a3 "$(psql_at shop "SELECT version_num FROM alembic_version")"
ready

# A name that leaves no room for that of the copy is cut there.
long=a_database_with_a_name_of_sixty_three_bytes_which_is_all_there_is
long=${long:0:63}
psql_at postgres "CREATE DATABASE $long TEMPLATE shop"
sql_revision a4 a3 "fails" <<'B'
-- upgrade
-- no transaction
DELETE FROM users;
SELECT 1 / 0;
B
state_of "$long" before
expect_status 8 env DATABASE_URL="postgresql://postgres@/$long?host=$PGHOST" "$DDB_B/deploy-db" staging >out 2>err
state_of "$long" after
expect_same before after "a long name"
expect_equal "" "$(psql_at postgres "SELECT datname FROM pg_database WHERE datname ~ '_(clone|closed)_'")"

# A role that is no superuser, but owns the database and may do what is needed.
psql_at postgres "CREATE ROLE owner LOGIN CREATEDB CREATEROLE; GRANT pg_signal_backend TO owner"
psql_at postgres "CREATE DATABASE owned OWNER owner"
psql_at postgres "GRANT CONNECT ON DATABASE owned TO reader;
    ALTER ROLE reader IN DATABASE owned SET jit = off; ALTER ROLE owner IN DATABASE owned SET work_mem = '9MB';
    COMMENT ON DATABASE owned IS 'owned'"
psql_at owned "ALTER SCHEMA public OWNER TO owner"
as_owner()
{
    env DATABASE_URL="postgresql://owner@/owned?host=$PGHOST" "$DDB_B/deploy-db" "$@"
}
mv versions/a4_test.sql a4.sql
if [[ $(psql_at postgres "SHOW server_version_num") -ge 160000 ]]; then
    expect_status 4 as_owner staging >out 2>err
    expect_contains "$(cat err)" "settings that roles have in it"
    psql_at postgres "GRANT reader TO owner WITH ADMIN OPTION"
fi
expect_status 0 as_owner staging >out 2>err
mv a4.sql versions/a4_test.sql
PGUSER=owner psql_at owned "INSERT INTO companies (name) VALUES ('one');
    INSERT INTO users (company_id, email) SELECT 1, 'u' || n FROM generate_series(1, 50) n"
state_of owned before
expect_status 8 as_owner staging >out 2>err
state_of owned after
expect_same before after "by a role that is no superuser"
expect_equal "" "$(psql_at postgres "SELECT datname FROM pg_database WHERE datname ~ '_(clone|closed)_'")"

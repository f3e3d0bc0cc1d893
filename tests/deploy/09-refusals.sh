#!/bin/bash
# What preflight refuses, with status 4 and an untouched database; all reasons at once.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic pgbouncer

project_start fastvue
alembic upgrade 4d2c8b1e7f33 2>/dev/null
state_of shop before

refused()
{
    local text=$1

    shift
    expect_status 4 "$@" >out 2>err
    expect_contains "$(cat err)" "$text"
    state_of shop after
    expect_same before after
}

# Two heads.
revision b1 4d2c8b1e7f33 "another head" <<'B'
upgrade:
downgrade:
B
refused "2 heads" ddb production
refused "deploy-db merge heads" ddb plan production
expect_contains "$(cat out)" "downgrade: not taken: what the revisions do is not known"
rm alembic/versions/b1_test.py

# A row that the checkout does not know; beside a running dump, both are reported.
psql_at shop "UPDATE alembic_version SET version_num = 'deadbeef0000'"
state_of shop before
refused "deadbeef0000" ddb production
psql -X -q -d "dbname=shop application_name=pg_dump" \
    -c "BEGIN ISOLATION LEVEL REPEATABLE READ; LOCK TABLE users IN ACCESS SHARE MODE" \
    -c "SELECT pg_sleep(60)" >/dev/null 2>&1 &
dump=$!
cleanup_fn sh -c "kill $dump 2>/dev/null"
wait_for 10 sh -c "psql -X -At -c \"SELECT 1 FROM pg_stat_activity WHERE query ~ 'pg_sleep.60' AND pid <> pg_backend_pid()\" | grep -q 1"
refused "deadbeef0000" ddb production
expect_contains "$(cat err)" "dump"
kill $dump
wait $dump 2>/dev/null || true
psql_at shop "UPDATE alembic_version SET version_num = '4d2c8b1e7f33'"
psql_at postgres "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'pg_dump'" >/dev/null
state_of shop before

# Two rows where one is an ancestor of the other.
psql_at shop "INSERT INTO alembic_version VALUES ('2b7e41d08c55')"
state_of shop before
refused "2b7e41d08c55" ddb production
psql_at shop "DELETE FROM alembic_version WHERE version_num = '2b7e41d08c55'"
state_of shop before

# No pg_dump: a PATH without it.
mkdir bin
for tool in alembic python3 sh env; do ln -s "$(command -v $tool)" "bin/$tool"; done
sed 's/snapshot: {/&/; s/protected = true;/&\n    snapshot: { pg_dump = "\/nonexistent\/pg_dump"; };/' \
    deploy-db.cfg >no-dump.cfg
refused "pg_dump" ddb production --config no-dump.cfg

# A pooler in transaction mode.
cat >bouncer.ini <<B
[databases]
shop = host=$PGHOST port=${PGPORT:-5432} dbname=shop user=postgres
[pgbouncer]
listen_addr =
unix_socket_dir = $PGHOST
listen_port = 6543
auth_type = any
pool_mode = transaction
pidfile = $PGHOST/bouncer.pid
logfile = $PGHOST/bouncer.log
ignore_startup_parameters = extra_float_digits,options
B
cp bouncer.ini "$PGHOST/bouncer.ini"
chmod 644 "$PGHOST/bouncer.ini"
cluster_as_owner "$(command -v pgbouncer)" -d "$PGHOST/bouncer.ini" >bouncer.out 2>&1 || fail "pgbouncer does not start: $(cat bouncer.out)"
cleanup_fn sh -c "kill \$(cat '$PGHOST/bouncer.pid')"
wait_for 20 test -S "$PGHOST/.s.PGSQL.6543" # it is a daemon before it listens
DATABASE_URL="postgresql://postgres@/shop?host=$PGHOST&port=6543" refused "pooler" ddb production

# A role without rights: what is missing is named.
psql_at postgres "CREATE ROLE clerk LOGIN"
DATABASE_URL="postgresql://clerk@/shop?host=$PGHOST" refused "clerk" ddb production

# The project's command reaches another database than the environment names.
createdb other
sed 's/plugin = "alembic";/& url_variable = "UNUSED_URL";/; s/env:DATABASE_URL/dbname=other user=postgres/' \
    deploy-db.cfg >other.cfg
refused "another database" ddb production --config other.cfg
expect_status 0 ddb production >out 2>err

#!/bin/bash
# A copy of the database as the snapshot: kill -9 and failures at every step of making it and of going back
# to it, of deploy-db and of the server; the next command lets people in again, and no copy is left.
# time-limit: 600
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/crash.sh"

project_start shopsql
export DATABASE_URL="postgresql://postgres@/shop?host=$PGHOST"
expect_status 0 ddb staging >out 2>err
psql_at shop "INSERT INTO companies (name) SELECT 'c' || n FROM generate_series(1, 300) n"
sed -i 's|staging: {|& snapshot: { plugin = "template"; strategy = "file_copy"; };|' deploy-db.cfg
sed 's/state_dir = "state"/state_dir = "state2"/' deploy-db.cfg >elsewhere.cfg
sql_revision good 5e6a90c4b7d8 "good" <<'B'
-- upgrade
CREATE TABLE good (id int);
B
crash_prepare

open_and_clean()
{
    expect_equal t "$(psql_at postgres "SELECT datallowconn FROM pg_database WHERE datname = 'shop'")" "$1: open"
    expect_equal "" "$(psql_at postgres "SELECT datname FROM pg_database WHERE datname ~ '_clone_'")" \
        "$1: copies that are left"
}

planned()
{
    expect_status 0 ddb_faults "$@" >out 2>err
    expect_equal good "$(psql_at shop "SELECT version_num FROM alembic_version")"
    expect_equal 0 "$(psql_at shop "SELECT count(*) FROM deploy_db.run WHERE ended IS NULL")" "unfinished runs"
}
: >after.state

# --- while it is made -------------------------------------------------------------------------------

# Killed: recover, or the next deployment, finds everything as before.
for point in hooks.begin swap.close clone.closed clone.copied clone.opened hooks.end; do
    crash_at $point staging
    crash_recover staging $point 7
    open_and_clean "$point, recover"
    crash_at $point staging
    planned staging
    open_and_clean "$point, deploy again"
done

# From another machine: as soon as the copy is there, or the database is open.
for point in clone.copied clone.opened hooks.end; do
    crash_at $point staging
    RECOVER_CONFIG=elsewhere.cfg crash_recover staging "$point elsewhere" 7
    open_and_clean "$point, recover elsewhere"
done
crash_at clone.closed staging
expect_status 9 ddb_faults recover staging --config elsewhere.cfg >out 2>err
expect_contains "$(cat err)" "ALLOW_CONNECTIONS true"
crash_recover staging "clone.closed" 7

# A failure instead: not prepared, and nothing is left to be done.
for point in swap.close clone.closed clone.copied clone.opened; do
    crash_reset
    expect_status 6 env DEPLOY_DB_FAULT=$point:fail "$DDB_FAULTS_B/deploy-db" staging >out 2>err
    state_of shop now.state
    expect_same before.state now.state "$point fails"
    open_and_clean "$point fails"
    expect_status 0 ddb_faults recover staging >out 2>err
    expect_contains "$(cat out)" "nothing to recover"
done

# --- at its end -------------------------------------------------------------------------------------

for point in apply.begin finish.begin end.clone end.middle; do
    crash_at $point staging
    ddb_faults recover staging >out 2>err || expect_equal 7 $?
    open_and_clean "$point, recover"
    planned staging
    open_and_clean "$point, deploy again"
done

# --- on the way back to it ---------------------------------------------------------------------------

sql_revision good 5e6a90c4b7d8 "bad" <<'B'
-- upgrade
-- no transaction
DELETE FROM companies;
SELECT 1 / 0;
B
for point in recover.begin recover.clone recover.closed recover.swapped recover.end; do
    crash_at $point staging
    crash_recover staging $point 8
    open_and_clean "$point, recover"
done
for point in recover.begin recover.clone recover.swapped; do
    crash_at $point staging
    RECOVER_CONFIG=elsewhere.cfg crash_recover staging "$point elsewhere" 8
    open_and_clean "$point, recover elsewhere"
done
for point in recover.clone recover.closed; do
    crash_reset
    status=0
    DEPLOY_DB_FAULT=$point:fail ddb_faults staging >out 2>err || status=$?
    expect_equal 9 $status "status when $point fails"
    expect_contains "$(cat err)" "the copy is shop_clone_"
    expect_status 4 ddb_faults staging >out 2>err
    expect_contains "$(cat err)" "unfinished"
    crash_recover staging "$point fails" 8
    open_and_clean "$point fails"
done

#!/bin/bash
# A copy of the database as the snapshot: everything that can happen to deploy-db and to the server while it
# is made, while the way back leads to it, and when it goes.
# time-limit: 900
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/crash.sh"
. "$DDB_SRC/tests/harness/crash_template.sh"

CLUSTER_FSYNC=on template_start
psql_at origin CHECKPOINT

as_before()
{
    state_of shop now.state
    expect_same before.state now.state "$1"
    open_and_clean "$1"
    expect_status 0 ddb_faults recover staging >out2 2>err2
    expect_contains "$(cat out2)" "nothing to recover"
}

# --- killed while it is made --------------------------------------------------------------------------

for point in hooks.begin swap.close clone.closed clone.copied clone.opened hooks.end; do
    crash_at $point staging
    crash_recover staging $point 7
    open_and_clean "$point, recover"
    crash_at $point staging
    planned "$point, deploy again"
done

# From another machine.
for point in hooks.begin swap.close clone.closed clone.copied clone.opened hooks.end; do
    crash_at $point staging
    RECOVER_CONFIG=elsewhere.cfg crash_recover staging "$point elsewhere" 7
    open_and_clean "$point, recover elsewhere"
done
# Where nothing tells that a run has closed it, it stays closed.
crash_reset
psql_at postgres "ALTER DATABASE shop ALLOW_CONNECTIONS false"
expect_status 9 ddb_faults recover staging >out 2>err
expect_contains "$(cat err)" "ALLOW_CONNECTIONS true"
expect_status 4 ddb_faults staging >out 2>err
expect_contains "$(cat err)" "not currently accepting connections"

# Other commands that change the database open it too.
crash_at clone.copied staging
expect_status 0 ddb_faults snapshot production >taken 2>err
expect_status 0 ddb_faults restore staging --yes "$(cat taken)" >out 2>err
open_and_clean "a restore after clone.copied"
planned "a restore after clone.copied"

# What a restore from another machine, where the journal is not, leaves of it goes with the next deployment …
crash_at clone.copied staging
expect_status 0 ddb_faults snapshot production >taken 2>err
expect_status 0 ddb_faults restore staging --yes "$(cat taken)" --config elsewhere.cfg >out 2>err
rm -rf state
planned "a restore elsewhere"
# … but not the copy of a run that had changed something: it may be all that there is of before.
crash_at apply.middle staging
copy=$(psql_at postgres "SELECT datname FROM pg_database WHERE datname ~ '_clone_'")
expect_status 0 ddb_faults snapshot production >taken 2>err
expect_status 0 ddb_faults restore staging --yes "$(cat taken)" >out 2>err
expect_status 0 ddb_faults recover staging >out 2>err
expect_contains "$(cat err)" "database \"$copy\", a copy of before, is left"
expect_equal "$copy" "$(psql_at postgres "SELECT datname FROM pg_database WHERE datname ~ '_clone_'")"

# --- killed while the server copies: it does not notice by itself ---------------------------------------

# copying: a deployment in the background, $pid, whose copy waits for a checkpoint that does not come.
copying()
{
    crash_reset
    checkpointer=$(psql_at postgres "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
    kill -STOP "$checkpointer"
    "$DDB_FAULTS_B/deploy-db" staging >out 2>err &
    pid=$!
    wait_for 30 sh -c "psql -X -At -d postgres -c \"SELECT 1 FROM pg_stat_activity
        WHERE query LIKE 'CREATE DATABASE \\\"shop_clone_%' AND state = 'active' AND pid <> pg_backend_pid()\" | grep -q 1"
}
go_on()
{
    kill -CONT "$checkpointer" 2>/dev/null
}
cleanup_fn go_on

# checkpoint_after SECONDS: what is dropped waits for a checkpoint too.
checkpoint_after()
{
    (sleep "$1"; kill -CONT "$checkpointer") &
    later=$!
}

still_copying()
{
    psql_at postgres "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE DATABASE \"shop_clone_%'
        AND state = 'active' AND pid <> pg_backend_pid()"
}

copying
kill -KILL $pid
wait $pid 2>/dev/null || true
expect_equal 1 "$(still_copying)" "sessions that copy"
ddb_faults recover staging >out 2>err &
recover=$!
wait_for 30 grep -q "was cut off in phase hooks" err
expect_equal 0 "$(still_copying)" "sessions that copy"
kill -CONT "$checkpointer"
status=0
wait $recover || status=$?
expect_equal 7 $status
as_before "killed while the server copies"
copying
kill -KILL $pid
wait $pid 2>/dev/null || true
checkpoint_after 3
planned "killed while the server copies, deploy again"
wait $later

# While it is made nobody else gets in: busy, with who it is.
copying
expect_status 5 ddb_faults staging --wait 0 >out2 2>err2
expect_contains "$(cat err2)" 'database "shop" is being deployed to by run'
expect_contains "$(cat err2)" "copying"
expect_status 5 ddb_faults recover staging >out2 2>err2
# Who has time waits.
ddb_faults staging --wait 60s >out3 2>err3 &
third=$!
wait_for 20 grep -q "waiting for it" err3
# Stopped on request: people get in again at once.
kill -TERM $pid
checkpoint_after 2
status=0
wait $pid || status=$?
wait $later
expect_equal 6 $status
expect_contains "$(cat err)" "cancelled"
wait $third || fail "who waited: $(cat err3)"
expect_equal new "$(psql_at shop "SELECT version_num FROM alembic_version")"
open_and_clean "stopped on request, and another waited"
copying
kill -TERM $pid
wait_for 10 psql_at shop "SELECT 1" # before there is any checkpoint
kill -CONT "$checkpointer"
wait $pid || true
as_before "stopped on request"

# --- the server goes -----------------------------------------------------------------------------------

# It comes back while deploy-db waits for it.
copying
cluster_crash
cluster_boot
status=0
wait $pid || status=$?
expect_equal 6 $status "status when the server has crashed"
as_before "server crash"

# Both go.
copying
kill -KILL $pid
wait $pid 2>/dev/null || true
cluster_crash
cluster_boot
crash_recover staging "server crash, and killed" 7
open_and_clean "server crash, and killed"

# --- failures instead ----------------------------------------------------------------------------------

for point in swap.close clone.closed clone.copied clone.opened; do
    crash_reset
    expect_status 6 env DEPLOY_DB_FAULT=$point:fail "$DDB_FAULTS_B/deploy-db" staging >out 2>err
    as_before "$point fails"
done

# It cannot be opened again: that is said, and anything that can opens it.
for next in recover deploy; do
    crash_reset
    expect_status 9 env DEPLOY_DB_FAULT=clone.open:fail "$DDB_FAULTS_B/deploy-db" staging >out 2>err
    expect_contains "$(cat err)" 'database "shop" is closed to connections'
    expect_contains "$(cat err)" "deploy-db recover staging"
    expect_equal f "$(psql_at postgres "SELECT datallowconn FROM pg_database WHERE datname = 'shop'")"
    if [[ $next == recover ]]; then
        crash_recover staging clone.open 7
        open_and_clean clone.open
    else
        planned "clone.open fails, deploy again"
    fi
done

# --- at its end ------------------------------------------------------------------------------------------

for point in apply.begin apply.middle finish.begin end.clone end.middle; do
    crash_at $point staging
    ddb_faults recover staging >out 2>err || expect_equal 7 $?
    open_and_clean "$point, recover"
    planned "$point, deploy again"
done

# --- on the way back to it ---------------------------------------------------------------------------------

template_bad
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

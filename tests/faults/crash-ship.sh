#!/bin/bash
# kill -9 while a snapshot is shipped to a remote store; then recover, or the next run: the database is
# as before or as planned, and what the dead run has left unfinished before the migrations is removed, in
# the remote store too, as soon as that can be reached.
# time-limit: 600
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/crash.sh"
. "$DDB_SRC/tests/harness/slowstore.sh"
requires cc

slow_project
crash_prepare
expect_status 0 ddb_faults staging >out 2>err
state_of shop after.state

anew()
{
    network_good
    rm -rf remote control/sessions
}

# --- The store is required: the run dies before it changes the database.
for point in ship.begin ship.middle@2 ship.commit; do
    anew
    crash_at $point staging
    crash_recover staging $point 7
    [[ -z $(newest remote) ]] || fail "a whole file after $point"
    expect_status 0 ddb_faults staging >out 2>err
    state_of shop now.state
    expect_same after.state now.state "deployment after $point"
    cmp "snapshots/$(newest snapshots)" "remote/$(newest remote)" || fail "the copies differ after $point"
    expect_clean

    # The next run instead of a recovery.
    anew
    crash_at $point staging
    expect_status 0 ddb_faults staging >out 2>err
    state_of shop now.state
    expect_same after.state now.state "deployment instead of a recovery after $point"
    expect_clean
done

# --- The store cannot be reached: recovery does not fail for it, and says what has stayed.
anew
crash_at ship.middle@2 staging
[[ -n $(parts remote) ]] || fail "nothing unfinished in the remote store"
network down
expect_status 7 ddb_faults recover staging >out 2>err
expect_contains "$(cat err)" "may have stayed there"
state_of shop now.state
expect_same before.state now.state "after a recovery without the network"

# --- The store is not required: the run dies while it waits for the shipping alone.
slow_config any
for point in ship.commit ship.middle@6; do
    anew
    network rate 120
    crash_at $point staging
    network_good
    grep -q '"finish"' state/staging/*.journal || fail "killed at $point before the end of the deployment"
    expect_status 0 ddb_faults recover staging >out 2>err
    state_of shop now.state
    expect_same after.state now.state "after $point beside a deployment"
    expect_status 0 ddb_faults snapshot push staging >out 2>err
    cmp "snapshots/$(newest snapshots)" "remote/$(newest remote)" || fail "the copies differ after a push"
    expect_clean
done

# --- A fault that lasts ends the attempts, and the run.
slow_config all
anew
crash_reset
DEPLOY_DB_FAULT=ship.commit:fail expect_status 6 ddb_faults staging >out 2>err
expect_contains "$(cat err)" "fault point ship.commit"
state_of shop now.state
expect_same before.state now.state "after a store that takes no file"

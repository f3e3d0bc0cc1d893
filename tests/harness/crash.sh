# shellcheck shell=bash
# crash.sh - kill -9 at a fault point, recover, and compare with the two states that are allowed.
# Sourced after project.sh.
#
#     crash_prepare               keep the present database "shop" as where every case begins
#     crash_at POINT ENV          deploy, killed there; the state of the database is left as it is
#     crash_recover ENV POINT STATUS   recover; the database must equal before.state or after.state, as
#                                 STATUS says, and the status must be that one
#
# $RECOVER_CONFIG is the configuration that recover uses: one with another state_dir stands for
# another machine.

ddb_faults()
{
    "$DDB_FAULTS_B/deploy-db" "$@"
}

crash_prepare()
{
    psql_at postgres "ALTER DATABASE shop RENAME TO origin"
    psql_at postgres "ALTER DATABASE origin IS_TEMPLATE true"
    crash_reset
    state_of shop before.state
}

# crash_reset: the database as it was, no state, no snapshots, nothing kept aside.
crash_reset()
{
    local name

    for name in $(psql_at postgres "SELECT datname FROM pg_database WHERE datname LIKE 'shop%'"); do
        psql_at postgres "DROP DATABASE \"$name\" WITH (FORCE)"
    done
    psql_at postgres "CREATE DATABASE shop TEMPLATE origin"
    psql_at postgres "ALTER DATABASE shop SET work_mem = '5MB'"
    rm -rf state state2 snapshots
}

crash_at()
{
    local status=0

    crash_reset
    DEPLOY_DB_FAULT=$1:kill ddb_faults "$2" >out 2>err || status=$?
    [[ $status -eq 137 ]] || {
        cat out err >&9
        fail "the run was not killed at $1: status $status"
    }
}

# crash_recover ENV POINT STATUS: recover ends with STATUS, and the database is what STATUS says.
crash_recover()
{
    local status=0 found=neither want

    ddb_faults recover "$1" --config "${RECOVER_CONFIG:-deploy-db.cfg}" >out 2>err || status=$?
    state_of shop now.state
    ! cmp -s before.state now.state || found=before
    ! cmp -s after.state now.state || found=after
    want=before
    [[ $3 -ne 0 ]] || want=after
    [[ $found == "$want" && $status -eq $3 ]] || {
        cat out err >&9
        diff "$want.state" now.state | head -n 40 >&9
        fail "killed at $2, recover: $found with status $status instead of $want with $3"
    }
    expect_equal "" "$(psql_at shop "SELECT id FROM deploy_db.run WHERE ended IS NULL" 2>/dev/null)" \
        "unfinished runs after $2"
    expect_clean
    expect_status 0 ddb_faults recover "$1" --config "${RECOVER_CONFIG:-deploy-db.cfg}" >out2 2>err2
    expect_contains "$(cat out2)" "nothing to recover"
}

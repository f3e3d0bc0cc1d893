#!/bin/bash
# A restore that is cut off on one machine and recovered on another, which has no journal of it: what has
# happened is read from the databases. And then once more on the first one.
# time-limit: 600
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/crash.sh"

project_start shopsql
sed 's/state_dir = "state"/state_dir = "state2"/' deploy-db.cfg >elsewhere.cfg
expect_status 0 ddb staging >out 2>err
psql_at shop "CREATE TABLE noted (t text); INSERT INTO noted VALUES ('in the snapshot')"
expect_status 0 ddb snapshot staging >out 2>err
taken=$(basename "$(cat out)")
psql_at shop "INSERT INTO noted VALUES ('later')"
state_of shop before

# cut_off POINT ARGUMENT...: a command that is killed there.
cut_off()
{
    local status=0 point=$1

    shift
    DEPLOY_DB_FAULT=$point:kill ddb_faults "$@" >out 2>err || status=$?
    expect_equal 137 $status "killed at $point"
}

# recovered STATUS WHAT: elsewhere, then here, where nothing is left to do and the next run goes on.
recovered()
{
    expect_status "$1" ddb_faults recover staging --config elsewhere.cfg >out 2>err
    expect_equal "" "$(psql_at shop "SELECT id FROM deploy_db.run WHERE ended IS NULL")" "open runs, $2"
    expect_clean
    expect_status 0 ddb_faults recover staging >out 2>err
    expect_status 0 ddb_faults staging >out 2>err
    expect_status 0 ddb_faults recover staging >out 2>err
    expect_contains "$(cat out)" "nothing to recover"
}

# --- in the live one's place ------------------------------------------------------------------------------

for point in recover.created:7 recover.loaded:7 recover.swapped:0; do
    cut_off "${point%:*}" restore staging "$taken" --yes
    recovered "${point#*:}" "a restore at $point"
    state_of shop now
    [[ ${point#*:} == 0 ]] || expect_same before now "the database after $point"
done
expect_equal 1 "$(psql_at shop "SELECT count(*) FROM noted")"

# --- undone -----------------------------------------------------------------------------------------------

cut_off recover.swapped restore staging --undo --yes
recovered 0 "an undo that was done"
expect_equal 2 "$(psql_at shop "SELECT count(*) FROM noted")"
cut_off undo.opened restore staging --undo --yes
recovered 7 "an undo that had not begun"
expect_equal 2 "$(psql_at shop "SELECT count(*) FROM noted")"

# --- tables -----------------------------------------------------------------------------------------------

cut_off tables.loaded restore staging "$taken" --table noted
recovered 7 "tables that were not committed"
cut_off end.middle restore staging "$taken" --table noted
expect_equal 1 "$(psql_at shop "SELECT count(*) FROM pg_class WHERE relname LIKE 'noted\_restored\_%'")"
psql_at shop "UPDATE deploy_db.run SET ended = NULL, status = NULL WHERE outcome LIKE 'tables restored%'"
recovered 0 "tables that were committed"

# --- where there was no database --------------------------------------------------------------------------

for name in $(psql_at postgres "SELECT datname FROM pg_database WHERE datname LIKE 'shop%'"); do
    psql_at postgres "DROP DATABASE \"$name\""
done
cut_off end.middle restore staging "$taken" --yes
psql_at shop "UPDATE deploy_db.run SET ended = NULL, status = NULL
    WHERE id = (SELECT max(id) FROM deploy_db.run)"
recovered 0 "a restore into no database"
expect_equal 1 "$(psql_at shop "SELECT count(*) FROM noted")"

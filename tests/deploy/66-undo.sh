#!/bin/bash
# restore --undo: what a restore has put aside becomes the live database again, with every row that was
# there, also when it is cut off at every step; refused where it is not clear what is meant.
# time-limit: 600
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"

project_start shopsql
expect_status 0 ddb staging >out 2>err
psql_at shop "CREATE TABLE noted (t text); INSERT INTO noted VALUES ('in the snapshot')"
expect_status 0 ddb snapshot staging >out 2>err
taken=$(basename "$(cat out)")
psql_at shop "INSERT INTO noted VALUES ('later'); ALTER DATABASE shop SET work_mem = '6MB';
    COMMENT ON DATABASE shop IS 'as it was'"
state_of shop before

databases()
{
    psql_at postgres "SELECT datname || ' ' || datallowconn FROM pg_database WHERE datname LIKE 'shop%'
        ORDER BY 1" | sed 's/_[0-9]*T[0-9]*Z-[0-9a-f]*/_RUN/'
}
kept()
{
    psql_at postgres "SELECT datname FROM pg_database WHERE datname LIKE 'shop\_$1\_2%' ORDER BY 1 DESC" |
        head -n 1
}

# --- nothing is kept; a word from the person is needed ------------------------------------------------

expect_status 4 ddb restore staging --undo --yes >out 2>err
expect_contains "$(cat err)" 'no database is kept of "shop"'
expect_contains "$(cat err)" "shop_before_RUN"
expect_status 0 ddb restore staging "$taken" --yes >out 2>err
state_of shop restored
expect_equal 1 "$(psql_at shop "SELECT count(*) FROM noted")"
expect_status 2 ddb restore staging --undo >out 2>err </dev/null
expect_contains "$(cat err)" "needs a confirmation"
expect_status 2 ddb restore staging --undo --into other --yes >out 2>err
expect_status 0 ddb status staging --json >out 2>err
expect_equal "$(kept before) before true" \
    "$(/usr/bin/python3 -c 'import json
for kept in json.load(open("out"))["kept"]:
    print(kept["database"], kept["state"], str(kept["size_bytes"] > 1000000).lower())')"
expect_status 0 ddb status staging >out 2>err
expect_contains "$(cat out)" "kept      $(kept before), "
# Another project's database whose name begins alike is none of ours.
psql_at postgres 'CREATE DATABASE "shop_2_before_20260101T000000Z-abcdef"'
psql_at postgres 'CREATE DATABASE "shop_before_x"'

# --- back, and back again -----------------------------------------------------------------------------

expect_status 0 ddb restore staging --undo --yes --json >out 2>err
expect_contains "$(cat out)" '"into": "shop"'
state_of shop after
expect_same before after "the database after the undo"
expect_equal "shop true
shop_2_before_RUN true
shop_before_x true
shop_undone_RUN false" "$(databases)"
expect_equal 0 "$(psql_at shop "SELECT count(*) FROM deploy_db.run WHERE ended IS NULL")"
expect_status 0 ddb recover staging >out 2>err
expect_contains "$(cat out)" "nothing to recover"
expect_status 0 ddb restore staging --undo --yes >out 2>err
state_of shop after
expect_same restored after "the undo undone"
expect_status 0 ddb restore staging --undo --yes >out 2>err
state_of shop after
expect_same before after "the undo of that"

# --- several are kept ---------------------------------------------------------------------------------

expect_status 0 ddb restore staging "$taken" --yes >out 2>err
expect_status 4 ddb restore staging --undo --yes >out 2>err
expect_contains "$(cat err)" '2 databases are kept of "shop"'
expect_contains "$(cat err)" "$(kept before)"
expect_contains "$(cat err)" "$(kept undone)"
expect_status 2 ddb restore staging --undo shop_before_x --yes >out 2>err
expect_contains "$(cat err)" 'is not one that is kept of "shop"'
expect_status 0 ddb restore staging --undo "$(kept before)" --yes >out 2>err
state_of shop after
expect_same before after "the one that was named"
expect_status 0 ddb staging >out 2>err

# --- cut off at every step ------------------------------------------------------------------------------

for point in restore.begin:7 undo.opened:7 recover.closed:7 recover.swapped:0; do
    for name in $(psql_at postgres "SELECT datname FROM pg_database WHERE datname LIKE 'shop\_undone\_%'"); do
        psql_at postgres "DROP DATABASE \"$name\""
    done
    expect_status 0 ddb restore staging "$taken" --yes >out 2>err
    state_of shop restored
    status=0
    DEPLOY_DB_FAULT=${point%:*}:kill "$DDB_FAULTS_B/deploy-db" restore staging --undo --yes >out 2>err ||
        status=$?
    expect_equal 137 $status "killed at $point"
    expect_status "${point#*:}" ddb recover staging >out 2>err
    state_of shop now
    if [[ ${point#*:} == 0 ]]; then
        expect_same before now "after $point"
        expect_equal f "$(psql_at postgres "SELECT datallowconn FROM pg_database
            WHERE datname = '$(kept undone)'")" "the undone one after $point"
    else
        expect_same restored now "after $point"
        expect_equal f "$(psql_at postgres "SELECT datallowconn FROM pg_database
            WHERE datname = '$(kept before)'")" "the kept one after $point"
        expect_status 0 ddb restore staging --undo --yes >out 2>err
        state_of shop now
        expect_same before now "the undo after $point"
    fi
    expect_status 0 ddb recover staging >out 2>err
    expect_contains "$(cat out)" "nothing to recover"
    expect_equal 0 "$(psql_at shop "SELECT count(*) FROM deploy_db.run WHERE ended IS NULL")"
done

# --- one that fails leaves both as they were ------------------------------------------------------------

for name in $(psql_at postgres "SELECT datname FROM pg_database WHERE datname LIKE 'shop\_undone\_%'"); do
    psql_at postgres "DROP DATABASE \"$name\""
done
expect_status 0 ddb restore staging "$taken" --yes >out 2>err
state_of shop restored
for point in undo.opened recover.closed swap.rename; do
    expect_status 6 env DEPLOY_DB_FAULT=$point:fail "$DDB_FAULTS_B/deploy-db" restore staging --undo --yes \
        >out 2>err
    state_of shop now
    expect_same restored now "after a failure at $point"
    expect_equal "shop true
shop_2_before_RUN true
shop_before_RUN false
shop_before_x true" "$(databases)"
done
expect_status 0 env DEPLOY_DB_FAULT=recover.swapped:fail "$DDB_FAULTS_B/deploy-db" restore staging --undo \
    --yes >out 2>err
state_of shop now
expect_same before now "after a failure behind the exchange"

# --- cut off, and then another restore instead of a recovery: what is kept is closed all the same ---------

status=0
DEPLOY_DB_FAULT=undo.opened:kill "$DDB_FAULTS_B/deploy-db" restore staging --undo --yes >out 2>err || status=$?
expect_equal 137 $status
expect_status 0 ddb restore staging "$taken" --yes >out 2>err
expect_equal "shop true
shop_2_before_RUN true
shop_before_RUN false
shop_before_x true
shop_undone_RUN false" "$(databases)"
expect_status 0 ddb recover staging >out 2>err
expect_contains "$(cat out)" "nothing to recover"
name=$(kept before)
psql_at postgres "DROP DATABASE \"$name\""

# --- a database that is read-only by default, in a tablespace: its snapshot can be restored, and the restore
# --- undone

name=$(kept undone)
psql_at postgres "DROP DATABASE \"$name\""
cluster_as_owner mkdir "$CLUSTER_DIR/space"
psql_at postgres "CREATE TABLESPACE \"Fast space\" LOCATION '$CLUSTER_DIR/space'"
psql_at postgres "ALTER DATABASE shop SET TABLESPACE \"Fast space\""
psql_at shop "ALTER DATABASE shop SET default_transaction_read_only = on"
expect_status 0 ddb snapshot staging >out 2>err
state_of shop before
expect_status 0 ddb restore staging --yes >out 2>err
state_of shop after
expect_same before after "a restored database that is read-only"
expect_equal "Fast space" "$(psql_at postgres "SELECT spcname FROM pg_database d JOIN pg_tablespace t
    ON t.oid = dattablespace WHERE datname = 'shop'")" "the tablespace"
expect_status 0 ddb restore staging --undo --yes >out 2>err
state_of shop after
expect_same before after "an undo of that"
expect_equal 0 "$(psql_at shop "SELECT count(*) FROM deploy_db.run WHERE ended IS NULL")"

#!/bin/bash
# Staging on another server than production: while its refresh reads a snapshot of production, a prune of
# production, which asks production's server, keeps the file; so it does for whoever else reads it.
# time-limit: 300
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires flock

project_start shopsql
first=$CLUSTER_DIR
remove_first()
{
    local CLUSTER_DIR=$first

    cluster_remove
}
cleanup_fn remove_first
cluster_start
[[ $CLUSTER_DIR != "$first" ]] || fail "there is no second server"
createdb shop
cat >deploy-db.cfg <<C
project = "shopsql";
state_dir = "state";
engine: { plugin = "sql"; };
stores: { local: { plugin = "local"; path = "snapshots"; keep: { last = 1; }; }; };
environments: {
  production: { database = "env:DATABASE_URL"; protected = true; };
  staging: { database = "env:STAGING_URL"; refresh: { from = "production"; }; };
};
C
export STAGING_URL="postgresql://postgres@/shop?host=$CLUSTER_DIR"
expect_status 0 ddb upgrade production heads --yes >out 2>err
expect_status 0 ddb snapshot production >out 2>err
name=$(basename "$(cat out)")
psql "$STAGING_URL" -q -X -c "CREATE TABLE old (n int)"

newer()
{
    sed 's/ keep: { last = 1; };//' deploy-db.cfg >keeping.cfg
    sleep 1
    expect_status 0 ddb snapshot production --config keeping.cfg >out 2>err
}

# --- A refresh that reads it.
newer
DEPLOY_DB_FAULT=recover.loaded:sleep "$DDB_FAULTS_B/deploy-db" refresh staging --yes "$name" >out.slow 2>err.slow &
pid=$!
wait_for 60 bash -c "psql '$STAGING_URL' -X -A -t -c 'SELECT datname FROM pg_database' | grep -q _fresh_"
expect_status 0 ddb snapshot prune production >out 2>err
expect_contains "$(cat out)" "keep    $name  being read"
[[ -e snapshots/$name ]] || fail "what a refresh reads was removed"
expect_equal 1 "$(find snapshots -name "$name.*.json" | wc -l)" "its evidence"
kill -KILL $pid
wait $pid || true
expect_status 7 ddb recover staging >out 2>err

# --- Somebody else, for a moment or for longer.
flock --shared --no-fork "snapshots/$name" sleep 60 &
pid=$!
wait_for 10 bash -c "! flock --nonblock --exclusive 'snapshots/$name' true"
expect_status 0 ddb snapshot prune production >out 2>err
expect_contains "$(cat out)" "keep    $name  being read"
kill $pid
wait $pid || true
expect_status 0 ddb snapshot prune production >out 2>err
expect_contains "$(cat out)" "remove  $name  no rule keeps it"
[[ ! -e snapshots/$name ]] || fail "an old snapshot that nobody reads was kept"

# --- A refresh to its end.
expect_status 0 ddb refresh staging --yes >out 2>err
expect_equal 0 "$(psql "$STAGING_URL" -X -A -t -c "SELECT count(*) FROM pg_class WHERE relname = 'old'")" "the old table"

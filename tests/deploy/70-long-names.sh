#!/bin/bash
# Two environments whose databases have long names that begin alike: what a restore of one has put aside is
# never put in the place of the other.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"

project_start shopsql
long=customer_relationship_management_of
for name in one two; do
    createdb "${long}_$name"
done
export ONE=${DATABASE_URL/shop/${long}_one} TWO=${DATABASE_URL/shop/${long}_two}
cat >deploy-db.cfg <<'C'
project = "shopsql";
state_dir = "state";
engine: { plugin = "sql"; };
stores: { local: { plugin = "local"; path = "snapshots"; }; };
environments: { one: { database = "env:ONE"; }; two: { database = "env:TWO"; }; };
C
for name in one two; do
    expect_status 0 ddb $name >out 2>err
    psql_at "${long}_$name" "INSERT INTO companies (name) VALUES ('$name')"
done
expect_status 0 ddb snapshot one >out 2>err
taken=$(basename "$(cat out)")
psql_at "${long}_one" "INSERT INTO companies (name) VALUES ('later')"
state_of "${long}_one" one
state_of "${long}_two" two
expect_status 0 ddb restore one "$taken" --yes >out 2>err
kept=$(psql_at postgres "SELECT datname FROM pg_database WHERE datname ~ '_before_'")

for which in "" "$kept"; do
    # shellcheck disable=SC2086
    expect_status 4 ddb restore two --undo $which --yes >out 2>err
    expect_contains "$(cat err)" "was not put aside by environment \"two\""
    state_of "${long}_two" now
    expect_same two now "the database of the other environment"
    expect_equal f "$(psql_at postgres "SELECT datallowconn FROM pg_database WHERE datname = '$kept'")"
done
expect_status 0 ddb recover two >out 2>err
expect_contains "$(cat out)" "nothing to recover"
expect_status 0 ddb two >out 2>err
expect_status 0 ddb restore one --undo --yes >out 2>err
state_of "${long}_one" now
expect_same one now "the database after its own undo"

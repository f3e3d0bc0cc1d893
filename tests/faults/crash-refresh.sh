#!/bin/bash
# The command refresh: killed and failing at every step; the refreshed database is what it was or the
# verified copy, and nothing is left of what came between.
# time-limit: 600
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/crash.sh"

project_start shopsql
cat >deploy-db.cfg <<'C'
project = "shopsql";
state_dir = "state";
engine: { plugin = "sql"; };
stores: { local: { plugin = "local"; path = "snapshots"; }; };
environments: {
  production: { database = "env:SOURCE_URL"; };
  staging: {
    database = "env:DATABASE_URL";
    hooks: { post_refresh = ["quiet.sql"]; };
    refresh: { from = "production"; };
  };
};
C
sed "s/state_dir = .*/state_dir = \"state2\";/" deploy-db.cfg >other.cfg
echo "UPDATE public.companies SET name = name || ' (copy)';" >quiet.sql
createdb source
export SOURCE_URL=${DATABASE_URL/shop/source}
expect_status 0 ddb_faults production >out 2>err
psql_at source "INSERT INTO companies (name) SELECT 'c' || n FROM generate_series(1, 50) n"
expect_status 0 ddb_faults snapshot production >out 2>err
cp -r snapshots kept
later 6f3d7a9b1c04
psql_at shop "CREATE TABLE old (n int); INSERT INTO old SELECT generate_series(1, 7)"
crash_prepare

begin()
{
    crash_reset
    cp -r kept snapshots
}

refresh()
{
    ddb_faults refresh staging --yes "$@"
}

begin
expect_status 0 refresh >out 2>err
state_of shop after.state
expect_equal 50 "$(psql_at shop "SELECT count(*) FROM companies WHERE name LIKE 'c% (copy)'")"
expect_equal 6f3d7a9b1c04 "$(psql_at shop "SELECT version_num FROM alembic_version")"

before=(refresh.begin recover.created recover.loaded refresh.hooks refresh.migrated refresh.verified
    recover.closed swap.rename)
for point in "${before[@]/%/:7}" recover.swapped:0 end.middle:0; do
    status=0
    begin
    DEPLOY_DB_FAULT=${point%:*}:kill ddb_faults refresh staging --yes >out 2>err || status=$?
    expect_equal 137 $status "refresh killed at $point"
    crash_recover staging "${point%:*}" "${point#*:}"
    expect_status 0 ddb_faults status staging >out 2>err
done

# Cut off while it drops what an earlier one had replaced: finished, and that one is dropped.
begin
expect_status 0 refresh >out 2>err
expect_status 137 env DEPLOY_DB_FAULT=refresh.dropped:kill "$DDB_FAULTS_B/deploy-db" refresh staging --yes \
    >out 2>err
crash_recover staging refresh.dropped 0
expect_equal 1 "$(psql_at postgres "SELECT count(*) FROM pg_database WHERE datname LIKE 'shop_before_%'")"

# Another machine finds it in the database.
for point in refresh.verified:7 recover.swapped:0; do
    begin
    expect_status 137 env "DEPLOY_DB_FAULT=${point%:*}:kill" "$DDB_FAULTS_B/deploy-db" refresh staging \
        --yes >out 2>err
    RECOVER_CONFIG=other.cfg crash_recover staging "${point%:*}" "${point#*:}"
done

# A failure is no different, but needs no recover.
for point in "${before[@]}"; do
    begin
    expect_status 6 env "DEPLOY_DB_FAULT=$point:fail" "$DDB_FAULTS_B/deploy-db" refresh staging --yes \
        >out 2>err
    state_of shop now.state
    expect_same before.state now.state "refresh failed at $point"
    expect_equal t "$(psql_at postgres "SELECT datallowconn FROM pg_database WHERE datname = 'shop'")"
    expect_clean
    expect_status 0 ddb_faults recover staging >out2 2>err2
    expect_contains "$(cat out2)" "nothing to recover"
done

# Where nothing is, there is afterwards nothing, or the whole copy.
for point in recover.loaded refresh.migrated; do
    begin
    psql_at postgres "DROP DATABASE shop"
    expect_status 137 env "DEPLOY_DB_FAULT=$point:kill" "$DDB_FAULTS_B/deploy-db" refresh staging --yes \
        >out 2>err
    expect_status 7 ddb_faults recover staging >out 2>err
    expect_equal "" "$(psql_at postgres "SELECT datname FROM pg_database WHERE datname LIKE 'shop%'")"
done

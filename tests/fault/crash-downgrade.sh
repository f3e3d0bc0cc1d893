#!/bin/bash
# kill -9 in a downgrade with the sql engine, one transaction for the run or one for each migration, with and
# without a snapshot; then recover: as before or as planned, and where neither can be reached, that is said.
# time-limit: 600
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/crash.sh"

project_start shopsql
ddb staging >out 2>err
psql_at shop "INSERT INTO companies (name) SELECT 'c' || n FROM generate_series(1, 50) n;
    INSERT INTO users (company_id, email, phone) SELECT 1, 'u' || n, n FROM generate_series(1, 90) n;
    INSERT INTO orders (user_id) SELECT 1 + n FROM generate_series(1, 50) n"
psql_at shop "DROP SCHEMA deploy_db CASCADE"
sed -i 's/plugin = "sql"/plugin = "sql"; transaction = "run"/' deploy-db.cfg
crash_prepare
crash_reset
expect_status 0 ddb_faults downgrade staging 3c95 >out 2>err
state_of shop after.state

# down POINT ENV: two revisions, killed there.
down()
{
    local status=0

    crash_reset
    DEPLOY_DB_FAULT=$1:kill ddb_faults downgrade "$2" 3c95 --yes >out 2>err || status=$?
    expect_equal 137 "$status" "status at $1"
}

for point in hooks.begin:7 hooks.end:7 apply.begin:7 apply.child:7 apply.child@2:7 apply.middle:0 apply.end:0 \
    verify.middle:0 verify.end:0 finish.begin:0 finish.end:0; do
    down "${point%:*}" staging
    crash_recover staging "${point%:*}" "${point#*:}"
done
sed -i 's/transaction = "run"/transaction = "migration"/' deploy-db.cfg
for point in snapshot.middle:7 apply.child:7 apply.child@2:8 apply.middle:0 verify.middle:0; do
    down "${point%:*}" production
    crash_recover production "${point%:*}" "${point#*:}"
done

# One of two is undone and its data is gone: without a snapshot only an operator can go on. Recover says so
# until the rest is done by hand.
down apply.child@2 staging
expect_status 9 ddb_faults recover staging >out 2>err
expect_lacks "$(cat err)" "Nothing was thrown away"
expect_equal 4d2c8b1e7f33 "$(psql_at shop "SELECT version_num FROM alembic_version")"
expect_status 9 ddb_faults recover staging >out 2>err
expect_status 4 ddb_faults downgrade staging -1 >out 2>err
{
    sed '1,/^-- downgrade/d' versions/4d2c8b1e7f33_*.sql
    printf "UPDATE alembic_version SET version_num = '3c95f2a7e610';\n"
} | psql -X -q -v ON_ERROR_STOP=1 -d shop
crash_recover staging "an operator's work" 0
expect_status 0 ddb_faults upgrade staging heads >out 2>err

#!/bin/bash
# kill -9 while a failed deployment is being undone, at every step of each rung; then recover: as
# before. Also when recover itself is killed again, and from another machine.
# time-limit: 600
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/crash.sh"
requires alembic

project_start fastvue
alembic upgrade 4d2c8b1e7f33 2>/dev/null
psql_at shop "INSERT INTO companies (name) SELECT 'c' || n FROM generate_series(1, 500) n"
sed -i 's/staging: {/staging: { hooks: { verify = ["scripts\/verify_migration.sh"]; };/' deploy-db.cfg
printf '#!/bin/sh\nexit 1\n' >scripts/verify_migration.sh
sed 's/state_dir = "state"/state_dir = "state2"/' deploy-db.cfg >elsewhere.cfg
: >after.state
crash_prepare

# Harmless revisions: by downgrade.
for point in recover.begin recover.downgraded recover.end; do
    crash_at $point staging
    crash_recover staging $point 7
done

# Revisions that lose data: by restore.
revision a1 5e6a90c4b7d8 "loses data" <<'B'
upgrade:
op.execute("UPDATE companies SET name = upper(name)")
downgrade:
B
for point in recover.begin recover.created recover.loaded recover.closed recover.swapped recover.end; do
    crash_at $point staging
    crash_recover staging $point 8
    expect_equal 8 "$(psql_at shop "SELECT status FROM deploy_db.run ORDER BY started DESC LIMIT 1")"
done

# recover is killed too, twice, and goes on from there.
crash_at verify.middle staging
for point in recover.loaded recover.swapped; do
    status=0
    DEPLOY_DB_FAULT=$point:kill ddb_faults recover staging >out 2>err || status=$?
    expect_equal 137 $status "recover killed at $point"
done
crash_recover staging twice 8

for point in recover.begin recover.loaded recover.swapped; do
    crash_at $point staging
    RECOVER_CONFIG=elsewhere.cfg crash_recover staging "$point elsewhere" 8
done

# A failure at each of these points, instead of a kill: the run says 9, and then recover puts it right;
# after the exchange it finds by itself that all is done.
crash_reset
expect_status 8 env DEPLOY_DB_FAULT=recover.swapped:fail "$DDB_FAULTS_B/deploy-db" staging >out 2>err
state_of shop now.state
expect_same before.state now.state
for point in recover.created recover.loaded recover.closed; do
    crash_reset
    status=0
    DEPLOY_DB_FAULT=$point:fail ddb_faults staging >out 2>err || status=$?
    expect_equal 9 $status "status when $point fails"
    crash_recover staging "$point fails" 8
done

# A deployment instead of a recovery is refused, also where the journal is not.
crash_at recover.swapped staging
expect_status 4 ddb_faults staging >out 2>err
expect_status 4 ddb_faults staging --config elsewhere.cfg >out 2>err
crash_recover staging recover.swapped 8

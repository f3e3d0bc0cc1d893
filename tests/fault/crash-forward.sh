#!/bin/bash
# kill -9 at the beginning, in the middle and at the end of every phase of a deployment that would
# succeed; then recover: the database is as before or as planned, never anything else.
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
revision a1 5e6a90c4b7d8 "loses data" <<'B'
upgrade:
op.execute("UPDATE companies SET name = upper(name)")
op.add_column('companies', sa.Column('city', sa.String(50)))
downgrade:
op.drop_column('companies', 'city')
B
crash_prepare
crash_reset
expect_status 0 ddb_faults staging >out 2>err
state_of shop after.state
sed 's/state_dir = "state"/state_dir = "state2"/' deploy-db.cfg >elsewhere.cfg

for point in plan.begin plan.end lock.begin lock.end preflight.begin preflight.end hooks.begin \
    snapshot.middle snapshot.commit hooks.end apply.begin apply.child apply.middle apply.end \
    verify.begin verify.middle verify.end finish.begin finish.end end.middle; do
    crash_at $point staging
    found=$(crash_recover staging $point)
    case $point in
    plan.* | lock.* | preflight.* | hooks.* | snapshot.* | apply.begin)
        expect_equal before "$found" "state after $point"
        ;;
    apply.middle | apply.end | verify.* | finish.* | end.*)
        expect_equal after "$found" "state after $point"
        ;;
    esac
    expect_status 0 ddb_faults staging >out 2>err
    state_of shop now.state
    expect_same after.state now.state "deployment after $point"
done

# From another machine: no journal, the same store.
for point in hooks.end apply.begin apply.child apply.middle verify.middle finish.begin; do
    crash_at $point staging
    RECOVER_CONFIG=elsewhere.cfg crash_recover staging $point >/dev/null
done

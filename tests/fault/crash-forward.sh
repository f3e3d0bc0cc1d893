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

# Where nothing was changed in the database, there may be nothing to recover (0) or what was begun is
# removed (7).
for point in plan.begin plan.end lock.begin lock.end preflight.begin preflight.end; do
    crash_at $point staging
    expect_status 0 ddb_faults recover staging >out 2>err
    state_of shop now.state
    expect_same before.state now.state "state after $point"
    expect_clean
    expect_status 0 ddb_faults staging >out 2>err
    state_of shop now.state
    expect_same after.state now.state "deployment after $point"
done
for point in hooks.begin snapshot.middle snapshot.commit hooks.end apply.begin apply.child apply.middle \
    apply.end verify.begin verify.middle verify.end finish.begin finish.end end.middle; do
    crash_at $point staging
    case $point in
    hooks.* | snapshot.* | apply.begin) crash_recover staging $point 7 ;;
    apply.child) crash_recover staging $point 7 ;;
    end.middle) expect_status 0 ddb_faults recover staging >out 2>err ;;
    *) crash_recover staging $point 0 ;;
    esac
    expect_status 0 ddb_faults staging >out 2>err
    state_of shop now.state
    expect_same after.state now.state "deployment after $point"
done

# From another machine: no journal, the same store.
for point in hooks.end:7 apply.begin:7 apply.child:7 apply.middle:0 verify.middle:0 finish.begin:0; do
    crash_at ${point%:*} staging
    RECOVER_CONFIG=elsewhere.cfg crash_recover staging "${point%:*}" "${point#*:}"
done

# Begun by a version that did not yet record whether hooks run: they do.
sed 's/staging: {/staging: { hooks: { pre_deploy = ["snapshot"]; on_failure = ["scripts\/told"]; };/' \
    elsewhere.cfg >told.cfg
printf '#!/bin/sh\ntouch told\n' >scripts/told
chmod +x scripts/told
crash_at apply.child staging
psql_at shop "UPDATE deploy_db.run SET plan = plan::jsonb - 'with_hooks' WHERE ended IS NULL"
RECOVER_CONFIG=told.cfg crash_recover staging "apply.child of an older version" 7
[[ -e told ]] || fail "the on-failure hook did not run"

# A deployment instead of a recovery: what had changed nothing is cleared away, all else is refused.
crash_at snapshot.middle staging
expect_status 0 ddb_faults staging >out 2>err
state_of shop now.state
expect_same after.state now.state
crash_at apply.middle staging
expect_status 4 ddb_faults staging >out 2>err
expect_contains "$(cat err)" "is unfinished"
crash_recover staging apply.middle 0

# A run that another machine has recovered, and after which others have deployed, is not undone here,
# even when the database has forgotten it.
crash_at apply.middle staging
RECOVER_CONFIG=elsewhere.cfg crash_recover staging apply.middle 0
revision a2 a1 "later" <<'B'
upgrade:
op.add_column('companies', sa.Column('country', sa.String(50)))
downgrade:
op.drop_column('companies', 'country')
B
expect_status 0 ddb_faults staging --config elsewhere.cfg >out 2>err
state_of shop later.state
expect_status 0 ddb_faults recover staging >out 2>err
state_of shop now.state
expect_same later.state now.state "after recovering what was recovered"
rm alembic/versions/a2_test.py
crash_at apply.middle staging
psql_at shop "DROP SCHEMA deploy_db CASCADE"
state_of shop later.state
expect_status 9 ddb_faults recover staging >out 2>err
expect_contains "$(cat err)" "does not know"
state_of shop now.state
expect_same later.state now.state "after recovering what is not known"

#!/bin/bash
# kill -9 with the sql engine: at the beginning, in the middle and at the end of each phase, and between
# the statements of a section outside of a transaction; then recover: as before or as planned.
# time-limit: 600
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/crash.sh"

project_start shopsql
ddb staging >out 2>err
psql_at shop "INSERT INTO companies (name) SELECT 'c' || n FROM generate_series(1, 500) n;
    INSERT INTO users (company_id, email, phone) SELECT 1, 'u' || n, n FROM generate_series(1, 300) n"
psql_at shop "DROP SCHEMA deploy_db CASCADE"
later 7a4e2f6b8d15
sql_revision b1 7a4e2f6b8d15 "status" <<'B'
-- upgrade
CREATE TABLE states (name text PRIMARY KEY);
INSERT INTO states SELECT DISTINCT status FROM users;
-- downgrade
DROP TABLE states;
B
crash_prepare
crash_reset
expect_status 0 ddb_faults staging >out 2>err
state_of shop after.state
sed 's/state_dir = "state"/state_dir = "state2"/' deploy-db.cfg >elsewhere.cfg

# Recovered where it was cut off.
for point in hooks.begin:7 snapshot.middle:7 hooks.end:7 apply.begin:7 apply.child@1:7 apply.child@2:7 \
    apply.child@3:7 apply.child@4:7 apply.child@5:7 apply.child@6:7 apply.middle:0 apply.end:0 verify.begin:0 \
    verify.middle:0 verify.end:0 finish.begin:0 finish.end:0; do
    crash_at "${point%:*}" staging
    crash_recover staging "${point%:*}" "${point#*:}"
    expect_status 0 ddb_faults staging >out 2>err
    state_of shop now.state
    expect_same after.state now.state "deployment after $point"
done

# And from another machine.
for point in apply.child@2:7 apply.child@3:7 apply.child@5:7 apply.middle:0; do
    crash_at "${point%:*}" staging
    RECOVER_CONFIG=elsewhere.cfg crash_recover staging "${point%:*}" "${point#*:}"
done

# Where nothing may be undone, the next deployment goes on after the last statement that was done.
for times in 2 3 4; do
    crash_at "apply.child@$times" staging
    psql_at shop "UPDATE deploy_db.run SET ended = now(), status = 9 WHERE ended IS NULL"
    rm -rf state
    expect_status 0 ddb_faults staging >out 2>err
    state_of shop now.state
    expect_same after.state now.state "going on after statement $times"
done

#!/bin/bash
# The server is stopped without a checkpoint while migrations run; it starts again; recover: the database
# is as before or as planned.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/crash.sh"
# time-limit: 400
requires alembic

CLUSTER_FSYNC=on project_start fastvue
alembic upgrade head 2>/dev/null
psql_at shop "INSERT INTO companies (name) SELECT 'c' || n FROM generate_series(1, 500) n"
revision a1 5e6a90c4b7d8 "slow" <<'B'
upgrade:
op.add_column('companies', sa.Column('city', sa.String(50)))
op.execute("UPDATE companies SET name = upper(name)")
op.execute("SELECT pg_sleep(4)")
downgrade:
op.drop_column('companies', 'city')
B
psql_at shop CHECKPOINT
state_of shop before.state
: >after.state
DDB_FAULTS_B=$DDB_B ddb staging >out 2>err &
pid=$!
wait_for 30 sh -c "psql -X -At -d shop -c \"SELECT 1 FROM pg_stat_activity WHERE query ~ 'pg_sleep.4' AND pid <> pg_backend_pid()\" | grep -q 1"
cluster_crash
status=0
sleep 2
cluster_restart
wait $pid || status=$?
case $status in
7)
    state_of shop now.state
    expect_same before.state now.state
    ;;
9) DDB_FAULTS_B=$DDB_B crash_recover staging "server crash" 7 ;;
*) cat out err >&9; fail "exit status $status" ;;
esac
expect_status 0 ddb staging >out 2>err

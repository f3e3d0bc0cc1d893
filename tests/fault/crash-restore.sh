#!/bin/bash
# The command restore: killed and failing at every step, with a live database and without one, beside a
# deployment that was cut off; the database is what it was or what the snapshot has.
# time-limit: 600
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/crash.sh"
requires alembic

project_start fastvue
alembic upgrade head 2>/dev/null
psql_at shop "INSERT INTO companies (name) SELECT 'c' || n FROM generate_series(1, 50) n"
expect_status 0 ddb_faults snapshot staging >out 2>err
cp -r snapshots kept
state_of shop after.state
psql_at shop "DELETE FROM companies"
crash_prepare
sed -i "s/^setting|-|work_mem=.*//" after.state

# begin: the live database lacks the rows that the snapshot has.
begin()
{
    crash_reset
    psql_at postgres "ALTER DATABASE shop RESET work_mem"
    cp -r kept snapshots
    state_of shop before.state
}

kill_at()
{
    local status=0

    DEPLOY_DB_FAULT=$1:kill ddb_faults restore staging --yes >out 2>err || status=$?
    expect_equal 137 $status "restore killed at $1"
}

begin
expect_status 0 ddb_faults restore staging --yes >out 2>err
state_of shop now.state
sed -i '/^$/d' after.state
expect_same after.state now.state "restored"
expect_equal 1 "$(psql_at postgres "SELECT count(*) FROM pg_database WHERE datname LIKE 'shop_before_%'")"

for point in restore.begin:7 recover.created:7 recover.loaded:7 recover.closed:7 recover.swapped:0; do
    begin
    kill_at "${point%:*}"
    crash_recover staging "${point%:*}" "${point#*:}"
    expect_status 0 ddb_faults status staging >out 2>err
done

# Without a live database: afterwards there is either none, or the whole one.
for point in recover.created:7 recover.loaded:7; do
    begin
    psql_at postgres "DROP DATABASE shop"
    kill_at "${point%:*}"
    expect_status "${point#*:}" ddb_faults recover staging >out 2>err
    expect_equal "" "$(psql_at postgres "SELECT datname FROM pg_database WHERE datname LIKE 'shop%'")"
done
expect_status 0 ddb_faults restore staging --yes >out 2>err
state_of shop now.state
expect_same after.state now.state "restored where nothing was"

# Two at once where nothing is: one wins, the other says so, and nobody drops what the other made.
begin
psql_at postgres "DROP DATABASE shop"
first=0
second=0
ddb_faults restore staging --yes >out1 2>err1 &
pid=$!
ddb_faults restore staging --yes >out2 2>err2 || second=$?
wait $pid || first=$?
[[ $first -eq 0 || $second -eq 0 ]] || { cat err1 err2 >&9; fail "both failed: $first and $second"; }
state_of shop now.state
expect_same after.state now.state "two restores at once"

# A failure after the exchange is no failure of the restore; one before it leaves the live database open.
begin
expect_status 0 env DEPLOY_DB_FAULT=recover.swapped:fail "$DDB_FAULTS_B/deploy-db" restore staging --yes \
    >out 2>err
state_of shop now.state
expect_same after.state now.state
begin
expect_status 6 env DEPLOY_DB_FAULT=recover.closed:fail "$DDB_FAULTS_B/deploy-db" restore staging --yes \
    >out 2>err
state_of shop now.state
expect_same before.state now.state
expect_clean

# A restore replaces what a deployment left unfinished: there is nothing to recover after it.
begin
revision a1 5e6a90c4b7d8 "column" <<'B'
upgrade:
op.add_column('companies', sa.Column('city', sa.String(50)))
downgrade:
op.drop_column('companies', 'city')
B
status=0
DEPLOY_DB_FAULT=apply.middle:kill ddb_faults staging >out 2>err || status=$?
expect_equal 137 $status
expect_status 0 ddb_faults restore staging --yes "$(cd kept && ls -- *.tar)" >out 2>err
expect_status 0 ddb_faults recover staging >out 2>err
expect_contains "$(cat out)" "nothing to recover"
state_of shop now.state
expect_same after.state now.state
expect_status 0 ddb_faults staging >out 2>err

# The snapshot that a deployment took knows of that deployment as unfinished: it has ended.
taken=$(find snapshots -name "*.tar" -printf "%f\n" | sort | tail -n 1)
expect_status 0 ddb_faults restore staging --yes "$taken" >out 2>err
expect_status 0 ddb_faults recover staging >out 2>err
expect_contains "$(cat out)" "nothing to recover"
expect_status 0 ddb_faults staging >out 2>err

# Another environment whose name begins alike has its own snapshots.
sed -i 's/  staging: {/  staging-3: { database = "env:DATABASE_URL"; };\n&/' deploy-db.cfg
rm -rf snapshots
expect_status 0 ddb_faults snapshot staging-3 >out 2>err
expect_status 6 ddb_faults restore staging --yes >out 2>err
expect_contains "$(cat err)" "no snapshot"

# A signal while it loads: the fresh database goes, the live one is as it was.
begin
DEPLOY_DB_FAULT=recover.loaded:sleep "$DDB_FAULTS_B/deploy-db" restore staging --yes >out 2>err &
pid=$!
wait_for 30 grep -q "recover.loaded" err
kill -KILL $pid
wait $pid 2>/dev/null || true
crash_recover staging "sleep" 7
begin
expect_status 4 ddb_faults restore staging --into shop >out 2>err
expect_status 2 ddb_faults restore staging --into "$(printf 'x%.0s' {1..70})" >out 2>err
expect_status 0 ddb_faults restore staging --into "odd \"name'" >out 2>err
state_of shop now.state
expect_same before.state now.state
state_of "odd \"name'" now.state
expect_same after.state now.state "restored beside"

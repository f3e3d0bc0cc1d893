#!/bin/bash
# Others who hold locks while a snapshot is to be taken, and others who remove snapshots while one is sent:
# a table that somebody has locked exclusively, two machines that deploy at once, prune on another machine,
# pg_dump and the run itself killed for real.
# time-limit: 600
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/slowstore.sh"
. "$DDB_SRC/tests/harness/outcome.sh"
requires cc faketime

slow_project
STORES='["local"]' slow_config all
cp deploy-db.cfg whole.cfg
rm -rf snapshots remote state
state_of shop before

# --- an exclusive lock ----------------------------------------------------------------------------------

# locked TABLE...: by somebody, until released
locked()
{
    rm -f go
    mkfifo go
    PGAPPNAME=somebody psql -X -q -d shop >/dev/null 2>&1 <go &
    exec 8>go
    echo "BEGIN; LOCK TABLE companies IN ACCESS EXCLUSIVE MODE;" >&8
    wait_for 10 has_lock
}
has_lock()
{
    [[ $(psql_at postgres "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted") -ge 1 ]]
}
released()
{
    exec 8>&-
}

# Two at once wait for the table: a snapshot and, on another machine, a deployment that waits for the first.
locked
sed 's/state_dir = "state"/state_dir = "state2"/' deploy-db.cfg >other.cfg
outcome_begin
SECONDS=0
ddb snapshot staging >out 2>err 8>&- &
pid=$!
waiting()
{
    [[ $(psql_at postgres "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") -ge 1 ]]
}
wait_for 20 waiting
expect_status 5 ddb staging --config other.cfg --wait 1s >out2 2>err2 8>&-
expect_contains "$(cat err2)" "is being deployed to by run"
status=0
wait $pid || status=$?
[[ $SECONDS -ge 55 && $SECONDS -lt 100 ]] || fail "$SECONDS s were waited for the table"
released
outcome_of $status "a table that is locked" "holds or wants ACCESS EXCLUSIVE on table companies"
expect_contains "$(cat err)" "somebody"
expect_contains "$(cat err)" "pg_terminate_backend"
outcome_sessions "a table that is locked"
state_of shop now
expect_same before now "the database after a table that was locked"
outcome_next "a table that is locked"

# One that comes between our lock and pg_dump's, which then waits behind it: it waits for us, we for pg_dump.
expect_waiting()
{
    [[ $(psql_at postgres "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'latecomer'
        AND wait_event_type = 'Lock'") -ge 1 ]]
}
outcome_begin
DEPLOY_DB_FAULT=snapshot.held:stop "$DDB_FAULTS_B/deploy-db" snapshot staging >out 2>err &
pid=$!
outcome_stopped $pid
PGAPPNAME=latecomer psql -X -q -d shop -c "ALTER TABLE companies ADD latecomer int" >/dev/null 2>late &
late=$!
wait_for 20 expect_waiting
kill -CONT $pid
status=0
wait $pid || status=$?
expect_contains "$(cat err)" "(latecomer, role \"postgres\") holds or wants ACCESS EXCLUSIVE on table companies"
wait $late || fail "the other session: $(cat late)"
psql_at shop "ALTER TABLE companies DROP latecomer"
outcome_of $status "a lock between two locks" "lock timeout"
outcome_sessions "a lock between two locks"

# One that is released in time.
locked
outcome_begin
ddb snapshot staging >out 2>err 8>&- &
pid=$!
wait_for 20 waiting
released
outcome_try "a lock that is released"
expect_equal 0 $status "status: $(cat err)"

# --- retention beside an upload ----------------------------------------------------------------------------

# Another machine prunes by strict rules, and with a clock that makes every unfinished file an old one, while
# a snapshot is sent to the remote store: by the run that takes it, and on request.
prune_elsewhere()
{
    expect_status 0 env NO_FAKE_STAT=1 faketime -f +3d "$DDB_B/deploy-db" snapshot prune staging --config other.cfg >out.prune 2>err.prune
}
sending()
{
    [[ $(find remote -name '.*.part' -size +200k | wc -l) -eq 1 ]]
}
slow_config all
cp deploy-db.cfg whole.cfg
sed 's/state_dir = "state"/state_dir = "state2"/; s/path = "[a-z]*";/& keep: { last = 1; };/' deploy-db.cfg >other.cfg
rm -rf snapshots remote
expect_status 0 ddb snapshot staging >out 2>err
old=$(newest snapshots)
network rate 700
outcome_begin
ddb snapshot staging >out 2>err &
pid=$!
wait_for 30 sending
prune_elsewhere
expect_contains "$(cat out.prune)" "its run is alive"
network_good
outcome_try "a prune while it is sent"
expect_equal 0 $status "status: $(cat err)"
new=$(basename "$(cat out)")
cmp "snapshots/$new" "remote/$new" || fail "the copies differ after a prune"
[[ -e snapshots/$old ]] || fail "the newest whole one was removed while the next one was being sent"

# On request: nobody tells another machine of it. The file is whole in the end, if need be by another push.
rm -rf remote
name=$(newest snapshots)
network rate 700
ddb snapshot push staging "$name" >out 2>err &
pid=$!
wait_for 30 sending
prune_elsewhere
[[ -e snapshots/$name ]] || fail "the source was removed"
network_good
status=0
wait $pid || status=$?
expect_equal 0 $status "status of a push whose unfinished file was removed: $(cat err)"
expect_contains "$(cat out.prune)" "remove  .$name.part"
cmp "snapshots/$name" "remote/$name" || fail "the copies differ after a push beside a prune"
expect_status 0 ddb snapshot verify staging "$name" >out 2>err
expect_clean

# The source of a push is what the rules do not keep.
expect_status 0 ddb snapshot staging >out 2>err
rm "remote/$name"
network rate 700
ddb snapshot push staging "$name" >out 2>err &
pid=$!
wait_for 30 sending
prune_elsewhere
network_good
status=0
wait $pid || status=$?
expect_equal 0 $status "status of a push whose source the rules do not keep: $(cat err)"
expect_contains "$(cat out.prune)" "keep    $name  being read"
cmp "snapshots/$name" "remote/$name" || fail "the copies differ after a push beside a prune"
expect_status 0 ddb snapshot verify staging "$name" >out 2>err

# --- kill -9 --------------------------------------------------------------------------------------------------

STORES='["local"]' slow_config all 'copy_threshold = "1TB";'
cp deploy-db.cfg whole.cfg
network_good
rm -rf snapshots remote state state2

# pg_dump, in the middle of its rows.
outcome_begin
DEPLOY_DB_FAULT=snapshot.middle@5:stop "$DDB_FAULTS_B/deploy-db" snapshot staging >out 2>err &
pid=$!
outcome_stopped $pid
pkill -KILL -P $pid pg_dump
kill -CONT $pid
outcome_try "pg_dump that is killed" "pg_dump"
expect_equal 6 $status "status after pg_dump was killed"

# The run, after so many hundredths of a second: there is a whole snapshot or none, and pg_dump goes with it.
for n in 5 15 25 40 60 90; do
    outcome_begin
    "$DDB_B/deploy-db" snapshot staging >out 2>err &
    pid=$!
    sleep "0.$(printf %02d $n)"
    kill -KILL $pid 2>/dev/null || true
    status=0
    wait $pid || status=$?
    [[ $status -eq 0 || $status -eq 137 ]] || fail "status $status of a run that is killed"
    for name in $(comm -13 outcome.before <(outcome_list)); do
        expect_status 0 ddb snapshot verify staging "$name" >out 2>err
    done
    outcome_sessions "a kill after 0.$n s"
    outcome_next "a kill after 0.$n s"
    state_of shop now
    expect_same before now "the database after a kill after 0.$n s"
done

#!/bin/bash
# The clock of the machine jumps, forward and back, during a run and between runs: time limits and durations
# do not know of it, no snapshot is lost for it, and what a wrong clock has named is told.
# time-limit: 600
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/slowstore.sh"
. "$DDB_SRC/tests/harness/outcome.sh"
requires cc strace faketime

library=$(find /usr/lib -name libfaketimeMT.so.1 | head -n 1)
[[ -n $library ]] || fail "libfaketime is missing"
slow_project
expect_status 0 ddb staging >out 2>err
rm -rf snapshots remote
cp deploy-db.cfg whole.cfg
state_of shop before

# clock OFFSET: what ./at sees from now on, say +3d. The monotonic clock is left alone, as by a real jump.
clock()
{
    printf '%s\n' "$1" >offset.new
    mv offset.new offset
}

printf '#!/bin/sh\nexec env LD_PRELOAD=%s FAKETIME_TIMESTAMP_FILE=%s NO_FAKE_STAT=1 FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 "$@"\n' \
    "$library" "$PWD/offset" >./at
chmod +x at

# --- no wait ends by the wall clock ---------------------------------------------------------------------

network rate 2000
strace -f -qq -o trace -e trace=futex,clock_nanosleep,timerfd_settime "$DDB_B/deploy-db" snapshot staging >out 2>err ||
    fail "no snapshot: $(cat err)"
network_good
grep -q "FUTEX_WAIT" trace || fail "nothing waited"
expect_equal "" "$(grep -E 'FUTEX_CLOCK_REALTIME, [0-9]+, \{|clock_nanosleep\(CLOCK_REALTIME, TIMER_ABSTIME' trace | head -n 3)" \
    "waits that end at a time of day"

# --- a jump during a run ----------------------------------------------------------------------------------

# sane FILE: what it tells of durations
sane()
{
    expect_equal "" "$(grep -oE '(in|took) (-|[0-9]+ h|[0-9]+ min)[^,]*' "$1" || true)" "durations"
}

slow_config all 'ship_timeout = "20s";'
cp deploy-db.cfg whole.cfg
for jump in +3d -3d; do
    # while rows are read
    clock +0
    outcome_begin
    ./at env DEPLOY_DB_FAULT=snapshot.middle:stop "$DDB_FAULTS_B/deploy-db" snapshot staging >out 2>err &
    pid=$!
    outcome_stopped $pid
    clock $jump
    kill -CONT $pid
    outcome_try "a jump of $jump while pg_dump runs"
    expect_equal 0 $status "status after a jump of $jump: $(cat err)"
    sane err

    # while it is shipped: the limit is one of time that has passed
    clock +0
    rm -rf snapshots remote
    network rate 900
    outcome_begin
    ./at "$DDB_B/deploy-db" snapshot staging >out 2>err &
    pid=$!
    is_whole()
    {
        [[ -n $(newest snapshots) && -z $(newest remote) ]]
    }
    wait_for 30 is_whole
    clock $jump
    SECONDS=0
    status=0
    wait $pid || status=$?
    [[ $SECONDS -lt 20 ]] || fail "a jump of $jump: shipping took $SECONDS s"
    expect_equal 0 $status "status after a jump of $jump while shipping: $(cat err)"
    sane err
    cmp "snapshots/$(newest snapshots)" "remote/$(newest remote)" || fail "the copies differ after a jump of $jump"
    network_good

    # while it waits for another run
    clock +0
    DEPLOY_DB_FAULT=snapshot.middle:stop "$DDB_FAULTS_B/deploy-db" snapshot staging >out2 2>err2 &
    other=$!
    outcome_stopped $other
    ./at "$DDB_B/deploy-db" staging --wait 3s >out 2>err &
    pid=$!
    wait_for 20 grep -q "waiting for it" err
    clock $jump
    SECONDS=0
    status=0
    wait $pid || status=$?
    expect_equal 5 $status "status of a run that waits, over a jump of $jump: $(cat err)"
    [[ $SECONDS -ge 1 && $SECONDS -le 10 ]] || fail "a jump of $jump: $SECONDS s of 3 s were waited"
    kill -CONT $other
    expect_status 0 wait $other
done

# A deployment that the clock is put back in the middle of: done, and known as the latest.
later 6f3d7a9b1c04
clock +0
./at env DEPLOY_DB_FAULT=apply.middle:stop "$DDB_FAULTS_B/deploy-db" staging >out 2>err &
pid=$!
outcome_stopped $pid
clock -3d
kill -CONT $pid
status=0
wait $pid || status=$?
expect_equal 0 $status "status of a deployment: $(cat err)"
sane err
sane out
expect_status 0 ddb status staging >out 2>err
expect_contains "$(cat out)" "last run  $(psql_at shop "SELECT id FROM deploy_db.run ORDER BY started DESC LIMIT 1")"
expect_contains "$(cat out)" ": deployed"
expect_status 0 ddb recover staging >out 2>err
expect_contains "$(cat out)" "nothing to recover"

# --- a clock that is wrong between runs ------------------------------------------------------------------

taken()
{
    expect_status 0 ./at "$DDB_B/deploy-db" snapshot staging >out 2>err
    basename "$(cat out)"
}

left()
{
    find snapshots -name '*.tar' -printf '%f\n' | sort | paste -sd' '
}

rm -rf snapshots remote
sed -i 's|path = "snapshots";|& keep: { last = 2; daily = 3; };|' deploy-db.cfg
cp deploy-db.cfg whole.cfg
clock -2d
old=$(taken)
clock -1d
right=$(taken)
clock +400d
wrong=$(taken)
clock +0
psql_at shop "INSERT INTO companies (name) VALUES ('later')"
last=$(taken)
expect_equal "$old $right $last $wrong" "$(left)" "snapshots of a clock that was wrong once"
expect_status 0 ddb snapshot prune staging >out 2>err
expect_contains "$(cat out)" "keep    $wrong  its time is in the future"
expect_status 0 ddb snapshot list staging >out 2>err
expect_contains "$(grep "$wrong" out)" "in the future"

# Which one is the newest is nothing to guess: a restore of what is older than it seems would lose rows.
state_of shop before
for command in "restore staging --yes" "snapshot push staging"; do
    # shellcheck disable=SC2086
    expect_status 6 ddb $command >out 2>err
    expect_contains "$(cat err)" "the time of \"$wrong\" is in the future"
done
state_of shop now
expect_same before now "a restore that was refused"
expect_status 0 ddb restore staging "$last" --yes >out 2>err
state_of shop now
expect_same before now "a restore of the one that was named"

# To a clock that is wrong now: put forward it removes what the rules do not keep, and never the last ones; put
# back it takes all for a thing of the future. A run that is alive keeps what it writes.
DEPLOY_DB_FAULT=snapshot.middle:stop "$DDB_FAULTS_B/deploy-db" snapshot staging >out2 2>err2 &
other=$!
outcome_stopped $other
clock +400d
expect_status 0 ./at "$DDB_B/deploy-db" snapshot prune staging >out 2>err
expect_contains "$(cat out)" "its run is alive"
expect_equal "$right $last $wrong" "$(left)" "snapshots after a prune by a clock that was put forward"
clock -400d
expect_status 0 ./at "$DDB_B/deploy-db" snapshot prune staging >out 2>err
expect_equal "$right $last $wrong" "$(left)" "snapshots after a prune by a clock that was put back"
kill -CONT $other
expect_status 0 wait $other
expect_status 0 ddb snapshot verify staging "$(basename "$(cat out2)")" >out 2>err
outcome_next "clocks"

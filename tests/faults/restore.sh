#!/bin/bash
# Restores that meet trouble: Ctrl-C in each phase, pg_restore or the run itself killed for real, a server
# without room, a role that may not create databases, two restores at once, a server that crashes. The live
# database is what it was, or the whole snapshot; what is left behind is told and gone with the next restore.
# time-limit: 600
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/parallel.sh"
. "$DDB_SRC/tests/harness/outcome.sh"
requires mount umount

[[ $(id -u) -eq 0 ]] || fail "a small file system can only be mounted by root"
# The server's files on a disk of their own, whose size may change.
disk=$TMPDIR/disk
mkdir -m 755 "$disk"
unmount()
{
    ! mountpoint -q "$disk" || umount -l "$disk"
}
cleanup_fn unmount
mount -t tmpfs -o size=1g,mode=755 none "$disk"
CLUSTER_PARENT=$disk parallel_start
expect_status 0 ddb staging >out 2>err
psql_at shop "CREATE TABLE many AS SELECT n AS id, md5(n::text) AS name FROM generate_series(1, 150000) n;
    CREATE INDEX ON many (name); CREATE TABLE few AS SELECT n FROM generate_series(1, 9) n"
expect_status 0 ddb snapshot staging >out 2>err
taken=$(basename "$(cat out)")
state_of shop restored
psql_at shop "DELETE FROM many WHERE id > 10; DROP TABLE few"
psql_at postgres "ALTER DATABASE shop RENAME TO origin"
psql_at postgres CHECKPOINT

# begin WHAT: the live database as it was, nothing kept aside
begin()
{
    local name

    what=$1
    for name in $(psql_at postgres "SELECT datname FROM pg_database WHERE datname LIKE 'shop%'"); do
        psql_at postgres "DROP DATABASE \"$name\" WITH (FORCE)"
    done
    psql_at postgres "CREATE DATABASE shop TEMPLATE origin"
    rm -rf state state2
    [[ -s before ]] || state_of shop before
}

# ends STATUS...: the run $pid ends with one of these, and the database says the same.
ends()
{
    status=0
    wait "$pid" || status=$?
    [[ " $* " == *" $status "* ]] || { cat err >&9; fail "$what: status $status instead of $*"; }
    state_of shop now
    if [[ $status -eq 0 ]]; then
        expect_same restored now "$what: the database"
    else
        expect_same before now "$what: the database"
        grep -q "error: ." err || fail "$what: no reason"
    fi
    expect_equal t "$(psql_at postgres "SELECT datallowconn FROM pg_database WHERE datname = 'shop'")"
    outcome_sessions "$what"
}

# next: an undisturbed restore; afterwards nothing is left but what was put aside.
next()
{
    expect_status 0 ddb restore staging "$taken" --yes >out.next 2>err.next
    state_of shop now
    expect_same restored now "$what: the next restore"
    expect_clean
    expect_status 0 ddb recover staging >out.next 2>err.next
    expect_contains "$(cat out.next)" "nothing to recover"
}

# --- Ctrl-C ---------------------------------------------------------------------------------------------

for point in restore.begin recover.created restore.chunk@3 restore.rows recover.loaded swap.close \
    recover.closed swap.rename recover.swapped; do
    begin "Ctrl-C at $point"
    DEPLOY_DB_FAULT=$point:stop "$DDB_FAULTS_B/deploy-db" restore staging "$taken" --yes >out 2>err &
    pid=$!
    outcome_stopped $pid
    kill -INT $pid
    kill -CONT $pid
    case $point in
    restore.* | recover.created | recover.loaded) ends 6 ;;
    *) ends 0 ;; # the exchange is not cut short
    esac
    expect_clean
done
next

# --- kill -9 -------------------------------------------------------------------------------------------------

# pg_restore, in the middle of its rows.
sed -i 's|copy_threshold = "64kB"|copy_threshold = "1TB"|' deploy-db.cfg
expect_status 0 ddb restore staging "$taken" --yes >out 2>err
expect_status 0 ddb snapshot staging >out 2>err
whole=$(basename "$(cat out)")
begin "pg_restore is killed"
ddb restore staging "$whole" --yes >out 2>err &
pid=$!
kill_loading()
{
    pkill -KILL -f -- "pg_restore .*--section=data -d dbname='shop_fresh_"
}
end=$((SECONDS + 60))
until kill_loading; do # without a pause: it loads for some tenths of a second only
    [[ $SECONDS -lt $end ]] || fail "pg_restore was not seen while it loaded rows"
done
ends 6
expect_contains "$(cat err)" "pg_restore"
expect_clean
next
sed -i 's|copy_threshold = "1TB"|copy_threshold = "64kB"|' deploy-db.cfg

# The run itself, after so many tenths of a second; then the next restore, or recover.
for tenths in 1 3 6 9 13; do
    begin "killed after 0.$tenths s"
    "$DDB_B/deploy-db" restore staging "$taken" --yes >out 2>err &
    pid=$!
    sleep "$((tenths / 10)).$((tenths % 10))"
    kill -KILL $pid || true
    status=0
    wait $pid || status=$?
    [[ $status -eq 0 || $status -eq 137 ]] || fail "$what: status $status"
    if [[ $((tenths % 2)) -eq 0 ]]; then
        next
    else
        status=0
        ddb recover staging >out 2>err || status=$?
        state_of shop now
        [[ $status -eq 0 || $status -eq 7 ]] || { cat err >&9; fail "$what: recover: status $status"; }
        cmp -s restored now || expect_same before now "$what: recovered"
        outcome_sessions "$what"
        expect_clean
    fi
done

# --- no room on the server ---------------------------------------------------------------------------------------

# room MIB: so much more than is used now
room()
{
    mount -o "remount,size=$(($(df --output=used -m "$disk" | tail -n 1) + $1))m" "$disk"
}
# A server that cannot write its log or a checkpoint ends all sessions and begins anew, or stays away.
answers()
{
    psql_at postgres "SELECT 1"
}
back()
{
    for ((n = 0; n < 50; n++)); do
        ! answers >/dev/null 2>&1 || return 0
        sleep 0.1
    done
    cluster_restart
}
# A checkpoint that removes a file of the log would make room in the middle of a restore.
psql_at postgres "ALTER SYSTEM SET min_wal_size = '1GB'"
psql_at postgres "SELECT pg_reload_conf()" >/dev/null
for mib in 0 8 16; do
    begin "$mib MiB of room"
    psql_at shop "SELECT 1" >/dev/null # the first session writes a file
    psql_at postgres CHECKPOINT
    room "$mib"
    "$DDB_B/deploy-db" restore staging "$taken" --yes >out 2>err &
    pid=$!
    status=0
    wait $pid || status=$?
    room 1000
    back
    expect_contains "$(cat err)" "No space left on device" "$what: the message"
    (exit $status) &
    pid=$!
    ends 6
    next
done

# --- the server crashes -----------------------------------------------------------------------------------------

for point in recover.created restore.chunk@3 recover.loaded; do
    begin "a crash of the server at $point"
    DEPLOY_DB_FAULT=$point:stop "$DDB_FAULTS_B/deploy-db" restore staging "$taken" --yes >out 2>err &
    pid=$!
    outcome_stopped $pid
    psql_at postgres CHECKPOINT
    cluster_crash
    cluster_boot
    kill -CONT $pid
    ends 6
    next
done

# --- a role that may not create databases -----------------------------------------------------------------------

begin "a role without CREATEDB"
psql_at postgres "CREATE ROLE plain LOGIN; ALTER DATABASE shop OWNER TO plain"
psql_at shop "GRANT ALL ON SCHEMA public, deploy_db TO plain;
    GRANT ALL ON ALL TABLES IN SCHEMA public, deploy_db TO plain; ALTER TABLE deploy_db.run OWNER TO plain"
rm before
state_of shop before
DATABASE_URL="postgresql://plain@/shop?host=$PGHOST" "$DDB_B/deploy-db" restore staging "$taken" --yes >out 2>err &
pid=$!
ends 4 6
expect_contains "$(cat err)" "ALTER ROLE … CREATEDB"
expect_clean
rm before
next

# --- two at once ---------------------------------------------------------------------------------------------------

# Two machines: each has a state_dir of its own. The second one is told who is at work.
sed 's/state_dir = "state"/state_dir = "state2"/' deploy-db.cfg >other.cfg
for second in other.cfg deploy-db.cfg; do
    begin "two restores at once, by $second"
    DEPLOY_DB_FAULT=restore.chunk@2:stop "$DDB_FAULTS_B/deploy-db" restore staging "$taken" --yes >out1 2>err1 &
    first=$!
    outcome_stopped $first
    status=0
    ddb restore staging "$taken" --yes --config $second >out 2>err || status=$?
    expect_equal 5 $status "$what: status of the second one: $(cat err)"
    expect_contains "$(cat err)" "is being deployed to by run"
    expect_equal 1 "$(psql_at postgres "SELECT count(*) FROM pg_database WHERE datname LIKE 'shop_fresh_%'")" \
        "fresh databases while the first one is at work"
    kill -CONT $first
    expect_status 0 wait $first
    state_of shop now
    expect_same restored now "$what"
    expect_clean
    expect_status 0 ddb recover staging --config $second >out 2>err
    expect_contains "$(cat out)" "nothing to recover"
done

# Beside the live one nobody waits for the other; a restore that is alive keeps what it loads into.
begin "two restores beside the live one"
DEPLOY_DB_FAULT=restore.chunk@2:stop "$DDB_FAULTS_B/deploy-db" restore staging "$taken" --into beside --yes >out1 2>err1 &
first=$!
outcome_stopped $first
status=0
ddb restore staging "$taken" --into beside --yes >out 2>err || status=$?
expect_equal 0 $status "$what: $(cat err)"
kill -CONT $first
status=0
wait $first || status=$?
[[ $status -eq 4 || $status -eq 6 ]] || fail "$what: status $status of the one that came too late"
expect_contains "$(cat err1)" "beside"
state_of beside now
expect_same restored now "$what"
state_of shop now
expect_same before now "$what: the live one"
expect_clean

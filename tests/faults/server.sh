#!/bin/bash
# The server, or one session of a run, is lost while a snapshot is taken: a crash of the server before the
# tables are locked, right after that, while rows are read, while pg_dump writes and at the end; each of the
# sessions, ended by somebody; timeouts that the database sets for idle sessions. There is a whole snapshot
# or none, the reason is told, and the next run finds a tidy server and a tidy store.
# time-limit: 600
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/parallel.sh"
. "$DDB_SRC/tests/harness/outcome.sh"

CLUSTER_FSYNC=on parallel_start
expect_status 0 ddb staging >out 2>err
psql_at shop "CREATE TABLE many AS SELECT n AS id, md5(n::text) AS name FROM generate_series(1, 200000) n;
    CREATE TABLE few AS SELECT n AS id FROM generate_series(1, 100) n"
psql_at shop CHECKPOINT
cp deploy-db.cfg whole.cfg
rm -r snapshots
state_of shop before

# stopped_at POINT [COMMAND...]: a run that stands still there; $pid
stopped_at()
{
    local point=$1

    shift
    outcome_begin
    DEPLOY_DB_FAULT=$point:stop "$DDB_FAULTS_B/deploy-db" "${@:-snapshot}" staging >out 2>err &
    pid=$!
    outcome_stopped $pid
}

# --- the server crashes and comes back -------------------------------------------------------------------

for point in snapshot.held snapshot.row@50000 snapshot.middle snapshot.commit; do
    stopped_at $point
    cluster_crash
    cluster_boot
    kill -CONT $pid
    outcome_try "a crash of the server at $point"
    [[ $point == snapshot.commit || $status -eq 6 ]] || fail "status $status after a crash at $point"
done

# It is away for longer.
stopped_at snapshot.row@50000
cluster_crash
kill -CONT $pid
status=0
wait $pid || status=$?
expect_equal 6 $status "status while the server is away"
outcome_of $status "a server that stays away" "shop" # whichever session tells it first
cluster_boot
outcome_next "a server that stays away"

# Before the locks: somebody else is in the way of the run when the server goes.
mkfifo go
psql -X -q -d shop >/dev/null 2>&1 <go &
exec 8>go
echo "BEGIN; LOCK TABLE few IN ACCESS EXCLUSIVE MODE;" >&8
waits()
{
    [[ $(psql_at postgres "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == 1 ]]
}
wait_for 10 eval "[[ \$(psql_at postgres \"SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock'\") == 1 ]]"
outcome_begin
"$DDB_B/deploy-db" snapshot staging >out 2>err &
pid=$!
wait_for 20 waits
cluster_crash
cluster_boot
exec 8>&-
outcome_try "a crash before the locks" "could not lock the tables"
expect_equal 6 $status "status after a crash before the locks"

# --- one session is ended ---------------------------------------------------------------------------------

# Whoever they belong to: the lock of the run, its record, the exported snapshot with the tables' locks, each
# that copies, pg_dump's. "many" is small enough that each case takes a second.
sessions()
{
    psql_at postgres "SELECT pid FROM pg_stat_activity
        WHERE application_name LIKE 'deploy-db%' OR application_name = 'pg_dump' ORDER BY pid"
}
stopped_at snapshot.row@50000
n=$(sessions | wc -l)
kill -CONT $pid
outcome_try "nothing"
expect_equal 0 $status "status of an undisturbed run: $(cat err)"
[[ $n -ge 6 ]] || fail "only $n sessions of a run"
for ((i = 1; i <= n; i++)); do
    stopped_at snapshot.row@50000
    victim=$(sessions | sed -n "${i}p")
    if [[ -z $victim ]]; then # the last one has ended already
        kill -CONT $pid
        outcome_try "nothing"
        continue
    fi
    what=$(psql_at postgres "SELECT left(application_name || ': ' || query, 70) FROM pg_stat_activity WHERE pid = $victim")
    expect_equal t "$(psql_at postgres "SELECT pg_terminate_backend($victim, 5000)")" "the end of $what"
    kill -CONT $pid
    outcome_try "the end of session $what"
    case $what in
    *"COPY "*) expect_equal 0 $status "status after the end of $what" ;;
    *"Tables that are locked"* | pg_dump*) expect_equal 6 $status "status after the end of $what" ;;
    esac
done

# --- sessions that idle -------------------------------------------------------------------------------------

# The administrator ends whoever idles; a run waits for others without being ended for it.
cat >slow_pg_dump <<W
#!/bin/sh
[ "\$1" = --version ] || sleep 2
exec $CLUSTER_BIN/pg_dump "\$@"
W
chmod +x slow_pg_dump
sed -i "s|snapshot: {|& pg_dump = \"$PWD/slow_pg_dump\";|" deploy-db.cfg
for setting in idle_in_transaction_session_timeout idle_session_timeout statement_timeout lock_timeout; do
    psql_at postgres "ALTER DATABASE shop SET $setting = '300ms'; ALTER DATABASE postgres SET $setting = '300ms'"
done
outcome_begin
status=0
ddb snapshot staging >out 2>err || status=$?
expect_equal 0 $status "status with timeouts of idle sessions: $(cat err)"
psql -X -q -d template1 -c "ALTER DATABASE shop RESET ALL" -c "ALTER DATABASE postgres RESET ALL"
outcome_of $status "timeouts of idle sessions"
outcome_sessions "timeouts of idle sessions"
outcome_next "timeouts of idle sessions"
cp whole.cfg deploy-db.cfg

# --- a deployment -------------------------------------------------------------------------------------------

# Its snapshot is whole and its lock is gone: it does not begin to change the database, and the next one does.
# The run is not left open in the database; where the server stays away, this machine knows that it has ended.
later 6f3d7a9b1c04
for away in 0 1; do
    stopped_at snapshot.commit deploy
    cluster_crash
    [[ $away -eq 1 ]] || cluster_boot
    kill -CONT $pid
    status=0
    wait $pid || status=$?
    expect_equal 6 $status "status of a deployment without its lock"
    expect_contains "$(cat err)" "the lock of this deployment was lost"
    [[ $away -eq 0 ]] || cluster_boot
    expect_equal $away "$(psql_at shop "SELECT count(*) FROM deploy_db.run WHERE ended IS NULL")" "open runs"
    state_of shop now
    expect_same before now "a deployment without its lock"
done
expect_status 0 ddb staging >out 2>err
expect_equal 0 "$(psql_at shop "SELECT count(*) FROM deploy_db.run WHERE ended IS NULL")" "open runs"
expect_status 0 ddb recover staging >out 2>err
expect_contains "$(cat out)" "nothing to recover"

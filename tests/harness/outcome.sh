# shellcheck shell=bash
# outcome.sh - what a snapshot that failed may leave: a whole one that is verified, or none; a reason; and
# nothing that the next run does not tidy up. Sourced after project.sh.
#
#     outcome_begin               before the case: which snapshots there are in $STORE (snapshots)
#     outcome_of STATUS WHAT [MESSAGE]   after it, with its messages in the file "err": STATUS 0 means one
#                                 more snapshot; another one must be of the table, and MESSAGE be told
#     outcome_next WHAT           an undisturbed run succeeds and leaves nothing unfinished
#     outcome_stopped PID         wait until the process has stopped at a fault point ("POINT:stop")
#     outcome_sessions WHAT       no session and no advisory lock of a run is left on the server
#     outcome_try WHAT [MESSAGE]  after all sorts of faults: the run that was begun as $pid has ended as it
#                                 may, its status is in $status; the database is that of the file "before",
#                                 the server is rid of it, and the next run is undisturbed

outcome_list()
{
    find "${STORE:-snapshots}" -name 'staging-*.tar' -printf '%f\n' 2>/dev/null | sort
}

outcome_begin()
{
    outcome_list >outcome.before
}

outcome_of()
{
    local name more

    more=$(comm -13 outcome.before <(outcome_list))
    for name in $more; do
        ddb snapshot verify staging "$name" --config whole.cfg >out.verify 2>err.verify || {
            cat err err.verify >&9
            fail "$2: a snapshot that cannot be verified was left: $name"
        }
    done
    case $1 in
    0) [[ -n $more ]] || fail "$2: done, and there is no snapshot" ;;
    4 | 5 | 6) grep -q "error: ." err || fail "$2: no reason with status $1" ;;
    *)
        cat err >&9
        fail "$2: status $1"
        ;;
    esac
    [[ $1 -eq 0 || -z ${3:-} ]] || expect_contains "$(cat err)" "$3" "$2: the message"
}

outcome_next()
{
    ddb snapshot staging --config whole.cfg >out.next 2>err.next || {
        cat err err.next >&9
        fail "$1: the next run failed"
    }
    expect_clean
}

outcome_stopped()
{
    wait_for 60 grep -q '^State:[[:space:]]*T' "/proc/$1/status"
}

no_sessions()
{
    [[ $(psql_at postgres "SELECT (SELECT count(*) FROM pg_stat_activity
            WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
              AND application_name ~ '^(deploy-db|pg_dump|pg_restore)')
        + (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')") == 0 ]]
}

outcome_sessions()
{
    local end=$((SECONDS + 10))

    until no_sessions; do
        [[ $SECONDS -lt $end ]] || {
            psql_at postgres "SELECT pid, datname, application_name, state, query FROM pg_stat_activity
                WHERE backend_type = 'client backend'" >&9
            fail "$1: sessions or locks are left on the server"
        }
        sleep 0.1
    done
}

outcome_try()
{
    status=0
    # shellcheck disable=SC2154 # set by the caller
    wait "$pid" || status=$?
    outcome_of "$status" "$1" "${2:-}"
    outcome_sessions "$1"
    state_of shop now
    expect_same before now "the database after $1"
    outcome_next "$1"
}

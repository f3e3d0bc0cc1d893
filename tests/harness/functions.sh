# shellcheck shell=bash
# functions.sh - what the shell tests have in common. A test begins with
#
#     . "${DDB_SRC:-.}/tests/harness/functions.sh"
#
# The runner (tests/run) gives it: DDB_SRC (the tree), DDB_B (the build to test), DDB_FAULTS_B (the
# build with fault points), TMPDIR (private, also the working directory) and a clean environment.

set -eu

# Messages of the harness go here, even while a call's output is redirected.
exec 9>&2

DDB_SRC=${DDB_SRC:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
DDB_B=${DDB_B:-$DDB_SRC/build/release}
DDB_FAULTS_B=${DDB_FAULTS_B:-$DDB_SRC/build/faults}
export DDB_SRC DDB_B DDB_FAULTS_B

# Where the programs of the PostgreSQL release under test are, and those of the system.
PROGRAM_PATH=${CLUSTER_BIN:+$CLUSTER_BIN:}/usr/bin:/bin

# fail MESSAGE...: the test ends here, with the place.
fail()
{
    local i

    printf 'FAILED: %s\n' "$*" >&9
    for ((i = 1; i < ${#BASH_SOURCE[@]}; i++)); do
        [[ ${BASH_SOURCE[i]} == */harness/* ]] && continue
        printf '    at %s:%s\n' "${BASH_SOURCE[i]}" "${BASH_LINENO[i - 1]}" >&9
    done
    exit 1
}

# show_output: what was redirected into files, for the reader of a failure.
show_output()
{
    local fd path self=$BASHPID

    for fd in 1 2; do
        path=$(readlink "/proc/$self/fd/$fd") || continue
        [[ -f $path && $path != "$(readlink "/proc/$self/fd/9")" ]] || continue
        printf '  %s:\n' "$path" >&9
        tail -n 60 "$path" | sed 's/^/  | /' >&9
    done
}

# expect_status N COMMAND...: run it; its output may be redirected as that of any command.
expect_status()
{
    local want=$1 got=0

    shift
    "$@" || got=$?
    if [[ $got -ne $want ]]; then
        show_output
        fail "exit status $got instead of $want: $*"
    fi
}

# expect_equal EXPECTED ACTUAL [WHAT]
expect_equal()
{
    [[ $1 == "$2" ]] && return 0
    diff <(printf '%s\n' "$1") <(printf '%s\n' "$2") | sed 's/^/  | /' >&9 || true
    fail "${3:-value} is not as expected"
}

# expect_contains TEXT NEEDLE [WHAT]; expect_lacks is its opposite. The needle is taken literally.
expect_contains()
{
    [[ $1 == *"$2"* ]] && return 0
    printf '%s\n' "$1" | tail -n 60 | sed 's/^/  | /' >&9
    fail "${3:-text} does not contain: $2"
}

expect_lacks()
{
    [[ $1 != *"$2"* ]] && return 0
    printf '%s\n' "$1" | tail -n 60 | sed 's/^/  | /' >&9
    fail "${3:-text} contains: $2"
}

# expect_same FILE FILE [WHAT]: two files (two states of a database, for one) are equal.
expect_same()
{
    cmp -s "$1" "$2" && return 0
    diff "$1" "$2" | head -n 80 | sed 's/^/  | /' >&9 || true
    fail "${3:-$2} differs from $1"
}

# requires TOOL...: a test that cannot run has failed.
requires()
{
    local tool

    for tool in "$@"; do
        command -v "$tool" >/dev/null || fail "the program $tool is missing"
    done
}

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for()
{
    local end=$((SECONDS + $1))

    shift
    until "$@" >/dev/null 2>&1; do
        [[ $SECONDS -lt $end ]] || fail "gave up waiting for: $*"
        sleep 0.1
    done
}

# cleanup_fn COMMAND...: run it when the test ends, however it ends; the last one first.
CLEANUPS=()
cleanup_fn()
{
    CLEANUPS+=("$(printf '%q ' "$@")")
}

run_cleanups()
{
    local status=$? i

    trap - EXIT
    set +e
    for ((i = ${#CLEANUPS[@]} - 1; i >= 0; i--)); do
        eval "${CLEANUPS[i]}"
    done
    exit "$status"
}
trap run_cleanups EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# A test that is run by hand gets its private directory here.
if [[ -z ${DDB_RUNNER:-} ]]; then
    . "$DDB_SRC/tests/harness/place.sh"
    TMPDIR=$(mktemp -d "$(test_place)/ddb.XXXXXX")
    export TMPDIR
    chmod 755 "$TMPDIR"
    cleanup_fn rm -rf "$TMPDIR"
    export HOME=$TMPDIR LANG=C.UTF-8 PATH=$PROGRAM_PATH:/usr/sbin:/sbin
    cd "$TMPDIR"
fi

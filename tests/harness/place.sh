# shellcheck shell=bash
# place.sh - where the private directories of the tests are made.

# test_place: prints the directory: TMPDIR when it is set, else one in memory when there is room for
# the suite, since a server makes its many small files several times faster there, else /tmp.
test_place()
{
    local memory=/dev/shm free

    free=$(df --output=avail -k "$memory" 2>/dev/null | tail -n 1)
    if [[ -n ${TMPDIR:-} ]]; then
        echo "$TMPDIR"
    elif [[ -w $memory && ${free:-0} -ge $((6 * 1024 * 1024)) ]]; then
        echo "$memory"
    else
        echo /tmp
    fi
}

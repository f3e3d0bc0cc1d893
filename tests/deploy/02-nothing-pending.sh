#!/bin/bash
# Nothing pending: nothing is done, no snapshot is taken, and the reading commands start no Python.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic

project_start fastvue
alembic upgrade head 2>/dev/null
state_of shop before
expect_status 0 ddb production >out 2>err
expect_contains "$(cat out)" "nothing to do"
state_of shop after
expect_same before after
[[ ! -d snapshots ]] || expect_equal "" "$(ls snapshots)" "snapshots"

# A PATH with a python3 and an alembic that only leave a trace.
mkdir trap
for tool in python3 alembic; do
    printf '#!/bin/sh\ntouch "%s/started-%s"\nexit 1\n' "$PWD" "$tool" >trap/$tool
    chmod +x trap/$tool
done
for command in "status production" "current production" heads history "check production --no-models"; do
    # shellcheck disable=SC2086 # the words of a command
    PATH=$PWD/trap:$PATH expect_status 0 ddb $command >"$TMPDIR/out" 2>&1
done
expect_equal "" "$(find . -name 'started-*')" "programs started"
expect_equal "5e6a90c4b7d8 (head)" "$(ddb current production)"
expect_equal "$(alembic heads 2>/dev/null)" "$(ddb heads)"
expect_equal "$(alembic history 2>/dev/null)" "$(ddb history)"
expect_equal "$(alembic history -v 2>/dev/null | sed '/^ *$/d')" "$(ddb history -v | sed '/^ *$/d')"

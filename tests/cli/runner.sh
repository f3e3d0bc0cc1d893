#!/bin/bash
# The runner of the tests can fail: a failed, skipped, missing or endless test is never "ok".
. "${DDB_SRC:-.}/tests/harness/functions.sh"

mkdir -p tree/tests/cli tree/tests/unit/base build/tests/base
cp -r "$DDB_SRC/tests/run" "$DDB_SRC/tests/harness" tree/tests/
touch tree/tests/unit/base/test_{skipped,passed,silent,absent}.c
printf '#!/bin/sh\necho "[  SKIPPED ] 1 test(s)"; echo "[  PASSED  ] 3 test(s)"\n' >build/tests/base/test_skipped
printf '#!/bin/sh\necho "[  PASSED  ] 3 test(s)"\n' >build/tests/base/test_passed
printf '#!/bin/sh\ntrue\n' >build/tests/base/test_silent
chmod +x build/tests/base/*

cat >tree/tests/cli/good.sh <<'B'
. "$DDB_SRC/tests/harness/functions.sh"
expect_equal /usr/bin/python3 "$(command -v python3)"
expect_equal "" "${SECRET_OF_THE_CALLER:-}"
expect_equal "$TMPDIR" "$PWD"
expect_equal "" "$(cat)" "standard input"
expect_status 3 sh -c 'exit 3'
expect_contains "one two" "e t"
expect_lacks "one two" "three"
echo "not shown"
B
cat >tree/tests/cli/bad.sh <<'B'
. "$DDB_SRC/tests/harness/functions.sh"
cleanup_fn echo "cleaned $TMPDIR"
expect_status 0 sh -c 'echo the reason >&2; exit 7' 2>err
B
cat >tree/tests/cli/needs.sh <<'B'
. "$DDB_SRC/tests/harness/functions.sh"
requires sh no-such-tool
B
printf '# time-%s: 1\nsleep 30\n' limit >tree/tests/cli/endless.sh

run()
{
    env -u DDB_RUNNER DDB_B="$PWD/build" SECRET_OF_THE_CALLER=x tree/tests/run "$@"
}

expect_status 0 run cli/good unit/base/test_passed >out
text=$(cat out)
expect_contains "$text" "2 of 2 tests passed"
expect_lacks "$text" "not shown"

expect_status 1 run -j 4 >out
text=$(cat out)
expect_contains "$text" "2 of 8 tests passed"
expect_contains "$text" "cli/bad (status 1)"
expect_contains "$text" "| the reason"
expect_contains "$text" "exit status 7 instead of 0"
expect_contains "$text" "bad.sh:3"
expect_contains "$text" "| cleaned /"
expect_contains "$text" "the program no-such-tool is missing"
expect_contains "$text" "over its limit of 1 s"
expect_contains "$text" "tests were skipped"
expect_contains "$text" "no test was run"
expect_contains "$text" "unit/base/test_absent (status 127)"

expect_status 2 run no-such-test >out 2>err
expect_contains "$(cat err)" "no test has such a name"
expect_equal "" "$(find . -maxdepth 1 -name 'ddb.*')" "what the runner leaves behind"

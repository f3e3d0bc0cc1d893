#!/bin/bash
# revision and merge with plain SQL files: what is written is read back as it was asked for, by rules that
# are those of Alembic projects.
. "${DDB_SRC:-.}/tests/harness/functions.sh"

cat >deploy-db.cfg <<'B'
project = "shop";
engine: { plugin = "sql"; };
environments: { staging: { database = "host=/nonexistent dbname=shop"; }; };
B
mkdir versions
ddb()
{
    "$DDB_B/deploy-db" "$@"
}

# refused TEXT ARGUMENT...: status 4, and nothing is written.
refused()
{
    local text=$1

    shift
    find versions -type f -exec md5sum {} + | sort >before
    expect_status 4 ddb "$@" >out 2>err
    find versions -type f -exec md5sum {} + | sort >after
    expect_same before after "the files after: $*"
    expect_contains "$(cat err)" "$text"
}

expect_status 0 ddb revision -m "Create users" --rev-id a1 >out 2>err
expect_equal "Generating $PWD/versions/a1_create_users.sql ...  done" "$(cat out)"
expect_status 0 ddb revision --rev-id a2 >out 2>err
expect_status 0 ddb revision -m 'two
lines, "é"' --rev-id b1 --head a1 --splice --branch-label shop --branch-label net >out 2>err
expect_status 0 ddb revision -m dependent --rev-id b2 --head shop@head --depends-on a2 >out 2>err
refused 'has "a2" below it already' merge a2 b2
expect_status 0 ddb revision -m other --rev-id a3 --head a2 >out 2>err
expect_status 0 ddb merge heads -m joined --rev-id c1 --json >out 2>err
expect_equal '"a3" "b2"' "$(tr -d ' \n,' <out | sed 's/.*"down":\["a3""b2"\].*/"a3" "b2"/')"
ddb history | sed 's/ (net, shop)//' >lines
expect_equal 'a3, b2 -> c1 (head) (mergepoint), joined
a2 -> a3, other
b1 (a2) -> b2, dependent
a1 -> b1, two
lines, "é"
a1 -> a2, empty message
<base> -> a1 (branchpoint), Create users' "$(cat lines)"
refused 'there is nothing to merge' mergeheads
refused 'revision "a1" exists already' revision -m x --rev-id a1
refused 'is used by revision "b1" already' revision -m x --branch-label shop
refused 'version locations' revision -m x --version-path elsewhere
expect_equal "" "$(find versions ! -name '*.sql' -type f)" "other files"

#!/bin/bash
# The reading revision commands: what they need, what they refuse, and how they end.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic python3

# a1 - a2 - b1 (left@)      a4 depends on c1
#        \ b2 - a4 (right@)       c1 (shop@), of its own
file()
{
    printf '"""%s\n\nRevision ID: %s\nCreate Date: 2026-01-31 10:00:00\n\n"""\nrevision = "%s"\ndown_revision = %s\nbranch_labels = %s\ndepends_on = %s\n' \
        "$2" "$1" "$1" "$3" "$4" "$5" >"alembic/versions/$1_.py"
}
mkdir -p alembic/versions
printf '[alembic]\nscript_location = alembic\n' >alembic.ini
file a1aa00000001 "the orders" None None None
file a2aa00000002 "and their lines" '"a1aa00000001"' None None
file b1bb00000003 "left" '"a2aa00000002"' '"left"' None
file b2bb00000004 "right" '"a2aa00000002"' '"right"' None
file c1cc00000005 "the shop" None '"shop"' None
file d4dd00000006 "right and shop" '"b2bb00000004"' None '"c1cc00000005"'
cat >deploy-db.cfg <<'CFG'
project = "p";
engine: { plugin = "alembic"; };
stores: { local: { plugin = "local"; path = "snapshots"; }; };
environments: {
  test: { database = "env:TEST_URL"; };
  staging: { database = "env:TEST_URL"; };
};
CFG

# No database and no Python for what is in the files; programs with these names only leave a trace.
mkdir trap
for tool in python3 python alembic psql; do
    printf '#!/bin/sh\ntouch "%s/started-%s"\nexit 1\n' "$PWD" "$tool" >trap/$tool
    chmod +x trap/$tool
done
trapped()
{
    PATH=$PWD/trap:$PATH ddb "$@"
}
expect_equal "b1bb00000003 (left) (head)
c1cc00000005 (shop) (effective head)
d4dd00000006 (right) (head)" "$(trapped heads)"
expect_equal "b1bb00000003 (left) (head)
d4dd00000006 (right) (head)" "$(trapped heads --resolve-dependencies)"
expect_equal "a2aa00000002 (branchpoint)
             -> b1bb00000003 (left) (head)
             -> b2bb00000004 (right)" "$(trapped branches)"
expect_equal "a1aa00000001 -> a2aa00000002 (branchpoint), and their lines
<base> -> a1aa00000001, the orders" "$(trapped history -r :a2)"
expect_contains "$(DEPLOY_DB_ENV="test" trapped history)" "d4dd00000006"
expect_contains "$(DEPLOY_DB_ENV="test" trapped heads)" "d4dd00000006"
expect_contains "$(trapped history test)" "d4dd00000006"
expect_equal "Rev: d4dd00000006 (head)
Parent: b2bb00000004
Also depends on: c1cc00000005
Branch names: right
Path: $PWD/alembic/versions/d4dd00000006_.py

    right and shop
    
    Revision ID: d4dd00000006
    Create Date: 2026-01-31 10:00:00" "$(trapped show d4)"
expect_contains "$(trapped history --graph)" "● a2aa00000002 (branchpoint), and their lines"
expect_contains "$(LC_ALL=C trapped history --graph)" "* a2aa00000002 (branchpoint), and their lines"
expect_contains "$(trapped history --dot)" 'digraph'
first_line()
{
    "$@" | head -n 1
}
expect_equal "Rev: a1aa00000001" "$(first_line trapped show right@head-3)" "walking down"
expect_equal "Rev: a2aa00000002 (branchpoint)" "$(first_line trapped show a1+1)"
expect_equal "Rev: b2bb00000004" "$(first_line trapped show right@-1)"
expect_equal 2 "$(trapped show heads | grep -c ^Rev:)"
expect_equal 2 "$(trapped show a1 shop | grep -c ^Rev:)"
expect_equal "" "$(trapped show base)"
expect_equal "" "$(find . -name 'started-*')" "programs started"

# What cannot be: status 2 and a sentence.
refused()
{
    local status=$1 text=$2

    shift 2
    expect_status "$status" ddb "$@" >out 2>err
    expect_equal "" "$(cat out)" "standard output of $*"
    expect_contains "$(cat err)" "$text"
}
refused 2 "no revision is named" show
refused 2 'show staging REV' show staging
refused 2 'candidate: "b1bb00000003"' show b
refused 2 'candidate: "b2bb00000004"' show b
refused 2 'locate revision identified by "nothing"' show nothing
refused 2 'multiple head revisions' show head
refused 2 'is not a range' history -r a1
refused 2 '--indicate-current" needs a database' history -i
refused 2 '"current" needs a database' show current
refused 2 '"+1" needs a database' show +1
refused 2 'this range needs a database' history -r current:
refused 2 'no environment is named' current
refused 2 '"--graph" and "--dot" exclude each other' history --graph --dot
expect_status 2 ddb history --dot --json >out 2>err
expect_contains "$(cat out)" "exclude each other"
refused 3 'TEST_URL' history test -i
refused 2 'takes no option' heads -i

# With a database.
cluster_start
createdb shop
export TEST_URL="postgresql+psycopg2://postgres:s%26cret@/shop?host=${PGHOST//\//%2F}&port=$PGPORT"
shown="Current revision(s) for ${TEST_URL/s%26cret/***}:"
expect_equal "" "$(trapped current test)"
expect_equal "$shown" "$(trapped current test -v 2>/dev/null)"
expect_contains "$(trapped history test -i)" "d4dd00000006"
expect_equal "" "$(trapped show test current)"
expect_status 10 trapped current test --check-heads >out 2>err
expect_contains "$(cat err)" "missing: d4dd00000006  right and shop"
trapped status test >/dev/null
expect_equal "" "$(psql_at shop "SELECT oid::regclass FROM pg_class
    WHERE relnamespace::regnamespace::text !~ '^pg_' AND oid >= 16384")" "tables"
expect_equal "" "$(find . -name 'started-*')" "programs started"

psql_at shop "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
    INSERT INTO alembic_version VALUES ('a2aa00000002')" >/dev/null
expect_equal "a2aa00000002 (branchpoint)" "$(ddb current test)"
expect_equal 1 "$(ddb history test -i | grep -c '(current)')"
expect_equal 1 "$(ddb history test -i --graph | grep -c '(current)')"
expect_equal 0 "$(ddb history test --graph | grep -c '(current)' || true)"
expect_equal 0 "$(ddb history test | grep -c '(current)' || true)"
expect_equal 0 "$(ddb history test -r :current | grep -c '(current)' || true)"
expect_equal 2 "$(DEPLOY_DB_ENV="test" ddb history -r :current | wc -l)"
expect_equal "Rev: a2aa00000002 (branchpoint)" "$(first_line ddb show test current)"
expect_equal "Rev: b2bb00000004" "$(first_line ddb show test right@+1)"

# At the effective heads, though not at all nominal ones: that is what a full upgrade leaves.
psql_at shop "TRUNCATE alembic_version;
    INSERT INTO alembic_version VALUES ('b1bb00000003'), ('d4dd00000006')" >/dev/null
expect_status 0 ddb current test --check-heads >out
expect_equal "b1bb00000003 (head)
c1cc00000005 (effective head)
d4dd00000006 (head)" "$(cat out)"

# Rows that overlap are shown as Alembic shows them, and mentioned.
psql_at shop "INSERT INTO alembic_version VALUES ('a1aa00000001')" >/dev/null
expect_equal "$(cat out)" "$(ddb current test 2>err)"
expect_contains "$(cat err)" a1aa00000001
expect_status 10 ddb current test --check-heads >out 2>err
expect_contains "$(cat err)" a1aa00000001

# A row that the checkout does not know.
psql_at shop "TRUNCATE alembic_version; INSERT INTO alembic_version VALUES ('deadbeef0000')" >/dev/null
refused 4 '"deadbeef0000"' current test
refused 4 '"deadbeef0000"' show test current
refused 4 '"deadbeef0000"' history test -i

# Files that cannot be linked.
file e1ee00000007 "nowhere" '"absent"' None None
refused 4 '"absent"' heads
refused 4 '"absent"' history
refused 4 '"absent"' current test
rm alembic/versions/e1ee*

# A file that is no literal is not guessed: Alembic is asked, or the error names file and line.
cat >alembic/versions/f1ff_.py <<'PY'
"""computed"""
n = 8
revision = f"f1ff{n:08d}"
down_revision = "d4dd00000006"
PY
expect_contains "$(ddb heads 2>/dev/null)" "f1ff00000008 (right) (head)"
expect_contains "$(ddb show f1ff00000008 2>/dev/null)" "Path: $PWD/alembic/versions/f1ff_.py"
expect_contains "$(ddb heads -v 2>&1 >/dev/null)" "revision in line 3"
sed -i 's/engine: { plugin = "alembic"; }/engine: { plugin = "alembic"; python = ["false"]; }/' deploy-db.cfg
refused 4 "revision in line 3 of \"$PWD/alembic/versions/f1ff_.py\"" heads
refused 4 'line 3' current test

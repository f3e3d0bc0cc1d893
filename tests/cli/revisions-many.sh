#!/bin/bash
# A thousand revision files: what the reading commands keep of them is never told for a file that has
# changed, and no command that changes the database asks for it.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic python3

COUNT=1000
mkdir -p alembic/versions
printf '[alembic]\nscript_location = alembic\n' >alembic.ini
python3 - "$COUNT" <<'PY'
import sys
down = None
for n in range(int(sys.argv[1])):
    rev = "%012x" % (0xA00000000000 + n)
    with open("alembic/versions/%04d_%s.py" % (n, rev), "w") as file:
        file.write('"""step %04d"""\nrevision = %r\ndown_revision = %r\n\n\ndef upgrade():\n    pass\n' % (n, rev, down))
    down = rev
PY
cat >deploy-db.cfg <<'CFG'
project = "p";
state_dir = "state/of/us";
engine: { plugin = "alembic"; };
stores: { local: { plugin = "local"; path = "snapshots"; }; };
environments: { test: { database = "env:TEST_URL"; }; };
CFG
kept=state/of/us/revisions.cache
last=$(printf 'a%011x' $((COUNT - 1)))

# Files that changed just now are not kept; older ones are.
expect_equal "$last (head)" "$(ddb heads)"
sleep 3.1
plain=$(ddb history)
expect_equal "$last (head)" "$(ddb heads)"
[[ $(stat -c %a "$kept") == 600 ]] || fail "$kept was not made, or is open to others"
expect_equal "$plain" "$(ddb history)"
inode=$(stat -c %i "$kept")
expect_equal "$plain" "$(ddb history)"
expect_equal "$inode" "$(stat -c %i "$kept")" # nothing new, nothing written

# A file is changed in place, to the same length, and its time put back.
file=$(ls alembic/versions/0500_*.py)
touch -r "$file" stamp
sed -i 's/step 0500/STEP 0500/' "$file"
touch -r stamp "$file"
expect_equal "$(sed 's/step 0500/STEP 0500/' <<<"$plain")" "$(ddb history)"
expect_contains "$(ddb show a000000001f4)" "STEP 0500"

# A file comes, one goes, one turns into what cannot be read without Python.
cat >alembic/versions/new.py <<PY
revision = "bbbbbbbbbbbb"
down_revision = "$last"
PY
expect_equal "bbbbbbbbbbbb (head)" "$(ddb heads)"
rm alembic/versions/new.py
expect_equal "$last (head)" "$(ddb heads)"
rm alembic/versions/"$(printf '%04d' $((COUNT - 1)))"_*.py
expect_equal "$(printf 'a%011x (head)' $((COUNT - 2)))" "$(ddb heads)"

# Garbage in its place, and a place that cannot be: read anew, without a word.
echo garbage >"$kept"
expect_equal "" "$(ddb heads 2>&1 >/dev/null)"
for place in /proc/none deploy-db.cfg/none; do
    sed "s|state/of/us|$place|" deploy-db.cfg >other.cfg
    expect_equal "$(ddb heads)" "$(ddb heads --config other.cfg 2>&1)"
done

# `plan` is what a deployment will do: it looks anew, and keeps nothing.
rm -rf state
cluster_start
export TEST_URL="postgresql://postgres@/postgres?host=$PGHOST&port=$PGPORT"
ddb plan test >plan.out 2>&1 || true
grep -q "$(printf 'a%011x' $((COUNT - 2)))" plan.out || fail "plan did not list the revisions: $(head -c 500 plan.out)"
[[ ! -e $kept ]] || fail "plan kept what it read"

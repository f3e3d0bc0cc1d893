#!/bin/bash
# revision, merge, mergeheads: the same requests to Alembic and to deploy-db, in two copies of a project,
# give the same files but for the create date; Alembic loads what deploy-db wrote; what is refused
# leaves nothing behind.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
requires alembic

export PYTHONDONTWRITEBYTECODE=1
requests=0

# project NAME: Alembic's own start of a project, twice: NAME/alembic for it, NAME/ours for deploy-db.
project()
{
    mkdir "$1"
    cd "$1" || fail "no $1"
    mkdir theirs
    (cd theirs && alembic init alembic >/dev/null)
    cat >theirs/deploy-db.cfg <<'B'
project = "shop";
engine: { plugin = "alembic"; };
environments: { staging: { database = "host=/nonexistent dbname=shop"; }; };
B
}

# both: what was done to theirs so far is done to ours, too.
both()
{
    cp -r theirs ours
}

ddb()
{
    (cd ours && "$DDB_B/deploy-db" "$@")
}

# listing DIRECTORY: every file with its name and text, less what says when it was made.
listing()
{
    (cd "$1/alembic" && find . -name '*.py' ! -name env.py -print0 | sort -z |
        xargs -0 sed -E -s -e 1F \
            -e 's/^(Create Date: )20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9:]{8}(\.[0-9]{6})?$/\1WHEN/' |
        sed -E '/^\.\/.*\.py$/s/[0-9]{10,}|[0-9]{4}_[0-9]{2}_[0-9]{2}_[0-9]{4}_[0-9]{2}/WHEN/')
}

# same ARGUMENT...: the request to both, and their files compared.
same()
{
    requests=$((requests + 1))
    expect_status 0 run_alembic "$@" >"$TMPDIR/out-theirs" 2>"$TMPDIR/err"
    expect_status 0 ddb "$@" >"$TMPDIR/out-ours" 2>"$TMPDIR/err"
    listing theirs >"$TMPDIR/theirs"
    listing ours >"$TMPDIR/ours"
    expect_same "$TMPDIR/theirs" "$TMPDIR/ours" "the files after: $*"
    expect_equal "$(sed -e 's/^ *//' -e 's|/theirs/|/ours/|' -e 's/[0-9]//g' "$TMPDIR/out-theirs")" \
        "$(sed -e 's/[0-9]//g' "$TMPDIR/out-ours")" "what is printed"
}

run_alembic()
{
    (cd theirs && alembic "$@")
}

# asked WHERE COMMAND: what Alembic says, less the labels, whose order is that of a set.
asked()
{
    (cd "$1" && alembic "$2" | sed -e 's/ (head)/ HEAD/' -e 's/ ([a-z_, -]*)//' | sort)
}

# loads: Alembic understands all that deploy-db wrote, and lists it as its own.
loads()
{
    expect_equal "$(asked theirs history)" "$(asked ours history)" "alembic history"
    expect_equal "$(asked theirs heads)" "$(asked ours heads)" "alembic heads"
    expect_equal "" "$(find ours -name '.#*')" "temporary files"
}

# refused STATUS TEXT ARGUMENT...: nothing is written.
refused()
{
    local status=$1 text=$2

    shift 2
    find ours -type f -exec md5sum {} + | sort >"$TMPDIR/before"
    expect_status "$status" ddb "$@" >"$TMPDIR/out" 2>"$TMPDIR/err"
    find ours -type f -exec md5sum {} + | sort >"$TMPDIR/after"
    expect_same "$TMPDIR/before" "$TMPDIR/after" "the files after: $*"
    expect_equal "" "$(cat "$TMPDIR/out")" "standard output"
    expect_contains "$(tr '\n' ' ' <"$TMPDIR/err")" "$text" "the error of: $*"
}

# --- Alembic's own template ------------------------------------------------------------------------

project generic
both
same revision -m "Create users" --rev-id a1
same revision -m "add \"quotes\" and it's" --rev-id a2
same revision --rev-id a3
same revision -m 'größe Straße ÄÖÜ, наши данные' --rev-id a4
same revision -m 'two
lines, and a	tab' --rev-id a5
same revision -m 'a very long message that says far more than the name of a file can ever hold' --rev-id a6
same revision -m 'Unbroken_abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq' --rev-id a7
same revision -m 'onewordofmorethanfortycharactersabcdefghijklmnop' --rev-id a8
same revision -m 'C:\data, 100% & <%#$' --rev-id a9
same revision -m '用户表 テスト 한국어 → done — “x”' --rev-id b1
same revision -m second --rev-id b2 --head a3 --splice --branch-label shop
same revision -m on_label --rev-id b3 --head shop@head
same revision -m dependent --rev-id b4 --head b1 --depends-on b2
same revision -m dependents --rev-id b5 --head b4 --depends-on shop --depends-on a2
same revision -m "new base" --rev-id c1 --head base --branch-label net-work
same revision -m "partial" --rev-id c2000 --head net
same revision -m "odd id" --rev-id "x_É.9" --head c2
same merge -m "three of them" --rev-id d1 b5 x_É b3
same revision -m side --rev-id d15 --head b1 --splice
same merge --rev-id d2 -m last --branch-label all d15 d1
same revision -m '"quoted at the start" only' --rev-id d3
same revision -m '  blanks  around  ' --rev-id d4
same revision -m '' --rev-id d5 --message again
loads

# A random identifier: twelve hexadecimal digits, and a document that tells it.
ddb revision -m one --json >json
id=$(sed -n 's/^ *"id": "\([0-9a-f]\{12\}\)",$/\1/p' json)
[[ -n $id && -f ours/alembic/versions/${id}_one.py ]] || fail "no file of the identifier: $id"
python3 - json "$id" "$PWD/ours" <<'B'
import json, sys
document = json.load(open(sys.argv[1]))
assert document == {"revision": {
    "id": sys.argv[2], "down": ["d5"], "labels": [], "depends_on": [], "message": "one",
    "path": "%s/alembic/versions/%s_one.py" % (sys.argv[3], sys.argv[2])}}, document
B

# Several parents and labels at once, which Alembic's command cannot say.
expect_status 0 ddb revision -m fork --rev-id e1 --head d5 --splice --branch-label l1 \
    --branch-label l2 >out
expect_status 0 ddb revision -m joined --rev-id e2 --head "$id" --head e1 >out
expect_equal "$id, e1 -> e2 (head) (mergepoint), joined" \
    "$(cd ours && alembic history -r e2: | sed 's/ ([a-z0-9_, -]*,[a-z0-9_, -]*)//')"
expect_status 0 ddb revision -m fork --rev-id f1 --head e1 --splice >out
expect_status 0 ddb mergeheads -m habits --rev-id f2 >out
expect_status 0 ddb revision -m fork --rev-id f3 --head f1 --splice >out
expect_status 0 ddb revision --merge -m habits --rev-id f4 >out
expect_equal "f2, f3 -> f4 (head) (mergepoint), habits" \
    "$(cd ours && alembic history -r f4: | sed 's/ ([a-z0-9_, -]*,[a-z0-9_, -]*)//')"
expect_equal "f4 (head)" "$(ddb heads | sed 's/ ([^)]*,.*) (/ (/')"

# --- what is refused --------------------------------------------------------------------------------

refused 4 '"f4" is the only revision named' merge heads
refused 4 'there is nothing to merge' revision --merge -m x
refused 4 '"a1" is not a head' revision -m x --head a1
refused 2 "identified by \"nope\"" revision -m x --head nope
refused 2 'for 2 reasons' revision -m x --head nope --depends-on none
refused 4 'revision "a1" exists already' revision -m x --rev-id a1
refused 4 'is the branch label of' revision -m x --rev-id shop
refused 2 'has the character "-"' revision -m x --rev-id a-b
refused 2 'has the character "/"' revision -m x --rev-id ../x
refused 2 'has a meaning of its own' revision -m x --rev-id heads
refused 2 'has 33 characters' revision -m x --rev-id 123456789012345678901234567890123
refused 2 'the revision identifier is empty' revision -m x --rev-id ''
refused 4 'is used by revision "b2" already' revision -m x --branch-label shop
refused 4 'is the identifier of a revision' revision -m x --branch-label a1
refused 2 'has the character "@"' revision -m x --branch-label a@b
refused 2 'is given twice' revision -m x --branch-label n --branch-label n
refused 4 'named twice' merge f4 f4
refused 4 'has "a1" below it already' revision -m x --head f4 --head a1 --splice
refused 2 'dependency "base" is no revision' revision -m x --depends-on base
refused 2 'does not know what to merge' merge -m x
refused 2 'no environment is named' revision --autogenerate -m x
refused 2 'does not take "extra"' revision staging extra -m x
refused 4 'for 3 reasons' revision -m x --rev-id a1 --branch-label @ --head nope
refused 4 'Python could not load' revision -m 'ends "'"\"\"" --rev-id x1
refused 4 'Python could not load' revision -m 'say """ this' --rev-id x1
refused 4 'Python could not load' revision -m 'C:\users\x' --rev-id x1
refused 4 'not valid UTF-8' revision -m $'\xff' --rev-id x1
refused 4 'none of the version locations' revision -m x --version-path elsewhere
expect_equal "f4 (head)" "$(ddb heads | sed 's/ ([^)]*,.*) (/ (/')"

# A branch has been started: which head is not said. A file of that name is there already.
expect_status 0 ddb revision -m fork --rev-id g1 --head f1 --splice >out
refused 4 'candidate: "g1"' revision -m x
printf 'x = 1\n' >ours/alembic/versions/1a_taken.txt
mkdir ours/alembic/versions/h1_taken.py
refused 4 'h1_taken.py" exists already' revision -m taken --head f4 --rev-id h1
rmdir ours/alembic/versions/h1_taken.py
chmod a-w ours/alembic/versions
if [[ $(id -u) -ne 0 ]]; then
    refused 4 'Permission denied' revision -m x --head f4
fi
chmod u+w ours/alembic/versions

# --- other templates and settings --------------------------------------------------------------------

# Typed headers, comments, joined lines; names with a date.
project "$TMPDIR/typed"
cat >theirs/alembic/script.py.mako <<'B'
## written for every new revision
"""${message}

Revision ID: ${ up_revision }
Revises: ${down_revision|comma,n}
Create Date: ${create_date}

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa
${imports if imports else ""}
  ## another comment, \
     which goes on
# revision identifiers, used by Alembic.
revision: str = ${repr(up_revision)}
down_revision: Union[str, Sequence[str], None] = ${repr(down_revision)}
branch_labels: Union[str, Sequence[str], None] = ${repr(branch_labels)}
depends_on: Union[str, Sequence[str], None] = ${repr( depends_on )}
price = "5 $, \
one line"


def upgrade() -> None:
    """Upgrade schema."""
    ${upgrades if upgrades else 'pass'}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
B
sed -i 's/^# file_template = .*/file_template = %%(year)d_%%(month).2d_%%(day).2d_%%(hour)02d%%(minute).2d_%%(second)02d-%%(rev)s_%%(slug)s/
s/^# truncate_slug_length = .*/truncate_slug_length = 12/' theirs/alembic.ini
grep -q '^file_template' theirs/alembic.ini || fail "file_template is not set"
both
same revision -m "Create the very first table" --rev-id a1
same revision -m "it's \"both\"" --rev-id a2
same revision -m one --rev-id b1 --head a1 --splice --branch-label "it_s"
same merge -m "again" --rev-id c1 a2 b1
same revision -m deps --rev-id c2 --depends-on a2 --depends-on it_s
loads

# Names by epoch; several locations: a new file goes to its parent's, or where it is told to.
project "$TMPDIR/locations"
sed -i 's/^# file_template = .*/file_template = %%(epoch)s%%%%_%%(rev)s/
s|^# version_locations = .*|version_locations = %(here)s/alembic/versions:alembic/more:%(here)s/alembic/x/../third|
s/^version_path_separator = os.*/version_path_separator = os/' theirs/alembic.ini
grep -q '^version_locations' theirs/alembic.ini || fail "version_locations is not set"
grep -q '^version_path_separator = os' theirs/alembic.ini || fail "no separator"
both
refused 4 'Name one with --version-path' revision -m x
same revision -m first --rev-id a1 --version-path alembic/versions
mkdir theirs/alembic/more ours/alembic/more
same revision -m next --rev-id a2
same revision -m tree --rev-id b1 --head base --version-path alembic/more
same revision -m "next of the tree" --rev-id b2 --head b1
expect_status 0 ddb revision -m third --rev-id c1 --head base --version-path alembic/third >out
[[ -n $(ls ours/alembic/third) ]] || fail "the new location was not made"
refused 4 'version location:' revision -m x --head a2 --version-path versions
(cd ours/alembic && "$DDB_B/deploy-db" revision --config ../deploy-db.cfg -m x --rev-id a3 --head a2 \
    --version-path more >"$TMPDIR/out")
[[ -n $(ls ours/alembic/more/*_a3.py) ]] || fail "the path from here was not understood"

# What only Alembic can do is done by the project's own command, with the same result.
project "$TMPDIR/delegated"
{
    printf '%% if message:\n# a conditional line\n%% endif\n'
    cat theirs/alembic/script.py.mako
} >mako && mv mako theirs/alembic/script.py.mako
both
same revision -m first --rev-id a1
same revision -m "branch point" --rev-id a2 --branch-label lab
same revision -m "-starts with a dash" --rev-id b1 --head a1 --splice
same merge -m merged --rev-id c1 a2 b1
same revision -m dependent --rev-id c2 --depends-on lab --depends-on a1
grep -q 'conditional' ours/alembic/versions/c1_merged.py || fail "not by the template"
refused 4 'several branch labels' revision -m x --branch-label l1 --branch-label l2
sed -i 's/engine: {/engine: { command = ["no-such-alembic"];/' ours/deploy-db.cfg
refused 4 'engine'"'"'s setting "command"' revision -m x --head c2
loads

# (Without the Python library dateutil Alembic 1.8 refuses a timezone.)
for setting in 'timezone = UTC' 'revision_environment = true' 'output_encoding = latin-1' \
    'file_template = %%(rev)s_%%(slug)-20s'; do
    project "$TMPDIR/${setting%% *}"
    sed -i "0,/^\[alembic\]/s//[alembic]\n$setting/" theirs/alembic.ini
    printf 'import sys\nprint("env.py runs", file=sys.stderr)\n' >theirs/alembic/env.py
    both
    status=0
    ddb -v revision -m x --rev-id a1 >out 2>err || status=$?
    expect_contains "$(cat err)" "asking Alembic" "$setting"
    [[ $status -eq 0 || $setting == timezone* ]] || fail "status $status with $setting"
done
project "$TMPDIR/hooks"
printf '\n[post_write_hooks]\nhooks = shout\nshout.type = console_scripts\nshout.entrypoint = black\n' >hooks
sed -i '/^\[post_write_hooks\]/d' theirs/alembic.ini
cat hooks >>theirs/alembic.ini
both
expect_status 4 ddb revision -m x --rev-id a1 >out 2>err
expect_contains "$(cat err)" "post_write_hooks are configured"

# A template without branch_labels; one that writes no identifier; none at all.
project "$TMPDIR/old"
sed -i '/branch_labels/d' theirs/alembic/script.py.mako
both
same revision -m fine --rev-id a1
refused 4 'does not write branch_labels' revision -m x --branch-label lab
sed -i 's/^revision = .*/revision = str("other")/' ours/alembic/script.py.mako
refused 4 'the new file was removed again' revision -m x --rev-id a2
rm ours/alembic/script.py.mako
refused 4 'could not read the template' revision -m x

# A project that is in a container only: its command writes the file there, and Alembic is asked what
# came of it. The stand-in for docker goes to the project's directory and runs the words behind "app".
project "$TMPDIR/container"
cat >docker <<'B'
#!/bin/sh
cd "${0%/*}/theirs" || exit 1
shift 4
[ "$1" = python ] && exec /usr/bin/python3 -
exec "$@"
B
chmod +x docker
mkdir ours
cat >ours/deploy-db.cfg <<'B'
project = "shop";
engine: {
  plugin = "alembic";
  directory = "/nonexistent/app";
  command = ["../docker", "compose", "exec", "-T", "app", "alembic"];
};
environments: { staging: { database = "host=/nonexistent dbname=shop"; }; };
B
expect_status 0 ddb revision -m first --rev-id a1 --branch-label lab >out 2>err
expect_equal "Generating $PWD/theirs/alembic/versions/a1_first.py ...  done" "$(cat out)"
expect_status 0 ddb revision -m fork --rev-id a2 >out 2>err
expect_status 0 ddb revision -m fork --rev-id a3 --head a1 --splice >out 2>err
expect_status 0 ddb merge a2 a3 --rev-id a4 >out 2>err
expect_equal "a2, a3 -> a4 (lab) (head) (mergepoint), empty message" "$(ddb history | head -n 1)"
refused 4 'revision "a2" exists already' revision -m x --rev-id a2

[[ $requests -ge 30 ]] || fail "only $requests requests"

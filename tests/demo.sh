#!/bin/bash
# demo - what deploy-db does, shown on a private cluster with a real Alembic project (or, with
# ENGINE=sql, with migrations of plain SQL): a deployment that succeeds, one that fails and is rolled
# back, one that is restored from its snapshot.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
case ${ENGINE:-alembic} in
alembic) project=fastvue about="a shop's backend with five Alembic revisions" ;;
sql) project=shopsql about="the same shop with five revisions of plain SQL, and no Python" ;;
*) fail "ENGINE is alembic or sql, not $ENGINE" ;;
esac
requires pg_dump zstd
[[ $project == shopsql ]] || requires alembic

say()
{
    printf '\n\033[1m%s\033[0m\n' "$*"
}

# show N COMMAND...: the command as a person would type it, its output, and its exit status.
show()
{
    local want=$1 got=0

    shift
    printf '$ %s\n' "$*"
    "$@" 2>&1 | sed 's/^/    /'
    got=${PIPESTATUS[0]}
    printf '    (exit status %s)\n' "$got"
    [[ $got -eq $want ]] || fail "exit status $got instead of $want"
}

count()
{
    psql_at shop "SELECT (SELECT count(*) FROM users) || ' users, '
        || (SELECT count(phone) FROM users) || ' with a phone number, '
        || (SELECT count(*) FROM orders) || ' orders'"
}

deploy-db()
{
    "$DDB_B/deploy-db" "$@"
}

begun=$SECONDS
[[ -t 1 ]] || say() { printf '\n%s\n' "$*"; }
say "A private PostgreSQL cluster, and $project: $about."
project_start $project
cat deploy-db.cfg | sed 's/^/    /'

say "1. The first deployment: an empty database becomes the newest revision."
show 0 deploy-db production
psql_at shop "$(cat seed.sql)" && psql_at shop ANALYZE
echo "    The shop fills up: $(count)."

say "2. A revision that fails: it makes a column mandatory that no row has."
later 6a1b0d5c2e77
state_of shop before
show 7 deploy-db production
state_of shop after
cmp -s before after || fail "the database is not as before"
echo "    Catalog and rows are exactly as before: $(count)."
find . -path ./later -prune -o -name '6a1b0d5c2e77_*' -exec rm {} +

say "3. A revision that works, drops the phone numbers, and is refused by the verify hook afterwards."
later 6f3d7a9b1c04
[[ ! -e app/models.py ]] || sed -i '/phone = sa/d' app/models.py
show 8 deploy-db production
state_of shop after
cmp -s before after || fail "the database is not as before"
echo "    Catalog and rows are exactly as before: $(count)."

say "What happened, and where it stands."
show 0 deploy-db log production
show 0 deploy-db status production
printf '\nDone in %d s. The cluster is stopped and removed.\n' $((SECONDS - begun))

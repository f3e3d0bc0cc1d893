#!/bin/bash
# deploy-db-json(5) and the program say the same: every command's keys, both ways.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic python3

project_start fastvue

one_line='import json, sys; print(json.dumps(json.load(sys.stdin)))'

# document STATUS TITLE COMMAND...: add a line for keys.py.
document()
{
    local status=$1 title=$2

    shift 2
    expect_status "$status" ddb "$@" --json >document 2>err
    { printf '%s\t' "$title" && python3 -c "$one_line" <document; } >>"$TMPDIR/lines" ||
        fail "no JSON: $*"
}

cp -r . "$TMPDIR/copy"
rm "$TMPDIR/copy/deploy-db.cfg"
document 0 init init "$TMPDIR/copy"
document 0 status status staging
document 10 check check staging
document 0 run production --yes
document 0 recover recover production
document 0 heads heads
document 0 history history production -i
document 0 show show heads
document 0 current current production
document 2 failure show nothing
document 0 help help
document 0 plugins plugins
document 0 config config
document 0 doctor doctor production
document 0 snapshot snapshot production
document 0 "snapshot list" snapshot list production
document 0 "snapshot verify" snapshot verify production
sed 's/stores: {/stores: { vault: { plugin = "local"; path = "vault"; };/; s/protected = true;/protected = true; snapshot: { stores = ["local", "vault"]; };/' \
    deploy-db.cfg >two.cfg
document 0 "snapshot push" snapshot push production --config two.cfg
document 0 status status production --config two.cfg
document 0 "snapshot push" snapshot pull production --store vault --config two.cfg
document 0 "snapshot verify" snapshot drill production
document 0 "snapshot show" snapshot show production
sed -i 's/path = "snapshots";/& keep: { last = 1; };/' deploy-db.cfg
document 0 "snapshot prune" snapshot prune production --dry-run
mv snapshots aside
: >snapshots
document 6 "snapshot prune" snapshot prune production
rm snapshots
mv aside snapshots
document 0 run restore production --into beside --yes
document 0 run restore production --table companies
createdb copy
sed -e 's/^  staging: .*/  copy: { database = "env:COPY_URL"; refresh: { from = "production"; mask_strict = false; \
    exclude_data = ["public.orders"]; masks = ( { column = "public.users.full_name"; with = "null"; } ); }; };/' \
    deploy-db.cfg >copy.cfg
COPY_URL=${DATABASE_URL/shop/copy} document 0 run refresh copy --yes --config copy.cfg
COPY_URL=${DATABASE_URL/shop/copy} document 0 run refresh copy --yes --config copy.cfg
document 0 sql upgrade production heads --sql

# A deployment that is undone while somebody orders.
psql_at shop "INSERT INTO companies (name) VALUES ('one')"
cp later/6f3d7a9b1c04_drop_phone.py alembic/versions/
sed -i "/phone = sa/d" app/models.py
document 0 plan plan production
document 10 check check production
document 0 status status production
printf '#!/bin/sh\npsql -X -q -c "UPDATE companies SET name = name"\nexit 1\n' >scripts/verify_migration.sh
document 8 run production --yes
document 0 log log production
psql_at shop "INSERT INTO alembic_version VALUES ('deadbeef0000')"
document 4 plan plan production
document 0 status status production

# Files only: another tool's history, a new revision, and branches.
mkdir "$TMPDIR/dbmate"
printf -- '-- migrate:up\nSELECT 1;\n' >"$TMPDIR/dbmate/20260131134510_one.sql"
document 0 import import dbmate "$TMPDIR/dbmate" --into "$TMPDIR/imported"
document 0 "new revision" revision -m "one more"
for n in 1 2; do
    printf 'revision = "bb%s"\ndown_revision = "%s"\n' "$n" "$(ddb heads | sed 's/ .*//;q')" \
        >"$TMPDIR/bb$n.py"
done
cp "$TMPDIR"/bb?.py alembic/versions/
document 0 branches branches

/usr/bin/python3 "$DDB_SRC/tests/docs/keys.py" "$DDB_SRC/src/deploy-db-json.5" <"$TMPDIR/lines"

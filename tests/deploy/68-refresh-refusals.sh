#!/bin/bash
# What a refresh refuses: the wrong direction, the wrong database, a snapshot that does not fit, masks that do
# not fit. Each time both databases and the list of databases are as they were.
# time-limit: 300
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"

project_start shopsql
createdb stage
export STAGING_URL=${DATABASE_URL/shop/stage} SALT=0123456789abcdef0123
psql_at stage "CREATE TABLE old (n int); INSERT INTO old SELECT generate_series(1, 9)"

# configure BODY [PRODUCTION]: the group refresh of staging.
configure()
{
    cat >deploy-db.cfg <<C
project = "shopsql";
state_dir = "state";
engine: { plugin = "sql"; };
stores: { local: { plugin = "local"; path = "snapshots"; }; };
environments: {
  production: { database = "env:DATABASE_URL"; ${2-protected = true;} };
  twin: { database = "env:DATABASE_URL"; };
  staging: {
    database = "env:STAGING_URL";
    hooks: { post_refresh = [${HOOKS-}]; };
    refresh: { ${1-} };
  };
};
C
}

databases()
{
    psql_at postgres "SELECT datname, datallowconn FROM pg_database ORDER BY 1"
}

# refused STATUS TEXT ARGUMENT...: nothing is changed.
refused()
{
    local status=$1 text=$2

    shift 2
    expect_status "$status" ddb refresh "$@" --yes >out 2>err
    expect_contains "$(cat err)" "$text"
    state_of shop now.shop
    state_of stage now.stage
    expect_same before.shop now.shop
    expect_same before.stage now.stage
    expect_equal "$before" "$(databases)" "the databases"
    expect_clean
    expect_status 0 ddb recover staging >out2 2>err2
    expect_contains "$(cat out2)" "nothing to recover"
}

configure "" ""
expect_status 0 ddb production >out 2>err
psql_at shop "INSERT INTO companies (name) VALUES ('Ann & Sons')"
expect_status 0 ddb twin >out 2>err
rm -rf snapshots
before=$(databases)
state_of shop before.shop
state_of stage before.stage

# --- direction -----------------------------------------------------------------------------------------
configure
refused 2 "no environment is named" staging
refused 2 'no environment "prodution"' staging --from prodution
expect_contains "$(cat err)" "production"
refused 2 "from itself" staging --from staging
refused 6 'environment "production" has no snapshot' staging --from production
expect_status 0 ddb snapshot production >out 2>err
taken=$(basename "$(cat out)")
refused 4 "is protected" production --from staging "$taken"
refused 4 'database of environment "twin" is that of "production"' twin --from production
refused 2 "and --new asks" staging "$taken" --new --from production
expect_status 2 ddb refresh staging --from production </dev/null >out 2>err
expect_contains "$(cat err)" "--yes"
# The same database under another name: it is asked who it is.
ln -s "$PGHOST" other
configure 'from = "production"'
DATABASE_URL=${DATABASE_URL/$PGHOST/$PWD/other} refused 4 "is that of" twin --from production

# --- what the database itself says ------------------------------------------------------------------------
later 7a4e2f6b8d15
expect_status 0 ddb production >out 2>err
expect_equal "production|t" "$(psql_at shop "SELECT name, protected FROM deploy_db.environment")"
state_of shop before.shop
expect_status 0 ddb snapshot staging >out 2>err
configure "" ""
sed -i 's/^  production: .*/  production: { database = "env:DATABASE_URL"; refresh: { from = "staging"; }; };/' \
    deploy-db.cfg
refused 4 'says that it is the protected environment "production"' production
expect_contains "$(cat err)" "DELETE FROM deploy_db.environment"
# A wrong address does not put another environment's database aside.
configure
expect_status 4 ddb restore twin "$taken" --yes >out 2>err
expect_contains "$(cat err)" 'says that it is the protected environment "production"'
state_of shop now.shop
expect_same before.shop now.shop "the protected database after a restore under another name"

# --- the snapshot ------------------------------------------------------------------------------------------
configure 'from = "production";'
refused 6 "nothing-here.tar" staging nothing-here.tar
expect_status 0 ddb snapshot production >out 2>err
newest=$(basename "$(cat out)")
mv versions/7a4e2f6b8d15_* .
refused 4 "7a4e2f6b8d15" staging
mv 7a4e2f6b8d15_* versions/
cp "snapshots/$newest" "snapshots/staging-20260101T000000Z-aaaaaa.tar"
refused 4 'is of environment "production"' staging "staging-20260101T000000Z-aaaaaa.tar" --from twin
rm "snapshots/staging-20260101T000000Z-aaaaaa.tar"
cp "snapshots/$newest" whole.tar
at=$(grep -abo 'main\.dump\.zst\.000000' whole.tar | head -n 1 | cut -d: -f1)
printf '\377\377\377\377' | dd of="snapshots/$newest" bs=1 seek=$((at + 612)) conv=notrunc 2>/dev/null
refused 6 "$newest" staging
cp whole.tar "snapshots/$newest"

# --- hooks --------------------------------------------------------------------------------------------------
printf 'SELECT 1;\n\\! touch leaked\n' >meta.sql
printf "SELECT 'no end;\n" >open.sql
HOOKS='"nothing", "meta.sql", "open.sql"' configure 'from = "production";'
refused 4 'could not find hook' staging
expect_contains "$(cat err)" "meta.sql:2: a meta-command"
expect_contains "$(cat err)" "open.sql"
[[ ! -e leaked ]] || fail "a meta-command was run"
printf 'CREATE TABLE public.made (n int);\nSELECT 1 / 0;\n' >wrong.sql
HOOKS='"wrong.sql"' configure 'from = "production";'
refused 6 "wrong.sql:2" staging
printf 'BEGIN;\nCREATE TABLE public.made (n int);\n' >wrong.sql
refused 6 "ends in an open transaction" staging

# --- masks: all that does not fit, at once -------------------------------------------------------------------
configure 'from = "production"; mask_salt = "env:SALT"; masks = (
    { column = "public.users.nick"; with = "hash"; }, { column = "public.users.id"; with = "hash"; } );'
refused 4 "no column public.users.nick" staging
expect_contains "$(cat err)" "column public.users.id cannot be masked"
expect_contains "$(cat err)" "may hold texts and have no mask"
expect_contains "$(cat err)" "public.companies.name  character varying"
expect_contains "$(cat err)" "public.users.email  character varying"
expect_lacks "$(cat err)" "public.users.id  "
configure 'from = "production"; mask_salt = "env:SALT"; mask_strict = false; masks = (
    { column = "public.users.email"; with = "hash"; } );'
SALT=q7w8xy refused 4 "shorter than 16 characters" staging
expect_lacks "$(cat err state/staging/*.log)" q7w8xy
unset SALT
refused 4 '"SALT" is not set' staging

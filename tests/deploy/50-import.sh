#!/bin/bash
# The histories of dbmate, goose, golang-migrate, Flyway and Alembic, imported as plain SQL: what the sql
# engine makes of them is what psql, or Alembic itself, makes of the originals; down again to nothing.
# time-limit: 300
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic pg_dump

cluster_start
cp -r "$DDB_SRC/tests/projects/import" project
cd project || fail "no project"
export PYTHONDONTWRITEBYTECODE=1

# configure ENGINE DATABASE: deploy-db.cfg for the environment "test".
configure()
{
    cat >deploy-db.cfg <<CFG
project = "shop";
state_dir = "state";
engine: { $1 };
environments: { test: { database = "dbname=$2"; target = "heads"; hooks: { pre_deploy = []; }; }; };
CFG
}

# state_without_versions DATABASE FILE: its state without the version table.
state_without_versions()
{
    psql_at "$1" "BEGIN; DROP TABLE IF EXISTS alembic_version; COMMIT" 2>/dev/null
    state_of "$1" "$2"
}

# copy_of DATABASE: a copy named copy.
copy_of()
{
    psql_at postgres "DROP DATABASE IF EXISTS copy" 2>/dev/null
    psql_at postgres "CREATE DATABASE copy TEMPLATE \"$1\""
}

createdb empty
state_of empty empty.state
createdb plain
psql -X -q -v ON_ERROR_STOP=1 -d plain -f shop.sql
state_of plain shop.state

# --- the plain tools: without a configuration; files, up, down ------------------------------------

tool_case()
{
    local tool=$1 head=$2 name=${1//-/_}

    rm -f deploy-db.cfg
    expect_status 0 ddb import "$tool" "$tool" --into "versions_$name" >out 2>err
    expect_contains "$(cat out)" "4 migrations of $tool are in \"versions_$name\" now"
    expect_equal "" "$(find . -name '*.part')" "temporary folder"
    createdb "db_$name"
    configure "plugin = \"sql\"; version_locations = [\"versions_$name\"];" "db_$name"
    expect_equal "$head (head)" "$(ddb heads)" "heads of $tool"
    expect_status 0 ddb upgrade test heads >out 2>err
    copy_of "db_$name"
    state_without_versions copy now.state
    expect_same shop.state now.state "what $tool's migrations come to"
    expect_status 0 ddb downgrade test base --yes >out 2>err
    copy_of "db_$name"
    state_without_versions copy now.state
    expect_same empty.state now.state "what $tool's downgrades leave"
}

tool_case dbmate 20250101000000
tool_case goose 00004
tool_case golang-migrate 0010
tool_case flyway 0001.10

# --- Alembic: branches, a merge, a dependency, an autocommit block -----------------------------------

# alembic_case PER_MIGRATION: with one transaction for all, or one for each migration.
alembic_case()
{
    local real=real_$1 ours=ours_$1

    createdb "$real"
    createdb "$ours"
    export PER_MIGRATION=$1
    export DATABASE_URL="postgresql+psycopg2://postgres@/$real?host=$PGHOST&port=$PGPORT"
    (cd alembic && alembic upgrade heads) >out 2>err
    configure 'plugin = "alembic"; directory = "alembic";' "$ours"
    expect_status 0 ddb import alembic --into "versions_$1" >out 2>err
    expect_contains "$(cat out)" "6 migrations of alembic are in \"versions_$1\" now"
    expect_contains "$(cat out)" "no stamp is needed"
    expect_equal "" "$(grep -h -i 'alembic_version\|^BEGIN\|^COMMIT' versions_"$1"/*)" "left behind"
    configure "plugin = \"sql\"; version_locations = [\"versions_$1\"];" "$ours"
    expect_status 0 ddb upgrade test heads >out 2>err
    state_of "$real" real.state
    state_of "$ours" ours.state
    expect_same real.state ours.state "what the imported revisions come to"

    # The real one goes on with the sql engine, without a stamp, down to nothing.
    configure "plugin = \"sql\"; version_locations = [\"versions_$1\"];" "$real"
    expect_status 0 ddb current test --check-heads >out 2>err
    expect_status 0 ddb downgrade test base --yes >out 2>err
    copy_of "$real"
    state_without_versions copy now.state
    expect_same empty.state now.state "what the downgrades leave"
}

alembic_case no
alembic_case yes
expect_same versions_no/e500c0ffee05_name_index.sql versions_yes/e500c0ffee05_name_index.sql
diff -r versions_no versions_yes || fail "the way of running shows in the files"
expect_contains "$(cat versions_no/e500c0ffee05_name_index.sql)" "-- no transaction"
expect_contains "$(cat versions_no/b200*)" "-- In cents, and never below nothing."
expect_contains "$(cat versions_no/a100c0ffee01_products.sql)" "-- Create Date: 2026-01-31 13:45:10"
expect_contains "$(cat versions_no/d400c0ffee04_merge.sql)" "-- Revises: b200c0ffee02, c300c0ffee03"
expect_contains "$(cat versions_no/f600c0ffee06_audit.sql)" "-- Depends On: b200c0ffee02"
expect_contains "$(cat versions_no/f600c0ffee06_audit.sql)" "-- Branch Labels: audit, log"

# Every revision that needs a database is named; nothing is written. A downgrade that does is told.
configure 'plugin = "alembic"; directory = "alembic";' ours_no
for id in b200c0ffee02 e500c0ffee05; do
    sed -i 's/^def upgrade():$/&\n    op.get_bind().execute("SELECT 1").scalar()/' alembic/alembic/versions/$id*
done
expect_status 4 ddb import alembic --into broken >out 2>err
for id in b200c0ffee02 e500c0ffee05; do
    expect_contains "$(cat err)" "the SQL of revision \"$id\" cannot be printed without a database"
done
for id in a100c0ffee01 c300c0ffee03 d400c0ffee04 f600c0ffee06; do
    expect_lacks "$(cat err)" "the SQL of revision \"$id\""
done
expect_equal "" "$(find . -name '*broken*')" "what a failed import leaves"
sed -i '/get_bind/d' alembic/alembic/versions/*.py
sed -i 's/^def downgrade():$/&\n    raise RuntimeError("there is no way back")/' alembic/alembic/versions/b200*
expect_status 0 ddb import alembic --into oneway >out 2>err
expect_contains "$(cat err)" 'revision "b200c0ffee02": there is no downgrade'
expect_lacks "$(cat oneway/b200*)" "-- downgrade"
expect_same versions_no/a100c0ffee01_products.sql oneway/a100c0ffee01_products.sql
expect_same versions_no/c300c0ffee03_stock.sql oneway/c300c0ffee03_stock.sql

# Where env.py keeps the versions is for the configuration to say.
sed -i 's/^        url=url,$/&\n        version_table="versions",/' alembic/alembic/env.py
expect_status 4 ddb import alembic --into broken >out 2>err
expect_contains "$(cat err)" 'the change of the version table "alembic_version"'
configure 'plugin = "alembic"; directory = "alembic"; version_table = "versions";' ours_no
expect_status 0 ddb import alembic --into renamed >out 2>err
diff -r oneway renamed || fail "another version table shows in the files"

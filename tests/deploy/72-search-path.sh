#!/bin/bash
# The version table is where a setting of the database, or of a role in it, has unqualified names looked
# up: a snapshot, and a dump, of such a database are restored.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires psql pg_dump

project_start shopsql
psql_at shop "CREATE ROLE \"Deploy er\" SUPERUSER LOGIN; CREATE SCHEMA app; CREATE SCHEMA \"Own\";
    ALTER DATABASE shop SET search_path = app, public"
cat >deploy-db.cfg <<C
project = "shopsql"; state_dir = "state"; engine: { plugin = "sql"; };
stores: { local: { plugin = "local"; path = "snapshots"; }; };
environments: { shop: { database = "postgresql://Deploy%20er@/shop?host=$PGHOST"; }; };
C

# back SCHEMA: the project's tables are in that schema, and there again after each way back.
back()
{
    expect_status 0 ddb upgrade shop heads --yes >out 2>err
    expect_equal "$1" "$(psql_at shop "SELECT relnamespace::regnamespace FROM pg_class WHERE relname = 'alembic_version'")" \
        "the schema of the version table"
    psql_at shop "INSERT INTO $1.companies (name) SELECT 'c' || n FROM generate_series(1, 100) n"
    expect_status 0 ddb snapshot shop >out 2>err
    pg_dump -f dump.sql shop
    state_of shop before
    psql_at shop "DELETE FROM $1.companies"
    expect_status 0 ddb restore shop --yes >out 2>err
    state_of shop after
    expect_same before after "from the snapshot, in $1"
    psql_at shop "DELETE FROM $1.companies"
    expect_status 0 ddb restore shop dump.sql --yes >out 2>err
    expect_lacks "$(cat err)" "there is no table"
    state_of shop after
    expect_same before after "from the dump, in $1"
    expect_clean
}

back app
psql_at shop "DROP SCHEMA app CASCADE; DROP SCHEMA deploy_db CASCADE;
    ALTER ROLE \"Deploy er\" IN DATABASE shop SET search_path = '\$user', \"Own\""
back '"Own"'

#!/bin/bash
# import: mistakes are told all at once and nothing is written; gaps; what to stamp in a database that
# another tool has migrated.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"

ddb()
{
    "$DDB_B/deploy-db" "$@"
}

cp -r "$DDB_SRC/tests/projects/import/." .

# --- the command line ------------------------------------------------------------------------------

expect_status 2 ddb import >out 2>err
expect_contains "$(cat err)" "The tools are dbmate, goose, golang-migrate, flyway and alembic."
expect_status 2 ddb import liquibase >out 2>err
expect_contains "$(cat err)" 'there is nothing to import from "liquibase"'
mkdir none
expect_status 2 ddb import dbmate none >out 2>err
expect_contains "$(cat err)" 'there are no migrations of dbmate in "none"'
expect_status 3 ddb import dbmate none production >out 2>err
expect_contains "$(cat err)" "no configuration file was found"
expect_status 3 ddb import dbmate nowhere >out 2>err
expect_contains "$(cat err)" 'no configuration file was found, and no directory "nowhere"'
mkdir full
: >full/file
expect_status 2 ddb import dbmate dbmate --into full/ >out 2>err
expect_contains "$(cat err)" 'the directory "full" is not empty'
expect_status 0 ddb import dbmate dbmate --into none --json >out 2>err
expect_equal "20240131120000 20240201090000 20240315081500 20250101000000" \
    "$(python3 -c 'import json; print(*json.load(open("out"))["revisions"])')" "revisions as JSON"
expect_equal 4 "$(find none -type f | wc -l)" "files in a folder that was empty"

# --- mistakes --------------------------------------------------------------------------------------

mkdir wrong
printf 'BEGIN;\nSELECT 1;\nCOMMIT;\nSELECT 2;\n' >wrong/1_a.up.sql
printf 'SELECT 1;\n\\echo hello\n' >wrong/2_b.up.sql
# shellcheck disable=SC2016 # dollar quotes of SQL
printf 'SELECT 1;\nSELECT $$never ends;\n' >wrong/3_c.up.sql
printf 'SAVEPOINT a;\nROLLBACK TO a;\n' >wrong/4_d.up.sql
printf 'SAVEPOINT a;\nVACUUM;\nROLLBACK;\n' >wrong/5_e.up.sql
printf 'SELECT 1;\n' >wrong/6_f.up.sql
printf 'SELECT 1;\n' >wrong/06_g.up.sql
expect_status 4 ddb import golang-migrate wrong --into new >out 2>err
for text in 'wrong/1_a.up.sql:1: "BEGIN" controls a transaction' \
    'wrong/1_a.up.sql:3: "COMMIT" controls a transaction' \
    'wrong/2_b.up.sql:2: "\echo hello" is a command of psql, no SQL' \
    'wrong/3_c.up.sql' \
    'wrong/5_e.up.sql:1: "SAVEPOINT a" controls a transaction' \
    'wrong/5_e.up.sql:3: "ROLLBACK" controls a transaction' \
    'wrong/6_f.up.sql: version "6" is there already, in "wrong/06_g.up.sql"'; do
    expect_contains "$(cat err)" "$text"
done
expect_lacks "$(cat err)" "wrong/4_d"
expect_equal "" "$(find . -name '*new*')" "what a failed import leaves"

# --- gaps --------------------------------------------------------------------------------------------

cp -r goose gaps
printf 'package migrations\n' >gaps/00005_fill.go
expect_status 4 ddb import goose gaps --into new >out 2>err
expect_contains "$(cat err)" "gaps/00005_fill.go: a migration in Go cannot be imported"
expect_contains "$(cat err)" "--allow-gaps"
expect_equal "" "$(find . -name '*new*')" "what a failed import leaves"
expect_status 0 ddb import goose gaps --into new --allow-gaps >out 2>err
expect_contains "$(cat err)" "gaps/00005_fill.go: left out: a migration in Go"
expect_equal 4 "$(find new -type f | wc -l)" "files"

# A file without a way down has no downgrade section: an empty one would seem to undo it.
mkdir oneway
printf -- '-- migrate:up\nCREATE TABLE a ();\n' >oneway/1_a.sql
printf -- '-- migrate:up\nCREATE TABLE b ();\n-- migrate:down\n' >oneway/2_b.sql
expect_status 0 ddb import dbmate oneway --into oneway-new >out 2>err
expect_contains "$(cat err)" "oneway/1_a.sql: there is no downgrade"
expect_lacks "$(cat oneway-new/0001_a.sql)" "-- downgrade"
expect_contains "$(cat oneway-new/0002_b.sql)" "-- downgrade"

# --- what to stamp -------------------------------------------------------------------------------------

cluster_start
createdb shop
cat >deploy-db.cfg <<'CFG'
project = "shop";
state_dir = "state";
engine: { plugin = "sql"; };
environments: { test: { database = "dbname=shop"; hooks: { pre_deploy = []; }; }; };
CFG

# advice TOOL: the last line, or lines, that name what to do in the environment "test".
advice()
{
    expect_status 0 ddb import "$1" "$1" test --into "stamp-$1" >out 2>err
    sed 1d out
}

for tool in dbmate goose golang-migrate flyway; do
    expect_equal "test: nothing to stamp: nothing is applied" "$(advice "$tool")" "$tool, new database"
done

psql_at shop "CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY);
    INSERT INTO schema_migrations VALUES ('20240131120000'), ('20240201090000')"
expect_equal "deploy-db stamp test 20240201090000" "$(advice dbmate)"
expect_contains "$(cat out)" 'the 4 migrations of dbmate are in "stamp-dbmate" already'
# Whoever forgets that is warned.
sed 's/plugin = "sql";/& version_locations = ["stamp-dbmate"];/' deploy-db.cfg >dbmate.cfg
expect_status 0 ddb plan test --config dbmate.cfg >out 2>err
expect_contains "$(cat err)" "another tool's table public.schema_migrations has 2"
expect_status 0 ddb stamp test 20240201090000 --config dbmate.cfg >out 2>err
expect_status 0 ddb plan test --config dbmate.cfg >out 2>err
expect_lacks "$(cat err)" "another tool"
psql_at shop "DROP TABLE alembic_version; DROP SCHEMA deploy_db CASCADE" 2>err
psql_at shop "INSERT INTO schema_migrations VALUES ('20250101000000')"
expect_equal "test: there is no revision to stamp:
- version \"20240315081500\" is not applied in this database, and \"20250101000000\" is" "$(advice dbmate)"
psql_at shop "DROP TABLE schema_migrations"

psql_at shop "CREATE TABLE goose_db_version (id serial PRIMARY KEY, version_id bigint NOT NULL,
    is_applied boolean NOT NULL, tstamp timestamp DEFAULT now());
    INSERT INTO goose_db_version (version_id, is_applied)
    VALUES (0, true), (1, true), (2, true), (3, true), (3, false)"
expect_equal "deploy-db stamp test 00002" "$(advice goose)"

psql_at shop "CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);
    INSERT INTO schema_migrations VALUES (9, false)"
expect_equal "deploy-db stamp test 0009" "$(advice golang-migrate)"
psql_at shop "UPDATE schema_migrations SET dirty = true"
expect_contains "$(advice golang-migrate)" 'version "9" was begun in this database and did not end'
expect_status 4 ddb import dbmate dbmate test --into stamp-dbmate >out 2>err
expect_contains "$(cat err)" "the table public.schema_migrations is golang-migrate's, not dbmate's"

psql_at shop "CREATE TABLE flyway_schema_history (installed_rank int PRIMARY KEY, version varchar(50),
    description varchar(200), type varchar(20), success boolean NOT NULL);
    INSERT INTO flyway_schema_history VALUES (1, '1', 'customers', 'SQL', true),
    (2, '1.1', 'normal email', 'SQL', true), (3, '1.9', 'email index', 'SQL', true)"
expect_equal "deploy-db stamp test 0001.9" "$(advice flyway)"
psql_at shop "INSERT INTO flyway_schema_history VALUES (4, '7', 'new', 'SQL', true)"
expect_contains "$(advice flyway)" 'version "7" is applied in this database, and no file has it'

# --- and with that the sql engine goes on --------------------------------------------------------------

createdb plain
psql -X -q -v ON_ERROR_STOP=1 -d plain -f shop.sql
dump_state plain >plain.state
psql_at postgres "DROP DATABASE shop"
createdb shop
for file in goose/0000[12]*.sql; do # as goose would have
    sed -n '/^-- +goose Up/,/^-- +goose Down/p' "$file" | sed 's/^-- +goose StatementEnd/;/'
done | psql -X -q -v ON_ERROR_STOP=1 -d shop -f -
sed -i 's/plugin = "sql";/& version_locations = ["stamp-goose"];/' deploy-db.cfg
expect_status 0 ddb stamp test 00002 >out 2>err
expect_status 0 ddb upgrade test heads >out 2>err
psql_at shop "DROP TABLE alembic_version"
dump_state shop >shop.state
expect_same plain.state shop.state "the database that goes on"

#!/bin/bash
# The database that is deployed to is called "postgres", which elsewhere is the maintenance database: the
# restore works from another one.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"

project_start shopsql
export DATABASE_URL="postgresql://postgres@/postgres?host=$PGHOST"
expect_status 0 ddb production >out 2>err
psql_at postgres "INSERT INTO companies (name) VALUES ('c');
    INSERT INTO users (company_id, email, phone) VALUES (1, 'e', '7')"
state_of postgres before
later 6f3d7a9b1c04

expect_status 8 ddb production >out 2>err

state_of postgres after
expect_same before after
expect_equal 1 "$(psql_at postgres "SELECT count(*) FROM pg_database WHERE datname ~ '^postgres_failed_'")"
expect_status 0 ddb recover production >out 2>err
expect_contains "$(cat out)" "nothing to recover"

#!/bin/bash
# upgrade and downgrade to a revision that is named, with Alembic: the rows and the catalog are those of
# Alembic's own command; a failure is undone; --sql changes nothing.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic

project_start fastvue
stored()
{
    psql_at shop "SELECT version_num FROM alembic_version ORDER BY 1" | paste -sd,
}

# Up by one, to an identifier, to its beginning: no snapshot outside of a protected environment.
expect_status 0 ddb upgrade staging +1 >out 2>err
expect_equal 1f0a6c3b9d21 "$(stored)"
expect_contains "$(cat out)" "upgraded"
expect_status 0 ddb upgrade staging 3c95f2 >out 2>err
expect_equal 3c95f2a7e610 "$(stored)"
[[ ! -d snapshots ]] || fail "a snapshot was taken in an environment that is not protected"
expect_equal "upgrade|0
upgrade|0" "$(psql_at shop "SELECT command, status FROM deploy_db.run")"
expect_status 0 ddb upgrade staging 1f0a6c3b9d21 >out 2>err
expect_contains "$(cat out)" "nothing to do"

# What is not understood is the command line's fault; nothing is begun.
for bad in nosuch +9 a:b ""; do
    expect_status 2 ddb upgrade staging "$bad" >out 2>err
done
expect_status 2 ddb upgrade staging >out 2>err
expect_status 4 ddb downgrade staging 5e6a90c4b7d8 >out 2>err
expect_equal 3c95f2a7e610 "$(stored)"

# --sql from where the database stands, or from where it is told.
state_of shop before
expect_status 0 ddb upgrade staging head --sql >upgrade.sql 2>err
expect_contains "$(cat upgrade.sql)" "version_num='5e6a90c4b7d8'"
expect_lacks "$(cat upgrade.sql)" "CREATE TABLE companies"
expect_status 0 ddb upgrade staging base:2b7e --sql >whole.sql 2>err
expect_contains "$(cat whole.sql)" "CREATE TABLE companies"
expect_status 0 ddb downgrade staging -1 --sql >downgrade.sql 2>err
expect_contains "$(cat downgrade.sql)" "version_num='2b7e41d08c55'"
state_of shop after
expect_same before after "the database after --sql"

# Down by one and back up: as before. DEPLOY_DB_ENV names the environment.
expect_status 0 env DEPLOY_DB_ENV=staging "$DDB_B/deploy-db" downgrade -1 >out 2>err
expect_contains "$(cat out)" "downgraded"
expect_equal 2b7e41d08c55 "$(stored)"
expect_status 0 env DEPLOY_DB_ENV=staging "$DDB_B/deploy-db" upgrade +1 >out 2>err
state_of shop after
expect_same before after "down and up again"

# A downgrade that fails half-way is rolled back.
expect_status 0 ddb upgrade staging head >out 2>err
psql_at shop "INSERT INTO companies (name) VALUES ('c')"
psql_at shop "CREATE VIEW phones AS SELECT phone FROM users"
state_of shop before
expect_status 7 ddb downgrade staging base >out 2>err
state_of shop after
expect_same before after "a downgrade that failed"
psql_at shop "DROP VIEW phones"

# Who asks for a snapshot gets one, or is told why not.
state_of shop before
sed 's/staging: {/staging: { hooks: { pre_deploy = ["scripts\/before"]; };/' deploy-db.cfg >asked.cfg
expect_status 2 ddb downgrade staging -1 --snapshot --config asked.cfg >out 2>err
expect_contains "$(cat err)" 'environment "staging" takes no snapshot'
expect_status 8 env DEPLOY_DB_FAULT=apply.middle:fail "$DDB_FAULTS_B/deploy-db" downgrade staging -1 --snapshot >out 2>err
state_of shop after
expect_same before after "a downgrade that failed behind its last step"
rm -rf snapshots

# In a protected environment it asks, and a snapshot is taken first.
expect_status 2 ddb downgrade production base </dev/null >out 2>err
expect_contains "$(cat err)" "--yes"
expect_status 0 ddb downgrade production base --yes >out 2>err
expect_equal "" "$(stored)"
expect_equal 1 "$(find snapshots -name 'production-*.tar' | wc -l)"
expect_equal "alembic_version" "$(psql_at shop "SELECT string_agg(relname, ',') FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")"

# Up again in the protected environment, all the way: the models and the hook are asked.
expect_status 0 ddb upgrade production heads >out 2>err
expect_contains "$(cat err)" "comparing the models"
expect_equal 5e6a90c4b7d8 "$(stored)"
expect_clean

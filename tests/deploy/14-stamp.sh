#!/bin/bash
# stamp: the rows alone, as Alembic sets them; a row that no file knows, rows that imply each other, an
# interrupted stamp, a protected environment.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/crash.sh"
requires alembic

project_start fastvue
stored()
{
    psql_at shop "SELECT version_num FROM alembic_version ORDER BY 1" | paste -sd,
}

# A database without a version table gets Alembic's own.
createdb theirs
DATABASE_URL=${DATABASE_URL/\/shop/\/theirs} alembic stamp 2b7e41d08c55 2>/dev/null
expect_status 0 ddb stamp staging 2b7e >out 2>err
expect_contains "$(cat out)" "stamped"
state_of theirs expected
state_of shop now
expect_same expected now "the version table"

expect_status 0 ddb stamp staging 2b7e41d08c55 >out 2>err
expect_contains "$(cat out)" "nothing to do"
expect_status 0 ddb stamp staging +1 >out 2>err
expect_equal 3c95f2a7e610 "$(stored)"
expect_status 0 ddb stamp staging heads >out 2>err
expect_equal 5e6a90c4b7d8 "$(stored)"
expect_status 0 ddb stamp staging -2 --sql >sql 2>err
expect_contains "$(cat sql)" "SET version_num='3c95f2a7e610' WHERE alembic_version.version_num = '5e6a90c4b7d8'"
expect_equal 5e6a90c4b7d8 "$(stored)"
expect_status 4 ddb stamp staging 1f0a 3c95 >out 2>err
expect_contains "$(cat err)" "would be stored together"
expect_status 2 ddb stamp staging nosuch >out 2>err
expect_status 0 ddb stamp staging base >out 2>err
expect_equal "" "$(stored)"

# A row that no file knows stops everything but --purge.
psql_at shop "INSERT INTO alembic_version VALUES ('deadbeef0000')"
expect_status 4 ddb stamp staging heads >out 2>err
expect_contains "$(cat err)" "deadbeef0000"
expect_equal deadbeef0000 "$(stored)"
expect_status 0 ddb stamp staging heads --purge >out 2>err
expect_equal 5e6a90c4b7d8 "$(stored)"
expect_equal "0" "$(psql_at shop "SELECT count(*) FROM deploy_db.run WHERE ended IS NULL")"

# In a protected environment it asks, and a snapshot is taken first.
expect_status 2 ddb stamp production base </dev/null >out 2>err
expect_status 0 ddb stamp production 4d2c --yes >out 2>err
expect_equal 4d2c8b1e7f33 "$(stored)"
expect_equal 1 "$(find snapshots -name '*.tar' | wc -l)"

# A failure after the rows were changed: they are set back, without a snapshot; those that no file knows too.
state_of shop before
for point in apply.middle verify.middle; do
    expect_status 7 env DEPLOY_DB_FAULT=$point:fail "$DDB_FAULTS_B/deploy-db" stamp staging base >out 2>err
    expect_contains "$(cat out)" "recovered by: downgrade"
    state_of shop after
    expect_same before after "a stamp that failed at $point"
done
psql_at shop "UPDATE alembic_version SET version_num = 'deadbeef0000'"
state_of shop before
expect_status 7 env DEPLOY_DB_FAULT=apply.end:fail "$DDB_FAULTS_B/deploy-db" stamp staging heads --purge >out 2>err
state_of shop after
expect_same before after "a stamp with --purge that failed"
expect_status 0 ddb stamp staging 4d2c --purge >out 2>err

# Rows that are stored twice are not as planned before the stamp has made one of them.
psql_at shop "ALTER TABLE alembic_version DROP CONSTRAINT alembic_version_pkc;
    INSERT INTO alembic_version SELECT version_num FROM alembic_version"
state_of shop before
status=0
DEPLOY_DB_FAULT=apply.begin:kill ddb_faults stamp staging 4d2c --purge >out 2>err || status=$?
expect_equal 137 "$status"
expect_status 7 ddb recover staging >out 2>err
state_of shop after
expect_same before after "rows that are stored twice"
expect_status 0 ddb stamp staging 4d2c --purge >out 2>err
expect_equal 4d2c8b1e7f33 "$(stored)"
psql_at shop "ALTER TABLE alembic_version ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)"

# Cut off: before, as it was; afterwards, as planned.
crash_prepare
crash_reset
expect_status 0 ddb_faults stamp staging 5e6a >out 2>err
state_of shop after.state
for point in hooks.end:7 apply.begin:7 apply.middle:0 apply.end:0 verify.begin:0 finish.begin:0; do
    crash_reset
    status=0
    DEPLOY_DB_FAULT=${point%:*}:kill ddb_faults stamp staging 5e6a >out 2>err || status=$?
    expect_equal 137 "$status" "status at $point"
    crash_recover staging "${point%:*}" "${point#*:}"
done

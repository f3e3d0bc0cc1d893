#!/bin/bash
# The verify hook refuses after the commit; the revisions destroy nothing: they are downgraded.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic

project_start fastvue
alembic upgrade 4d2c8b1e7f33 2>/dev/null
psql_at shop "INSERT INTO companies (name) SELECT 'c' || n FROM generate_series(1, 50) n"
printf '#!/bin/sh\necho "the shop is closed" >&2\nexit 1\n' >scripts/verify_migration.sh
state_of shop before
expect_status 7 ddb production >out 2>err
state_of shop after
expect_same before after
expect_contains "$(cat out)" "recovered by: downgrade"
expect_contains "$(cat err)" "the shop is closed"
expect_clean

# A downgrade that would do more than that is not taken: the rows that it deletes are no matter of the catalog.
cp -r alembic/versions kept
revision z1 5e6a90c4b7d8 "a careless downgrade" <<'B'
upgrade:
op.create_table("first", sa.Column("id", sa.Integer()))
downgrade:
op.drop_table("first")
op.execute("DELETE FROM companies")
B
expect_status 8 ddb production >out 2>err
state_of shop after
expect_same before after "after a careless downgrade"
rm -r alembic/versions
mv kept alembic/versions

# From nothing at all: down to base again, without a version row.
createdb empty
DATABASE_URL=${DATABASE_URL/shop/empty} expect_status 7 ddb production >out 2>err
expect_equal 0 "$(psql_at empty "SELECT count(*) FROM alembic_version")"
expect_equal "alembic_version" "$(psql_at empty \
    "SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'public'")"

#!/bin/bash
# The third of three revisions raises an SQL error: one transaction, so everything is as before.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic

project_start fastvue
alembic upgrade head 2>/dev/null
psql_at shop "INSERT INTO companies (name) VALUES ('one'), ('two')"
revision a1 5e6a90c4b7d8 "first" <<'B'
upgrade:
op.add_column('companies', sa.Column('city', sa.String(50)))
op.execute("UPDATE companies SET name = upper(name)")
downgrade:
op.drop_column('companies', 'city')
B
revision a2 a1 "second" <<'B'
upgrade:
op.drop_column('users', 'phone')
downgrade:
op.add_column('users', sa.Column('phone', sa.String(20)))
B
revision a3 a2 "third" <<'B'
upgrade:
op.execute("INSERT INTO nowhere VALUES (1)")
downgrade:
B
state_of shop before
expect_status 7 ddb staging >out 2>err
state_of shop after
expect_same before after
expect_contains "$(cat err)" "nowhere"
expect_contains "$(cat out)" "recovered by: transaction"
expect_equal 7 "$(psql_at shop 'SELECT status FROM deploy_db.run')"
expect_equal "postgres shop template0 template1" \
    "$(psql_at postgres 'SELECT datname FROM pg_database ORDER BY 1' | xargs)" "databases"
expect_clean

# Mended, it goes through.
revision a3 a2 "third" <<'B'
upgrade:
op.create_table('nowhere', sa.Column('id', sa.Integer(), primary_key=True))
downgrade:
op.drop_table('nowhere')
B
expect_status 0 ddb staging >out 2>err
expect_equal a3 "$(psql_at shop 'SELECT version_num FROM alembic_version')"

#!/bin/bash
# An autocommit block, then an error: half of the revision stays in the database. It comes back as
# before: by downgrade or restore.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic

project_start fastvue
alembic upgrade head 2>/dev/null
psql_at shop "INSERT INTO companies (name) SELECT 'c' || n FROM generate_series(1, 300) n"

# The objects that were committed are seen in the catalog.
revision a1 5e6a90c4b7d8 "half" <<'B'
upgrade:
op.create_table('half', sa.Column('id', sa.Integer(), primary_key=True))
with op.get_context().autocommit_block():
    op.execute("CREATE INDEX CONCURRENTLY ix_half ON half (id)")
op.execute("SELECT 1 / 0")
downgrade:
op.drop_table('half')
B
state_of shop before
status=0
ddb staging >out 2>err || status=$?
[[ $status -eq 7 || $status -eq 8 ]] || { cat out err >&9; fail "exit status $status"; }
state_of shop after
expect_same before after
expect_clean

# Committed changes of rows are not seen in the catalog: only a restore brings them back.
revision a1 5e6a90c4b7d8 "half" <<'B'
upgrade:
with op.get_context().autocommit_block():
    op.execute("UPDATE companies SET name = 'gone'")
op.execute("SELECT 1 / 0")
downgrade:
B
expect_status 8 ddb staging >out 2>err
state_of shop after
expect_same before after
expect_clean

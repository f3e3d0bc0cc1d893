#!/bin/bash
# Two trees with a dependency: fully upgraded, the version table has the effective head only, and that
# is up to date.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic

project_start fastvue
revision c1 None "network" <<'B'
upgrade:
op.create_table('hosts', sa.Column('id', sa.Integer(), primary_key=True))
downgrade:
op.drop_table('hosts')
B
DEPENDS_ON="'c1'" revision a1 5e6a90c4b7d8 "needs hosts" <<'B'
upgrade:
op.add_column('companies', sa.Column('host_id', sa.Integer(), sa.ForeignKey('hosts.id')))
downgrade:
op.drop_column('companies', 'host_id')
B
expect_status 10 ddb check staging --no-models >out 2>err
expect_status 0 ddb staging >out 2>err
expect_equal a1 "$(psql_at shop 'SELECT version_num FROM alembic_version')"
expect_status 0 ddb check staging --no-models >out 2>err
expect_contains "$(cat out)" "up to date"
expect_status 0 ddb current staging --check-heads >out 2>err
expect_equal "$(alembic current 2>/dev/null | sort)" "$(ddb current staging | sort)"
expect_equal "$(alembic heads 2>/dev/null)" "$(ddb heads)"
expect_status 0 ddb staging >out 2>err
expect_contains "$(cat out)" "nothing to do"

# A verify hook refuses on top of that: both trees are downgraded to what they were.
revision c2 c1 "more hosts" <<'B'
upgrade:
op.add_column('hosts', sa.Column('name', sa.String(20)))
downgrade:
op.drop_column('hosts', 'name')
B
DEPENDS_ON="'c2'" revision a2 a1 "needs names" <<'B'
upgrade:
op.add_column('companies', sa.Column('city', sa.String(20)))
downgrade:
op.drop_column('companies', 'city')
B
printf '#!/bin/sh\nexit 1\n' >scripts/verify_migration.sh
sed -i 's/staging: {/staging: { hooks: { verify = ["scripts\/verify_migration.sh"]; };/' deploy-db.cfg
state_of shop before
expect_status 7 ddb staging >out 2>err
state_of shop after
expect_same before after

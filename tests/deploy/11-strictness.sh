#!/bin/bash
# What the models say and the migrations made differ, in a type and in a server default: an error where
# the environment compares it, a warning or nothing elsewhere, whatever env.py passes.
# time-limit: 600
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic

project_start fastvue
alembic upgrade 4d2c8b1e7f33 2>/dev/null
cat >deploy-db.cfg <<'B'
project = "fastvue";
state_dir = "state";
engine: { plugin = "alembic"; };
environments: {
  both: { database = "env:DATABASE_URL"; strict: { compare_type = true; compare_server_default = true; }; };
  types: { database = "env:DATABASE_URL"; strict: { compare_type = true; }; };
  defaults: { database = "env:DATABASE_URL"; strict: { compare_server_default = true; }; };
  lax: { database = "env:DATABASE_URL"; };
};
B
cp app/models.py models.orig

try()
{
    local env=$1 status=$2

    state_of shop before
    expect_status "$status" ddb "$env" >out 2>err
    if [[ $status -eq 7 ]]; then
        state_of shop after
        expect_same before after "$env"
        return
    fi
    expect_equal 5e6a90c4b7d8 "$(psql_at shop 'SELECT version_num FROM alembic_version')"
    alembic downgrade 4d2c8b1e7f33 2>/dev/null
}

sed -i 's/email = sa.Column(sa.String(255)/email = sa.Column(sa.String(320)/' app/models.py
try types 7
expect_contains "$(cat err)" "email"
expect_contains "$(cat err)" "320"
try both 7
try defaults 0
try lax 0
expect_contains "$(cat err)" "compare_type off, compare_server_default off"

cp models.orig app/models.py
sed -i 's/server_default="active"/server_default="new"/' app/models.py
try defaults 7
expect_contains "$(cat err)" "status"
try both 7
try types 0
try lax 0

# A difference that is neither counts everywhere: an error where it is strict, a warning elsewhere.
cp models.orig app/models.py
sed -i 's/    phone = sa.Column(sa.String(20))/&\n    fax = sa.Column(sa.String(20))/' app/models.py
try types 7
try lax 0
expect_contains "$(cat err)" "warning"
expect_contains "$(cat err)" "fax"
cp models.orig app/models.py
try both 0

# check: the same question without a deployment.
expect_status 10 ddb check both >out 2>err
alembic upgrade head 2>/dev/null
expect_status 0 ddb check both >out 2>err
sed -i 's/email = sa.Column(sa.String(255)/email = sa.Column(sa.String(320)/' app/models.py
expect_status 10 ddb check types >out 2>err
expect_status 0 ddb check defaults >out 2>err

# Models that cannot be compared are known before anything is applied: refused where it is strict.
alembic downgrade 4d2c8b1e7f33 2>/dev/null
cp models.orig app/models.py
sed -i 's/^target_metadata = .*/target_metadata = None/' alembic/env.py
state_of shop before
expect_status 4 ddb types >out 2>err
expect_contains "$(cat err)" "target_metadata"
state_of shop after
expect_same before after
expect_status 4 ddb doctor types >out 2>err
expect_status 0 ddb lax >out 2>err

#!/bin/bash
# Five mistakes in a configuration: all five are reported, with file and line, status 3.
. "${DDB_SRC:-.}/tests/harness/functions.sh"

cat >deploy-db.cfg <<'B'
project = "shop";
engine: { plugin = "alembic"; comand = ["alembic"]; };
stores: { local: { plugin = "local"; path = "snapshots"; }; };
environments: {
  production: {
    database = "dbname=shop";
    protekted = true;
    apply: { lock_timeout = "soon"; };
    snapshot: { stores = ["offsite"]; };
  };
  staging: { strict: { compare_type = 3; }; database = "dbname=shop"; };
};
B
expect_status 3 "$DDB_B/deploy-db" production >out 2>err
text=$(cat err)
expect_equal "" "$(cat out)" "standard output"
for mistake in comand protekted soon offsite compare_type; do
    expect_contains "$text" "$mistake"
done
expect_contains "$text" "deploy-db.cfg:7"
expect_contains "$text" "protected" "the hint"
expect_contains "$text" "5 mistakes"

# No configuration, a wrong one, an unknown environment, an unknown command or option.
expect_status 3 "$DDB_B/deploy-db" production --config missing.cfg >out 2>err
printf 'project = ;\n' >broken.cfg
expect_status 3 "$DDB_B/deploy-db" production --config broken.cfg >out 2>err
expect_contains "$(cat err)" "broken.cfg:1"
printf '%s\n' 'project = "shop"; engine: { plugin = "alembic"; };' \
    'environments: { production: { database = "dbname=shop"; }; };' >small.cfg
expect_status 2 "$DDB_B/deploy-db" prodution --config small.cfg >out 2>err
expect_contains "$(cat err)" "production"
expect_status 2 "$DDB_B/deploy-db" plan production --jsn >out 2>err
expect_contains "$(cat err)" "--json"
expect_status 2 "$DDB_B/deploy-db" heads --into x --config small.cfg >out 2>err

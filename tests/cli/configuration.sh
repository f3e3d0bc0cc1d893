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
# Every key of the manual page has its value in force, a connection string is not shown.
printf '%s\n' 'project = "shop"; engine: { plugin = "alembic"; };' \
    'stores: { vault: { plugin = "local"; keep: { within = "36h"; }; }; };' \
    'environments: { production: { database = "dbname=shop password=geheim"; protected = true;' \
    '  apply: { lock_timeout = "1500ms"; }; snapshot: { max_memory = "1GB"; };' \
    '  recover = ["restore"]; };' \
    '  staging: { database = "env:URL"; refresh: { from = "production"; }; }; };' >all.cfg
expect_status 0 "$DDB_B/deploy-db" config --config all.cfg >out 2>err
awk '/^\.Ss / { group = $2 == "Top" ? "" : $2 "." } /^\.It Ic / && $6 != "group" { print group $3 }' \
    "$DDB_SRC/config/deploy-db.cfg.5" | sed 's/^stores\.LABEL/stores.vault/; s/^environments\.NAME\./  /' >keys
expect_contains "$(cat keys)" "  refresh.exclude_data"
while IFS= read -r key; do
    expect_contains "$(cut -d= -f1 out)" "$key "
done <keys
for line in "stores.vault.keep.within = 36h" "  apply.lock_timeout = 1500ms" "  snapshot.max_memory = 1GB" \
    "  strict.compare_type = true" "  recover = restore" "  database = env:URL" "  hooks.verify ="; do
    grep -qx -- "$line" out || fail "config does not show: $line"
done
expect_lacks "$(cat out)" geheim
expect_status 0 "$DDB_B/deploy-db" config staging --config all.cfg >out 2>err
expect_lacks "$(cat out)" "recover = restore"
expect_status 2 "$DDB_B/deploy-db" config stagin --config all.cfg >out 2>err
expect_contains "$(cat err)" 'no environment "stagin"'
expect_status 2 "$DDB_B/deploy-db" prodution --config small.cfg >out 2>err
expect_contains "$(cat err)" "production"
expect_status 2 "$DDB_B/deploy-db" plan production --jsn >out 2>err
expect_contains "$(cat err)" "--json"
expect_status 2 "$DDB_B/deploy-db" heads --into x --config small.cfg >out 2>err

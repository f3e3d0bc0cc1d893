#!/bin/bash
# Pending revisions apply; the snapshot is complete, and restores without deploy-db.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic pg_dump tar zstd sha256sum

project_start fastvue
alembic upgrade 2b7e41d08c55 2>/dev/null
psql_at shop "INSERT INTO companies (name) SELECT 'c' || n FROM generate_series(1, 5) n;
    INSERT INTO users (company_id, email, name) SELECT 1 + n % 5, 'u' || n, 'é ' || n
      FROM generate_series(1, 1000) n"
state_of shop before

expect_status 0 ddb production >out 2>err
expect_contains "$(cat out)" "5e6a90c4b7d8"
expect_contains "$(cat err)" "compare_type on, compare_server_default on"
expect_equal 5e6a90c4b7d8 "$(psql_at shop 'SELECT version_num FROM alembic_version')"
expect_equal active "$(psql_at shop 'SELECT DISTINCT status FROM users')"
expect_equal 0 "$(psql_at shop "SELECT status FROM deploy_db.run")"
expect_clean

bundle=$(ls snapshots/production-*.tar)
members=$(tar tf "$bundle")
for member in RESTORE.md restore.sh meta.json globals.sql.zst main.dump.zst.000000 MANIFEST.json \
    SHA256SUMS; do
    expect_contains "$members" "$member"
done
mkdir unpacked
tar -C unpacked -xf "$bundle"
expect_status 0 env -u DATABASE_URL sh unpacked/restore.sh copy >restore.out 2>&1
state_of copy restored
expect_same before restored "the emergency restore"

# JSON: one document on standard output, whatever is said on standard error.
expect_status 0 ddb production --json >json 2>/dev/null
/usr/bin/python3 -c 'import json; d = json.load(open("json")); assert d["nothing_to_do"], d'

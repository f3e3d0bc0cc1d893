#!/bin/bash
# The reading revision commands with the sql engine: the same text as Alembic's for the same graph.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic

# shopsql has the revisions of fastvue, written in SQL.
project_start shopsql
mkdir python
cp -r "$DDB_SRC/tests/projects/fastvue/alembic" "$DDB_SRC/tests/projects/fastvue/alembic.ini" \
    "$DDB_SRC/tests/projects/fastvue/app" python/
theirs()
{
    (cd python && PYTHONHASHSEED=0 alembic "$@" 2>/dev/null)
}
ids()
{
    grep -o '[0-9a-f]\{12\}' || true
}
for words in heads branches "history -r 2b7e:4d2c"; do
    # shellcheck disable=SC2086 # the words of a command
    expect_equal "$(theirs $words | ids)" "$(ddb $words | ids)" "$words"
done
expect_equal "5e6a90c4b7d8 (head)" "$(ddb heads)"
expect_contains "$(ddb show 2b7e)" "Path: $PWD/versions/2b7e41d08c55_products.sql"

# The version table is the same, too: what one writes, the other reads. Reading makes none.
expect_equal "" "$(ddb current production)"
expect_equal "" "$(psql_at shop "SELECT to_regclass('alembic_version')")" "version table"
theirs stamp 3c95f2a7e610
expect_equal "$(theirs current)" "$(ddb current production)"
expect_equal "$(theirs history -i | grep current | ids)" \
    "$(ddb history production -i | grep current | ids)" "what is current"
expect_status 10 ddb current production --check-heads >out 2>err

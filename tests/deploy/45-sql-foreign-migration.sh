#!/bin/bash
# Somebody else migrates between our last look and our lock on the version table: our transaction does
# nothing, and no snapshot is restored over what they have done.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"

project_start shopsql
expect_status 0 ddb staging >out 2>err
sql_revision a1 5e6a90c4b7d8 "ours" <<'B'
-- upgrade
CREATE TABLE ours (id int);
-- downgrade
DROP TABLE ours;
B
# has_lock MODE GRANTED: on the version table.
has_lock()
{
    [[ $(psql_at shop "SELECT count(*) FROM pg_locks WHERE relation = 'alembic_version'::regclass
        AND mode = '$1' AND granted = '$2'") -eq 1 ]]
}

mkfifo steps
psql -X -q -d shop -v ON_ERROR_STOP=1 <steps >/dev/null &
exec 8>steps
echo "BEGIN; CREATE TABLE theirs (id int); UPDATE alembic_version SET version_num = 'foreign1';" >&8
wait_for 30 has_lock RowExclusiveLock t

ddb staging >out 2>err &
run=$!
wait_for 60 has_lock ShareRowExclusiveLock f
echo "COMMIT;" >&8
exec 8>&-
expect_status 9 wait "$run"
expect_contains "$(cat err)" "somebody else has migrated meanwhile"
expect_contains "$(cat err)" "nothing is undone"
expect_equal foreign1 "$(psql_at shop "SELECT version_num FROM alembic_version")"
expect_equal "theirs" "$(psql_at shop "SELECT relname FROM pg_class WHERE relname IN ('ours', 'theirs')")"
expect_equal "" "$(psql_at postgres "SELECT datname FROM pg_database WHERE datname ~ 'failed'")"

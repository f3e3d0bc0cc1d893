#!/bin/bash
# The sql engine through the whole pipeline, without Python: deploy, status, check, log; a database that
# goes from Alembic to plain SQL and back.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic pg_dump

project_start shopsql
stored()
{
    psql_at shop "SELECT version_num FROM alembic_version ORDER BY 1" | paste -sd,
}

# Neither Python nor Alembic is started.
mkdir traps
for tool in python3 alembic; do
    # shellcheck disable=SC2016 # for the trap to expand
    printf '#!/bin/sh\necho "$0 $*" >>"%s/trap.log"\nexit 1\n' "$PWD" >traps/$tool
    chmod +x traps/$tool
done
PATH_BEFORE=$PATH
PATH=$PWD/traps:$PATH

expect_status 0 ddb plan production >out 2>err
expect_contains "$(cat out)" "pending: 5 revisions"
expect_equal "" "$(psql_at shop "SELECT to_regclass('alembic_version')")" "version table after plan"
expect_status 0 ddb production >out 2>err
expect_contains "$(cat err)" "running upgrade 4d2c8b1e7f33 -> 5e6a90c4b7d8, orders and their items (5 of 5"
expect_equal 5e6a90c4b7d8 "$(stored)"
expect_status 0 ddb check production >out 2>err
expect_status 0 ddb status production >out 2>err
expect_contains "$(cat out)" "5e6a90c4b7d8"
expect_status 0 ddb production >out 2>err
expect_contains "$(cat out)" "nothing to do"

# The same catalog as psql makes of the same statements, the version table as Alembic's.
createdb plain
for file in versions/*.sql; do
    sed -n '/^-- upgrade/,/^-- downgrade/p' "$file"
done | psql -X -q -1 -v ON_ERROR_STOP=1 -d plain -f -
psql_at plain "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
    INSERT INTO alembic_version VALUES ('5e6a90c4b7d8')"
state_of plain expected
state_of shop now
expect_same expected now "the catalog"

# Down to the first revision, up again; SQL as text does the same.
expect_status 0 ddb downgrade staging 1f0a >out 2>err
expect_equal 1f0a6c3b9d21 "$(stored)"
expect_status 0 ddb upgrade staging heads --sql >up.sql 2>err
createdb copy -T shop
psql -X -q -v ON_ERROR_STOP=1 -d copy -f up.sql >/dev/null
expect_status 0 ddb upgrade staging heads >out 2>err
state_of copy expected
state_of shop now
expect_same expected now "the catalog of upgrade --sql"
expect_status 0 ddb downgrade staging base >out 2>err
expect_equal "" "$(stored)"
for from in base ''; do
    expect_status 0 ddb upgrade staging "$from:heads" --sql >up.sql 2>err
    createdb "fresh$from"
    psql -X -q -v ON_ERROR_STOP=1 -d "fresh$from" -f up.sql >/dev/null
    state_of "fresh$from" now
    expect_same expected now "the catalog of upgrade $from:heads --sql"
done
expect_equal "" "$(cat trap.log 2>/dev/null)" "programs that were started"
PATH=$PATH_BEFORE

# A problem whose text is not in UTF-8 is a problem in JSON too.
createdb ascii -T template0 -E SQL_ASCII --locale=C
psql_at ascii "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)"
PGCLIENTENCODING=SQL_ASCII psql_at ascii $'INSERT INTO alembic_version VALUES (\'z\xff\')'
DATABASE_URL=${DATABASE_URL/shop/ascii} expect_status 0 ddb status staging --json >out 2>err
expect_contains "$(cat out)" 'can'"'"'t locate revision identified by \"z?\"'
DATABASE_URL=${DATABASE_URL/shop/ascii} expect_status 10 ddb check staging --json >out 2>err
expect_contains "$(cat out)" 'can'"'"'t locate revision identified by \"z?\"'

# From Alembic to SQL and back, on one database.
mkdir "$TMPDIR/other"
cp -r "$DDB_SRC/tests/projects/fastvue" "$TMPDIR/other/"
dropdb shop
createdb shop
(cd "$TMPDIR/other/fastvue" && alembic upgrade 2b7e41d08c55 2>/dev/null)
expect_status 0 ddb upgrade staging 4d2c >out 2>err
expect_equal 4d2c8b1e7f33 "$(stored)"
(cd "$TMPDIR/other/fastvue" && alembic upgrade head 2>/dev/null)
expect_equal 5e6a90c4b7d8 "$(stored)"
expect_status 0 ddb staging >out 2>err
expect_contains "$(cat out)" "nothing to do"
expect_status 0 ddb downgrade staging 3c95 >out 2>err
(cd "$TMPDIR/other/fastvue" && alembic downgrade 1f0a6c3b9d21 2>/dev/null)
expect_equal 1f0a6c3b9d21 "$(stored)"
expect_clean

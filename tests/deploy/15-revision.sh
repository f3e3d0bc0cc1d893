#!/bin/bash
# A new revision from the models: refused while the database is behind, then written, deployed, and the
# models agree. The database stays as it was while files are written.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic

project_start fastvue
files()
{
    find alembic -name '*.py' | sort
}

# Nothing was applied yet: the models cannot be compared.
files >before
expect_status 4 ddb revision staging --autogenerate -m "too early" >out 2>err
expect_contains "$(cat err)" 'environment "staging" is not at the heads: 5 pending revisions'
files >after
expect_same before after
expect_status 0 ddb staging >out 2>err

# A column more in the models becomes an operation in the file.
sed -i '/^class Company/,/nullable=False)$/s/^    name = .*/&\n    city = sa.Column(sa.String(77))/' app/models.py
expect_status 10 ddb check staging >out 2>err
state_of shop before
expect_status 0 ddb revision staging --autogenerate -m "Add the city" --rev-id c17 >out 2>err
state_of shop after
expect_same before after
expect_equal "Generating $PWD/alembic/versions/c17_add_the_city.py ...  done" "$(cat out)"
expect_contains "$(cat alembic/versions/c17_add_the_city.py)" "sa.Column('city', sa.String(length=77)"
expect_equal "c17 (head)" "$(alembic heads 2>/dev/null)"

# Behind again: nothing more is generated; an empty file can be written, without a database.
expect_status 4 ddb revision staging --autogenerate -m "again" >out 2>err
expect_status 0 env -u DATABASE_URL PGHOST=/nonexistent "$DDB_B/deploy-db" revision -m "by hand" \
    --rev-id c18 >out 2>err
expect_status 0 ddb staging >out 2>err
expect_status 0 ddb check staging >out 2>err
expect_equal c18 "$(psql_at shop 'SELECT version_num FROM alembic_version')"

# An env.py that writes is stopped: the database is not changed by writing a file.
cp alembic/env.py env.py
sed -i 's/^    with engine.connect() as connection:/&\n        connection.execute("CREATE TABLE stray (id int)")/' \
    alembic/env.py
grep -q stray alembic/env.py || fail "env.py is as it was"
state_of shop before
expect_status 4 ddb revision staging --autogenerate -m "stray" >out 2>err
expect_contains "$(cat err)" "read-only transaction"
state_of shop after
expect_same before after
cp env.py alembic/env.py

# Two developers, two heads: one file joins them, and the deployment goes on.
expect_status 0 ddb revision -m "one" --rev-id d1 >out 2>err
expect_status 0 ddb revision -m "other" --rev-id d2 --head c18 --splice >out 2>err
expect_status 0 ddb mergeheads -m "merge branches" --rev-id d3 >out 2>err
expect_equal "d1, d2 -> d3 (head) (mergepoint), merge branches" "$(ddb history | head -n 1)"
expect_status 0 ddb staging >out 2>err
expect_equal d3 "$(psql_at shop 'SELECT version_num FROM alembic_version')"
expect_equal "$(alembic current 2>/dev/null)" "$(ddb current staging)"

# A database that has nothing at all, and a project without a revision: the first one is generated.
createdb empty
rm alembic/versions/*.py
export DATABASE_URL="postgresql+psycopg2://postgres@/empty?host=$PGHOST&port=${PGPORT:-5432}"
expect_status 0 ddb revision staging --autogenerate -m "everything" --rev-id e1 >out 2>err
expect_contains "$(cat alembic/versions/e1_everything.py)" "op.create_table('order_items'"
expect_status 0 ddb staging >out 2>err
expect_status 0 ddb check staging >out 2>err

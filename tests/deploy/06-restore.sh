#!/bin/bash
# The verify hook refuses after a column with data was dropped: restored from the snapshot, the failed
# database kept with what was written in between.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic

project_start fastvue
alembic upgrade head 2>/dev/null
psql_at shop "INSERT INTO companies (name) VALUES ('one');
    INSERT INTO users (company_id, email, phone) SELECT 1, 'u' || n, '030 ' || n
      FROM generate_series(1, 2000) n"
psql_at postgres "ALTER DATABASE shop SET work_mem = '7MB'; CREATE ROLE reader;
    GRANT CONNECT, TEMP ON DATABASE shop TO reader; ALTER ROLE reader IN DATABASE shop SET jit = off"
cp later/6f3d7a9b1c04_drop_phone.py alembic/versions/
sed -i "/phone = sa/d" app/models.py

# While the deployment runs, somebody orders: the hook stands for that somebody.
cat >scripts/verify_migration.sh <<'B'
#!/bin/sh
psql -X -q -c "INSERT INTO companies (name) VALUES ('meanwhile')" \
    -c "UPDATE users SET status = 'late' WHERE id <= 3" -c "DELETE FROM users WHERE id = 9"
echo "no phone numbers" >&2
exit 1
B
state_of shop before
expect_status 8 ddb production >out 2>err
state_of shop after
expect_same before after
expect_equal 2000 "$(psql_at shop "SELECT count(*) FROM users WHERE phone LIKE '030 %'")"
expect_contains "$(cat out)" "recovered by: restore"
expect_contains "$(cat out)" "public.companies: 1 inserted, 0 updated, 0 deleted"
expect_contains "$(cat out)" "public.users: 0 inserted, 3 updated, 1 deleted"
expect_clean

kept=$(psql_at postgres "SELECT datname FROM pg_database WHERE datname LIKE 'shop_failed_%'")
expect_contains "$(cat out)" "$kept"
expect_equal f "$(psql_at postgres "SELECT datallowconn FROM pg_database WHERE datname = '$kept'")"
psql_at postgres "ALTER DATABASE \"$kept\" ALLOW_CONNECTIONS true"
expect_equal 1 "$(psql_at "$kept" "SELECT count(*) FROM companies WHERE name = 'meanwhile'")"
expect_equal 3 "$(psql_at "$kept" "SELECT count(*) FROM users WHERE status = 'late'")"
expect_equal 8 "$(psql_at shop 'SELECT status FROM deploy_db.run ORDER BY started DESC LIMIT 1')"

# A database without the schema public is restored without it.
psql_at postgres "CREATE DATABASE bare"
psql_at bare "CREATE SCHEMA s; DROP SCHEMA public; ALTER DATABASE bare SET search_path = s;
    CREATE TABLE s.t AS SELECT n FROM generate_series(1, 10) n"
expect_status 0 env DATABASE_URL="${DATABASE_URL/shop/bare}" "$DDB_B/deploy-db" snapshot production >out 2>err
state_of bare before
taken=$(basename "$(cat out)")
psql_at bare "DELETE FROM s.t"
expect_status 0 env DATABASE_URL="${DATABASE_URL/shop/bare}" "$DDB_B/deploy-db" restore production --yes \
    "$taken" >out 2>err
state_of bare after
expect_same before after

# Nobody has to clean up before the next deployment.
printf '#!/bin/sh\nexit 0\n' >scripts/verify_migration.sh
expect_status 0 ddb production >out 2>err
expect_equal 6f3d7a9b1c04 "$(psql_at shop 'SELECT version_num FROM alembic_version')"

#!/bin/bash
# Staging made anew from a snapshot of production, while somebody uses it: hooks and pending migrations
# run in the fresh database, the old one is kept, and of those only as many as are wanted.
# time-limit: 600
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic

project_start fastvue
alembic upgrade head 2>/dev/null
psql_at shop "INSERT INTO companies (name) SELECT 'c' || n FROM generate_series(1, 20) n;
    INSERT INTO users (company_id, email, phone) SELECT 1, 'u' || n || '@shop.example', '030 ' || n
      FROM generate_series(1, 500) n"
# What would reach other servers is forgotten by the hook that comes with the program.
psql_at shop "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER far FOREIGN DATA WRAPPER w;
    CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (password 'x');
    CREATE USER MAPPING FOR postgres SERVER far OPTIONS (password 'y');
    SET client_min_messages = error;
    CREATE SUBSCRIPTION follows CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false)"
createdb stage
export STAGING_URL=${DATABASE_URL/shop/stage}
mkdir -p hooks
cat >deploy-db.cfg <<C
project = "fastvue";
state_dir = "state";
engine: { plugin = "alembic"; };
stores: { local: { plugin = "local"; path = "snapshots"; }; };
environments: {
  production: { database = "env:DATABASE_URL"; protected = true; };
  staging: {
    database = "env:STAGING_URL";
    strict: { compare_type = true; };
    hooks: { post_refresh = ["hooks/quiet.sql", "$DDB_SRC/hooks/post-refresh.sql", "hooks/told"]; };
    refresh: { from = "production"; };
  };
};
C
cat >hooks/quiet.sql <<'S'
-- No mail leaves the copy.
UPDATE public.users SET email = email || '.invalid';
CREATE TABLE public.staging_only (n int);
DROP TABLE public.staging_only;
S
cat >hooks/told <<'S'
#!/bin/sh
{
    echo "$1 $DEPLOY_DB_ENV $PGDATABASE"
    psql -X -A -t -c "SELECT count(*) FROM users WHERE email LIKE '%.invalid'"
} >>told
S
chmod +x hooks/told
psql_at stage "CREATE TABLE old (n int); INSERT INTO old VALUES (1)"
psql_at postgres "ALTER DATABASE stage SET work_mem = '9MB'; CREATE ROLE tester;
    GRANT CONNECT ON DATABASE stage TO tester; ALTER DATABASE shop SET work_mem = '3MB'"
expect_status 0 ddb snapshot production >out 2>err
first=$(basename "$(cat out)")

# The checkout is ahead of production by one revision; staging is in use until the exchange.
later 6f3d7a9b1c04
sed -i "/phone = sa/d" app/models.py
psql_at stage "SELECT pg_sleep(300)" >/dev/null 2>&1 &
user=$!
in_use()
{
    [[ $(psql_at postgres "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'") -eq 1 ]]
}
wait_for 10 in_use
expect_status 0 ddb refresh staging --yes >out 2>err
wait $user && fail "the session in the old database was not ended"
expect_contains "$(cat out)" "staging: refreshed"
expect_contains "$(cat out)" "from: production, snapshot $first"
expect_contains "$(cat out)" "migrations: 1"
expect_equal 500 "$(psql_at stage "SELECT count(*) FROM users WHERE email LIKE 'u%@shop.example.invalid'")"
expect_equal 6f3d7a9b1c04 "$(psql_at stage "SELECT version_num FROM alembic_version")"
expect_contains "$(cat told)" "post-refresh staging stage_fresh_"
expect_contains "$(cat told)" "500"
expect_clean
expect_equal "0|0" "$(psql_at stage "SELECT (SELECT count(*) FROM pg_user_mappings), (SELECT count(*)
    FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = 'stage'))")"
# Production is as it was, at its own revision.
expect_equal 0 "$(psql_at shop "SELECT count(*) FROM users WHERE email LIKE '%.invalid'")"
expect_equal 5e6a90c4b7d8 "$(psql_at shop "SELECT version_num FROM alembic_version")"
# The database has its own settings and grants, and knows what it is.
expect_equal 9MB "$(psql_at stage "SHOW work_mem")"
expect_equal t "$(psql_at stage "SELECT has_database_privilege('tester', 'stage', 'CONNECT')
    AND datacl::text LIKE '%tester%' FROM pg_database WHERE datname = 'stage'")"
expect_equal "staging|f" "$(psql_at stage "SELECT name, protected FROM deploy_db.environment")"
expect_equal "refresh|0" "$(psql_at stage "SELECT command, status FROM deploy_db.run WHERE environment = 'staging'")"
# What was there is kept, closed.
kept=$(psql_at postgres "SELECT datname FROM pg_database WHERE datname LIKE 'stage_before_%'")
expect_contains "$(cat out)" "kept as $kept"
expect_equal f "$(psql_at postgres "SELECT datallowconn FROM pg_database WHERE datname = '$kept'")"
expect_status 0 ddb check staging >out 2>err
expect_status 0 ddb log staging >out 2>err
expect_contains "$(cat out)" "refresh"

# A later one drops what the earlier one has replaced, and nothing else.
psql_at postgres "CREATE DATABASE stage_before_christmas"
expect_status 0 ddb refresh staging "$first" --from production --yes --json >out 2>err
json()
{
    python3 -c 'import json, sys; d = json.load(open("out")); print(eval(sys.argv[1]))' "$1"
}
expect_equal "['$kept']" "$(json 'd["dropped"]')"
expect_equal "production" "$(json 'd["source"]')"
expect_equal "" "$(psql_at postgres "SELECT datname FROM pg_database WHERE datname = '$kept'")"
expect_equal 2 "$(psql_at postgres "SELECT count(*) FROM pg_database WHERE datname LIKE 'stage_before_%'")"
expect_equal 2 "$(psql_at stage "SELECT count(*) FROM deploy_db.run WHERE command = 'refresh' AND status = 0")"

# One that somebody has opened is in use.
kept=$(psql_at postgres "SELECT datname FROM pg_database WHERE datname LIKE 'stage_before_2%'")
psql_at postgres "ALTER DATABASE \"$kept\" ALLOW_CONNECTIONS true"
expect_status 0 ddb refresh staging --yes --new >out 2>err
expect_equal 1 "$(psql_at postgres "SELECT count(*) FROM pg_database WHERE datname = '$kept'")"
expect_lacks "$(cat out)" "$first"
expect_equal 2 "$(find snapshots -name 'production-*.tar' | wc -l)"
psql_at postgres "ALTER DATABASE \"$kept\" ALLOW_CONNECTIONS false"

# Where nothing is, the fresh one gets the name.
psql_at postgres "DROP DATABASE stage WITH (FORCE)"
expect_status 0 ddb refresh staging --yes >out 2>err
expect_equal 500 "$(psql_at stage "SELECT count(*) FROM users")"
expect_equal 6f3d7a9b1c04 "$(psql_at stage "SELECT version_num FROM alembic_version")"
expect_clean
expect_status 0 ddb recover staging >out 2>err
expect_contains "$(cat out)" "nothing to recover"

# Production says what it is once it was deployed to; the copy does not repeat it.
expect_status 0 ddb production >out 2>err
expect_equal "production|t" "$(psql_at shop "SELECT name, protected FROM deploy_db.environment")"
expect_status 0 ddb snapshot production >out 2>err
expect_status 0 ddb refresh staging --yes >out 2>err
expect_equal "staging|f" "$(psql_at stage "SELECT name, protected FROM deploy_db.environment")"
expect_status 0 ddb log staging >out 2>err
expect_contains "$(cat out)" "refreshed"
expect_lacks "$(cat out)" "deployed"
# Neither does one that was restored from production's snapshot, and a refresh replaces that, too.
newest=$(find snapshots -name 'production-*.tar' | sort | tail -n 1)
expect_status 0 ddb restore staging "${newest##*/}" --yes >out 2>err
expect_equal "staging|f" "$(psql_at stage "SELECT name, protected FROM deploy_db.environment")"
expect_equal 0 "$(psql_at stage "SELECT count(*) FROM users WHERE email LIKE '%.invalid'")"
psql_at postgres "DROP DATABASE \"$(sed -n 's/.*is kept as \(stage_before_[0-9TZa-f-]*\).*/\1/p' out)\""
expect_status 0 ddb refresh staging --yes >out 2>err
expect_equal 500 "$(psql_at stage "SELECT count(*) FROM users WHERE email LIKE '%.invalid'")"
expect_equal "production|t" "$(psql_at shop "SELECT name, protected FROM deploy_db.environment")"

# What was just replaced is kept, also where another machine's clock was ahead.
ahead=20990101T000000Z-abcdef
psql_at postgres "CREATE DATABASE \"stage_before_$ahead\" ALLOW_CONNECTIONS false"
psql_at stage "INSERT INTO deploy_db.run (id, environment, command, started, ended, phase, status)
    VALUES ('$ahead', 'staging', 'refresh', now(), now(), 'exchange', 0)"
expect_status 0 ddb refresh staging --yes >out 2>err
expect_contains "$(cat out)" "dropped: stage_before_$ahead"
kept=$(sed -n 's/.*is kept as \(stage_before_[0-9TZa-f-]*\).*/\1/p' out)
expect_equal "$kept" "$(psql_at postgres "SELECT datname FROM pg_database WHERE datname LIKE 'stage\_before\_2%'")"

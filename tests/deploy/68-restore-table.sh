#!/bin/bash
# restore --table: the rows of single tables beside the live ones, out of chunks and out of the dump; no
# live table is touched, no deployment is disturbed, and a crash leaves all of them or none.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"

project_start shopsql
sed -i 's/ staging: {/& snapshot: { copy_threshold = "256kB"; };/' deploy-db.cfg
expect_status 0 ddb staging >out 2>err
psql_at shop "CREATE SCHEMA \"My \"\"app\"; CREATE TYPE mood AS ENUM ('sad', 'ok');
    CREATE TABLE \"My \"\"app\".\"T.able (x\" (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, m mood,
        t text COLLATE \"C\" NOT NULL, gone int, twice int GENERATED ALWAYS AS (length(t) * 2) STORED,
        CHECK (t <> 'never'));
    ALTER TABLE \"My \"\"app\".\"T.able (x\" DROP COLUMN gone;
    INSERT INTO \"My \"\"app\".\"T.able (x\" (m, t) SELECT 'ok', E'a\tb\n\\\\.' || n FROM generate_series(1, 40) n;
    CREATE TABLE big (id int PRIMARY KEY, t text); INSERT INTO big SELECT n, md5(n::text) FROM generate_series(1, 30000) n;
    CREATE TABLE none (a int); CREATE TABLE empty (); INSERT INTO empty DEFAULT VALUES;
    CREATE SCHEMA other; CREATE TABLE other.none (b text); INSERT INTO other.none VALUES ('x');
    CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN RAISE EXCEPTION 'no'; END \$\$;
    CREATE TABLE part (k int) PARTITION BY RANGE (k); CREATE TABLE part_1 PARTITION OF part DEFAULT"
rows_of()
{
    psql_at shop "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM $1 t"
}
big=$(rows_of big)
odd=$(rows_of '"My ""app"."T.able (x"')
expect_status 0 ddb snapshot staging >out 2>err
taken=$(basename "$(cat out)")
expect_contains "$(tar xOf "snapshots/$taken" copy.list)" "public.big"

# Somebody deletes, changes, adds a trigger and a column.
psql_at shop "DELETE FROM big WHERE id > 7; ALTER TABLE big ADD more int; DROP TABLE other.none;
    CREATE TRIGGER noted BEFORE INSERT ON big FOR EACH ROW EXECUTE FUNCTION noted();
    UPDATE \"My \"\"app\".\"T.able (x\" SET t = 'x'"
expect_status 0 ddb staging >out 2>err
state_of shop before

into()
{
    sed -n "s/^deploy_db\.\($1.*\): .*/\1/p" out
}
expect_same_state()
{
    state_of shop after
    expect_same before after "the live database after $1"
    expect_clean
}

# --- out of chunks, out of the dump, several at once ------------------------------------------------------

expect_status 0 ddb restore staging "$taken" --table big --table '"My ""app"."T.able (x"' --table other.none \
    --table public.none --table empty >out 2>err
expect_equal 5 "$(wc -l <out)"
expect_contains "$(cat out)" ": 30000 rows of public.big"
expect_equal "$big" "$(rows_of "deploy_db.\"$(into big)\"")"
expect_equal "$odd" "$(rows_of "deploy_db.\"$(into 'T.able')\"")"
expect_contains "$(cat out)" ": 1 rows of other.none"
expect_contains "$(cat out)" ": 0 rows of public.none"
expect_contains "$(cat out)" ": 1 rows of public.empty"
expect_equal "id,m,t,twice" "$(psql_at shop "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = 'deploy_db.\"$(into 'T.able')\"'::regclass AND attnum > 0")"
expect_contains "$(psql_at shop "SELECT obj_description('deploy_db.\"$(into big)\"'::regclass)")" "$taken"
expect_same_state "a restore of tables"

# No deployment takes them for drift; a snapshot and a restore of all go on.
expect_status 0 ddb check staging >out 2>err
expect_status 0 ddb staging >out 2>err
expect_status 0 ddb restore staging "$taken" --table public.big --json >out 2>err
expect_contains "$(cat out)" '"rows": 30000'
expect_contains "$(cat out)" '"table": "big"'

# --- what is refused leaves nothing ------------------------------------------------------------------------

count()
{
    psql_at shop "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
        WHERE nspname = 'deploy_db' AND relname LIKE '%\_restored\_%'"
}
n=$(count)
expect_equal 6 "$n"
expect_status 4 ddb restore staging "$taken" --table none --table missing --table part >out 2>err
expect_contains "$(cat err)" '"none" is the name of several tables'
expect_contains "$(cat err)" 'no table "missing"'
expect_contains "$(cat err)" 'no table "part"'
expect_status 2 ddb restore staging "$taken" --table big --into x >out 2>err
expect_status 2 ddb restore staging "$taken" --table big --undo >out 2>err
psql_at shop "DROP TYPE mood CASCADE"
state_of shop before
expect_status 6 ddb restore staging "$taken" --table big --table '"My ""app"."T.able (x"' >out 2>err
expect_contains "$(cat err)" 'type "public.mood" does not exist'
expect_equal "$n" "$(count)"
expect_same_state "a type that is gone"

# --- cut off -----------------------------------------------------------------------------------------------

for point in restore.begin recover.created tables.loaded; do
    status=0
    DEPLOY_DB_FAULT=$point:kill "$DDB_FAULTS_B/deploy-db" restore staging "$taken" --table big >out 2>err || status=$?
    expect_equal 137 $status "killed at $point"
    expect_status 7 ddb recover staging >out 2>err
    expect_equal "$n" "$(count)" "tables after $point"
    expect_same_state "a kill at $point"
done

# What a run that nobody has recovered yet has left beside the live database, the next one drops.
status=0
DEPLOY_DB_FAULT=recover.created:kill "$DDB_FAULTS_B/deploy-db" restore staging "$taken" --table big >out 2>err || status=$?
expect_equal 137 $status
expect_status 6 env DEPLOY_DB_FAULT=tables.loaded:fail "$DDB_FAULTS_B/deploy-db" restore staging "$taken" \
    --table big >out 2>err
expect_same_state "the next run"
expect_status 7 ddb recover staging >out 2>err
expect_status 6 env DEPLOY_DB_FAULT=tables.loaded:fail "$DDB_FAULTS_B/deploy-db" restore staging "$taken" \
    --table big >out 2>err
expect_equal "$n" "$(count)"
expect_same_state "a failure"
expect_status 6 env DEPLOY_DB_FAULT=recover.created:fail "$DDB_FAULTS_B/deploy-db" restore staging "$taken" \
    --table big >out 2>err
expect_same_state "a failure beside the live database"
# A signal after the last row: not committed, and that is known.
DEPLOY_DB_FAULT=tables.loaded:stop "$DDB_FAULTS_B/deploy-db" restore staging "$taken" --table big >out 2>err &
run=$!
is_stopped()
{
    [[ $(awk '/^State/ { print $2 }' "/proc/$run/status") == T ]]
}
wait_for 60 is_stopped
kill -INT $run
kill -CONT $run
status=0
wait $run || status=$?
expect_equal 6 $status "stopped before the commit"
expect_equal "$n" "$(count)"
expect_same_state "a signal"
expect_status 0 ddb recover staging >out 2>err
expect_contains "$(cat out)" "nothing to recover"

# --- the answer to COMMIT is lost ----------------------------------------------------------------------------

# It waits for a standby when its session is ended, or the server falls: all of it is committed, and that is
# found out.
waiting="wait_event = 'SyncRep' AND query = 'COMMIT'"
end_waiting()
{
    [[ $(psql_at postgres "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE $waiting") == t ]]
}
crash_waiting()
{
    [[ $(psql_at postgres "SELECT pid FROM pg_stat_activity WHERE $waiting") ]] || return 1
    cluster_crash
    cluster_boot
}
psql_at shop "ALTER ROLE postgres SET synchronous_commit = local"
for how in end_waiting crash_waiting; do
    psql_at shop "ALTER SYSTEM SET synchronous_standby_names = 'nobody'"
    psql_at shop "SELECT pg_reload_conf()" >/dev/null
    ddb restore staging "$taken" --table big >out 2>err &
    run=$!
    wait_for 60 $how
    psql_at shop "ALTER SYSTEM RESET synchronous_standby_names"
    psql_at shop "SELECT pg_reload_conf()" >/dev/null
    wait "$run" || fail "$how: status $?: $(cat err)"
    expect_contains "$(cat err)" "all of it is committed"
    n=$((n + 1))
    expect_equal "$n" "$(count)" "tables after $how"
    expect_equal "$big" "$(rows_of "deploy_db.\"$(into big)\"")"
    expect_same_state $how
done

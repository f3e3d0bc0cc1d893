#!/bin/bash
# The session is ended while its COMMIT waits for a standby: committed, and nobody was told so. All is as
# planned, and nothing is restored.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"

project_start shopsql
expect_status 0 ddb staging >out 2>err
sql_revision a1 5e6a90c4b7d8 "planned" <<'B'
-- upgrade
DELETE FROM orders;
CREATE TABLE planned (id int);
-- downgrade
DROP TABLE planned;
B
psql_at shop "CREATE FUNCTION wait_for_standby() RETURNS trigger LANGUAGE plpgsql AS
        'begin perform set_config(''synchronous_commit'', ''on'', true); return new; end';
    CREATE TRIGGER waits AFTER UPDATE ON alembic_version FOR EACH ROW EXECUTE FUNCTION wait_for_standby();
    ALTER ROLE postgres SET synchronous_commit = local"
psql_at shop "ALTER SYSTEM SET synchronous_standby_names = 'nobody'"
psql_at shop "SELECT pg_reload_conf()" >/dev/null

ddb staging >out 2>err &
run=$!
end_waiting()
{
    [[ $(psql_at postgres "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE wait_event = 'SyncRep' AND application_name LIKE 'deploy-db%'") == t ]]
}
wait_for 60 end_waiting
psql_at shop "ALTER SYSTEM RESET synchronous_standby_names"
psql_at shop "SELECT pg_reload_conf()" >/dev/null
expect_status 0 wait "$run"
expect_contains "$(cat err)" "all of it is committed"
expect_equal a1 "$(psql_at shop "SELECT version_num FROM alembic_version")"
expect_equal 0 "$(rows planned)"
expect_status 0 ddb check staging >out 2>err

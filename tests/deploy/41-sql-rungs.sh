#!/bin/bash
# The sql engine's failures: each rung brings the database back as it was.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"

project_start shopsql
expect_status 0 ddb staging >out 2>err
psql_at shop "INSERT INTO companies (name) SELECT 'c' || n FROM generate_series(1, 300) n;
    INSERT INTO users (company_id, email, phone) SELECT 1 + n % 300, 'u' || n, n FROM generate_series(1, 900) n;
    INSERT INTO orders (user_id) SELECT 1 + n % 900 FROM generate_series(1, 500) n"
state_of shop before

# back STATUS WHAT: a deployment ends with STATUS and leaves everything as it was.
back()
{
    expect_status "$1" ddb "${3:-production}" >out 2>err
    state_of shop after
    expect_same before after "$2"
    expect_clean
}

# Transaction: a statement fails; the message names revision, file, line and reason.
later 6a1b0d5c2e77
back 7 "a statement that fails"
expect_contains "$(cat out)" "recovered by: transaction"
expect_contains "$(cat err)" "6a1b0d5c2e77"
expect_contains "$(cat err)" "6a1b0d5c2e77_company_is_required.sql"
expect_contains "$(cat err)" "contains null values"
rm versions/6a1b*

# The second of two fails, one transaction for the run, then one for each.
sql_revision a1 5e6a90c4b7d8 "first" <<'B'
-- upgrade
CREATE TABLE first (id int);
-- downgrade
DROP TABLE first;
B
sql_revision a2 a1 "second" <<'B'
-- upgrade
CREATE TABLE second (id int);
SELECT 1 / 0;
-- downgrade
DROP TABLE second;
B
back 7 "the second of two"
expect_contains "$(cat out)" "recovered by: transaction"
sed -i 's/plugin = "sql"/plugin = "sql"; transaction = "migration"/' deploy-db.cfg
back 7 "the second of two, a transaction for each"
expect_contains "$(cat out)" "recovered by: downgrade"
rm versions/a2_*

# Downgrade: refused afterwards by a verify hook, and nothing was destroyed.
printf '#!/bin/sh\necho "not today" >&2\nexit 1\n' >scripts/verify_migration.sh
back 7 "refused by the hook"
expect_contains "$(cat out)" "recovered by: downgrade"

# The way down waits for who holds a lock; a restore would cut them off.
cat >scripts/verify_migration.sh <<'B'
#!/bin/sh
PGAPPNAME=somebody setsid psql -X -q -d shop -c "BEGIN; LOCK TABLE first IN ROW EXCLUSIVE MODE; SELECT pg_sleep(3)" >lock.out 2>&1 &
until psql -X -A -t -d shop -c "SELECT granted FROM pg_locks WHERE relation = 'first'::regclass" | grep -q t; do
    :
done
exit 1
B
sed -i 's/production: {/production: { apply: { lock_timeout = "300ms"; };/' deploy-db.cfg
back 7 "a lock on the way down"
expect_contains "$(cat out)" "recovered by: downgrade"
expect_contains "$(cat err)" "due to lock timeout; attempt 2 of 6 follows"
printf '#!/bin/sh\nexit 1\n' >scripts/verify_migration.sh
rm versions/a1_*

# Restore: a column and its data are gone.
later 6f3d7a9b1c04
back 8 "a dropped column"
expect_contains "$(cat out)" "recovered by: restore"
rm versions/6f3d*

# A downgrade that does more than take back is not what brings the rows back; the plan says so.
sql_revision a1 5e6a90c4b7d8 "a careless downgrade" <<'B'
-- upgrade
CREATE TABLE first (id int);
-- downgrade
DROP TABLE first;
DELETE FROM orders;
B
expect_status 0 ddb plan production >out 2>err
expect_contains "$(cat out)" '! the downgrade itself deletes rows of table "orders"'
expect_contains "$(cat out)" "downgrade: not taken"
back 8 "a careless downgrade"
expect_contains "$(cat out)" "recovered by: restore"

# What no rollback takes back: the transaction alone proves nothing.
sql_revision a1 5e6a90c4b7d8 "a sequence" <<'B'
-- upgrade
SELECT setval('orders_id_seq', 7000);
SELECT 1 / 0;
-- downgrade
B
back 8 "a sequence's value"
sql_revision a1 5e6a90c4b7d8 "another session" <<B
-- upgrade
COPY (SELECT 'DELETE FROM orders') TO PROGRAM 'psql -X -q -d shop -h $PGHOST';
SELECT 1 / 0;
-- downgrade
B
back 8 "another session"

# A missing downgrade section: only the snapshot helps.
sql_revision a1 5e6a90c4b7d8 "one way" <<'B'
-- upgrade
CREATE TABLE first (id int);
B
back 8 "no way down"

# What cannot be read stops before anything is done: all mistakes, with file and line.
sql_revision a1 5e6a90c4b7d8 "garbage" <<'B'
-- upgrade
\i other.sql
COMMIT;
-- downgrade
B
sql_revision a2 a1 "unfinished" <<'B'
-- upgrade
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1;
B
back 4 "files that cannot be read"
expect_contains "$(cat err)" "a1_test.sql"
expect_contains "$(cat err)" "a2_test.sql"

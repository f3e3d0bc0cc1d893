#!/bin/bash
# Sections outside of a transaction: half applied is known by statement number, undone, or continued.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"

project_start shopsql
expect_status 0 ddb staging >out 2>err
psql_at shop "INSERT INTO companies (name) VALUES ('c');
    INSERT INTO users (company_id, email) SELECT 1, 'u' || n FROM generate_series(1, 900) n;
    INSERT INTO orders (user_id) SELECT 1 + n % 900 FROM generate_series(1, 500) n"
state_of shop before

# It works, with COPY data, a function with a body, an index built concurrently; down and up again.
later 7a4e2f6b8d15
expect_status 0 ddb staging >out 2>err
expect_equal 'de|Germany; "Deutschland"
fr|France -- la France
is|Ísland' "$(psql_at shop "SELECT * FROM countries ORDER BY 1")"
expect_equal t "$(psql_at shop "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_orders_user_id'::regclass")"
expect_status 0 ddb downgrade staging -1 >out 2>err
state_of shop after
expect_same before after "down again"

# It fails at its last statement: what was done is undone, proven equal to before.
psql_at shop "CREATE TABLE other (id int); CREATE INDEX ix_orders_user_id ON other (id)"
state_of shop before
expect_status 7 ddb staging >out 2>err
expect_contains "$(cat out)" "recovered by: downgrade"
expect_contains "$(cat err)" "statement 4"
state_of shop after
expect_same before after "undone"

# Where no way back is allowed it stays half applied, and says so; once the obstacle is gone it goes on.
sed -i 's|staging: {|staging: { recover = ["transaction"];|' deploy-db.cfg
expect_status 9 ddb staging >out 2>err
expect_equal 3 "$(psql_at shop "SELECT count(*) FROM countries")"
expect_status 4 ddb staging >out 2>err
expect_contains "$(cat err)" "unfinished"
expect_status 0 ddb status staging >out 2>err
expect_contains "$(cat out)" "UNFINISHED: run "
expect_contains "$(cat out)" "deploy-db recover staging"
expect_status 0 ddb log staging >out 2>err
expect_contains "$(cat out)" "  deploy      -  "
# A file that is not what was begun stops the run before it does anything.
psql_at shop "UPDATE deploy_db.run SET ended = now(), status = 9 WHERE ended IS NULL"
rm -rf state
cp versions/7a4e2f6b8d15_order_lookup.sql begun.sql
echo "-- edited" >>versions/7a4e2f6b8d15_order_lookup.sql
expect_status 4 ddb staging >out 2>err
expect_contains "$(cat err)" "revision 7a4e2f6b8d15 is half applied"
expect_contains "$(cat err)" "a file that has changed since"
mv begun.sql versions/7a4e2f6b8d15_order_lookup.sql
psql_at shop "DROP TABLE other"
sed -i 's|recover = \["transaction"\];|recover = ["transaction", "downgrade"];|' deploy-db.cfg
expect_status 0 ddb status staging >out 2>err
expect_contains "$(cat out err)" "half applied"
expect_status 0 ddb staging >out 2>err
expect_equal 3 "$(psql_at shop "SELECT count(*) FROM countries")" "rows after going on"
expect_equal t "$(psql_at shop "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_orders_user_id'::regclass")"
expect_equal 0 "$(psql_at shop "SELECT count(*) FROM deploy_db.half_applied")"

# A unique index that cannot be built leaves nothing invalid behind; built again once it can be.
sql_revision b1 7a4e2f6b8d15 "one order each" <<'B'
-- upgrade
-- no transaction
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ux_orders_user ON orders (user_id, placed_at);
-- downgrade
-- no transaction
DROP INDEX CONCURRENTLY ux_orders_user;
B
psql_at shop "UPDATE orders SET user_id = 1, placed_at = '2024-01-01'"
state_of shop before
expect_status 7 ddb staging >out 2>err
state_of shop after
expect_same before after "after an index that could not be built"
# One that another tool left invalid is built again, not skipped.
psql_at shop "CREATE UNIQUE INDEX CONCURRENTLY ux_orders_user ON orders (user_id, placed_at)" 2>/dev/null || true
expect_equal f "$(psql_at shop "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ux_orders_user'::regclass")"
psql_at shop "DELETE FROM orders WHERE id > 1"
expect_status 0 ddb staging >out 2>err
expect_equal t "$(psql_at shop "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ux_orders_user'::regclass")"

# A mistake before anything was changed: the corrected file is deployed, from its first statement on.
sql_revision b3 b1 "look up by day" <<'B'
-- upgrade
-- no transaction
VACUUM orders;
CREATE INDEX CONCURRENTLY ix_orders_day ON orders (day);
-- downgrade
-- no transaction
DROP INDEX CONCURRENTLY ix_orders_day;
B
state_of shop before
expect_status 7 ddb staging >out 2>err
expect_contains "$(cat out)" "recovered by: transaction"
state_of shop after
expect_same before after "after a mistake"
expect_equal 0 "$(psql_at shop "SELECT count(*) FROM deploy_db.half_applied")" "half-applied revisions"
sed -i 's/(day)/(placed_at)/' versions/b3_test.sql
expect_status 0 ddb staging >out 2>err
expect_equal t "$(psql_at shop "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_orders_day'::regclass")"
expect_status 0 ddb downgrade staging -1 >out 2>err
rm versions/b3_test.sql
state_of shop after
expect_same before after "down again after a mistake"

# A downgrade that fails at its second statement: what its first has removed is made again.
sql_revision b3 b1 "two indexes" <<'B'
-- upgrade
-- no transaction
CREATE INDEX CONCURRENTLY ix_one ON orders (placed_at);
CREATE INDEX CONCURRENTLY ix_two ON orders (id, placed_at);
-- downgrade
-- no transaction
DROP INDEX CONCURRENTLY ix_one;
DROP INDEX CONCURRENTLY ix_2;
B
expect_status 0 ddb staging >out 2>err
state_of shop before
expect_status 7 ddb downgrade staging -1 >out 2>err
expect_contains "$(cat out)" "recovered by: downgrade"
state_of shop after
expect_same before after "a downgrade that failed"
sed -i 's/ix_2/ix_two/' versions/b3_test.sql
expect_status 0 ddb downgrade staging -1 >out 2>err
rm versions/b3_test.sql

# A statement that cannot run inside a transaction, in a section that is one: refused by the server, undone.
sql_revision b2 b1 "vacuum" <<'B'
-- upgrade
CREATE TABLE t (id int);
VACUUM t;
-- downgrade
DROP TABLE t;
B
state_of shop before
expect_status 7 ddb staging >out 2>err
expect_contains "$(cat err)" "no transaction"
state_of shop after
expect_same before after "after VACUUM in a transaction"
rm versions/b2_test.sql

# The first statement of a section without a transaction fails: the file is mended, and that is all.
sql_revision b2 b1 "first" <<'B'
-- upgrade
-- no transaction
SELECT 1 / 0;
CREATE TABLE t (id int);
-- downgrade
DROP TABLE t;
B
expect_status 7 ddb staging >out 2>err
expect_contains "$(cat out)" "recovered by: transaction"
sed -i 's|1 / 0|1 / 1|' versions/b2_test.sql
expect_status 0 ddb staging >out 2>err

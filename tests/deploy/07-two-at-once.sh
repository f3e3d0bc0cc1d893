#!/bin/bash
# Two deployments at once, with CREATE INDEX CONCURRENTLY pending: the one that waits for the lock must
# not make the index hang or deadlock.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic

project_start fastvue
alembic upgrade head 2>/dev/null
psql_at shop "INSERT INTO companies (name) SELECT 'c' || n FROM generate_series(1, 20000) n"
revision a1 5e6a90c4b7d8 "index" <<'B'
upgrade:
with op.get_context().autocommit_block():
    op.execute("CREATE INDEX CONCURRENTLY ix_companies_name ON companies (name)")
downgrade:
op.execute("DROP INDEX ix_companies_name")
B

first=0
second=0
ddb staging --wait 60s >out1 2>err1 &
pid=$!
ddb staging --wait 60s >out2 2>err2 || second=$?
wait $pid || first=$?
[[ $first -eq 0 && $second -eq 0 ]] || {
    cat out1 err1 out2 err2 >&9
    fail "exit statuses $first and $second"
}
expect_equal t "$(psql_at shop "SELECT indisvalid FROM pg_index
    WHERE indexrelid = 'ix_companies_name'::regclass")"
expect_equal 1 "$(grep -c 'nothing to do' out1 out2 | awk -F: '{ n += $2 } END { print n }')"

# Who does not want to wait is told who holds the lock.
psql_at postgres "SELECT 1" >/dev/null
printf '#!/bin/sh\nsleep 3\n' >scripts/verify_migration.sh
revision a2 a1 "column" <<'B'
upgrade:
op.add_column('companies', sa.Column('city', sa.String(50)))
downgrade:
op.drop_column('companies', 'city')
B
sed -i 's/staging: {/staging: { hooks: { verify = ["scripts\/verify_migration.sh"]; };/' deploy-db.cfg
rm err1
ddb staging >out1 2>err1 &
pid=$!
wait_for 20 grep -q "applied 1 revision" err1
expect_status 5 ddb staging --wait 0 >out2 2>err2
expect_contains "$(cat err2)" "@"
expect_contains "$(cat err2)" "verify"
wait $pid || fail "the first deployment failed: $(cat err1)"

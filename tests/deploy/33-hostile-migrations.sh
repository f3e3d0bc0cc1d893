#!/bin/bash
# Migrations that do what they should not: whatever they commit behind deploy-db's back, the database
# comes back as before, rows, sequences and settings included, and the status says so.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic psql

project_start fastvue
alembic upgrade head 2>/dev/null
psql_at shop "INSERT INTO companies (name) SELECT 'c' || n FROM generate_series(1, 300) n;
    INSERT INTO users (company_id, email, phone) SELECT 1, 'u' || n, '030 ' || n
      FROM generate_series(1, 300) n;
    CREATE TABLE unread (a int); INSERT INTO unread SELECT generate_series(1, 9)"
# As after a crash of the server: the counters know nothing of the rows.
psql_at shop "SELECT pg_stat_reset()" >/dev/null
printf "UPDATE companies SET name = 'gone'; COMMIT;\n" >more.sql
sed -i 's/staging: {/staging: { apply: { lock_timeout = "1s"; };/' deploy-db.cfg
state_of shop before

# hostile STATUSES DOC: the body of upgrade on standard input.
hostile()
{
    local status=0 kept

    { echo upgrade:; cat; printf 'downgrade:\n'; } | revision a1 5e6a90c4b7d8 "$2"
    ddb staging >out 2>err || status=$?
    [[ " $1 " == *" $status "* ]] || { cat out err >&9; fail "$2: status $status instead of $1"; }
    state_of shop after
    expect_same before after "the database after $2"
    expect_clean
    expect_equal "" "$(psql_at shop "SELECT id FROM deploy_db.run WHERE ended IS NULL")" "$2: runs"
    for kept in $(psql_at postgres "SELECT datname FROM pg_database WHERE datname LIKE 'shop_f%'"); do
        psql_at postgres "DROP DATABASE \"$kept\""
    done
}

# autocommit DOC SQL: committed for itself, before an error
autocommit()
{
    printf 'with op.get_context().autocommit_block():\n    op.execute("""%s""")\n%s\n' "$2" \
        'op.execute("SELECT 1/0")' | hostile 8 "$1"
}

autocommit "a committed TRUNCATE" "TRUNCATE users CASCADE"
autocommit "a committed rewrite" "ALTER TABLE companies ALTER name TYPE varchar(200) USING 'gone'"
autocommit "a table dropped and made anew" "DROP TABLE unread; CREATE TABLE unread (a int)"
autocommit "a lost version table" "DROP SCHEMA public CASCADE; CREATE SCHEMA public"
autocommit "a lost ledger" "DELETE FROM users WHERE id = 7; DROP SCHEMA deploy_db CASCADE"

hostile 8 "a file with COMMIT" <<'B'
op.execute(open("more.sql").read())
op.execute("SELECT 1/0")
B
hostile 8 "a second connection" <<'B'
import sqlalchemy
with sqlalchemy.create_engine(str(op.get_bind().engine.url)).begin() as c:
    c.execute(sqlalchemy.text("UPDATE companies SET name = 'gone'"))
op.execute("SELECT 1/0")
B
hostile 8 "COPY to a program" <<'B'
op.execute("COPY (SELECT 'DELETE FROM users') TO PROGRAM 'psql -X -q -d shop -h " + __import__("os").environ["PGHOST"] + "'")
op.execute("SELECT 1/0")
B
hostile 8 "setval, which no rollback undoes" <<'B'
op.execute("SELECT setval('companies_id_seq', 1)")
op.execute("SELECT 1/0")
B
hostile 7 "sys.exit" <<'B'
op.execute("UPDATE companies SET name = 'gone'")
raise SystemExit(0)
B
hostile 7 "os._exit" <<'B'
import os
op.execute("UPDATE companies SET name = 'gone'")
os._exit(0)
B
hostile "7 8" "the end of every session, the lock's too" <<'B'
op.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = 'shop'")
op.execute("SELECT 1/0")
B
hostile "7 8" "the end of its own database" <<'B'
op.execute("ALTER DATABASE shop RENAME TO gone")
B

# A command that does nothing, and says that all is well.
printf '#!/bin/sh\nexit 0\n' >noop.sh
chmod +x noop.sh
cp deploy-db.cfg good.cfg
sed -i 's|plugin = "alembic";|& upgrade = ["./noop.sh"];|' deploy-db.cfg
hostile 7 "a command that does nothing" <<<'op.add_column("companies", sa.Column("city", sa.String(9)))'
cp good.cfg deploy-db.cfg

# Somebody else's lock goes away in time: tried again, and nothing is wrong.
revision a1 5e6a90c4b7d8 "a lock" <<'B'
upgrade:
op.execute("SELECT pg_sleep(1)")
op.add_column('companies', sa.Column('city', sa.String(50)))
downgrade:
op.drop_column('companies', 'city')
B
: >err
"$DDB_B/deploy-db" staging >out 2>err &
pid=$!
wait_for 30 grep -q "applying 1 revision" err
psql -X -q -d shop -c "BEGIN" -c "LOCK TABLE companies" -c "SELECT pg_sleep(4)" >/dev/null 2>&1
status=0
wait $pid || status=$?
[[ $status -eq 0 ]] || { cat out err >&9; fail "status $status behind a lock that went away"; }
expect_contains "$(cat err)" "attempt 2 of"
expect_equal a1 "$(psql_at shop 'SELECT version_num FROM alembic_version')"

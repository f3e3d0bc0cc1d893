#!/bin/bash
# Snapshots by several sessions while others write, rewrite and lock, and when something breaks.
# What wait_for evaluates is quoted; a snapshot may be taken without options.
# shellcheck disable=SC2016,SC2119,SC2120
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/parallel.sh"
requires tar zstd psql pg_restore pgbench

parallel_start

expect_nothing_left()
{
    expect_clean
    expect_equal "$1" "$(find snapshots -type f -name '*.tar' | wc -l)" "files in the store"
    wait_for 10 no_sessions
}

no_sessions()
{
    [[ $(psql_at postgres "SELECT count(*) FROM pg_stat_activity
           WHERE datname = 'shop' AND backend_type = 'client backend'") == 0 ]]
}

psql_at shop "CREATE TABLE public.many AS SELECT n AS id, md5(n::text) AS name, repeat(md5((n * 3)::text), 2) AS note
    FROM generate_series(1, 500000) n"
taken
rows="$(about many rows) $(about many hash)"
files=1

# --- others at work ----------------------------------------------------------------------------------

# Money moves from one table to another all the time; the sum never changes.
psql_at shop "CREATE TABLE public.a AS SELECT n AS id, 1000 AS money FROM generate_series(1, 100000) n;
    CREATE TABLE public.b AS SELECT * FROM public.a; CREATE INDEX ON public.a (id); CREATE INDEX ON public.b (id)"
cat >move.sql <<'S'
\set id random(1, 100000)
BEGIN; UPDATE public.a SET money = money - 1 WHERE id = :id; UPDATE public.b SET money = money + 1 WHERE id = :id; COMMIT;
S
pgbench -n -c 2 -T 60 -f move.sql shop >pgbench.out 2>&1 &
bench=$!
wait_for 20 eval '[[ $(psql_at shop "SELECT min(money) FROM public.a") -lt 1000 ]]'
taken
kill "$bench"
wait "$bench" || true
restored_as copy
expect_equal "200000 200000000" \
    "$(psql_at copy "SELECT count(*) || ' ' || sum(money) FROM (SELECT * FROM public.a UNION ALL SELECT * FROM public.b) t")"
[[ $(psql_at copy "SELECT min(money) FROM public.a") -lt 1000 ]] || fail "nothing had moved"
psql_at postgres "DROP DATABASE copy"
files=$((files + 1))

# A table that is emptied, rewritten or exchanged for another one between the snapshot and its lock: the
# snapshot would see it empty.
for statement in "TRUNCATE public.b" "ALTER TABLE public.a ALTER money TYPE bigint" \
    "CREATE TABLE public.a_new AS TABLE public.a; ALTER TABLE public.a RENAME TO a_old; ALTER TABLE public.a_new RENAME TO a"; do
    rm -f go
    mkfifo go
    psql -X -q -d shop >/dev/null <go &
    exec 8>go
    echo "BEGIN; $statement;" >&8
    wait_for 10 eval '[[ $(psql_at postgres "SELECT count(*) FROM pg_stat_activity WHERE state LIKE '"'idle in%'"'") == 1 ]]'
    ddb snapshot staging >out 2>err &
    pid=$!
    wait_for 20 eval '[[ $(psql_at postgres "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = '"'Lock'"'") -ge 1 ]]'
    echo "COMMIT;" >&8
    exec 8>&-
    wait "$pid" || { show_output; cat err >&9; fail "no snapshot beside $statement"; }
    files=$((files + 1))
    expect_contains "$(cat err)" "was rewritten, renamed or dropped while the snapshot began"
    tar -xOf "$(cat out)" MANIFEST.json >manifest.json
done
expect_equal "0 100000" "$(about b rows) $(about a rows)"
expect_contains "$(about a copy)" "public.a (id, money)"

# --- failures ----------------------------------------------------------------------------------------

# A session is lost: its range is read again, by another one.
kill_one()
{
    local i

    for ((i = 0; i < 2000; i++)); do
        [[ $(psql_at postgres "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity
              WHERE query LIKE 'COPY (%' AND state = 'active' LIMIT 1) AS one") == 0 ]] || return 0
    done
    return 1
}
kill_one &
killer=$!
taken
wait "$killer" || fail "no session was at work"
files=$((files + 1))
expect_contains "$(cat err)" "is read again"
expect_equal "$rows" "$(about many rows) $(about many hash)"

# The session that holds the locks is lost: nothing that was read after that can be relied on.
"$DDB_B/deploy-db" snapshot staging >out 2>err &
pid=$!
wait_for 20 eval '[[ $(psql_at postgres "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '"'COPY (%'"'") -ge 1 ]]'
psql_at postgres "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE query LIKE '-- Tables that are locked%' AND state = 'idle in transaction'" >/dev/null
status=0
wait "$pid" || status=$?
expect_equal 6 "$status" "status without the locks"
expect_contains "$(cat err)" "the session that held the tables' locks was lost"
expect_nothing_left "$files"

# A worker fails: pg_dump and the others end, nothing stays.
expect_status 6 env DEPLOY_DB_FAULT=snapshot.row@5000:fail "$DDB_FAULTS_B/deploy-db" snapshot staging >out 2>err
expect_contains "$(cat err)" "could not copy table"
expect_nothing_left "$files"

# Interrupted in the middle.
DEPLOY_DB_FAULT=snapshot.row@20000:sleep "$DDB_FAULTS_B/deploy-db" snapshot staging >out 2>err &
pid=$!
wait_for 30 grep -q 'fault point "snapshot.row" reached' err
kill -9 "$pid"
wait "$pid" || true
expect_status 7 ddb recover staging >out 2>err
expect_nothing_left "$files"
"$DDB_B/deploy-db" snapshot staging >out 2>err &
pid=$!
wait_for 20 eval '[[ $(psql_at postgres "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '"'COPY (%'"'") -ge 1 ]]'
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
expect_equal 6 "$status" "status after SIGTERM"
expect_nothing_left "$files"

# Less memory than one session needs.
sed -i 's|jobs = 3;|& max_memory = "8MB";|' deploy-db.cfg
expect_status 6 ddb snapshot staging >out 2>err
expect_contains "$(cat err)" "snapshot.max_memory is 8 MiB, and a snapshot needs"
sed -i 's|max_memory = "8MB"|max_memory = "72MB"|' deploy-db.cfg
taken
files=$((files + 1))

# Rows that a policy hides are missed before anything is written; all such tables are named.
psql_at shop "CREATE ROLE reader LOGIN; GRANT pg_read_all_data TO reader; GRANT CREATE ON DATABASE shop TO reader;
    ALTER TABLE public.a ENABLE ROW LEVEL SECURITY; ALTER TABLE public.b ENABLE ROW LEVEL SECURITY;
    CREATE POLICY p ON public.a USING (id < 10)"
expect_status 6 env DATABASE_URL="postgresql://reader@/shop?host=$PGHOST" "$DDB_B/deploy-db" snapshot staging >out 2>err
expect_contains "$(cat err)" "row security hides rows of table public.a from role \"reader\""
expect_contains "$(cat err)" "table public.b too"
expect_nothing_left "$files"

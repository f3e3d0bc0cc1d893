#!/bin/bash
# Large tables are read by several sessions at once: what is restored is what was there, whatever
# the tables are like and whatever happens meanwhile.
# shellcheck disable=SC2016 # what is waited for is expanded each time
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic tar zstd psql pg_restore pgbench

project_start shopsql
export DATABASE_URL="postgresql://postgres@/shop?host=$PGHOST"
sed -i 's|staging: {|& snapshot: { jobs = 3; copy_threshold = "64kB"; compression_level = 1; };|' deploy-db.cfg

# taken OPTION...: a snapshot; its path is in $file, its manifest in manifest.json
taken()
{
    expect_status 0 ddb snapshot staging "$@" >out 2>err
    file=$(cat out)
    tar -xOf "$file" MANIFEST.json >manifest.json
}

# about TABLE KEY: what the manifest says of it
about()
{
    /usr/bin/python3 -c 'import json, sys
for table in json.load(open("manifest.json"))["tables"]:
    if table["name"] == sys.argv[1]:
        print(table.get(sys.argv[2], "-"))' "$1" "$2"
}

# restored_as NAME: by stock tools
restored_as()
{
    rm -rf x
    mkdir x
    tar -C x -xf "$file"
    expect_status 0 sh x/restore.sh "$1" >restore.out 2>&1
}

# content DATABASE FILE: as state_of; which partition has a row of "hashed" is another one in each database.
content()
{
    state_of "$1" raw
    sed 's/^\(row public\.hashed\)_[12]/\1/' raw | LC_ALL=C sort >"$2"
}

expect_nothing_left()
{
    expect_clean
    expect_equal "$1" "$(find snapshots -type f | wc -l)" "files in the store"
    wait_for 10 no_sessions
}

no_sessions()
{
    [[ $(psql_at postgres "SELECT count(*) FROM pg_stat_activity
           WHERE datname = 'shop' AND backend_type = 'client backend'") == 0 ]]
}

# --- what is copied, and what is left to pg_dump ---------------------------------------------------

psql_at shop "CREATE TABLE many AS SELECT n AS id, md5(n::text) AS name, n * 1.5 AS price,
        CASE WHEN n % 10 = 0 THEN NULL ELSE E'tab\there, \\\\ and\nnewline' END AS note
      FROM generate_series(1, 1000000) n;
    DELETE FROM many WHERE id % 1000 < 300; UPDATE many SET name = 'changed' WHERE id > 990000;
    CREATE INDEX ON many (id);
    CREATE TABLE \"Odd \"\"name\"\", .*?\$|()\" (\"a \"\"b\" int, \"select\" text, \"Ü\" text);
    INSERT INTO \"Odd \"\"name\"\", .*?\$|()\" SELECT n, repeat('x', 50), 'ü' FROM generate_series(1, 5000) n;
    CREATE SCHEMA \"S.\"; CREATE TABLE \"S.\".\"odd\" AS SELECT n FROM generate_series(1, 9000) n;
    CREATE TABLE \"S.\".\"Odd\" AS SELECT n FROM generate_series(1, 9001) n;
    CREATE TABLE \"tab	name\" AS SELECT n FROM generate_series(1, 9000) n;
    CREATE TABLE \"back\\slash\" AS SELECT n FROM generate_series(1, 9000) n;
    CREATE TABLE made (a int, gone int, twice int GENERATED ALWAYS AS (a * 2) STORED, b text,
        id bigint GENERATED ALWAYS AS IDENTITY);
    INSERT INTO made (a, gone, b) SELECT n, n, 'b' || n FROM generate_series(1, 9000) n;
    ALTER TABLE made DROP gone; ALTER TABLE made ADD later int DEFAULT 7;
    CREATE TABLE only_made (twice int GENERATED ALWAYS AS (2) STORED);
    INSERT INTO only_made SELECT FROM generate_series(1, 9000);
    CREATE TABLE parent (a int, b text); CREATE TABLE child (c int) INHERITS (parent);
    ALTER TABLE parent ADD d int;
    INSERT INTO parent SELECT n, 'p' FROM generate_series(1, 9000) n;
    INSERT INTO child SELECT n, 'c', n, n FROM generate_series(1, 9000) n;
    CREATE TABLE ranged (a int) PARTITION BY RANGE (a);
    CREATE TABLE ranged_1 PARTITION OF ranged FOR VALUES FROM (0) TO (9000);
    CREATE TABLE ranged_2 PARTITION OF ranged DEFAULT;
    INSERT INTO ranged SELECT n FROM generate_series(1, 20000) n;
    CREATE TYPE colour AS ENUM ('red', 'blue');
    CREATE TABLE hashed (c colour, n int) PARTITION BY HASH (c);
    CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE hashed_2 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    INSERT INTO hashed SELECT ((ARRAY['red', 'blue'])[1 + n % 2])::colour, n FROM generate_series(1, 20000) n;
    CREATE UNLOGGED TABLE unlogged AS SELECT n FROM generate_series(1, 9000) n;
    CREATE TABLE toasted (id int, body text); ALTER TABLE toasted ALTER body SET STORAGE EXTERNAL;
    INSERT INTO toasted SELECT n, repeat(md5(n::text), 3000) FROM generate_series(1, 100) n;
    CREATE TABLE types AS SELECT n, now() + n * interval '1 s' AS at, n * interval '1 month -1 day' AS span,
        n / 7.0::float8 AS f, decode(md5(n::text), 'hex') AS bytes, int4range(n, n + 5) AS r,
        ARRAY[n, NULL] AS list, to_tsvector('a b' || n) AS words, ('many'::regclass, n)::text AS c,
        'many'::regclass AS class FROM generate_series(1, 3000) n;
    CREATE TABLE small AS SELECT n FROM generate_series(1, 10) n; CREATE TABLE none ();
    INSERT INTO none DEFAULT VALUES;
    SELECT lo_from_bytea(0, 'large object')" >/dev/null
psql_at postgres "ALTER DATABASE shop SET bytea_output = escape; ALTER DATABASE shop SET datestyle = german;
    ALTER DATABASE shop SET timezone = 'Asia/Kathmandu'; ALTER DATABASE shop SET search_path = nowhere;
    ALTER DATABASE shop SET intervalstyle = iso_8601; ALTER DATABASE shop SET extra_float_digits = -5"
taken
chunks=$(tar -tf "$file" | grep -c "^data/$(about many oid)\.")
[[ $chunks -ge 5 ]] || fail "only $chunks chunks of a large table"
for table in many 'Odd "name", .*?$|()' odd Odd made parent child ranged_1 ranged_2 unlogged toasted types; do
    [[ $(about "$table" copy) != - ]] || fail "table $table was left to pg_dump"
done
for table in $'tab\tname' 'back\slash' only_made hashed_1 hashed_2 small none; do
    expect_equal - "$(about "$table" copy)" "table $table"
done
expect_equal 700000 "$(about many rows)"
expect_equal "public.made (a, b, id, later)" "$(about made copy)"
[[ $(about small hash) != - ]] || fail "a small table has no hash"
content shop before
restored_as copy
content copy after
expect_same before after "what restore.sh has made"

# The same hashes whatever the number of sessions; deploy-db's own restore compares them.
cp manifest.json first.json
taken --jobs 1
hashes='import json, sys
for table in json.load(open(sys.argv[1]))["tables"]: print(table["name"], table["rows"], table.get("hash"))'
expect_equal "$(/usr/bin/python3 -c "$hashes" first.json)" "$(/usr/bin/python3 -c "$hashes" manifest.json)" \
    "the hashes by one session"
expect_status 0 ddb restore staging "$(basename "$file")" --into copied --yes >out 2>err
content copied after
expect_same before after "what deploy-db has restored"
expect_status 2 ddb snapshot staging --jobs 0 >out 2>err
psql_at postgres "DROP DATABASE copy" -c "DROP DATABASE copied"
files=$(find snapshots -type f | wc -l)

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

# A table that is emptied or rewritten between the snapshot and its lock: the snapshot would see it empty.
for statement in "TRUNCATE public.b" "ALTER TABLE public.a ALTER money TYPE bigint"; do
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
    expect_contains "$(cat err)" "was rewritten or dropped while the snapshot began"
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
expect_equal "$(/usr/bin/python3 -c "$hashes" first.json | grep '^many')" \
    "$(/usr/bin/python3 -c "$hashes" manifest.json | grep '^many')"

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
sed -i 's|max_memory = "8MB"|max_memory = "64MB"|' deploy-db.cfg
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

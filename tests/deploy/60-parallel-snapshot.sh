#!/bin/bash
# Large tables are read by several sessions at once: what is restored is what was there, whatever
# the tables are like and whatever happens meanwhile.
# What wait_for evaluates is quoted; a snapshot may be taken without options.
# shellcheck disable=SC2016,SC2119,SC2120
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/parallel.sh"
requires tar zstd psql pg_restore

parallel_start

# content DATABASE FILE: as state_of; which partition has a row of "hashed" is another one in each database.
content()
{
    state_of "$1" raw
    sed 's/^\(row public\.hashed\)_[12]/\1/' raw | LC_ALL=C sort >"$2"
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
if [[ $(psql_at postgres "SHOW server_version_num") -ge 140000 ]]; then
    [[ $chunks -ge 5 ]] || fail "only $chunks chunks of a large table"
else # no scans of ctid ranges before
    expect_equal 1 "$chunks" "the chunks of a large table"
fi
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

# --- what pg_dump has written is not read again ----------------------------------------------------

# statements: how each table's rows were read: "TO stdout" by pg_dump, "TO STDOUT" by deploy-db
statements()
{
    local seen=$1

    tail -c "+$((seen + 1))" "$CLUSTER_DIR/log" | grep -o "COPY public.$2 .*TO std.*" -i
}

# The sessions above read all themselves: pg_dump's would have printed bytes in another way.
psql_at postgres "ALTER DATABASE shop RESET bytea_output; ALTER DATABASE shop SET log_statement = 'all'"
seen=$(stat -c %s "$CLUSTER_DIR/log")
taken
expect_equal "$(/usr/bin/python3 -c "$hashes" first.json)" "$(/usr/bin/python3 -c "$hashes" manifest.json)" \
    "the hashes of what pg_dump has written"
expect_equal "COPY public.small (n) TO stdout;" "$(statements "$seen" small)" "who has read a small table"
sed 's/copy_threshold = "64kB"/copy_threshold = "1GB"/' deploy-db.cfg >whole.cfg
taken --config whole.cfg
expect_equal - "$(about many copy)" "table many"
# A child's columns may stand in another order after a restore: only a copy of our own knows theirs.
expect_equal "$(/usr/bin/python3 -c "$hashes" first.json | sed 's/^\(child 9000\) .*/\1 None/')" \
    "$(/usr/bin/python3 -c "$hashes" manifest.json)" "the hashes of large tables that pg_dump has written"

# A dump in a format that is not known is no such news: all is read once more.
mkdir newer
cat >newer/pg_dump <<'W'
#!/bin/bash
PATH=${PATH#*:}
[[ $* == *--version* ]] && exec pg_dump "$@"
pg_dump "$@" | /usr/bin/python3 -c 'import shutil, sys
sys.stdout.buffer.write(sys.stdin.buffer.read(6) + bytes([99]) + sys.stdin.buffer.read(1)[1:])
shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)'
W
chmod +x newer/pg_dump
seen=$(stat -c %s "$CLUSTER_DIR/log")
sed 's/copy_threshold/verify = "fast"; &/' deploy-db.cfg >fast.cfg
PATH=$PWD/newer:$PATH taken --config fast.cfg
expect_equal "$(/usr/bin/python3 -c "$hashes" first.json)" "$(/usr/bin/python3 -c "$hashes" manifest.json)" \
    "the hashes beside a dump that is not understood"
expect_equal "COPY public.small (n) TO stdout;
COPY public.small (n) TO STDOUT" "$(statements "$seen" small)" "who has read a small table"
psql_at postgres "DROP DATABASE copy" -c "DROP DATABASE copied"

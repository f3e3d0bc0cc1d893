#!/bin/bash
# A database with every kind of object comes back equal, by deploy-db and by restore.sh: its schema as
# pg_dump writes it, and every row; also while others write to it, and in databases of other encodings.
# time-limit: 600
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/server_copy.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires pgbench pg_dump pg_restore psql tar zstd sha256sum python3

kinds=$DDB_SRC/tests/projects/kinds
server_copy "$kinds/kinds.control" "$kinds/kinds--1.0.sql"
CLUSTER_CONF="allow_in_place_tablespaces = on
max_logical_replication_workers = 0" project_start shopsql
psql -X -q -d shop -f "$kinds/kinds.sql" >/dev/null 2>kinds.err || fail "kinds.sql failed"
cat >deploy-db.cfg <<C
project = "shopsql"; state_dir = "state"; engine: { plugin = "sql"; };
stores: { local: { plugin = "local"; path = "snapshots"; }; };
environments: {
$(for name in shop latin ascii; do
    echo "  $name: { database = \"postgresql://postgres@/$name?host=$PGHOST\";
    snapshot: { jobs = 3; copy_threshold = \"64kB\"; compression_level = 1; }; };"
done)
};
C

# A dump lets the columns of a child begin with its parents': those are compared by name, here and below.
children="'child', 'grandchild', 'adopted'"
normalise='import sys
block = None
for line in sys.stdin.buffer.read().decode("utf-8", "surrogateescape").split("\n"):
    if block is not None:
        if line.startswith(")"):
            print(*sorted(block), line, sep="\n"); block = None
        else:
            block.append(line.rstrip(","))
    elif line.startswith("--") or line == "":
        pass
    else:
        print(line)
        if line == "CREATE TABLE app.adopted (":
            block = []
'

# schema_of DATABASE FILE
schema_of()
{
    PGOPTIONS="-c standard_conforming_strings=on" pg_dump --restrict-key=x --schema-only -N deploy_db -d "$1" >"$2.sql" ||
        fail "pg_dump of the schema of $1"
    PYTHONIOENCODING=utf-8:surrogateescape python3 -c "$normalise" <"$2.sql" >"$2"
    state_properties "$1" | grep -v "^large object" >>"$2" # they are rows
}

# data_of DATABASE FILE: every row that pg_dump writes, in any order, sequences and large objects too. Which
# partition has a row of by_mood is another one in each database: they are read by their root.
data_of()
{
    PGOPTIONS="-c standard_conforming_strings=on" pg_dump --restrict-key=x --data-only --column-inserts --load-via-partition-root \
        -N deploy_db -T app.child -T app.grandchild -T app.adopted -d "$1" >"$2.sql" 2>pg_dump.err || fail "pg_dump of the rows of $1"
    psql_at "$1" "SELECT format('SELECT %L, %s FROM ONLY %s;', c.oid::regclass,
            string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname), c.oid::regclass)
          FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped
         WHERE c.relname = ANY (ARRAY[$children]) GROUP BY c.oid" | psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$1" -f - \
        >>"$2.sql" || fail "rows of $1"
    LC_ALL=C sort "$2.sql" | grep -v -e '^--' >"$2"
    [[ $(wc -l <"$2") -gt ${3:-200000} ]] || fail "only $(wc -l <"$2") lines of data of $1"
}

drop_copy()
{
    psql -X -q -d "$1" -c "DROP SUBSCRIPTION IF EXISTS from_far" -d "$1" 2>/dev/null
    dropdb -f "$1"
}

# by_script NAME: the snapshot $file, without deploy-db
by_script()
{
    rm -rf x
    mkdir x
    tar -C x -xf "$file"
    expect_status 0 env "PATH=$PROGRAM_PATH" sh x/restore.sh "$1" >restore.out 2>&1
    expect_lacks "$(cat restore.out)" "ERROR"
}

# --- nobody writes: the whole dump of both sides ---------------------------------------------------------

expect_status 0 ddb snapshot shop >out 2>err
file=$(cat out)
tar -xOf "$file" copy.list >copied
own=$(wc -l <copied)
[[ $own -ge 30 ]] || fail "only $own tables were copied by several sessions"
[[ $(tar -tf "$file" | grep -c "^data/$(sed -n 's/\t.* app\.big .*//p' copied)\.") -ge 2 ]] || fail "the largest table is one chunk"
schema_of shop schema
data_of shop data
expect_status 0 ddb restore shop "$(basename "$file")" --into beside --yes -v >out 2>err
schema_of beside beside.schema
expect_same schema beside.schema "the schema that deploy-db has restored"
data_of beside beside.data
expect_same data beside.data "the rows that deploy-db has restored"
by_script script
schema_of script script.schema
expect_same schema script.schema "the schema that restore.sh has made"
data_of script script.data
expect_same data script.data "the rows that restore.sh has loaded"

# The copy of a copy: what the second snapshot holds is what the first one held.
sed -i "s|/beside?|/&|; s|/shop?|/beside?|" deploy-db.cfg
expect_status 0 ddb snapshot shop >out 2>err
hashes='import json, sys
for table in json.load(sys.stdin)["tables"]: print(table["schema"], ascii(table["name"]), table["rows"], table.get("hash"))'
tar -xOf "$file" MANIFEST.json | python3 -c "$hashes" >first.hashes
grep -q "by_list_sad.*[0-9a-f]\{16\}" first.hashes || fail "no hashes"
tar -xOf "$(cat out)" MANIFEST.json | python3 -c "$hashes" >beside.hashes
grep -v -e "'child'" -e "'grandchild'" -e "'adopted'" -e "'by_mood_" first.hashes >hashes.same
grep -v -e "'child'" -e "'grandchild'" -e "'adopted'" -e "'by_mood_" beside.hashes >beside.same
expect_same hashes.same beside.same "the hashes of the copy"
sed -i "s|/beside?|/shop?|" deploy-db.cfg

# A database with a subscription is dropped by whoever made it: after a failure, and after a drill.
expect_status 6 env DEPLOY_DB_FAULT=recover.loaded:fail "$DDB_FAULTS_B/deploy-db" restore shop "$(basename "$file")" \
    --into third --yes >out 2>err
expect_clean
expect_status 0 ddb snapshot drill shop "$(basename "$file")" >out 2>err
expect_equal "" "$(psql_at postgres "SELECT datname FROM pg_database WHERE datname ~ '_drill_|third'")" "left databases"
drop_copy beside
drop_copy script

# --- others write ----------------------------------------------------------------------------------------

# What moves between tables of three kinds is never lost or doubled.
psql_at shop "ALTER TABLE app.sales DISABLE TRIGGER USER; ALTER TABLE app.parent ADD money int DEFAULT 100; ALTER TABLE app.by_list ADD money int DEFAULT 100;
    ALTER TABLE app.sales ADD money int DEFAULT 100;
    -- Without it most tables of this database would need a replica identity to be written to.
    ALTER PUBLICATION everything SET (publish = 'insert'); ALTER PUBLICATION \"some\" SET (publish = 'insert');
    ALTER PUBLICATION of_schema SET (publish = 'insert')"
schema_of shop schema
cat >write.sql <<'S'
\set k random(600, 5900)
BEGIN;
UPDATE ONLY app.parent SET money = money - 1 WHERE a = :k;
UPDATE app.sales SET money = money + 1, region = CASE region WHEN 'us' THEN 'fr' ELSE 'us' END WHERE k = :k;
COMMIT;
BEGIN;
DELETE FROM app.booked WHERE room = :k % 50 AND during @> ('epoch'::timestamp + :k * interval '1 d');
INSERT INTO "S.1"."$$" VALUES (:k);
UPDATE app.wide SET b = repeat('w', 90000) WHERE id = :k % 60;
SELECT lo_put(4000 + :k % 40 + 1, 0, decode(md5(:k::text), 'hex'));
SELECT nextval('app.odd');
COMMIT;
S
money="SELECT (SELECT sum(money) FROM app.parent) + (SELECT sum(money) FROM app.sales)"
total=$(psql_at shop "$money")
pgbench -n -c 3 -T 200 -f write.sql shop >pgbench.out 2>&1 &
bench=$!
has_moved()
{
    [[ ! -d /proc/$bench || $(psql_at shop "SELECT min(money) FROM app.parent") -lt 100 ]]
}
wait_for 20 has_moved
expect_status 0 ddb snapshot shop >out 2>err
file=$(cat out)
kill -0 $bench || fail "nobody wrote: $(cat pgbench.out)"
expect_status 0 ddb restore shop "$(basename "$file")" --into beside --yes >out 2>err
kill $bench
wait $bench || true
by_script script
for name in beside script; do
    schema_of $name $name.schema
    expect_same schema $name.schema "the schema of $name after writes"
    expect_equal "$total" "$(psql_at $name "$money")" "the sum in $name"
    [[ $(psql_at $name "SELECT min(money) FROM app.parent") -lt 100 ]] || fail "nothing had moved"
    data_of $name $name.data
done
expect_same beside.data script.data "what both have restored"
drop_copy beside
drop_copy script

# --- other encodings -------------------------------------------------------------------------------------

for name in latin ascii; do
    encoding=LATIN1
    [[ $name == latin ]] || encoding=SQL_ASCII
    createdb -T template0 -E $encoding -l C $name
    PGCLIENTENCODING=$encoding psql -X -q -v ON_ERROR_STOP=1 -d $name >/dev/null <<S
CREATE TABLE "n$(printf '\344')me" (id int PRIMARY KEY, "$(printf '\374')" text DEFAULT '$(printf '\337')');
INSERT INTO "n$(printf '\344')me" SELECT n, E'$(printf '\344\366\374')\t' || n FROM generate_series(1, 20000) n;
COMMENT ON TABLE "n$(printf '\344')me" IS '$(printf '\351')t$(printf '\351')';
CREATE FUNCTION f() RETURNS text LANGUAGE sql AS \$\$ SELECT '$(printf '\361')'::text \$\$;
CREATE VIEW v AS SELECT "$(printf '\374')" AS "$(printf '\377')" FROM "n$(printf '\344')me";
CREATE TABLE plain AS SELECT n, repeat('x', 50) AS x FROM generate_series(1, 20000) n;
S
done
# Bytes that are no text of any encoding.
psql -X -q -v ON_ERROR_STOP=1 -d ascii -c "CREATE TABLE bytes AS SELECT chr(1 + n) AS c FROM generate_series(0, 254) n;
    INSERT INTO bytes SELECT E'\\\\xff\\xfe' || n FROM generate_series(1, 9000) n"
for name in latin ascii; do
    expect_status 0 ddb snapshot $name >out 2>err
    file=$(cat out)
    expect_status 0 ddb restore $name "$(basename "$file")" --into beside --yes >out 2>err
    by_script script
    PGCLIENTENCODING=SQL_ASCII schema_of $name $name.schema
    PGCLIENTENCODING=SQL_ASCII pg_dump --restrict-key=x --data-only -N deploy_db -d $name | LC_ALL=C sort >$name.data
    [[ $(wc -l <$name.data) -gt 40000 ]] || fail "few rows in $name"
    for copy in beside script; do
        PGCLIENTENCODING=SQL_ASCII schema_of $copy $copy.schema
        expect_same $name.schema $copy.schema "the schema of $name"
        PGCLIENTENCODING=SQL_ASCII pg_dump --restrict-key=x --data-only -N deploy_db -d $copy | LC_ALL=C sort >$copy.data
        expect_same $name.data $copy.data "the rows of $name"
        dropdb -f $copy
    done
done

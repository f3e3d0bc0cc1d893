#!/bin/bash
# A restore with several sessions: chunks of tables of every kind come back row by row, with one session
# and with four; damage, a lost session and a missing row end it with the live database untouched.
# time-limit: 600
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"

project_start shopsql
expect_status 0 ddb staging >out 2>err
psql -X -q -v ON_ERROR_STOP=1 -d shop >/dev/null <<'B2'
CREATE SCHEMA "My ""app"; CREATE TYPE mood AS ENUM ('sad', 'it''s ok'); CREATE DOMAIN short AS text CHECK (length(VALUE) < 9);
CREATE TYPE pair AS (a int, b text);
CREATE TABLE "My ""app"."T able" (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "Ünï""code" text DEFAULT 'x',
    gone int, m mood, s short, p pair, tags text[], j jsonb, b bytea, n numeric(9, 2), x xml,
    doubled numeric GENERATED ALWAYS AS (n * 2) STORED, t timestamptz, d date, f float8, i interval);
ALTER TABLE "My ""app"."T able" DROP COLUMN gone;
INSERT INTO "My ""app"."T able" ("Ünï""code", m, s, p, tags, j, b, n, x, t, d, f, i)
    SELECT E'tab\tnl\nbs\\.' || n, 'it''s ok', 'ABC', ROW(n, 'x,"y')::pair, '{NULL,"NULL",""}', '{"a": null}', '\x0001',
           n / 7.0, '<a/>', 'epoch'::timestamptz + n * interval '1 h', '2026-01-01'::date - n, n / 3.0::float8, n * interval '1 s'
      FROM generate_series(1, 4000) n;
INSERT INTO "My ""app"."T able" DEFAULT VALUES;
CREATE TABLE part (k int, v text, PRIMARY KEY (k)) PARTITION BY RANGE (k);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10000);
CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (10000) TO (20000) PARTITION BY HASH (k);
CREATE TABLE part_2a PARTITION OF part_2 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE part_2b PARTITION OF part_2 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE part_d PARTITION OF part DEFAULT; INSERT INTO part SELECT n, repeat('v', 60) FROM generate_series(1, 30000) n;
CREATE TABLE parent (a int, t text); CREATE TABLE child (b int) INHERITS (parent);
ALTER TABLE parent ADD later text DEFAULT 'l';
INSERT INTO parent SELECT n, repeat('p', 50) FROM generate_series(1, 9000) n;
INSERT INTO child (a, t, b) SELECT n, repeat('c', 50), n FROM generate_series(1, 9000) n;
CREATE UNLOGGED TABLE scratch AS SELECT n, repeat('u', 90) AS u FROM generate_series(1, 5000) n;
CREATE TABLE wide (id int, t text); ALTER TABLE wide ALTER t SET STORAGE EXTERNAL;
INSERT INTO wide SELECT n, repeat(md5(n::text), 3000) FROM generate_series(1, 60) n;
CREATE TABLE big AS SELECT n AS id, md5(n::text) AS t, n % 100 AS k FROM generate_series(1, 60000) n;
ALTER TABLE big ADD PRIMARY KEY (id); CREATE INDEX ON big (t); CREATE INDEX ON big (k);
CREATE INDEX big_sum ON big ((id + k)); CREATE STATISTICS of_big ON t, k FROM big;
CREATE TABLE refers (id int REFERENCES big, at timestamptz DEFAULT now()); INSERT INTO refers SELECT n FROM generate_series(1, 5000) n;
CREATE TABLE few AS SELECT 77 AS id, now() AS at;
CREATE TABLE none (); INSERT INTO none SELECT FROM generate_series(1, 3); CREATE TABLE empty (a int);
CREATE SEQUENCE odd INCREMENT -3 MINVALUE -900 MAXVALUE 9 START 9 CYCLE; SELECT nextval('odd');
SELECT lo_from_bytea(4242, '\x00ff27'); COMMENT ON LARGE OBJECT 4242 IS 'a picture';
CREATE MATERIALIZED VIEW mv AS SELECT k, count(*) FROM big GROUP BY k; CREATE UNIQUE INDEX ON mv (k);
CREATE MATERIALIZED VIEW mv2 AS SELECT sum(count) FROM mv; CREATE MATERIALIZED VIEW empty_mv AS SELECT * FROM big WITH NO DATA;
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
CREATE TRIGGER noted BEFORE INSERT ON big FOR EACH ROW EXECUTE FUNCTION noted();
CREATE RULE nothing AS ON INSERT TO wide DO INSTEAD NOTHING;
ALTER TABLE refers ADD CONSTRAINT later CHECK (id > 10) NOT VALID; ALTER TABLE big CLUSTER ON big_pkey;
ALTER DATABASE shop SET datestyle = 'German, DMY'; ALTER DATABASE shop SET bytea_output = 'escape';
ALTER DATABASE shop SET intervalstyle = 'sql_standard'; ALTER DATABASE shop SET extra_float_digits = -5;
CREATE SCHEMA shadows; CREATE DOMAIN shadows.int4 AS text; CREATE TYPE shadows.text AS ENUM ('t', E'\\'); CREATE TYPE shadows.bool AS (a int);
CREATE DOMAIN shadows.oid AS numeric(9, 3); CREATE DOMAIN shadows.int8 AS shadows.oid CHECK (VALUE <> 3);
CREATE TABLE shadows."%s (x) FROM STDIN; -- " ("%n" shadows.int4, "a"", (" shadows.text, " " shadows.oid, "select" shadows.int8);
INSERT INTO shadows."%s (x) FROM STDIN; -- " SELECT 'x' || n, E'\\', n / 7.0, n / 7.0 + 4 FROM generate_series(1, 3000) n;
ALTER DATABASE shop SET search_path = "My ""app", shadows, pg_catalog, public; ALTER DATABASE shop SET xmloption = document;
B2
sed -i 's/ staging: {/& snapshot: { copy_threshold = "64kB"; };/' deploy-db.cfg

# The test is worth nothing unless the large tables are in chunks.
expect_status 0 ddb snapshot staging >out 2>err
taken=$(basename "$(cat out)")
tar xOf "snapshots/$taken" copy.list >list
for table in big child parent part_1 scratch wide '"My ""app"."T able"' 'shadows."%s (x) FROM STDIN; -- "'; do
    expect_contains "$(cat list)" "$table"
done
[[ $(tar tf "snapshots/$taken" | grep -c '^data/') -ge 8 ]] || fail "fewer than 8 chunks"
# A dump lets the columns of a child begin with its parents': its rows are compared by name.
whole_state()
{
    state_of "$1" "$2"
    sed -i '/^row public.child\t/d' "$2"
    psql_at "$1" "SELECT 'child', a, b, t, later FROM public.child ORDER BY a" >>"$2"
}
whole_state shop before

# Of which columns, expressions and combinations there are statistics.
statistics()
{
    psql_at shop "SELECT tablename, attname, inherited FROM pg_stats WHERE schemaname NOT IN ('pg_catalog', 'deploy_db')
        UNION ALL SELECT tablename, statistics_name, false FROM pg_stats_ext WHERE n_distinct IS NOT NULL ORDER BY 1, 2, 3"
}

# --- with one session, with four: every object, every row ----------------------------------------------

for jobs in 1 4; do
    psql_at shop "DROP TABLE refers; TRUNCATE big; UPDATE parent SET t = 'changed'"
    expect_status 0 ddb restore staging "$taken" --jobs $jobs --yes -v >out 2>err
    whole_state shop after
    expect_same before after "the database restored with $jobs sessions"
    expect_contains "$(cat err)" "tables compared by content"
    expect_equal 60000 "$(psql_at shop "SELECT reltuples::int FROM pg_class WHERE relname = 'big'")" "statistics"
    statistics >found
    expect_contains "$(cat found)" "big_sum"
    expect_contains "$(cat found)" "of_big"
    psql_at shop ANALYZE
    statistics >wanted
    expect_same wanted found "what there are statistics of, and what ANALYZE makes them of"
    expect_clean
done
# Rows go in as text where the types ask for it, else as binary rows, and as text again where we cannot
# convert them, or the server does not take what we made of them.
loaded_as()
{
    grep -o "statement: COPY public.$1 .*FROM STDIN.*" "$CLUSTER_DIR/log" | sort -u
}
psql_at postgres "ALTER ROLE postgres SET log_statement = 'all'"
expect_status 0 ddb restore staging "$taken" --yes -v >out 2>err
expect_equal "statement: COPY public.big (id, t, k) FROM STDIN (FORMAT binary)" "$(loaded_as big)"
expect_equal '' "$(grep 'loaded as text' err || true)" "what was refused"
grep -q 'COPY shadows.* FROM STDIN (FORMAT binary)$' "$CLUSTER_DIR/log" || fail "the table whose types have the names of others"
grep -q 'COPY "My ""app"."T able" .* FROM STDIN$' "$CLUSTER_DIR/log" || fail "the table with odd types"
DEPLOY_DB_FAULT=restore.convert@3:fail expect_status 0 "$DDB_FAULTS_B/deploy-db" restore staging "$taken" --yes -v >out 2>err
expect_contains "$(cat err)" "is loaded as text: a line is not what COPY prints of this table"
whole_state shop after
expect_same before after "the database of which a table was refused"
psql_at postgres "ALTER ROLE postgres RESET log_statement"
expect_clean

expect_status 0 ddb restore staging "$taken" --into beside --yes >out 2>err
whole_state beside after
expect_same before after "the database restored beside"

# The answer to the renaming is lost, while it waits for a standby: it is done, and that is found out.
waiting="wait_event = 'SyncRep' AND query = 'COMMIT'"
end_waiting()
{
    [[ $(psql_at postgres "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE $waiting") == t ]]
}
psql_at postgres "ALTER ROLE postgres SET synchronous_commit = local"
psql_at postgres "ALTER SYSTEM SET synchronous_standby_names = 'nobody'"
psql_at postgres "SELECT pg_reload_conf()" >/dev/null
ddb restore staging "$taken" --into later --yes >out 2>err &
run=$!
wait_for 60 end_waiting
psql_at postgres "ALTER SYSTEM RESET synchronous_standby_names"
psql_at postgres "SELECT pg_reload_conf()" >/dev/null
psql_at postgres "ALTER ROLE postgres RESET synchronous_commit"
wait $run || fail "status $?: $(cat err)"
expect_contains "$(cat err)" "it is done all the same"
whole_state later after
expect_same before after "the database whose renaming was not heard of"
expect_clean
# What one that was cut off has loaded goes with the next recovery, which has nothing else to do.
status=0
DEPLOY_DB_FAULT=recover.loaded:kill "$DDB_FAULTS_B/deploy-db" restore staging "$taken" --into third --yes >out 2>err ||
    status=$?
expect_equal 137 $status
expect_status 0 ddb recover staging >out 2>err
expect_contains "$(cat out)" "nothing to recover"
expect_clean

# --- what goes wrong while it loads: the fresh database goes, the live one is as it was ----------------

psql_at shop "DELETE FROM big WHERE id > 59990"
state_of shop live
expect_untouched()
{
    state_of shop now
    expect_same live now "the live database after $1"
    expect_clean
    expect_status 0 ddb recover staging >out 2>err
    expect_contains "$(cat out)" "nothing to recover"
}

# A byte of a chunk is not what it was.
offset=$(grep -abo 'data/[0-9]*.0000.copy.zst' "snapshots/$taken" | head -n 1 | cut -d: -f1)
cp "snapshots/$taken" kept.tar
printf '\xff' | dd of="snapshots/$taken" bs=1 seek=$((offset + 512 + 300)) conv=notrunc status=none
expect_status 6 ddb restore staging "$taken" --yes >out 2>err
expect_contains "$(cat err)" "is damaged"
expect_untouched "a damaged chunk"
cp kept.tar "snapshots/$taken"

# A session of the loading is ended by somebody.
DEPLOY_DB_FAULT=restore.chunk@3:sleep "$DDB_FAULTS_B/deploy-db" restore staging "$taken" --yes >out 2>err &
pid=$!
end_loading()
{
    [[ $(psql_at postgres "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname LIKE 'shop_fresh%' AND query LIKE 'COPY % FROM STDIN%'") -gt 0 ]] # ours: pg_restore writes stdin
}
wait_for 30 grep -q "restore.chunk" err
kill -KILL $pid
wait $pid 2>/dev/null || true
expect_status 7 ddb recover staging >out 2>err
expect_untouched "a kill while chunks were loaded"
psql_at shop "ALTER DATABASE shop SET log_min_messages = warning"
state_of shop live
DEPLOY_DB_FAULT=restore.chunk@3:stop "$DDB_FAULTS_B/deploy-db" restore staging "$taken" --yes >out 2>err &
pid=$!
wait_for 30 grep -q "^State:.*T" /proc/$pid/status
wait_for 30 end_loading # while deploy-db stands still in the middle of a COPY
kill -CONT $pid
expect_status 6 wait $pid
expect_contains "$(cat err)" "could not load table"
expect_untouched "a session that was ended"

# A failure of a thread, and one of pg_restore beside the threads.
expect_status 6 env DEPLOY_DB_FAULT=restore.chunk@5:fail "$DDB_FAULTS_B/deploy-db" restore staging "$taken" \
    --yes >out 2>err
expect_contains "$(cat err)" "fault point restore.chunk"
expect_untouched "a failing thread"
cat >restore-wrapper <<'W'
#!/bin/sh
case " $* " in *" --section=data "*) head -c 5000 >/dev/null; echo "no space" >&2; exit 1;; esac
exec pg_restore "$@"
W
chmod +x restore-wrapper
cp deploy-db.cfg plain.cfg
sed -i "s,copy_threshold = ,pg_restore = \"$PWD/restore-wrapper\"; &," deploy-db.cfg
expect_status 6 ddb restore staging "$taken" --yes >out 2>err
expect_contains "$(cat err)" "pg_restore failed with exit status 1"
expect_untouched "a failing pg_restore"

# What the server does not take in the binary format it gets as text.
cat >restore-wrapper <<'W'
#!/bin/sh
for arg; do case $arg in dbname=*) database=$arg;; esac; done
case " $* " in
*" --section=pre-data "*) pg_restore "$@" || exit
    exec psql -X -q -d "$database" -c "CREATE FUNCTION public.text_only() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN IF current_query() LIKE ''%binary%'' THEN RAISE data_exception; END IF; RETURN NEW; END';
        CREATE TRIGGER text_only BEFORE INSERT ON public.big FOR EACH ROW EXECUTE FUNCTION public.text_only()";;
*" --section=post-data "*) psql -X -q -d "$database" -c "DROP FUNCTION IF EXISTS public.text_only CASCADE" || exit;;
esac
exec pg_restore "$@"
W
expect_status 0 ddb restore staging "$taken" --into astext --yes -v >out 2>err
expect_contains "$(cat err)" "table public.big is loaded as text: database"
whole_state astext after
expect_same before after "the database of a server that takes text only"

# Rows that are not what they were are found by reading them again; these are in pg_dump's part.
cat >restore-wrapper <<'W'
#!/bin/sh
pg_restore "$@" || exit
case " $* " in *" --section=data "*)
    for arg; do case $arg in dbname=*) database=$arg;; esac; done
    psql -X -q -d "$database" -c "UPDATE public.few SET at = at + interval '1 us' WHERE id = 77";;
esac
W
expect_status 6 ddb restore staging "$taken" --yes >out 2>err
expect_contains "$(cat err)" "public.few"
expect_contains "$(cat err)" "are not those of the snapshot"
expect_untouched "rows that differ"

#!/bin/bash
# Dumps that pg_dump wrote elsewhere: every format in every compression becomes the database it was taken
# of; what is cut off, damaged or hostile changes nothing.
# time-limit: 1800
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic pg_dump gzip zstd xz bzip2 lz4 tar python3

project_start fastvue
alembic upgrade head 2>/dev/null
psql_at shop "INSERT INTO companies (name) SELECT 'c' || n FROM generate_series(1, 50) n"
psql_at shop "INSERT INTO users (company_id, email, phone)
    SELECT 1 + n % 50, 'u' || n, '030 ' || n FROM generate_series(1, 3000) n"
psql_at shop "CREATE SCHEMA \"odd \"\"s';\"; CREATE TYPE mood AS ENUM ('so', 'la; la');
    CREATE TABLE \"odd \"\"s';\".\"t -- x\" (id int GENERATED ALWAYS AS IDENTITY, b bytea, m mood,
        note text, twice int GENERATED ALWAYS AS (length(note) * 2) STORED);
    INSERT INTO \"odd \"\"s';\".\"t -- x\" (b, m, note)
        VALUES ('\\x00ff5c', 'la; la', E'\\\\.\\n\\\\.\\n\\\\! id'), (NULL, 'so', E'tab\\there; \$x\$ ''q'''),
               ('', NULL, '');
    CREATE FUNCTION f(int) RETURNS int LANGUAGE plpgsql AS \$f\$ BEGIN RETURN \$1; END; \$f\$;
    CREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END;
    CREATE MATERIALIZED VIEW mv AS SELECT count(*) FROM users;
    COMMENT ON TABLE users IS E'it''s; a \\\\comment';
    SELECT lo_from_bytea(4711, '\\x0001020304')"
psql_at shop "SELECT lo_from_bytea(4712, convert_to(repeat('large ', 20000), 'UTF8'))" >/dev/null
psql_at postgres "ALTER DATABASE shop SET work_mem = '7MB'"
state_of shop want.state

# --- every format in every compression -----------------------------------------------------------

F=$TMPDIR/files
mkdir "$F"
pg_dump shop >"$F/plain"
pg_dump --inserts shop >"$F/inserts"
pg_dump -Fc shop >"$F/custom"
pg_dump -Fc -Z0 -f "$F/custom0" shop
pg_dump -Fc shop >>"$F/appended" # as releases from 16 on do with ">", too: two tables of contents
pg_dump -Ft shop >"$F/tar"
pg_dump -Fd -f "$F/folder" shop
pg_dump -Fd -Z0 -f "$F/folder0" shop
tar -b 1 -C "$F" -cf "$F/folder.tar" folder # without more padding than a tar needs
tar -b 1 -C "$F/folder0" -cf "$F/folder0.tar" .

n=0
# into FILE WORD...: restored beside, it is what the dump was taken of.
into()
{
    local file=$1

    shift
    n=$((n + 1))
    expect_status 0 ddb restore staging "$file" --into "copy$n" >out 2>err
    state_of "copy$n" now.state
    expect_same want.state now.state "$* of $file"
    psql_at postgres "DROP DATABASE copy$n"
}

for format in plain inserts custom custom0 tar folder.tar folder0.tar; do
    into "$F/$format" as it is
    for tool in gzip zstd xz bzip2 lz4; do
        $tool -c -q "$F/$format" >"$F/packed"
        into "$F/packed" "$tool"
    done
done
into "$F/folder" the folder
into "$F/folder0" the folder
gzip -c "$F/custom0" | zstd -q >"$F/packed"
into "$F/packed" twice compressed
cp "$F/custom" "$F/misnamed.sql.xz"
into "$F/misnamed.sql.xz" misnamed
into "$F/appended" its contents twice

# --- in the live one's place -----------------------------------------------------------------------

for format in plain custom tar folder folder.tar; do
    psql_at shop "DELETE FROM users; DROP FUNCTION g; CREATE TABLE extra ()"
    expect_status 0 ddb restore staging --yes "$F/$format" >out 2>err
    state_of shop now.state
    expect_same want.state now.state "$format in place"
done
expect_contains "$(cat out)" "kept as shop_before_"
expect_equal 5 "$(psql_at postgres "SELECT count(*) FROM pg_database WHERE datname LIKE 'shop_before_%'")"
expect_status 0 ddb check staging --no-models >out 2>err
expect_status 0 ddb status staging >out 2>err
expect_clean
expect_equal "" "$(find . -name '*.unpacked')" "unpacked files left behind"
expect_status 0 ddb restore staging --yes "$F/plain" --json >out 2>err
expect_equal "plain SQL" "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["format"])' <out)"

# A name without a slash is a file when it exists and no store has it.
cp "$F/custom" here.dump
expect_status 0 ddb restore staging here.dump --into byname >out 2>err
state_of byname now.state
expect_same want.state now.state
expect_status 6 ddb restore staging there.dump --into other >out 2>err
expect_status 0 ddb snapshot staging >out 2>err
taken=$(basename "$(cat out)")
echo "SELECT 1;" >"$taken"
expect_status 0 ddb restore staging "$taken" --into ofstore >out 2>err # the snapshot wins
state_of ofstore now.state
expect_same want.state now.state
expect_status 6 ddb restore staging "./$taken" --into offile >out 2>err
expect_contains "$(cat err)" "no table came of it"

# A snapshot file from elsewhere.
cp "snapshots/$taken" "$F/elsewhere.tar"
rm -r snapshots
into "$F/elsewhere.tar" a snapshot file
zstd -q "$F/elsewhere.tar" -o "$F/elsewhere.tar.zst"
expect_status 6 ddb restore staging "$F/elsewhere.tar.zst" --into x >out 2>err
expect_contains "$(cat err)" "compressed once more"

# Without a live database the file becomes it, with the server's defaults.
psql_at postgres "DROP DATABASE shop"
expect_status 0 ddb restore staging --yes "$F/custom" >out 2>err
expect_equal 3000 "$(rows users)"
psql_at postgres "ALTER DATABASE shop SET work_mem = '7MB'"
state_of shop now.state
expect_same want.state now.state

# --- what cannot be restored changes nothing ---------------------------------------------------------

state_of shop before.state
# refused FILE NEEDLE: not restored, one clear sentence, nothing changed, nothing left.
refused()
{
    expect_status 6 ddb restore staging --yes "$1" >out 2>err
    expect_contains "$(cat err)" "$2" "what is said of $1"
    expect_lacks "$(cat err)" "internal error"
    expect_equal "" "$(psql_at postgres "SELECT datname FROM pg_database WHERE datname ~ '_fresh_'")"
    expect_equal "" "$(find . -name '*.unpacked')" "unpacked files left behind"
}

# Cut off, at several places of every format, as it is and compressed.
for format in plain inserts custom custom0 tar folder.tar folder0.tar; do
    size=$(stat -c %s "$F/$format")
    for part in 3 20 60 97; do
        head -c $((size * part / 100)) "$F/$format" >"$F/cut"
        refused "$F/cut" "error:"
    done
    head -c $((size - 2000)) "$F/$format" | gzip >"$F/packed"
    refused "$F/packed" "error:"
    for tool in gzip zstd xz bzip2 lz4; do
        $tool -c -q "$F/$format" >"$F/packed"
        size=$(stat -c %s "$F/packed")
        head -c $((size * 70 / 100)) "$F/packed" >"$F/cut"
        refused "$F/cut" "cut off or damaged"
        head -c $((size - 1)) "$F/packed" >"$F/cut"
        refused "$F/cut" "cut off or damaged"
        { cat "$F/packed"; echo "something else"; } >"$F/cut"
        refused "$F/cut" "$F/cut"
    done
done
{ cat "$F/plain"; echo "SELECT 1;"; } >"$F/cut"
refused "$F/cut" "goes on behind the end"
for format in custom custom0 appended; do
    { cat "$F/$format"; echo "SELECT 1;"; } >"$F/cut"
    refused "$F/cut" "goes on behind its end"
done
{ cat "$F/tar"; echo "more"; } >"$F/cut"
refused "$F/cut" "behind the end of its tar"
# Between two rows of a file of a folder: pg_restore would take what is left.
cp -r "$F/folder0" "$F/short"
rows=$(grep -l "030 17" "$F"/short/*.dat)
head -n 1000 "$rows" >"$F/rows" && cp "$F/rows" "$rows"
refused "$F/short" "the end of its rows is missing"
rm "$rows"
refused "$F/short" "$(basename "$rows")"

: >"$F/empty"
refused "$F/empty" "is empty"
gzip -c "$F/empty" >"$F/packed"
refused "$F/packed" "packed\""
head -c 100000 /dev/urandom >"$F/noise"
refused "$F/noise" "error:"
echo "hello world" >"$F/noise"
refused "$F/noise" "does not end"
echo "hello world;" >"$F/noise"
refused "$F/noise" "begins like no statement"
refused "$F/missing" "No such file"
mkdir "$F/nothing"
refused "$F/nothing" "it has no toc.dat"
refused "$F/folder/toc.dat" "table of contents without its data"
tar -C "$F" -cf "$F/other.tar" empty noise
refused "$F/other.tar" "error:"

# --- hostile files --------------------------------------------------------------------------------------

proof=$TMPDIR/proof
# with LINE: the plain dump with a line before its end.
with()
{
    sed '/^-- PostgreSQL database dump complete/,$d' "$F/plain"
    printf '%s\n' "$1"
    sed -n '/^-- PostgreSQL database dump complete/,$p' "$F/plain"
}

hostile()
{
    with "$1" >"$F/hostile"
    refused "$F/hostile" "$2"
}

hostile "\\! touch $proof" "command of psql"
hostile "SELECT 'touch $proof' \\g |sh" "command of psql"
hostile "\\connect postgres" "a database of its own choice"
hostile "COPY users FROM PROGRAM 'touch $proof';" "a file or a program of the server"
hostile "COPY (SELECT 1) TO '$proof';" "a file or a program of the server"
hostile "CREATE DATABASE evil;" "about the server or another database"
hostile "ALTER ROLE postgres PASSWORD 'hidden';" "about the server or another database"
expect_lacks "$(cat err)" hidden
hostile "DROP DATABASE shop;" "about the server or another database"
pg_dump -C shop >"$F/hostile"
refused "$F/hostile" "about the server or another database"
pg_dumpall >"$F/hostile"
refused "$F/hostile" "pg_dumpall"
# Data that a failing COPY would leave to psql as commands.
sed -i 's/^COPY public.users (/COPY public.users (nosuchcolumn, /' "$F/hostile"
sed '0,/^COPY public.users (/s//COPY public.users (nosuchcolumn, /' "$F/plain" |
    sed "/^COPY public.users (/a \\\\\\\\! touch $proof" >"$F/hostile"
refused "$F/hostile" "nosuchcolumn"
expect_equal "" "$(find "$proof" 2>/dev/null)" "a program was run"

# A tar that leads out of its folder.
python3 - "$F" <<'P'
import io, os, sys, tarfile
folder = sys.argv[1]
def make(name, *members):
    with tarfile.open(f"{folder}/{name}", "w") as tar:
        tar.add(f"{folder}/folder/toc.dat", "d/toc.dat")
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
make("up.tar", (tarfile.TarInfo("d/../../../out.dat"), b"x"))
make("absolute.tar", (tarfile.TarInfo("/tmp/out.dat"), b"x"))
link = tarfile.TarInfo("d/1.dat")
link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
make("link.tar", (link, b""))
P
refused "$F/up.tar" "leads out of its folder"
refused "$F/absolute.tar" "leads out of its folder"
refused "$F/link.tar" "is a link"

# --- what users meet -------------------------------------------------------------------------------------

# Of a newer pg_dump: settings that this server does not know.
sed '/^SET statement_timeout/a SET some_new_setting = on;' "$F/plain" >"$F/newer"
expect_status 0 ddb restore staging "$F/newer" --into newer >out 2>err
expect_contains "$(cat err)" "this server has no such setting: SET some_new_setting"
state_of newer now.state
expect_same want.state now.state "of a newer pg_dump"

# Only a pg_restore that sets what a server before 17 does not know, or one that cannot read what a pg_dump
# from 17 on has written, as it would say itself: SQL comes of it, with a setting that the server does
# not know.
version=99.2
[[ $(psql_at postgres "SHOW server_version_num") -lt 170000 ]] || version=15.1
cat >"$F/pg_restore" <<'B'
#!/bin/sh
case " $* " in
*" --version "*) echo "pg_restore (PostgreSQL) VERSION" ;;
*" -f - "*) pg_restore "$@" | sed '/^SET statement_timeout/a SET some_new_setting = on;' ;;
*) echo "pg_restore: error: unrecognized configuration parameter" >&2; exit 1 ;;
esac
B
sed -i "s/VERSION/$version/" "$F/pg_restore"
chmod 755 "$F/pg_restore"
sed -i "s,staging: {,staging: { snapshot: { pg_restore = \"$F/pg_restore\"; };," deploy-db.cfg
for format in custom tar folder folder.tar; do
    into "$F/$format" by way of SQL
    expect_contains "$(cat err)" "loaded as SQL"
    expect_contains "$(cat err)" "no such setting: SET some_new_setting"
done
zstd -q -c "$F/custom" >"$F/packed"
into "$F/packed" by way of SQL
expect_equal "" "$(find . -name '*.unpacked')" "unpacked files left behind"
sed -i 's,staging: { snapshot: {[^}]*};,staging: {,' deploy-db.cfg

# Another encoding, without a version table, of a chosen schema.
createdb -T template0 -E LATIN1 --locale=C latin
psql_at latin "CREATE TABLE t (name text); INSERT INTO t VALUES ('Zo' || chr(235))"
pg_dump -n public latin >"$F/latin"
expect_contains "$(cat "$F/latin")" "client_encoding = 'LATIN1'"
expect_status 0 ddb restore staging "$F/latin" --into utf >out 2>err
expect_contains "$(cat err)" "no table \"alembic_version\""
expect_contains "$(cat err)" "a new database has that schema"
expect_equal "Zoë" "$(psql_at utf "SELECT name FROM t")"

# Version rows that the project does not know are told.
psql_at shop "UPDATE alembic_version SET version_num = 'deadbeef0000'"
pg_dump -Fc shop >"$F/unknown"
psql_at shop "UPDATE alembic_version SET version_num = '5e6a90c4b7d8'"
expect_status 0 ddb restore staging "$F/unknown" --into unknown >out 2>err
expect_contains "$(cat err)" "deadbeef0000"

# A role that is missing here.
sed 's/OWNER TO postgres/OWNER TO nobody_here/' "$F/plain" >"$F/owner"
refused "$F/owner" "CREATE ROLE"

state_of shop now.state
expect_same before.state now.state "after all that was refused"

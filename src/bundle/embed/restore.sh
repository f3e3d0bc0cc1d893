#!/bin/sh
# restore.sh - load this snapshot into a new database, with stock tools only.
#
#   mkdir x && tar -C x -xf FILE.tar && sh x/restore.sh [DBNAME]
#
# DBNAME is the database to create; default: the name it had. PGHOST, PGPORT, PGUSER, PGPASSWORD,
# PGSERVICE and the other PG* variables say which server, as a role that may create databases;
# PGDATABASE is the database to connect to first (default: postgres). RESTORE_COUNT=no leaves out
# the comparison of row counts at the end.
#
# Needs: sh, sed, grep, sha256sum, zstd, psql and pg_restore (of the server's release or newer).
set -eu

created=
db=

say() {
    printf 'restore.sh: %s\n' "$*"
}

die() {
    printf 'restore.sh: %s\n' "$*" >&2
    exit 1
}

at_exit() {
    status=$?
    if [ "$status" -ne 0 ] && [ -n "$created" ]; then
        printf 'restore.sh: database "%s" is incomplete; drop it before you try again\n' "$db" >&2
    fi
}

# One value or list of rows; the first error ends it.
ask() {
    psql -X -q -A -t -v ON_ERROR_STOP=1 -v db="$db" -f -
}

# The names of a data member's parts, in order.
parts() {
    sed -n "s/^[0-9a-f]\{64\}  \($1\.zst\.[0-9]\{6\}\)\$/\1/p" SHA256SUMS
}

# The names of the chunks of a table, by its OID.
chunks() {
    sed -n "s/^[0-9a-f]\{64\}  \(data\/$1\.[0-9]*\.copy\.zst\)\$/\1/p" SHA256SUMS
}

# Standard input decompressed and one after the other: files named in lines.
unpack() {
    while IFS= read -r file; do
        cat "$file"
    done | zstd -dc
}

# One section of the archive. pg_restore may stop reading early: what it needs of the archive for
# "pre-data" and "post-data" stands at its beginning.
restore_section() {
    section=$1
    shift
    parts 'main\.dump' | unpack |
        pg_restore --exit-on-error "--section=$section" "$@" -d "$(conninfo "$db")" ||
        die "pg_restore failed in section $section"
}

# The last section. Event triggers come after everything else: the refreshing of materialized views
# would set them off.
restore_post_data() {
    parts 'main\.dump' | unpack | pg_restore --list >entries.list ||
        die "pg_restore does not find a table of contents"
    if grep ' EVENT TRIGGER ' entries.list >last.list; then
        grep -v ' EVENT TRIGGER ' entries.list >most.list || true
        restore_section post-data -L most.list
        restore_section post-data -L last.list
    else
        restore_section post-data
    fi
    rm -f entries.list most.list last.list
}

# The tables that are not in the archive: lines of OID, tab, COPY statement.
load_chunks() {
    tab=$(printf '\t')
    while IFS=$tab read -r oid statement; do
        [ -n "$(chunks "$oid")" ] || continue
        chunks "$oid" | unpack |
            psql -X -q -v ON_ERROR_STOP=1 -d "$(conninfo "$db")" -c "$settings" -c "$statement" ||
            die "could not load a table: $statement"
    done <copy.list
}

# A connection string that names only the database, whatever characters the name has.
conninfo() {
    printf "dbname='%s'" "$(printf '%s' "$1" | sed "s/[\\\\']/\\\\&/g")"
}

[ $# -le 1 ] || die "usage: sh restore.sh [DBNAME]"
db=${1-}
cd "$(dirname "$0")"
trap at_exit EXIT
PGDATABASE=${PGDATABASE:-postgres}
PGCLIENTENCODING=UTF8
export PGDATABASE PGCLIENTENCODING

for tool in sed sha256sum zstd psql pg_restore; do
    command -v "$tool" >/dev/null 2>&1 || die "the program \"$tool\" is missing: install it first"
done

# 1. The files are what was written.
[ -f SHA256SUMS ] || die "no SHA256SUMS here: unpack the whole snapshot into an empty folder"
sha256sum -c SHA256SUMS >sha256sum.out 2>&1 || {
    grep -v ': OK$' sha256sum.out >&2 || true
    die "the snapshot is damaged or not wholly unpacked; nothing was changed"
}
rm -f sha256sum.out
[ -n "$(parts 'main\.dump')" ] || die "this snapshot holds no pg_dump archive: see meta.json"
say "all files match their SHA-256 sums"

# 2. A new database with the encoding and locale of the old one.
if [ -z "$db" ]; then
    db=$(ask <<'SQL'
\set meta `cat meta.json`
SELECT :'meta'::json ->> 'database';
SQL
    ) || die "no connection to the server: set PGHOST, PGPORT, PGUSER"
    [ -n "$db" ] || die "meta.json names no database: give a name (sh restore.sh DBNAME)"
fi
exists=$(ask <<'SQL'
SELECT count(*) FROM pg_database WHERE datname = :'db';
SQL
) || die "no connection to the server: set PGHOST, PGPORT, PGUSER"
[ "$exists" = 0 ] || die "database \"$db\" exists already: give another name; nothing was changed"

# 3. Roles: those that exist are left alone. Errors are shown, and do not stop.
if [ -f globals.sql.zst ]; then
    zstd -dc globals.sql.zst | sed '/^-- properties of the database$/,$d' |
        psql -X -q -v db="$db" -f - >/dev/null
    say "created the roles that were missing (without passwords)"
fi

ask >/dev/null <<'SQL' || die "could not create database \"$db\""
\set meta `cat meta.json`
SELECT format('CREATE DATABASE %I TEMPLATE template0', :'db')
       || coalesce(format(' ENCODING %L', d ->> 'encoding'), '')
       || coalesce(format(' LC_COLLATE %L', d ->> 'collate'), '')
       || coalesce(format(' LC_CTYPE %L', d ->> 'ctype'), '')
       || CASE WHEN d ->> 'provider' IN ('icu', 'i')
               THEN ' LOCALE_PROVIDER icu'
                    || coalesce(format(' ICU_LOCALE %L', d ->> 'icu_locale'), '')
                    || coalesce(format(' ICU_RULES %L', d ->> 'icu_rules'), '')
               WHEN d ->> 'provider' IN ('builtin', 'b')
               THEN ' LOCALE_PROVIDER builtin'
                    || coalesce(format(' BUILTIN_LOCALE %L', d ->> 'icu_locale'), '')
               ELSE '' END
  FROM (SELECT :'meta'::json -> 'properties' AS d) AS meta
\gexec
SQL
created=yes
say "created database \"$db\""

# 4. The data. A new database has a schema public; the one that was dumped may have had none.
if [ -f catalog.txt.zst ] && ! zstd -dc catalog.txt.zst | grep -q '^schema public	'; then
    psql -X -q -v ON_ERROR_STOP=1 -d "$(conninfo "$db")" -c 'DROP SCHEMA public'
fi
settings="SET search_path = ''; SET xmloption = content; SET IntervalStyle = postgres;
SET statement_timeout = 0; SET lock_timeout = 0; SET row_security = off"
restore_section pre-data
restore_section data
[ ! -f copy.list ] || load_chunks
say "loaded the data"
restore_post_data
say "made indexes, constraints and triggers"

# 5. Owner, access and settings of the database. Errors are shown, and do not stop.
if [ -f globals.sql.zst ]; then
    zstd -dc globals.sql.zst | sed -n '/^-- properties of the database$/,$p' |
        psql -X -q -v db="$db" -f - >/dev/null
    say "applied the properties of the database"
fi

# 6. As many rows as there were, and statistics for the planner.
PGDATABASE=$(conninfo "$db")
if [ "${RESTORE_COUNT-yes}" != no ]; then
    differing=$(psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$PGDATABASE" -f - <<'SQL'
\set manifest `cat MANIFEST.json`
SET default_transaction_read_only = on;
SELECT format('SELECT format(%L, count(*)) FROM ONLY %I.%I HAVING count(*) <> %s',
              format('table "%s"."%s" has %%s rows, the snapshot had %s',
                     replace(schema, '%', '%%'), replace(name, '%', '%%'), rows),
              schema, name, rows)
  FROM json_to_recordset(:'manifest'::json -> 'tables')
       AS t(schema text, name text, schema_hex text, name_hex text, rows bigint)
 WHERE rows >= 0 AND schema_hex IS NULL AND name_hex IS NULL -- those are not UTF-8
\gexec
SQL
    ) || die "could not compare the row counts"
    [ -z "$differing" ] || die "the row counts differ:
$differing"
    say "every table has as many rows as the snapshot says"
fi
# (Those of tables above a foreign one would be asked of another server, which need not be there. Names
# are handed back as they come, whatever their encoding.)
psql -X -q -v ON_ERROR_STOP=1 -d "$PGDATABASE" -f - <<'SQL' || say "ANALYZE failed: run it later"
SET client_encoding = 'SQL_ASCII';
WITH RECURSIVE above AS (
    SELECT i.inhparent FROM pg_catalog.pg_inherits AS i
    JOIN pg_catalog.pg_class AS f ON f.oid = i.inhrelid AND f.relkind = 'f'
    UNION
    SELECT i.inhparent FROM above AS a
    JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = a.inhparent)
SELECT pg_catalog.format('ANALYZE %I.%I', n.nspname, c.relname)
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't' AND NOT c.relisshared
  AND NOT EXISTS (SELECT FROM above WHERE above.inhparent = c.oid)
\gexec
SQL
created=
say "done: database \"$db\" is restored"

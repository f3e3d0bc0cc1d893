# shellcheck shell=bash
# catalog.sh - the whole state of a database as text, so that two states can be compared.
#
#     dump_state shop >before; ...; dump_state shop >after; expect_same before after
#
# Sorted and free of identifiers that differ from one copy to the next (OIDs, the database's name).
# A crash of the server makes a sequence that was used since the last checkpoint jump ahead: a test
# that calls cluster_crash runs CHECKPOINT before its first dump_state.
# The schema deploy_db is left out: it records the runs themselves.

# psql_at DATABASE SQL: bare rows.
psql_at()
{
    psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$1" -c "$2"
}

# What pg_dump does not write, or only with --create.
state_properties()
{
    psql_at "$1" "
        SELECT 'database', pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate,
               datctype, datconnlimit, datallowconn, datistemplate, datacl,
               shobj_description(oid, 'pg_database')
          FROM pg_database WHERE datname = current_database()"
    psql_at "$1" "
        SELECT 'setting', coalesce(r.rolname, '-'), unnest(s.setconfig) AS setting
          FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
          LEFT JOIN pg_roles r ON r.oid = s.setrole
         WHERE d.datname = current_database() ORDER BY 2, 3"
    psql_at "$1" "SELECT 'extension', extname, extversion FROM pg_extension ORDER BY 2"
    psql_at "$1" "
        SELECT 'invalid index', indexrelid::regclass FROM pg_index WHERE NOT indisvalid ORDER BY 2"
    psql_at "$1" "
        SELECT 'large object', oid, md5(lo_get(oid)) FROM pg_largeobject_metadata ORDER BY 2"
}

# Every row and every sequence's value, behind the name of its table.
state_rows()
{
    psql_at "$1" "
        SELECT CASE c.relkind
               WHEN 'S' THEN format('COPY (SELECT %L, last_value, is_called FROM %I.%I) TO STDOUT;',
                                    'sequence ' || n.nspname || '.' || c.relname, n.nspname, c.relname)
               ELSE format('COPY (SELECT %L, t.* FROM ONLY %I.%I t) TO STDOUT;',
                           'row ' || n.nspname || '.' || c.relname, n.nspname, c.relname)
               END
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'm', 'S') AND c.relpersistence <> 't'
           AND (c.relkind <> 'm' OR c.relispopulated)
           AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'deploy_db')
           AND n.nspname NOT LIKE 'pg\_toast%'" |
        psql -X -q -v ON_ERROR_STOP=1 -d "$1" -f - | LC_ALL=C sort
}

dump_state()
{
    (
        set -o pipefail
        pg_dump --restrict-key=x --schema-only -N deploy_db -d "$1" |
            grep -v -e '^--' -e '^$'
        state_properties "$1"
        state_rows "$1"
    ) || fail "could not read the state of database $1"
}

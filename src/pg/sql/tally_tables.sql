-- tally_tables - every table whose rows a dump holds, with what the statistics say was written to it.
-- Members of extensions are left out. Large objects count as one table, where there are any: a row
-- is an object.
SELECT n.nspname, c.relname, format('%I.%I', n.nspname, c.relname),
       pg_catalog.pg_stat_get_tuples_inserted(c.oid),
       pg_catalog.pg_stat_get_tuples_updated(c.oid),
       pg_catalog.pg_stat_get_tuples_deleted(c.oid)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deploy_db')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS x
                  WHERE x.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                    AND x.objid = c.oid AND x.deptype = 'e')
UNION ALL
SELECT 'pg_catalog', 'pg_largeobject_metadata', 'pg_catalog.pg_largeobject_metadata',
       pg_catalog.pg_stat_get_tuples_inserted(l.oid),
       pg_catalog.pg_stat_get_tuples_updated(l.oid),
       pg_catalog.pg_stat_get_tuples_deleted(l.oid)
FROM pg_catalog.pg_class AS l
WHERE l.oid = 'pg_catalog.pg_largeobject_metadata'::pg_catalog.regclass
  AND (EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)
       OR pg_catalog.pg_stat_get_tuples_deleted(l.oid) > 0)
ORDER BY 1, 2

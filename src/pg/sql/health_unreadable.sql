-- Tables and sequences that our role cannot read in full. Members of extensions count only where
-- their rows are dumped. One row more than is shown suffices.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
       || CASE WHEN c.relrowsecurity AND pg_catalog.row_security_active(c.oid)
               THEN ' (row security)' ELSE '' END
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm', 'S')
  AND c.relpersistence <> 't'
  AND n.nspname NOT LIKE 'pg\_%'
  AND n.nspname <> 'information_schema'
  AND (NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE')
       OR NOT CASE WHEN c.relkind = 'S' THEN pg_catalog.has_sequence_privilege(c.oid, 'SELECT')
                   ELSE pg_catalog.has_table_privilege(c.oid, 'SELECT') END
       OR (c.relrowsecurity AND pg_catalog.row_security_active(c.oid)))
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend p
                  JOIN pg_catalog.pg_extension e ON e.oid = p.refobjid
                  WHERE p.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                    AND p.objid = c.oid
                    AND p.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
                    AND p.deptype = 'e'
                    AND c.oid <> ALL (coalesce(e.extconfig, '{}')))
ORDER BY n.nspname, c.relname
LIMIT 21

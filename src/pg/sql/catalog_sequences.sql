-- catalog_sequences - sequences, without their values. Those of identity columns belong to it, too.
SELECT format('sequence %I.%I', n.nspname, c.relname), fact.aspect, fact.value
FROM pg_sequence AS s
JOIN pg_class AS c ON c.oid = s.seqrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_depend AS own
       ON own.classid = 'pg_class'::regclass AND own.objid = c.oid AND own.objsubid = 0
      AND own.refclassid = 'pg_class'::regclass AND own.refobjsubid > 0
      AND own.deptype IN ('a', 'i')
LEFT JOIN pg_attribute AS a ON a.attrelid = own.refobjid AND a.attnum = own.refobjsubid
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_class'::regclass AND d.objoid = c.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', CASE c.relpersistence WHEN 'u' THEN 'unlogged ' ELSE '' END
           || format('sequence of %s start %s increment %s minimum %s maximum %s cache %s%s',
                     format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
                     s.seqcache, CASE WHEN s.seqcycle THEN ' cycle' ELSE '' END)),
    ('owned by', own.refobjid::regclass || '.' || quote_ident(a.attname)),
    ('owner', quote_ident(pg_get_userbyid(c.relowner))),
    ('grants', coalesce((SELECT string_agg(DISTINCT g.entry, ', ' ORDER BY g.entry)
         FROM (SELECT (CASE grantee WHEN 0 THEN 'PUBLIC'
                                    ELSE quote_ident(pg_get_userbyid(grantee)) END
                       || ' ' || privilege_type
                       || CASE WHEN is_grantable THEN '*' ELSE '' END) COLLATE "C" AS entry
               FROM aclexplode(coalesce(c.relacl, acldefault('s', c.relowner)))) AS g), 'none')),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deploy_db')
  AND coalesce(own.refobjid, 0) IS DISTINCT FROM
      nullif(current_setting('deploy_db.version_table', true), '')::oid
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_class'::regclass
                  AND x.objid = c.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL

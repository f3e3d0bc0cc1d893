-- catalog_views - views and materialized views.
SELECT format('%s %I.%I', CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END,
              n.nspname, c.relname),
       fact.aspect, fact.value
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_am AS am ON am.oid = c.relam
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_class'::regclass AND d.objoid = c.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', pg_get_viewdef(c.oid)),
    ('populated', CASE WHEN c.relkind = 'm' THEN
                      CASE WHEN c.relispopulated THEN 'yes' ELSE 'no' END END),
    ('options', (SELECT string_agg(o.entry, ', ' ORDER BY o.entry COLLATE "C")
                 FROM unnest(c.reloptions) AS o (entry))),
    ('access method', quote_ident(am.amname)),
    ('owner', quote_ident(pg_get_userbyid(c.relowner))),
    ('grants', coalesce((SELECT string_agg(DISTINCT g.entry, ', ' ORDER BY g.entry)
         FROM (SELECT (CASE grantee WHEN 0 THEN 'PUBLIC'
                                    ELSE quote_ident(pg_get_userbyid(grantee)) END
                       || ' ' || privilege_type
                       || CASE WHEN is_grantable THEN '*' ELSE '' END) COLLATE "C" AS entry
               FROM aclexplode(coalesce(c.relacl, acldefault('r', c.relowner)))) AS g), 'none')),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE c.relkind IN ('v', 'm') AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deploy_db')
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_class'::regclass
                  AND x.objid = c.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL

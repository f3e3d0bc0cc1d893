-- catalog_schemas - schemas of the database as facts (object, aspect, value).
SELECT format('schema %I', n.nspname), fact.aspect, fact.value
FROM pg_namespace AS n
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_namespace'::regclass AND d.objoid = n.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', 'schema'),
    ('owner', quote_ident(pg_get_userbyid(n.nspowner))),
    ('grants', coalesce((SELECT string_agg(DISTINCT g.entry, ', ' ORDER BY g.entry)
         FROM (SELECT (CASE grantee WHEN 0 THEN 'PUBLIC'
                                    ELSE quote_ident(pg_get_userbyid(grantee)) END
                       || ' ' || privilege_type
                       || CASE WHEN is_grantable THEN '*' ELSE '' END) COLLATE "C" AS entry
               FROM aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner)))) AS g), 'none')),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deploy_db')
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_namespace'::regclass
                  AND x.objid = n.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL

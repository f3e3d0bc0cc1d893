-- catalog_policies - row security policies.
SELECT format('policy %I.%I.%I', n.nspname, c.relname, p.polname), fact.aspect, fact.value
FROM pg_policy AS p
JOIN pg_class AS c ON c.oid = p.polrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_policy'::regclass AND d.objoid = p.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END || ' for '
           || CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update'
                            WHEN 'd' THEN 'delete' ELSE 'all' END),
    ('roles', (SELECT string_agg(r.name, ', ' ORDER BY r.name)
               FROM (SELECT CASE role WHEN 0 THEN 'PUBLIC'
                                      ELSE quote_ident(pg_get_userbyid(role)) END COLLATE "C"
                     FROM unnest(p.polroles) AS role) AS r (name))),
    ('using', pg_get_expr(p.polqual, p.polrelid)),
    ('with check', pg_get_expr(p.polwithcheck, p.polrelid)),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deploy_db')
  AND c.oid IS DISTINCT FROM
      nullif(current_setting('deploy_db.version_table', true), '')::oid
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_class'::regclass
                  AND x.objid = c.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL

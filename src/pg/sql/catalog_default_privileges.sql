-- catalog_default_privileges - what ALTER DEFAULT PRIVILEGES set.
SELECT format('default privileges for %I%s on %s', pg_get_userbyid(a.defaclrole),
              ' in schema ' || quote_ident(n.nspname),
              CASE a.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences'
                                   WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types'
                                   WHEN 'n' THEN 'schemas' WHEN 'L' THEN 'large objects'
                                   ELSE a.defaclobjtype::text END),
       'grants',
       coalesce((SELECT string_agg(DISTINCT g.entry, ', ' ORDER BY g.entry)
         FROM (SELECT (CASE grantee WHEN 0 THEN 'PUBLIC'
                                    ELSE quote_ident(pg_get_userbyid(grantee)) END
                       || ' ' || privilege_type
                       || CASE WHEN is_grantable THEN '*' ELSE '' END) COLLATE "C" AS entry
               FROM aclexplode(a.defaclacl)) AS g), 'none')
FROM pg_default_acl AS a
LEFT JOIN pg_namespace AS n ON n.oid = a.defaclnamespace
WHERE a.defaclnamespace = 0 OR (n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deploy_db'))

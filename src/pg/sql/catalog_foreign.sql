-- catalog_foreign - foreign data wrappers, servers and user mappings.
-- Options may hold secrets: those of user mappings are not read (only superusers may), of the others the
-- values of suspicious names are left out.
SELECT format('foreign data wrapper %I', w.fdwname), fact.aspect, fact.value
FROM pg_foreign_data_wrapper AS w
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_foreign_data_wrapper'::regclass AND d.objoid = w.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', format('handler %s, validator %s', w.fdwhandler::regprocedure,
                  w.fdwvalidator::regprocedure)),
    ('server options', (SELECT string_agg(o.option_name || CASE
                    WHEN o.option_name ~* 'pass|secret|key|token|credential' THEN ''
                    ELSE ' ' || quote_literal(o.option_value) END, ', '
                    ORDER BY o.option_name COLLATE "C")
         FROM pg_options_to_table(w.fdwoptions) AS o)),
    ('owner', quote_ident(pg_get_userbyid(w.fdwowner))),
    ('grants', coalesce((SELECT string_agg(DISTINCT g.entry, ', ' ORDER BY g.entry)
         FROM (SELECT (CASE grantee WHEN 0 THEN 'PUBLIC'
                                    ELSE quote_ident(pg_get_userbyid(grantee)) END
                       || ' ' || privilege_type
                       || CASE WHEN is_grantable THEN '*' ELSE '' END) COLLATE "C" AS entry
               FROM aclexplode(coalesce(w.fdwacl, acldefault('F', w.fdwowner)))) AS g), 'none')),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_foreign_data_wrapper'::regclass
                  AND x.objid = w.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL
UNION ALL
SELECT format('server %I', s.srvname), fact.aspect, fact.value
FROM pg_foreign_server AS s
JOIN pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_foreign_server'::regclass AND d.objoid = s.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', format('server of %I, type %L, version %L', w.fdwname, s.srvtype, s.srvversion)),
    ('server options', (SELECT string_agg(o.option_name || CASE
                    WHEN o.option_name ~* 'pass|secret|key|token|credential' THEN ''
                    ELSE ' ' || quote_literal(o.option_value) END, ', '
                    ORDER BY o.option_name COLLATE "C")
         FROM pg_options_to_table(s.srvoptions) AS o)),
    ('owner', quote_ident(pg_get_userbyid(s.srvowner))),
    ('grants', coalesce((SELECT string_agg(DISTINCT g.entry, ', ' ORDER BY g.entry)
         FROM (SELECT (CASE grantee WHEN 0 THEN 'PUBLIC'
                                    ELSE quote_ident(pg_get_userbyid(grantee)) END
                       || ' ' || privilege_type
                       || CASE WHEN is_grantable THEN '*' ELSE '' END) COLLATE "C" AS entry
               FROM aclexplode(coalesce(s.srvacl, acldefault('S', s.srvowner)))) AS g), 'none')),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_foreign_server'::regclass
                  AND x.objid = s.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL
UNION ALL
SELECT format('user mapping of %s on %I', CASE m.umuser WHEN 0 THEN 'PUBLIC'
                                               ELSE quote_ident(m.usename) END, m.srvname),
       'is', 'user mapping'
FROM pg_user_mappings AS m
WHERE NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_foreign_server'::regclass
                  AND x.objid = m.srvid AND x.deptype = 'e')

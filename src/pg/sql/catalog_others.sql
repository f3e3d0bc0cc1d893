-- catalog_others - collations, conversions, languages, access methods, operator classes and families,
-- transforms.
SELECT format('collation %I.%I', n.nspname, c.collname), fact.aspect, fact.value
FROM pg_collation AS c
JOIN pg_namespace AS n ON n.oid = c.collnamespace
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_collation'::regclass AND d.objoid = c.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', format('provider %s, collate %L, ctype %L, locale %L, rules %L, deterministic %s',
                  c.collprovider, c.collcollate, c.collctype,
                  coalesce(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale'),
                  to_jsonb(c) ->> 'collicurules', c.collisdeterministic)),
    ('owner', quote_ident(pg_get_userbyid(c.collowner))),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deploy_db')
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_collation'::regclass
                  AND x.objid = c.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL
UNION ALL
SELECT format('conversion %I.%I', n.nspname, c.conname), fact.aspect, fact.value
FROM pg_conversion AS c
JOIN pg_namespace AS n ON n.oid = c.connamespace
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_conversion'::regclass AND d.objoid = c.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', format('from %s to %s by %s, default %s', pg_encoding_to_char(c.conforencoding),
                  pg_encoding_to_char(c.contoencoding), c.conproc::oid::regprocedure,
                  c.condefault)),
    ('owner', quote_ident(pg_get_userbyid(c.conowner))),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deploy_db')
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_conversion'::regclass
                  AND x.objid = c.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL
UNION ALL
SELECT format('language %I', l.lanname), fact.aspect, fact.value
FROM pg_language AS l
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_language'::regclass AND d.objoid = l.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', format('handler %s, inline %s, validator %s, trusted %s, grants %s',
                  l.lanplcallfoid::regprocedure, l.laninline::regprocedure,
                  l.lanvalidator::regprocedure, l.lanpltrusted,
                  (SELECT string_agg(DISTINCT g.entry, ', ' ORDER BY g.entry)
         FROM (SELECT (CASE grantee WHEN 0 THEN 'PUBLIC'
                                    ELSE quote_ident(pg_get_userbyid(grantee)) END
                       || ' ' || privilege_type
                       || CASE WHEN is_grantable THEN '*' ELSE '' END) COLLATE "C" AS entry
               FROM aclexplode(coalesce(l.lanacl, acldefault('l', l.lanowner)))) AS g))),
    ('owner', quote_ident(pg_get_userbyid(l.lanowner))),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE l.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_language'::regclass
                  AND x.objid = l.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL
UNION ALL
SELECT format('access method %I', a.amname), fact.aspect, fact.value
FROM pg_am AS a
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_am'::regclass AND d.objoid = a.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', format('type %s, handler %s', a.amtype, a.amhandler::oid::regprocedure)),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE a.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_am'::regclass
                  AND x.objid = a.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL
UNION ALL
SELECT format('operator class %I.%I using %I', n.nspname, o.opcname, a.amname), fact.aspect, fact.value
FROM pg_opclass AS o
JOIN pg_namespace AS n ON n.oid = o.opcnamespace
JOIN pg_am AS a ON a.oid = o.opcmethod
JOIN pg_opfamily AS f ON f.oid = o.opcfamily
JOIN pg_namespace AS fn ON fn.oid = f.opfnamespace
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_opclass'::regclass AND d.objoid = o.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', format('for %s, family %I.%I, default %s, stores %s', format_type(o.opcintype, NULL),
                  fn.nspname, f.opfname, o.opcdefault, o.opckeytype::regtype)),
    ('owner', quote_ident(pg_get_userbyid(o.opcowner))),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deploy_db')
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_opclass'::regclass
                  AND x.objid = o.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL
UNION ALL
SELECT format('operator family %I.%I using %I', n.nspname, f.opfname, a.amname), fact.aspect, fact.value
FROM pg_opfamily AS f
JOIN pg_namespace AS n ON n.oid = f.opfnamespace
JOIN pg_am AS a ON a.oid = f.opfmethod
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_opfamily'::regclass AND d.objoid = f.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', (SELECT coalesce(string_agg(m.entry, ', ' ORDER BY m.entry), 'empty')
            FROM (SELECT format('operator %s %s %s by %s', o.amopstrategy, o.amopopr::regoperator,
                                o.amoppurpose, nullif(o.amopsortfamily, 0) IS NOT NULL)
                         COLLATE "C" AS entry
                  FROM pg_amop AS o WHERE o.amopfamily = f.oid
                  UNION ALL
                  SELECT format('function %s (%s, %s) %s', p.amprocnum,
                                format_type(p.amproclefttype, NULL),
                                format_type(p.amprocrighttype, NULL),
                                p.amproc::oid::regprocedure) COLLATE "C"
                  FROM pg_amproc AS p WHERE p.amprocfamily = f.oid) AS m)),
    ('owner', quote_ident(pg_get_userbyid(f.opfowner))),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deploy_db')
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_opfamily'::regclass
                  AND x.objid = f.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL
UNION ALL
SELECT format('transform for %s language %I', format_type(t.trftype, NULL), l.lanname), fact.aspect, fact.value
FROM pg_transform AS t
JOIN pg_language AS l ON l.oid = t.trflang
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_transform'::regclass AND d.objoid = t.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', format('from SQL %s, to SQL %s', t.trffromsql::oid::regprocedure,
                  t.trftosql::oid::regprocedure)),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE t.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_transform'::regclass
                  AND x.objid = t.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL

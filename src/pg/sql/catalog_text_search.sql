-- catalog_text_search - parsers, templates, dictionaries and configurations of text search.
SELECT format('text search parser %I.%I', n.nspname, p.prsname), fact.aspect, fact.value
FROM pg_ts_parser AS p
JOIN pg_namespace AS n ON n.oid = p.prsnamespace
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_ts_parser'::regclass AND d.objoid = p.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', format('start %s, token %s, end %s, headline %s, types %s',
                  p.prsstart::oid::regprocedure, p.prstoken::oid::regprocedure,
                  p.prsend::oid::regprocedure, p.prsheadline::oid::regprocedure,
                  p.prslextype::oid::regprocedure)),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deploy_db')
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_ts_parser'::regclass
                  AND x.objid = p.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL
UNION ALL
SELECT format('text search template %I.%I', n.nspname, t.tmplname), fact.aspect, fact.value
FROM pg_ts_template AS t
JOIN pg_namespace AS n ON n.oid = t.tmplnamespace
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_ts_template'::regclass AND d.objoid = t.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', format('init %s, lexize %s', t.tmplinit::oid::regprocedure,
                  t.tmpllexize::oid::regprocedure)),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deploy_db')
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_ts_template'::regclass
                  AND x.objid = t.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL
UNION ALL
SELECT format('text search dictionary %I.%I', n.nspname, i.dictname), fact.aspect, fact.value
FROM pg_ts_dict AS i
JOIN pg_namespace AS n ON n.oid = i.dictnamespace
JOIN pg_ts_template AS t ON t.oid = i.dicttemplate
JOIN pg_namespace AS tn ON tn.oid = t.tmplnamespace
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_ts_dict'::regclass AND d.objoid = i.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', format('template %I.%I, options %s', tn.nspname, t.tmplname, i.dictinitoption)),
    ('owner', quote_ident(pg_get_userbyid(i.dictowner))),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deploy_db')
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_ts_dict'::regclass
                  AND x.objid = i.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL
UNION ALL
SELECT format('text search configuration %I.%I', n.nspname, c.cfgname), fact.aspect, fact.value
FROM pg_ts_config AS c
JOIN pg_namespace AS n ON n.oid = c.cfgnamespace
JOIN pg_ts_parser AS p ON p.oid = c.cfgparser
JOIN pg_namespace AS pn ON pn.oid = p.prsnamespace
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_ts_config'::regclass AND d.objoid = c.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', format('parser %I.%I', pn.nspname, p.prsname)
           || (SELECT coalesce(string_agg(format(', %s: %s', token.alias, m.mapdict::regdictionary),
                                          '' ORDER BY m.maptokentype, m.mapseqno), '')
               FROM pg_ts_config_map AS m
               JOIN ts_token_type(p.oid) AS token ON token.tokid = m.maptokentype
               WHERE m.mapcfg = c.oid)),
    ('owner', quote_ident(pg_get_userbyid(c.cfgowner))),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deploy_db')
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_ts_config'::regclass
                  AND x.objid = c.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL

-- catalog_event_triggers - event triggers.
SELECT format('event trigger %I', e.evtname), fact.aspect, fact.value
FROM pg_event_trigger AS e
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_event_trigger'::regclass AND d.objoid = e.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', format('on %s execute %s', e.evtevent, e.evtfoid::regprocedure)),
    ('tags', (SELECT string_agg(tag, ', ' ORDER BY tag COLLATE "C")
              FROM unnest(e.evttags) AS tag)),
    ('enabled', CASE e.evtenabled WHEN 'D' THEN 'no' WHEN 'R' THEN 'replica'
                                  WHEN 'A' THEN 'always' END),
    ('owner', quote_ident(pg_get_userbyid(e.evtowner))),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_event_trigger'::regclass
                  AND x.objid = e.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL

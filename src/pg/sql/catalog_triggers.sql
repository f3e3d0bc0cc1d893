-- catalog_triggers - triggers of tables and views, without those that constraints make by themselves.
SELECT format('trigger %I.%I.%I', n.nspname, c.relname, t.tgname), fact.aspect, fact.value
FROM pg_trigger AS t
JOIN pg_class AS c ON c.oid = t.tgrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_trigger'::regclass AND d.objoid = t.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', pg_get_triggerdef(t.oid)),
    ('enabled', CASE t.tgenabled WHEN 'D' THEN 'no' WHEN 'R' THEN 'replica'
                                 WHEN 'A' THEN 'always' END),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE NOT t.tgisinternal
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deploy_db')
  AND c.oid IS DISTINCT FROM
      nullif(current_setting('deploy_db.version_table', true), '')::oid
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_class'::regclass
                  AND x.objid = c.oid AND x.deptype = 'e')
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_trigger'::regclass
                  AND x.objid = t.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL

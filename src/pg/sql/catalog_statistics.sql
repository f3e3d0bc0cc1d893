-- catalog_statistics - extended statistics objects (the definitions, not what was gathered).
SELECT format('statistics %I.%I', n.nspname, s.stxname), fact.aspect, fact.value
FROM pg_statistic_ext AS s
JOIN pg_namespace AS n ON n.oid = s.stxnamespace
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_statistic_ext'::regclass AND d.objoid = s.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', pg_get_statisticsobjdef(s.oid)),
    ('target', nullif(s.stxstattarget::text, '-1')),
    ('owner', quote_ident(pg_get_userbyid(s.stxowner))),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deploy_db')
  AND s.stxrelid IS DISTINCT FROM
      nullif(current_setting('deploy_db.version_table', true), '')::oid
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_statistic_ext'::regclass
                  AND x.objid = s.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL

-- catalog_rules - rules of tables and views, without the rule that makes a view a view.
SELECT format('rule %I.%I.%I', n.nspname, c.relname, r.rulename), fact.aspect, fact.value
FROM pg_rewrite AS r
JOIN pg_class AS c ON c.oid = r.ev_class
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_rewrite'::regclass AND d.objoid = r.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', pg_get_ruledef(r.oid)),
    ('enabled', CASE r.ev_enabled WHEN 'D' THEN 'no' WHEN 'R' THEN 'replica'
                                  WHEN 'A' THEN 'always' END),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE r.rulename <> '_RETURN'
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deploy_db')
  AND c.oid IS DISTINCT FROM
      nullif(current_setting('deploy_db.version_table', true), '')::oid
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_class'::regclass
                  AND x.objid = c.oid AND x.deptype = 'e')
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_rewrite'::regclass
                  AND x.objid = r.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL

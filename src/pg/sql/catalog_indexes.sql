-- catalog_indexes - indexes of tables and of materialized views.
SELECT format('index %I.%I.%I', n.nspname, c.relname, ic.relname), fact.aspect, fact.value
FROM pg_index AS i
JOIN pg_class AS ic ON ic.oid = i.indexrelid
JOIN pg_class AS c ON c.oid = i.indrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_inherits AS inh ON inh.inhrelid = i.indexrelid
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_class'::regclass AND d.objoid = i.indexrelid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', pg_get_indexdef(i.indexrelid)),
    ('valid', CASE WHEN NOT i.indisvalid THEN 'no' END),
    ('clustered', CASE WHEN i.indisclustered THEN 'yes' END),
    ('partition of', inh.inhparent::regclass::text),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deploy_db')
  AND c.oid IS DISTINCT FROM
      nullif(current_setting('deploy_db.version_table', true), '')::oid
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_class'::regclass
                  AND x.objid = c.oid AND x.deptype = 'e')
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_class'::regclass
                  AND x.objid = i.indexrelid AND x.deptype = 'e')
  AND fact.value IS NOT NULL

-- catalog_constraints - constraints of tables and of domains.
-- The definition says whether it is validated and deferrable. Left out: NOT NULL (a column's own fact),
-- constraint triggers (see triggers), and the copies of a foreign key that partitions get by
-- themselves, under names that depend on the order of creation.
SELECT format('constraint %I.%I.%I', n.nspname, coalesce(c.relname, t.typname), k.conname),
       fact.aspect, fact.value
FROM pg_constraint AS k
LEFT JOIN pg_class AS c ON c.oid = k.conrelid
LEFT JOIN pg_type AS t ON t.oid = k.contypid
JOIN pg_namespace AS n ON n.oid = coalesce(c.relnamespace, t.typnamespace)
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_constraint'::regclass AND d.objoid = k.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', pg_get_constraintdef(k.oid)),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE k.contype IN ('c', 'f', 'p', 'u', 'x') AND (k.contype <> 'f' OR k.conparentid = 0)
  AND c.relpersistence IS DISTINCT FROM 't'
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deploy_db')
  AND coalesce(c.oid, 0) IS DISTINCT FROM
      nullif(current_setting('deploy_db.version_table', true), '')::oid
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_class'::regclass
                  AND x.objid = c.oid AND x.deptype = 'e')
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_type'::regclass
                  AND x.objid = t.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL

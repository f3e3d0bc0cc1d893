-- catalog_extensions - extensions. Their owner is left out: it is who restored the dump.
SELECT format('extension %I', e.extname), fact.aspect, fact.value
FROM pg_extension AS e
JOIN pg_namespace AS n ON n.oid = e.extnamespace
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_extension'::regclass AND d.objoid = e.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', 'version ' || e.extversion),
    ('schema', quote_ident(n.nspname)),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE fact.value IS NOT NULL

-- catalog_casts - casts that were not there from the beginning (the first OID of users is 16384).
SELECT format('cast (%s AS %s)', format_type(k.castsource, NULL), format_type(k.casttarget, NULL)),
       fact.aspect, fact.value
FROM pg_cast AS k
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_cast'::regclass AND d.objoid = k.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', CASE k.castmethod WHEN 'b' THEN 'binary' WHEN 'i' THEN 'by text'
                             ELSE k.castfunc::regprocedure::text END
           || CASE k.castcontext WHEN 'a' THEN ', in assignments' WHEN 'i' THEN ', implicit'
                                 ELSE '' END),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE k.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_cast'::regclass
                  AND x.objid = k.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL

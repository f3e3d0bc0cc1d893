-- catalog_functions - functions, procedures and aggregates, known by the types of their arguments.
SELECT format('%s %I.%I(%s)', CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate'
                                             ELSE 'function' END,
              n.nspname, p.proname, oidvectortypes(p.proargtypes)),
       fact.aspect, fact.value
FROM pg_proc AS p
JOIN pg_namespace AS n ON n.oid = p.pronamespace
LEFT JOIN pg_aggregate AS a ON a.aggfnoid = p.oid
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_proc'::regclass AND d.objoid = p.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) ELSE
         format('aggregate (%s) returns %s, kind %s %s, parallel %s, sort operator %s',
                pg_get_function_arguments(p.oid), format_type(p.prorettype, NULL), a.aggkind,
                a.aggnumdirectargs, p.proparallel, a.aggsortop::regoperator)
         || format(', transition %s of %s %s from %L, final %s %s %s',
                   a.aggtransfn::oid::regprocedure, format_type(a.aggtranstype, NULL),
                   a.aggtransspace, a.agginitval, a.aggfinalfn::oid::regprocedure,
                   a.aggfinalextra, a.aggfinalmodify)
         || format(', combine %s, serial %s, deserial %s', a.aggcombinefn::oid::regprocedure,
                   a.aggserialfn::oid::regprocedure, a.aggdeserialfn::oid::regprocedure)
         || format(', moving %s, inverse %s, of %s %s from %L, final %s %s %s',
                   a.aggmtransfn::oid::regprocedure, a.aggminvtransfn::oid::regprocedure,
                   a.aggmtranstype::regtype, a.aggmtransspace, a.aggminitval,
                   a.aggmfinalfn::oid::regprocedure, a.aggmfinalextra, a.aggmfinalmodify) END),
    ('owner', quote_ident(pg_get_userbyid(p.proowner))),
    ('grants', coalesce((SELECT string_agg(DISTINCT g.entry, ', ' ORDER BY g.entry)
         FROM (SELECT (CASE grantee WHEN 0 THEN 'PUBLIC'
                                    ELSE quote_ident(pg_get_userbyid(grantee)) END
                       || ' ' || privilege_type
                       || CASE WHEN is_grantable THEN '*' ELSE '' END) COLLATE "C" AS entry
               FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner)))) AS g), 'none')),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deploy_db')
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_proc'::regclass
                  AND x.objid = p.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL

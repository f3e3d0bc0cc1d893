-- catalog_operators - operators. A commutator or negator counts in both directions: whether the other
-- operator got its link back depends on which of them was created first.
SELECT format('operator %I.%s(%s, %s)', n.nspname, o.oprname,
              CASE o.oprleft WHEN 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END,
              CASE o.oprright WHEN 0 THEN 'NONE' ELSE format_type(o.oprright, NULL) END),
       fact.aspect, fact.value
FROM pg_operator AS o
JOIN pg_namespace AS n ON n.oid = o.oprnamespace
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_operator'::regclass AND d.objoid = o.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', format('%s returns %s, commutator %s, negator %s, restrict %s, join %s, merges %s, '
                  'hashes %s',
                  o.oprcode::oid::regprocedure, o.oprresult::regtype,
                  CASE WHEN o.oprcom <> 0 THEN o.oprcom::regoperator::text
                       ELSE (SELECT min(c.oid::regoperator::text) FROM pg_operator AS c
                             WHERE c.oprcom = o.oid) END,
                  CASE WHEN o.oprnegate <> 0 THEN o.oprnegate::regoperator::text
                       ELSE (SELECT min(c.oid::regoperator::text) FROM pg_operator AS c
                             WHERE c.oprnegate = o.oid) END,
                  o.oprrest::oid::regprocedure,
                  o.oprjoin::oid::regprocedure, o.oprcanmerge, o.oprcanhash)),
    ('owner', quote_ident(pg_get_userbyid(o.oprowner))),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deploy_db')
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_operator'::regclass
                  AND x.objid = o.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL

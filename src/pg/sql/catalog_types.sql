-- catalog_types - enums, domains, composite types, ranges and base types. Array types, multiranges and
-- the row types of tables come with what they belong to. The name of a domain's NOT NULL is read where
-- every pg_dump keeps it.
SELECT format('%s %I.%I', CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain'
                                         WHEN 'c' THEN 'composite type' WHEN 'r' THEN 'range type'
                                         ELSE 'type' END,
              n.nspname, t.typname),
       fact.aspect, fact.value
FROM pg_type AS t
JOIN pg_namespace AS n ON n.oid = t.typnamespace
LEFT JOIN pg_class AS c ON c.oid = t.typrelid
LEFT JOIN pg_type AS base ON base.oid = t.typbasetype
LEFT JOIN pg_collation AS co ON co.oid = t.typcollation AND t.typtype = 'd'
                            AND t.typcollation <> base.typcollation
LEFT JOIN pg_namespace AS con ON con.oid = co.collnamespace
LEFT JOIN pg_range AS r ON r.rngtypid = t.oid
LEFT JOIN pg_opclass AS oc ON oc.oid = r.rngsubopc
LEFT JOIN pg_namespace AS ocn ON ocn.oid = oc.opcnamespace
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_type'::regclass AND d.objoid = t.oid AND d.objsubid = 0
LEFT JOIN pg_constraint AS nn ON nn.contypid = t.oid AND nn.contype = 'n'
                             AND current_setting('server_version_num')::int >= 180000
LEFT JOIN pg_description AS nd
       ON nd.classoid = 'pg_constraint'::regclass AND nd.objoid = nn.oid AND nd.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', CASE t.typtype
         WHEN 'e' THEN (SELECT 'enum (' || coalesce(string_agg(quote_literal(e.enumlabel), ', '
                                                        ORDER BY e.enumsortorder), '') || ')'
                        FROM pg_enum AS e WHERE e.enumtypid = t.oid)
         WHEN 'd' THEN 'domain of ' || format_type(t.typbasetype, t.typtypmod)
         WHEN 'c' THEN 'composite type'
         WHEN 'r' THEN format('range of %s by %I.%I, collation %s, canonical %s, difference %s, '
                              'multirange %s',
                              format_type(r.rngsubtype, NULL), ocn.nspname, oc.opcname,
                              r.rngcollation::regcollation, r.rngcanonical::oid::regprocedure,
                              r.rngsubdiff::oid::regprocedure,
                              (to_jsonb(r) ->> 'rngmultitypid')::oid::regtype)
         ELSE format('type, input %s, output %s, receive %s, send %s, modifiers %s %s, analyze %s',
                     t.typinput::oid::regprocedure, t.typoutput::oid::regprocedure,
                     t.typreceive::oid::regprocedure, t.typsend::oid::regprocedure,
                     t.typmodin::oid::regprocedure, t.typmodout::oid::regprocedure,
                     t.typanalyze::oid::regprocedure)
              || format(', length %s, by value %s, alignment %s, storage %s, category %s, '
                        'preferred %s, delimiter %s, element %s, collatable %s, defined %s',
                        t.typlen, t.typbyval, t.typalign, t.typstorage, t.typcategory,
                        t.typispreferred, t.typdelim, t.typelem::regtype, t.typcollation <> 0,
                        t.typisdefined) END),
    ('default', CASE WHEN t.typtype = 'd' THEN pg_get_expr(t.typdefaultbin, 0)
                     ELSE quote_literal(t.typdefault) END),
    ('nullable', CASE WHEN t.typtype = 'd' THEN
                     CASE WHEN t.typnotnull THEN 'no' ELSE 'yes' END END),
    ('not null', CASE WHEN nn.conname <> t.typname || '_not_null' THEN quote_ident(nn.conname) END),
    ('comment on not null', nd.description),
    ('collation', CASE WHEN co.oid IS NOT NULL THEN format('%I.%I', con.nspname, co.collname) END),
    ('owner', quote_ident(pg_get_userbyid(t.typowner))),
    ('grants', coalesce((SELECT string_agg(DISTINCT g.entry, ', ' ORDER BY g.entry)
         FROM (SELECT (CASE grantee WHEN 0 THEN 'PUBLIC'
                                    ELSE quote_ident(pg_get_userbyid(grantee)) END
                       || ' ' || privilege_type
                       || CASE WHEN is_grantable THEN '*' ELSE '' END) COLLATE "C" AS entry
               FROM aclexplode(coalesce(t.typacl, acldefault('T', t.typowner)))) AS g), 'none')),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE (t.typrelid = 0 OR c.relkind = 'c') AND t.typtype <> 'm'
  AND NOT EXISTS (SELECT FROM pg_type AS element WHERE element.typarray = t.oid)
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deploy_db')
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_type'::regclass
                  AND x.objid = t.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL

-- catalog_columns - columns of tables and views, attributes of composite types.
-- The position counts live columns only. Where a table inherits (and is no partition), inherited columns
-- have no position: the parents give their order, and a dump restores them before the others.
-- From server 18 on NOT NULL is a constraint. Its name is told unless it is the usual one, or the
-- constraint came from a parent: a dump does not keep such a name in all cases.
-- attoptions are not read: a server may keep marks of its own there, which a dump leaves out.
-- Servers before 14 have no attcompression: the name is then found one level further out.
SELECT format('%s %I.%I.%I', CASE a.relkind WHEN 'c' THEN 'attribute' ELSE 'column' END,
              n.nspname, a.relname, a.attname),
       fact.aspect, fact.value
FROM (SELECT ''::"char" AS attcompression) AS before_14
CROSS JOIN LATERAL (
    SELECT c.relkind, c.relname, c.relnamespace, c.relispartition,
           a.attrelid, a.attname, a.attnum, a.atttypid, a.atttypmod, a.attcollation, a.attnotnull,
           a.attidentity, a.attgenerated, a.attstorage, attcompression, a.attfdwoptions, a.attacl,
           CASE WHEN c.relispartition OR a.attinhcount = 0 THEN
               count(*) FILTER (WHERE c.relispartition OR a.attinhcount = 0)
                   OVER (PARTITION BY a.attrelid ORDER BY a.attnum) END AS position
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c') AND c.relpersistence <> 't'
      AND c.relnamespace IN (
          SELECT x.oid FROM pg_namespace AS x
          WHERE x.nspname !~ '^pg_' AND x.nspname NOT IN ('information_schema', 'deploy_db'))
      AND c.oid IS DISTINCT FROM
      nullif(current_setting('deploy_db.version_table', true), '')::oid
      AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_class'::regclass
                  AND x.objid = c.oid AND x.deptype = 'e')
      AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_type'::regclass
                  AND x.objid = c.reltype AND x.deptype = 'e')
) AS a
JOIN pg_namespace AS n ON n.oid = a.relnamespace
JOIN pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_collation AS co ON co.oid = a.attcollation AND a.attcollation <> t.typcollation
LEFT JOIN pg_namespace AS con ON con.oid = co.collnamespace
LEFT JOIN pg_attrdef AS def ON def.adrelid = a.attrelid AND def.adnum = a.attnum
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_class'::regclass AND d.objoid = a.attrelid AND d.objsubid = a.attnum
LEFT JOIN pg_constraint AS nn ON nn.conrelid = a.attrelid AND nn.contype = 'n' AND nn.conkey[1] = a.attnum
LEFT JOIN pg_description AS nd
       ON nd.classoid = 'pg_constraint'::regclass AND nd.objoid = nn.oid AND nd.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('type', format_type(a.atttypid, a.atttypmod)),
    ('position', a.position::text),
    ('nullable', CASE WHEN a.relkind IN ('r', 'p', 'f') THEN
                     CASE WHEN a.attnotnull THEN 'no' ELSE 'yes' END END),
    ('not null', nullif(concat_ws(', ',
                     CASE WHEN nn.coninhcount = 0
                               AND nn.conname <> format('%s_%s_not_null', a.relname, a.attname)
                          THEN quote_ident(nn.conname) END,
                     CASE WHEN NOT nn.convalidated THEN 'not valid' END,
                     CASE WHEN nn.connoinherit THEN 'not inherited' END), '')),
    ('comment on not null', nd.description),
    ('collation', CASE WHEN co.oid IS NOT NULL THEN format('%I.%I', con.nspname, co.collname) END),
    ('default', CASE WHEN a.attgenerated = '' THEN pg_get_expr(def.adbin, def.adrelid) END),
    ('generated', CASE a.attgenerated WHEN 's' THEN 'stored ' WHEN 'v' THEN 'virtual ' END
                  || pg_get_expr(def.adbin, def.adrelid)),
    ('identity', CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END),
    ('storage', CASE WHEN a.attstorage <> t.typstorage THEN
                    CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external'
                                      WHEN 'm' THEN 'main' WHEN 'x' THEN 'extended' END END),
    ('compression', CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END),
    ('server options', CASE WHEN a.attfdwoptions IS NOT NULL THEN
                   (SELECT string_agg(o.option_name || CASE
                    WHEN o.option_name ~* 'pass|secret|key|token|credential' THEN ''
                    ELSE ' ' || quote_literal(o.option_value) END, ', '
                    ORDER BY o.option_name COLLATE "C")
         FROM pg_options_to_table(a.attfdwoptions) AS o) END),
    ('grants', CASE WHEN a.attacl IS NOT NULL THEN
                   (SELECT string_agg(DISTINCT g.entry, ', ' ORDER BY g.entry)
         FROM (SELECT (CASE grantee WHEN 0 THEN 'PUBLIC'
                                    ELSE quote_ident(pg_get_userbyid(grantee)) END
                       || ' ' || privilege_type
                       || CASE WHEN is_grantable THEN '*' ELSE '' END) COLLATE "C" AS entry
               FROM aclexplode(a.attacl)) AS g) END),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE fact.value IS NOT NULL

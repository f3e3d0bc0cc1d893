-- catalog_tables - tables, partitioned tables and foreign tables.
-- Values of options that look like secrets are left out. Most tables have the standard grants of their
-- owner: these are formatted once.
WITH standard AS MATERIALIZED (
    SELECT o.relowner,
           coalesce((SELECT string_agg(DISTINCT g.entry, ', ' ORDER BY g.entry)
         FROM (SELECT (CASE grantee WHEN 0 THEN 'PUBLIC'
                                    ELSE quote_ident(pg_get_userbyid(grantee)) END
                       || ' ' || privilege_type
                       || CASE WHEN is_grantable THEN '*' ELSE '' END) COLLATE "C" AS entry
               FROM aclexplode(acldefault('r', o.relowner))) AS g), 'none') AS grants
    FROM (SELECT DISTINCT relowner FROM pg_class
          WHERE relkind IN ('r', 'p', 'f') AND relacl IS NULL) AS o
)
SELECT format('table %I.%I', n.nspname, c.relname), fact.aspect, fact.value
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_class AS toast ON toast.oid = c.reltoastrelid
LEFT JOIN pg_am AS am ON am.oid = c.relam
LEFT JOIN pg_foreign_table AS ft ON ft.ftrelid = c.oid
LEFT JOIN pg_foreign_server AS fs ON fs.oid = ft.ftserver
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_class'::regclass AND d.objoid = c.oid AND d.objsubid = 0
LEFT JOIN standard ON standard.relowner = c.relowner
CROSS JOIN LATERAL (VALUES
    ('is', CASE c.relpersistence WHEN 'u' THEN 'unlogged ' ELSE '' END
           || CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table'
                             ELSE 'foreign table' END
           || CASE WHEN c.reloftype <> 0 THEN ' of type ' || format_type(c.reloftype, NULL)
                   ELSE '' END),
    ('partition key', CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END),
    ('partition of', CASE WHEN c.relispartition THEN
         (SELECT i.inhparent::regclass || ' ' || pg_get_expr(c.relpartbound, c.oid)
          FROM pg_inherits AS i WHERE i.inhrelid = c.oid) END),
    ('inherits', CASE WHEN NOT c.relispartition THEN
         (SELECT string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno)
          FROM pg_inherits AS i WHERE i.inhrelid = c.oid) END),
    ('options', CASE WHEN c.reloptions IS NOT NULL OR toast.reloptions IS NOT NULL THEN
                (SELECT string_agg(o.entry, ', ' ORDER BY o.entry COLLATE "C")
                 FROM (SELECT unnest(c.reloptions)
                       UNION ALL
                       SELECT 'toast.' || unnest(toast.reloptions)) AS o (entry)) END),
    ('access method', quote_ident(am.amname)),
    ('row security', CASE WHEN c.relrowsecurity AND c.relforcerowsecurity THEN 'enabled, forced'
                          WHEN c.relrowsecurity THEN 'enabled'
                          WHEN c.relforcerowsecurity THEN 'disabled, forced' END),
    ('replica identity', CASE c.relreplident WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full'
         WHEN 'i' THEN (SELECT 'index ' || quote_ident(ic.relname)
                        FROM pg_index AS i JOIN pg_class AS ic ON ic.oid = i.indexrelid
                        WHERE i.indrelid = c.oid AND i.indisreplident) END),
    ('server', quote_ident(fs.srvname)),
    ('server options', CASE WHEN ft.ftoptions IS NOT NULL THEN
                   (SELECT string_agg(o.option_name || CASE
                    WHEN o.option_name ~* 'pass|secret|key|token|credential' THEN ''
                    ELSE ' ' || quote_literal(o.option_value) END, ', '
                    ORDER BY o.option_name COLLATE "C")
         FROM pg_options_to_table(ft.ftoptions) AS o) END),
    ('owner', quote_ident(pg_get_userbyid(c.relowner))),
    ('grants', CASE WHEN c.relacl IS NULL THEN standard.grants ELSE
         coalesce((SELECT string_agg(DISTINCT g.entry, ', ' ORDER BY g.entry)
         FROM (SELECT (CASE grantee WHEN 0 THEN 'PUBLIC'
                                    ELSE quote_ident(pg_get_userbyid(grantee)) END
                       || ' ' || privilege_type
                       || CASE WHEN is_grantable THEN '*' ELSE '' END) COLLATE "C" AS entry
               FROM aclexplode(c.relacl)) AS g), 'none') END),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deploy_db')
  AND c.oid IS DISTINCT FROM
      nullif(current_setting('deploy_db.version_table', true), '')::oid
  AND NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_class'::regclass
                  AND x.objid = c.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL

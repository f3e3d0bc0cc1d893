-- What our role may do here, in one row. Ending a session takes the rights of its role.
SELECT r.rolsuper OR (r.rolcreatedb AND pg_catalog.pg_has_role(d.datdba, 'USAGE')),
       pg_catalog.has_database_privilege(d.oid, 'CREATE')
           OR EXISTS (SELECT FROM pg_catalog.pg_namespace n
                      WHERE n.nspname = 'deploy_db'
                        AND pg_catalog.pg_has_role(n.nspowner, 'USAGE')),
       r.rolsuper
           OR pg_catalog.pg_has_role('pg_signal_backend', 'USAGE')
           OR NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a
                          WHERE a.datid = d.oid
                            AND a.usesysid IS NOT NULL
                            AND NOT pg_catalog.pg_has_role(a.usesysid, 'USAGE')),
       pg_catalog.pg_is_in_recovery(),
       pg_catalog.pg_database_size(d.oid),
       pg_catalog.pg_encoding_to_char(d.encoding),
       -- a new database's schema public: from 15 on its owner is whoever owns the database
       (SELECT n.nspowner::pg_catalog.regrole
        FROM pg_catalog.pg_namespace n
        WHERE n.nspname = 'public'
          AND n.nspowner <> 10
          AND NOT r.rolsuper
          AND pg_catalog.current_setting('server_version_num')::int < 150000),
       -- superusers have no limit, whatever is set
       CASE WHEN r.rolsuper THEN -1 ELSE r.rolconnlimit END,
       -- a restore gives tables their access rights before their rows
       (SELECT pg_catalog.min(pg_catalog.format('%I.%I', n.nspname, c.relname))
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'r' AND c.relpersistence <> 't'
          AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deploy_db')
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                          WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                            AND e.objid = c.oid AND e.deptype = 'e')
          AND NOT pg_catalog.has_table_privilege(c.oid, 'INSERT'))
FROM pg_catalog.pg_database d
CROSS JOIN pg_catalog.pg_roles r
WHERE d.datname = pg_catalog.current_database()
  AND r.rolname = current_user

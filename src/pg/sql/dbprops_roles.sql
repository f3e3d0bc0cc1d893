-- dbprops_roles - the roles of the server, but its own: the name as a literal, and the statements that
-- create the role, without its password.
SELECT quote_literal(r.rolname),
       format(E'CREATE ROLE %I%s%s%s%s%s%s%s%s%s;\n', r.rolname,
              CASE WHEN r.rolsuper THEN ' SUPERUSER' ELSE '' END,
              CASE WHEN r.rolinherit THEN '' ELSE ' NOINHERIT' END,
              CASE WHEN r.rolcreaterole THEN ' CREATEROLE' ELSE '' END,
              CASE WHEN r.rolcreatedb THEN ' CREATEDB' ELSE '' END,
              CASE WHEN r.rolcanlogin THEN ' LOGIN' ELSE '' END,
              CASE WHEN r.rolreplication THEN ' REPLICATION' ELSE '' END,
              CASE WHEN r.rolbypassrls THEN ' BYPASSRLS' ELSE '' END,
              CASE WHEN r.rolconnlimit >= 0 THEN ' CONNECTION LIMIT ' || r.rolconnlimit ELSE '' END,
              ' VALID UNTIL ' || quote_literal(r.rolvaliduntil::pg_catalog.text))
       || coalesce((SELECT string_agg(format(E'ALTER ROLE %I SET %I TO %s;\n', r.rolname,
                        split_part(c.entry, '=', 1),
                        CASE WHEN lower(split_part(c.entry, '=', 1)) IN ('local_preload_libraries',
                                 'search_path', 'session_preload_libraries',
                                 'shared_preload_libraries', 'temp_tablespaces',
                                 'unix_socket_directories')
                        THEN coalesce((SELECT string_agg(quote_literal(coalesce(
                                                  replace(m.item[1], '""', '"'), btrim(m.item[2]))),
                                                  ', ' ORDER BY m.n)
                              FROM regexp_matches(substr(c.entry, strpos(c.entry, '=') + 1),
                                      '\s*(?:"((?:[^"]|"")*)"|([^",]+))\s*(?:,|$)', 'g')
                                  WITH ORDINALITY AS m (item, n)), '''''')
                        ELSE quote_literal(substr(c.entry, strpos(c.entry, '=') + 1)) END), ''
                    ORDER BY c.n)
            FROM unnest(r.rolconfig) WITH ORDINALITY AS c (entry, n)), '')
       || coalesce(format(E'COMMENT ON ROLE %I IS ', r.rolname)
                   || quote_literal(pg_catalog.shobj_description(r.oid, 'pg_authid')) || E';\n', '')
FROM pg_catalog.pg_roles AS r
WHERE r.rolname !~ '^pg_'
ORDER BY r.rolname COLLATE "C"

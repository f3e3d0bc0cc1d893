-- dbprops_statements - SQL that gives another database what this one has besides its contents: the
-- text before the database's name, the text after it, in the order of execution.
-- Privileges are granted in their order, so that the access list becomes the same text. Settings
-- that are lists of names are quoted name by name; the server stores them so.
WITH d AS (
    SELECT d.*, quote_ident(pg_catalog.pg_get_userbyid(d.datdba)) AS owner
    FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()
), settings AS (
    SELECT s.setrole, r.rolname, c.n, split_part(c.entry, '=', 1) AS name,
           substr(c.entry, strpos(c.entry, '=') + 1) AS value
    FROM d JOIN pg_catalog.pg_db_role_setting AS s ON s.setdatabase = d.oid
    LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = s.setrole
    CROSS JOIN LATERAL unnest(s.setconfig) WITH ORDINALITY AS c (entry, n)
)
SELECT o.before, o.after FROM (
    SELECT 1 AS part, '' AS role, 0::bigint AS n,
           'ALTER DATABASE ' AS before, ' OWNER TO ' || owner AS after FROM d
    UNION ALL
    SELECT 2, '', 0, 'REVOKE ALL ON DATABASE ', ' FROM PUBLIC' FROM d WHERE datacl IS NOT NULL
    UNION ALL
    SELECT 3, '', 0, 'REVOKE ALL ON DATABASE ', ' FROM ' || owner FROM d WHERE datacl IS NOT NULL
    UNION ALL
    SELECT 4, '', min(a.n), 'GRANT ' || string_agg(a.privilege_type, ', ' ORDER BY a.n)
                            || ' ON DATABASE ',
           ' TO ' || CASE a.grantee WHEN 0 THEN 'PUBLIC'
                     ELSE quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END
                  || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
    FROM d, aclexplode(d.datacl) WITH ORDINALITY
              AS a (grantor, grantee, privilege_type, is_grantable, n)
    GROUP BY a.grantee, a.is_grantable
    UNION ALL
    SELECT 5, '', 0, 'ALTER DATABASE ', ' CONNECTION LIMIT ' || datconnlimit
    FROM d WHERE datconnlimit >= 0
    UNION ALL
    SELECT 6, '', 0, 'ALTER DATABASE ', ' IS_TEMPLATE true' FROM d WHERE datistemplate
    UNION ALL
    SELECT 7, coalesce(s.rolname::pg_catalog.text, ''), s.n,
           CASE s.setrole WHEN 0 THEN 'ALTER DATABASE '
                          ELSE 'ALTER ROLE ' || quote_ident(s.rolname) || ' IN DATABASE ' END,
           ' SET ' || quote_ident(s.name) || ' TO '
           || CASE WHEN lower(s.name) IN ('local_preload_libraries', 'search_path',
                          'session_preload_libraries', 'shared_preload_libraries',
                          'temp_tablespaces', 'unix_socket_directories')
              THEN coalesce((SELECT string_agg(quote_literal(coalesce(replace(m.item[1], '""', '"'),
                                                                      btrim(m.item[2]))), ', '
                                               ORDER BY m.n)
                             FROM regexp_matches(s.value,
                                      '\s*(?:"((?:[^"]|"")*)"|([^",]+))\s*(?:,|$)', 'g')
                                  WITH ORDINALITY AS m (item, n)), '''''')
              ELSE quote_literal(s.value) END
    FROM settings AS s
    UNION ALL
    SELECT 8, '', 0, 'COMMENT ON DATABASE ', ' IS ' || quote_literal(c.description)
    FROM d JOIN pg_catalog.pg_shdescription AS c
             ON c.classoid = 'pg_catalog.pg_database'::pg_catalog.regclass AND c.objoid = d.oid
    UNION ALL
    SELECT 9, l.provider, 0, 'SECURITY LABEL FOR ' || quote_ident(l.provider) || ' ON DATABASE ',
           ' IS ' || quote_literal(l.label)
    FROM d JOIN pg_catalog.pg_shseclabel AS l
             ON l.classoid = 'pg_catalog.pg_database'::pg_catalog.regclass AND l.objoid = d.oid
) AS o
ORDER BY o.part, o.role COLLATE "C", o.n

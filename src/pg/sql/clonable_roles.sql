-- clonable_roles - roles with settings of their own in the current database that our role may not set. From
-- server 16 on CREATEROLE reaches as far as the ADMIN option on the role.
SELECT pg_catalog.format('%I', r.rolname)
FROM pg_catalog.pg_db_role_setting AS s
JOIN pg_catalog.pg_database AS d ON d.oid = s.setdatabase
JOIN pg_catalog.pg_roles AS r ON r.oid = s.setrole
JOIN pg_catalog.pg_roles AS me ON me.rolname = current_user
WHERE d.datname = pg_catalog.current_database() AND r.oid <> me.oid
  AND NOT (me.rolsuper OR (me.rolcreaterole AND NOT r.rolsuper
                             AND (pg_catalog.current_setting('server_version_num')::int < 160000
                                  OR pg_catalog.pg_has_role(me.oid, r.oid, 'MEMBER WITH ADMIN OPTION'))))
ORDER BY 1

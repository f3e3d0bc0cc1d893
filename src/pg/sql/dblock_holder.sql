-- Who holds the advisory lock (class $1, object $2) of this database: pid, application, role,
-- client, since when.
SELECT a.pid,
       a.application_name,
       a.usename,
       CASE WHEN a.client_addr IS NOT NULL THEN 'from ' || pg_catalog.host(a.client_addr)
            WHEN a.backend_start IS NOT NULL THEN 'on the server itself' END,
       pg_catalog.to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory'
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
                    WHERE d.datname = pg_catalog.current_database())
  AND l.classid = $1::pg_catalog.oid
  AND l.objid = $2::pg_catalog.oid
  AND l.objsubid = 2
  AND l.granted

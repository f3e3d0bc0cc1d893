-- Who holds a lock on table $1 of this database: a line each; prepared transactions have no pid.
SELECT pg_catalog.concat(
           coalesce('pid ' || l.pid, 'a prepared transaction'),
           ', ' || coalesce(nullif(a.application_name, ''), a.usename, a.backend_type),
           ', since ' || pg_catalog.to_char(coalesce(a.xact_start, a.backend_start)
                                            AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
FROM (SELECT DISTINCT k.pid
      FROM pg_catalog.pg_locks k
      WHERE k.locktype = 'relation'
        AND k.relation = $1::pg_catalog.oid
        AND k.database = (SELECT d.oid FROM pg_catalog.pg_database d
                          WHERE d.datname = pg_catalog.current_database())
        AND k.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()) l
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
ORDER BY l.pid

-- Who holds a lock on a table of this database that keeps readers out: pid, application, role, table.
SELECT DISTINCT a.pid, a.application_name, a.usename, l.relation::pg_catalog.regclass
FROM pg_catalog.pg_locks AS l
JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.relation >= 16384
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d
                    WHERE d.datname = pg_catalog.current_database())
  AND l.pid <> pg_catalog.pg_backend_pid()
ORDER BY 1, 4
LIMIT 5

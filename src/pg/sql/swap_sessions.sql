-- swap_sessions - end the sessions of the database named $1 but that of process $2, and tell which were
-- there. Those that this role must not end are listed as well: asking for them would be an error. What has no user is the
-- server's own (autovacuum) and gives way by itself.
SELECT pg_catalog.format('pid %s, role %I%s%s, since %s UTC%s', a.pid, a.usename,
           ', ' || nullif(a.application_name, ''), ', from ' || host(a.client_addr),
           pg_catalog.to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
           CASE WHEN NOT may.end_it THEN ', which this role must not end'
                WHEN NOT pg_catalog.pg_terminate_backend(a.pid) THEN ', already gone' END)
FROM pg_catalog.pg_stat_activity AS a
JOIN pg_catalog.pg_roles AS me ON me.rolname = current_user
JOIN pg_catalog.pg_roles AS other ON other.oid = a.usesysid
CROSS JOIN LATERAL (
    SELECT me.rolsuper OR (NOT other.rolsuper
                           AND (pg_catalog.pg_has_role(other.oid, 'USAGE')
                                OR pg_catalog.pg_has_role('pg_signal_backend', 'USAGE')))
) AS may (end_it)
WHERE a.datname = $1 AND a.pid NOT IN (pg_catalog.pg_backend_pid(), $2::integer)
ORDER BY a.pid

-- Other people's sessions of this database that matter to a deployment, as (kind, line, identity):
--   dump    reads the tables out: pg_dump by name, or a COPY to the client
--   long    in a transaction for more than $1 milliseconds (0: none of these)
--   hidden  in a transaction of which this role may not see the beginning; pid and role are shown
SELECT s.kind,
       pg_catalog.concat(
           'pid ', s.pid,
           ', ' || coalesce(nullif(s.application_name, ''), 'unnamed'),
           CASE WHEN s.kind <> 'dump' THEN ', role ' || coalesce(s.usename, 'unknown') END,
           ', since ' || pg_catalog.to_char(s.xact_start AT TIME ZONE 'UTC',
                                            'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
           CASE WHEN s.kind = 'hidden' THEN ', beginning and query not visible'
                WHEN s.kind = 'long'
                THEN ': ' || pg_catalog.left(
                             pg_catalog.regexp_replace(s.query, '\s+', ' ', 'g'), 100)
           END),
       pg_catalog.concat(s.pid, ' ', s.transaction)
FROM (SELECT a.pid, a.application_name, a.usename, a.xact_start, a.query,
             v.virtualtransaction AS transaction,
             CASE WHEN a.application_name IN ('pg_dump', 'pg_dumpall')
                       OR (a.state = 'active'
                           AND a.query ~* '^\s*copy\s.*\sto\s+stdout')
                  THEN 'dump'
                  WHEN $1::pg_catalog.int8 <= 0 THEN NULL
                  WHEN a.xact_start IS NULL AND a.query = '<insufficient privilege>'
                       AND v.virtualtransaction IS NOT NULL
                  THEN 'hidden'
                  WHEN a.xact_start < pg_catalog.clock_timestamp()
                                      - $1::pg_catalog.int8 * '1 millisecond'::pg_catalog.interval
                  THEN 'long' END AS kind
      FROM pg_catalog.pg_stat_activity a
      LEFT JOIN pg_catalog.pg_locks v
             ON v.pid = a.pid AND v.locktype = 'virtualxid' AND v.granted
                AND v.virtualxid = v.virtualtransaction
      WHERE a.datname = pg_catalog.current_database()
        AND a.usesysid IS NOT NULL
        AND a.pid <> pg_catalog.pg_backend_pid()
        AND NOT pg_catalog.starts_with(a.application_name, 'deploy-db')) s
WHERE s.kind IS NOT NULL
ORDER BY s.xact_start, s.pid

-- swap_hindrances - what holds the database named $1: prepared transactions keep it from being renamed;
-- who reads a logical replication slot would go on with the database that was put aside.
SELECT pg_catalog.format('prepared transaction %L of role %I, since %s UTC', p.gid, p.owner,
                         pg_catalog.to_char(p.prepared AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'))
FROM pg_catalog.pg_prepared_xacts AS p
WHERE p.database = $1
UNION ALL
SELECT pg_catalog.format('logical replication slot %I, read by process %s', s.slot_name, s.active_pid)
FROM pg_catalog.pg_replication_slots AS s
WHERE s.database = $1 AND s.slot_type = 'logical' AND s.active
ORDER BY 1

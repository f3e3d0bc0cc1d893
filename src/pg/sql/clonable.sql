-- clonable - what of the current database lies in shared catalogs and is not copied with it.
SELECT pg_catalog.format('logical replication slot %I', s.slot_name)
FROM pg_catalog.pg_replication_slots AS s
WHERE s.database = pg_catalog.current_database()
UNION ALL
SELECT pg_catalog.format('subscription %I', s.subname)
FROM pg_catalog.pg_subscription AS s
JOIN pg_catalog.pg_database AS d ON d.oid = s.subdbid
WHERE d.datname = pg_catalog.current_database()
ORDER BY 1

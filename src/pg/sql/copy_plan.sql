-- copy_plan - every table whose rows a dump holds (as tally_tables.sql), and what decides who copies
-- them. "plain": a copy of our own can hold all that pg_dump would; when in doubt it is not.
-- relfilenode is the one of the snapshot that this is read
-- with. No table is opened: nothing waits for a lock here.
WITH sharding AS (
    SELECT pg_catalog.count(*) > 0 AS here FROM pg_catalog.pg_extension
    WHERE extname IN ('timescaledb', 'citus', 'citus_columnar', 'pg_pathman', 'pg_shard',
                      'pipelinedb', 'orioledb', 'babelfishpg_tsql', 'spock', 'pg_ivm', 'periods')
), encoding AS (
    SELECT pg_catalog.pg_encoding_to_char(encoding) = 'UTF8' AS utf8
    FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
), members AS MATERIALIZED (
    SELECT objid FROM pg_catalog.pg_depend
    WHERE classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND deptype = 'e'
), tables AS MATERIALIZED (
    SELECT c.oid, n.nspname, c.relname, c.relfilenode, c.reltoastrelid, c.relam,
           c.relpersistence, c.relispartition, c.relrowsecurity
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relpersistence <> 't'
      AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deploy_db')
      AND c.oid NOT IN (SELECT objid FROM members)
), columns AS (
    SELECT attrelid,
           pg_catalog.string_agg(pg_catalog.quote_ident(attname), ', ' ORDER BY attnum) AS list,
           pg_catalog.string_agg(attname, '') AS names
    FROM pg_catalog.pg_attribute
    WHERE attrelid IN (SELECT oid FROM tables)
      AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    GROUP BY attrelid
)
SELECT c.oid, c.nspname, c.relname, pg_catalog.format('%I.%I', c.nspname, c.relname),
       columns.list,
       c.relfilenode, c.reltoastrelid,
       -- plain
       encoding.utf8 AND NOT sharding.here
       AND columns.names || c.nspname || c.relname !~ '[[:cntrl:]\\]'
       AND am.amname = 'heap' AND c.relfilenode <> 0
       AND (c.relpersistence = 'p'
            OR (c.relpersistence = 'u' AND NOT pg_catalog.pg_is_in_recovery()))
       AND NOT (c.relispartition AND EXISTS (
           SELECT FROM pg_catalog.pg_partition_ancestors(c.oid) AS above
           JOIN pg_catalog.pg_partitioned_table AS p ON p.partrelid = above.relid
           WHERE p.partstrat = 'h')),
       -- the columns stand in the same order after a restore
       encoding.utf8 AND (c.relispartition OR NOT EXISTS (
           SELECT FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = c.oid)),
       -- a restore puts rows into other partitions: the hash of such a key differs in each database
       c.relispartition AND EXISTS (
           SELECT FROM pg_catalog.pg_partition_ancestors(c.oid) AS above
           JOIN pg_catalog.pg_partitioned_table AS p ON p.partrelid = above.relid
           CROSS JOIN pg_catalog.unnest(p.partattrs::pg_catalog.int2[]) AS key(attnum)
           LEFT JOIN pg_catalog.pg_attribute AS a
                  ON a.attrelid = p.partrelid AND a.attnum = key.attnum AND key.attnum > 0
           LEFT JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
           WHERE p.partstrat = 'h'
             AND (t.oid IS NULL OR t.typtype <> 'b' OR t.typelem <> 0 OR t.oid >= 16384)),
       c.relrowsecurity AND pg_catalog.row_security_active(c.oid)
FROM tables AS c
LEFT JOIN pg_catalog.pg_am AS am ON am.oid = c.relam
LEFT JOIN columns ON columns.attrelid = c.oid
CROSS JOIN sharding CROSS JOIN encoding
ORDER BY 2, 3

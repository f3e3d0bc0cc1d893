-- Tables that are locked, by their OIDs, in the same order: the storage that each has now, its pages, and
-- the bytes of its values that are stored outside of them. pg_class is read as the snapshot has it,
-- to_regclass looks up what a name means now: COPY and pg_dump go by the name, and another table may have
-- taken it. Then the storage is null, as it is of a dropped table.
-- To measure a table the server must open it: a small one (fewer than $3 pages) that nobody has written to
-- since it was analyzed has the size that it had then. Sizes decide who copies a table, not what.
SELECT CASE WHEN pg_catalog.to_regclass(pg_catalog.format('%I.%I', n.nspname, c.relname)) = t.oid
            THEN pg_catalog.pg_relation_filenode(t.oid) END,
       CASE WHEN known.here THEN c.relpages
            ELSE pg_catalog.pg_relation_size(t.oid)
                / pg_catalog.current_setting('block_size')::pg_catalog.int8 END,
       CASE WHEN t.toast = 0 THEN 0
            WHEN known.here AND outside.relpages = 0 AND outside.reltuples = 0
                AND pg_catalog.pg_stat_get_tuples_inserted(t.toast) = 0 THEN 0
            ELSE pg_catalog.pg_relation_size(t.toast) END
FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.oid[]))
     WITH ORDINALITY AS t(oid, toast, place)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.oid
LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_class AS outside ON outside.oid = t.toast
CROSS JOIN LATERAL (
    SELECT CASE WHEN c.relpages < $3::pg_catalog.int4 AND c.reltuples >= 0
                THEN pg_catalog.pg_stat_get_mod_since_analyze(t.oid) = 0
                 AND pg_catalog.pg_stat_get_analyze_count(t.oid)
                     + pg_catalog.pg_stat_get_autoanalyze_count(t.oid) > 0
                ELSE false END AS here
) AS known
ORDER BY t.place

-- Tables that are locked, by their OIDs, in the same order: the storage that each has now, its pages, and
-- the bytes of its values that are stored outside of them. pg_class is read as the snapshot has it,
-- to_regclass looks up what a name means now: COPY and pg_dump go by the name, and another table may have
-- taken it. Then the storage is null, as it is of a dropped table.
SELECT CASE WHEN pg_catalog.to_regclass(pg_catalog.format('%I.%I', n.nspname, c.relname)) = t.oid
            THEN pg_catalog.pg_relation_filenode(t.oid) END,
       pg_catalog.pg_relation_size(t.oid)
           / pg_catalog.current_setting('block_size')::pg_catalog.int8,
       CASE WHEN t.toast <> 0 THEN pg_catalog.pg_relation_size(t.toast) ELSE 0 END
FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.oid[]))
     WITH ORDINALITY AS t(oid, toast, place)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.oid
LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
ORDER BY t.place

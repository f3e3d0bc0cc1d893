-- Tables that are locked, by their OIDs, in the same order: the storage that each has now, its pages, and
-- the bytes of its values that are stored outside of them.
SELECT pg_catalog.pg_relation_filenode(t.oid),
       pg_catalog.pg_relation_size(t.oid)
           / pg_catalog.current_setting('block_size')::pg_catalog.int8,
       CASE WHEN t.toast <> 0 THEN pg_catalog.pg_relation_size(t.toast) ELSE 0 END
FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.oid[]))
     WITH ORDINALITY AS t(oid, toast, place)
ORDER BY t.place

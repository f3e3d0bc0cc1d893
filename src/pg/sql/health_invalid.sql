-- Indexes that a failed or running CREATE INDEX CONCURRENTLY left unusable.
SELECT pg_catalog.format('%I.%I on %I.%I', xn.nspname, x.relname, tn.nspname, t.relname)
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_namespace xn ON xn.oid = x.relnamespace
JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
WHERE NOT (i.indisvalid AND i.indisready AND i.indislive)
  AND tn.nspname NOT LIKE 'pg\_%'
ORDER BY 1

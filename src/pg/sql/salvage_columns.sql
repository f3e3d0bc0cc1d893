-- salvage_columns - the columns of table $2 in schema $1, as CREATE TABLE takes them; no row: there is no
-- such table. The session's search_path is empty, so that types are named with their schemas.
SELECT coalesce(string_agg(
           quote_ident(a.attname) || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod)
           || coalesce((SELECT format(' COLLATE %I.%I', cn.nspname, co.collname)
                        FROM pg_catalog.pg_collation AS co
                        JOIN pg_catalog.pg_namespace AS cn ON cn.oid = co.collnamespace
                        WHERE co.oid = a.attcollation AND a.attcollation <> t.typcollation), '')
           || CASE WHEN a.attgenerated = 's'
                   THEN ' GENERATED ALWAYS AS ('
                        || pg_catalog.pg_get_expr(d.adbin, d.adrelid) || ') STORED'
                   ELSE '' END,
           ', ' ORDER BY a.attnum) FILTER (WHERE a.attnum IS NOT NULL), '')
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attribute AS a
       ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> 'v'
LEFT JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind = 'r'
GROUP BY c.oid

-- dbprops - how the current database was created. Columns that a server of another version has not
-- are read by way of JSON: the provider exists from 15 on, the locale was renamed in 17.
SELECT pg_catalog.pg_encoding_to_char(d.encoding), d.datcollate, d.datctype,
       CASE j.row ->> 'datlocprovider' WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu'
                                       WHEN 'b' THEN 'builtin' END,
       coalesce(j.row ->> 'datlocale', j.row ->> 'daticulocale'), j.row ->> 'daticurules',
       pg_catalog.pg_get_userbyid(d.datdba), t.spcname
FROM pg_catalog.pg_database AS d
JOIN pg_catalog.pg_tablespace AS t ON t.oid = d.dattablespace
CROSS JOIN LATERAL (SELECT pg_catalog.to_jsonb(d)) AS j (row)
WHERE d.datname = pg_catalog.current_database()

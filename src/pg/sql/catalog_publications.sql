-- catalog_publications - publications, and the tables that they publish unless it is all of them.
-- Column lists and row filters exist from server 15 on. The order of columns says nothing: a table that
-- inherits gets another one by a dump.
SELECT format('publication %I', p.pubname), fact.aspect, fact.value
FROM pg_publication AS p
LEFT JOIN pg_description AS d
       ON d.classoid = 'pg_publication'::regclass AND d.objoid = p.oid AND d.objsubid = 0
CROSS JOIN LATERAL (VALUES
    ('is', format('insert %s, update %s, delete %s, truncate %s, via root %s, all tables %s',
                  p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate, p.pubviaroot,
                  p.puballtables)
           || coalesce(', generated columns ' || (to_jsonb(p) ->> 'pubgencols'), '')),
    ('tables', CASE WHEN NOT p.puballtables THEN
         (SELECT string_agg(t.entry, ', ' ORDER BY t.entry)
          FROM (SELECT (format('%I.%I', pt.schemaname, pt.tablename)
                        || coalesce(' [' || columns.list || ']', '')
                        || coalesce(' where ' || (to_jsonb(pt) ->> 'rowfilter'), ''))
                       COLLATE "C" AS entry
                FROM pg_publication_tables AS pt
                CROSS JOIN LATERAL (
                    SELECT string_agg(quote_ident(name), ', ' ORDER BY name COLLATE "C") AS list
                    FROM jsonb_array_elements_text(nullif(to_jsonb(pt) -> 'attnames', 'null')) AS a(name)
                ) AS columns
                WHERE pt.pubname = p.pubname AND pt.schemaname <> 'deploy_db') AS t) END),
    ('owner', quote_ident(pg_get_userbyid(p.pubowner))),
    ('comment', d.description)
) AS fact (aspect, value)
WHERE NOT EXISTS (SELECT FROM pg_depend AS x WHERE x.classid = 'pg_publication'::regclass
                  AND x.objid = p.oid AND x.deptype = 'e')
  AND fact.value IS NOT NULL

-- dbprops_members - which role is a member of which: the two names as literals, and the statement.
-- From server 16 on a membership has options of its own.
SELECT quote_literal(g.rolname), quote_literal(u.rolname),
       format(E'GRANT %I TO %I%s;\n', g.rolname, u.rolname,
              CASE WHEN bool_or(j.row ? 'inherit_option')
                   THEN format(' WITH ADMIN %s, INHERIT %s, SET %s', bool_or(m.admin_option)::pg_catalog.text,
                               bool_or((j.row ->> 'inherit_option')::boolean)::pg_catalog.text,
                               bool_or((j.row ->> 'set_option')::boolean)::pg_catalog.text)
                   WHEN bool_or(m.admin_option) THEN ' WITH ADMIN OPTION' ELSE '' END)
FROM pg_catalog.pg_auth_members AS m
JOIN pg_catalog.pg_roles AS g ON g.oid = m.roleid
JOIN pg_catalog.pg_roles AS u ON u.oid = m.member
CROSS JOIN LATERAL (SELECT pg_catalog.to_jsonb(m)) AS j (row)
WHERE u.rolname !~ '^pg_'
GROUP BY g.rolname, u.rolname
ORDER BY g.rolname COLLATE "C", u.rolname COLLATE "C"

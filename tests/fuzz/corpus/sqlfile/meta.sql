\i x.sql
SELECT 1 \g
\copy t from 'x'
SELECT (2 \gexec
\.
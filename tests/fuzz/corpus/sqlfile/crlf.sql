-- Revision ID: a
-- UPGRADE
COPY t FROM stdin;
1;
\.
--downgrade
SELECT 1

CREATE TABLE n (a int, b text);
COPY n (a, b) FROM stdin;
1	one; DROP TABLE users
2	\N
\.

SELECT setval('n_a_seq', 2);

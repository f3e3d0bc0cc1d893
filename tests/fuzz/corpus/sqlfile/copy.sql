COPY a (b) FROM STDIN; -- rows
'	;
\.
COPY a FROM stdin;
\.
COPY c FROM stdin;

-- end

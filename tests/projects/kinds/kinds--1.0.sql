-- What pg_dump keeps of an extension's tables: all rows of one, those of a condition of another, none of a third.
CREATE TABLE kinds_setting (name text PRIMARY KEY, value text, standard boolean DEFAULT true);
INSERT INTO kinds_setting SELECT 'standard ' || n, n::text, true FROM generate_series(1, 100) n;
SELECT pg_catalog.pg_extension_config_dump('kinds_setting', 'WHERE NOT standard');
CREATE TABLE kinds_all (n int, t text);
SELECT pg_catalog.pg_extension_config_dump('kinds_all', '');
CREATE SEQUENCE kinds_number;
SELECT pg_catalog.pg_extension_config_dump('kinds_number', '');
CREATE TABLE kinds_own (n int);
INSERT INTO kinds_own SELECT generate_series(1, 5000);

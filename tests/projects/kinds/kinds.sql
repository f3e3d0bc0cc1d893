-- kinds.sql - a database with every kind of object that pg_dump writes, and in most kinds of table enough
-- rows for more than a page. Run by a superuser in an empty database "shop" (UTF8) of a server that has
-- the roles below, the folder's extension "kinds" and allow_in_place_tablespaces = on.
--
-- Only what a dump keeps is here: checks and functions name what they use with its schema.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET search_path = public;

CREATE ROLE "Own er"; CREATE ROLE teller NOLOGIN; CREATE ROLE auditor; CREATE ROLE "quo""te"; CREATE ROLE grouped IN ROLE teller;
CREATE TABLESPACE attic OWNER "Own er" LOCATION '';
ALTER DEFAULT PRIVILEGES FOR ROLE "Own er" GRANT SELECT ON TABLES TO auditor;
ALTER DEFAULT PRIVILEGES FOR ROLE "Own er" REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE "Own er" GRANT USAGE ON TYPES TO teller;

CREATE SCHEMA app AUTHORIZATION "Own er"; CREATE SCHEMA "S.1"; CREATE SCHEMA "new
line";
ALTER DEFAULT PRIVILEGES FOR ROLE "Own er" IN SCHEMA app GRANT INSERT ON TABLES TO teller WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES FOR ROLE "Own er" IN SCHEMA app GRANT USAGE ON SEQUENCES TO teller;
GRANT USAGE ON SCHEMA app TO teller, auditor; GRANT CREATE ON SCHEMA app TO "quo""te" WITH GRANT OPTION;
REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO PUBLIC;
COMMENT ON SCHEMA app IS E'a comment with ''quotes'', "more", \\ and\na new line';

-- --- extensions: two of contrib, and one whose tables are partly the user's ----------------------------

CREATE EXTENSION btree_gist; CREATE EXTENSION hstore SCHEMA app; CREATE EXTENSION citext; CREATE EXTENSION pg_trgm;
CREATE EXTENSION kinds SCHEMA "S.1";
INSERT INTO "S.1".kinds_setting SELECT 'mine ' || n, n::text, false FROM generate_series(1, 3000) n;
INSERT INTO "S.1".kinds_all SELECT n, repeat('all', n % 40) FROM generate_series(1, 5000) n;
SELECT setval('"S.1".kinds_number', 77);

-- --- types ----------------------------------------------------------------------------------------------

CREATE TYPE app.mood AS ENUM ('sad', 'it''s ok', '', E'back\\slash', 'ü', 'last');
ALTER TYPE app.mood ADD VALUE 'between' BEFORE 'ü'; ALTER TYPE app.mood OWNER TO "Own er";
CREATE TYPE app.pair AS (a int, "b B" text, m app.mood);
ALTER TYPE app.pair ADD ATTRIBUTE later numeric(6, 2);
COMMENT ON COLUMN app.pair."b B" IS 'a column of a type';
CREATE DOMAIN app.short AS citext DEFAULT 'x' CONSTRAINT "not long" CHECK (length(VALUE::text) < 90) NOT NULL;
CREATE DOMAIN app.pairs AS app.pair[] CHECK (array_length(VALUE, 1) < 5);
CREATE DOMAIN app.shorter AS app.short; ALTER DOMAIN app.shorter ADD CONSTRAINT unproven CHECK (VALUE <> 'no') NOT VALID;
CREATE FUNCTION app.float_gap(float8, float8) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1 - $2';
CREATE TYPE app.span AS RANGE (subtype = float8, subtype_diff = app.float_gap, multirange_type_name = app.spans);
CREATE TYPE app.shell; CREATE TYPE app.text_like;
CREATE FUNCTION app.text_like_in(cstring) RETURNS app.text_like LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION app.text_like_out(app.text_like) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE app.text_like (INPUT = app.text_like_in, OUTPUT = app.text_like_out, LIKE = text, CATEGORY = 'S');
CREATE CAST (app.text_like AS text) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (text AS app.text_like) WITH INOUT;
CREATE COLLATION app."de phone" (provider = icu, locale = 'de-u-co-phonebk');
CREATE COLLATION app.blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE COLLATION "C copy" FROM "C";
CREATE CONVERSION app.latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;

-- --- functions, operators, aggregates, languages -----------------------------------------------------------

CREATE FUNCTION app.add(a int, b int DEFAULT 2, OUT total int) LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 7 AS $$ SELECT a + b $$;
CREATE FUNCTION app.atomic(a int) RETURNS int LANGUAGE sql STABLE BEGIN ATOMIC SELECT app.add(a, 3) + 1; END;
CREATE FUNCTION app.many(VARIADIC v text[]) RETURNS SETOF text LANGUAGE plpgsql ROWS 3
    SET search_path = pg_catalog SET work_mem = '5MB' SECURITY DEFINER AS $body$
BEGIN
    RETURN QUERY SELECT unnest(v) || $q$ \ ' $q$;
END $body$;
CREATE FUNCTION app."odd "" name"(" arg" app.pair, inout "x'y" text) LANGUAGE sql AS 'SELECT "x''y"';
CREATE PROCEDURE app.act(INOUT n int) LANGUAGE plpgsql AS $$ BEGIN n := n + 1; END $$;
CREATE FUNCTION app.tab() RETURNS TABLE (id int, "The Name" text) LANGUAGE sql AS $$ VALUES (1, 'one') $$;
ALTER FUNCTION app.atomic(int) OWNER TO "Own er"; REVOKE ALL ON FUNCTION app.add(int, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.add(int, int) TO teller; COMMENT ON FUNCTION app.add IS 'adds';
CREATE AGGREGATE app.product(float8) (SFUNC = float8mul, STYPE = float8, INITCOND = '1', PARALLEL = SAFE, COMBINEFUNC = float8mul);
CREATE AGGREGATE app.nth(float8 ORDER BY anyelement)
    (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
CREATE OPERATOR app.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq, COMMUTATOR = OPERATOR(app.===), RESTRICT = eqsel, HASHES, MERGES);
CREATE OPERATOR app.!!! (RIGHTARG = int, FUNCTION = int4um);
CREATE FUNCTION app.compare(int, int) RETURNS int LANGUAGE internal IMMUTABLE STRICT AS 'btint4cmp';
CREATE FUNCTION app.compare_back(int, int) RETURNS int LANGUAGE sql IMMUTABLE STRICT AS 'SELECT app.compare($2, $1)';
CREATE OPERATOR FAMILY app.backwards USING btree;
CREATE OPERATOR CLASS app.int_backwards FOR TYPE int USING btree FAMILY app.backwards AS
    OPERATOR 1 > , OPERATOR 2 >= , OPERATOR 3 = , OPERATOR 4 <= , OPERATOR 5 < , FUNCTION 1 app.compare_back(int, int);
CREATE FUNCTION app.call_handler() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
CREATE FUNCTION app.inline_handler(internal) RETURNS void LANGUAGE c STRICT AS '$libdir/plpgsql', 'plpgsql_inline_handler';
CREATE FUNCTION app.validator(oid) RETURNS void LANGUAGE c STRICT AS '$libdir/plpgsql', 'plpgsql_validator';
CREATE LANGUAGE plcopy HANDLER app.call_handler INLINE app.inline_handler VALIDATOR app.validator;
CREATE FUNCTION app.in_plcopy() RETURNS int LANGUAGE plcopy AS $$ BEGIN RETURN 1; END $$;
CREATE ACCESS METHOD heap_too TYPE TABLE HANDLER heap_tableam_handler;
CREATE TEXT SEARCH DICTIONARY app.simple_de (TEMPLATE = simple, STOPWORDS = german);
CREATE TEXT SEARCH CONFIGURATION app.words (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION app.words ALTER MAPPING FOR asciiword WITH app.simple_de, simple;
CREATE TEXT SEARCH TEMPLATE app.template (LEXIZE = dsimple_lexize, INIT = dsimple_init);
CREATE TEXT SEARCH PARSER app.parser (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);

-- --- every type of value, odd ones among them ----------------------------------------------------------------

CREATE TABLE app."Values" (
    id bigint GENERATED ALWAYS AS IDENTITY (START 10 INCREMENT 5) PRIMARY KEY, gone_1 text,
    t text, v varchar(20) COLLATE app."de phone", c char(5), cc "char", nm name, short app.short, mood app.mood, pair app.pair,
    pairs app.pairs, span app.span, spans app.spans, tl app.text_like, blind text COLLATE app.blind, ci citext, h app.hstore,
    i2 smallint, i8 bigint, n numeric, f4 real, f8 double precision, m money, b boolean, by bytea,
    d date, ts timestamp(3), tz timestamptz, tm time, tmz timetz, iv interval, gone_2 int DEFAULT 4,
    ip inet, net cidr, mac macaddr, mac8 macaddr8, u uuid, j json, jb jsonb, x xml, bt bit(3), vb varbit,
    tv tsvector, tq tsquery, pt point, ln line, ls lseg, bx box, pa path, po polygon, ci2 circle,
    i4r int4range, nr numrange, tr tstzrange, dm datemultirange, o oid, rc regclass, rp regprocedure, rt regtype, lsn pg_lsn,
    ia int[], ta text[][], ja jsonb[], jp jsonpath, twice int GENERATED ALWAYS AS (i2 * 2) STORED);
ALTER TABLE app."Values" DROP gone_1, DROP gone_2; ALTER TABLE app."Values" ADD added text DEFAULT E'with\\''default';
INSERT INTO app."Values" (t, v, c, cc, nm, short, mood, pair, pairs, span, spans, tl, blind, ci, h, i2, i8, n, f4, f8, m, b, by, d,
    ts, tz, tm, tmz, iv, ip, net, mac, mac8, u, j, jb, x, bt, vb, tv, tq, pt, ln, ls, bx, pa, po, ci2, i4r, nr, tr, dm, o, rc, rp, rt, lsn, ia, ta, ja, jp)
SELECT (ARRAY[E'tab\tnl\ncr\rbs\\vt\vbell\007', E'\\.', E'\\N', '', ' edge ', E'\U0010FFFF\u00e9e\u0301', E'\\.\n\\.\n', 'NULL', repeat('x', 4000)])[1 + n % 9],
    'Ä' || n, 'ab', 'q', 'a name', 'short', (enum_range(NULL::app.mood))[1 + n % 7], ROW(n, E'x,"y\\"(', 'it''s ok', 1.5)::app.pair,
    ARRAY[ROW(1, NULL, '', NULL)::app.pair, NULL], app.span(n, n + 0.1), app.spans(app.span(1, 2), app.span(3, NULL)), 'like', 'Blind' || n,
    'CI', 'a=>1, "b \"q"=>NULL', n % 9000, 9223372036854775807 - n, (ARRAY['NaN', 'Infinity', '-Infinity', '1e-30', '12345678901234567890.12345', '1.10'])[1 + n % 6]::numeric,
    (ARRAY['NaN', 'Infinity', '-0', '1.1', '3.4e38'])[1 + n % 5]::real, (ARRAY['-Infinity', '5e-324', '0.1', '-0', '1.7976931348623157e308'])[1 + n % 5]::float8,
    n * 1.05, n % 2 = 0, decode(md5(n::text) || '005c0a', 'hex'), (ARRAY['infinity', '-infinity', '4714-11-24 BC', '5874897-12-31', '2026-02-28'])[1 + n % 5]::date,
    'epoch'::timestamp + n * interval '1.2345 s', (ARRAY['infinity'::timestamptz, '2026-03-29 02:30+01', '0044-03-15 BC'])[1 + n % 3],
    '24:00', '23:59:59.999999-15:59', (n || ' mons -' || n || ' days -1.5 s')::interval, '::1/128', '10.0.0.0/8', '08:00:2b:01:02:03',
    '08:00:2b:01:02:03:04:05', md5(n::text)::uuid, '{"a": 1, "a":  [null]}', '{"b": [1.10, "\u00e9\n"], "a": null}', '<a>&lt;</a> text', '101', '0001',
    to_tsvector('simple', 'it''s a \ word' || n), 'a & !b <2> c:*', '(1,-0)', '{1,2,3}', '((0,0),(1,1))', '((2,2),(0,0))', '[(0,0),(1,1)]',
    '((0,0),(1,1),(1,0))', '<(0,0),1.5>', '[1,)', 'empty', tstzrange('epoch', NULL, '()'), '{[2026-01-01,2026-02-01),(,2020-01-01)}',
    4294967295, 'app."Values"', 'app.add(int,int)', 'app.pair', 'FFFFFFFF/0', '[-1:1]={1,NULL,3}', ARRAY[ARRAY['a,', 'NULL'], ARRAY[NULL, '{"}']],
    ARRAY['{"x": "\""}'::jsonb, NULL], '$.a[*] ? (@ > 1)'
  FROM generate_series(1, 4000) n;
INSERT INTO app."Values" (short) VALUES ('only defaults');
ALTER TABLE app."Values" OWNER TO "Own er"; GRANT SELECT (id, t), UPDATE (t) ON app."Values" TO teller; GRANT SELECT ON app."Values" TO "quo""te";

-- --- partitions ----------------------------------------------------------------------------------------------

CREATE TABLE app.sales (at date NOT NULL, region text, k int, v text, PRIMARY KEY (at, region, k)) PARTITION BY RANGE (at);
CREATE TABLE app.sales_old (v text, gone int, k int NOT NULL, at date NOT NULL, region text NOT NULL); -- other columns
ALTER TABLE app.sales_old DROP gone; ALTER TABLE app.sales ATTACH PARTITION app.sales_old FOR VALUES FROM (MINVALUE) TO ('2025-01-01');
CREATE TABLE app.sales_2025 PARTITION OF app.sales FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (region);
CREATE TABLE app.sales_2025_eu PARTITION OF app.sales_2025 FOR VALUES IN ('de', 'fr') WITH (fillfactor = 70);
CREATE TABLE app.sales_2025_rest PARTITION OF app.sales_2025 DEFAULT PARTITION BY HASH (k);
CREATE TABLE app.sales_2025_rest_0 PARTITION OF app.sales_2025_rest FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE UNLOGGED TABLE app.sales_2025_rest_1 PARTITION OF app.sales_2025_rest FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE app.sales_default PARTITION OF app.sales (v DEFAULT 'late', CHECK (k > 0)) DEFAULT TABLESPACE attic;
CREATE INDEX sales_v ON app.sales (v); CREATE INDEX sales_lonely ON ONLY app.sales (region);
INSERT INTO app.sales SELECT '2024-01-01'::date + n % 1000, (ARRAY['de', 'us', 'Ü', 'fr', 'jp'])[1 + n % 5], n, md5(n::text) FROM generate_series(1, 40000) n;
CREATE TABLE app.by_mood (m app.mood, n int, t text) PARTITION BY HASH (m);
CREATE TABLE app.by_mood_0 PARTITION OF app.by_mood FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE app.by_mood_1 PARTITION OF app.by_mood FOR VALUES WITH (MODULUS 3, REMAINDER 1) PARTITION BY LIST (n);
CREATE TABLE app.by_mood_1_low PARTITION OF app.by_mood_1 DEFAULT;
CREATE TABLE app.by_mood_2 PARTITION OF app.by_mood FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO app.by_mood SELECT (enum_range(NULL::app.mood))[1 + n % 7], n, repeat('m', 40) FROM generate_series(1, 15000) n;
CREATE TABLE app.by_list (m app.mood) PARTITION BY LIST (m);
CREATE TABLE app.by_list_sad PARTITION OF app.by_list FOR VALUES IN ('sad', '');
CREATE TABLE app.by_list_none PARTITION OF app.by_list FOR VALUES IN (NULL); CREATE TABLE app.by_list_other PARTITION OF app.by_list DEFAULT;
INSERT INTO app.by_list SELECT (enum_range(NULL::app.mood) || NULL::app.mood)[1 + n % 8] FROM generate_series(1, 12000) n;
CREATE TABLE app.by_expression (a int, b text) PARTITION BY RANGE (lower(b) COLLATE "C", a);
CREATE TABLE app.by_expression_1 PARTITION OF app.by_expression FOR VALUES FROM ('a', MINVALUE) TO ('m', 10);
CREATE TABLE app.by_expression_2 PARTITION OF app.by_expression FOR VALUES FROM ('m', 10) TO (MAXVALUE, MAXVALUE);
INSERT INTO app.by_expression SELECT n, chr(97 + n % 26) || n FROM generate_series(1, 9000) n;
CREATE TABLE app.empty_root (a int) PARTITION BY RANGE (a);

-- --- inheritance, typed, odd shapes ------------------------------------------------------------------------

CREATE TABLE app.parent (a int NOT NULL, t text DEFAULT 'p', CHECK (a > 0) NO INHERIT); CREATE TABLE app.other_parent (t text, z int);
CREATE TABLE app.child (c int, a int DEFAULT 9) INHERITS (app.parent, app.other_parent);
CREATE TABLE app.grandchild (g text) INHERITS (app.child);
ALTER TABLE app.parent ADD later int DEFAULT 3; ALTER TABLE app.child ALTER t SET DEFAULT 'c';
CREATE TABLE app.adopted (later int, z text, t text, a int NOT NULL); ALTER TABLE app.adopted INHERIT app.parent;
INSERT INTO app.parent SELECT n, repeat('p', 50), n FROM generate_series(1, 6000) n;
INSERT INTO app.child (a, t, z, c, later) SELECT n, repeat('c', 50), n, n, -n FROM generate_series(1, 6000) n;
INSERT INTO app.grandchild (a, t, z, c, later, g) SELECT n, repeat('g', 50), n, n, -n, 'g' FROM generate_series(1, 6000) n;
INSERT INTO app.adopted SELECT n, 'z', repeat('a', 50), n FROM generate_series(1, 6000) n;
CREATE TABLE app.typed OF app.pair (a WITH OPTIONS DEFAULT 5 PRIMARY KEY); INSERT INTO app.typed SELECT n, 'b' || n, 'sad', 1 FROM generate_series(1, 5000) n;
CREATE TABLE app.none (); INSERT INTO app.none SELECT FROM generate_series(1, 20000);
CREATE TABLE app.all_dropped (a int, b text); INSERT INTO app.all_dropped SELECT n, 'b' FROM generate_series(1, 20000) n; ALTER TABLE app.all_dropped DROP a, DROP b;
CREATE TABLE app.only_made (n int GENERATED ALWAYS AS (7) STORED); INSERT INTO app.only_made SELECT FROM generate_series(1, 20000);
CREATE TABLE app.made (a int, t text, h text GENERATED ALWAYS AS (md5(t)) STORED, id int GENERATED BY DEFAULT AS IDENTITY, dropped int, s serial, tv tsvector GENERATED ALWAYS AS (to_tsvector('app.words'::regconfig, t)) STORED);
ALTER TABLE app.made DROP dropped; INSERT INTO app.made (a, t) SELECT n, 'made ' || n FROM generate_series(1, 6000) n;
CREATE TABLE app.twice_heap USING heap_too AS SELECT n, repeat('h', 60) AS h FROM generate_series(1, 6000) n;
CREATE TABLE app.in_attic (n int, t text) TABLESPACE attic; INSERT INTO app.in_attic SELECT n, repeat('t', 60) FROM generate_series(1, 6000) n;
CREATE INDEX in_attic_n ON app.in_attic (n) TABLESPACE attic;
CREATE UNLOGGED TABLE app.scratch (n int GENERATED ALWAYS AS IDENTITY, t text); INSERT INTO app.scratch (t) SELECT repeat('u', 60) FROM generate_series(1, 6000) n;
CREATE TABLE app.wide (id int, a text, b text COMPRESSION pglz, c text, d bytea); ALTER TABLE app.wide ALTER a SET STORAGE EXTERNAL, ALTER c SET STORAGE MAIN, ALTER c SET COMPRESSION lz4;
INSERT INTO app.wide SELECT n, repeat(md5(n::text), 2000), repeat('b', 90000), repeat('c', 9000), decode(repeat(md5(n::text), 500), 'hex') FROM generate_series(1, 60) n;
ALTER TABLE app.wide SET (fillfactor = 50, toast.autovacuum_enabled = off, autovacuum_vacuum_scale_factor = 0.5, parallel_workers = 3);
ALTER TABLE app.wide ALTER id SET STATISTICS 77, ALTER a SET (n_distinct = -0.5); ALTER TABLE app.wide REPLICA IDENTITY FULL;
CREATE TABLE app.big AS SELECT n AS id, md5(n::text) AS t, n % 97 AS k, repeat('pad', 20) AS pad FROM generate_series(1, 200000) n;
DELETE FROM app.big WHERE id % 3 = 0; UPDATE app.big SET t = 'changed' WHERE id > 195000;

-- --- constraints and indexes -------------------------------------------------------------------------------

ALTER TABLE app.big ADD CONSTRAINT "big pk" PRIMARY KEY (id) INCLUDE (k); ALTER TABLE app.big CLUSTER ON "big pk";
CREATE INDEX big_part ON app.big (lower(t) text_pattern_ops DESC NULLS LAST, (k + 1)) WHERE k > 50; CREATE INDEX ON app.made USING gin (t public.gin_trgm_ops);
CREATE INDEX big_brin ON app.big USING brin (id) WITH (pages_per_range = 4); CREATE INDEX typed_back ON app.typed (a app.int_backwards); CREATE INDEX ON app.made USING hash (t);
ALTER INDEX app.big_part ALTER COLUMN 2 SET STATISTICS 55; CREATE STATISTICS app.big_stats (ndistinct, dependencies, mcv) ON t, k FROM app.big;
CREATE STATISTICS app."big expr" ON (id % 7), (lower(t)) FROM app.big; ALTER STATISTICS app.big_stats SET STATISTICS 33; ALTER STATISTICS app.big_stats OWNER TO "Own er";
CREATE TABLE app.refers (id int, big int CONSTRAINT far REFERENCES app.big ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED, me int, at date, region text, k int,
    u int UNIQUE NULLS NOT DISTINCT, PRIMARY KEY (id), FOREIGN KEY (me) REFERENCES app.refers, CONSTRAINT to_sales FOREIGN KEY (at, region, k) REFERENCES app.sales MATCH FULL,
    CONSTRAINT "some" CHECK (id <> 94711));
INSERT INTO app.refers (id, big, me, u) SELECT n, 3 * n + 1, n, n FROM generate_series(1, 9000) n; INSERT INTO app.refers (id, at, region, k, u) SELECT 10000 + k, at, region, k, -k FROM app.sales WHERE k < 500;
ALTER TABLE app.refers ADD CONSTRAINT later CHECK (id > 10) NOT VALID; ALTER TABLE app.refers ADD CONSTRAINT unproven FOREIGN KEY (k) REFERENCES app.refers NOT VALID;
CREATE TABLE app.egg (id int PRIMARY KEY, hen int); CREATE TABLE app.hen (id int PRIMARY KEY, egg int REFERENCES app.egg); ALTER TABLE app.egg ADD FOREIGN KEY (hen) REFERENCES app.hen;
INSERT INTO app.egg SELECT n FROM generate_series(1, 3000) n; INSERT INTO app.hen SELECT n, n FROM generate_series(1, 3000) n; UPDATE app.egg SET hen = id;
CREATE TABLE app.booked (room int, during tsrange, note text, CONSTRAINT "no two" EXCLUDE USING gist (room WITH =, during WITH &&) WHERE (note IS NOT NULL) DEFERRABLE);
INSERT INTO app.booked SELECT n % 50, tsrange('epoch'::timestamp + n * interval '1 d', 'epoch'::timestamp + (n + 1) * interval '1 d'), 'n' FROM generate_series(1, 5000) n;
CREATE TABLE app.slots (during int4range, EXCLUDE USING gist (during WITH &&)); INSERT INTO app.slots SELECT int4range(n, n + 1) FROM generate_series(1, 5000) n;
CREATE TABLE app.blind_names (t text COLLATE app.blind UNIQUE); INSERT INTO app.blind_names SELECT 'Name ' || n FROM generate_series(1, 5000) n;
ALTER TABLE app.refers REPLICA IDENTITY USING INDEX refers_pkey; ALTER TABLE app.egg REPLICA IDENTITY NOTHING;

-- --- row security, grants ------------------------------------------------------------------------------------

CREATE TABLE app.secret (id int, owner name DEFAULT current_user, t text); INSERT INTO app.secret SELECT n, 'teller', repeat('s', 50) FROM generate_series(1, 6000) n;
ALTER TABLE app.secret ENABLE ROW LEVEL SECURITY; ALTER TABLE app.secret FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON app.secret FOR SELECT TO teller, "quo""te" USING (owner = current_user); CREATE POLICY "wr ite" ON app.secret AS RESTRICTIVE FOR UPDATE USING (id < 10) WITH CHECK (EXISTS (SELECT FROM app.egg e WHERE e.id = secret.id));
ALTER TABLE app.secret OWNER TO "Own er"; GRANT ALL ON app.secret TO teller WITH GRANT OPTION;
SET ROLE teller; GRANT SELECT ON app.secret TO auditor; RESET ROLE;
REVOKE TRUNCATE ON app.secret FROM "Own er"; GRANT TRIGGER ON app.big TO PUBLIC;

-- --- views, materialised views, rules, triggers -----------------------------------------------------------------

CREATE VIEW app.v1 WITH (security_barrier) AS SELECT id, t FROM app.big WHERE k = 5 WITH LOCAL CHECK OPTION; CREATE VIEW app.v2 WITH (security_invoker) AS SELECT * FROM app.v1 JOIN app.refers USING (id);
ALTER VIEW app.v1 ALTER t SET DEFAULT 'view default'; CREATE RECURSIVE VIEW app.counted (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM counted WHERE n < 9;
CREATE VIEW app.grouped AS SELECT id, t, count(*) OVER (PARTITION BY k) FROM app.big GROUP BY id; COMMENT ON COLUMN app.v1.t IS 'of a view';
CREATE MATERIALIZED VIEW app.z_first AS SELECT k, count(*), min(t) AS t FROM app.big GROUP BY k; CREATE UNIQUE INDEX ON app.z_first (k);
CREATE MATERIALIZED VIEW app.a_second AS SELECT sum(count) AS total FROM app.z_first; CREATE MATERIALIZED VIEW app.third AS SELECT total, v.n FROM app.a_second, app.counted v;
CREATE MATERIALIZED VIEW app.unfilled TABLESPACE attic AS SELECT * FROM app.third WITH NO DATA; CREATE MATERIALIZED VIEW app.rows_of AS SELECT * FROM app.made;
ALTER MATERIALIZED VIEW app.third OWNER TO "Own er"; GRANT SELECT ON app.a_second, app.counted TO "Own er";
CREATE VIEW app.knot_a AS SELECT 1 AS n; CREATE VIEW app.knot_b AS SELECT n FROM app.knot_a; CREATE OR REPLACE VIEW app.knot_a AS SELECT b.n FROM (SELECT 1 AS n) b WHERE EXISTS (SELECT FROM app.big);
CREATE TABLE app.log (id int GENERATED ALWAYS AS IDENTITY, what text);
CREATE RULE noted AS ON UPDATE TO app.hen WHERE NEW.egg <> OLD.egg DO ALSO (INSERT INTO app.log (what) VALUES ('egg'); INSERT INTO app.log (what) SELECT 'hen'); CREATE RULE notify_hens AS ON DELETE TO app.hen DO ALSO NOTIFY hens;
CREATE RULE "no deletes" AS ON DELETE TO app.egg DO INSTEAD NOTHING; ALTER TABLE app.egg DISABLE RULE "no deletes"; CREATE RULE through AS ON INSERT TO app.v2 DO INSTEAD INSERT INTO app.log (what) VALUES (NEW.t);
CREATE FUNCTION app.no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no row passes %', TG_NAME; END $$;
CREATE FUNCTION app.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO app.log (what) VALUES (TG_ARGV[0]); RETURN NULL; END $$;
CREATE TRIGGER no BEFORE INSERT ON app.made FOR EACH ROW EXECUTE FUNCTION app.no(); CREATE TRIGGER "no ""2" BEFORE INSERT OR UPDATE OF v ON app.sales FOR EACH ROW WHEN (NEW.k = 5) EXECUTE FUNCTION app.no();
ALTER TABLE app.sales_old DISABLE TRIGGER "no ""2"; ALTER TABLE app.made ENABLE ALWAYS TRIGGER no;
CREATE TRIGGER seen AFTER DELETE ON app.slots REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION app.note(E'arg\\ ''q''');
CREATE TRIGGER through INSTEAD OF DELETE ON app.grouped FOR EACH ROW EXECUTE FUNCTION app.note('v'); CREATE CONSTRAINT TRIGGER late AFTER INSERT ON app.booked DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.no();
ALTER TABLE app.booked ENABLE REPLICA TRIGGER late; COMMENT ON TRIGGER no ON app.made IS 'never';
-- Whoever changes the schema leaves a row: one that fires while a dump is loaded would leave some.
CREATE FUNCTION app.audit() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO app.log (what) VALUES (TG_TAG); END $$;

-- --- sequences, large objects, odd names --------------------------------------------------------------------

CREATE SEQUENCE app.odd AS smallint INCREMENT -3 MINVALUE -900 MAXVALUE 9 START 9 CACHE 4 CYCLE; SELECT nextval('app.odd'); CREATE SEQUENCE app.untouched; CREATE UNLOGGED SEQUENCE app.light; SELECT setval('app.light', 5, false);
ALTER SEQUENCE app.odd OWNED BY app.big.k; GRANT USAGE ON SEQUENCE app.odd TO teller; ALTER TABLE app.log ALTER id SET CACHE 7;
SELECT lo_from_bytea(4000 + n, decode(repeat(md5(n::text), n * 100), 'hex')) FROM generate_series(1, 40) n;
COMMENT ON LARGE OBJECT 4001 IS 'a ''picture'''; ALTER LARGE OBJECT 4002 OWNER TO "Own er"; GRANT SELECT ON LARGE OBJECT 4003, 4004 TO teller; GRANT UPDATE ON LARGE OBJECT 4002 TO "quo""te"; SELECT lo_create(4099);
CREATE TABLE "S.1"."Odd ""name"", .*?$|()[]" ("a ""b" int, "select" text, "Ü ${x} :y %s" text);
INSERT INTO "S.1"."Odd ""name"", .*?$|()[]" SELECT n, repeat('x', 50), 'ü' FROM generate_series(1, 5000) n;
CREATE TABLE "new
line"."tab	and
line \d $1" ("col
umn" int PRIMARY KEY, "back\slash" text); INSERT INTO "new
line"."tab	and
line \d $1" SELECT n, repeat('n', 60) FROM generate_series(1, 5000) n;
CREATE TABLE "S.1"."--comment" ("/*" text, "'" text, "\." text, "名前" text); INSERT INTO "S.1"."--comment" SELECT n, repeat('q', 50), '\.', '値' FROM generate_series(1, 5000) n;
CREATE TABLE "S.1"."$$" ("$1" int); INSERT INTO "S.1"."$$" SELECT generate_series(1, 9000); CREATE TABLE "S.1"."table" ("user" text, "order" int); INSERT INTO "S.1"."table" SELECT 'u', n FROM generate_series(1, 5000) n;
CREATE TABLE "S.1"."tèst_a_name_of_sixty_three_bytes_which_is_the_most_that_it_can_" (n int); INSERT INTO "S.1"."tèst_a_name_of_sixty_three_bytes_which_is_the_most_that_it_can_" SELECT generate_series(1, 9000);
CREATE TABLE app."S.1" (n int); INSERT INTO app."S.1" SELECT generate_series(1, 9000); CREATE TABLE "S.1".app (n int); INSERT INTO "S.1".app SELECT generate_series(1, 9001);
CREATE INDEX "in dex
" ON "S.1"."$$" ("$1"); ALTER TABLE "S.1"."$$" ADD CONSTRAINT "con'str
" CHECK ("$1" > 0); COMMENT ON TABLE "S.1"."$$" IS E'\\. $$ -- /* \n\\connect nowhere';
CREATE VIEW "new
line"."v	iew" AS SELECT "col
umn" AS "al
ias" FROM "new
line"."tab	and
line \d $1";

-- --- what newer releases have -----------------------------------------------------------------------------------

SELECT :SERVER_VERSION_NUM >= 160000 AS is_16, :SERVER_VERSION_NUM >= 170000 AS is_17, :SERVER_VERSION_NUM >= 180000 AS is_18 \gset
\if :is_16
CREATE COLLATION app.ruled (provider = icu, locale = 'und', rules = '&V << w <<< W'); CREATE ROLE lent; GRANT teller TO lent WITH INHERIT FALSE, SET FALSE;
CREATE TABLE app.of_16 (t text STORAGE external COLLATE app.ruled, j jsonb); CREATE INDEX ON app.of_16 (t) WHERE j IS JSON OBJECT WITH UNIQUE KEYS;
INSERT INTO app.of_16 SELECT 'w' || n, jsonb_build_object('n', n) FROM generate_series(1, 5000) n;
CREATE VIEW app.v_16 AS SELECT JSON_OBJECTAGG(t : j ABSENT ON NULL RETURNING jsonb), any_value(t), 0x1F + 1_000 AS n FROM app.of_16;
\endif
\if :is_17
CREATE COLLATION app.built_in (provider = builtin, locale = 'C.UTF-8'); GRANT MAINTAIN ON app.big TO teller;
ALTER DEFAULT PRIVILEGES FOR ROLE "Own er" IN SCHEMA app GRANT MAINTAIN ON TABLES TO auditor;
CREATE TABLE app.numbered (id bigint GENERATED ALWAYS AS IDENTITY (START 7), k int, t text COLLATE app.built_in, EXCLUDE USING gist (k WITH =, t WITH <>)) PARTITION BY LIST (k) USING heap_too;
CREATE TABLE app.numbered_1 PARTITION OF app.numbered FOR VALUES IN (1); CREATE TABLE app.numbered_rest PARTITION OF app.numbered DEFAULT USING heap;
INSERT INTO app.numbered (k, t) SELECT n % 2, 'one' FROM generate_series(1, 5000) n;
CREATE VIEW app.v_17 AS SELECT jt.* FROM app.of_16, JSON_TABLE(j, '$' COLUMNS (id FOR ORDINALITY, n int PATH '$.n' DEFAULT 3 ON EMPTY, NESTED PATH '$.x[*]' COLUMNS (x text))) AS jt;
CREATE FUNCTION app.merged() RETURNS SETOF text LANGUAGE sql BEGIN ATOMIC
    MERGE INTO app.of_16 o USING (VALUES ('new')) v (t) ON o.t = v.t WHEN NOT MATCHED BY SOURCE THEN DO NOTHING WHEN NOT MATCHED THEN INSERT (t) VALUES (v.t) RETURNING merge_action(); END;
ALTER TABLE app.made ALTER h SET EXPRESSION AS (md5(t || '!')); CREATE DOMAIN app.must AS int; ALTER DOMAIN app.must ADD NOT NULL;
CREATE FUNCTION app.came() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO app.log (what) VALUES ('came'); END $$;
CREATE EVENT TRIGGER came ON login EXECUTE FUNCTION app.came(); ALTER EVENT TRIGGER came DISABLE;
\endif
\if :is_18
CREATE TABLE app.virtual (a int CONSTRAINT "a is" NOT NULL NO INHERIT, v int GENERATED ALWAYS AS (a * 2), b text, s text GENERATED ALWAYS AS (md5(b)) STORED, w text GENERATED ALWAYS AS (upper(b)) VIRTUAL, u uuid DEFAULT uuidv7(),
    CONSTRAINT "not yet" CHECK (a < 100) NOT ENFORCED, CHECK (v > 0)); ALTER TABLE app.virtual RENAME b TO c; COMMENT ON CONSTRAINT "a is" ON app.virtual IS 'why not';
INSERT INTO app.virtual (a, c) SELECT n, 'c' || n FROM generate_series(1, 6000) n; ALTER TABLE app.virtual ADD CONSTRAINT unproven_not_null NOT NULL c NOT VALID;
CREATE TABLE app.rooms (id int, valid tstzrange, was int NOT NULL, PRIMARY KEY (id, valid WITHOUT OVERLAPS)); ALTER TABLE app.rooms RENAME was TO now;
CREATE TABLE app.stays (id int, room int, valid tstzrange, UNIQUE (id, valid WITHOUT OVERLAPS), FOREIGN KEY (room, PERIOD valid) REFERENCES app.rooms (id, PERIOD valid));
INSERT INTO app.rooms SELECT n, tstzrange('2026-01-01', '2027-01-01'), n FROM generate_series(1, 5000) n; INSERT INTO app.stays SELECT n, n, tstzrange('2026-02-01', '2026-03-01') FROM generate_series(1, 5000) n;
ALTER TABLE app.refers ADD CONSTRAINT not_enforced FOREIGN KEY (me) REFERENCES app.egg NOT ENFORCED; ALTER TABLE app.by_expression ADD CONSTRAINT far FOREIGN KEY (a) REFERENCES app.egg NOT VALID;
CREATE TABLE app.parts_named (n int CONSTRAINT "part n" NOT NULL) PARTITION BY LIST (n); CREATE TABLE app.parts_named_1 PARTITION OF app.parts_named FOR VALUES IN (1);
CREATE TABLE app.parts_named_2 (n int CONSTRAINT other NOT NULL); ALTER TABLE app.parts_named ATTACH PARTITION app.parts_named_2 FOR VALUES IN (2); INSERT INTO app.parts_named SELECT 1 + n % 2 FROM generate_series(1, 5000) n;
CREATE TABLE app.elder (a int CONSTRAINT "elder's" NOT NULL, b int NOT NULL); CREATE TABLE app.heir () INHERITS (app.elder); CREATE TABLE app.heir_too (a int CONSTRAINT own NOT NULL, c int) INHERITS (app.elder);
CREATE TABLE app.taken_in (a int NOT NULL, b int CONSTRAINT mine NOT NULL); ALTER TABLE app.taken_in INHERIT app.elder;
CREATE DOMAIN app.named AS int CONSTRAINT "no nulls" NOT NULL; COMMENT ON CONSTRAINT "no nulls" ON DOMAIN app.named IS 'of a domain';
ALTER DEFAULT PRIVILEGES FOR ROLE "Own er" GRANT SELECT ON LARGE OBJECTS TO teller; CREATE COLLATION app.fast (provider = builtin, locale = 'PG_UNICODE_FAST');
CREATE PUBLICATION made FOR TABLE app.made WITH (publish_generated_columns = stored); CREATE TABLE app.a_table_of_a_name_that_is_rather_long (a_column_of_a_name_that_is_rather_long int NOT NULL);
\endif

-- --- foreign data, publications, subscriptions, event triggers ------------------------------------------------

CREATE EXTENSION file_fdw; CREATE EXTENSION postgres_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw; CREATE FOREIGN DATA WRAPPER dummy OPTIONS (debug 'true');
CREATE SERVER far TYPE 'pg' VERSION '9' FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '192.0.2.1', dbname 'a ''b', connect_timeout '2'); CREATE USER MAPPING FOR teller SERVER far OPTIONS (user 'u', password_required 'false');
CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'nobody'); ALTER SERVER far OWNER TO "Own er"; GRANT USAGE ON FOREIGN SERVER files TO auditor; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO "Own er";
CREATE FOREIGN TABLE app.hosts (line text OPTIONS (force_not_null 'true')) SERVER files OPTIONS (filename '/etc/hostname', format 'text');
CREATE FOREIGN TABLE app.far_away (id int, c text COLLATE "C" DEFAULT 'f', CHECK (id > 0)) INHERITS (app.other_parent) SERVER far OPTIONS (schema_name 's', table_name 't');
CREATE FOREIGN TABLE app.sales_far PARTITION OF app.empty_root FOR VALUES FROM (1) TO (9) SERVER far;
CREATE PUBLICATION everything FOR ALL TABLES WITH (publish = 'insert, delete'); CREATE PUBLICATION "some" FOR TABLE app.big (id, k) WHERE (k > 3), ONLY app.parent, app.sales WITH (publish_via_partition_root);
CREATE PUBLICATION of_schema FOR TABLES IN SCHEMA app, "S.1"; CREATE PUBLICATION nothing; ALTER PUBLICATION nothing OWNER TO postgres; COMMENT ON PUBLICATION "some" IS 'some';
CREATE SUBSCRIPTION from_far CONNECTION 'host=192.0.2.1 dbname=x' PUBLICATION p1, "p 2" WITH (connect = false, slot_name = NONE, binary, streaming, synchronous_commit = 'local');
CREATE TRANSFORM FOR int LANGUAGE plcopy (FROM SQL WITH FUNCTION prsd_lextype(internal), TO SQL WITH FUNCTION int4recv(internal));
COMMENT ON DATABASE shop IS E'it''s "ours" \\ \nnew line'; ALTER DATABASE shop SET bytea_output = escape; ALTER DATABASE shop SET datestyle = 'German, DMY'; ALTER DATABASE shop SET timezone = 'Asia/Kathmandu';
ALTER DATABASE shop SET intervalstyle = iso_8601; ALTER DATABASE shop SET extra_float_digits = -5; ALTER DATABASE shop SET search_path = "S.1", "nowhere ""q"; ALTER DATABASE shop SET xmloption = document;
ALTER DATABASE shop SET standard_conforming_strings = off; ALTER DATABASE shop SET row_security = on; ALTER DATABASE shop SET array_nulls = off;
ALTER ROLE teller IN DATABASE shop SET work_mem = '7MB'; REVOKE TEMP ON DATABASE shop FROM PUBLIC; GRANT CREATE, TEMP ON DATABASE shop TO "quo""te" WITH GRANT OPTION;
CREATE EVENT TRIGGER audited ON ddl_command_end EXECUTE FUNCTION app.audit(); CREATE EVENT TRIGGER on_drop ON sql_drop WHEN TAG IN ('DROP TABLE', 'DROP VIEW') EXECUTE FUNCTION app.audit();
ALTER EVENT TRIGGER on_drop DISABLE; COMMENT ON EVENT TRIGGER audited IS 'leaves rows';

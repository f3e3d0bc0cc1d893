#!/bin/bash
# A database full of everything that PostgreSQL knows: a restore, by a deployment and by the command,
# brings every object, right, row and setting back, also under names that need quotes.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic

project_start fastvue
alembic upgrade head 2>/dev/null
psql -X -q -v ON_ERROR_STOP=1 -d shop >/dev/null <<'B'
CREATE ROLE reader; CREATE ROLE "O'wner ""x"""; CREATE ROLE member_of IN ROLE reader;
CREATE EXTENSION citext; CREATE SCHEMA crypt; CREATE EXTENSION pgcrypto SCHEMA crypt;
CREATE SCHEMA "My ""app" AUTHORIZATION "O'wner ""x""";
SET search_path = public;
INSERT INTO companies (name) SELECT 'c' || n FROM generate_series(1, 50) n;
INSERT INTO users (company_id, email, phone) SELECT 1, 'u' || n, '030 ' || n
  FROM generate_series(1, 500) n;
DELETE FROM companies WHERE id > 40;
SELECT setval('companies_id_seq', 4711);
CREATE SEQUENCE odd INCREMENT -3 MINVALUE -900 MAXVALUE 9 START 9 CACHE 5 CYCLE; SELECT nextval('odd');
SELECT lo_from_bytea(4242, '\x00ff27'); COMMENT ON LARGE OBJECT 4242 IS 'a picture';
GRANT SELECT ON LARGE OBJECT 4242 TO reader;
CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'happy'); CREATE DOMAIN short AS citext CHECK (length(VALUE) < 9);
CREATE TYPE pair AS (a int, b text); CREATE TYPE span AS RANGE (subtype = float8);
CREATE TABLE "My ""app"."T able" (
    id bigint GENERATED ALWAYS AS IDENTITY, "Ünï""code" text COLLATE "C" DEFAULT E'a\'\\b\n',
    m mood, s short, p pair, r span, tags text[], j jsonb, x xml, b bytea, n numeric(5, 2) NOT NULL DEFAULT 1,
    doubled numeric GENERATED ALWAYS AS (n * 2) STORED, t timestamptz, CONSTRAINT "ch eck" CHECK (n >= 0),
    EXCLUDE USING gist (r WITH &&));
INSERT INTO "My ""app"."T able" ("Ünï""code", m, s, p, r, tags, j, b, n, t)
  VALUES (E'tab\tnl\nbs\\.', 'happy', 'ABC', (1, 'x,"y'), '[1,2)', '{NULL,"NULL",""}', '{"a": null}',
          '\x0001', 9.99, 'infinity'), (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);
CREATE TABLE part (k int, v text, PRIMARY KEY (k)) PARTITION BY RANGE (k);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);
CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (10) TO (20) PARTITION BY HASH (k);
CREATE TABLE part_2a PARTITION OF part_2 FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE TABLE part_d PARTITION OF part DEFAULT; INSERT INTO part SELECT n, n FROM generate_series(1, 30) n;
CREATE TABLE parent (a int); CREATE TABLE child (b int) INHERITS (parent);
INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2, 3);
CREATE UNLOGGED TABLE scratch AS SELECT 1 AS one;
CREATE TABLE secret (who text, what text); INSERT INTO secret VALUES ('a', '1'), ('b', '2');
ALTER TABLE secret ENABLE ROW LEVEL SECURITY; ALTER TABLE secret FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON secret AS RESTRICTIVE FOR SELECT TO reader USING (who = current_user);
CREATE TABLE selfish (id int PRIMARY KEY, up int REFERENCES selfish DEFERRABLE INITIALLY DEFERRED);
INSERT INTO selfish VALUES (1, 2), (2, 1);
CREATE TABLE bad (a int); INSERT INTO bad VALUES (1), (-1); ALTER TABLE bad ADD CONSTRAINT later CHECK (a > 0) NOT VALID;
CREATE VIEW v WITH (security_barrier) AS SELECT id, name FROM companies WHERE id < 9 WITH LOCAL CHECK OPTION;
CREATE MATERIALIZED VIEW mv AS SELECT count(*) FROM users; CREATE UNIQUE INDEX ON mv (count);
CREATE MATERIALIZED VIEW empty_mv AS SELECT * FROM v WITH NO DATA;
CREATE RECURSIVE VIEW rec (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM rec WHERE n < 3;
CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 7 AS 'SELECT $1 * 2';
CREATE FUNCTION atomic_one() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM companies; END;
CREATE PROCEDURE tidy() LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$ BEGIN PERFORM 1; END $$;
CREATE AGGREGATE product(numeric) (SFUNC = numeric_mul, STYPE = numeric, INITCOND = 1);
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq, COMMUTATOR = ===);
CREATE CAST (pair AS text) WITH INOUT; CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE INDEX ix_twice ON companies (twice(id)) INCLUDE (name) WHERE id > 3;
CREATE STATISTICS st (dependencies) ON company_id, email FROM users;
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER "tr 1" BEFORE UPDATE OF name ON companies FOR EACH ROW WHEN (OLD.name <> NEW.name) EXECUTE FUNCTION noted('x', 'y z');
CREATE TRIGGER off AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION noted(); ALTER TABLE users DISABLE TRIGGER off;
CREATE RULE no_delete AS ON DELETE TO secret DO INSTEAD NOTHING;
CREATE FUNCTION ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; END $$;
CREATE EVENT TRIGGER watch ON ddl_command_end WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION ddl();
CREATE PUBLICATION pub FOR TABLE companies (id, name) WHERE (id > 1);
CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);
CREATE EXTENSION postgres_fdw; CREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'nowhere');
CREATE FOREIGN TABLE far (a int) SERVER other;
COMMENT ON SCHEMA public IS 'ours'; COMMENT ON COLUMN users.phone IS 'it''s "private"';
COMMENT ON FUNCTION twice(int) IS 'two'; COMMENT ON TRIGGER "tr 1" ON companies IS 'one';
GRANT SELECT (id, email), UPDATE (email) ON users TO reader WITH GRANT OPTION;
GRANT USAGE ON SCHEMA "My ""app" TO reader; GRANT EXECUTE ON FUNCTION twice(int) TO reader;
REVOKE ALL ON FUNCTION atomic_one() FROM PUBLIC; REVOKE CREATE ON SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO reader;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER TABLE companies REPLICA IDENTITY FULL; ALTER TABLE companies ALTER name SET STATISTICS 77;
ALTER TABLE companies SET (fillfactor = 70); ALTER TABLE users CLUSTER ON users_pkey;
ALTER TABLE child OWNER TO "O'wner ""x"""; ALTER SEQUENCE odd OWNED BY parent.a;
ALTER DATABASE shop SET search_path = "My ""app", public; ALTER DATABASE shop CONNECTION LIMIT 30;
COMMENT ON DATABASE shop IS 'it''s "ours"'; ALTER ROLE reader IN DATABASE shop SET work_mem = '3MB';
REVOKE TEMP ON DATABASE shop FROM PUBLIC; GRANT CREATE ON DATABASE shop TO reader;
B
sed -i 's/env:DATABASE_URL/env:CONNINFO/' deploy-db.cfg
printf '#!/bin/sh\nexit 1\n' >scripts/verify_migration.sh
cp later/6f3d7a9b1c04_drop_phone.py alembic/versions/
sed -i "/phone = sa/d" app/models.py
sed -i 's/protected = true;/&\n    strict: { models = false; };/' deploy-db.cfg
export CONNINFO="host=$PGHOST user=postgres dbname=shop"
psql_at postgres "ALTER DATABASE shop RENAME TO origin"

# name NAME: as the value of a conninfo, as the URL of Alembic, as SQL.
try()
{
    local name=$1 sql

    sql=$(psql_at postgres "SELECT quote_ident('${name//\'/\'\'}')")
    psql_at postgres "ALTER DATABASE origin RENAME TO $sql"
    # shellcheck disable=SC2089,SC2090 # libpq reads the quotes
    CONNINFO="host=$PGHOST user=postgres dbname='$(printf '%s' "$name" | sed "s/[\\\\']/\\\\&/g")'"
    DATABASE_URL="postgresql+psycopg2://postgres@/$name?host=$PGHOST" # not decoded by SQLAlchemy
    # shellcheck disable=SC2090
    export CONNINFO DATABASE_URL
    state_of "dbname='$(printf '%s' "$name" | sed "s/[\\\\']/\\\\&/g")'" before
    expect_status 8 ddb production >out 2>err
    state_of "$CONNINFO" after
    expect_same before after "the restored database \"$name\""
    expect_status 0 ddb restore production --yes >out 2>err
    state_of "$CONNINFO" after
    expect_same before after "the database \"$name\", restored by command"
    expect_status 0 ddb restore production --into 'be "side' --yes >out 2>err
    expect_clean
    psql_at postgres 'DROP DATABASE "be ""side"'
    psql_at postgres "ALTER DATABASE $sql RENAME TO origin"
    rm -rf snapshots
}

try shop
try "Sh op's \"ü\" \\ =%"
try "$(printf 'é%.0s' {1..31})x"

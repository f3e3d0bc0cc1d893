#!/bin/bash
# A refresh with masks, from one cluster into another: what is masked never arrives there, neither in a
# statement nor in any file of the cluster; rows, joins and everything unmasked are those of the source.
# time-limit: 600
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"

project_start shopsql
source_dir=$CLUSTER_DIR
remove_source()
{
    CLUSTER_DIR=$source_dir
    cluster_remove
}
CLUSTER_CONF="log_statement = all" cluster_start
cleanup_fn remove_source
staging_dir=$CLUSTER_DIR
source_at()
{
    PGHOST=$source_dir psql_at shop "$1"
}
export STAGING_URL="postgresql://postgres@/stage?host=$staging_dir&port=5432" SALT=0123456789abcdef0123
createdb stage

# configure REFRESH
configure()
{
    cat >deploy-db.cfg <<C
project = "shopsql";
state_dir = "state";
engine: { plugin = "sql"; };
stores: { local: { plugin = "local"; path = "snapshots"; }; };
environments: {
  production: {
    database = "env:DATABASE_URL";
    hooks: { pre_deploy = []; };
    snapshot: { copy_threshold = "64kB"; jobs = ${JOBS-2}; };
  };
  staging: { database = "env:STAGING_URL"; snapshot: { jobs = ${JOBS-2}; }; refresh: { from = "production"; $1 }; };
};
C
}

configure ""
expect_status 0 ddb production >out 2>err
source_at "
    INSERT INTO companies (name) SELECT 'RAWVALUE company ' || n FROM generate_series(1, 30) n;
    INSERT INTO users (company_id, email, full_name, phone, status)
      SELECT 1 + n % 30, 'rawvalue' || n || '@corp.example', CASE WHEN n % 7 > 0 THEN 'RAWVALUE Ann	' || n END,
             '+49 30 ' || 5550000 + n, 'status' || n % 3 FROM generate_series(1, 20000) n;
    CREATE TABLE logins (id serial PRIMARY KEY, email varchar(255) REFERENCES users (email),
      token uuid, seen jsonb, raw bytea, note text);
    INSERT INTO logins (email, token, seen, raw, note)
      SELECT 'rawvalue' || n || '@corp.example', md5(n::text)::uuid, jsonb_build_object('ip', 'RAWVALUE'),
             'RAWVALUE'::bytea, 'RAWVALUE' FROM generate_series(1, 9) n;
    CREATE TABLE \"Odd \"\"Table\" (\"The \"\"Name\" text, n int, kept text);
    INSERT INTO \"Odd \"\"Table\" VALUES ('RAWVALUE', 1, E'a\\tb\\\\c\\n'), (NULL, 2, '\\.'), ('', 3, NULL);
    CREATE TABLE events (at date, who text) PARTITION BY RANGE (at);
    CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
    CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
    INSERT INTO events SELECT '2026-01-01'::date + n % 50, 'RAWVALUE ' || n FROM generate_series(1, 9000) n;
    CREATE TABLE empty_one (secret text);
    CREATE TABLE audit_log (line text);
    INSERT INTO audit_log SELECT 'RAWVALUE ' || n FROM generate_series(1, 5000) n;
    CREATE TABLE small_log (line text);
    INSERT INTO small_log VALUES ('RAWVALUE');
    INSERT INTO products (company_id, name, sku, price) SELECT 1, 'p' || n, 's' || n, n FROM generate_series(1, 4000) n;
    CREATE MATERIALIZED VIEW names AS SELECT full_name FROM users"
# Copies of rows that somebody has fetched out of an older snapshot: no rule names them.
expect_status 0 ddb snapshot production >out 2>err
older=$(basename "$(cat out)")
expect_status 0 ddb restore production "$older" --table companies --table logins >out 2>err
expect_equal 2 "$(source_at "SELECT count(*) FROM pg_class WHERE relname ~ '_restored_' AND relkind = 'r'")"
expect_status 0 ddb snapshot production >out 2>err
newest=$(cat out)
# Both ways of the rows are tried: chunks, and the dump of pg_dump.
members=$(tar tf "$newest")
expect_contains "$members" "$(source_at "SELECT 'data/' || 'users'::regclass::oid || '.0000.copy.zst'")"
expect_lacks "$members" "data/$(source_at "SELECT 'companies'::regclass::oid")."

# raw_in DIR: the files that hold a raw value, in any form that the server may write.
raw_in()
{
    grep -rlai 'RAWVALUE\|52415756414c5545' "$1" | grep -v '/pgsql_tmp' || true
}
# The search finds what is there.
cluster_as_owner "$CLUSTER_BIN/psql" -h "$source_dir" -U postgres -X -q -d shop -c CHECKPOINT
[[ -n $(raw_in "$source_dir/data") ]] || fail "the search finds nothing in the source either"
expect_equal "" "$(raw_in "$staging_dir")"

masks=$(cat <<'M'
mask_salt = "env:SALT"; exclude_data = ["public.audit_log", "public.small_log"]; masks = (
    { column = "public.companies.name"; with = "constant"; value = "a\\b\tc"; },
    { column = "public.users.email"; with = "email"; },
    { column = "public.users.full_name"; with = "hash"; },
    { column = "public.users.phone"; with = "digits"; },
    { column = "public.users.status"; with = "keep"; },
    { column = "public.logins.email"; with = "email"; },
    { column = "public.logins.token"; with = "hash"; },
    { column = "public.logins.seen"; with = "hash"; },
    { column = "public.logins.raw"; with = "hash"; },
    { column = "public.logins.note"; with = "null"; },
    { column = "public.\"Odd \"\"Table\".\"The \"\"Name\""; with = "hash"; },
    { column = "public.\"Odd \"\"Table\".kept"; with = "keep"; },
    { column = "public.events.who"; with = "hash"; },
    { column = "public.empty_one.secret"; with = "hash"; },
    { column = "public.products.name"; with = "keep"; },
    { column = "public.products.sku"; with = "keep"; } );
M
)

# expect_masked: staging has the source's rows, less what is masked.
expect_masked()
{
    local table

    expect_equal "" "$(raw_in "$staging_dir")" "files with raw values"
    expect_equal 0 "$(psql_at stage "SELECT count(*) FROM pg_class WHERE relname ~ '_restored_'")"
    for table in companies users logins '"Odd ""Table"' events events_1 events_2 products empty_one; do
        expect_equal "$(source_at "SELECT count(*) FROM $table")" "$(psql_at stage "SELECT count(*) FROM $table")" \
            "rows of $table"
    done
    source_at "SELECT id, company_id, status, created_at, full_name IS NULL FROM users ORDER BY id" >want
    psql_at stage "SELECT id, company_id, status, created_at, full_name IS NULL FROM users ORDER BY id" >got
    expect_same want got "the unmasked columns of users"
    source_at "SELECT n, kept, \"The \"\"Name\" IS NULL FROM \"Odd \"\"Table\" ORDER BY n" >want
    psql_at stage "SELECT n, kept, \"The \"\"Name\" IS NULL FROM \"Odd \"\"Table\" ORDER BY n" >got
    expect_same want got "the unmasked columns of the odd table"
    source_at "SELECT * FROM products ORDER BY id" >want
    psql_at stage "SELECT * FROM products ORDER BY id" >got
    expect_same want got "products"
    source_at "SELECT at, count(*) FROM events GROUP BY 1 ORDER BY 1" >want
    psql_at stage "SELECT at, count(*) FROM events GROUP BY 1 ORDER BY 1" >got
    expect_same want got "events"
    expect_equal $'a\\b\tc' "$(psql_at stage "SELECT DISTINCT name FROM companies")"
    expect_equal 20000 "$(psql_at stage "SELECT count(DISTINCT email) FROM users
        WHERE email ~ '^[0-9a-f]{16}@example.invalid\$'")"
    expect_equal 20000 "$(psql_at stage "SELECT count(*) FROM users WHERE phone ~ '^[+][0-9]{2} [0-9]{2} [0-9]{7}\$'")"
    expect_equal 17143 "$(psql_at stage "SELECT count(DISTINCT full_name) FROM users WHERE full_name ~ '^[0-9a-f]{32}\$'")"
    expect_equal 9 "$(psql_at stage "SELECT count(*) FROM logins JOIN users USING (email)
        WHERE jsonb_typeof(seen) = 'string' AND length(raw) = 16 AND note IS NULL")"
    expect_equal 0 "$(psql_at stage "SELECT (SELECT count(*) FROM audit_log) + (SELECT count(*) FROM small_log)")"
    expect_equal 17143 "$(psql_at stage "SELECT count(*) FROM names WHERE full_name IS NOT NULL")"
}

configure "$masks"
expect_status 0 ddb refresh staging --yes --json >out 2>err
expect_masked
json()
{
    python3 -c 'import json, sys; d = json.load(open("out")); print(eval(sys.argv[1]))' "$1"
}
expect_equal 20000 "$(json '[t["rows"] for t in d["masked"] if t["table"] == "users"][0]')"
expect_equal 30 "$(json '[t["rows"] for t in d["masked"] if t["table"] == "companies"][0]')"
expect_equal "['audit_log', 'small_log']" "$(json '[t["table"] for t in d["left_empty"]]')"
expect_equal "{'email': 'email', 'full_name': 'hash', 'phone': 'digits'}" \
    "$(json '{c["column"]: c["with"] for t in d["masked"] if t["table"] == "users" for c in t["columns"]}')"
psql_at stage "SELECT email, phone, full_name FROM users ORDER BY id" >first

# The same salt masks in the same way, with one session as with several; another salt in another.
JOBS=1 configure "$masks"
expect_status 0 ddb refresh staging --yes >out 2>err
expect_masked
expect_contains "$(cat out)" "masked: public.users, 20000 rows: email (email), full_name (hash), phone (digits)"
expect_contains "$(cat out)" "left empty: public.audit_log"
psql_at stage "SELECT email, phone, full_name FROM users ORDER BY id" >second
expect_same first second "masked again"
SALT=another-salt-0123456 expect_status 0 ddb refresh staging --yes >out 2>err
psql_at stage "SELECT email, phone, full_name FROM users ORDER BY id" >second
expect_equal 0 "$(comm -12 <(sort first) <(sort second) | wc -l)" "rows masked in the same way by another salt"
expect_lacks "$(cat state/staging/*.log out err)" "$SALT"
expect_equal "" "$(grep -i rawvalue state/staging/* || true)"

# A new column is not forgotten: nothing is created, and everything open is told.
source_at "ALTER TABLE users ADD COLUMN nick text DEFAULT 'RAWVALUE'"
expect_status 0 ddb snapshot production >out 2>err
psql_at stage "CREATE TABLE mark (n int)"
expect_status 4 ddb refresh staging --yes >out 2>err
expect_contains "$(cat err)" "public.users.nick  text"
expect_equal 1 "$(psql_at stage "SELECT count(*) FROM pg_class WHERE relname = 'mark'")"
expect_equal "" "$(raw_in "$staging_dir")"

# A mask that breaks a key is found out before the exchange.
configure "$(sed '/logins.email/s/with = "email"/with = "hash"/' <<<"$masks") mask_strict = false;"
expect_status 6 ddb refresh staging --yes >out 2>err
expect_contains "$(cat err)" "logins_email_fkey"
expect_equal 1 "$(psql_at stage "SELECT count(*) FROM pg_class WHERE relname = 'mark'")"
expect_clean

#!/bin/bash
# Ways in which a run could be taken for what it is not: committed changes that neither catalog nor
# counters show, a schema that changes behind the snapshot, words that are no UTF-8, secrets in them.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic

project_start fastvue
alembic upgrade head 2>/dev/null
psql_at shop "INSERT INTO companies (name) SELECT 'c' || n FROM generate_series(1, 50) n"
psql_at shop "CREATE TABLE extra AS SELECT n, 'v' || n AS v FROM generate_series(1, 50) n"
sed -i 's/staging: {/staging: { strict: { models = false; };/' deploy-db.cfg

committed()
{
    revision a1 5e6a90c4b7d8 "commits, then fails" <<B
upgrade:
with op.get_context().autocommit_block():
    op.execute("$1")
op.execute("SELECT 1 / 0")
downgrade:
B
    state_of shop before
    expect_status 8 ddb staging >out 2>err
    state_of shop after
    expect_same before after "$1"
}
committed "TRUNCATE extra"
committed "ALTER TABLE extra ALTER v TYPE text USING 'gone'"

committed "ALTER DATABASE shop SET work_mem = '9MB'"

# A hook that changes the schema behind the snapshot: refused before anything is applied.
rm alembic/versions/a1_test.py
revision a2 5e6a90c4b7d8 "city" <<'B'
upgrade:
op.add_column('companies', sa.Column('city', sa.String(50)))
downgrade:
op.drop_column('companies', 'city')
B
printf '#!/bin/sh\npsql -X -q -c "CREATE INDEX ix_behind ON companies (name)"\n' >scripts/behind.sh
chmod +x scripts/behind.sh
sed 's/staging: {/staging: { hooks: { pre_deploy = ["snapshot", "scripts\/behind.sh"]; };/' \
    deploy-db.cfg >behind.cfg
expect_status 6 ddb staging --config behind.cfg >out 2>err
expect_contains "$(cat err)" "changed since the snapshot"
expect_equal 5e6a90c4b7d8 "$(psql_at shop 'SELECT version_num FROM alembic_version')"
psql_at shop "DROP INDEX ix_behind"

# A hook's last word in Latin-1, with the password in it: the run ends, in journal, ledger and document,
# and nobody can read the password there.
psql_at postgres "CREATE ROLE teller LOGIN SUPERUSER PASSWORD 's3cr3t-w0rd'"
export DATABASE_URL="postgresql://teller:s3cr3t-w0rd@/shop?host=$PGHOST"
printf '#!/bin/sh\nprintf "caf\\351 s3cr3t-w0rd closed\\n" >&2\nexit 1\n' >scripts/verify_migration.sh
sed 's/staging: {/staging: { hooks: { verify = ["scripts\/verify_migration.sh"]; };/' \
    deploy-db.cfg >latin.cfg
state_of shop before
expect_status 7 ddb staging --config latin.cfg --json >json 2>err
state_of shop after
expect_same before after
expect_equal "" "$(psql_at shop "SELECT id FROM deploy_db.run WHERE ended IS NULL")"
/usr/bin/python3 -c '
import json
d = json.load(open("json"))
assert d["status"] == 7 and "closed" in d["error"]["message"], d'
psql_at shop "SELECT * FROM deploy_db.run" >ledger
if grep -r -l 's3cr3t-w0rd' state json err ledger; then fail "the password is in these files"; fi

# A state directory that cannot be made is no other deployment.
sed 's/state_dir = "state"/state_dir = "seed.sql\/x"/' deploy-db.cfg >nostate.cfg
expect_status 6 ddb staging --config nostate.cfg >out 2>err

# Bytes that a power loss left at the end of a journal do not hide what follows.
journal=$(find state/staging -name "*.journal" | sort | tail -n 1)
printf '\0\0\0\0' >>"$journal"
expect_status 0 ddb staging >out 2>err

# A hook after the snapshot that changes the database's settings: a restore brings back those of the
# snapshot, and that is what 8 says.
printf '#!/bin/sh\npsql -X -q -c "ALTER DATABASE shop SET work_mem TO \\"11MB\\""\n' >scripts/behind.sh
printf '#!/bin/sh\nexit 1\n' >scripts/verify_migration.sh
sed 's/staging: {/staging: { hooks: { pre_deploy = ["snapshot", "scripts\/behind.sh"]; verify = ["scripts\/verify_migration.sh"]; };/' \
    deploy-db.cfg >behind.cfg
revision a3 a2 "loses" <<'B'
upgrade:
op.execute("UPDATE companies SET name = 'gone'")
downgrade:
B
state_of shop before
expect_status 8 ddb staging --config behind.cfg >out 2>err
state_of shop after
expect_same before after

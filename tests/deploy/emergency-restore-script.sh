#!/bin/bash
# The machine is lost and deploy-db with it: the snapshot file, tar and restore.sh bring the database
# back in a new cluster, roles, owner, access and settings included.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic tar sha256sum zstd psql pg_restore

project_start fastvue
alembic upgrade head 2>/dev/null
psql_at shop "INSERT INTO companies (name) VALUES ('one'), (E'o''n\\\\e \"two\"');
    INSERT INTO users (company_id, email, phone) SELECT 1, 'u' || n, '030 ' || n
      FROM generate_series(1, 20000) n;
    SELECT lo_from_bytea(0, 'large object');
    CREATE ROLE \"Own er\"; CREATE ROLE reader CONNECTION LIMIT 3; CREATE ROLE group_of;
    GRANT group_of TO reader; GRANT SELECT ON users TO group_of;
    ALTER TABLE companies OWNER TO \"Own er\"" >/dev/null
psql_at postgres "ALTER DATABASE shop SET work_mem = '7MB';
    ALTER DATABASE shop SET search_path = nowhere; ALTER DATABASE shop OWNER TO \"Own er\";
    REVOKE ALL ON DATABASE shop FROM PUBLIC; GRANT CONNECT, TEMP ON DATABASE shop TO reader;
    ALTER ROLE reader IN DATABASE shop SET jit = off; COMMENT ON DATABASE shop IS 'it''s \"ours\"'"
# A setting that would keep a restore from writing, were it applied before the data.
psql_at postgres "ALTER DATABASE shop SET default_transaction_read_only = on"

expect_status 0 ddb snapshot production >out 2>err
state_of shop before
roles="SELECT rolname, rolconnlimit, rolcanlogin, pg_has_role(rolname, 'group_of', 'member')
         FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1"
psql_at postgres "$roles" >roles.before
files=(snapshots/*.tar)
expect_equal 1 "${#files[@]}" "number of snapshots"
cluster_remove

# --- another machine ---------------------------------------------------------------------------------

cluster_start
mkdir x
tar -C x -xf "${files[0]}"
expect_status 0 env "PATH=$PROGRAM_PATH" sh x/restore.sh >restore.out 2>&1
expect_contains "$(cat restore.out)" "done: database \"shop\" is restored"
expect_lacks "$(cat restore.out)" "ERROR"
state_of shop after
expect_same before after
psql_at postgres "$roles" >roles.after
expect_same roles.before roles.after

# Under another name, beside it; and not over one that exists.
expect_status 0 sh x/restore.sh 'shop = "two"' >restore.out 2>&1
expect_status 1 sh x/restore.sh shop >restore.out 2>&1
expect_contains "$(cat restore.out)" "exists already"

# --- the same by hand, as RESTORE.md says ------------------------------------------------------------

(
    cd x || exit 1
    sha256sum -c SHA256SUMS >/dev/null
    zstd -dc globals.sql.zst | psql -X -q -v db=by_hand -d postgres >/dev/null 2>&1
    createdb -T template0 -E UTF8 -l C.UTF-8 by_hand
    cat main.dump.zst.* | zstd -dc >main.dump
    pg_restore --exit-on-error --section=pre-data --section=data -d by_hand main.dump
    while IFS=$'\t' read -r number statement; do
        zstd -dc data/"$number".*.copy.zst | psql -X -q -d by_hand -c "$statement"
    done <copy.list
    pg_restore --exit-on-error --section=post-data -d by_hand main.dump
    zstd -dc globals.sql.zst | psql -X -q -v db=by_hand -d postgres >/dev/null 2>&1
)
state_of by_hand by_hand
expect_same before by_hand

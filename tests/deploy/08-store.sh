#!/bin/bash
# The store is full, or not writable: status 6 and an untouched database.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic mount umount unshare

project_start fastvue
alembic upgrade 4d2c8b1e7f33 2>/dev/null
psql_at shop "INSERT INTO companies (name) SELECT md5(n::text) || md5((-n)::text)
    FROM generate_series(1, 120000) n"
state_of shop before

# Too little room for certain: refused before the dump; nearly enough: it breaks while it is written.
for kilobytes in 256 4096; do
    mkdir -p snapshots
    expect_status 6 unshare --mount --map-root-user sh -c "
        mount -t tmpfs -o size=${kilobytes}k,mode=700 tmpfs snapshots &&
        '$DDB_B/deploy-db' production --config deploy-db.cfg; status=\$?
        ls -A snapshots >left; exit \$status" >out 2>err
    state_of shop after
    expect_same before after
    expect_equal "" "$(cat left)" "files in the store"
    expect_contains "$(cat err)" "store \"local\""
done

rmdir snapshots
: >snapshots
expect_status 6 ddb production >out 2>err
state_of shop after
expect_same before after
rm snapshots
expect_status 0 ddb production >out 2>err

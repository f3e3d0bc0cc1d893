#!/bin/bash
# A restore of a file: killed at every step, with a live database and without one; cancelled while rows
# run into the fresh database. The database is what it was, and nothing that was unpacked is left.
# time-limit: 600
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/crash.sh"
requires alembic pg_dump tar zstd

project_start fastvue
alembic upgrade head 2>/dev/null
psql_at shop "INSERT INTO companies (name) SELECT 'c' || n FROM generate_series(1, 50) n"
F=$TMPDIR/files
mkdir "$F"
pg_dump shop >"$F/plain"
pg_dump -Fc shop | zstd -q >"$F/custom"
pg_dump -Fd -f "$F/folder" shop
tar -C "$F" -cf "$F/packed" folder
psql_at postgres "ALTER DATABASE shop SET work_mem = '5MB'"
state_of shop after.state
psql_at shop "DELETE FROM companies"
crash_prepare

expect_unpacked()
{
    expect_equal "$1" "$(find state -name '*.unpacked' | wc -l)" "folders of unpacked files"
}

kill_at()
{
    local status=0

    DEPLOY_DB_FAULT=$1:kill ddb_faults restore staging --yes "$2" >out 2>err || status=$?
    expect_equal 137 $status "restore of $2 killed at $1"
}

for file in plain custom packed; do
    for point in restore.begin:7 restore.unpacked:7 recover.created:7 recover.loaded:7 recover.closed:7 \
        recover.swapped:0; do
        crash_reset
        kill_at "${point%:*}" "$F/$file"
        crash_recover staging "${point%:*}" "${point#*:}"
        expect_unpacked 0
    done
done

# Nobody recovers: the next restore of a file removes what is left.
crash_reset
kill_at restore.unpacked "$F/packed"
expect_unpacked 1
expect_status 0 ddb_faults restore staging --yes "$F/plain" >out 2>err
expect_unpacked 0
state_of shop now.state
expect_same after.state now.state

# Where nothing is live: afterwards there is either none, or the whole one.
for point in restore.unpacked recover.created recover.loaded; do
    crash_reset
    psql_at postgres "DROP DATABASE shop"
    kill_at "$point" "$F/packed"
    expect_status 7 ddb_faults recover staging >out 2>err
    expect_equal "" "$(psql_at postgres "SELECT datname FROM pg_database WHERE datname LIKE 'shop%'")"
    expect_unpacked 0
done

# A signal while the server is at work: the statement is cancelled.
{
    sed '/^-- PostgreSQL database dump complete/,$d' "$F/plain"
    printf 'SELECT pg_catalog.pg_sleep(200);\n'
    sed -n '/^-- PostgreSQL database dump complete/,$p' "$F/plain"
} >"$F/slow"
sleeps()
{
    [[ -n $(psql_at postgres "SELECT pid FROM pg_stat_activity
        WHERE datname LIKE 'shop_fresh_%' AND query LIKE '%pg_sleep%'") ]]
}
crash_reset
"$DDB_FAULTS_B/deploy-db" restore staging --yes "$F/slow" >out 2>err &
pid=$!
wait_for 60 sleeps
kill -TERM $pid
status=0
wait $pid || status=$?
expect_equal 6 $status "cancelled"
expect_clean
state_of shop now.state
expect_same before.state now.state "cancelled"

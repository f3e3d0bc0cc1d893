#!/bin/bash
# run.sh NAME... - the benchmarks: revisions, sql-engine, snapshot, restore, sftp; without a name all. They
# measure and assert nothing. BENCH_COUNT and BENCH_ROUNDS set how many revisions and runs. TMPDIR is
# where; by default a disk, but memory for sql-engine: three hundred tables are some thousand new
# files, and what a disk takes to make them is the same for all contenders and hides them.
if [[ $# -ne 1 ]]; then
    [[ $# -gt 0 ]] || set -- revisions sql-engine snapshot restore sftp
    for name; do
        bash "$0" "$name" || exit
    done
    exit
fi
[[ $1 == sql-engine ]] || export TMPDIR=${TMPDIR:-/tmp}
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
requires alembic psql python3 pg_dump zstd

if [[ $1 == sftp ]]; then # needs no cluster
    exec bash "$DDB_SRC/tests/bench/sftp.sh"
fi
script=$DDB_SRC/tests/bench/${1//-/_}.py
[[ -f $script && $1 != measure && $1 != project ]] || fail "there is no benchmark $1"
cluster_start
export PYTHONHASHSEED=0 PGDATABASE=bench
createdb --maintenance-db=postgres bench
echo "measured in $TMPDIR, $(stat -f -c %T "$TMPDIR")"
/usr/bin/python3 -W ignore::DeprecationWarning "$script" "$DDB_B/deploy-db" \
    "postgresql+psycopg2://postgres@/bench?host=${PGHOST//\//%2F}&port=$PGPORT" "$TMPDIR" \
    "${BENCH_COUNT:-0}" "${BENCH_ROUNDS:-0}"
echo

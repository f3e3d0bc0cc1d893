#!/bin/bash
# run.sh NAME... - the benchmarks: revisions, sql-engine, snapshot, restore, sftp; without a name all. They measure
# and assert nothing. BENCH_COUNT and BENCH_ROUNDS set how many revisions and runs.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
requires alembic psql python3 pg_dump zstd

[[ $# -gt 0 ]] || set -- revisions sql-engine snapshot restore sftp
if [[ $* == sftp ]]; then # needs no cluster
    exec bash "$DDB_SRC/tests/bench/sftp.sh"
fi
cluster_start
export PYTHONHASHSEED=0 PGDATABASE=bench
for name; do
    if [[ $name == sftp ]]; then
        bash "$DDB_SRC/tests/bench/sftp.sh"
        continue
    fi
    script=$DDB_SRC/tests/bench/${name//-/_}.py
    [[ -f $script && $name != measure && $name != project ]] || fail "there is no benchmark $name"
    dropdb --if-exists --maintenance-db=postgres bench 2>/dev/null
    createdb --maintenance-db=postgres bench
    /usr/bin/python3 -W ignore::DeprecationWarning "$script" "$DDB_B/deploy-db" \
        "postgresql+psycopg2://postgres@/bench?host=${PGHOST//\//%2F}&port=$PGPORT" "$TMPDIR" \
        "${BENCH_COUNT:-0}" "${BENCH_ROUNDS:-0}"
    echo
done

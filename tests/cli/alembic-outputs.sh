#!/bin/bash
# current, heads, history, branches, show: real projects on disk, the same text as Alembic's.
# A longer run, by hand: DDB_GRAPHS=1000 DDB_SEED=2 bash FILE
# time-limit: 1800
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
requires alembic

cluster_start
createdb outputs
export PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1
echo "seed: ${DDB_SEED:-1}"
/usr/bin/python3 -W ignore::DeprecationWarning "$DDB_SRC/tests/differential/cli.py" \
    "$DDB_B/deploy-db" \
    "postgresql+psycopg2://postgres:se%20cret@/outputs?host=${PGHOST//\//%2F}&port=$PGPORT" \
    "$TMPDIR" "${DDB_GRAPHS:-60}" "${DDB_SEED:-1}"

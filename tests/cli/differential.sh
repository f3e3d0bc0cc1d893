#!/bin/bash
# Revision graphs by the thousand, asked of Alembic and of our own code: the answers must be the same.
# A longer run: make check-differential N=10000 SEED=2
# time-limit: 1800
set -eu

echo "seed: ${DDB_SEED:-1}"
PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -W ignore::DeprecationWarning \
    "$DDB_SRC/tests/differential/compare.py" "$DDB_B/tests/graph_tool" \
    "${DDB_GRAPHS:-1000}" "${DDB_SEED:-1}"

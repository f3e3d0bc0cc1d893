#!/bin/bash
# A copy of the database as the snapshot: kill -9 at every step of making it and of going back to it; recover,
# or the next deployment, lets people in again, and no copy is left. tests/faults has the rest.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/crash.sh"
. "$DDB_SRC/tests/harness/crash_template.sh"

template_start
for point in clone.closed clone.copied clone.opened; do
    crash_at $point staging
    crash_recover staging $point 7
    open_and_clean "$point, recover"
done
for point in swap.close clone.closed clone.copied; do
    crash_at $point staging
    planned "$point, deploy again"
done

template_bad
for point in recover.clone recover.closed recover.swapped; do
    crash_at $point staging
    crash_recover staging $point 8
    open_and_clean "$point, recover"
done

#!/bin/bash
# The disk of the local store fails: full at the beginning, in the middle and at the end, an error of each
# fsync and each rename of a run. There is a whole snapshot or none, and the next run finds a tidy store.
# time-limit: 900
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/outcome.sh"
requires strace mount umount

[[ $(id -u) -eq 0 ]] || fail "a small file system can only be mounted by root"
project_start shopsql
cp deploy-db.cfg whole.cfg
expect_status 0 ddb staging >out 2>err
psql_at shop "INSERT INTO companies (name) SELECT md5(n::text) || md5((-n)::text) FROM generate_series(1, 120000) n"
rm -r snapshots
state_of shop before

# --- full ------------------------------------------------------------------------------------------------

mkdir snapshots
unmount()
{
    ! mountpoint -q "$PROJECT/snapshots" || umount "$PROJECT/snapshots"
}
cleanup_fn unmount

# with_disk SIZE: the store has so much room.
with_disk()
{
    unmount
    mount -t tmpfs -o "size=$1" none "$PROJECT/snapshots"
    outcome_begin
}

# Too small from the beginning; too small for all of it; filled by somebody else while it is written.
for size in 4k 64k 1m 3m; do
    with_disk $size
    status=0
    ddb snapshot staging >out 2>err || status=$?
    [[ $status -ne 0 ]] || fail "a snapshot of several MiB on $size"
    outcome_of $status "a disk of $size" "space"
    expect_equal "" "$(find snapshots -type f)" "files on a disk of $size"
    mount -o remount,size=40m "$PROJECT/snapshots"
    outcome_next "a disk of $size"
done
for point in snapshot.middle snapshot.commit; do
    with_disk 40m
    DEPLOY_DB_FAULT=$point:stop "$DDB_FAULTS_B/deploy-db" snapshot staging >out 2>err &
    pid=$!
    wait_for 60 eval "[[ \$(sed 's/.*) //' /proc/$pid/stat | cut -c 1) == T ]]"
    dd if=/dev/zero of=snapshots/filler bs=4k status=none 2>/dev/null || true
    kill -CONT $pid
    status=0
    wait $pid || status=$?
    outcome_of $status "full after $point" "space"
    [[ $point != snapshot.middle || $status -ne 0 ]] || fail "written on a full disk"
    rm snapshots/filler
    outcome_next "full after $point"
done
unmount

# --- errors of the disk -------------------------------------------------------------------------------------

# calls NAME: how many a whole run makes.
calls()
{
    rm -rf snapshots
    strace -f -qq -o trace -e "trace=$1" "$DDB_B/deploy-db" snapshot staging >out 2>err
    grep -c "$1(" trace
}

for call in fsync:EIO fsync:ENOSPC renameat2:EIO renameat2:ENOSPC; do
    total=$(calls "${call%:*}")
    [[ $total -gt 0 ]] || fail "no ${call%:*} in a run"
    for ((n = 1; n <= total; n++)); do
        rm -rf snapshots
        outcome_begin
        status=0
        strace -f -qq -o trace -e "trace=${call%:*}" -e "inject=${call%:*}:error=${call#*:}:when=$n" \
            "$DDB_B/deploy-db" snapshot staging >out 2>err || status=$?
        grep -q "INJECTED" trace || continue
        outcome_of $status "$call, number $n of $total"
        outcome_next "$call, number $n of $total"
    done
done
state_of shop after
expect_same before after

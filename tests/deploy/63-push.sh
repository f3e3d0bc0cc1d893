#!/bin/bash
# snapshot push and pull: from store to store, over cut connections, going on with what is there; nobody
# else writes the same file meanwhile; the database is needed for neither.
# time-limit: 600
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/slowstore.sh"
requires cc python3

# field NAME: of the first transfer in the document "out".
field()
{
    python3 -c 'import json, sys; print(json.load(open("out"))["transfers"][0][sys.argv[1]])' "$1"
}

slow_project
slow_config any
network down
expect_status 0 ddb snapshot staging >out 2>err
expect_contains "$(cat err)" "snapshot push staging"
network_good
name=$(newest snapshots)
cluster_stop

# --- push: nothing there; then it is there already; a store that is not the environment's.
expect_status 0 ddb snapshot push staging --json >out 2>err
expect_equal "local slow 0" "$(field from) $(field to) $(field resumed_bytes)" "the transfer"
expect_equal "$(sha256sum <"snapshots/$name" | cut -d' ' -f1)" "$(field sha256)" "sha256"
cmp "snapshots/$name" "remote/$name" || fail "the copies differ"
expect_status 0 ddb snapshot push staging >out 2>err
expect_contains "$(cat out)" "$name is there already"
# Whoever brought it was cut off before it was verified: the next one does that.
rm remote/"$name".*.json
expect_status 0 ddb snapshot push staging >out 2>err
expect_contains "$(cat out)" "$name: was there already; verified (fast)"
expect_equal "fast" "$(levels remote "$name")" "evidence of a copy that was there"
expect_status 2 ddb snapshot push staging --store lokal >out 2>err
expect_status 2 ddb snapshot push staging --level slow >out 2>err
expect_status 6 ddb snapshot push staging nothing.tar >out 2>err

# --- A cut on the way is gone on with; --level full reads every byte there.
rm "remote/$name" control/sessions
network cut 1000000
expect_status 0 ddb snapshot push staging --store slow --level full >out 2>err
expect_contains "$(cat err)" "the connection was lost"
expect_contains "$(cat out)" "verified (full)"
cmp "snapshots/$name" "remote/$name" || fail "the copies differ after a cut"
expect_equal "fast full" "$(levels remote "$name")" "evidence of the two pushes"
expect_equal 1 "$(ddb snapshot list staging 2>/dev/null | grep -c " slow .*verified: full ")" "lines of the list"

# --- What was damaged in what an earlier attempt has left is noticed with --level full.
rm "remote/$name"
head -c 500000 "snapshots/$name" >"remote/.$name.part"
printf 'damaged' | dd of="remote/.$name.part" bs=1 seek=400000 conv=notrunc status=none
expect_status 6 ddb snapshot push staging --level full >out 2>err
expect_contains "$(cat err)" "failed its verification"
expect_contains "$(cat err)" "the copy in store \"slow\" was removed"
expect_equal "" "$(newest remote)$(parts remote)" "a copy that failed"
expect_status 0 ddb snapshot list staging >out 2>err
expect_lacks "$(cat out)" " slow "

# --- What is damaged on the way in what is compared anyway; what the source has wrong already.
for place in -1000 300000; do
    network damage $place
    expect_status 6 ddb snapshot push staging --level full >out 2>err
    expect_contains "$(cat err)" "the copy in store \"slow\" was removed"
    expect_equal "" "$(newest remote)$(parts remote)" "a copy that was damaged at $place"
done
cp "snapshots/$name" whole.tar
truncate -s -2000 "snapshots/$name"
expect_status 6 ddb snapshot push staging "$name" >out 2>err
expect_equal "" "$(newest remote)$(parts remote)" "a copy of a damaged snapshot"
mv whole.tar "snapshots/$name"

# --- An unfinished file that is longer than the snapshot is somebody else's.
{ cat "snapshots/$name"; echo more; } >"remote/.$name.part"
expect_status 6 ddb snapshot push staging >out 2>err
expect_contains "$(cat err)" "more than the"
rm "remote/.$name.part"

# --- Killed on the way: the next one goes on.
status=0
DEPLOY_DB_FAULT=ship.middle@5:kill "$DDB_FAULTS_B/deploy-db" snapshot push staging >out 2>err || status=$?
expect_equal 137 $status "status"
[[ -n $(parts remote) && -z $(newest remote) ]] || fail "not killed in the middle"
expect_status 0 ddb snapshot push staging --json >out 2>err
[[ $(field resumed_bytes) -gt 500000 ]] || fail "push began anew"
expect_equal "$(sha256sum <"snapshots/$name" | cut -d' ' -f1)" "$(field sha256)" "sha256 of all"
cmp "snapshots/$name" "remote/$name" || fail "the copies differ after a kill"

# --- Two at once: one ships, the other is told.
rm "remote/$name"
network rate 800
ddb snapshot push staging >out1 2>err1 &
pid=$!
wait_for 20 test -s "remote/.$name.part"
expect_status 5 ddb snapshot push staging >out 2>err
expect_contains "$(cat err)" "is on its way into store \"slow\" already"
wait $pid || fail "the first push failed: $(cat err1)"
cmp "snapshots/$name" "remote/$name" || fail "the copies differ after two pushes"
network_good

# --- pull: the newest one there, over a cut; what a killed one has left is removed first.
mv snapshots kept
expect_status 0 ddb snapshot list staging >out 2>err
expect_contains "$(cat out)" "slow"
network cut 700000
expect_status 0 ddb snapshot pull staging "$name" --store slow --json >out 2>err
expect_equal "slow local" "$(field from) $(field to)" "the transfer"
expect_contains "$(cat err)" "the connection was lost"
cmp "kept/$name" "snapshots/$name" || fail "what was pulled differs"
rm "snapshots/$name"
expect_status 0 ddb snapshot pull staging >out 2>err
cmp "kept/$name" "snapshots/$name" || fail "the newest is not what was pulled"
expect_status 0 ddb snapshot pull staging >out 2>err
expect_contains "$(cat out)" "is there already"
rm snapshots/*.json
printf x | dd of="snapshots/$name" bs=1 seek=600 conv=notrunc status=none
expect_status 6 ddb snapshot pull staging "$name" --level full >out 2>err
expect_contains "$(cat err)" "the copy in store \"local\""
[[ -f snapshots/$name ]] || fail "a copy that nobody brought just now was removed"
cp "kept/$name" snapshots/
expect_status 0 ddb snapshot pull staging "$name" >out 2>err
expect_equal "fast" "$(levels snapshots "$name")" "evidence of what was pulled before"
rm "snapshots/$name"
status=0
DEPLOY_DB_FAULT=ship.middle@3:kill "$DDB_FAULTS_B/deploy-db" snapshot pull staging >out 2>err || status=$?
expect_equal 137 $status "status"
[[ -n $(parts snapshots) ]] || fail "not killed in the middle"
unfinished=snapshots/.$name.full-20260101T000000Z.json.part # of somebody who verified an earlier copy
touch "$unfinished"
expect_status 0 ddb snapshot pull staging "$name" --level full >out 2>err
cmp "kept/$name" "snapshots/$name" || fail "what was pulled differs after a kill"
rm "$unfinished"
expect_equal "" "$(parts snapshots)" "unfinished files"

# --- pull fails: nothing is left here.
rm "snapshots/$name"
network down
expect_status 6 ddb snapshot pull staging "$name" >out 2>err
expect_contains "$(cat err)" "could not connect"
expect_equal "" "$(find snapshots -type f ! -name '*.json')" "files in the local store"
network_good

# --- Several stores lack it: one that fails does not keep it from the others.
sed -i 's/local: {/vault: { plugin = "local"; path = "vault"; };\n  local: {/; s/"local"\]/"local", "vault"]/' deploy-db.cfg
mv kept/* snapshots/
rm "remote/$name"
network down
expect_status 6 ddb snapshot push staging >out 2>err
expect_contains "$(cat err)" "could not connect"
cmp "snapshots/$name" "vault/$name" || fail "the second store did not get it"
network_good
expect_status 0 ddb snapshot push staging --json >out 2>err
expect_equal slow "$(field to)" "the store that lacked it"

# --- restore reads the local store, and the remote one where the local one has it no more.
cluster_boot
psql_at shop "DELETE FROM companies"
rm "snapshots/$name" "vault/$name"
expect_status 0 ddb restore staging --yes >out 2>err
expect_equal 60000 "$(rows companies)" "rows"

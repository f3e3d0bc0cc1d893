#!/bin/bash
# A store behind a network is fed from the local store's file while that grows: the database does not
# wait, a cut connection is gone on with, and what must be there before the database is changed is.
# time-limit: 600
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/slowstore.sh"
requires cc

slow_project

# anew: the database at 3c95f2a7e610 again, stores and state empty, the network good.
anew()
{
    psql_at postgres "DROP DATABASE shop WITH (FORCE)"
    psql_at postgres "CREATE DATABASE shop TEMPLATE origin"
    network_good
    rm -rf state snapshots remote control/sessions out err
}

at_heads()
{
    [[ $(psql_at shop "SELECT version_num FROM alembic_version") == 5e6a90c4b7d8 ]]
}

# is_whole FOLDER; is_same: both stores have the newest snapshot, byte by byte.
is_whole()
{
    [[ -n $(newest "$1") ]]
}

expect_same_everywhere()
{
    is_whole snapshots || fail "no snapshot in the local store"
    cmp "snapshots/$(newest snapshots)" "remote/$(newest snapshots)" || fail "the copies differ"
    expect_clean
}

psql_at postgres "ALTER DATABASE shop RENAME TO origin"
psql_at postgres "CREATE DATABASE shop TEMPLATE origin"
anew
state_of shop before.state

# --- "all": the database waits for nobody, the deployment for the remote store, over a cut connection.
network rate 800
network cut 1500000
ddb staging >out 2>err &
pid=$!
wait_for 30 is_whole snapshots
sleep 0.3
expect_equal "" "$(psql_at postgres "SELECT pid, state, query FROM pg_stat_activity
    WHERE datname = 'shop' AND (backend_xmin IS NOT NULL OR xact_start IS NOT NULL)")" \
    "transactions while the snapshot is shipped"
expect_equal 0 "$(psql_at shop "SELECT count(*) FROM pg_locks
    WHERE relation = 'companies'::regclass")" "locks on a table"
[[ -n $(parts remote) && -z $(newest remote) ]] || fail "the remote store was no slower"
at_heads && fail "the migrations did not wait for a required store"
wait $pid || fail "status $?: $(cat err)"
at_heads || fail "not deployed"
expect_same_everywhere
expect_contains "$(cat err)" "the connection was lost"
expect_equal "create suspend resume" "$(awk '{ print $1 }' control/sessions | paste -sd' ')" "sessions"
kept=$(awk '$1 == "resume" { print $2 }' control/sessions)
[[ $kept -gt 1000000 && $kept -lt 1500000 ]] || fail "resumed at $kept"
expect_equal full "$(levels snapshots "$(newest snapshots)")" "evidence in the local store"
expect_equal fast "$(levels remote "$(newest remote)")" "evidence in the remote store"
expect_equal 1 "$(ddb snapshot list staging 2>/dev/null | grep -c " slow .*verified: fast ")" "lines of the list"
expect_status 0 ddb status staging >out 2>err
expect_contains "$(cat out)" "verified  fast "
expect_contains "$(cat out)" "copy      $PWD/snapshots/$(newest snapshots), verified: full "
expect_status 0 ddb snapshot verify staging "$(newest remote)" >out 2>err

# --- "any", and the local store's label: the deployment goes on at once, and ends with the shipping.
for require in any local; do
    anew
    slow_config $require
    network rate 1000
    ddb staging >out 2>err &
    pid=$!
    wait_for 30 at_heads
    [[ -n $(parts remote) && -z $(newest remote) ]] || fail "$require: the remote store was no slower"
    wait $pid || fail "$require: status $?: $(cat err)"
    expect_same_everywhere
done

# --- The remote store's label: as "all" with these two.
anew
slow_config slow
network rate 1500
ddb staging >out 2>err &
pid=$!
wait_for 30 is_whole snapshots
at_heads && fail "slow: the migrations did not wait"
wait $pid || fail "slow: status $?: $(cat err)"
at_heads || fail "slow: not deployed"
expect_same_everywhere

# --- Nobody answers: refused where the store is required, a warning elsewhere.
anew
slow_config all
network down
expect_status 6 ddb staging >out 2>err
expect_contains "$(cat err)" 'store "slow": could not connect'
expect_status 6 ddb snapshot staging >out 2>err
expect_contains "$(cat err)" 'store "slow": could not connect'
expect_equal "" "$(find snapshots remote -type f 2>/dev/null)" "files in the stores"
expect_status 4 ddb doctor staging >out 2>err
expect_contains "$(cat out)" "could not connect"
state_of shop after.state
expect_same before.state after.state
for require in any local; do
    slow_config $require
    expect_status 0 ddb doctor staging >out 2>err
    expect_contains "$(cat err)" "warning: store \"slow\": could not connect"
done
expect_status 0 ddb staging --json >out 2>err
expect_contains "$(cat out)" 'is not there yet'
at_heads || fail "not deployed"
is_whole snapshots || fail "no snapshot"
expect_status 0 ddb snapshot list staging >out 2>err
expect_contains "$(cat out)" "$(newest snapshots)"
expect_contains "$(cat err)" "not listed"

# --- It goes away between preflight and snapshot: the same.
anew
printf '#!/bin/sh\n: >control/down\n' >scripts/unplug
chmod +x scripts/unplug
HOOKS='"scripts/unplug", ' slow_config all
expect_status 6 ddb staging >out 2>err
expect_contains "$(cat err)" "store \"slow\": could not connect"
expect_equal "" "$(find snapshots remote -type f 2>/dev/null)" "files in the stores"
state_of shop after.state
expect_same before.state after.state

# --- It goes away for good in the middle: the local snapshot is whole and stays; push goes on with the rest.
anew
slow_config all 'ship_timeout = "3s";'
network rate 500
ddb staging >out 2>err &
pid=$!
wait_for 30 is_whole snapshots
network down
status=0
wait $pid || status=$?
expect_equal 6 $status "status"
expect_contains "$(cat err)" "did not arrive in time"
expect_contains "$(cat err)" "deploy-db snapshot push staging"
state_of shop after.state
expect_same before.state after.state
[[ -n $(parts remote) ]] || fail "nothing is left to go on with"
expect_status 0 ddb snapshot verify staging >out 2>err
expect_status 6 ddb snapshot push staging >out 2>err
network_good
rm control/sessions
expect_status 0 ddb snapshot push staging --json >out 2>err
grep -Eq '"resumed_bytes": [1-9]' out || fail "push began anew: $(cat out control/sessions)"
expect_contains "$(cat out)" "\"sha256\": \"$(sha256sum <"remote/$(newest remote)" | cut -d' ' -f1)\""
expect_same_everywhere
expect_status 0 ddb snapshot push staging >out 2>err
expect_contains "$(cat out)" "is there already"

# --- A store that takes nothing more is not asked for ever, and one whose answer is lost has the file.
anew
slow_config all
network full
expect_status 6 ddb staging >out 2>err
expect_contains "$(cat err)" 'store "slow": no space is left'
state_of shop after.state
expect_same before.state after.state
anew
network lost
expect_status 0 ddb staging >out 2>err
expect_same_everywhere
expect_equal "create" "$(cat control/sessions)" "sessions"

# --- What was damaged on the way is not there: in what is compared always, and with "full" anywhere.
for case in "fast -1000" "full 700000"; do
    anew
    slow_config all "verify_shipped = \"${case% *}\";"
    network damage "${case#* }"
    expect_status 6 ddb staging >out 2>err
    expect_contains "$(cat err)" "the copy in store \"slow\" was removed"
    state_of shop after.state
    expect_same before.state after.state
    expect_equal "" "$(newest remote)$(parts remote)" "what was damaged at ${case#* }"
    expect_status 0 ddb snapshot verify staging >out 2>err
    expect_status 0 ddb snapshot push staging >out 2>err
    expect_equal "${case% *}" "$(levels remote "$(newest remote)")" "evidence after a push"
    expect_same_everywhere
done
anew
slow_config any 'verify_shipped = "full";'
network damage 700000
expect_status 0 ddb staging >out 2>err
at_heads || fail "not deployed"
expect_contains "$(cat err)" "is not there yet"
expect_equal "" "$(newest remote)$(parts remote)" "what was damaged"

# --- What we cannot decrypt is compared with what was sent, and has no evidence.
anew
recipient=age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj
slow_config all "verify_shipped = \"full\"; recipients = [\"$recipient\"];"
network damage 700000
expect_status 6 ddb snapshot staging >out 2>err
expect_contains "$(cat err)" "the stored file is not what was written to it"
expect_equal "" "$(find remote -type f)" "files in the remote store"
rm snapshots/*
expect_status 0 ddb snapshot staging >out 2>err
name=$(find snapshots -name '*.tar.age' -printf '%f\n' | sort | tail -n 1)
cmp "snapshots/$name" "remote/$name" || fail "the encrypted copies differ"
expect_equal "" "$(levels remote "$name")" "evidence of what was not opened"

# --- Old snapshots go from a store that has the new one, not before; they stay in one that it did not reach.
anew
slow_config any
for _ in 1 2; do
    expect_status 0 ddb snapshot staging >out 2>err
    sleep 1
done
sed -i 's/path = "[a-z]*";/& keep: { last = 1; };/' deploy-db.cfg
network damage -1000
expect_status 0 ddb snapshot staging >out 2>err
expect_contains "$(cat err)" "is not there yet"
expect_contains "$(cat err)" 'store "slow": nothing is removed, because snapshot '
expect_equal "1 2" "$(find snapshots -name '*.tar' | wc -l) $(find remote -name '*.tar' | wc -l)" "snapshots of the two"
network rate 4000
sleep 1
expect_status 0 ddb staging >out 2>err
expect_equal "1 1" "$(find snapshots -name '*.tar' | wc -l) $(find remote -name '*.tar' | wc -l)" "snapshots of the two"
expect_same_everywhere

# --- A dump that fails leaves nothing in either store.
anew
slow_config all
mkdir -p hidden
cat >hidden/pg_dump <<'W'
#!/bin/bash
PATH=${PATH#*:}
[[ $* == *--version* ]] && exec pg_dump "$@"
pg_dump "$@" | head -c 3000000
sleep 1
exit 1
W
chmod +x hidden/pg_dump
PATH=$PWD/hidden:$PATH expect_status 6 ddb staging >out 2>err
expect_equal "" "$(find snapshots remote -type f 2>/dev/null)" "files in the stores"

# --- Nor does one that has no room any more while the dump goes on; that is not tried again.
anew
network full 1
PATH=$PWD/hidden:$PATH expect_status 6 ddb staging >out 2>err
expect_contains "$(cat err)" 'store "slow": no space is left'
expect_lacks "$(cat err)" "going on in"
expect_equal "" "$(find snapshots remote -type f 2>/dev/null)" "files in the stores"

# --- Without a local store it is written directly.
anew
STORES='["slow"]' slow_config all
expect_status 0 ddb staging >out 2>err
expect_contains "$(cat err)" "at the network's pace"
is_whole remote || fail "no snapshot in the remote store"
expect_clean

# --- Ctrl-C while it is shipped beside a deployment: the deployment's outcome stays.
anew
slow_config any
network rate 300
"$DDB_B/deploy-db" staging >out 2>err &
pid=$!
wait_for 30 grep -q "as planned\|applied" err
sleep 1
kill -INT $pid
status=0
wait $pid || status=$?
expect_equal 0 $status "status"
at_heads || fail "not deployed"
expect_contains "$(cat err)" "shipping was stopped"
network_good
expect_status 0 ddb snapshot push staging >out 2>err
expect_same_everywhere

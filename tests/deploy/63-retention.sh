#!/bin/bash
# Which snapshots stay: by the calendar, each store by its own rules, and never what a run needs, what is
# another project's or environment's, what is of the future, or the last one that is proven.
# time-limit: 600
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic python3

project_start fastvue
alembic upgrade head 2>/dev/null
psql_at shop "INSERT INTO companies (name) SELECT 'c' || n FROM generate_series(1, 50) n"

ddb_faults()
{
    "$DDB_FAULTS_B/deploy-db" "$@"
}

# rules TEXT [STORES]: what the store "local" keeps.
rules()
{
    sed "s/path = \"snapshots\";/& $1/; s/^  staging: {/& ${2:-} /" whole.cfg >deploy-db.cfg
}

# A snapshot's name carries its time: copies of one stand for those of other days.
cp deploy-db.cfg whole.cfg
expect_status 0 ddb snapshot staging >out 2>err
real=$(basename "$(cat out)")
rm snapshots/*.json
mv "snapshots/$real" proto.tar
rm -rf state

# at TIME [STORE]: a snapshot of that time; "20261101T0300" is enough.
at()
{
    local time=$1

    while [[ ${#time} -lt 15 ]]; do time+=0; done
    mkdir -p "${2:-snapshots}"
    cp proto.tar "${2:-snapshots}/staging-${time}Z-${SUFFIX:-abcdef}.tar"
}

# left [STORE]: the times of the snapshots that are there.
left()
{
    find "${1:-snapshots}" -name 'staging-*.tar' -printf '%f\n' | sort | sed 's/^staging-//; s/Z-.*//' | xargs
}

verified() # TIME LEVEL: evidence of long ago
{
    printf '{"format": 1}\n' >"snapshots/staging-${1}Z-abcdef.tar.$2-${1}Z.json"
}

# --- no rule removes nothing --------------------------------------------------------------------------

at 20240101T03
at 20240102T03
expect_status 0 ddb snapshot prune staging >out 2>err
expect_equal 2 "$(grep -c 'keep.*the store has no rule that removes anything' out)"
: >snapshots/.staging-20240103T030000Z-abcdef.tar.part
touch -d '2024-01-03' snapshots/.staging-20240103T030000Z-abcdef.tar.part
expect_status 0 ddb snapshot staging >out 2>err
expect_equal 3 "$(left | wc -w)"
[[ -e snapshots/.staging-20240103T030000Z-abcdef.tar.part ]] || fail "an empty policy has removed a file"
expect_status 2 ddb snapshot prune staging --store nowhere >out 2>err
rm -rf snapshots

# --- the calendar, and the reasons ---------------------------------------------------------------------

for day in 1001 1015 1031 1101 1110 1116 1117 1118 1119 1120; do
    at "2025${day}T03"
    at "2025${day}T23"
done
rules 'keep: { last = 1; daily = 3; weekly = 2; monthly = 2; };'
expect_status 0 ddb snapshot prune staging --dry-run >out 2>err
expect_equal 20 "$(left | wc -w)" "snapshots after --dry-run"
expect_equal "" "$(find snapshots -name '*.json')" "evidence after --dry-run"
cp out dry
expect_status 0 ddb snapshot prune staging >out 2>err
expect_same dry out "what --dry-run had said"
expect_contains "$(cat out)" "local      keep    staging-20251120T230000Z-abcdef.tar  last 1, daily 2025-11-20, weekly 2025-W47, monthly 2025-11, newest verified"
expect_contains "$(cat out)" "local      remove  staging-20251120T030000Z-abcdef.tar  no rule keeps it ("
expect_equal "20251031T230000 20251116T230000 20251118T230000 20251119T230000 20251120T230000" "$(left)"
expect_equal 1 "$(find snapshots -name '*20251120T23*.fast-*.json' | wc -l)" "it was verified first"
expect_status 0 ddb snapshot prune staging --json >out 2>err
expect_equal "0 5" "$(python3 -c 'import json; d = json.load(open("out"))["stores"][0]; print(d["removed"], len(d["files"]))')"

# Days are those of UTC, wherever we are; a week belongs to the year of its Thursday.
rm -rf snapshots
at 20251231T2330
at 20260101T0030
rules 'keep: { daily = 2; weekly = 1; };'
TZ=America/New_York expect_status 0 ddb snapshot prune staging >out 2>err
expect_contains "$(cat out)" "daily 2025-12-31"
expect_contains "$(cat out)" "weekly 2026-W01"
expect_equal 2 "$(left | wc -w)"

# What is said by its age counts from the newest: backups that have stopped do not wear away.
rm -rf snapshots
at 20250101T03
at 20250201T03
at 20250210T03
rules 'keep: { within = "14d"; };'
expect_status 0 ddb snapshot prune staging >out 2>err
expect_equal "20250201T030000 20250210T030000" "$(left)"

# What somebody has put beside a snapshot is none: it stays, and takes no other one's place.
rm -rf snapshots
at 20250101T03
at 20250102T03
for beside in bak sha256 age.old; do
    cp snapshots/staging-20250102T030000Z-abcdef.tar "snapshots/staging-20250102T030000Z-abcdef.tar.$beside"
done
rules 'keep: { last = 1; };'
expect_status 0 ddb snapshot prune staging >out 2>err
expect_equal 20250102T030000 "$(left)"
expect_equal 3 "$(find snapshots -name '*.bak' -o -name '*.sha256' -o -name '*.old' | wc -l)"
expect_equal 1 "$(find snapshots -name '*.tar.fast-*.json' | wc -l)" "evidence of the snapshot itself"

# --- what stays whatever the rules say --------------------------------------------------------------------

rm -rf snapshots
for day in 01 02 03 04 05; do
    at "202501${day}T03"
done
at 20990101T03
verified 20250101T030000 restore
verified 20250102T030000 full
verified 20250104T030000 fast
rules 'keep: { last = 1; min_keep = 4; };'
expect_status 0 ddb snapshot prune staging >out 2>err
expect_equal "20250101T030000 20250102T030000 20250104T030000 20250105T030000 20990101T030000" "$(left)"
expect_contains "$(cat out)" "staging-20250101T030000Z-abcdef.tar  newest restored in a drill"
expect_contains "$(cat out)" "staging-20250102T030000Z-abcdef.tar  newest verified"
expect_contains "$(cat out)" "staging-20250104T030000Z-abcdef.tar  min_keep"
expect_contains "$(cat out)" "staging-20990101T030000Z-abcdef.tar  its time is in the future"
rules 'keep: { last = 1; };'
expect_status 0 ddb snapshot prune staging >out 2>err
expect_equal "20250101T030000 20250102T030000 20250105T030000 20990101T030000" "$(left)"
expect_equal "" "$(find snapshots -name '*20250104*')" "evidence of what was removed"

# Other projects and environments in the same folder are neither counted nor removed.
rm -rf snapshots
at 20250101T03
at 20250102T03
sed 's/project = "fastvue"/project = "another"/; s/state_dir = "state"/state_dir = "state2"/' whole.cfg >another.cfg
expect_status 0 ddb snapshot staging --config another.cfg >out 2>err
expect_status 0 ddb snapshot production >out 2>err
expect_equal 4 "$(find snapshots -name '*.tar' | wc -l)"
rules 'keep: { last = 1; };'
expect_status 0 ddb snapshot prune staging >out 2>err
expect_contains "$(cat out)" "of another project or environment"
expect_equal 3 "$(find snapshots -name '*.tar' | wc -l)"
[[ -e snapshots/staging-20250102T030000Z-abcdef.tar ]] || fail "another's snapshot was counted"
# Nor what cannot be read at all: whose is it?
head -c 3000 proto.tar >snapshots/staging-20240102T030000Z-abcdef.tar
expect_status 0 ddb snapshot prune staging >out 2>err
expect_contains "$(cat out)" "staging-20240102T030000Z-abcdef.tar  whose it is cannot be told: "
[[ -e snapshots/staging-20240102T030000Z-abcdef.tar ]] || fail "what cannot be read was removed"

# Where nothing can be proven, nothing is removed: damaged behind what tells whose they are.
rm -rf snapshots state
mkdir -p state/staging
for day in 01 02 03; do
    at "202501${day}T03"
    truncate -s -2000 "snapshots/staging-202501${day}T030000Z-abcdef.tar"
    printf '{"event":"begin","run":"202501%sT030000Z-abcdef","environment":"staging","command":"snapshot","who":"a","host":"b","time":"2025-01-01T00:00:00Z"}\n{"event":"end","status":0,"outcome":"x","time":"2025-01-01T00:00:00Z"}\n' \
        "$day" >"state/staging/202501${day}T030000Z-abcdef.journal"
done
expect_status 6 ddb snapshot prune staging >out 2>err
expect_contains "$(cat err)" "no snapshot in store \"local\" can be verified, so none is removed"
expect_equal 3 "$(left | wc -w)"
at 20241201T03
expect_status 0 ddb snapshot prune staging >out 2>err
expect_equal "20241201T030000 20250103T030000" "$(left)"

# --- unfinished runs ------------------------------------------------------------------------------------------

rm -rf snapshots state
at 20250101T03
expect_status 0 ddb snapshot production >out 2>err
revision aa01 "$(ddb heads production | sed 's/ .*//;q')" more <<'P'
upgrade:
op.execute("UPDATE companies SET name = upper(name)")
downgrade:
pass
P
sed -i 's/keep: {[^}]*};/keep: { last = 1; };/' deploy-db.cfg
sleep 1 # names have seconds
status=0
DEPLOY_DB_FAULT=verify.begin:kill ddb_faults production >out 2>err || status=$?
expect_equal 137 $status
needed=$(find snapshots -name 'production-*.tar' -printf '%f\n' | sort | tail -n 1)
SUFFIX=ffffff
cp "snapshots/$needed" proto2.tar
for config in deploy-db.cfg elsewhere.cfg; do # this machine has its journal, another one the ledger alone
    sed 's/state_dir = "state"/state_dir = "state3"/' deploy-db.cfg >elsewhere.cfg
    sleep 1
    cp proto2.tar "snapshots/production-$(date -u +%Y%m%dT%H%M%SZ)-bbbbbb.tar"
    rm -f snapshots/production-*.json
    expect_status 0 ddb snapshot prune production --config $config >out 2>err
    expect_contains "$(cat out)" "keep    $needed  needed by unfinished run ${needed:11:23}"
    [[ -e snapshots/$needed ]] || fail "the snapshot of an unfinished run was removed"
done
rm snapshots/production-*-bbbbbb.tar
expect_status 0 ddb recover production >out 2>err
expect_equal C1 "$(psql_at shop "SELECT name FROM companies ORDER BY id LIMIT 1")"
expect_equal "$needed" "$(find snapshots -name 'production-*.tar' -printf '%f\n')" "what recover leaves by last = 1"
[[ -e snapshots/staging-20250101T030000Z-abcdef.tar ]] || fail "another environment's was removed"

# A deployment removes old ones at its very end, one that fails does not.
unset SUFFIX
sleep 1
revision aa02 aa01 more <<'P'
upgrade:
op.execute("SELECT 1/0")
downgrade:
pass
P
expect_status 7 ddb production >out 2>err
expect_equal 2 "$(find snapshots -name 'production-*.tar' | wc -l)" "snapshots after a failure"
sed -i 's,1/0,1,' alembic/versions/aa02_test.py
sleep 1
expect_status 0 ddb production >out 2>err
expect_contains "$(cat err)" "store \"local\": removed 2 old files"
expect_equal 1 "$(find snapshots -name 'production-*.tar' | wc -l)"
# --- what is being restored -------------------------------------------------------------------------------------

rm -rf snapshots
at 20250101T03
at 20250102T03
rules 'keep: { last = 1; };'
DEPLOY_DB_FAULT=recover.loaded:sleep "$DDB_FAULTS_B/deploy-db" restore staging --into beside --yes \
    staging-20250101T030000Z-abcdef.tar >out.slow 2>err.slow &
pid=$!
wait_for 60 bash -c "psql -X -A -t -d postgres -c 'SELECT datname FROM pg_database' | grep -q _fresh_"
expect_status 0 ddb snapshot prune staging >out 2>err
expect_contains "$(cat out)" "keep    staging-20250101T030000Z-abcdef.tar  being restored"
kill -9 $pid
wait_for 10 bash -c "psql -X -A -t -d postgres -c \"SELECT count(*) FROM pg_stat_activity
    WHERE application_name LIKE 'deploy-db%'\" | grep -qx 0"
expect_status 0 ddb snapshot prune staging >out 2>err
expect_equal 20250102T030000 "$(left)"

# A restore that was cut off may be wanted again. (Both environments are one database here.)
at 20250101T03
psql_at shop "DELETE FROM deploy_db.environment"
status=0
DEPLOY_DB_FAULT=recover.created:kill ddb_faults restore staging --yes staging-20250101T030000Z-abcdef.tar \
    >out 2>err || status=$?
expect_equal 137 $status
expect_status 0 ddb snapshot prune staging >out 2>err
expect_contains "$(cat out)" "keep    staging-20250101T030000Z-abcdef.tar  needed by unfinished run "
expect_status 7 ddb recover staging >out 2>err
expect_status 0 ddb snapshot prune staging >out 2>err
expect_equal 20250102T030000 "$(left)"

# --- what crashes leave -------------------------------------------------------------------------------------------

for day in 01 02 03 04; do
    at "202501${day}T03"
    verified "202501${day}T030000" full
done
status=0
DEPLOY_DB_FAULT=prune.removed:kill ddb_faults snapshot prune staging >out 2>err || status=$?
expect_equal 137 $status
expect_equal 3 "$(left | wc -w)"
expect_equal 4 "$(find snapshots -name '*.full-*.json' | wc -l)"
for old in staging-20250101T030000Z-abcdef staging-20250102T030000Z-abcdef; do
    : >"snapshots/.$old.tar.part"
done
touch -d '2 days ago' snapshots/.staging-20250101T030000Z-abcdef.tar.part
expect_status 0 ddb snapshot prune staging >out 2>err
expect_contains "$(cat out)" "its snapshot is gone"
expect_contains "$(cat out)" ".staging-20250101T030000Z-abcdef.tar.part  unfinished, last written to 2 days ago"
expect_contains "$(cat out)" ".staging-20250102T030000Z-abcdef.tar.part  unfinished, written to lately"
expect_equal 20250104T030000 "$(left)"
expect_equal 1 "$(find snapshots -name '*.json' | wc -l)"
rm snapshots/.*.part

# An unfinished file of a run that is alive stays, however slow it is.
DEPLOY_DB_FAULT=snapshot.middle:sleep "$DDB_FAULTS_B/deploy-db" snapshot staging >out.slow 2>err.slow &
pid=$!
wait_for 60 bash -c "find snapshots -name '.*.part' | grep -q ."
touch -d '2 days ago' snapshots/.*.part
expect_status 0 ddb snapshot prune staging >out 2>err
expect_contains "$(cat out)" "its run is alive"
kill -9 $pid
wait_for 10 bash -c "psql -X -A -t -d postgres -c \"SELECT count(*) FROM pg_stat_activity
    WHERE application_name LIKE 'deploy-db%'\" | grep -qx 0"
expect_status 0 ddb snapshot prune staging >out 2>err
expect_equal "" "$(find snapshots -name '.*.part')"
expect_status 7 ddb recover staging >out 2>err

# --- several at once ----------------------------------------------------------------------------------------------

rm -rf snapshots
for day in 01 02 03 04 05 06 07 08 09; do
    at "202501${day}T03"
    verified "202501${day}T030000" full
done
pids=()
for n in 1 2 3; do
    ddb snapshot prune staging >"out$n" 2>"err$n" &
    pids+=($!)
    ddb snapshot list staging >"list$n" 2>"lerr$n" &
    pids+=($!)
done
for pid in "${pids[@]}"; do
    expect_status 0 wait "$pid"
done
expect_equal 20250109T030000 "$(left)"

# --- the database is away -----------------------------------------------------------------------------------------------

# As between the two names of an exchange that another machine has begun: its run is in that database.
at 20250108T03
psql_at postgres "ALTER DATABASE shop RENAME TO shop_away"
expect_status 6 ddb snapshot prune staging >out 2>err
expect_contains "$(cat err)" "which snapshots are needed cannot be told"
expect_contains "$(cat err)" "deploy-db recover staging"
expect_equal "20250108T030000 20250109T030000" "$(left)"
psql_at postgres "ALTER DATABASE shop_away RENAME TO shop"
# Runs that are known from the ledger alone; without the maintenance database restores are not known.
psql_at shop "UPDATE deploy_db.run SET ended = NULL, plan = '{\"snapshot\": \"staging-20250108T030000Z-abcdef.tar\"}'
    WHERE id = (SELECT max(id) FROM deploy_db.run)"
expect_status 0 ddb snapshot prune staging >out 2>err
expect_contains "$(cat out)" "keep    staging-20250108T030000Z-abcdef.tar  needed by unfinished run "
psql_at shop "UPDATE deploy_db.run SET ended = now() WHERE ended IS NULL"
sed -i 's|^  staging: {|& maintenance_database = "nowhere";|' deploy-db.cfg
expect_status 6 ddb snapshot prune staging >out 2>err
expect_contains "$(cat err)" "which snapshots are needed cannot be told"
expect_contains "$(cat err)" "maintenance database \"nowhere\""
expect_equal "20250108T030000 20250109T030000" "$(left)"
sed -i 's| maintenance_database = "nowhere";||' deploy-db.cfg

# --- the server cannot be reached: another machine may be restoring from what this one would remove -----------------

cluster_stop
expect_status 6 ddb snapshot prune staging >out 2>err
expect_contains "$(cat err)" "which snapshots are needed cannot be told"
expect_contains "$(cat err)" "when the server can be reached"
expect_equal "20250108T030000 20250109T030000" "$(left)"
cluster_boot
expect_status 0 ddb snapshot prune staging >out 2>err
expect_equal 20250109T030000 "$(left)"

# Each store has its own rules; one that fails does not keep the others from being pruned.
at 20250108T03
at 20250108T03 second
at 20250109T03 second
sed -i 's|^stores: {|& broken: { plugin = "local"; path = "deploy-db.cfg"; keep: { last = 1; }; }; second: { plugin = "local"; path = "second"; };|; s|^  staging: {|& snapshot: { stores = ["broken", "local", "second"]; require = "local"; };|' deploy-db.cfg
expect_status 6 ddb snapshot prune staging >out 2>err
expect_contains "$(cat err)" "store \"broken\""
expect_equal 20250109T030000 "$(left)"
expect_equal 2 "$(left second | wc -w)"
expect_status 0 ddb snapshot prune staging --store second >out 2>err
expect_lacks "$(cat out)" "local"
expect_status 0 ddb snapshot staging >out 2>err
expect_contains "$(cat err)" "warning: old snapshots could not be removed: store \"broken\""

#!/bin/bash
# How a snapshot is verified, and the evidence of it: files beside it, at most one of a level, and only of
# successes; a drill restores it beside the live database and leaves nothing, also when it is killed.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic python3

project_start fastvue
alembic upgrade head 2>/dev/null
psql_at shop "INSERT INTO companies (name) SELECT 'c' || n FROM generate_series(1, 500) n"

ddb_faults()
{
    "$DDB_FAULTS_B/deploy-db" "$@"
}

# evidence LEVEL: the files that say so.
evidence()
{
    find "${STORE:-snapshots}" -name "*.tar.$1-*.json" | sort
}

# key FILE KEY: of a JSON document.
key()
{
    python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1" "$2"
}

databases()
{
    psql_at postgres 'SELECT datname FROM pg_database ORDER BY 1' | xargs
}

# --- taking one leaves evidence ----------------------------------------------------------------------

state_of shop before
expect_status 0 ddb snapshot production >out 2>err
taken=$(basename "$(cat out)")
expect_equal 1 "$(evidence full | wc -l)" "evidence of taking it"
file=$(evidence full)
expect_equal "$taken" "$(key "$file" snapshot)"
expect_equal verified "$(key "$file" outcome)"
expect_equal "$(id -un)@$(hostname)" "$(key "$file" who)@$(key "$file" host)"
expect_equal None "$(key "$file" recovery_ms)"
expect_equal "$(stat -c %s "snapshots/$taken")" "$(key "$file" size_bytes)"
expect_status 0 ddb snapshot list production >out 2>err
expect_equal 1 "$(wc -l <out)" "evidence is listed as a snapshot"
expect_contains "$(cat out)" "verified: full just now"

# A newer one of the same level takes the older one's place, one of another level stands beside it.
sleep 1
expect_status 0 ddb snapshot verify production >out 2>err
expect_equal 1 "$(evidence full | wc -l)" "evidence of a level"
[[ $(evidence full) != "$file" ]] || fail "the older evidence stayed"
expect_status 0 ddb snapshot verify production --level fast >out 2>err
expect_equal 1 "$(evidence fast | wc -l)"
expect_equal 1 "$(evidence full | wc -l)"
expect_status 2 ddb snapshot verify production --level slow >out 2>err
expect_status 2 ddb snapshot verify production --store nowhere >out 2>err
expect_contains "$(cat err)" "Its stores are: local."

# Killed between the two: both are there, the next one tidies up.
sleep 1
status=0
DEPLOY_DB_FAULT=evidence.written:kill ddb_faults snapshot verify production >out 2>err || status=$?
expect_equal 137 $status
expect_equal 2 "$(evidence full | wc -l)"
sleep 1
expect_status 0 ddb snapshot verify production >out 2>err
expect_equal 1 "$(evidence full | wc -l)"

# --- a drill --------------------------------------------------------------------------------------------

# Nobody is kept waiting by it, and it waits for nobody: somebody holds the deployment lock meanwhile.
expect_status 0 ddb snapshot drill production >out 2>err
expect_equal 1 "$(wc -l <out)" "lines for the mail"
expect_contains "$(cat out)" "production: snapshot $taken (store local, "
expect_contains "$(cat out)" "was restored and compared, in "
expect_equal 1 "$(evidence restore | wc -l)"
[[ $(key "$(evidence restore)" recovery_ms) -gt 0 ]] || fail "no recovery time"
expect_equal "postgres shop template0 template1" "$(databases)"
state_of shop after
expect_same before after
expect_status 0 ddb status production >out 2>err
expect_contains "$(cat out)" "verified  restore just now, in "
expect_status 0 ddb snapshot show production >out 2>err
expect_contains "$(cat out)" "restore 20"
expect_contains "$(cat out)" "           500  public.companies"
expect_contains "$(cat out)" "project     fastvue"
expect_status 6 ddb snapshot show production nowhere.tar >out 2>err
expect_contains "$(cat err)" "deploy-db snapshot list production"

DEPLOY_DB_FAULT=snapshot.middle:sleep "$DDB_FAULTS_B/deploy-db" snapshot production >out.slow 2>err.slow &
pid=$!
wait_for 30 bash -c "find snapshots -name '.*.part' | grep -q ."
expect_status 0 ddb snapshot drill production "$taken" >out 2>err
kill -9 $pid
expect_status 7 ddb recover production >out 2>err

# Killed in the middle: its database is there, and goes with the next drill, or with recover.
for how in "snapshot drill production $taken" "recover production"; do
    for point in recover.loaded drill.loaded; do
        status=0
        DEPLOY_DB_FAULT=$point:kill ddb_faults snapshot drill production "$taken" >out 2>err || status=$?
        expect_equal 137 $status "killed at $point"
        expect_contains "$(databases)" "shop_drill_"
        # shellcheck disable=SC2086 # a command
        expect_status 0 ddb $how >out 2>err
        expect_contains "$(cat err)" "which a drill that was cut off has left"
        expect_equal "postgres shop template0 template1" "$(databases)" "databases after $point, $how"
    done
done

# One that is alive is let alone.
DEPLOY_DB_FAULT=drill.loaded:sleep "$DDB_FAULTS_B/deploy-db" snapshot drill production "$taken" \
    >out.slow 2>err.slow &
pid=$!
wait_for 60 bash -c "psql -X -A -t -d postgres -c 'SELECT datname FROM pg_database' | grep -q shop_drill_"
alive=$(databases)
expect_status 0 ddb recover production >out 2>err
expect_status 0 ddb snapshot drill production "$taken" >out 2>err
expect_equal "$alive" "$(databases)" "databases beside a drill that is alive"
kill -9 $pid
wait_for 10 bash -c "psql -X -A -t -d postgres -c \"SELECT count(*) FROM pg_stat_activity
    WHERE application_name LIKE 'deploy-db%'\" | grep -qx 0"
expect_status 0 ddb recover production >out 2>err
expect_equal "postgres shop template0 template1" "$(databases)"

# --- what fails is no evidence -----------------------------------------------------------------------------

before=$(find snapshots -type f | sort)
cp "snapshots/$taken" whole
size=$(stat -c %s whole)
data=$(tar tRf whole | sed -n 's/^block \([0-9]*\): main.dump.zst.000000$/\1/p')
printf '\377\376' | dd of="snapshots/$taken" bs=1 seek=$((data * 512 + 512 + 700)) conv=notrunc status=none
for level in full restore; do
    expect_status 6 ddb snapshot verify production "$taken" --level $level >out 2>err
    expect_equal "" "$(cat out)"
    expect_contains "$(cat err)" "$taken"
done
expect_status 6 ddb snapshot drill production "$taken" --json >out 2>err
expect_equal 6 "$(key out status)"
expect_equal "$before" "$(find snapshots -type f | sort)" "files after failures"
expect_equal "postgres shop template0 template1" "$(databases)"
# The newest is not passed over because it cannot be read.
head -c 5000 whole >"snapshots/$taken"
expect_status 6 ddb snapshot drill production >out 2>err
expect_contains "$(cat err)" "$taken"
cp whole "snapshots/$taken"

# Nor is a copy that is damaged passed over for one in another store.
cp deploy-db.cfg one.cfg
sed -i 's|^stores: {|& second: { plugin = "local"; path = "second"; };|;
    s|^  staging: {|& snapshot: { stores = ["local", "second"]; };|' deploy-db.cfg
expect_status 0 ddb snapshot staging >out 2>err
both=$(basename "$(cat out)")
expect_equal "1 0" "$(evidence full | grep -c "$both") $(STORE=second evidence full | grep -c "$both")" \
    "evidence in the store that was read"
truncate -s 5000 "snapshots/$both"
expect_status 6 ddb snapshot verify staging >out 2>err
expect_status 0 ddb snapshot verify staging --store second >out 2>err
expect_equal 1 "$(STORE=second evidence full | wc -l)"
rm -r second snapshots/staging-*
mv one.cfg deploy-db.cfg

# A role that may not do it is told so.
psql_at postgres "CREATE ROLE plain LOGIN; GRANT CONNECT ON DATABASE shop TO plain"
psql_at shop "GRANT SELECT ON ALL TABLES IN SCHEMA public TO plain"
expect_status 6 env DATABASE_URL="${DATABASE_URL/postgres@/plain@}" "$DDB_B/deploy-db" snapshot drill \
    production >out 2>err
expect_contains "$(cat err)" "role \"plain\" may not create databases"
expect_contains "$(cat err)" "CREATEDB"
expect_equal "$size" "$(stat -c %s "snapshots/$taken")"

# --- restore as the level of every snapshot ------------------------------------------------------------------

sed -i 's/protected = true;/& snapshot: { verify = "restore"; };/' deploy-db.cfg
rm -rf snapshots
revision aa01 "$(ddb heads production | sed 's/ .*//;q')" more <<'P'
upgrade:
op.execute("UPDATE companies SET name = upper(name)")
downgrade:
pass
P
expect_status 0 ddb production >out 2>err
expect_contains "$(cat err)" "verified (restore)"
expect_equal 1 "$(evidence restore | wc -l)"
expect_equal "postgres shop template0 template1" "$(databases)"

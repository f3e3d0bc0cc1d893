#!/bin/bash
# Garbage where files are read: configuration, journals, the ledger's table, stored snapshots, a state
# directory that cannot be written. It is refused with the status that says so, and nothing changes.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic dd

project_start fastvue
alembic upgrade 4d2c8b1e7f33 2>/dev/null
psql_at shop "INSERT INTO companies (name) SELECT 'c' || n FROM generate_series(1, 300) n"
cp deploy-db.cfg good.cfg
state_of shop before

unchanged()
{
    state_of shop after
    expect_same before after "the database after $1"
    expect_clean
}

# --- the configuration -------------------------------------------------------------------------------

head -c 3000 /dev/urandom >deploy-db.cfg
expect_status 3 ddb staging >out 2>err
: >deploy-db.cfg
expect_status 3 ddb staging >out 2>err
head -c 200 good.cfg >deploy-db.cfg
expect_status 3 ddb staging >out 2>err
{ cat good.cfg; printf '\0'; } >deploy-db.cfg
expect_status 3 ddb staging >out 2>err
cp good.cfg deploy-db.cfg
unchanged "a garbled configuration"

# --- journals ------------------------------------------------------------------------------------------

run=20260101T000000Z-ffffff
mkdir -p state/staging
journal=state/staging/$run.journal
printf '{"event":"begin","run":"%s","environment":"staging","command":"deploy"}\n' $run >begin
echo '{"event":"phase-begin","phase":"apply"}' >>begin
for record in '{}' 'no JSON' '{"version":1,"fingerprint":"a","known":true,"rows":[1,null]}' \
    '{"version":1,"fingerprint":"a","known":true,"snapshot":"../../x.tar","may_restore":true,"pending":7,"heads":["x"]}'; do
    rm -f state/staging/*
    cp begin $journal
    printf '{"event":"record","record":"%s"}\n{"event":"pha' "${record//\"/\\\"}" >>$journal
    expect_status 4 ddb staging >out 2>err
    expect_contains "$(cat err)" "run $run is unfinished"
    expect_status 9 ddb recover staging >out 2>err
    unchanged "a journal with the record $record"
done

# What is no journal of a run that changed something is in nobody's way.
rm -f state/staging/*
head -c 5000 /dev/urandom >state/staging/20260101T000000Z-aaaaaa.journal
printf '{"event":"begin","run":"x"' >state/staging/20260101T000000Z-bbbbbb.journal
printf 'null\n[]\n{}\n{"event":5}\n{"event":"end"}\n' >state/staging/20260101T000000Z-cccccc.journal
: >state/staging/20260101T000000Z-dddddd.journal
expect_status 0 ddb recover staging >out 2>err
expect_status 0 ddb log staging >out 2>err
unchanged "garbled journals"

# --- the ledger ----------------------------------------------------------------------------------------

for ledger in "TABLE deploy_db.run (id int, x text)" "VIEW deploy_db.run AS SELECT 1 AS id"; do
    psql_at shop "CREATE SCHEMA deploy_db"
    psql_at shop "CREATE $ledger"
    expect_status 4 ddb staging >out 2>err
    expect_contains "$(cat err)" "record of runs"
    unchanged "$ledger"
    psql -X -q -d shop -c "DROP SCHEMA deploy_db CASCADE" 2>/dev/null
done

# --- snapshots -----------------------------------------------------------------------------------------

expect_status 0 ddb snapshot staging >out 2>err
bundle=$(ls snapshots/staging-*.tar)
size=$(stat -c %s "$bundle")
data=$(tar tRf "$bundle" | sed -n 's/^block \([0-9]*\): main.dump.zst.000000$/\1/p')
cp "$bundle" whole
refused()
{
    expect_status 6 ddb snapshot verify staging >out 2>err
    expect_status 6 ddb restore staging --yes >out 2>err
    expect_status 6 ddb restore staging --into beside --yes >out 2>err
    unchanged "a snapshot that is $1"
    expect_equal "postgres shop template0 template1" \
        "$(psql_at postgres 'SELECT datname FROM pg_database ORDER BY 1' | xargs)" "databases"
}

for cut in 0 512 5000 $((size / 2)) $((size - 1024)) $((size - 1)); do
    head -c "$cut" whole >"$bundle"
    refused "cut at $cut"
done
for at in 100 $((data * 512 + 512 + 700)) $((size - 3000)) $((size - 1300)); do
    cp whole "$bundle"
    printf '\377\376' | dd of="$bundle" bs=1 seek="$at" conv=notrunc status=none
    refused "damaged at $at of $size"
done
head -c "$size" /dev/urandom >"$bundle"
refused "random"
cp whole "$bundle"
expect_status 0 ddb snapshot verify staging >out 2>err
for name in ../../x.tar "" nowhere.tar; do
    expect_status 6 ddb restore staging "$name" --yes >out 2>err
done
expect_status 4 ddb restore staging --into postgres --yes >out 2>err
unchanged "names that are none"

# --- the state directory -------------------------------------------------------------------------------

rm -rf state
: >state
status=0
ddb staging >out 2>err || status=$?
[[ $status -ge 2 && $status -le 6 ]] || fail "status $status without a state directory"
expect_contains "$(cat err)" "state_dir"
unchanged "a state directory that is none"
rm state
expect_status 0 ddb staging >out 2>err

# --- a library that cannot be loaded -------------------------------------------------------------------

state_of shop before
mkdir lib
: >lib/libarchive.so.13
expect_status 6 env LD_LIBRARY_PATH="$PWD/lib" "$DDB_B/deploy-db" snapshot staging >out 2>err
expect_contains "$(cat err)" "could not load libarchive"
expect_contains "$(cat err)" "hint: Install the package of libarchive.so.13"
unchanged "a library that is none"
expect_status 0 env LD_LIBRARY_PATH="$PWD/lib" "$DDB_B/deploy-db" heads >out 2>err # needs none

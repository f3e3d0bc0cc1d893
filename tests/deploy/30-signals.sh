#!/bin/bash
# Signals at odd moments, children that are killed, and deploy-db itself killed while a wrapper's
# alembic works on: the database is as before, and the status says how that was reached.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires alembic pgrep

project_start fastvue
alembic upgrade head 2>/dev/null
psql_at shop "INSERT INTO companies (name) SELECT 'c' || n FROM generate_series(1, 300) n;
    INSERT INTO users (company_id, email, phone) SELECT 1, 'u' || n, '030 ' || n
      FROM generate_series(1, 500) n"
psql_at postgres "ALTER DATABASE shop RENAME TO origin"
cp -r "$PROJECT" "$TMPDIR/pristine"

# A slow pg_dump or pg_restore: slow NAME ENV
slow()
{
    # shellcheck disable=SC2016 # for the script to expand
    printf '#!/bin/sh\n[ "$1" = --version ] || sleep 3\nexec %s "$@"\n' "$CLUSTER_BIN/$1" >"slow_$1"
    chmod +x "slow_$1"
    sed -i "s|$2: {|& snapshot: { $1 = \"$PWD/slow_$1\"; };|" deploy-db.cfg
}

# begin WHAT: all as it was, under a heading for failures
begin()
{
    local name

    what=$1
    cd "$TMPDIR"
    rm -rf "$PROJECT"
    cp -r pristine "$PROJECT"
    cd "$PROJECT"
    for name in $(psql_at postgres "SELECT datname FROM pg_database WHERE datname LIKE 'shop%'"); do
        psql_at postgres "DROP DATABASE \"$name\" WITH (FORCE)"
    done
    psql_at postgres "CREATE DATABASE shop TEMPLATE origin"
    state_of shop before
}

slow_revision()
{
    revision a1 5e6a90c4b7d8 "slow" <<'B'
upgrade:
op.execute("UPDATE companies SET name = 'new'")
op.execute("SELECT pg_sleep(5)")
downgrade:
B
}

lossy_revision()
{
    cp later/6f3d7a9b1c04_drop_phone.py alembic/versions/
    sed -i "/phone = sa/d" app/models.py
    printf '#!/bin/sh\n%s\n' "$1" >scripts/verify_migration.sh
}

# start ENV TEXT: until TEXT is in the log
start()
{
    : >err
    "$DDB_B/deploy-db" "$1" >out 2>err </dev/null &
    pid=$!
    wait_for 30 grep -q "$2" err
    sleep 0.7
}

ends_with()
{
    local status=0

    wait "$pid" || status=$?
    [[ $status -eq $1 ]] || { cat out err >&9; fail "$what: status $status instead of $1"; }
    state_of shop after
    expect_same before after "$what: the database"
    expect_clean
}

begin "TERM while pg_dump runs"
slow_revision
slow pg_dump staging
start staging "taking a snapshot"
kill -TERM "$pid"
ends_with 6
expect_equal "" "$(ls -A snapshots)" "$what: snapshots"

begin "INT, twice, while alembic runs"
slow_revision
start staging "running upgrade"
kill -INT "$pid"
kill -INT "$pid"
ends_with 7

begin "TERM while a verify hook runs, then INT while it restores"
lossy_revision "sleep 20"
start production "comparing the models"
wait_for 20 pgrep -P "$pid" verify_migratio
kill -TERM "$pid"
wait_for 20 grep -q "restoring snapshot" err
kill -INT "$pid"
ends_with 8

begin "pg_dump is killed"
slow_revision
slow pg_dump staging
start staging "taking a snapshot"
wait_for 10 pgrep -P "$pid" slow_pg_dump
kill -9 "$(pgrep -P "$pid" slow_pg_dump)"
ends_with 6

begin "alembic is killed"
slow_revision
start staging "running upgrade"
kill -9 "$(pgrep -P "$pid")"
ends_with 7

# The snapshot is loaded when the next recover tries again.
begin "pg_restore is killed"
lossy_revision "exit 1"
slow pg_restore production
start production "restoring snapshot"
wait_for 60 pgrep -P "$pid" -f -- --section=pre-data # not while it is asked for versions or the list
kill -9 "$(pgrep -P "$pid" -f -- --section=pre-data)"
status=0
wait "$pid" || status=$?
expect_equal 9 "$status" "$what: status"
expect_contains "$(cat err)" "deploy-db recover production"
expect_clean
"$DDB_B/deploy-db" recover production >out 2>err &
pid=$!
ends_with 8

# Its wrapper dies with deploy-db, alembic does not: recover ends what is still at work.
begin "deploy-db is killed, alembic works on"
slow_revision
sed -i 's/pg_sleep(5)/pg_sleep(30)/' alembic/versions/*.py # longer than recover needs to begin
revision a2 a1 "second" <<'B'
upgrade:
with op.get_context().autocommit_block():
    op.execute("UPDATE companies SET name = 'newer'")
downgrade:
B
# shellcheck disable=SC2016 # for the script to expand
printf '#!/bin/sh\nalembic "$@"\nstatus=$?\nalembic "$@" || exit\nexit $status\n' >migrate.sh
chmod +x migrate.sh
sed -i 's|plugin = "alembic";|& command = ["./migrate.sh"];|' deploy-db.cfg
start staging "running upgrade"
kill -9 "$pid"
wait "$pid" || true
expect_status 4 ddb staging --wait 0 >out 2>err
"$DDB_B/deploy-db" recover staging >out 2>err &
pid=$!
ends_with 8
sleep 4
state_of shop after
expect_same before after "$what: the database, later"

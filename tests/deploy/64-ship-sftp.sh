#!/bin/bash
# A real SSH server as the remote store: shipped while the file grows, over sessions that are killed; the
# server that comes back later; push and pull.
# time-limit: 600
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/sshd.sh"
requires sshd ssh-keygen

project_start shopsql
sshd_make "$TMPDIR/sshd"
sshd_start "$TMPDIR/sshd"
cleanup_fn sshd_stop "$TMPDIR/sshd"

# config REQUIRE
config()
{
    cat >deploy-db.cfg <<C
project = "shopsql";
state_dir = "state";
engine: { plugin = "sql"; };
stores: {
  offsite: { plugin = "sftp"; url = "sftp://$(id -un)@127.0.0.1:$(cat "$TMPDIR/sshd/port")$TMPDIR/project/remote";
             identity = "$TMPDIR/sshd/keys/ed25519"; known_hosts = "$TMPDIR/sshd/known_hosts"; timeout = "5s"; };
  local: { plugin = "local"; path = "snapshots"; };
};
environments: { staging: {
  database = "env:DATABASE_URL";
  snapshot: { stores = ["local", "offsite"]; require = "$1"; ship_timeout = "60s"; };
}; };
C
}

newest()
{
    find "$1" -maxdepth 1 -name 'staging-*.tar' -printf '%f\n' 2>/dev/null | sort | tail -n 1
}

is_growing()
{
    [[ $(find remote -name '.*.part' -size +"$1"k 2>/dev/null) ]]
}

expect_same_everywhere()
{
    [[ -n $(newest snapshots) ]] || fail "no snapshot in the local store"
    cmp "snapshots/$(newest snapshots)" "remote/$(newest snapshots)" || fail "the copies differ"
    expect_clean
}

# kill_sessions: as a network that is cut.
kill_sessions()
{
    local sessions

    sessions=$(sshd_sessions "$TMPDIR/sshd")
    # shellcheck disable=SC2086 # one word for each process
    [[ -n $sessions ]] && kill -KILL $sessions
}

mkdir remote
config all
expect_status 0 ddb upgrade staging 3c95f2a7e610 >out 2>err
psql_at shop "INSERT INTO companies (name) SELECT md5(n::text) || md5((-n)::text)
    FROM generate_series(1, 400000) n"

# --- Both at once, equal in the end; the session is killed on the way.
ddb staging >out 2>err &
pid=$!
wait_for 60 is_growing 1000
kill_sessions || fail "nothing was cut"
wait $pid || fail "status $?: $(cat err)"
expect_contains "$(cat err)" "going on in"
expect_same_everywhere
expect_equal 1 "$(find remote -name "$(newest remote).fast-*.json" | wc -l)" "evidence in the remote store"

# --- Nobody answers: refused; beside a deployment that does not need it, a warning; push later.
sshd_stop "$TMPDIR/sshd"
expect_status 6 ddb snapshot staging >out 2>err
expect_contains "$(cat err)" 'store "offsite"'
config any
expect_status 0 ddb snapshot staging >out 2>err
expect_contains "$(cat err)" "snapshot push staging"
expect_status 0 ddb snapshot list staging >out 2>err
expect_status 6 ddb snapshot push staging >out 2>err
sshd_start "$TMPDIR/sshd"
config any
expect_status 0 ddb snapshot push staging --level full >out 2>err
expect_same_everywhere

# --- push and pull over killed sessions.
name=$(newest snapshots)
rm "remote/$name"
ddb snapshot push staging >out 2>err &
pid=$!
wait_for 60 is_growing 1000
kill_sessions || fail "nothing was cut"
wait $pid || fail "status $?: $(cat err)"
expect_same_everywhere
mv snapshots kept
expect_status 0 ddb snapshot pull staging >out 2>err
cmp "snapshots/$name" "kept/$name" || fail "what was pulled differs"

# --- A dead push's file is gone on with.
rm "remote/$name"
status=0
DEPLOY_DB_FAULT=ship.middle@30:kill "$DDB_FAULTS_B/deploy-db" snapshot push staging >out 2>err || status=$?
expect_equal 137 $status "status"
is_growing 500 || fail "not killed in the middle"
expect_status 0 ddb snapshot push staging --level full >out 2>err
expect_contains "$(cat out)" "of it was there"
expect_same_everywhere

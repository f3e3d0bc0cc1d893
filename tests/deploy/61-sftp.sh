#!/bin/bash
# A store on another machine: taken, listed, verified and restored from there alone, by both transports;
# what the server's keys and the network may do to a deployment leaves the database untouched.
# time-limit: 600
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/sshd.sh"
requires alembic ssh-keygen ssh sftp pgrep

project_start fastvue
server=$TMPDIR/server
sshd_make "$server"
sshd_start "$server"
cleanup_fn sshd_stop "$server"
port=$(cat "$server/port")

# store SETTINGS [ENVIRONMENT]: the configuration, with this store alone; settings of the environment.
store()
{
    cat >deploy-db.cfg <<CONF
project = "fastvue";
state_dir = "state";
engine: { plugin = "alembic"; };
stores: {
  offsite: {
    plugin = "sftp";
    url = "sftp://127.0.0.1:$port$server/store/my%20shop";
    known_hosts = "$server/known_hosts"; spool = "$TMPDIR"; $1
  };
};
environments: {
  production: {
    database = "env:DATABASE_URL"; protected = true; snapshot: { stores = ["offsite"]; }; ${2:-}
  };
};
CONF
}

alembic upgrade 4d2c8b1e7f33 2>/dev/null
psql_at shop "INSERT INTO companies (name) SELECT md5(n::text) || md5((-n)::text)
    FROM generate_series(1, 60000) n"
state_of shop before

# --- both transports --------------------------------------------------------------------------------

number=0
for settings in "identity = \"$server/keys/ed25519\";" \
    "identity = \"$server/keys/rsa\"; transport = \"ssh\";"; do
    number=$((number + 1))
    store "$settings"
    expect_status 0 ddb snapshot production >out 2>err
    taken=$(basename "$(cat out)")
    expect_contains "$(cat out)" "sftp://127.0.0.1:$port$server/store/my shop/production-"
    [[ -s "$server/store/my shop/$taken" ]] || fail "there is no $taken on the server"
    expect_equal 600 "$(stat -c %a "$server/store/my shop/$taken")" "mode"
    expect_equal "" "$(cd "$server/store/my shop" && find . -name '.*.part')" "partial files"
    expect_status 0 ddb snapshot list production >out 2>err
    expect_contains "$(cat out)" "$taken"
    expect_equal "$number" "$(grep -c production- out)" "listed snapshots"
    expect_status 0 ddb snapshot verify production "$taken" >out 2>err
    expect_status 0 ddb restore production "$taken" --into "copy$number" --yes >out 2>err
    state_of "copy$number" copied
    expect_equal 60000 "$(psql_at "copy$number" 'SELECT count(*) FROM companies')"
    expect_equal "$(state_rows shop)" "$(state_rows "copy$number")" "rows"
done

# A byte that changes on the server is noticed.
size=$(stat -c %s "$server/store/my shop/$taken")
printf 'XXXXXXXX' | dd of="$server/store/my shop/$taken" bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
store "identity = \"$server/keys/ed25519\";"
if ddb snapshot verify production "$taken" >out 2>err; then
    fail "a damaged snapshot was found whole"
fi
expect_contains "$(cat err)" "$taken"

# --- refusals leave the database as it was --------------------------------------------------------------

# refuses SETTINGS MESSAGE
refuses()
{
    local got=0

    store "$1"
    ddb production >out 2>err || got=$?
    [[ $got -eq 4 || $got -eq 6 ]] || fail "status $got with $1"
    expect_contains "$(cat err)" "$2"
    expect_lacks "$(cat err)" "open sesame"
    state_of shop after
    expect_same before after
}

pin=SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
refuses "identity = \"$server/keys/stranger\";" "does not accept our key"
refuses "identity = \"$server/keys/rsa\";" "transport = \"ssh\""
refuses "identity = \"$server/keys/locked\";" "has a passphrase"
refuses "identity = \"$server/keys/ed25519\"; fingerprint = \"$pin\";" "another host key"
refuses "identity = \"$server/keys/locked\"; passphrase = \"open sesame\";" "env:NAME"
ssh-keygen -q -R "[127.0.0.1]:$port" -f "$server/known_hosts" 2>/dev/null
refuses "identity = \"$server/keys/ed25519\";" "ssh-keyscan -p $port"
echo "[127.0.0.1]:$port $(cat "$server/keys/stranger.pub")" >"$server/known_hosts"
refuses "identity = \"$server/keys/ed25519\";" "has changed"
expect_contains "$(cat err)" "known_hosts\" line 1"
echo "[127.0.0.1]:$port $(cat "$server/host_ecdsa.pub")" >"$server/known_hosts"

# The session is killed in the middle of the snapshot: not prepared, nothing changed.
store "identity = \"$server/keys/ed25519\"; timeout = \"5s\";"
(
    until compgen -G "$server/store/my shop/.production-*.part" >/dev/null; do sleep 0.02; done
    # shellcheck disable=SC2046 # one word for each process
    kill -KILL $(sshd_sessions "$server")
) 2>/dev/null &
killer=$!
got=0
ddb production >out 2>err || got=$?
wait "$killer" || true
if [[ $got -eq 0 ]]; then # it has gone on with another connection
    expect_equal "" "$(find "$server/store" -name '.*.part')" "partial files"
else
    expect_equal 6 "$got" "status"
    state_of shop after
    expect_same before after
fi

# --- a deployment that needs the snapshot ------------------------------------------------------------------

[[ $got -ne 0 ]] || alembic downgrade 4d2c8b1e7f33 2>/dev/null
store "identity = \"$server/keys/ed25519\";" \
    'recover = ["restore"]; hooks: { verify = ["scripts/refuse.sh"]; };'
printf '#!/bin/sh\nexit 1\n' >scripts/refuse.sh
chmod +x scripts/refuse.sh
state_of shop before
expect_status 8 ddb production >out 2>err
expect_contains "$(cat out)" "recovered by: restore"
state_of shop after
expect_same before after

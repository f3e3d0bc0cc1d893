#!/bin/bash
# The way to a remote store, and its server, fail: connections that are cut after so many bytes, for once or
# each time; a server that has no room, refuses to rename or to fsync; hashed known_hosts. A snapshot is
# whole in both stores, or the run has failed and the remote store shows none; the next run is undisturbed.
# time-limit: 900
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/sshd.sh"
. "$DDB_SRC/tests/harness/outcome.sh"
requires sshd ssh-keygen python3 mount

[[ $(id -u) -eq 0 ]] || fail "a small file system can only be mounted by root"
project_start shopsql
server=$TMPDIR/sshd
sshd_make "$server"
sshd_start "$server"
cleanup_fn sshd_stop "$server"

# relay: connections to $server; those for which there is a line in "cuts" end after so many bytes to the
# server, the first line first; "each N" stays.
cat >relay.py <<'P'
import os, socket, sys, threading
target = int(sys.argv[1])
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(50)
with open("relay.new", "w") as out:
    out.write(str(listener.getsockname()[1]))
os.rename("relay.new", "relay.port")

def limit():
    lines = open("cuts").read().split("\n") if os.path.exists("cuts") else []
    lines = [line for line in lines if line]
    if not lines:
        return None
    if lines[0].startswith("each "):
        return int(lines[0][5:])
    with open("cuts.new", "w") as out:
        out.write("\n".join(lines[1:]))
    os.rename("cuts.new", "cuts")
    return int(lines[0])

def pump(a, b, left):
    try:
        while True:
            data = a.recv(65536)
            if not data:
                break
            if left is not None:
                data = data[:left]
                left -= len(data)
            b.sendall(data)
            if left == 0:
                break
    except OSError:
        pass
    for end in (a, b):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

while True:
    client, _ = listener.accept()
    far = socket.create_connection(("127.0.0.1", target))
    threading.Thread(target=pump, args=(client, far, limit()), daemon=True).start()
    threading.Thread(target=pump, args=(far, client, None), daemon=True).start()
P
python3 relay.py "$(cat "$server/port")" 2>relay.err &
relay=$!
cleanup_fn kill $relay
wait_for 10 test -s relay.port
sed "s/^\[127.0.0.1\]:[0-9]*/[127.0.0.1]:$(cat relay.port)/" "$server/known_hosts" >known_hosts

cat >whole.cfg <<C
project = "shopsql"; state_dir = "state"; engine: { plugin = "sql"; };
stores: {
  offsite: { plugin = "sftp"; url = "sftp://root@127.0.0.1:$(cat relay.port)$PROJECT/remote";
             identity = "$server/keys/ed25519"; known_hosts = "$PROJECT/known_hosts"; timeout = "5s"; };
  local: { plugin = "local"; path = "snapshots"; };
};
environments: { staging: { database = "env:DATABASE_URL";
  snapshot: { stores = ["local", "offsite"]; require = "all"; ship_timeout = "8s"; }; }; };
C
cp whole.cfg deploy-db.cfg
mkdir remote
expect_status 0 ddb upgrade staging heads >out 2>err
psql_at shop "INSERT INTO companies (name) SELECT md5(n::text) || md5((-n)::text) FROM generate_series(1, 60000) n"
state_of shop before

# attempt WHAT [MESSAGE]: a run; its status is in $status. Whole in both, or not there at all.
attempt()
{
    local name

    rm -rf snapshots remote/* remote/.[!.]*
    outcome_begin
    status=0
    ddb snapshot staging >out 2>err || status=$?
    outcome_of $status "$1" "${2:-}"
    find remote -name "staging-*.tar" -printf "%f\n" >there
    while read -r name; do
        cmp "snapshots/$name" "remote/$name" || fail "$1: the copies differ"
    done <there
    [[ $status -ne 0 || -n $(find remote -name 'staging-*.tar') ]] || fail "$1: done, and not in the remote store"
    [[ $status -eq 0 || -z $(find remote -name 'staging-*.tar') ]] || fail "$1: failed, and there in the remote store"
}

# What has arrived of a snapshot that is whole here stays there for `snapshot push`.
after()
{
    rm -f cuts
    if [[ -n $(outcome_list) ]]; then
        expect_status 0 ddb snapshot push staging >out 2>err
        cmp "snapshots/$(outcome_list | tail -n 1)" "remote/$(outcome_list | tail -n 1)" || fail "$1: what was pushed differs"
    fi
    outcome_next "$1"
    state_of shop now
    expect_same before now "the database after $1"
}

# --- cut connections -----------------------------------------------------------------------------------------

attempt "nothing"
expect_equal 0 $status "status of an undisturbed run: $(cat err)"
size=$(stat -c %s remote/staging-*.tar)
for n in 0 10 1500 3500 20000 $((size / 3)) $((size - 5000)) $((size + 1500)) $((size + 4000)); do
    # The first connections of a run look for room and for what is there: one is cut after the other.
    printf '%s\n' "$n" "$n" >cuts
    attempt "two connections cut after $n bytes"
    after "two connections cut after $n bytes"
done
for n in 0 1500 20000; do
    echo "each $n" >cuts
    attempt "every connection cut after $n bytes" 'store "offsite"'
    [[ $status -ne 0 ]] || fail "shipped by connections that are cut after $n bytes"
    after "every connection cut after $n bytes"
done

# --- the server ----------------------------------------------------------------------------------------------

# with_subsystem LINE
with_subsystem()
{
    sshd_stop "$server"
    sed -i "s|^Subsystem.*|Subsystem sftp internal-sftp $1|" "$server/server.conf"
    sshd_start "$server"
    expect_equal "$(cat relay.target)" "$(cat "$server/port")" "port of the server"
}
cp "$server/port" relay.target

for refused in "rename,posix-rename" fsync write; do
    with_subsystem "-P $refused"
    attempt "a server that refuses $refused"
    [[ $refused == fsync || $status -ne 0 ]] || fail "done without $refused"
    with_subsystem ""
    after "a server that refuses $refused"
done

# A full disk.
unmount()
{
    ! mountpoint -q "$PROJECT/remote" || umount "$PROJECT/remote"
}
cleanup_fn unmount
for room in 16k 1m; do
    mount -t tmpfs -o "size=$room" none "$PROJECT/remote"
    attempt "a remote disk of $room" "no space left on 127.0.0.1:"
    expect_equal 6 $status "status with a remote disk of $room"
    expect_contains "$(cat err)" "$PROJECT/remote: 0.0 MiB free, at least " "how much is needed"
    # It is no matter of trying again, or of waiting.
    expect_lacks "$(cat err)" "going on in"
    expect_lacks "$(cat err)" "did not arrive in time"
    mount -o remount,size=60m "$PROJECT/remote"
    after "a remote disk of $room"
    unmount
done

# --- known_hosts that are hashed, with another host first -----------------------------------------------------

{
    echo "other.example $(cat "$server/keys/stranger.pub")"
    echo "[127.0.0.1]:1 $(cat "$server/keys/stranger.pub")"
    cat known_hosts
} >known_hosts.new
mv known_hosts.new known_hosts
ssh-keygen -q -H -f known_hosts >/dev/null 2>&1
expect_lacks "$(cat known_hosts)" "127.0.0.1"
attempt "hashed known_hosts"
expect_equal 0 $status "status with hashed known_hosts: $(cat err)"

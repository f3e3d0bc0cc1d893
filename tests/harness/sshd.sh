# shellcheck shell=bash
# sshd.sh - a private SSH server on loopback, with keys of its own.
#
#   sshd_make DIR           host keys and user keys (ed25519, ed25519 with the passphrase "open sesame",
#                           ecdsa, rsa) and a configuration; DIR/server.conf may be changed
#   sshd_start DIR [COMMAND...]   start it, behind a command, on a free port, which DIR/port has then;
#                           write DIR/known_hosts for SSHD_ADDRESS (127.0.0.1)
#   sshd_stop DIR           stop it and its sessions
#   sshd_sessions DIR       the process numbers of its sessions
#
# As root, /run/sshd is made when it is missing; another user can log in as itself only.

sshd_make()
{
    local dir=$1 kind

    mkdir -p "$dir/keys"
    dir=$(cd "$dir" && pwd)
    for kind in ed25519 ecdsa rsa; do
        ssh-keygen -q -t "$kind" -N "" -C "host" -f "$dir/host_$kind"
        ssh-keygen -q -t "$kind" -N "" -C "user $kind" -f "$dir/keys/$kind"
    done
    ssh-keygen -q -t ed25519 -N "open sesame" -C "user locked" -f "$dir/keys/locked"
    ssh-keygen -q -t ed25519 -N "" -C "stranger" -f "$dir/keys/stranger"
    cat "$dir"/keys/{ed25519,ecdsa,rsa,locked}.pub >"$dir/authorized_keys"
    cat >"$dir/server.conf" <<CONF
ListenAddress ${SSHD_ADDRESS:-127.0.0.1}
HostKey $dir/host_ed25519
HostKey $dir/host_ecdsa
HostKey $dir/host_rsa
PidFile $dir/sshd.pid
AuthorizedKeysFile $dir/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
MaxStartups 100
Subsystem sftp internal-sftp
CONF
}

sshd_start()
{
    local dir port sshd attempt

    dir=$(cd "$1" && pwd)
    shift
    sshd=$(PATH=$PATH:/usr/sbin command -v sshd)
    [[ $(id -u) -ne 0 ]] || mkdir -p /run/sshd
    rm -f "$dir/sshd.pid"
    for attempt in {1..50}; do
        port=$((20000 + RANDOM % 12000))
        [[ $attempt -gt 1 || ! -s $dir/port ]] || port=$(cat "$dir/port")
        "$@" "$sshd" -f "$dir/server.conf" -p "$port" -E "$dir/sshd.log" </dev/null >/dev/null 2>&1 ||
            continue
        for _ in {1..100}; do
            [[ ! -s $dir/sshd.pid ]] || break
            sleep 0.05
        done
        [[ -s $dir/sshd.pid ]] || continue
        echo "$port" >"$dir/port"
        sed "s/^/[${SSHD_ADDRESS:-127.0.0.1}]:$port /" "$dir"/host_{ed25519,ecdsa,rsa}.pub >"$dir/known_hosts"
        return 0
    done
    cat "$dir/sshd.log" >&2
    return 1
}

# Children and grandchildren of the listening process.
sshd_sessions()
{
    local pid child

    pid=$(cat "$1/sshd.pid" 2>/dev/null) || return 0
    for child in $(pgrep -P "$pid" || true); do
        echo "$child"
        pgrep -P "$child" || true
    done
}

sshd_stop()
{
    local pid sessions

    pid=$(cat "$1/sshd.pid" 2>/dev/null) || return 0
    sessions=$(sshd_sessions "$1")
    kill "$pid" || true
    # shellcheck disable=SC2086 # one word for each process
    [[ -z $sessions ]] || kill -KILL $sessions 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.05
    done
    rm -f "$1/sshd.pid"
}

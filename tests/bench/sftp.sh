#!/bin/bash
# sftp.sh - the sftp store against OpenSSH's sftp over a long way: two network namespaces with a delaying
# relay between them, one server, the same file, taking turns. Needs root.
#
# BENCH_COUNT is the file's size in MiB (default 64), BENCH_ROUNDS how often (default 3).
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/sshd.sh"
requires ip sftp ssh-keygen cmp awk

size=${BENCH_COUNT:-0}
rounds=${BENCH_ROUNDS:-0}
[[ $size -gt 0 ]] || size=64
[[ $rounds -gt 0 ]] || rounds=3
client=ddb-c$$ server=ddb-s$$ dir=$(mktemp -d "${TMPDIR:-/tmp}/sftp.XXXXXX")
export SSHD_ADDRESS=10.77.0.2

close_way()
{
    [[ ! -e $dir/sshd.pid ]] || sshd_stop "$dir"
    ip netns del "$client" 2>/dev/null || true
    ip netns del "$server" 2>/dev/null || true
    [[ -z ${relay_PID:-} ]] || kill "$relay_PID" 2>/dev/null || true
    wait
}

# open_way MILLISECONDS: of a round trip.
open_way()
{
    local ready

    coproc relay { exec "$DDB_B/tests/bench/relay" "$client" "$server" $(($1 / 2)); }
    read -r ready <&"${relay[0]}"
    expect_equal ready "$ready" "the relay"
    ip netns add "$client"
    ip netns add "$server"
    ip link set "$client" netns "$client"
    ip link set "$server" netns "$server"
    ip -n "$client" addr add 10.77.0.1 peer 10.77.0.2 dev "$client"
    ip -n "$server" addr add 10.77.0.2 peer 10.77.0.1 dev "$server"
    ip -n "$client" link set "$client" up
    ip -n "$server" link set "$server" up
    sshd_start "$dir" ip netns exec "$server"
}

# openssh put|get: the seconds of it.
openssh()
{
    local begun=$EPOCHREALTIME script="put $dir/file $dir/there/openssh"

    [[ $1 == put ]] || script="get $dir/there/openssh $dir/back"
    echo "$script" | ip netns exec "$client" sftp -q -b - -P "$(cat "$dir/port")" -oIdentityAgent=none \
        -i "$dir/keys/ed25519" -oUserKnownHostsFile="$dir/known_hosts" 10.77.0.2 >/dev/null
    awk -v a="$begun" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f", b - a }'
}

# ours put|get
ours()
{
    local file=$dir/file

    [[ $1 == put ]] || file=$dir/back
    ip netns exec "$client" "$DDB_B/tests/bench/sftp_copy" "$1" \
        "sftp://10.77.0.2:$(cat "$dir/port")$dir/there" "$dir/keys/ed25519" "$dir/known_hosts" ours "$file"
}

# figure SECONDS: MB/s
figure()
{
    awk -v mib="$size" -v s="$1" 'BEGIN { printf "%.1f", mib * 1.048576 / s }'
}

cleanup_fn rm -rf "$dir"
cleanup_fn close_way
sshd_make "$dir"
mkdir "$dir/there"
head -c "${size}M" /dev/urandom >"$dir/file"
printf 'sftp: %s MiB, %s rounds in turn, MB/s with the time to connect (ours also without)\n' "$size" "$rounds"
printf '%8s %5s %10s %10s %10s %8s\n' "rtt" "" "openssh" "ours" "(ours)" "ratio"
for rtt in 0 25 100; do
    open_way "$rtt"
    for way in put get; do
        for ((round = 0; round < rounds; round++)); do
            rm -f "$dir/there/ours" "$dir/back"
            [[ $way == put ]] || cp "$dir/file" "$dir/there/ours"
            theirs=$(openssh "$way")
            rm -f "$dir/back"
            read -r all moving < <(ours "$way")
            if [[ $way == put ]]; then
                cmp "$dir/file" "$dir/there/ours"
            else
                cmp "$dir/file" "$dir/back"
            fi
            printf '%5s ms %5s %10s %10s %10s %8s\n' "$rtt" "$way" "$(figure "$theirs")" \
                "$(figure "$all")" "$(figure "$moving")" \
                "$(awk -v a="$theirs" -v b="$all" 'BEGIN { printf "%.2f", a / b }')"
        done
    done
    close_way
done

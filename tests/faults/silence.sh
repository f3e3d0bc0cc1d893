#!/bin/bash
# The network to the server falls silent: no packet comes through, nobody says so. Whoever waits for the
# server, the run itself, pg_dump and pg_restore too, gives up after a minute, and so does the server with
# the sessions of the run: nobody's locks stay. Before and after it is as in the other failures.
# time-limit: 400
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
. "$DDB_SRC/tests/harness/outcome.sh"
requires ip ss nsenter

[[ $(id -u) -eq 0 ]] || fail "a network of one's own can only be made by root"
CLUSTER_NETNS=ddb$$
remove_net()
{
    ip netns del $CLUSTER_NETNS
    ip link del ddb$$ 2>/dev/null
}
cleanup_fn remove_net
net=198.18.$(($$ / 64 % 256)).$(($$ % 64 * 4))
near=${net%.*}.$((${net##*.} + 1)) far=${net%.*}.$((${net##*.} + 2))
ip netns add $CLUSTER_NETNS
ip link add ddb$$ type veth peer name far netns $CLUSTER_NETNS
ip addr add "$near/30" dev ddb$$
ip link set ddb$$ up
ip -n $CLUSTER_NETNS addr add "$far/30" dev far
ip -n $CLUSTER_NETNS link set far up

CLUSTER_LISTEN=$far project_start shopsql
echo "host all all $near/32 trust" >>"$CLUSTER_DIR/data/pg_hba.conf"
psql_at postgres "SELECT pg_reload_conf()" >/dev/null

# Environments of one database each: rows by sessions of our own, by pg_dump alone, a deployment, a restore
# by sessions of our own and one by pg_restore.
{
    echo 'project = "shopsql"; state_dir = "state"; engine: { plugin = "sql"; };'
    echo 'stores: { local: { plugin = "local"; path = "snapshots"; }; }; environments: {'
    for env in staging dumping deploying loading restoring; do
        threshold=64kB
        [[ $env != dumping && $env != restoring ]] || threshold=1TB
        echo "$env: { database = \"postgresql://postgres@$far/$env\";
            snapshot: { jobs = 2; copy_threshold = \"$threshold\"; }; };"
    done
    echo '};'
} >deploy-db.cfg
for env in staging dumping deploying loading restoring; do
    createdb $env
    expect_status 0 ddb upgrade $env heads >out 2>err
    psql_at $env "CREATE TABLE many AS SELECT n AS id, md5(n::text) AS name FROM generate_series(1, 300000) n"
done
for env in loading restoring; do
    expect_status 0 ddb snapshot $env >out 2>err
done
later 6f3d7a9b1c04
for env in staging dumping deploying loading restoring; do
    state_of $env before.$env
done

# --- five runs, and then nothing comes through ----------------------------------------------------------------

declare -A pids=()
# begin ENV FAULT ARGUMENT...
begin()
{
    local env=$1 fault=$2

    shift 2
    DEPLOY_DB_FAULT=$fault:stop "$DDB_FAULTS_B/deploy-db" "$@" >"out.$env" 2>"err.$env" &
    pids[$env]=$!
}
begin staging snapshot.row@50000 snapshot staging
begin dumping snapshot.middle@20 snapshot dumping
begin deploying hooks.end deploy deploying
begin loading restore.chunk@3 restore loading --yes
for env in staging dumping deploying loading; do
    outcome_stopped "${pids[$env]}"
done
begin restoring none restore restoring --yes
copying()
{
    [[ $(psql_at postgres "SELECT count(*) FROM pg_stat_activity
        WHERE datname LIKE 'restoring_fresh%' AND query LIKE 'COPY public.many %'") == 1 ]]
}
SECONDS=0
until copying; do [[ $SECONDS -lt 60 ]] || fail "pg_restore did not begin"; done
kill -STOP "${pids[restoring]}"
copying || fail "pg_restore was too fast"

# The sessions of our own, by their ports; children have others.
ports=$(for pid in "${pids[@]}"; do
    ss -tnHp | sed -nE "s/.* $near:([0-9]+) .*pid=$pid,.*/\1/p"
done | paste -sd,)
[[ $ports == *,*,*,*,*,*,*,* ]] || fail "only these sessions are known: $ports"

ip -n $CLUSTER_NETNS link set far down
SECONDS=0
kill -CONT "${pids[@]}"
for env in staging dumping deploying loading restoring; do
    status=0
    wait "${pids[$env]}" || status=$?
    expect_equal 6 $status "$env: status without a network: $(cat "err.$env")"
    [[ $SECONDS -ge 20 && $SECONDS -lt 150 ]] || fail "$env: ended after $SECONDS s"
    grep -qE "error: .*($env|pg_dump|pg_restore|table)" err.$env || fail "$env: no reason: $(cat "err.$env")"
done

# The server has noticed too, of each session of ours. Those of pg_dump and pg_restore are as the server is
# set up (tcp_keepalives_idle); here an administrator ends them.
ours_are_gone()
{
    [[ $(psql_at postgres "SELECT (SELECT count(*) FROM pg_stat_activity WHERE client_port = ANY ('{$ports}'))
        + (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')") == 0 ]]
}
wait_for 60 ours_are_gone
psql_at postgres "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name LIKE 'deploy-db%'" \
    >/dev/null

# --- it is there again ------------------------------------------------------------------------------------------

ip -n $CLUSTER_NETNS link set far up
for env in staging dumping deploying loading restoring; do
    expect_equal "$([[ $env == staging || $env == dumping ]] || echo one)" \
        "$(find snapshots -name "$env-*.tar" -printf 'one\n')" "snapshots of $env"
    state_of $env now
    expect_same before.$env now "database $env after the silence"
done
expect_status 0 ddb snapshot staging >out 2>err
expect_status 0 ddb snapshot dumping >out 2>err
expect_status 0 ddb deploying >out 2>err
expect_status 0 ddb restore loading --yes >out 2>err
expect_status 0 ddb restore restoring --yes >out 2>err
for env in loading restoring; do
    state_of $env now
    expect_same before.$env now "database $env after its restore"
done
expect_clean

#!/bin/bash
# The hooks that come with deploy-db, by themselves: against a primary with a real standby.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"

hooks=$DDB_SRC/hooks
lag=$hooks/pre-deploy.d/10-replication-lag
analyze=$hooks/post-deploy.d/90-analyze
notify=$hooks/on-failure.d/90-notify-log

sql()
{
    psql -X -A -t -q -v ON_ERROR_STOP=1 "$@"
}

# --- every hook leaves events alone that are not its own --------------------------------------------
for hook in "$lag" "$analyze" "$notify"; do
    expect_status 2 "$hook" some-new-event
done

cluster_start

# --- 10-replication-lag ------------------------------------------------------------------------------
expect_status 2 "$lag" pre-deploy # no standby
expect_status 1 env REPLICATION_LAG_MAX_MB=much "$lag" pre-deploy 2>wrong.err
grep -q 'not a number of megabytes' wrong.err || fail "no reason for a wrong setting"
expect_status 1 env PGHOST=/nonexistent "$lag" pre-deploy 2>/dev/null # not "not for me"

primary=$CLUSTER_DIR
standby=$CLUSTER_DIR/standby
stop_standby()
{
    [[ ! -f $standby/postmaster.pid ]] ||
        cluster_as_owner "$CLUSTER_BIN/pg_ctl" -D "$standby" -s -m immediate stop >/dev/null 2>&1
}
cleanup_fn stop_standby
cluster_as_owner "$CLUSTER_BIN/pg_basebackup" -h "$primary" -U postgres -D "$standby" -R -X stream \
    -c fast --no-sync
cluster_as_owner mkdir "$primary/socket"
cat >>"$standby/postgresql.conf" <<EOF
unix_socket_directories = '$primary/socket'
EOF
cluster_as_owner "$CLUSTER_BIN/pg_ctl" -D "$standby" -l "$primary/standby.log" -w -t 60 -s start \
    </dev/null >/dev/null 2>&1 || { cat "$primary/standby.log" >&9; fail "the standby did not start"; }

replaying()
{
    [[ $(sql -c "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn = sent_lsn") -eq 1 ]]
}
for _ in {1..100}; do
    replaying && break
    sleep 0.1
done
replaying || fail "the standby does not replay"

expect_status 0 "$lag" pre-deploy >near.out
grep -q '^standby "walreceiver" is [01] MB behind$' near.out || fail "$(cat near.out)"

sql -h "$primary/socket" -c 'SELECT pg_wal_replay_pause()' >/dev/null
sql -c 'CREATE TABLE filler AS SELECT repeat(md5(i::text), 60) AS t FROM generate_series(1, 4000) i'
expect_status 3 env REPLICATION_LAG_MAX_MB=2 "$lag" pre-deploy 2>far.err
grep -q '^standby "walreceiver" is [0-9]* MB behind, more than the allowed 2 MB$' far.err ||
    fail "$(cat far.err)"
expect_status 0 env REPLICATION_LAG_MAX_MB=500 "$lag" pre-deploy >/dev/null

sql -c 'CREATE ROLE deployer LOGIN'
expect_status 1 env PGUSER=deployer "$lag" pre-deploy 2>rights.err
grep -q 'role "deployer" may not see the standbys: grant it pg_monitor' rights.err ||
    fail "$(cat rights.err)"
stop_standby

# --- 90-analyze --------------------------------------------------------------------------------------
sql -c 'CREATE SCHEMA "My app"; CREATE TABLE "My app"."T 1" (a int);
        INSERT INTO "My app"."T 1" SELECT generate_series(1, 100)'
for _ in {1..50}; do # statistics arrive late
    [[ $(sql -c 'SELECT coalesce(sum(n_mod_since_analyze), 0) FROM pg_stat_user_tables') -ge 100 ]] &&
        break
    sleep 0.1
done
expect_status 0 "$analyze" post-deploy
expect_equal 100 "$(sql -c "SELECT reltuples FROM pg_class WHERE relname = 'T 1'")"
expect_status 1 env PGHOST=/nonexistent "$analyze" post-deploy 2>/dev/null

# --- 90-notify-log -----------------------------------------------------------------------------------
mkdir bin
cat >bin/logger <<'EOF'
#!/bin/sh
printf '%s\n' "$*" >>logged
EOF
chmod 755 bin/logger
for status in 7 8 9; do
    PATH=$PWD/bin:$PATH DEPLOY_DB_ENV=production DEPLOY_DB_RUN=r1 DEPLOY_DB_SNAPSHOT=s.tar \
        DEPLOY_DB_STATUS=$status expect_status 0 "$notify" on-failure
done
expect_equal "-t deploy-db -p user.warning -- deployment r1 of production failed with status 7, the \
database is as before
-t deploy-db -p user.err -- deployment r1 of production failed with status 8, the database was \
restored from snapshot s.tar
-t deploy-db -p user.crit -- deployment r1 of production failed with status 9, the database is in \
an unknown state: run deploy-db recover production" "$(cat logged)"

printf '#!/bin/sh\nexit 1\n' >bin/logger
PATH=$PWD/bin:$PATH DEPLOY_DB_ENV=staging DEPLOY_DB_RUN=r2 DEPLOY_DB_STATUS=6 \
    expect_status 0 "$notify" on-failure 2>said
expect_equal "deployment r2 of staging failed with status 6, the database is as before" "$(cat said)"

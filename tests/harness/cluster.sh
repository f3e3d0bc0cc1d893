# shellcheck shell=bash
# cluster.sh - a private PostgreSQL cluster for a test: unix socket only, own directory, nothing
# shared with a cluster of the system. Sourced after functions.sh.
#
#     cluster_start            make and start it; exports PGHOST, PGPORT, PGUSER and PGDATABASE
#     cluster_stop             stop it in order
#     cluster_crash            stop it without a checkpoint, as a power loss would
#     cluster_restart          start it again, after stopping it if it runs
#     cluster_remove           stop it and remove its directory (done at the end of the test)
#
# CLUSTER_FSYNC=on makes it durable; CLUSTER_CONF holds more lines for postgresql.conf;
# CLUSTER_BIN is the directory of the server's programs; CLUSTER_NETNS the network namespace that it
# runs in (as root); CLUSTER_PARENT where its directory is made; CLUSTER_LISTEN its TCP address.

CLUSTER_BIN=${CLUSTER_BIN:-$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)}
CLUSTER_DIR=

# cluster_as_owner COMMAND...: the server refuses to run as root.
cluster_as_owner()
{
    local clean=(env -i "PATH=$CLUSTER_BIN:/usr/bin:/bin" LANG=C.UTF-8 "HOME=$CLUSTER_DIR"
        "TMPDIR=$CLUSTER_DIR")

    if [[ $(id -u) -eq 0 ]]; then
        ${CLUSTER_NETNS:+nsenter "--net=/run/netns/$CLUSTER_NETNS"} \
            setpriv --reuid=postgres --regid=postgres --clear-groups "${clean[@]}" "$@" 9>&-
    else
        "${clean[@]}" "$@" 9>&-
    fi
}

# cluster_make_dir: below TMPDIR when a socket's path has room there and the owner gets in.
cluster_make_dir()
{
    local parent=${CLUSTER_PARENT:-${TMPDIR:-/tmp}}

    CLUSTER_DIR=/
    if [[ ${#parent} -gt 60 ]] || ! cluster_as_owner test -x "$parent"; then
        parent=/tmp
    fi
    CLUSTER_DIR=$(mktemp -d "$parent/pg.XXXXXX")
    chmod 755 "$CLUSTER_DIR"
    if [[ $(id -u) -eq 0 ]]; then
        chown postgres: "$CLUSTER_DIR"
    fi
}

cluster_configure()
{
    local fsync=${CLUSTER_FSYNC:-off}

    cat <<EOF
listen_addresses = '${CLUSTER_LISTEN:-}'
port = 5432
unix_socket_directories = '$CLUSTER_DIR'
fsync = $fsync
synchronous_commit = $fsync
full_page_writes = $fsync
autovacuum = off
shared_buffers = 16MB
max_connections = 40
max_prepared_transactions = 4
wal_level = logical
timezone = 'UTC'
log_timezone = 'UTC'
${CLUSTER_CONF:-}
EOF
}

cluster_boot()
{
    cluster_as_owner "$CLUSTER_BIN/pg_ctl" -D "$CLUSTER_DIR/data" -l "$CLUSTER_DIR/log" -w -t 60 \
        -s start </dev/null >"$CLUSTER_DIR/start.out" 2>&1 && return 0
    cat "$CLUSTER_DIR/start.out" "$CLUSTER_DIR/log" >&9
    fail "the test cluster did not start"
}

cluster_start()
{
    [[ -x $CLUSTER_BIN/initdb ]] || fail "the programs of the PostgreSQL server are missing"
    cluster_make_dir
    cleanup_fn cluster_remove
    cluster_as_owner "$CLUSTER_BIN/initdb" --no-sync -A trust -U postgres \
        -E UTF8 --locale=C.UTF-8 -D "$CLUSTER_DIR/data" >"$CLUSTER_DIR/initdb.out" 2>&1 || {
        cat "$CLUSTER_DIR/initdb.out" >&9
        fail "initdb failed"
    }
    cluster_configure >>"$CLUSTER_DIR/data/postgresql.conf"
    cluster_boot
    export PGHOST=$CLUSTER_DIR PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
}

# pg_ctl finds the server by the process number in our own data directory.
cluster_halt()
{
    [[ -n $CLUSTER_DIR && -f $CLUSTER_DIR/data/postmaster.pid ]] || return 0
    cluster_as_owner "$CLUSTER_BIN/pg_ctl" -D "$CLUSTER_DIR/data" -w -t 60 -s -m "$1" stop \
        >/dev/null 2>&1
}

cluster_stop()
{
    cluster_halt fast || fail "the test cluster did not stop"
}

cluster_crash()
{
    cluster_halt immediate || fail "the test cluster did not stop"
}

cluster_restart()
{
    cluster_stop
    cluster_boot
}

cluster_remove()
{
    [[ -n $CLUSTER_DIR ]] || return 0
    cluster_halt immediate || true
    rm -rf "$CLUSTER_DIR"
    CLUSTER_DIR=
}

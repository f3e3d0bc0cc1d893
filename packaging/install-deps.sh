#!/bin/bash
# install-deps.sh - install what building and testing deploy-db needs, on Debian 12.
#
# Says nothing when all is there. --missing prints what is missing and installs nothing.
set -eu

packages=(
    # to build
    build-essential clang pkg-config libpq-dev libarchive-dev libzstd-dev libxxhash-dev
    libconfig-dev libcmocka-dev libjansson-dev libssl-dev libpg-query-dev libinih-dev
    libssh2-1-dev
    # to run and to test
    zstd postgresql postgresql-client alembic python3-alembic python3-sqlalchemy python3-psycopg2
    python3-asyncpg python3-greenlet
    pgbouncer procps util-linux git systemd openssh-client openssh-server iproute2
    gzip bzip2 xz-utils lz4 age
    # to check
    valgrind mandoc shellcheck strace faketime libclang-rt-14-dev
)

missing()
{
    local package

    for package in "${packages[@]}"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
            printf '%s\n' "$package"
    done
}

if ! command -v dpkg-query >/dev/null; then
    echo "install-deps.sh: this is not Debian; install the equivalents of: ${packages[*]}" >&2
    exit 1
fi
mapfile -t wanted < <(missing)
if [[ ${1:-} == --missing ]]; then
    echo "${wanted[*]}"
    exit 0
fi
[[ ${#wanted[@]} -gt 0 ]] || exit 0

as_root=()
if [[ $(id -u) -ne 0 ]]; then
    if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null && [[ ! -t 0 ]]; then
        echo "install-deps.sh: missing: ${wanted[*]}" >&2
        echo "install-deps.sh: run as root: apt-get install --no-install-recommends ${wanted[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi

apt()
{
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null
}

echo "install-deps.sh: installing ${wanted[*]}"

# Debian starts a database cluster when the server is installed. Nothing here needs it, so it is not
# made; where the server is installed already, its clusters are left alone.
no_cluster=/etc/postgresql-common/createcluster.d/deploy-db.conf
if [[ " ${wanted[*]} " == *" postgresql "* && ! -e /etc/postgresql-common ]]; then
    "${as_root[@]}" mkdir -p "${no_cluster%/*}"
    echo "create_main_cluster = false" | "${as_root[@]}" tee "$no_cluster" >/dev/null
    echo "install-deps.sh: no system cluster is made ($no_cluster)"
fi

# Nor is an SSH server of the system needed: Debian's service does not start while this file is there.
no_server=/etc/ssh/sshd_not_to_be_run
if [[ " ${wanted[*]} " == *" openssh-server "* && ! -e /usr/sbin/sshd && ! -e $no_server ]]; then
    "${as_root[@]}" mkdir -p "${no_server%/*}"
    "${as_root[@]}" touch "$no_server"
    echo "install-deps.sh: the SSH server of the system is not started ($no_server)"
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { apt update && apt install -y --no-install-recommends "${wanted[@]}"; } >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    echo "install-deps.sh: apt-get failed; its last words are above" >&2
    exit 1
fi
mapfile -t wanted < <(missing)
if [[ ${#wanted[@]} -gt 0 ]]; then
    echo "install-deps.sh: still missing: ${wanted[*]}" >&2
    exit 1
fi

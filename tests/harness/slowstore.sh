# shellcheck shell=bash
# slowstore.sh - a project whose snapshots go into a folder and to tests/abi/slowstore.c, a store behind a
# bad network. Sourced after project.sh.
#
#     slow_project              shopsql, all but its last two revisions applied, with some MiB of rows
#                               that do not compress
#     slow_config REQUIRE [KEY = VALUE;...]   the configuration of environment "staging"
#     network NAME [VALUE]      something is wrong with the network from now on; slowstore.c lists what
#     network_good              nothing is
#     newest FOLDER             the name of the newest whole snapshot there; parts FOLDER: unfinished ones
#     levels FOLDER NAME        at which levels there is evidence of a snapshot there

slow_project()
{
    project_start shopsql
    mkdir -m 755 plugins control
    cc -std=c11 -D_GNU_SOURCE -fvisibility=hidden -shared -fPIC -I"$DDB_SRC/src" \
        -o plugins/slowstore.so "$DDB_SRC/tests/abi/slowstore.c" || fail "the test's plugin does not compile"
    slow_config all
    expect_status 0 ddb upgrade staging 3c95f2a7e610 >out 2>err
    psql_at shop "INSERT INTO companies (name) SELECT md5(n::text) || md5((-n)::text)
        FROM generate_series(1, ${SLOW_ROWS:-60000}) n"
}

slow_config()
{
    cat >deploy-db.cfg <<EOF
project = "shopsql";
state_dir = "state";
plugin_dirs = ["plugins"];
engine: { plugin = "sql"; };
stores: {
  slow: { plugin = "slowstore"; path = "remote"; control = "control"; };
  local: { plugin = "local"; path = "snapshots"; };
};
environments: { staging: {
  database = "env:DATABASE_URL";
  snapshot: { stores = ${STORES:-[\"slow\", \"local\"]}; require = "$1"; ${2:-} };
  hooks: { pre_deploy = [${HOOKS:-}"snapshot"]; };
}; };
EOF
}

network()
{
    printf '%s\n' "${2:-0}" >"control/$1.new"
    mv "control/$1.new" "control/$1"
}

network_good()
{
    rm -f control/rate control/down control/cut control/full control/lost control/damage
}

newest()
{
    find "$1" -maxdepth 1 -name 'staging-*.tar' -printf '%f\n' 2>/dev/null | sort | tail -n 1
}

parts()
{
    find "$1" -maxdepth 1 -name '.*.part' -printf '%f\n' 2>/dev/null
}

levels()
{
    find "$1" -maxdepth 1 -name "$2.*-*.json" -printf '%f\n' | sed "s/^$2\.//; s/-.*//" | sort | paste -sd' '
}

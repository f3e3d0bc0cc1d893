# shellcheck shell=bash
# server_copy.sh - a private copy of the server's programs and of its folder of extensions, so that a
# test can have an extension of its own. Sourced after cluster.sh.
#
#     server_copy FILE...      make it, with these files of extensions; cluster_start uses it then
#
# The server finds its other files by the place of its program, so a copy of bin and share is enough;
# its libraries are linked.

server_copy()
{
    local share base copy=$TMPDIR/server bin=$CLUSTER_BIN

    share=$("$bin/pg_config" --sharedir)
    base=$(dirname "$bin")
    until [[ $share == "$base"/* ]]; do
        base=$(dirname "$base")
    done
    CLUSTER_BIN=$copy/${bin#"$base/"}
    mkdir -p "$(dirname "$CLUSTER_BIN")" "$(dirname "$copy/${share#"$base/"}")"
    cp -r "$bin" "$CLUSTER_BIN"
    ln -s "$(dirname "$bin")/lib" "$(dirname "$CLUSTER_BIN")/lib"
    cp -r "$share" "$copy/${share#"$base/"}"
    cp "$@" "$copy/${share#"$base/"}/extension/"
}

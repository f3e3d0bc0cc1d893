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
    local version share

    version=$(basename "$(dirname "$CLUSTER_BIN")")
    share=$("$CLUSTER_BIN/pg_config" --sharedir)
    [[ $CLUSTER_BIN == /usr/lib/postgresql/$version/bin && $share == "/usr/share/postgresql/$version" ]] ||
        fail "the server's folders are not as Debian has them: $CLUSTER_BIN, $share"
    mkdir -p "$TMPDIR/usr/lib/postgresql/$version" "$TMPDIR/usr/share/postgresql"
    cp -r "$CLUSTER_BIN" "$TMPDIR/usr/lib/postgresql/$version/bin"
    ln -s "/usr/lib/postgresql/$version/lib" "$TMPDIR/usr/lib/postgresql/$version/lib"
    cp -r "$share" "$TMPDIR/usr/share/postgresql/$version"
    cp "$@" "$TMPDIR/usr/share/postgresql/$version/extension/"
    CLUSTER_BIN=$TMPDIR/usr/lib/postgresql/$version/bin
}

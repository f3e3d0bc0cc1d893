#!/bin/bash
# What a server lacks for a snapshot is said before anything is created, all of it at once.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"

project_start shopsql
expect_status 0 ddb staging >out 2>err
psql_at postgres "CREATE ROLE owner; CREATE ROLE \"O'dd \"\"x\"; CREATE ROLE reader; CREATE ROLE setter;
    CREATE ROLE unused; CREATE ROLE policy; CREATE ROLE defaults; CREATE ROLE column_reader"
psql_at shop "CREATE EXTENSION citext VERSION '1.4'; CREATE TABLE owned (id int, c citext); ALTER TABLE owned OWNER TO owner;
    GRANT SELECT, UPDATE ON owned TO \"O'dd \"\"x\" WITH GRANT OPTION; GRANT CREATE ON DATABASE shop TO reader;
    ALTER ROLE setter IN DATABASE shop SET jit = off; ALTER TABLE owned ENABLE ROW LEVEL SECURITY;
    CREATE POLICY p ON owned TO policy USING (true); GRANT SELECT (id) ON owned TO column_reader;
    ALTER DEFAULT PRIVILEGES FOR ROLE defaults GRANT SELECT ON TABLES TO PUBLIC"
expect_status 0 ddb snapshot staging >out 2>err
taken=$(basename "$(cat out)")
state_of shop before
psql_at shop "DROP OWNED BY owner, \"O'dd \"\"x\", reader, setter, policy, defaults, column_reader CASCADE"
for role in owner "\"O'dd \"\"x\"" reader setter policy defaults column_reader unused; do
    psql_at postgres "DROP ROLE $role"
done
psql_at shop "DROP EXTENSION citext CASCADE"

# --- every role that owns or may use something, and no other -------------------------------------------

state_of shop live
expect_status 6 ddb restore staging "$taken" --yes --json >out 2>err
for role in owner "O'dd" reader setter policy defaults column_reader; do
    expect_contains "$(cat err)" "$role"
done
expect_contains "$(cat err)" "CREATE ROLE \"O'dd \"\"x\";"
expect_lacks "$(cat err)" unused
expect_clean
state_of shop now
expect_same live now

# --- with an extension that is not there, and one of another version, all at once ----------------------

extension=$(psql_at postgres "SELECT setting FROM pg_config WHERE name = 'SHAREDIR'")/extension
[[ -e $extension/citext.control ]] || fail "no citext"
# The bundle is made anew with what no server has: only its description is another one.
mkdir edit
tar xf "snapshots/$taken" -C edit
sed -i 's/"citext 1\.[0-9]*"/"citext 0.9", "no such 1.0"/' edit/meta.json
cat >remake.py <<'P'
import hashlib, io, json, os, sys, tarfile
tarfile.RECORDSIZE = 512
folder, source, target = sys.argv[1:]
members = {}
with tarfile.open(source) as tar:
    order = tar.getmembers()
    for member in order:
        members[member.name] = tar.extractfile(member).read()
for name in "meta.json", "catalog.txt.zst":
    members[name] = open(folder + "/" + name, "rb").read()
manifest = json.loads(members["MANIFEST.json"])
offset = 0
listed = {m["name"]: m for m in manifest["members"]}
for member in order:
    data = members[member.name]
    if member.name in listed:
        listed[member.name].update(size=len(data), offset=offset + 512, sha256=hashlib.sha256(data).hexdigest())
        if member.name == "catalog.txt.zst" and os.path.exists(folder + "/catalog.txt"):
            listed[member.name]["raw_size"] = os.path.getsize(folder + "/catalog.txt")
    offset += 512 + (len(data) + 511) // 512 * 512
members["MANIFEST.json"] = json.dumps(manifest).encode()
members["SHA256SUMS"] = b"".join(hashlib.sha256(members[m.name]).hexdigest().encode() + b"  " + m.name.encode() + b"\n"
                                 for m in order if m.name != "SHA256SUMS")
with tarfile.open(target, "w", format=tarfile.USTAR_FORMAT) as tar:
    for member in order:
        member.size = len(members[member.name])
        tar.addfile(member, io.BytesIO(members[member.name]))
P
cp "snapshots/$taken" kept.tar
python3 remake.py edit kept.tar "snapshots/$taken"
expect_status 6 ddb restore staging "$taken" --yes >out 2>err
expect_contains "$(cat err)" "the server lacks what the snapshot needs"
expect_contains "$(cat err)" 'extension "no such" is not installed on the server'
expect_contains "$(cat err)" 'extension "citext" would be created in version'
expect_contains "$(cat err)" "column_reader"
expect_clean

# --- a server that is older than the one it was taken of --------------------------------------------------

sed -i 's/"server_version": "[0-9]*/"server_version": "99/; s/"citext 0.9", "no such 1.0"/"citext 1.6"/' edit/meta.json
python3 remake.py edit kept.tar "snapshots/$taken"
expect_status 6 ddb restore staging "$taken" --yes >out 2>err
expect_contains "$(cat err)" "older than the one the snapshot was taken of (99."
expect_clean
cp kept.tar "snapshots/$taken"

# --- with the roles it works, as globals.sql makes them ---------------------------------------------------

tar xOf "snapshots/$taken" globals.sql.zst | zstd -dq | sed '/^-- properties of the database/,$d' >globals.sql
psql -X -q -v ON_ERROR_STOP=1 -d postgres -f globals.sql >/dev/null
expect_status 0 ddb restore staging "$taken" --yes >out 2>err
state_of shop now
expect_same before now "restored with its roles"
expect_equal 1.4 "$(psql_at shop "SELECT extversion FROM pg_extension WHERE extname = 'citext'")" \
    "the extension's version, which is not the server's default"

# --- into a server of another release, which words the catalog otherwise ------------------------------------

cat >reword.py <<'P'
import hashlib, json
lines = open("edit/catalog.txt", encoding="utf-8").read().split("\n")[1:]
lines = [l.replace("TRUNCATE", "TRUNC") if l.startswith("table public.users\tgrants") else l for l in lines]
for line in open("added", encoding="utf-8"):
    lines = sorted(lines[:-1] + [line.rstrip("\n")], key=lambda l: l.encode().split(b"\t")) + [""]
text = "\n".join(lines).encode()
fingerprint = hashlib.sha256(text).hexdigest()
open("edit/catalog.txt", "wb").write(b"deploy-db catalog 1 " + fingerprint.encode() + b"\n" + text)
meta = json.load(open("edit/meta.json"))
meta["fingerprint"] = fingerprint
meta["server_version"] = open("release").read().strip()
json.dump(meta, open("edit/meta.json", "w"))
P
# reworded RELEASE [FACT...]: the snapshot as one of that release, with more in it
reworded()
{
    rm -rf edit
    mkdir edit
    tar xf kept.tar -C edit
    echo "$1" >release
    printf '%s' "${2:+$2$'\n'}" >added
    zstd -dq --rm edit/catalog.txt.zst
    python3 reword.py
    zstd -q edit/catalog.txt
    python3 remake.py edit kept.tar "snapshots/$taken"
}

reworded 12.4
expect_status 0 ddb -v restore staging "$taken" --yes >out 2>err
expect_contains "$(cat err)" "tells 1 properties of the catalog otherwise than the one of the snapshot, 12.4"
expect_contains "$(cat err)" "table public.users: grants is"
state_of shop now
expect_same before now "restored as from another release"

reworded 12.4 $'table public.gone\tis\ttable'
expect_status 6 ddb restore staging "$taken" --yes >out 2>err
expect_contains "$(cat err)" "table public.gone is missing"
expect_lacks "$(cat err)" "grants is"
reworded "$(psql_at postgres "SHOW server_version")"
expect_status 6 ddb restore staging "$taken" --yes >out 2>err
expect_contains "$(cat err)" "table public.users: grants is"
expect_clean

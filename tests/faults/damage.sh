#!/bin/bash
# Damage of a snapshot at rest, of every kind and at 200 places that a seed chooses (DDB_SEED): a bit that
# flips, an end that is missing, garbage behind it, members that changed places or content, and parts of
# another snapshot. `snapshot verify` finds each, says which file it is, and a restore begins nothing.
# time-limit: 900
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires python3

project_start shopsql
sed -i 's/ staging: {/& snapshot: { copy_threshold = "64kB"; };/' deploy-db.cfg
expect_status 0 ddb staging >out 2>err
psql_at shop "INSERT INTO companies (name) SELECT md5(n::text) FROM generate_series(1, 8000) n;
    CREATE TABLE twin_a AS SELECT n, md5(n::text) AS t FROM generate_series(1, 3000) n;
    CREATE TABLE twin_b AS SELECT n, md5(n::text) AS t FROM generate_series(1, 3000) n"
expect_status 0 ddb snapshot staging >out 2>err
cp "$(cat out)" other.tar
rm "$(cat out)"
psql_at shop "UPDATE companies SET name = 'other' WHERE id = 7"
expect_status 0 ddb snapshot staging >out 2>err
file=$(cat out)
cp "$file" whole.tar
expect_contains "$(tar tf whole.tar)" "data/"

cat >damage.py <<'P'
import io, random, subprocess, sys, tarfile

program, path, name, seed = sys.argv[1:]
whole, other = open("whole.tar", "rb").read(), open("other.tar", "rb").read()
chance = random.Random(int(seed))

def members(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return [(m, tar.extractfile(m).read()) for m in tar.getmembers()]

def packed(list):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for member, data in list:
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()

def flip(data=None):
    data = bytearray(data or whole)
    at, bit = chance.randrange(len(data)), chance.randrange(8)
    data[at] ^= 1 << bit
    return "bit %d of byte %d" % (bit, at), data

def cut():
    at = chance.randrange(len(whole)) // chance.choice([1, 512]) * chance.choice([1, 512]) % len(whole)
    return "cut at %d" % at, whole[:at]

def blank():
    at, n = chance.randrange(len(whole) - 512), chance.choice([16, 512, 4096])
    while not any(whole[at:at + n]):
        at = chance.randrange(len(whole) - 512)
    return "%d zeros at %d" % (n, at), whole[:at] + bytes(len(whole[at:at + n])) + whole[at + n:]

def append():
    n = chance.choice([1, 100, 512, 1024, 10240])
    what = chance.choice(["random bytes", "another snapshot", "zeros"])
    more = {"zeros": bytes(n), "another snapshot": other, "random bytes": chance.randbytes(n)}[what]
    return "%s behind it (%d)" % (what, len(more)), whole + more

def swap_places():
    list = members(whole)
    i, j = chance.sample(range(len(list)), 2)
    list[i], list[j] = list[j], list[i]
    return "members %s and %s in each other's place" % (list[i][0].name, list[j][0].name), packed(list)

def swap_content():
    list = members(whole)
    i, j = chance.sample(range(len(list)), 2)
    list[i], list[j] = (list[i][0], list[j][1]), (list[j][0], list[i][1])
    return "members %s and %s with each other's content" % (list[i][0].name, list[j][0].name), packed(list)

def leave_out():
    list = members(whole)
    gone = list.pop(chance.randrange(len(list)))
    return "no member %s" % gone[0].name, packed(list)

def foreign():
    list, theirs = members(whole), dict((m.name, d) for m, d in members(other))
    same = [i for i, (m, d) in enumerate(list) if theirs.get(m.name, d) != d]
    i = chance.choice(same)
    list[i] = (list[i][0], theirs[list[i][0].name])
    return "%s of another snapshot" % list[i][0].name, packed(list)

kinds = [flip] * 100 + [cut] * 30 + [blank] * 15 + [append] * 15 + [swap_places] * 10 + [swap_content] * 10 + [leave_out] * 10 + [foreign] * 10
undetected = 0
for kind in kinds:
    what, data = kind()
    if bytes(data) == whole:
        continue
    with open(path, "wb") as out:
        out.write(data)
    done = subprocess.run([program, "snapshot", "verify", "staging", name], capture_output=True, text=True, errors="replace")
    if done.returncode != 6 or name not in done.stderr:
        print("NOT FOUND: %s: status %d: %s%s" % (what, done.returncode, done.stdout, done.stderr))
        undetected += 1
print("%d of %d were not found" % (undetected, len(kinds)))
sys.exit(undetected > 0)
P
state_of shop before
expect_status 0 python3 damage.py "$DDB_B/deploy-db" "$file" "$(basename "$file")" "${DDB_SEED:-1}" >damage.out 2>&1
expect_contains "$(cat damage.out)" "0 of 200 were not found"

# A restore of the last of them begins nothing.
expect_status 6 ddb restore staging "$(basename "$file")" --yes >out 2>err
state_of shop after
expect_same before after
expect_clean
cp whole.tar "$file"
expect_status 0 ddb snapshot verify staging "$(basename "$file")" >out 2>err

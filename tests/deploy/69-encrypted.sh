#!/bin/bash
# Snapshots that are encrypted at rest: taken, listed, verified, restored by hand, by a failed deployment
# and without deploy-db; and no readable row reaches a disk on the way.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires age age-keygen tar strace pg_restore

project_start shopsql
expect_status 0 ddb production >out 2>err
psql_at shop "INSERT INTO companies (name) VALUES ('canary company 4711');
    INSERT INTO users (company_id, email, phone) SELECT 1, 'canary' || n || '@example.com', '030 ' || n
      FROM generate_series(1, 20000) n"
state_of shop ../before
rm -r snapshots

age-keygen -o key 2>/dev/null
age-keygen -o other 2>/dev/null
recipient=$(age-keygen -y key)
cp deploy-db.cfg plain.cfg

# configure SETTINGS [RECOVER]: production's snapshot group.
configure()
{
    sed "s|    protected = true;|&\n    snapshot: { copy_threshold = \"64kB\"; $1 };${2:+\n    recover = [$2];}|" plain.cfg >deploy-db.cfg
}

# traced COMMAND...: the files that it and its children write go to the file "written".
traced()
{
    local status=0

    rm -rf ../trace
    mkdir ../trace
    # a leak checker cannot work in a traced process
    ASAN_OPTIONS=detect_leaks=0 strace -ff -qq -o ../trace/process -e trace=open,openat,creat "$@" || status=$?
    cat ../trace/* | sed -n -e 's/^open\(at\)\?([^"]*"\([^"]*\)", [A-Z_|]*O_\(WRONLY\|RDWR\).* = [0-9].*/\2/p' \
        -e 's/^creat("\([^"]*\)".* = [0-9].*/\1/p' | sort -u >written
    return $status
}

# The only files: snapshots and the evidence beside them, journal and log of the run, the catalog; and a file without a name in
# the store's folder, in which preflight writes one byte.
expect_only_encrypted()
{
    expect_equal "" "$(grep -v -e '^/dev/' -e '^\.$' -e '^\.production-.*\.tar\.age\.part$' \
        -e '^\.production-.*\.tar\.age\.full-[^/]*\.json\.part$' \
        -e '/state/production/[^/]*\.journal$' -e '/state/production/[^/]*\.log$' \
        -e '/state/production/\.deploy-db\.[0-9.]*tmp$' written)" "other files written"
    expect_contains "$(cat written)" ".tar.age.part"
    expect_equal "" "$(grep -r -l -a -e 'canary[0-9]*@' -e 'canary company' .)" "files with readable rows"
}

# --- with the key at hand ------------------------------------------------------------------------------

configure "recipients = [\"$recipient\"]; identity = \"file:key\";"
expect_status 0 traced "$DDB_B/deploy-db" snapshot production --json >out 2>err
expect_only_encrypted
expect_contains "$(cat out)" '"verified": "full"'
first=$(find snapshots -name 'production-*.tar.age' -printf '%f\n')
expect_contains "$(cat out)" "\"name\": \"$first\""
expect_contains "$(cat out)" "\"size_bytes\": $(stat -c %s "snapshots/$first")"
expect_equal "age-encryption.org/v1" "$(head -n 1 "snapshots/$first" | tr -d '\0')"
expect_status 0 ddb snapshot list production >out 2>err
expect_contains "$(cat out)" "; encrypted; verified: full"
expect_status 0 ddb snapshot list production --json >out 2>err
expect_contains "$(cat out)" '"encrypted": true'
expect_status 0 ddb snapshot show production --json >out 2>err
expect_contains "$(cat out)" "\"size_bytes\": $(stat -c %s "snapshots/$first"),"
expect_status 0 ddb snapshot verify production >out 2>err
expect_equal "$first: verified (full)" "$(cat out)"
expect_status 0 ddb snapshot verify production --level fast >out 2>err
expect_status 0 ddb config production >out 2>err
expect_contains "$(cat out)" "snapshot.recipients = $recipient"

expect_status 0 traced "$DDB_B/deploy-db" restore production "$first" --into beside >out 2>err
expect_equal "" "$(grep -v -e '^/dev/' -e '/state/production/[^/]*\.journal$' -e '/state/production/[^/]*\.log$' written)" \
    "files that a restore writes"
state_of beside ../beside
expect_same ../before ../beside

# By its path, under whatever name, as somebody carried it here; without the key nothing is made of it, nor
# of an encrypted file that is no snapshot.
mkdir ../carried
cp "snapshots/$first" ../carried/backup.bin
expect_status 0 ddb restore production ../carried/backup.bin --into carried >out 2>err
state_of carried ../carried.state
expect_same ../before ../carried.state
age-keygen -o ../carried/other.key 2>/dev/null
expect_status 6 ddb restore production ../carried/backup.bin --into nothing --identity ../carried/other.key >out 2>err
expect_contains "$(cat err)" "backup.bin"
echo "SELECT 1;" | age -r "$recipient" >../carried/words.age
expect_status 6 ddb restore production ../carried/words.age --into nothing >out 2>err
expect_contains "$(cat err)" "words.age"
expect_equal "" "$(psql -XAtc "SELECT datname FROM pg_database WHERE datname ~ 'nothing'")"

# A deployment that fails after a column with data is gone.
later 6f3d7a9b1c04
expect_status 8 traced "$DDB_B/deploy-db" production >out 2>err
expect_only_encrypted
state_of shop ../after
expect_same ../before ../after
expect_contains "$(cat out)" "recovered by: restore"
expect_clean

# --- another key, and none -----------------------------------------------------------------------------

expect_status 6 ddb snapshot verify production --identity other >out 2>err
expect_contains "$(cat err)" "it is encrypted for other keys than file \"$PWD/other\" holds"
expect_lacks "$(cat err)" "AGE-SECRET"
(cd / && expect_status 0 ddb --config "$PROJECT/deploy-db.cfg" snapshot verify production --identity \
    "${PROJECT#/}/key" >"$PROJECT/out" 2>"$PROJECT/err")
expect_status 4 ddb production --identity other >out 2>err
expect_contains "$(cat err)" "are encrypted for other keys than file \"$PWD/other\" holds"
expect_status 4 ddb production --identity nowhere >out 2>err
expect_contains "$(cat err)" "nowhere"

configure "recipients = [\"$recipient\"];"
expect_status 6 ddb snapshot verify production >out 2>err
expect_contains "$(cat err)" "it is encrypted, and no identity is given to read it"
expect_contains "$(cat err)" "--identity FILE"
expect_status 4 ddb production >out 2>err
expect_contains "$(cat err)" "recovers by \"restore\", but nothing here can read its encrypted snapshots"
expect_contains "$(cat err)" "leave \"restore\" out of recover"
expect_equal 5e6a90c4b7d8 "$(psql_at shop 'SELECT version_num FROM alembic_version')"

# Whose it is, it says without the key: another project in the same folder passes it over.
sed -i 's/^project = .*/project = "elsewhere";/' deploy-db.cfg
expect_status 6 ddb snapshot verify production >out 2>err
expect_contains "$(cat err)" "it is of another project or environment"
expect_contains "$(cat err)" "environment \"production\" has no snapshot"
sed -i 's/^project = .*/project = "shopsql";/' deploy-db.cfg

# An older snapshot that can be read never takes the place of the newest one, which cannot.
cp deploy-db.cfg blind.cfg
cp plain.cfg deploy-db.cfg
expect_status 0 ddb snapshot production >out 2>err
old=$(basename "$(cat out)")
mv "snapshots/$old" "snapshots/production-20200101T000000Z-${old##*-}"
cp blind.cfg deploy-db.cfg
expect_status 6 ddb restore production --into older >out 2>err
expect_contains "$(cat err)" "no identity is given to read it"
expect_equal "" "$(psql_at postgres "SELECT datname FROM pg_database WHERE datname = 'older'")"
rm "snapshots/production-20200101T000000Z-${old##*-}"

# The key from a variable; a hook that prints its environment does not write it into the log.
configure "recipients = [\"$recipient\"]; identity = \"env:SNAPSHOT_KEY\";"
cat >scripts/verify_migration.sh <<'B'
#!/bin/sh
env
exit 1
B
SNAPSHOT_KEY=$(grep AGE-SECRET key)
export SNAPSHOT_KEY
expect_status 8 ddb production -v >out 2>err
unset SNAPSHOT_KEY
state_of shop ../after
expect_same ../before ../after
expect_contains "$(cat state/production/*.log)" "SNAPSHOT_KEY"
expect_equal "" "$(grep -rl AGE-SECRET . | sort | grep -v -x -e ./key -e ./other)" "files with the key"

# --- a machine that cannot read what it writes ---------------------------------------------------------

rm versions/6f3d7a9b1c04_*
printf '#!/bin/sh\nexit 0\n' >scripts/verify_migration.sh
sql_revision 0a0b0c0d0e0f 5e6a90c4b7d8 "a note" <<'B'
-- upgrade
CREATE TABLE note (id int);

-- downgrade
DROP TABLE note;
B
rm snapshots/*
configure "recipients = [\"$recipient\", \"$(age-keygen -y other)\"];" '"transaction", "downgrade"'
expect_status 0 traced "$DDB_B/deploy-db" production >out 2>err
expect_only_encrypted
expect_contains "$(cat err)" "verified (written)"
expect_equal 0a0b0c0d0e0f "$(psql_at shop 'SELECT version_num FROM alembic_version')"
expect_status 0 ddb snapshot verify production --identity key >out 2>err
expect_status 0 ddb snapshot verify production --identity other >out 2>err

# To another store, without the key; read from there with it, and by a restore of that environment.
sed 's|^stores: {|& vault: { plugin = "local"; path = "vault"; };|; s|snapshot: {|& stores = ["local", "vault"];|' \
    deploy-db.cfg >vault.cfg
expect_status 0 ddb --config vault.cfg snapshot push production --store vault >out 2>err
expect_contains "$(cat out)" "verified (written)"
expect_same "$(echo snapshots/*.tar.age)" "$(echo vault/*.tar.age)"
rm -r vault
createdb staging_db
psql_at staging_db "CREATE TABLE old (id int)"
sed 's|  staging: { database = .*|  staging: { database = "dbname=staging_db"; };|' deploy-db.cfg >refresh.cfg
expect_status 6 ddb --config refresh.cfg refresh staging --from production --yes >out 2>err
expect_contains "$(cat err)" "no identity is given to read it"
# The source's own identity will do, which the refreshed environment does not have.
sed 's|snapshot: {|& identity = "file:key";|' refresh.cfg >own.cfg
expect_status 0 ddb --config own.cfg refresh staging --from production --yes >out 2>err
psql_at staging_db "TRUNCATE companies CASCADE"
expect_status 0 ddb --config refresh.cfg refresh staging --from production --yes --identity key >out 2>err
expect_equal 1 "$(psql_at staging_db "SELECT count(*) FROM companies WHERE name LIKE 'canary%'")"

# A byte that changes on the disk between the commit and the proof: nothing is deployed.
sql_revision 0a0b0c0d0e10 0a0b0c0d0e0f "another note" <<'B'
-- upgrade
CREATE TABLE note2 (id int);

-- downgrade
DROP TABLE note2;
B
rm snapshots/*
DEPLOY_DB_FAULT=snapshot.stored:stop "$DDB_FAULTS_B/deploy-db" production >out 2>err &
pid=$!
stopped()
{
    [[ $(sed 's/.*) //' "/proc/$pid/stat" | cut -c 1) == T ]]
}
wait_for 60 stopped
printf 'x' | dd of="$(echo snapshots/*.tar.age)" bs=1 seek=20000 conv=notrunc status=none
kill -CONT "$pid"
expect_status 6 wait "$pid"
expect_contains "$(cat err)" "the stored file is not what was written to it"
expect_equal 0a0b0c0d0e0f "$(psql_at shop 'SELECT version_num FROM alembic_version')"
rm snapshots/*

# --- a restore that was cut off is finished with the key -------------------------------------------------

configure "recipients = [\"$recipient\"];"
later 6f3d7a9b1c04
rm versions/0a0b0c0d0e10_*
sed -i 's/^-- Revises: .*/-- Revises: 0a0b0c0d0e0f/' versions/6f3d7a9b1c04_*
printf '#!/bin/sh\nexit 1\n' >scripts/verify_migration.sh
state_of shop ../before2
expect_status 137 env DEPLOY_DB_FAULT=recover.loaded:kill "$DDB_FAULTS_B/deploy-db" production --identity key >out 2>err
expect_status 9 ddb recover production >out 2>err
expect_contains "$(cat err)" "no identity is given to read it"
expect_status 8 ddb recover production --identity key >out 2>err
state_of shop ../after
expect_same ../before2 ../after
expect_clean

# --- mistakes in the configuration -----------------------------------------------------------------------

configure "recipients = [\"age1nonsense\"];"
expect_status 3 ddb snapshot list production >out 2>err
expect_contains "$(cat err)" "snapshot.recipients: \"age1nonsense\" is no age recipient"
configure "recipients = [\"$recipient\"]; identity = \"$(grep AGE-SECRET key)\";"
expect_status 3 ddb snapshot list production >out 2>err
expect_contains "$(cat err)" "does not say where its identity is"
expect_lacks "$(cat err)" "AGE-SECRET"

# --- the machine is lost -----------------------------------------------------------------------------------

file=$(echo snapshots/*.tar.age)
cluster_remove
cluster_start
mkdir x
age -d -i key "$file" | tar -C x -xf -
expect_contains "$(ls x/data)" ".copy.zst" "chunks of the larger tables"
expect_status 0 sh x/restore.sh >restore.out 2>&1
expect_contains "$(cat restore.out)" "done: database \"shop\" is restored"
state_of shop ../after
expect_same ../before2 ../after

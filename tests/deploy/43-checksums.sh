#!/bin/bash
# Applied files that were edited afterwards: nothing, a warning, or a refusal, as the environment says.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
. "$DDB_SRC/tests/harness/cluster.sh"
. "$DDB_SRC/tests/harness/catalog.sh"
. "$DDB_SRC/tests/harness/project.sh"
requires sha256sum

project_start shopsql
expect_status 0 ddb production >out 2>err
expect_equal "$(sha256sum versions/2b7e* | cut -d' ' -f1)" \
    "$(psql_at shop "SELECT sha256 FROM deploy_db.applied_file WHERE revision = '2b7e41d08c55'")"
echo "-- an afterthought" >>versions/2b7e41d08c55_products.sql
sql_revision a1 5e6a90c4b7d8 "more" <<'B'
-- upgrade
CREATE TABLE more (id int);
-- downgrade
DROP TABLE more;
B
state_of shop before

expect_status 4 ddb production >out 2>err # strict
expect_contains "$(cat err)" "2b7e41d08c55"
expect_contains "$(cat err)" "2b7e41d08c55_products.sql"
state_of shop after
expect_same before after
expect_status 10 ddb check production >out 2>err
expect_contains "$(cat err)" "2b7e41d08c55"
expect_status 0 ddb staging >out 2>err # warn
expect_contains "$(cat err)" "2b7e41d08c55_products.sql"
expect_status 0 ddb downgrade staging 5e6a >out 2>err
sed -i 's/staging: {/staging: { checksums = "ignore";/' deploy-db.cfg
expect_status 0 ddb staging >out 2>err
expect_lacks "$(cat err)" "2b7e41d08c55_products.sql"

# Undone and applied again the file is what counts.
expect_status 0 ddb downgrade staging 1f0a >out 2>err
expect_equal 1f0a6c3b9d21 "$(psql_at shop "SELECT string_agg(revision, ',') FROM deploy_db.applied_file")"
expect_status 0 ddb production >out 2>err
expect_status 0 ddb check production >out 2>err

# An applied file that cannot even be read is an edited one.
cp versions/2b7e41d08c55_products.sql kept.sql
echo "SELECT 'open;" >>versions/2b7e41d08c55_products.sql
expect_status 10 ddb check production >out 2>err
expect_contains "$(cat err)" "2b7e41d08c55_products.sql\" is not what was applied"
mv kept.sql versions/2b7e41d08c55_products.sql

# A file that is edited while the snapshot is taken is not run: another text was judged.
sql_revision a2 a1 "late" <<'B'
-- upgrade
CREATE TABLE late (id int);
-- downgrade
DROP TABLE late;
B
printf '#!/bin/sh\nsed -i "s/CREATE TABLE late (id int)/DELETE FROM users/" versions/a2_test.sql\n' >edit
chmod +x edit
sed -i 's|staging: {|staging: { hooks: { pre_deploy = ["snapshot", "edit"]; };|' deploy-db.cfg
state_of shop before
expect_status 6 ddb staging >out 2>err
expect_contains "$(cat err)" "the revision files have changed since preflight"
state_of shop after
expect_same before after "after files that changed"

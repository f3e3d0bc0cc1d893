# shellcheck shell=bash
# crash_template.sh - a project whose staging has a copy of the database as its snapshot, for the crash
# matrices. Sourced after crash.sh.
#
#     template_start              the project, with the pending revision "good"; what crash_prepare does
#     template_bad                instead of that one, a revision that fails when half of it is committed
#     open_and_clean WHAT         people get in, and no copy is left
#     planned WHAT                a deployment succeeds

template_start()
{
    project_start shopsql
    export DATABASE_URL="postgresql://postgres@/shop?host=$PGHOST"
    expect_status 0 ddb staging >out 2>err
    psql_at shop "INSERT INTO companies (name) SELECT 'c' || n FROM generate_series(1, 300) n"
    sed -i 's|staging: {|& snapshot: { plugin = "template"; strategy = "file_copy"; };|' deploy-db.cfg
    sed 's/state_dir = "state"/state_dir = "state2"/' deploy-db.cfg >elsewhere.cfg
    sql_revision new 5e6a90c4b7d8 "good" <<'B'
-- upgrade
CREATE TABLE good (id int);
B
    crash_prepare
    : >after.state
}

template_bad()
{
    sql_revision new 5e6a90c4b7d8 "bad" <<'B'
-- upgrade
-- no transaction
DELETE FROM companies;
SELECT 1 / 0;
B
}

open_and_clean()
{
    expect_equal t "$(psql_at postgres "SELECT datallowconn FROM pg_database WHERE datname = 'shop'")" "$1: open"
    expect_equal "" "$(psql_at postgres "SELECT datname FROM pg_database WHERE datname ~ '_(clone|closed)_'")" \
        "$1: copies that are left"
}

planned()
{
    expect_status 0 ddb_faults staging >out 2>err
    expect_equal new "$(psql_at shop "SELECT version_num FROM alembic_version")" "$1: the revision"
    expect_equal 0 "$(psql_at shop "SELECT count(*) FROM deploy_db.run WHERE ended IS NULL")" "unfinished runs"
    open_and_clean "$1"
}

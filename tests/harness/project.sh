# shellcheck shell=bash
# project.sh - a private copy of a project of tests/projects, with a database of its own, in a private
# cluster. Sourced after functions.sh, cluster.sh and catalog.sh.
#
#     project_start fastvue        cluster, copy in $PROJECT (the working directory), database "shop"
#     ddb ARGUMENT...              the program under test
#     revision ID DOWN DOC <<BODY  write a revision file: two lines of Python after "upgrade:" and
#                                  "downgrade:"
#     sql_revision ID DOWN DOC <<BODY   the same for the sql engine: the sections with their markers
#     later ID                     add a revision of the project's folder "later"
#     state_of DB FILE             dump_state into a file
#     runs_left                    what a run must not leave: fresh databases, partial snapshots

project_start()
{
    cluster_start
    PROJECT=$TMPDIR/project
    cp -r "$DDB_SRC/tests/projects/$1" "$PROJECT"
    createdb shop
    export DATABASE_URL="postgresql+psycopg2://postgres@/shop?host=$PGHOST&port=${PGPORT:-5432}"
    # Compiled modules are known by second and size: too coarse for files that tests rewrite.
    export PYTHONDONTWRITEBYTECODE=1
    cd "$PROJECT" || fail "no project $1"
}

ddb()
{
    "$DDB_B/deploy-db" "$@"
}

# revision ID DOWN DOC: standard input holds the bodies, "upgrade:" and "downgrade:" before each.
revision()
{
    local id=$1 down=$2 doc=$3

    [[ $down == None || $down == \(* ]] || down="'$down'"
    {
        printf '"""%s\n\nRevision ID: %s\n\n"""\nfrom alembic import op\nimport sqlalchemy as sa\n' \
            "$doc" "$id"
        printf "\nrevision = '%s'\ndown_revision = %s\nbranch_labels = None\n" "$id" "$down"
        printf "depends_on = %s\n\n" "${DEPENDS_ON:-None}"
        sed -e 's/^/    /' -e 's/^    upgrade:$/\ndef upgrade():\n    pass/' \
            -e 's/^    downgrade:$/\n\ndef downgrade():\n    pass/'
    } >"alembic/versions/${id}_test.py"
}

# sql_revision ID DOWN DOC: standard input holds the sections.
sql_revision()
{
    {
        printf -- '-- %s\n--\n-- Revision ID: %s\n' "$3" "$1"
        [[ $2 == None ]] || printf -- '-- Revises: %s\n' "$2"
        printf '\n'
        cat
    } >"versions/${1}_test.sql"
}

later()
{
    local folder=versions

    [[ -d $folder ]] || folder=alembic/versions
    cp later/"$1"_* "$folder/"
}

state_of()
{
    dump_state "$1" >"$2"
}

# expect_clean: no database of an interrupted restore, no unfinished snapshot file.
expect_clean()
{
    expect_equal "" "$(psql_at postgres "SELECT datname FROM pg_database WHERE datname ~ '_fresh_'")" \
        "databases left behind"
    expect_equal "" "$(find . -name '.*.part' -o -name '*.part')" "unfinished snapshots"
}

# rows TABLE: how many.
rows()
{
    psql_at shop "SELECT count(*) FROM $1"
}

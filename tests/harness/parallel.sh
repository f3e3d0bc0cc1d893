# shellcheck shell=bash
# parallel.sh - a project whose snapshots are taken by three sessions, and what a snapshot of it holds.
# Sourced after project.sh.

parallel_start()
{
    project_start shopsql
    export DATABASE_URL="postgresql://postgres@/shop?host=$PGHOST"
    sed -i 's|staging: {|& snapshot: { jobs = 3; copy_threshold = "64kB"; compression_level = 1; };|' deploy-db.cfg
}

# taken OPTION...: a snapshot; its path is in $file, its manifest in manifest.json
taken()
{
    expect_status 0 ddb snapshot staging "$@" >out 2>err
    file=$(cat out)
    tar -xOf "$file" MANIFEST.json >manifest.json
}

# about TABLE KEY: what the manifest says of it
about()
{
    /usr/bin/python3 -c 'import json, sys
for table in json.load(open("manifest.json"))["tables"]:
    if table["name"] == sys.argv[1]:
        print(table.get(sys.argv[2], "-"))' "$1" "$2"
}

# restored_as NAME: by stock tools
restored_as()
{
    rm -rf x
    mkdir x
    tar -C x -xf "$file"
    expect_status 0 sh x/restore.sh "$1" >restore.out 2>&1
}

#!/bin/bash
# The samples that start deploy-db by the clock: systemd understands the units, cron's lines have commands
# and options that the program has.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
requires systemd-analyze

# The units name a program and a user that are installed elsewhere.
count=0
for unit in "$DDB_SRC"/packaging/systemd/deploy-db-drill@.*; do
    name=$(basename "$unit")
    sed "s|/usr/local/bin/deploy-db|$DDB_B/deploy-db|; s|^User=.*|User=root|" "$unit" >"$name"
    grep -q "@production" <<<"$name" || cp "$name" "${name/@./@production.}"
    count=$((count + 1))
done
[[ $count -ge 2 ]] || fail "there are no units"
for unit in ./*@production.*; do
    systemd-analyze verify --man=no "$unit" >out 2>&1 || {
        cat out >&9
        fail "systemd does not understand $unit"
    }
    expect_equal "" "$(grep -F "$unit" out)" "what systemd says of $unit"
done
when=$(sed -n 's/^OnCalendar=//p' "$DDB_SRC/packaging/systemd/deploy-db-drill@.timer")
expect_status 0 systemd-analyze calendar "$when" >out

# commands FILE: what each line runs, from "deploy-db" on.
commands()
{
    sed -n 's|^ExecStart=[^ ]*/||p; s|^#\{0,1\}\([0-9*/,-]\{1,\} \)\{5\} *[a-z-]\{1,\}  *\(deploy-db .*\)$|\2|p' "$@" |
        sed 's/ *>.*//'
}

commands "$DDB_SRC"/packaging/systemd/deploy-db-drill@.service "$DDB_SRC"/packaging/cron/deploy-db-snapshots >lines
expect_contains "$(cat lines)" "deploy-db snapshot drill %i"
expect_contains "$(cat lines)" "deploy-db snapshot prune production"
cat >deploy-db.cfg <<'C'
project = "p";
engine: { plugin = "sql"; };
environments: { production: { database = "dbname=nowhere host=/nonexistent"; }; };
C
mkdir versions
# They come as far as the database, or find no snapshot: words and options are right.
while read -r line; do
    status=0
    # shellcheck disable=SC2086 # words of a command
    "$DDB_B/deploy-db" ${line//%i/production} >out 2>err </dev/null || status=$?
    expect_lacks "$(cat err)" "usage" "$line"
    [[ $status -ne 2 && $status -ne 3 ]] || {
        cat err >&9
        fail "status $status: $line"
    }
done < <(sed 's/^deploy-db //' lines)

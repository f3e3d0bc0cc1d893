#!/bin/bash
# The units and the crontabs in packaging are ones that systemd and cron take.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
requires systemd-analyze

# Installed where the units expect it, except that the program is the one under test.
mkdir units
for unit in "$DDB_SRC"/packaging/systemd/*; do
    sed "s|/usr/local/bin/deploy-db|$DDB_B/deploy-db|" "$unit" >"units/${unit##*/}"
done
for unit in units/*@.*; do
    instance=${unit/@./@staging.}
    expect_status 0 systemd-analyze verify --man=no "$instance" >out 2>err
    expect_equal "" "$(cat out err)" "what systemd says of $unit"
done

# Each command in them is one that the program knows.
sed -n -e 's/^ExecStart[A-Za-z]*=-\{0,1\}//p' -e '/^[0-9*]/s/^\([^ ]* *\)\{6\}//p' \
    "$DDB_SRC"/packaging/systemd/*.service "$DDB_SRC"/packaging/cron/* |
    grep -o '\(^\|[ /]\)deploy-db [a-z]*\( [a-z]*\)\{0,1\}' | sed -e 's/.*deploy-db //' -e '/^$/d' | sort -u >commands
expect_contains "$(cat commands)" refresh
while read -r command; do
    # shellcheck disable=SC2086 # one word or two
    "$DDB_B/deploy-db" help $command >out 2>err ||
        expect_status 0 "$DDB_B/deploy-db" help "${command%% *}" >out 2>err
done <commands

# Five fields, a user, a command; no "%", which cron reads as a line's end.
for table in "$DDB_SRC"/packaging/cron/*; do
    grep -v '^#\|^[A-Z]*=\|^$' "$table" >lines
    while IFS= read -r line; do
        [[ $line =~ ^([0-9*/,-]+\ +){5}[a-z_-]+\ +[^%]+$ ]] || fail "$table: $line"
    done <lines
done

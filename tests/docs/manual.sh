#!/bin/bash
# The manual page and the program say the same: commands, options, exit statuses, both ways.
. "${DDB_SRC:-.}/tests/harness/functions.sh"
requires mandoc

page=$DDB_B/deploy-db.1
help=$("$DDB_B/deploy-db" help)

# Commands: those of the help are items of the page's COMMANDS, and the other way round.
documented=$(sed -n '/^\.Sh COMMANDS/,/^\.Sh OPTIONS/s/^\.It Cm \([a-z]*\( [a-z]*\)\{0,1\}\)\( \(Ar\|Op\|Oo\).*\)\{0,1\}$/\1/p' \
    "$page" | sort -u)
helped=$(printf '%s\n' "$help" | sed -n '/^usage/,/^Options/s/^  \([a-z][a-z]*\( [a-z]\{4,\}\)\{0,1\}\) .*$/\1/p' |
    sort -u)
expect_equal "$helped" "$documented" "the list of commands"

# Every option of every command's help is in the page.
printf '%s\n' "$helped" | while IFS= read -r command; do
    # shellcheck disable=SC2086 # the words of a command
    "$DDB_B/deploy-db" help $command | grep -o -- ' --[a-z-]*' | while read -r option; do
        grep -q "Fl -${option#--}\( \|$\)" "$page" || fail "$option is not in the manual page"
    done
done

# Every exit status, with its meaning.
while IFS='|' read -r status meaning; do
    grep -q "^\.It $status$" "$page" || fail "status $status is not in the manual page"
    expect_contains "$help" "$meaning"
done < <(printf '#define X(n, s, d, m) @s|m\n#include "base/err.def"\n' | cc -E -P -I"$DDB_SRC/src" - |
    sed -n 's/^@\([0-9]*\)|"\(.*\)"$/\1|\2/p')

# A name that is a command cannot be an environment.
for command in $helped; do
    [[ $command == *" "* || $command == help ]] && continue
    printf 'project = "p";\nengine: { plugin = "alembic"; };\nenvironments: { %s: { database = "dbname=x"; }; };\n' \
        "$command" >bad.cfg
    expect_status 3 "$DDB_B/deploy-db" config --config bad.cfg >out 2>err
done

# The README's commands exist.
grep -o '`deploy-db [a-zA-Z]*' "$DDB_SRC/README.md" | awk '{ print $2 }' | sort -u | while read -r word; do
    case $word in
    production | ENV) ;;
    *) "$DDB_B/deploy-db" help "$word" >/dev/null 2>&1 || fail "README: no command $word" ;;
    esac
done

#!/bin/sh
# A verify hook: the shop must still be able to list its users with their telephone numbers.
psql -X -q -A -t -v ON_ERROR_STOP=1 -c 'SELECT id, phone FROM users LIMIT 1' >/dev/null 2>&1 || {
    echo 'users cannot be listed with their phone numbers' >&2
    exit 1
}

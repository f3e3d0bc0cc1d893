#!/bin/sh
# A verify hook: the shop must still be able to list its users with their telephone numbers.
psql -X -q -A -t -v ON_ERROR_STOP=1 -c 'SELECT id, phone FROM users LIMIT 1' >/dev/null

/*
 * atomic - whether a run of revisions is one transaction for certain. Changes: nothing.
 *
 * The texts are read as tokens: comments and docstrings do not count, names and the SQL in strings
 * do. Everything that could commit, leave the transaction, open another connection or run code that
 * is not seen here makes the answer no.
 */
#ifndef ALEMBIC_ATOMIC_H
#define ALEMBIC_ATOMIC_H

#include <stdbool.h>
#include <stddef.h>

/* atomic_text(text, n): whether a revision file stays inside the transaction that it is run in. It
 * may import well-known modules only. */
bool atomic_text(const char *text, size_t n);

/* atomic_environment(text, n): whether env.py makes its engine itself, begins one transaction, not
 * in a loop, and asks neither for autocommit nor for a transaction for each migration. */
bool atomic_environment(const char *text, size_t n);

/* atomic_config(text, n): whether alembic.ini is silent about isolation levels. */
bool atomic_config(const char *text, size_t n);

#endif

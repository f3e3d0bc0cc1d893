/*
 * binary_value - values as COPY's binary format has them, from the text that COPY prints of them: what the
 * type's receive function reads (*_recv in src/backend/utils/adt of PostgreSQL; none of these formats has
 * changed since 8.4). What is not exactly what the server prints under DateStyle ISO is refused, never
 * guessed. Pure.
 */
#ifndef PG_BINARY_VALUE_H
#define PG_BINARY_VALUE_H

#include <stddef.h>

#include "base/err.h"

/* By how many bytes a value may be longer than its text. */
enum { BINARY_VALUE_MORE = 24 };

/* binary_value(text, n, to): the value of ${n} bytes of ${text}, without COPY's escapes, to ${to}, which
 * has room for n + BINARY_VALUE_MORE bytes and may not overlap. How many bytes it is; -1: this is no such
 * value. */
typedef ptrdiff_t binary_value(const char *text, size_t n, char *to);

/* binary_value_of(oid): for the type ${oid} of pg_type.dat, NULL for one that is not known here.
 * binary_value_text: of the types that are their text, enumerations among them. */
binary_value *binary_value_of(unsigned oid);
binary_value binary_value_text;

#endif

/*
 * binary_parts - what the makers of binary values and rows share. Only for them.
 */
#ifndef PG_BINARY_PARTS_H
#define PG_BINARY_PARTS_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "pg/binary_value.h"

/* Numbers in the network's order; how many bytes they are. */
static inline ptrdiff_t binary_put16(char *to, uint16_t value)
{
    value = htobe16(value);
    memcpy(to, &value, sizeof value);
    return sizeof value;
}

static inline ptrdiff_t binary_put32(char *to, uint32_t value)
{
    value = htobe32(value);
    memcpy(to, &value, sizeof value);
    return sizeof value;
}

static inline ptrdiff_t binary_put64(char *to, uint64_t value)
{
    value = htobe64(value);
    memcpy(to, &value, sizeof value);
    return sizeof value;
}

static inline bool binary_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool binary_is_text(const char *text, size_t n, const char *wanted)
{
    return n == strlen(wanted) && memcmp(text, wanted, n) == 0;
}

binary_value binary_date, binary_time, binary_timestamp, binary_timestamptz;

#endif

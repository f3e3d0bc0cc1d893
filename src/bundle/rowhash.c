/* rowhash - see rowhash.h. */
#include "bundle/rowhash.h"

#include <stdio.h>
#include <xxhash.h>

void rowhash_line(struct rowhash *hash, const void *line, size_t n)
{
    XXH128_hash_t one = XXH3_128bits(line, n);

    hash->rows++;
    hash->low += one.low64;
    hash->high += one.high64;
}

void rowhash_merge(struct rowhash *into, const struct rowhash *part)
{
    into->rows += part->rows;
    into->low += part->low;
    into->high += part->high;
}

void rowhash_hex(const struct rowhash *hash, char hex[ROWHASH_DIGITS + 1])
{
    snprintf(hex, ROWHASH_DIGITS + 1, "%016llx%016llx", (unsigned long long)hash->high,
             (unsigned long long)hash->low);
}

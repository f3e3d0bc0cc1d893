/*
 * rowhash - the content of a table as one number, whatever the order of its rows: each line of COPY's
 * text format, without its newline, is hashed (XXH3, 128 bits), and the two halves are summed modulo
 * 2^64 each. Sums of parts of a table add up to the table's. It tells damage and mistakes, not
 * forgery. Equal rows print equal lines only within one major release of the server. Pure.
 */
#ifndef BUNDLE_ROWHASH_H
#define BUNDLE_ROWHASH_H

#include <stddef.h>
#include <stdint.h>

#define ROWHASH_DIGITS 32

/* Zero-initialise it: no rows. */
struct rowhash {
    int64_t rows;
    uint64_t low, high;
};

void rowhash_line(struct rowhash *hash, const void *line, size_t n); /* without its newline */

void rowhash_merge(struct rowhash *into, const struct rowhash *part);

/* The two sums as 32 hexadecimal digits, the high one first, and a NUL. */
void rowhash_hex(const struct rowhash *hash, char hex[ROWHASH_DIGITS + 1]);

#endif

/*
 * split_scan - the lexical cut of a text: parts, one after the other. Internal to split*.c.
 */
#ifndef PG_SPLIT_SCAN_H
#define PG_SPLIT_SCAN_H

#include <stdbool.h>

#include "pg/split.h"
#include "pg/split_lex.h"

/* Zero-initialise it but for ${lex}, whose ${p} and ${end} are the text. */
struct split_scan {
    struct split_lex lex;
    bool whole;        /* all of the text is one statement: its semicolons end none */
    size_t depth;      /* of parentheses and BEGIN ATOMIC bodies, at the last token */
    const char *began; /* after a -1: where it begins, … */
    const char *what;  /* … what does not end */
    void (*comment)(void *arg, const char *text, size_t n, size_t depth); /* each "--", or NULL */
    void *arg;
};

/* split_scan_next(scan, part): 1 and the next statement, all but its line; 0 at the end; -1 when
 * something does not end. */
int split_scan_next(struct split_scan *scan, struct split_statement *part);

#endif

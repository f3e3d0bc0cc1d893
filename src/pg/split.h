/*
 * split - one SQL text cut into statements, by its lexical rules alone. Pure.
 *
 * Knows quotes, dollar quotes, nested comments, parentheses, SQL function bodies (BEGIN ATOMIC … END)
 * and the data of COPY … FROM stdin. A wrong cut cannot hide anything: apart from such data, comments
 * and blanks between statements every byte is in some part, and a part that is cut wrongly cannot be
 * parsed.
 */
#ifndef PG_SPLIT_H
#define PG_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

struct split_part {
    const char *text; /* starts with the statement's first word */
    size_t len;       /* without the semicolon */
    size_t code;      /* bytes that are not inside quotes */
};

/* split_next(cursor, part): the next statement; false at the end of the text. */
bool split_next(const char **cursor, struct split_part *part);

#endif

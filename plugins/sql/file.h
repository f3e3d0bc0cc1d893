/*
 * file - one revision file of plain SQL.
 *
 *     -- add users
 *     --
 *     -- Revision ID: 1f0a6c3b9d21
 *     -- Revises: 9f8e7d6c0001, 1a2b3c4d0002
 *     -- Create Date: 2026-01-31 13:45:10
 *     -- Branch Labels: shop
 *     -- Depends On: billing
 *
 *     -- upgrade
 *     CREATE TABLE users (id bigint PRIMARY KEY);
 *
 *     -- downgrade
 *     -- no transaction
 *     DROP TABLE users;
 *
 * The header is the comment at the top, with blank lines in it or not, up to the first marker behind
 * "Revision ID": its text is the docstring, and its fields, which only "Revision ID" is required of,
 * are Alembic's. Field names and markers are taken in any case. A marker stands alone on its line,
 * outside of quotes, comments, parentheses, function bodies and data, so that the text of a function
 * may hold one. What looks like a marker and is none ("-- down") is refused. "-- no transaction" in
 * the header is for both sections. Between header and first marker there are no statements.
 *
 * Refused too: commands of psql; statements that begin or end a transaction (savepoints are for
 * sections within one); text that is not in UTF-8.
 *
 * Changes: nothing.
 */
#ifndef SQL_FILE_H
#define SQL_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "digest.h"

enum { FILE_MAX_BYTES = 64 * 1024 * 1024 };

struct file_section {
    const char *text; /* NULL: the file has no such section; not NUL-terminated */
    size_t n;
    size_t line;      /* of its first byte in the file, from 1 */
    bool no_transaction;
};

struct file {
    const char *path; /* borrowed */
    const char *id;
    const char *doc;  /* the header's text, stripped as Alembic strips a docstring */
    const char *create_date; /* "" when there is none */
    const char *const *down, *const *labels, *const *depends_on; /* never NULL */
    struct file_section upgrade, downgrade; /* file_read only */
    char sha256[DIGEST_SIZE];               /* of the whole file; file_read only */
};

/* file_header(call, path, file): the header alone; what follows it is not looked at. file_read: all of
 * it. fail() names the file and the line, and has all mistakes of a header or of the sections.
 * Everything in ${file} is the host's memory. */
int file_header(struct ddb_call *call, const char *path, struct file *file);
int file_read(struct ddb_call *call, const char *path, struct file *file);

/* file_parse(call, path, text, n, file): the same as file_read from memory, which ${file} borrows;
 * for tests and the fuzzer. ${path} is for messages. */
int file_parse(struct ddb_call *call, const char *path, const char *text, size_t n,
               struct file *file);

#endif

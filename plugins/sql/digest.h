/*
 * digest - the SHA-256 of a revision file. Changes: nothing.
 */
#ifndef SQL_DIGEST_H
#define SQL_DIGEST_H

#include "sql.h"

enum { DIGEST_SIZE = 65 }; /* in hexadecimal, with its NUL */

/* digest_text(call, path, text, n, hex): of ${text}, which is that of ${path}. digest_file(call,
 * path, hex): of the file, whatever is in it. */
int digest_text(struct ddb_call *call, const char *path, const char *text, size_t n, char *hex);
int digest_file(struct ddb_call *call, const char *path, char *hex);

#endif

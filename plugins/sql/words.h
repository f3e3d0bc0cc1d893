/*
 * words - the words of a statement, read from left to right. Changes: nothing.
 */
#ifndef SQL_WORDS_H
#define SQL_WORDS_H

#include <stdbool.h>

#include "sql.h"

/* words_skip(at): over blanks and comments; block comments nest. words_name_end(at): the end of the
 * identifier or keyword at ${at}; ${at} when there is none. words_take(at, word): over the keyword
 * ${word} and the blanks behind it, if it is next. */
const char *words_skip(const char *at);
const char *words_name_end(const char *at);
bool words_take(const char **at, const char *word);

/* words_unquoted(call, at, end): the identifier between them, folded as the server folds it. */
const char *words_unquoted(struct ddb_call *call, const char *at, const char *end);

#endif

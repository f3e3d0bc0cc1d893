/*
 * header_text - what header.c asks of a source's bytes, without tokens.
 */
#ifndef ALEMBIC_HEADER_TEXT_H
#define ALEMBIC_HEADER_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* header_text_names(text, n): whether ${text}, the rest of a file from a function on, may still
 * bind one of the names. Only what hides the name itself, such as a star import below the
 * functions, is overlooked. */
bool header_text_names(const char *text, size_t n);

/* header_text_is_foreign(text, n): whether it must not be read as UTF-8. A source that is not in
 * UTF-8 says so in a comment of its first two lines; only plain ASCII reads the same in every
 * encoding. */
bool header_text_is_foreign(const char *text, size_t n);

#endif

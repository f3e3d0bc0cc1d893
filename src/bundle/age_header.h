/*
 * age_header - the head of an age v1 file: the file key, wrapped for each recipient, and a MAC over all
 * of it (c2sp.org/age, "Header"). Pure.
 */
#ifndef BUNDLE_AGE_HEADER_H
#define BUNDLE_AGE_HEADER_H

#include "bundle/age.h"

#define AGE_VERSION_LINE "age-encryption.org/v1\n"
enum { AGE_FILE_KEY_BYTES = 16, AGE_HEADER_MOST = 128 * 1024 };

/* age_header_format(file_key, recipients, note, out): the whole header, up to the newline after its MAC;
 * ${note} as in age_create. -1: a recipient is of low order, so that everybody could read the file. */
int age_header_format(const unsigned char file_key[AGE_FILE_KEY_BYTES],
                      const struct age_keys *recipients, const char *const *note, struct buf *out,
                      struct err *err) CHECK;

/* age_header_parse(text, n, identities, source, file_key, used, err): ${text} is the file's beginning,
 * ${n} bytes of it; ${used} gets the length of the header. Stanzas of unknown kinds are passed over, as
 * long as they are well formed. Errors as age_open. */
int age_header_parse(const char *text, size_t n, const struct age_keys *identities,
                     const char *source, unsigned char file_key[AGE_FILE_KEY_BYTES], size_t *used,
                     struct err *err) CHECK;

/* age_header_note(text, n, arena): the words of the note, or NULL. ${text} as in age_header_parse. */
char **age_header_note(const char *text, size_t n, struct arena *arena);

#endif

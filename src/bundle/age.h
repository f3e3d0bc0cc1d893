/*
 * age - encryption at rest: a bundle as an age v1 file, for X25519 recipients.
 *
 * The format is that of the age program (c2sp.org/age), so `age -d -i KEY FILE.tar.age | tar x` reads
 * what is written here. Reading is this project's own, because a bundle is read at any offset, by
 * several threads, and the program can only stream: the payload is a row of chunks of 64 KiB, each
 * encrypted and authenticated by itself.
 *
 * Recipients ("age1…") are public; identities ("AGE-SECRET-KEY-1…") are secrets. Passphrases, SSH keys
 * and age's plugins are not supported, and said so. Changes: nothing.
 */
#ifndef BUNDLE_AGE_H
#define BUNDLE_AGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "bundle/bundle.h"

/* --- keys -------------------------------------------------------------------------------------- */

struct age_key {
    unsigned char bytes[32];
};

/* A list of keys of one kind; zero-initialise it. age_keys_release wipes them. */
struct age_keys {
    struct age_key *v;
    size_t n;
};
void age_keys_release(struct age_keys *keys);
#define auto_age_keys __attribute__((cleanup(age_keys_release)))

/* age_recipient(text, recipients, err): add the recipient "age1…". Errors: ERR_CONFIG. */
int age_recipient(const char *text, struct age_keys *recipients, struct err *err) CHECK;

/* age_identities(text, source, identities, err): add every key of an identity file: a key a line, empty
 * lines and comments ("#") between them. ${source} is for messages, which never show the text. Errors:
 * ERR_CONFIG. */
int age_identities(const char *text, const char *source, struct age_keys *identities,
                   struct err *err) CHECK;

/* age_recipient_of(identity, recipient): the public part, as a key and (${text} not NULL) as "age1…". */
void age_recipient_of(const struct age_key *identity, struct age_key *recipient, struct buf *text);

/* --- writing ----------------------------------------------------------------------------------- */

struct age_writer;

/* age_create(out, recipients, note, writer, err): write the header, for at least one recipient, to ${out},
 * which is copied; its arg must live until age_finish or age_abandon. ${note}: words for those who have no
 * key (age_note), NULL-terminated, none of them empty; NULL: none. They are a stanza of our own, which
 * other programs pass over. */
int age_create(const struct bundle_out *out, const struct age_keys *recipients,
               const char *const *note, struct age_writer **writer, struct err *err) CHECK;

/* age_out(writer): where the plaintext goes. One call at a time, from any thread. What was written
 * reaches the output by chunks of 64 KiB. */
struct bundle_out age_out(struct age_writer *writer);

/* age_finish(writer, err): the last chunk. Frees the writer, whatever it returns. age_abandon: without
 * that; NULL is fine. */
int age_finish(struct age_writer *writer, struct err *err) CHECK;
void age_abandon(struct age_writer *writer);

/* --- reading ----------------------------------------------------------------------------------- */

struct age_reader;

/* age_is(in, yes, err): whether ${in} begins as an age file does. */
int age_is(const struct bundle_in *in, bool *yes, struct err *err) CHECK;

/* age_note(in, arena, note, err): the words that age_create was given; NULL: the file has none. Whoever has
 * no key cannot check them: they may be of anybody who can write the file. */
int age_note(const struct bundle_in *in, struct arena *arena, char ***note, struct err *err) CHECK;

/* age_open(in, identities, source, reader, err): find the file key, check the header, and that the file
 * ends where its last chunk says. ${in} is copied; its arg must live until age_close. ${source} names
 * the identities in messages. Errors (ERR_PREPARE): no identity fits, or the file is no whole age
 * file. */
int age_open(const struct bundle_in *in, const struct age_keys *identities, const char *source,
             struct age_reader **reader, struct err *err) CHECK;

/* age_in(reader): the plaintext, at any offset; from several threads at once if the underlying
 * bundle_in allows that. No byte is given that was not authenticated. */
struct bundle_in age_in(struct age_reader *reader);
void age_close(struct age_reader *reader); /* NULL is fine */

#endif

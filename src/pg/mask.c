/* mask - see mask.h. */
#include "pg/mask.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

enum { DIGEST_BYTES = 32, HASH_DIGITS = 32, EMAIL_DIGITS = 16 };

static const char email_domain[] = "@example.invalid"; /* RFC 2606 keeps .invalid for this */

static const char *const names[] = {
    [MASK_KEEP] = "keep", [MASK_NULL] = "null",   [MASK_CONSTANT] = "constant",
    [MASK_HASH] = "hash", [MASK_EMAIL] = "email", [MASK_DIGITS] = "digits",
};

bool mask_function_find(const char *name, enum mask_function *function)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0) {
            *function = (enum mask_function)i;
            return true;
        }
    return false;
}

const char *mask_function_name(enum mask_function function)
{
    return names[function];
}

bool mask_is_keyed(enum mask_function function)
{
    return function == MASK_HASH || function == MASK_EMAIL || function == MASK_DIGITS;
}

void mask_escape(const char *text, struct buf *out)
{
    static const char special[] = "\b\f\n\r\t\v\\", letters[] = "bfnrtv\\";

    for (; *text != '\0'; text++) {
        const char *at = strchr(special, *text);

        if (at == NULL)
            buf_addc(out, *text);
        else
            buf_addf(out, "\\%c", letters[at - special]);
    }
}

/* --- one field -------------------------------------------------------------------------------- */

static int digest_of(const char *salt, const void *data, size_t n,
                     unsigned char digest[DIGEST_BYTES], struct err *err)
{
    unsigned len = DIGEST_BYTES;

    if (HMAC(EVP_sha256(), salt, (int)strlen(salt), data, n, digest, &len) == NULL)
        return err_set(err, ERR_INTERNAL, "could not compute a keyed hash");
    return 0;
}

static void add_hex(struct buf *out, const unsigned char *digest, size_t from, size_t digits)
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = from; i < from + digits; i++)
        buf_addc(out, hex[i % 2 == 0 ? digest[i / 2] >> 4 : digest[i / 2] & 15]);
}

static size_t fitting(size_t wanted, size_t most)
{
    return most != 0 && most < wanted ? most : wanted;
}

static void add_hash(const struct mask_field *field, const unsigned char *digest, struct buf *out)
{
    static const size_t groups[] = {8, 4, 4, 4, 12};
    size_t at = 0;

    switch (field->form) {
    case MASK_TEXT:
        add_hex(out, digest, 0, fitting(HASH_DIGITS, field->most));
        break;
    case MASK_UUID:
        for (size_t i = 0; i < sizeof groups / sizeof *groups; at += groups[i++]) {
            if (i > 0)
                buf_addc(out, '-');
            add_hex(out, digest, at, groups[i]);
        }
        break;
    case MASK_BYTEA:
        buf_adds(out, "\\\\x");
        add_hex(out, digest, 0, HASH_DIGITS);
        break;
    case MASK_JSON:
        buf_addc(out, '"');
        add_hex(out, digest, 0, HASH_DIGITS);
        buf_addc(out, '"');
        break;
    }
}

static void add_email(const struct mask_field *field, const unsigned char *digest, struct buf *out)
{
    size_t room = field->most == 0 ? EMAIL_DIGITS : field->most - strlen(email_domain);

    add_hex(out, digest, 0, fitting(EMAIL_DIGITS, room));
    buf_adds(out, email_domain);
}

/* A digest serves as many digits as it has bytes, then its own digest goes on. */
static int add_digits(const char *salt, const char *text, size_t n, unsigned char *digest,
                      struct buf *out, struct err *err)
{
    size_t used = 0;

    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\\' && i + 1 < n) { /* an escape stays one */
            buf_addc(out, text[i++]);
            buf_addc(out, text[i]);
            continue;
        }
        if (text[i] < '0' || text[i] > '9') {
            buf_addc(out, text[i]);
            continue;
        }
        if (used == DIGEST_BYTES) {
            unsigned char next[DIGEST_BYTES];

            if (digest_of(salt, digest, DIGEST_BYTES, next, err) != 0)
                return -1;
            memcpy(digest, next, sizeof next);
            used = 0;
        }
        buf_addc(out, (char)('0' + digest[used++] % 10));
    }
    return 0;
}

/* As the column's type compares it: letters of ASCII in lower case. */
static void fold(const char *text, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++)
        buf_addc(out, (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]));
}

static int add_keyed(const struct mask *mask, const struct mask_field *field, const char *text,
                     size_t n, struct buf *out, struct err *err)
{
    unsigned char digest[DIGEST_BYTES];
    auto_buf struct buf folded = {0};
    int rc;

    if (field->fold)
        fold(text, n, &folded);
    rc = field->fold ? digest_of(mask->salt, buf_text(&folded), n, digest, err)
                     : digest_of(mask->salt, text, n, digest, err);
    if (rc != 0)
        return -1;
    if (field->function == MASK_DIGITS)
        return add_digits(mask->salt, text, n, digest, out, err);
    if (field->function == MASK_EMAIL)
        add_email(field, digest, out);
    else
        add_hash(field, digest, out);
    return 0;
}

static int add_field(const struct mask *mask, const struct mask_field *field, const char *text,
                     size_t n, struct buf *out, struct err *err)
{
    bool is_null = n == 2 && text[0] == '\\' && text[1] == 'N';

    if (is_null || field->function == MASK_KEEP)
        buf_add(out, text, n);
    else if (field->function == MASK_NULL)
        buf_adds(out, "\\N");
    else if (field->function == MASK_CONSTANT)
        buf_adds(out, field->constant);
    else
        return add_keyed(mask, field, text, n, out, err);
    return 0;
}

/* --- a line ----------------------------------------------------------------------------------- */

/* A tab inside of a value is escaped: each one that is seen ends a field. */
int mask_line(const struct mask *mask, const char *line, size_t n, struct buf *out,
              struct err *err)
{
    size_t before = out->len, field = 0;
    const char *at = line, *end = line + n;
    int rc = 0;

    for (; rc == 0 && field < mask->n; field++) {
        const char *tab = memchr(at, '\t', (size_t)(end - at));
        size_t len = (size_t)((tab == NULL ? end : tab) - at);

        rc = add_field(mask, &mask->fields[field], at, len, out, err);
        at += len;
        if (rc != 0 || (tab == NULL) != (field + 1 == mask->n))
            break;
        buf_addc(out, tab == NULL ? '\n' : '\t');
        at += tab != NULL;
    }
    if (rc == 0 && field == mask->n)
        return 0;
    out->len = before;
    if (out->data != NULL)
        out->data[before] = '\0';
    return rc != 0 ? -1
                   : err_set(err, ERR_PREPARE,
                             "a row does not have the %zu columns that its table has", mask->n);
}

/* --- a stream --------------------------------------------------------------------------------- */

static int take_line(struct mask_stream *stream, const char *line, size_t n, struct buf *out,
                     struct err *err)
{
    if (stream->ended)
        return n == 0 ? 0 : err_set(err, ERR_PREPARE, "a row follows the mark of the end");
    if (n == 2 && memcmp(line, "\\.", 2) == 0) {
        stream->ended = true;
        return 0;
    }
    stream->rows++;
    return mask_line(stream->mask, line, n, out, err);
}

int mask_feed(struct mask_stream *stream, const void *data, size_t n, struct buf *out,
              struct err *err)
{
    const char *at = data, *end = at + n;

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        int rc;

        if (newline == NULL) {
            buf_add(&stream->rest, at, (size_t)(end - at));
            return 0;
        }
        if (stream->rest.len > 0) {
            buf_add(&stream->rest, at, (size_t)(newline - at));
            rc = take_line(stream, stream->rest.data, stream->rest.len, out, err);
            buf_reset(&stream->rest);
        } else {
            rc = take_line(stream, at, (size_t)(newline - at), out, err);
        }
        if (rc != 0)
            return -1;
        at = newline + 1;
    }
    return 0;
}

int mask_finish(struct mask_stream *stream, struct err *err)
{
    return stream->rest.len == 0 ? 0 : err_set(err, ERR_PREPARE, "the last row is cut off");
}

void mask_stream_release(struct mask_stream *stream)
{
    buf_release(&stream->rest);
}

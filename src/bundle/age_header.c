/* age_header - see age_header.h. */
#include "bundle/age_header.h"

#include <string.h>

#include "bundle/age_base64.h"
#include "bundle/age_crypto.h"

enum {
    COLUMNS = 64,                                       /* of a line of a stanza's body */
    WRAPPED_BYTES = AGE_FILE_KEY_BYTES + AGE_TAG_BYTES, /* the file key for one recipient */
};

#define NOTE_KIND "deploy-db"

/* --- the file key for one recipient ------------------------------------------------------------- */

/* The key that wraps the file key: of the shared secret and both public keys. */
static void wrap_key(const unsigned char shared[32], const unsigned char share[32],
                     const unsigned char recipient[32], unsigned char key[32])
{
    unsigned char salt[2 * AGE_KEY_BYTES];

    memcpy(salt, share, AGE_KEY_BYTES);
    memcpy(salt + AGE_KEY_BYTES, recipient, AGE_KEY_BYTES);
    age_crypto_hkdf(shared, AGE_KEY_BYTES, salt, sizeof salt, "age-encryption.org/v1/X25519", key);
}

static const unsigned char wrap_nonce[AGE_NONCE_BYTES]; /* zero: a wrap key is used once */

static int add_stanza(const unsigned char file_key[AGE_FILE_KEY_BYTES],
                      const struct age_key *recipient, struct buf *out, struct err *err)
{
    unsigned char secret[32], share[32], shared[32], key[32], wrapped[WRAPPED_BYTES];
    struct age_cipher *cipher;
    int rc;

    age_crypto_random(secret, sizeof secret);
    age_crypto_public(secret, share);
    rc = age_crypto_shared(secret, recipient->bytes, shared);
    age_crypto_wipe(secret, sizeof secret);
    if (rc != 0)
        return err_set(err, ERR_CONFIG, "an age recipient is no usable key: it is of low order");
    wrap_key(shared, share, recipient->bytes, key);
    cipher = age_cipher_new(key);
    age_cipher_seal(cipher, wrap_nonce, file_key, AGE_FILE_KEY_BYTES, wrapped);
    age_cipher_free(cipher);
    age_crypto_wipe(shared, sizeof shared);
    age_crypto_wipe(key, sizeof key);
    buf_adds(out, "-> X25519 ");
    age_base64_encode(share, sizeof share, out);
    buf_addc(out, '\n');
    age_base64_encode(wrapped, sizeof wrapped, out); /* 43 letters: one line, shorter than 64 */
    buf_addc(out, '\n');
    return 0;
}

/* 0: opened; 1: for somebody else; -1: the share is of low order. */
static int unwrap(const unsigned char share[32], const unsigned char wrapped[WRAPPED_BYTES],
                  const struct age_key *identity, unsigned char file_key[AGE_FILE_KEY_BYTES])
{
    unsigned char shared[32], key[32];
    struct age_key recipient;
    struct age_cipher *cipher;
    int rc;

    if (age_crypto_shared(identity->bytes, share, shared) != 0)
        return -1;
    age_recipient_of(identity, &recipient, NULL);
    wrap_key(shared, share, recipient.bytes, key);
    cipher = age_cipher_new(key);
    rc = age_cipher_unseal(cipher, wrap_nonce, wrapped, WRAPPED_BYTES, file_key) == 0 ? 0 : 1;
    age_cipher_free(cipher);
    age_crypto_wipe(shared, sizeof shared);
    age_crypto_wipe(key, sizeof key);
    return rc;
}

static void header_mac(const unsigned char file_key[AGE_FILE_KEY_BYTES], const char *text, size_t n,
                       unsigned char mac[32])
{
    unsigned char key[32];

    age_crypto_hkdf(file_key, AGE_FILE_KEY_BYTES, NULL, 0, "header", key);
    age_crypto_hmac(key, text, n, mac);
    age_crypto_wipe(key, sizeof key);
}

/* --- writing -------------------------------------------------------------------------------------- */

/* A stanza with an empty body, before those of the recipients. */
static void add_note(const char *const *note, struct buf *out)
{
    buf_adds(out, "-> " NOTE_KIND);
    for (; *note != NULL; note++) {
        buf_addc(out, ' ');
        age_base64_encode(*note, strlen(*note), out);
    }
    buf_adds(out, "\n\n");
}

int age_header_format(const unsigned char file_key[AGE_FILE_KEY_BYTES],
                      const struct age_keys *recipients, const char *const *note, struct buf *out,
                      struct err *err)
{
    unsigned char mac[32];

    buf_adds(out, AGE_VERSION_LINE);
    if (note != NULL)
        add_note(note, out);
    for (size_t i = 0; i < recipients->n; i++)
        if (add_stanza(file_key, &recipients->v[i], out, err) != 0)
            return -1;
    buf_adds(out, "---");
    header_mac(file_key, out->data, out->len, mac);
    buf_addc(out, ' ');
    age_base64_encode(mac, sizeof mac, out);
    buf_addc(out, '\n');
    return 0;
}

/* --- reading -------------------------------------------------------------------------------------- */

struct parser {
    const char *text;
    size_t n, at;
    const struct age_keys *identities;
    struct err *err;
    unsigned char *file_key;
    bool opened;          /* ${file_key} is known */
    bool has_x25519;
    size_t n_stanzas;
    char other[32];       /* the kind of a stanza that is none of ours */
};

static int damaged(struct parser *p, const char *what)
{
    return err_set(p->err, ERR_PREPARE, "the header of the encrypted file is damaged: %s", what);
}

/* The next line, without its newline. */
static int next_line(struct parser *p, const char **line, size_t *length)
{
    const char *end = p->at == p->n ? NULL : memchr(p->text + p->at, '\n', p->n - p->at);

    if (end == NULL)
        return damaged(p, p->n < AGE_HEADER_MOST ? "it is cut off" : "it has no end");
    *line = p->text + p->at;
    *length = (size_t)(end - *line);
    p->at += *length + 1;
    return 0;
}

/* A stanza's arguments: one or more, separated by one space, of visible ASCII. The first is the kind,
 * the second goes to ${second}. */
static int read_arguments(struct parser *p, const char *line, size_t length, size_t *n,
                          const char **second, size_t *n_second)
{
    const char *end = line + length, *start = line + 3;

    *n = 0;
    for (const char *c = start; c <= end; c++) {
        if (c < end && *c != ' ') {
            if (*c < 33 || *c > 126)
                return damaged(p, "a stanza has a byte that does not belong there");
            continue;
        }
        if (c == start)
            return damaged(p, "a stanza has an empty argument");
        if (++*n == 2) {
            *second = start;
            *n_second = (size_t)(c - start);
        }
        start = c + 1;
    }
    return 0;
}

/* A stanza's body: full lines of 64 columns, then one that is shorter. ${body} gets its first
 * ${cap} bytes. */
static int read_body(struct parser *p, unsigned char *body, size_t cap, size_t *n)
{
    const char *line;
    size_t length;

    *n = 0;
    do {
        unsigned char bytes[COLUMNS / 4 * 3];
        size_t got = 0, room = cap > *n ? cap - *n : 0;

        if (next_line(p, &line, &length) != 0)
            return -1;
        if (length > COLUMNS || age_base64_decode(line, length, bytes, &got) != 0)
            return damaged(p, "the body of a stanza is no base64");
        memcpy(body + (cap - room), bytes, got < room ? got : room);
        *n += got;
    } while (length == COLUMNS);
    return 0;
}

static bool is_kind(const char *line, size_t length, const char *kind)
{
    size_t n = strlen(kind);

    return length >= 3 + n && memcmp(line + 3, kind, n) == 0 &&
           (length == 3 + n || line[3 + n] == ' ');
}

static int read_stanza(struct parser *p, const char *line, size_t length)
{
    unsigned char share[COLUMNS], body[WRAPPED_BYTES];
    const char *second = NULL;
    size_t n_arguments, n_second = 0, n_share = 0, n_body;

    if (read_arguments(p, line, length, &n_arguments, &second, &n_second) != 0 ||
        read_body(p, body, sizeof body, &n_body) != 0)
        return -1;
    p->n_stanzas++;
    if (!is_kind(line, length, "X25519")) {
        if (p->other[0] == '\0' || is_kind(line, length, "scrypt"))
            snprintf(p->other, sizeof p->other, "%.*s", (int)strcspn(line + 3, " \n"), line + 3);
        return 0;
    }
    p->has_x25519 = true;
    if (n_arguments != 2 || n_second >= COLUMNS || n_body != WRAPPED_BYTES ||
        age_base64_decode(second, n_second, share, &n_share) != 0 || n_share != AGE_KEY_BYTES)
        return damaged(p, "a stanza X25519 is not of the form that it must have");
    for (size_t i = 0; i < p->identities->n && !p->opened; i++) {
        int rc = unwrap(share, body, &p->identities->v[i], p->file_key);

        if (rc < 0)
            return damaged(p, "a stanza X25519 holds a point of low order");
        p->opened = rc == 0;
    }
    return 0;
}

static int not_ours(struct parser *p, const char *source)
{
    if (strcmp(p->other, "scrypt") == 0) {
        err_set(p->err, ERR_PREPARE, "it is encrypted with a passphrase, which is not supported");
        return err_hint(p->err, "Decrypt it with `age -d`.");
    }
    if (!p->has_x25519 && p->n_stanzas > 0) {
        err_set(p->err, ERR_PREPARE, "it is encrypted for recipients of the kind \"%s\", which is not "
                                     "supported", p->other);
        return err_hint(p->err, "Decrypt it with `age -d`.");
    }
    err_set(p->err, ERR_PREPARE, "it is encrypted for other keys than %s holds", source);
    return err_hint(p->err, "Give an identity of one of its recipients with --identity or "
                            "snapshot.identity.");
}

static int check_mac(struct parser *p, const char *line, size_t length)
{
    unsigned char found[COLUMNS], mac[32];
    size_t n = 0;

    if (length < 4 || line[3] != ' ' || length - 4 > COLUMNS - 1 ||
        age_base64_decode(line + 4, length - 4, found, &n) != 0 || n != sizeof mac)
        return damaged(p, "its last line is not of the form that it must have");
    header_mac(p->file_key, p->text, (size_t)(line + 3 - p->text), mac);
    if (!age_crypto_equal(mac, found, sizeof mac))
        return damaged(p, "its MAC differs");
    return 0;
}

int age_header_parse(const char *text, size_t n, const struct age_keys *identities,
                     const char *source, unsigned char file_key[AGE_FILE_KEY_BYTES], size_t *used,
                     struct err *err)
{
    struct parser p = {.text = text,
                       .n = n,
                       .at = strlen(AGE_VERSION_LINE),
                       .identities = identities,
                       .err = err,
                       .file_key = file_key};
    const char *line;
    size_t length;

    if (n < p.at || memcmp(text, AGE_VERSION_LINE, p.at) != 0)
        return err_set(err, ERR_PREPARE, "it is no age file of version 1");
    for (;;) {
        if (next_line(&p, &line, &length) != 0)
            return -1;
        if (length < 3 || memcmp(line, "-> ", 3) != 0)
            break;
        if (read_stanza(&p, line, length) != 0)
            return -1;
    }
    if (length < 3 || memcmp(line, "---", 3) != 0)
        return damaged(&p, "a line is neither a stanza nor its end");
    if (strcmp(p.other, "scrypt") == 0 && p.n_stanzas > 1)
        return damaged(&p, "a stanza scrypt does not stand alone");
    if (!p.opened)
        return not_ours(&p, source);
    *used = p.at;
    return check_mac(&p, line, length);
}

/* --- the note --------------------------------------------------------------------------------------- */

/* One word, base64 of which is at ${text}. False: it is none. */
static bool add_word(const char *text, size_t n, struct strvec *words)
{
    auto_free unsigned char *word = mem_alloc(n + 3);
    size_t made = 0;

    if (age_base64_decode(text, n, word, &made) != 0 || made == 0 || memchr(word, '\0', made) != NULL)
        return false;
    word[made] = '\0';
    strvec_push(words, (const char *)word);
    return true;
}

char **age_header_note(const char *text, size_t n, struct arena *arena)
{
    static const char start[] = AGE_VERSION_LINE "-> " NOTE_KIND " ";
    const size_t skip = sizeof start - 1;
    const char *end = n < skip || memcmp(text, start, skip) != 0
                          ? NULL
                          : memchr(text + skip, '\n', n - skip);
    auto_strvec struct strvec words = {0};

    if (end == NULL)
        return NULL;
    for (const char *word = text + skip; word <= end;) {
        const char *space = memchr(word, ' ', (size_t)(end - word));
        const char *stop = space != NULL ? space : end;

        if (!add_word(word, (size_t)(stop - word), &words))
            return NULL;
        word = stop + 1;
    }
    return arena_list(arena, &words);
}

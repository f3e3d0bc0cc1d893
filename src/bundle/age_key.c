/* age_key - recipients and identities, see age.h. */
#include <string.h>

#include "base/mem.h"
#include "bundle/age.h"
#include "bundle/age_bech32.h"
#include "bundle/age_crypto.h"

#define RECIPIENT_PREFIX "age"
#define IDENTITY_PREFIX  "AGE-SECRET-KEY-"

static void add(struct age_keys *keys, const struct age_key *key)
{
    struct age_key *grown = mem_alloc((keys->n + 1) * sizeof *grown); /* nothing is left to realloc */

    if (keys->n > 0)
        memcpy(grown, keys->v, keys->n * sizeof *grown);
    grown[keys->n] = *key;
    if (keys->v != NULL)
        age_crypto_wipe(keys->v, keys->n * sizeof *keys->v);
    mem_free(keys->v);
    keys->v = grown;
    keys->n++;
}

void age_keys_release(struct age_keys *keys)
{
    if (keys->v != NULL)
        age_crypto_wipe(keys->v, keys->n * sizeof *keys->v);
    mem_free(keys->v);
    *keys = (struct age_keys){0};
}

static bool begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

int age_recipient(const char *text, struct age_keys *recipients, struct err *err)
{
    struct age_key key;

    if (age_bech32_decode(text, RECIPIENT_PREFIX, key.bytes) == 0) {
        add(recipients, &key);
        return 0;
    }
    if (begins(text, IDENTITY_PREFIX)) {
        err_set(err, ERR_CONFIG, "a secret key stands where a recipient belongs");
        return err_hint(err, "Write its public part, \"age1…\", which `age-keygen -y FILE` prints; "
                             "and make a new key, for this one is no secret any more.");
    }
    err_set(err, ERR_CONFIG, "\"%s\" is no age recipient", text);
    if (begins(text, "ssh-"))
        return err_hint(err, "SSH keys are not supported; make a key with `age-keygen`.");
    if (begins(text, "age1") && strchr(text + 4, '1') != NULL)
        return err_hint(err, "Recipients of age's plugins are not supported; make a key with "
                             "`age-keygen`.");
    return err_hint(err, "A recipient is \"age1\" and 58 letters and digits, as `age-keygen` prints "
                         "it.");
}

/* Why a line that is no key is none: the formats that age knows besides, and we do not. */
static int refuse(const char *line, int number, const char *source, struct err *err)
{
    static const struct {
        const char *prefix, *what, *hint;
    } others[] = {
        {"age-encryption.org/", "a passphrase protects the identity file",
         "Decrypt it with `age -d` into a file that only this user can read, and name that."},
        {"-----BEGIN AGE ENCRYPTED FILE", "a passphrase protects the identity file",
         "Decrypt it with `age -d` into a file that only this user can read, and name that."},
        {"-----BEGIN ", "SSH keys are not supported as identities", "Make a key with `age-keygen`."},
        {"AGE-PLUGIN-", "age's plugins are not supported as identities",
         "Make a key with `age-keygen`."},
        {"age1", "a public key stands where the secret one belongs",
         "An identity is the line \"AGE-SECRET-KEY-1…\" that `age-keygen` writes."},
    };

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (begins(line, others[i].prefix)) {
            err_set(err, ERR_CONFIG, "%s: %s", source, others[i].what);
            return err_hint(err, "%s", others[i].hint);
        }
    err_set(err, ERR_CONFIG, "%s: line %d is no age identity", source, number);
    return err_hint(err, "An identity is the line \"AGE-SECRET-KEY-1…\" that `age-keygen` writes.");
}

int age_identities(const char *text, const char *source, struct age_keys *identities,
                   struct err *err)
{
    const size_t before = identities->n;
    char line[256];
    int number = 0, rc = 0;

    while (*text != '\0' && rc == 0) {
        size_t n = strcspn(text, "\n"), length = n;
        struct age_key key;

        number++;
        while (length > 0 && strchr(" \t\r", text[length - 1]) != NULL)
            length--;
        if (length >= sizeof line)
            length = sizeof line - 1; /* no key is so long */
        memcpy(line, text, length);
        line[length] = '\0';
        text += n + (text[n] == '\n');
        if (length == 0 || line[0] == '#')
            continue;
        if (age_bech32_decode(line, IDENTITY_PREFIX, key.bytes) == 0)
            add(identities, &key);
        else
            rc = refuse(line, number, source, err);
        age_crypto_wipe(&key, sizeof key);
    }
    age_crypto_wipe(line, sizeof line);
    if (rc != 0 || identities->n > before)
        return rc;
    err_set(err, ERR_CONFIG, "%s holds no age identity", source);
    return err_hint(err, "An identity is the line \"AGE-SECRET-KEY-1…\" that `age-keygen` writes.");
}

void age_recipient_of(const struct age_key *identity, struct age_key *recipient, struct buf *text)
{
    age_crypto_public(identity->bytes, recipient->bytes);
    if (text != NULL)
        age_bech32_encode(recipient->bytes, RECIPIENT_PREFIX, text);
}

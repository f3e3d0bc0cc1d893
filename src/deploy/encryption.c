/* encryption - see encryption.h. */
#include "deploy/encryption.h"

#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/progress.h"
#include "bundle/digest.h"
#include "conf/secret.h"

#define SUFFIX ".age"

/* --- keys -------------------------------------------------------------------------------------- */

bool encryption_on(const struct services *services)
{
    const char *const *recipients = services->env->snapshot.recipients;

    return recipients != NULL && recipients[0] != NULL;
}

bool encryption_is_blind(const struct services *services)
{
    return encryption_on(services) && services->env->snapshot.identity == NULL;
}

bool encryption_hides(const struct services *services, const char *name)
{
    return encryption_named(name) && services->env->snapshot.identity == NULL;
}

const char *encryption_suffix(const struct services *services)
{
    return encryption_on(services) ? SUFFIX : "";
}

bool encryption_named(const char *name)
{
    const char *found = strstr(name, ".tar" SUFFIX);
    const char *rest = found == NULL ? "" : found + strlen(".tar" SUFFIX);

    return found != NULL && (*rest == '\0' || strcmp(rest, ".part") == 0);
}

static int read_recipients(const struct services *services, struct age_keys *keys, struct err *err)
{
    for (const char *const *text = services->env->snapshot.recipients; *text != NULL; text++)
        if (age_recipient(*text, keys, err) != 0)
            return -1;
    return 0;
}

/* No line of it may reach the log, not even from a hook that prints its environment. */
static void hide(const struct services *services, const char *text)
{
    while (*text != '\0') {
        size_t n = strcspn(text, "\r\n");

        if (n > 0 && *text != '#')
            log_secret(arena_strndup(services->arena, text, n));
        text += n + strspn(text + n, "\r\n");
    }
}

/* ${source} is for messages. */
static int read_identities(const struct services *services, struct age_keys *keys,
                           const char **source, struct err *err)
{
    const char *where = services->env->snapshot.identity, *text = NULL;

    if (secret_text(services->arena, services->conf, where, &text, err) != 0)
        return -1;
    *source = arena_printf(services->arena, "%s \"%s\"",
                           strncmp(where, "env:", 4) == 0 ? "environment variable" : "file",
                           strchr(where, ':') + 1);
    hide(services, text);
    return age_identities(text, *source, keys, err);
}

int encryption_check(const struct services *services, struct errs *errs)
{
    auto_age_keys struct age_keys keys = {0};
    struct err err = ERR_INIT;

    if (!encryption_on(services) || read_recipients(services, &keys, &err) == 0)
        return 0;
    err_wrap(&err, "environment \"%s\": snapshot.recipients", services->env->name);
    *errs_new(errs) = err;
    return -1;
}

static bool restores(const struct env *env)
{
    for (size_t i = 0; i < env->n_recover; i++)
        if (env->recover[i] == RUNG_RESTORE)
            return true;
    return false;
}

/* Whether what is encrypted for ${recipients} can be read with one of ${identities}. */
static bool fit(const struct age_keys *identities, const struct age_keys *recipients)
{
    for (size_t i = 0; i < identities->n; i++) {
        struct age_key public;

        age_recipient_of(&identities->v[i], &public, NULL);
        for (size_t j = 0; j < recipients->n; j++)
            if (memcmp(public.bytes, recipients->v[j].bytes, sizeof public.bytes) == 0)
                return true;
    }
    return false;
}

void encryption_preflight(const struct services *services, struct errs *errs)
{
    auto_age_keys struct age_keys identities = {0}, recipients = {0};
    const struct env *env = services->env;
    const char *source = NULL;
    struct err err = ERR_INIT;

    if (!encryption_on(services) || (encryption_is_blind(services) && !restores(env)))
        return;
    if (encryption_is_blind(services)) {
        err_set(&err, ERR_REFUSED, "environment \"%s\" recovers by \"restore\", but nothing here can "
                                   "read its encrypted snapshots", env->name);
        err_hint(&err, "Give the key with --identity FILE or snapshot.identity, or leave \"restore\" "
                       "out of recover.");
    } else if (read_recipients(services, &recipients, &err) == 0 &&
               read_identities(services, &identities, &source, &err) == 0 &&
               !fit(&identities, &recipients)) {
        err_set(&err, ERR_REFUSED, "the snapshots of environment \"%s\" are encrypted for other keys "
                                   "than %s holds", env->name, source);
        err_hint(&err, "Give an identity of one of snapshot.recipients; `age-keygen -y FILE` prints "
                       "which recipient a key belongs to.");
    }
    if (err.code != ERR_NONE) {
        err_as(&err, ERR_REFUSED);
        *errs_new(errs) = err;
    }
}

/* --- writing ----------------------------------------------------------------------------------- */

struct encryption {
    struct bundle_out out;
    struct age_writer *writer;
    struct digest *digest; /* of the encrypted bytes */
    int64_t bytes;
    char sha256[65];
};

static int write_through(void *arg, const void *data, size_t n, struct err *err)
{
    struct encryption *encryption = arg;

    digest_add(encryption->digest, data, n);
    encryption->bytes += (int64_t)n;
    return encryption->out.write(encryption->out.arg, data, n, err);
}

int encryption_begin(struct services *services, const struct bundle_out *out,
                     struct encryption **encryption, struct bundle_out *plain, struct err *err)
{
    const char *const note[] = {services->conf->project, services->env->name, NULL};
    auto_age_keys struct age_keys recipients = {0};
    struct encryption *fresh;

    *encryption = NULL;
    *plain = *out;
    if (!encryption_on(services))
        return 0;
    fresh = arena_alloc(services->arena, sizeof *fresh);
    fresh->out = *out;
    fresh->digest = digest_new();
    if (read_recipients(services, &recipients, err) != 0 ||
        age_create(&(struct bundle_out){.write = write_through, .arg = fresh}, &recipients,
                   note, &fresh->writer, err) != 0) {
        encryption_abandon(fresh);
        return -1;
    }
    *encryption = fresh;
    *plain = age_out(fresh->writer);
    return 0;
}

int encryption_finish(struct encryption *encryption, struct err *err)
{
    struct age_writer *writer;

    if (encryption == NULL)
        return 0;
    writer = encryption->writer;
    encryption->writer = NULL;
    if (age_finish(writer, err) != 0) {
        encryption_abandon(encryption);
        return -1;
    }
    digest_end(encryption->digest, encryption->sha256);
    encryption->digest = NULL;
    return 0;
}

void encryption_abandon(struct encryption *encryption)
{
    if (encryption == NULL)
        return;
    age_abandon(encryption->writer);
    digest_free(encryption->digest);
    encryption->writer = NULL;
    encryption->digest = NULL;
}

int64_t encryption_bytes(const struct encryption *encryption, int64_t plain_bytes)
{
    return encryption == NULL ? plain_bytes : encryption->bytes;
}

/* --- read back what cannot be decrypted here ------------------------------------------------------ */

/* The hash of the first ${size} bytes of a stored file. */
static int hash_stored(struct ddb_call *call, void *file, int64_t size, char sha256[65])
{
    enum { PIECE = 1 << 20 };
    struct digest *digest = digest_new();
    char *data = mem_alloc(PIECE);
    int64_t done = 0;
    ssize_t n = 1;

    while (done < size && n > 0) {
        n = call->service->plugin->store.read(call, file, done, data, PIECE);
        if (n > 0) {
            digest_add(digest, data, (size_t)n);
            done += n;
            progress_set("reading the snapshot back", done, size, 1);
        }
    }
    progress_end();
    mem_free(data);
    digest_end(digest, sha256);
    if (n < 0)
        return services_end(call, -1, "read", ERR_PREPARE);
    return 0;
}

static int compare_stored(int64_t size_bytes, const char *wanted, struct ddb_call *call,
                          const char *name)
{
    const struct ddb_store *ops = &call->service->plugin->store;
    int64_t size = 0;
    void *file = NULL;
    char sha256[65] = "";
    int rc = services_end(call, ops->open(call, name, &file, &size), "open", ERR_PREPARE);

    if (rc != 0)
        return -1;
    rc = size == size_bytes ? hash_stored(call, file, size, sha256) : 0;
    if (rc == 0 && strcmp(sha256, wanted) != 0)
        rc = err_set(call->err, ERR_PREPARE, "the stored file is not what was written to it");
    if (ops->close(call, file) != 0 && rc == 0)
        rc = services_end(call, -1, "close", ERR_PREPARE);
    return rc;
}

int encryption_prove(struct services *services, const struct encryption *encryption,
                     const char *label, const char *name, struct err *err)
{
    if (FAULT("snapshot.stored"))
        return err_set(err, ERR_PREPARE, "fault point snapshot.stored");
    return encryption_compare(services, encryption->bytes, encryption->sha256, label, name, err);
}

int encryption_compare(struct services *services, int64_t size_bytes, const char *sha256,
                       const char *label, const char *name, struct err *err)
{
    for (size_t i = 0; i < services->n_stores; i++) {
        struct ddb_call call = services_begin(services, &services->stores[i], err);

        if (strcmp(call.service->label, label) != 0)
            continue;
        return compare_stored(size_bytes, sha256, &call, name) == 0
                   ? 0
                   : err_wrap(err, "snapshot \"%s\" in store \"%s\" could not be proven", name, label);
    }
    return err_set(err, ERR_PREPARE, "snapshot \"%s\": no store \"%s\" in environment \"%s\"", name,
                   label, services->env->name);
}

/* --- reading ----------------------------------------------------------------------------------- */

int encryption_note(const struct services *services, const struct bundle_in *in, bool *noted,
                    bool *ours, struct err *err)
{
    char **note = NULL;

    if (age_note(in, services->arena, &note, err) != 0)
        return -1;
    *noted = note != NULL && note[0] != NULL && note[1] != NULL;
    *ours = *noted && strcmp(note[0], services->conf->project) == 0 &&
            strcmp(note[1], services->env->name) == 0;
    return 0;
}

int encryption_open(const struct services *services, struct bundle_in *in,
                    struct age_reader **reader, struct err *err)
{
    auto_age_keys struct age_keys identities = {0};
    const char *source = NULL;
    bool encrypted = false;

    *reader = NULL;
    if (age_is(in, &encrypted, err) != 0)
        return -1;
    if (!encrypted)
        return 0;
    if (services->env->snapshot.identity == NULL) {
        err_set(err, ERR_PREPARE, "it is encrypted, and no identity is given to read it");
        return err_hint(err, "Give the key with --identity FILE or snapshot.identity.");
    }
    if (read_identities(services, &identities, &source, err) != 0)
        return err_as(err, ERR_PREPARE);
    if (age_open(in, &identities, source, reader, err) != 0)
        return -1;
    *in = age_in(*reader);
    return 0;
}

/*
 * encryption - snapshots at rest that only the holders of a key can read.
 *
 * An environment with snapshot.recipients writes age files: the key to encrypt is public, and the
 * machine that takes snapshots need not be able to read them. It can with an identity, from
 * snapshot.identity or the option --identity; without one, a snapshot just taken is proven by reading
 * every byte of it back from the store and comparing it with what was written (level "written").
 */
#ifndef DEPLOY_ENCRYPTION_H
#define DEPLOY_ENCRYPTION_H

#include "bundle/age.h"
#include "bundle/bundle.h"
#include "deploy/services.h"

/* encryption_check(services, errs): the environment's recipients are keys. Errors: ERR_CONFIG. */
int encryption_check(const struct services *services, struct errs *errs);

/* encryption_preflight(services, errs): what is encrypted now can be read when a rung of recovery needs
 * it: the environment that restores by itself has an identity, and that fits. Errors: ERR_REFUSED. */
void encryption_preflight(const struct services *services, struct errs *errs);

/* Whether snapshots are encrypted, and whether we could read them. */
bool encryption_on(const struct services *services);
bool encryption_is_blind(const struct services *services);

/* encryption_suffix(services): what follows ".tar" in the name of a new snapshot. encryption_named(name):
 * whether a snapshot of that name is encrypted. */
const char *encryption_suffix(const struct services *services);
bool encryption_named(const char *name);

/* encryption_hides(services, name): a snapshot of that name is encrypted, and we have no identity. */
bool encryption_hides(const struct services *services, const char *name);

/* --- writing ----------------------------------------------------------------------------------- */

struct encryption;

/* encryption_begin(services, out, encryption, plain, err): ${plain} is where the bundle is written; it
 * reaches ${out} encrypted, or as it is where nothing is encrypted: ${encryption} is NULL then, which
 * the others take. Ends with encryption_finish, before the store's commit, or encryption_abandon. */
int encryption_begin(struct services *services, const struct bundle_out *out,
                     struct encryption **encryption, struct bundle_out *plain, struct err *err)
    CHECK;
int encryption_finish(struct encryption *encryption, struct err *err) CHECK;
void encryption_abandon(struct encryption *encryption);

/* encryption_bytes(encryption, plain_bytes): the size of the file that was written. */
int64_t encryption_bytes(const struct encryption *encryption, int64_t plain_bytes);

/* encryption_prove(services, encryption, label, name, err): what can be proven without a key: every byte
 * of file ${name} in the store ${label} is as it was written. encryption_compare: the same for any file, of
 * which size and SHA-256 are known. Errors: ERR_PREPARE. */
int encryption_prove(struct services *services, const struct encryption *encryption,
                     const char *label, const char *name, struct err *err) CHECK;
int encryption_compare(struct services *services, int64_t size_bytes, const char *sha256,
                       const char *label, const char *name, struct err *err) CHECK;

/* --- reading ----------------------------------------------------------------------------------- */

/* encryption_note(services, in, noted, ours, err): what an encrypted file says in the clear: whether it is
 * of this project and environment. ${noted} false: it says nothing, or is not encrypted. */
int encryption_note(const struct services *services, const struct bundle_in *in, bool *noted,
                    bool *ours, struct err *err) CHECK;

/* encryption_open(services, in, reader, err): where ${in} is an age file, it becomes its plaintext and
 * ${reader} is to be closed by age_close; else ${reader} is NULL. Errors (ERR_PREPARE): there is no
 * identity, or it does not fit. */
int encryption_open(const struct services *services, struct bundle_in *in,
                    struct age_reader **reader, struct err *err) CHECK;

#endif

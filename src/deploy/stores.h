/*
 * stores - the environment's stores, as the pipeline uses them: one file written to all of them at
 * once, one store to read from.
 */
#ifndef DEPLOY_STORES_H
#define DEPLOY_STORES_H

#include "bundle/age.h"
#include "bundle/bundle.h"
#include "deploy/services.h"

/* --- writing: the same bytes into every store ----------------------------------------------------- */

struct stores_file;

/* stores_create(services, name, file, err): begin ${name} in every store of the environment. Remote ones
 * are fed from a local one, by threads (ship.h); where there is no local one, they are written directly.
 * Which failures are bearable is said by env->snapshot.require: "all", "any", or a label; one of the
 * last local store never is. Class ERR_PREPARE. Changes: files. */
int stores_create(struct services *services, const char *name, struct stores_file **file,
                  struct err *err) CHECK;

/* stores_out(file): where a bundle is written; ${file} must outlive it. */
struct bundle_out stores_out(struct stores_file *file);

/* stores_commit(file, label, err): make it durable in the local stores, or in those that are written
 * directly; ${label} gets one that has it. What is shipped goes on: see ship_await. stores_abort(file):
 * leave nothing. Both end ${file}. */
int stores_commit(struct stores_file *file, const char **label, struct err *err) CHECK;
void stores_abort(struct stores_file *file);

/* --- reading --------------------------------------------------------------------------------------- */

struct stored_bundle {
    struct bundle bundle;
    const struct service *store;
    void *file;
    int64_t size_bytes; /* of the file as it is stored */
    struct age_reader *age; /* between the two; NULL: it is not encrypted */
    struct services *services;
    const char *name;
};

/* stores_open(services, label, name, arena, stored, err): open bundle ${name} in the store ${label}
 * (NULL: the first that has it, local ones before remote ones). stores_close(stored) closes it. */
int stores_open(struct services *services, const char *label, const char *name,
                struct stored_bundle *stored, struct err *err) CHECK;
void stores_close(struct stored_bundle *stored);

/* stores_again(stored, services, again, err): the same bundle through a file of its own, for another
 * thread, whose ${services} are its own too; ${stored} must outlive it. Close it with stores_close. */
int stores_again(const struct stored_bundle *stored, struct services *services,
                 struct stored_bundle *again, struct err *err) CHECK;

/* stores_is_ours(services, label, name, ours, err): whether the snapshot is of this project and
 * environment: two projects may share a store. ${label} as above. Encrypted ones that were taken by us say
 * so also to who has no key. */
int stores_is_ours(struct services *services, const char *label, const char *name, bool *ours,
                   struct err *err) CHECK;

/* stores_source(stored, source, err): the members as the snapshot plugin reads them; failures go to
 * ${err}. ${source} lives as long as ${stored}. */
struct ddb_source *stores_source(struct stored_bundle *stored, struct err *err);

/* --- listing ---------------------------------------------------------------------------------------- */

struct snapshot_file {
    const char *store; /* label */
    const char *name;
    const char *place; /* where a person finds it */
    int64_t size_bytes;
    int64_t modified;
    bool partial;
};

/* stores_list(services, list, n, err): the snapshots of this environment in all its stores, oldest
 * first. A remote store that cannot be reached is passed over with a warning, unless it is the only one. */
int stores_list(struct services *services, struct snapshot_file **list, size_t *n,
                struct err *err) CHECK;

/* stores_newest(services, label, name, err): the newest whole snapshot of this project and environment in
 * the store ${label} (NULL: in any); that there is none is a failure. One that is damaged, or another
 * project's, is passed over with a warning; an encrypted one that does not say whose it is, and cannot be
 * decrypted, is a failure. */
int stores_newest(struct services *services, const char *label, const char **name,
                  struct err *err) CHECK;

/* stores_refuse_future(services, list, n, name, err): that ${name} may be taken for the newest of ${list}. A
 * clock that was wrong, or is, makes that doubtful where the time in its name is in the future and that of
 * another one is not: ERR_PREPARE. */
int stores_refuse_future(const struct services *services, const struct snapshot_file *list, size_t n,
                         const char *name, struct err *err) CHECK;

/* stores_clean(services, run, err): remove the unfinished files that run ${run} left behind. What is in a
 * remote store that cannot be reached stays there, with a warning. Changes: files. */
int stores_clean(struct services *services, const char *run, struct err *err) CHECK;

/* stores_find(services, label): the environment's store of that label; NULL: it has none.
 * stores_is_remote(store): it is behind a network: it suspends and resumes, and files are shipped to it.
 * stores_is_required(services, label): whether nothing may be changed before it has the snapshot;
 * with "any", none is by its name. stores_place(services, label, name): where a person finds a file. */
const struct service *stores_find(const struct services *services, const char *label);
bool stores_is_remote(const struct service *store);
bool stores_is_required(const struct services *services, const char *label);
const char *stores_place(struct services *services, const char *label, const char *name);

#endif

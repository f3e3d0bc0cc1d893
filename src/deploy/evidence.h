/*
 * evidence - that a snapshot was verified: a small JSON file beside it in the same store.
 *
 * Only a success leaves one. There is at most one of each level for a snapshot, the newest: an older
 * one goes when the new one is durable. What the file's name says is in evidence_name.h; the rest is
 * inside, and is read only where somebody wants to know.
 */
#ifndef DEPLOY_EVIDENCE_H
#define DEPLOY_EVIDENCE_H

#include <jansson.h>

#include "deploy/evidence_name.h"
#include "deploy/stores_files.h"

struct evidence {
    const char *file;     /* its name in the store */
    const char *snapshot; /* of which */
    enum evidence_level level;
    time_t when;

    /* inside of the file; NULL and -1 until evidence_read */
    const char *who, *host;
    const char *version;  /* of deploy-db */
    int64_t duration_ms;  /* of the verification */
    int64_t recovery_ms;  /* level restore: the measured recovery time; else -1 */
    int64_t size_bytes;   /* of the snapshot then */
};

/* evidence_write(services, store, evidence, err): write it down, remove older ones of its level. Fills
 * evidence->file, in the services' arena. Of two in one second the first stays. Changes: files. */
int evidence_write(struct services *services, const struct service *store,
                   struct evidence *evidence, struct err *err) CHECK;

/* evidence_read(services, store, evidence, err): what is inside of ${evidence}->file. A file that has
 * gone meanwhile is a failure, as one that cannot be understood is. */
int evidence_read(struct services *services, const struct service *store,
                  struct evidence *evidence, struct err *err) CHECK;

/* evidence_json(evidence): as deploy-db-json(5) describes it (a new reference). */
json_t *evidence_json(const struct evidence *evidence);

#endif

/*
 * swap - a fresh database beside the live one, and the exchange of the two names.
 *
 * All of it runs in the maintenance database. The exchange: close the live database to new sessions,
 * end those that are left, rename both in one transaction (sources: PostgreSQL's ALTER DATABASE;
 * with a session left each attempt blocks for 5 s and fails). Changes: databases.
 */
#ifndef PG_SWAP_H
#define PG_SWAP_H

#include "pg/db.h"
#include "pg/dbprops.h"

/* Names derived from a database and a run, at most 63 bytes: NAME_fresh_RUN, NAME_failed_RUN,
 * NAME_before_RUN, … (the name is cut, never the run). */
const char *swap_name(struct arena *arena, const char *database, const char *word,
                      const char *run);

/* A database that an exchange has put aside. */
struct swap_kept {
    const char *name;
    const char *word; /* "before", "failed", "undone" */
    const char *run;
};

/* swap_kept(db, arena, live, list, n, err): the databases that are kept of ${live}, whose names are exactly
 * what swap_name made of them; the newest run first. From any database of the server. */
int swap_kept(struct db *db, struct arena *arena, const char *live, struct swap_kept **list,
              size_t *n, struct err *err) CHECK;

/* swap_bytes(db, name, bytes, err): the size of a database; -1: our role may not ask, or it has gone. */
int swap_bytes(struct db *db, const char *name, int64_t *bytes, struct err *err) CHECK;

/* swap_create(admin, name, props, err): CREATE DATABASE from template0 with the encoding, locale and
 * owner of ${props}, and in their tablespace where the server has it and our role may create in it. An
 * existing one of that name is dropped first (it is from an earlier attempt of the same run). */
int swap_create(struct db *admin, const char *name, const struct dbprops *props,
                struct err *err) CHECK;

/* swap_properties(admin, name, props, err): owner, ACL, settings onto ${name}. */
int swap_properties(struct db *admin, const char *name, const struct dbprops *props,
                    struct err *err) CHECK;

int swap_exists(struct db *admin, const char *name, bool *exists, struct err *err) CHECK;

/* swap_close(admin, name, keep_pid, err): no new sessions, and the present ones ended, except our own
 * ${keep_pid} (0: none); waits up to 30 s until they are gone. ERR_REFUSED names what is in the way:
 * sessions that cannot be ended, prepared transactions, readers of logical replication slots. After
 * a failure the database is open as before.
 * swap_open(admin, name, err): let sessions in again. */
int swap_close(struct db *admin, const char *name, int keep_pid, struct err *err) CHECK;
int swap_open(struct db *admin, const char *name, struct err *err) CHECK;
int swap_is_open(struct db *admin, const char *name, bool *open, struct err *err) CHECK;

/* swap_rename(admin, live, aside, fresh, err): in one transaction ${live} becomes ${aside} and
 * ${fresh} becomes ${live}. ${live} must be closed; on success the new ${live} is open and ${aside}
 * stays closed; on failure nothing has changed and ${live} is still closed. */
int swap_rename(struct db *admin, const char *live, const char *aside, const char *fresh,
                struct err *err) CHECK;

/* swap_drop_public(db, err): remove the empty schema that every new database has; a dump of a database
 * without it does not say so. */
int swap_drop_public(struct db *db, struct err *err) CHECK;

/* swap_adopt(admin, fresh, name, err): ${fresh} gets the name ${name}, which must be free. */
int swap_adopt(struct db *admin, const char *fresh, const char *name, struct err *err) CHECK;

/* swap_drop(admin, name, err): its sessions are ended, as far as the role may; a missing one is fine. */
int swap_drop(struct db *admin, const char *name, struct err *err) CHECK;

#endif

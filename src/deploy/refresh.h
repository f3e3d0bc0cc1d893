/*
 * refresh - the command `refresh`: an environment's database made anew from a snapshot of another
 * one.
 *
 * The snapshot is loaded into a fresh database beside the live one, which stays in use: its masked
 * columns are masked on the way, hooks and pending migrations run there, and the result is
 * verified there. Only then the two exchange their names. Until that moment every failure leaves
 * the live database untouched.
 */
#ifndef DEPLOY_REFRESH_H
#define DEPLOY_REFRESH_H

#include "deploy/meta.h"
#include "deploy/refresh_masks.h"
#include "deploy/restore.h"

/* What is to be done, and what is known of it on the way. */
struct refresh {
    const struct env *from;
    struct services *source;  /* the stores of ${from}; its database is that of the refreshed one */
    const char *snapshot;     /* its name; NULL: the newest one */

    struct meta meta;         /* of the snapshot */
    struct catalog catalog;   /* as the snapshot saw it */
    struct refresh_masks masks;
    struct restore_filter filter; /* how the fresh database differs from the snapshot */
    struct dbprops props;     /* of the live database */
    struct strvec dropped;    /* databases of earlier refreshes that were dropped */
};

/* refresh_source(run, from, refresh, errs): open the stores of ${from} without asking for its
 * database: where a refresh runs, nobody needs the right to reach that. Changes: nothing. */
int refresh_source(struct run *run, const struct env *from, struct refresh *refresh,
                   struct errs *errs) CHECK;

/* refresh_choose(refresh, err): fill refresh->snapshot, where it is NULL, with the newest complete
 * snapshot of this project's environment ${from}. ERR_PREPARE when there is none. */
int refresh_choose(struct refresh *refresh, struct err *err) CHECK;

/* refresh_run(run, refresh, err): all of it. Returns the exit status: ERR_NONE; ERR_REFUSED,
 * ERR_BUSY or ERR_PREPARE with nothing changed; ERR_OPERATOR when `recover` must find out. Release
 * refresh->dropped. Changes: databases, files. */
enum err_code refresh_run(struct run *run, struct refresh *refresh, struct err *err) CHECK;

#endif

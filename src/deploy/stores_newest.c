/* stores_newest - which snapshot is meant where none is named (stores.h). */
#include "deploy/stores_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "deploy/encryption.h"

/* How far the clocks of two machines may differ. */
enum { SKEW_S = 600 };

static int newest_first(const void *a, const void *b)
{
    return strcmp(((const struct snapshot_file *)b)->name, ((const struct snapshot_file *)a)->name);
}

/* Two projects may share a folder. An encrypted one that does not say whose it is may be ours: -1, for no
 * older one is taken in its place. */
static int belongs(struct services *services, const struct snapshot_file *file, bool *ours,
                   struct err *err)
{
    struct err reason = ERR_INIT;
    int rc = stores_is_ours(services, file->store, file->name, ours, &reason);

    if (rc != 0 && encryption_named(file->name)) {
        *err = reason;
        return -1;
    }
    *ours = rc == 0 && *ours;
    if (!*ours)
        log_warning("snapshot \"%s\" is passed over: %s", file->name,
                    rc == 0 ? "it is of another project or environment" : reason.primary);
    return 0;
}

static bool is_future(const struct services *services, const char *name)
{
    char stamp[sizeof "20260131T134510Z"];

    snprintf(stamp, sizeof stamp, "%s", name + strlen(services->env->name) + 1);
    return clock_parse(stamp) > clock_now() + SKEW_S;
}

int stores_refuse_future(const struct services *services, const struct snapshot_file *list, size_t n,
                         const char *name, struct err *err)
{
    bool others = false;

    for (size_t i = 0; i < n; i++)
        others |= !list[i].partial && !is_future(services, list[i].name);
    if (!others || !is_future(services, name))
        return 0;
    err_set(err, ERR_PREPARE, "which snapshot is the newest is not known: the time of \"%s\" is in the future",
            name);
    err_detail(err, "the clock was wrong when it was taken, or is wrong now");
    return err_hint(err, "Name the snapshot that is meant: `deploy-db snapshot list %s` lists them.",
                    services->env->name);
}

int stores_newest(struct services *services, const char *label, const char **name, struct err *err)
{
    struct snapshot_file *list = NULL;
    size_t n = 0;

    *name = NULL;
    if (stores_list(services, &list, &n, err) != 0)
        return err_as(err, ERR_PREPARE);
    if (n > 0)
        qsort(list, n, sizeof *list, newest_first);
    for (size_t i = 0; i < n; i++) {
        bool ours = false;

        if (list[i].partial || (label != NULL && strcmp(list[i].store, label) != 0))
            continue;
        if (belongs(services, &list[i], &ours, err) != 0)
            return -1;
        if (ours) {
            *name = list[i].name;
            return stores_refuse_future(services, list, n, *name, err);
        }
    }
    return err_set(err, ERR_PREPARE, "environment \"%s\" has no snapshot%s%s", services->env->name,
                   label == NULL ? "" : " in store ", label == NULL ? "" : label);
}

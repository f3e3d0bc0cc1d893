/*
 * standing - where a database stands in an imported history, by what the tool says is applied.
 * Pure.
 */
#ifndef IMPORT_STANDING_H
#define IMPORT_STANDING_H

#include "import/import.h"

struct standing_version {
    const char *version;
    bool failed;         /* begun and not ended */
    bool and_all_before; /* it stands for every version up to it */
};

/* standing_find(history, versions, n, id, errs): the identifier to stamp: of the newest applied
 * migration; NULL when none is applied. Each reason why none can be named is an entry of ${errs}
 * (ERR_REFUSED): a failed version, one that the history does not have, a gap below an applied one.
 */
int standing_find(const struct import_history *history, const struct standing_version *versions,
                  size_t n, const char **id, struct errs *errs) CHECK;

#endif

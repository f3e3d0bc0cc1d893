/*
 * refresh_masks - an environment's rules against the tables of a snapshot: which columns are
 * masked and how, which tables stay empty, and what no rule has judged. Pure.
 */
#ifndef DEPLOY_REFRESH_MASKS_H
#define DEPLOY_REFRESH_MASKS_H

#include "conf/conf.h"
#include "pg/catalog.h"
#include "pg/mask.h"

struct masked_column {
    const char *name; /* as the database has it, without quotes */
    const char *with; /* the mask's name, for the report */
    struct mask_field field;
};

/* A table of which something is masked, or that stays empty. */
struct masked_table {
    const char *schema, *name; /* without quotes */
    bool left_out;
    struct masked_column *columns; /* those that a rule changes */
    size_t n;
    int64_t rows; /* how many were masked */
};

struct refresh_masks {
    struct masked_table *tables; /* only those that differ from the snapshot */
    size_t n;
    const char *salt; /* NULL: no mask needs one */
};

/* refresh_masks_make(arena, env, salt, catalog, masks, problems): every mistake is one of
 * ${problems} (ERR_REFUSED): a rule for a column that is not there, a mask that the type cannot
 * take, an unknown table to leave out, and, where env->refresh.mask_strict says so, all columns
 * that may hold a text and have no rule. Returns -1 with any. */
int refresh_masks_make(struct arena *arena, const struct env *env, const char *salt,
                       const struct catalog *catalog, struct refresh_masks *masks,
                       struct errs *problems) CHECK;

/* refresh_masks_table(masks, schema, name): NULL when its rows are loaded as they are. */
struct masked_table *refresh_masks_table(const struct refresh_masks *masks, const char *schema,
                                         const char *name);

/* refresh_masks_line(arena, masks, table, columns, mask, err): how lines of COPY with ${columns},
 * "(id, \"Name\")", are masked. A masked column that is missing there is a failure (ERR_PREPARE). */
int refresh_masks_line(struct arena *arena, const struct refresh_masks *masks,
                       const struct masked_table *table, const char *columns, struct mask *mask,
                       struct err *err) CHECK;

#endif

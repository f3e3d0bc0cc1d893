/*
 * requirements - what a server must have before a database can be restored into it. Asked in any database
 * of it. Changes: nothing.
 */
#ifndef PG_REQUIREMENTS_H
#define PG_REQUIREMENTS_H

#include "pg/db.h"

/* requirements_roles(db, names, missing, err): those of ${names} that are no roles of the server, in their
 * order. */
int requirements_roles(struct db *db, const struct strvec *names, struct strvec *missing,
                       struct err *err) CHECK;

/* An extension that CREATE EXTENSION would not make as it is wanted. */
struct requirement {
    const char *name, *version;
    const char *offered; /* the version that it would have; NULL: the server has no such extension */
    bool available;      /* the wanted one can be made when it is named */
};

/* requirements_extensions(db, arena, wanted, list, n, err): ${wanted} is NULL-terminated, "pgcrypto 1.3";
 * those that the server has not, or would make in another version. */
int requirements_extensions(struct db *db, struct arena *arena, const char *const *wanted,
                            struct requirement **list, size_t *n, struct err *err) CHECK;

/* requirements_make(db, extension, schema, err): the extension in its version, with those that it needs.
 * Changes: the database of ${db}. */
int requirements_make(struct db *db, const struct requirement *extension, const char *schema,
                      struct err *err) CHECK;

/* requirements_directory(db, arena): where the server keeps its data; NULL when it does not tell. */
const char *requirements_directory(struct db *db, struct arena *arena);

#endif

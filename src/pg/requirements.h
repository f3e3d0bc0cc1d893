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

/* requirements_extensions(db, wanted, problems, err): ${wanted} is NULL-terminated, "pgcrypto 1.3"; a
 * sentence for each that the server has not, or would create in another version. */
int requirements_extensions(struct db *db, const char *const *wanted, struct strvec *problems,
                            struct err *err) CHECK;

/* requirements_directory(db, arena): where the server keeps its data; NULL when it does not tell. */
const char *requirements_directory(struct db *db, struct arena *arena);

#endif

/*
 * dbprops - what belongs to a database but is not in a pg_dump of it: encoding, locale, owner,
 * access, settings, comment; and the roles it refers to.
 */
#ifndef PG_DBPROPS_H
#define PG_DBPROPS_H

#include "base/buf.h"
#include "pg/db.h"

/* A statement that names the database: prefix, the database's quoted name, suffix. */
struct dbprops_statement {
    const char *before, *after;
};

struct dbprops {
    /* NULL: does not apply. provider: "libc", "icu", "builtin"; icu_locale is of the last two. */
    const char *encoding, *collate, *ctype, *provider, *icu_locale, *icu_rules;
    const char *owner;
    const char *tablespace; /* of what has no other; a copy goes there too, where that is possible */
    struct dbprops_statement *statements; /* owner, ACL, ALTER DATABASE SET, ALTER ROLE IN DATABASE */
    size_t n;
    const char *const *extensions; /* "pgcrypto 1.3" */
};

int dbprops_read(struct db *db, struct arena *arena, struct dbprops *props, struct err *err) CHECK;

/* dbprops_search_path(db, props, err): the session gets the search_path that it would have in a
 * database with ${props}, which is without them yet: names without a schema are found as there. A
 * role's own setting, or the connection's, goes before the database's (source: ALTER ROLE). */
int dbprops_search_path(struct db *db, const struct dbprops *props, struct err *err) CHECK;

/* dbprops_roles(db, out, err): SQL that creates the roles which do not exist yet, with attributes,
 * settings and memberships, without passwords; for psql (it uses \gset and \if). Roles that exist
 * are left as they are. */
int dbprops_roles(struct db *db, struct buf *out, struct err *err) CHECK;

/* dbprops_psql(props, out): the statements for psql, the database as :"db". */
void dbprops_psql(const struct dbprops *props, struct buf *out);

#endif

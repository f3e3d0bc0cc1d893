/*
 * foreign - the version tables of other migration tools: read only.
 */
#ifndef PG_FOREIGN_H
#define PG_FOREIGN_H

#include "pg/db.h"

enum foreign_tool {
    FOREIGN_DBMATE, /* schema_migrations(version) */
    FOREIGN_GOOSE,  /* goose_db_version(id, version_id, is_applied) */
    FOREIGN_GOLANG, /* schema_migrations(version, dirty): the newest alone */
    FOREIGN_FLYWAY, /* flyway_schema_history(installed_rank, version, type, success) */
};

struct foreign_version {
    const char *version;
    bool failed;         /* it was begun and did not end: dirty, or no success */
    bool and_all_before; /* it stands for every version up to it */
};

struct foreign {
    const char *table;             /* its quoted name; NULL: there is none */
    struct foreign_version *items; /* applied, not taken back; in the table's order */
    size_t n;
};

/* foreign_read(db, arena, tool, foreign, err): what is applied according to the tool's table, which
 * is looked for where the role's search path leads. dbmate's and golang-migrate's tables have one
 * name: the other one's is an error. Changes: nothing. */
int foreign_read(struct db *db, struct arena *arena, enum foreign_tool tool,
                 struct foreign *foreign, struct err *err) CHECK;

#endif

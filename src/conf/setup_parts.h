/* setup_parts - what the files of setup share with each other. */
#ifndef CONF_SETUP_PARTS_H
#define CONF_SETUP_PARTS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"

/* A project as it was found. Paths are relative to the folder that was looked at; NULL: not found.
 */
struct setup_found {
    struct arena *arena;
    const char *root;   /* absolute */
    const char *engine; /* the folder of alembic.ini; "." when there is none */
    bool has_ini;
    const char *url; /* sqlalchemy.url, when it is one for PostgreSQL */
    bool url_has_password;
    const char *variable; /* the environment variable that env.py reads the URL from */
    const char *dotenv;   /* the .env file that sets DATABASE_URL or ${variable} */
    bool has_poetry;
    const char *service;                              /* of a Compose file: where Alembic can run */
    const char *version_table, *version_table_schema; /* as env.py sets them */
    bool has_no_models; /* env.py says "target_metadata = None", as Alembic's own template does */
    const char *sql_versions; /* the folder of plain SQL migrations; NULL: it is an Alembic project */
};

/* setup_find_project(found, notes, err): fill the rest of ${found}, which has its arena and root.
 */
int setup_find_project(struct setup_found *found, struct strvec *notes, struct err *err) CHECK;

/* setup_sql_find(found, notes): where there is no Alembic: the folder of migrations of plain SQL, existing
 * or to be; notes about those of other tools. */
void setup_sql_find(struct setup_found *found, struct strvec *notes);

/* setup_is_foreign(name): a folder of other people's code. */
bool setup_is_foreign(const char *name);

/* setup_compose_service(arena, root, folder, file): a service of a Compose file in ${root} or in
 * ${root}/${folder} that runs Alembic, mounts ${folder} or is built from it; NULL when there is
 * none.
 * ${file} gets the file's name. */
const char *setup_compose_service(struct arena *arena, const char *root, const char *folder,
                                  const char **file);

#endif

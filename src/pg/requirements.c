/* requirements - see requirements.h. */
#include "pg/requirements.h"

#include <string.h>

#include "base/buf.h"

/* ${n} texts as PostgreSQL writes an array of them. */
static void add_array(const char *const *texts, size_t n, struct buf *out)
{
    buf_addc(out, '{');
    for (size_t i = 0; i < n; i++) {
        buf_adds(out, i > 0 ? ",\"" : "\"");
        for (const char *at = texts[i]; *at != '\0'; at++) {
            if (*at == '"' || *at == '\\')
                buf_addc(out, '\\');
            buf_addc(out, *at);
        }
        buf_addc(out, '"');
    }
    buf_addc(out, '}');
}

int requirements_roles(struct db *db, const struct strvec *names, struct strvec *missing,
                       struct err *err)
{
    auto_result struct db_result *rows = NULL;
    auto_buf struct buf array = {0};

    add_array((const char *const *)names->v, names->n, &array);
    if (db_query(db, &rows, err,
                 "SELECT wanted.name FROM unnest($1::pg_catalog.text[]) WITH ORDINALITY "
                 "AS wanted (name, n) WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles "
                 "WHERE rolname = wanted.name) ORDER BY wanted.n",
                 1, buf_text(&array)) < 0)
        return err_wrap(err, "could not look for the roles");
    for (int i = 0; i < db_rows(rows); i++)
        strvec_push(missing, db_value(rows, i, 0));
    return 0;
}

/* The default version is the one that a dump's CREATE EXTENSION makes. */
static const char extensions_sql[] =
    "SELECT wanted.name, wanted.version, a.default_version, "
    "       EXISTS (SELECT FROM pg_catalog.pg_available_extension_versions AS v "
    "               WHERE v.name = wanted.name AND v.version = wanted.version) "
    "FROM (SELECT substring(w.text from '^(.*) [^ ]*$') AS name, "
    "             substring(w.text from ' ([^ ]*)$') AS version, w.n "
    "      FROM unnest($1::pg_catalog.text[]) WITH ORDINALITY AS w (text, n)) AS wanted "
    "LEFT JOIN pg_catalog.pg_available_extensions AS a ON a.name = wanted.name "
    "WHERE a.default_version IS DISTINCT FROM wanted.version ORDER BY wanted.n";

int requirements_extensions(struct db *db, struct arena *arena, const char *const *wanted,
                            struct requirement **list, size_t *n, struct err *err)
{
    auto_result struct db_result *rows = NULL;
    auto_buf struct buf array = {0};
    size_t n_wanted = 0;

    while (wanted[n_wanted] != NULL)
        n_wanted++;
    add_array(wanted, n_wanted, &array);
    if (db_query(db, &rows, err, extensions_sql, 1, buf_text(&array)) < 0)
        return err_wrap(err, "could not look for the extensions");
    *n = (size_t)db_rows(rows);
    *list = arena_alloc(arena, (*n + 1) * sizeof **list);
    for (size_t i = 0; i < *n; i++)
        (*list)[i] = (struct requirement){.name = arena_strdup(arena, db_value(rows, (int)i, 0)),
                                          .version = arena_strdup(arena, db_value(rows, (int)i, 1)),
                                          .offered = arena_strdup(arena, db_value(rows, (int)i, 2)),
                                          .available = db_bool(rows, (int)i, 3)};
    return 0;
}

int requirements_make(struct db *db, const struct requirement *extension, const char *schema,
                      struct err *err)
{
    struct arena *arena = arena_new();
    int rc = db_exec(db, err,
                     arena_printf(arena, "CREATE EXTENSION IF NOT EXISTS %s SCHEMA %s VERSION %s CASCADE",
                                  db_quote(db, arena, extension->name), schema,
                                  db_quote(db, arena, extension->version)),
                     0);

    arena_free(arena);
    return rc < 0 ? err_wrap(err, "could not create extension \"%s\" in version %s", extension->name,
                             extension->version)
                  : 0;
}

const char *requirements_directory(struct db *db, struct arena *arena)
{
    auto_result struct db_result *rows = NULL;
    struct err ignored = ERR_INIT;

    if (db_query(db, &rows, &ignored, "SELECT pg_catalog.current_setting('data_directory')", 0) < 0)
        return NULL;
    return arena_strdup(arena, db_value(rows, 0, 0));
}

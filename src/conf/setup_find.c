/* setup_find - look at a project: alembic.ini, env.py, poetry, `.env`, a Compose file. */
#include "conf/setup_parts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "conf/secret_parts.h"

enum { SOURCE_MOST = 1024 * 1024, LEVELS = 2 };

static const char *below(const struct setup_found *found, const char *folder, const char *name)
{
    return fs_join(found->arena, fs_join(found->arena, found->root, folder), name);
}

static bool has_ini(const struct setup_found *found, const char *folder)
{
    const char *path = below(found, folder, "alembic.ini");

    return fs_exists(path) && !fs_is_dir(path);
}

/* Folders that hold other people's code. */
bool setup_is_foreign(const char *name)
{
    static const char *const foreign[] = {"node_modules", "venv",   "env",   "site-packages",
                                          "__pycache__",  "vendor", "build", "dist"};

    if (name[0] == '.')
        return true;
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (strcmp(name, foreign[i]) == 0)
            return true;
    return false;
}

/* Every folder with an alembic.ini, ${levels} below ${folder}; what cannot be read is left out. */
static void search(const struct setup_found *found, const char *folder, int levels,
                   struct strvec *places)
{
    struct err ignored = ERR_INIT;
    auto_strvec struct strvec names = {0};

    if (fs_list(fs_join(found->arena, found->root, folder), &names, &ignored) != 0)
        return;
    for (size_t i = 0; i < names.n; i++) {
        const char *path = strcmp(folder, ".") == 0 ? arena_strdup(found->arena, names.v[i])
                                                    : fs_join(found->arena, folder, names.v[i]);

        if (setup_is_foreign(names.v[i]) || !fs_is_dir(fs_join(found->arena, found->root, path)))
            continue;
        if (has_ini(found, path) && !strvec_has(places, path))
            strvec_push(places, path);
        if (levels > 1)
            search(found, path, levels - 1, places);
    }
}

static void find_ini(struct setup_found *found, struct strvec *notes)
{
    static const char *const usual[] = {".", "backend", "app", "api"};
    auto_strvec struct strvec places = {0};

    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (has_ini(found, usual[i]))
            strvec_push(&places, usual[i]);
    search(found, ".", LEVELS, &places);
    found->has_ini = places.n > 0;
    found->engine = places.n > 0 ? arena_strdup(found->arena, places.v[0]) : ".";
    if (places.n > 0)
        strvec_pushf(notes, "found alembic.ini in \"%s\"", places.v[0]);
    for (size_t i = 1; i < places.n; i++)
        strvec_pushf(notes, "another alembic.ini in \"%s\" is not used", places.v[i]);
}

static bool read_source(const char *path, struct buf *text)
{
    struct err ignored = ERR_INIT;

    return fs_exists(path) && !fs_is_dir(path) && fs_read(path, SOURCE_MOST, text, &ignored) == 0;
}

/* "NAME" or 'NAME' at ${at}, after blanks: its text; NULL when there is none. */
static const char *quoted(struct arena *arena, const char *at)
{
    size_t n;

    at += strspn(at, " \t\r\n");
    if (*at != '"' && *at != '\'')
        return NULL;
    n = strcspn(at + 1, "\"'\n");
    return at[n + 1] == *at && n > 0 ? arena_strndup(arena, at + 1, n) : NULL;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

/* A variable that holds the URL, by its name. */
static bool is_url_variable(const char *name)
{
    for (const char *c = name; *c != '\0'; c++)
        if (!isupper((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '_')
            return false;
    return ends_with(name, "_URL") || ends_with(name, "_URI") || ends_with(name, "_DSN");
}

/* The variable that env.py asks for: DATABASE_URL when it is among them, else the first. */
static void find_variable(struct setup_found *found, const char *source)
{
    static const char *const calls[] = {"getenv(", "environ[", "environ.get("};

    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        for (const char *at = source; (at = strstr(at, calls[i])) != NULL;) {
            const char *name = quoted(found->arena, at += strlen(calls[i]));

            if (name == NULL || !is_url_variable(name))
                continue;
            if (found->variable == NULL || strcmp(name, "DATABASE_URL") == 0)
                found->variable = name;
        }
}

/* The text that env.py gives to a keyword argument, when it is written there. */
static const char *keyword(const struct setup_found *found, const char *source, const char *name)
{
    for (const char *at = source; (at = strstr(at, name)) != NULL;) {
        bool starts = at == source || (!isalnum((unsigned char)at[-1]) && at[-1] != '_');

        at += strlen(name);
        at += strspn(at, " ");
        if (starts && *at == '=' && at[1] != '=')
            return quoted(found->arena, at + 1);
    }
    return NULL;
}

static void read_env_py(struct setup_found *found, const char *script, struct strvec *notes)
{
    const char *path = fs_join(found->arena, below(found, found->engine, script), "env.py");
    auto_buf struct buf source = {0};

    if (!read_source(path, &source)) {
        strvec_pushf(notes, "there is no env.py to read in \"%s\"", script);
        return;
    }
    find_variable(found, buf_text(&source));
    if (found->variable != NULL)
        strvec_pushf(notes, "env.py reads the database's URL from the variable %s",
                     found->variable);
    found->version_table = keyword(found, buf_text(&source), "version_table");
    found->version_table_schema = keyword(found, buf_text(&source), "version_table_schema");
    found->has_no_models = strstr(buf_text(&source), "\ntarget_metadata = None") != NULL;
    if (found->has_no_models)
        strvec_push(notes, "env.py has no target_metadata, so there are no models to compare with");
}

/* What alembic.ini says. An address that Alembic's own template holds is no address. */
static void read_ini(struct setup_found *found, struct strvec *notes)
{
    const char *path = below(found, found->engine, "alembic.ini");
    const char *script = NULL, *url = NULL;
    struct err script_err = ERR_INIT, url_err = ERR_INIT;
    struct secret_database parsed;

    if (secret_ini_get(found->arena, path, "script_location", &script, &script_err) != 0)
        strvec_pushf(notes, "script_location: %s", script_err.primary);
    read_env_py(found, script == NULL ? "alembic" : script, notes);
    if (secret_ini_get(found->arena, path, "sqlalchemy.url", &url, &url_err) != 0) {
        strvec_pushf(notes, "sqlalchemy.url: %s", url_err.primary);
        return;
    }
    if (url == NULL || *url == '\0')
        return;
    if (secret_url_parse(found->arena, url, "alembic.ini", &parsed, &url_err) != 0) {
        strvec_pushf(notes, "sqlalchemy.url is not used: %s", url_err.primary);
        return;
    }
    found->url = url;
    found->url_has_password = secret_url_has_password(url);
    strvec_pushf(notes, "alembic.ini holds an sqlalchemy.url %s a password",
                 found->url_has_password ? "with" : "without");
}

static bool uses_poetry(const struct setup_found *found, const char *folder)
{
    auto_buf struct buf text = {0};

    if (fs_exists(below(found, folder, "poetry.lock")))
        return true;
    return read_source(below(found, folder, "pyproject.toml"), &text) &&
           strstr(buf_text(&text), "[tool.poetry") != NULL;
}

static void find_dotenv(struct setup_found *found, struct strvec *notes)
{
    const char *name = found->variable == NULL ? "DATABASE_URL" : found->variable;
    const char *const folders[] = {".", found->engine};
    const char *value = getenv(name);

    if (value != NULL)
        strvec_pushf(notes, "%s is set in the environment", name);
    for (size_t i = 0; i < 2; i++) {
        const char *path = below(found, folders[i], ".env");

        if (secret_dotenv(found->arena, path, name) == NULL)
            continue;
        found->dotenv =
            strcmp(folders[i], ".") == 0 ? ".env" : fs_join(found->arena, folders[i], ".env");
        strvec_pushf(notes, "\"%s\" sets %s", found->dotenv, name);
        break;
    }
    if (found->variable == NULL && (value != NULL || found->dotenv != NULL))
        found->variable = name;
}

int setup_find_project(struct setup_found *found, struct strvec *notes, struct err *err)
{
    auto_strvec struct strvec names = {0};
    const char *file = NULL;

    if (fs_list(found->root, &names, err) != 0)
        return -1;
    find_ini(found, notes);
    if (found->has_ini)
        read_ini(found, notes);
    find_dotenv(found, notes);
    found->has_poetry = uses_poetry(found, found->engine) || uses_poetry(found, ".");
    if (found->has_poetry)
        strvec_push(notes, "Python runs through poetry here");
    found->service = setup_compose_service(found->arena, found->root, found->engine, &file);
    if (found->service != NULL)
        strvec_pushf(notes, "\"%s\" has the service \"%s\", in which Alembic can run", file,
                     found->service);
    if (!found->has_ini && found->service == NULL)
        setup_sql_find(found, notes);
    else if (!found->has_ini)
        strvec_push(notes, "no alembic.ini was found here or two levels below: set "
                           "engine.directory to its folder");
    return 0;
}

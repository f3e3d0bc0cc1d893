/* setup - see setup.h: from what setup_find found to the text of a configuration. */
#include "conf/setup.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "conf/setup_parts.h"

enum { NAME_MOST = 48 };

/* A text in libconfig's quotes. */
static void add_quoted(struct buf *out, const char *text)
{
    buf_addc(out, '"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            buf_addf(out, "\\%c", c);
        else if (c < ' ')
            buf_addf(out, "\\x%02x", c);
        else
            buf_addc(out, *text);
    }
    buf_addc(out, '"');
}

static void add_setting(struct buf *out, const char *indent, const char *key, const char *value)
{
    buf_addf(out, "%s%s = ", indent, key);
    add_quoted(out, value);
    buf_adds(out, ";\n");
}

/* The folder's name, with "-" for what a project's name cannot hold. */
static const char *project_name(struct arena *arena, const char *root)
{
    const char *base = strrchr(root, '/');
    char *name = arena_strdup(arena, base == NULL ? root : base + 1);
    size_t n = 0;

    for (const char *c = name; *c != '\0' && n < NAME_MOST; c++) {
        bool plain = isascii(*c) && (isalnum((unsigned char)*c) || *c == '_');

        if (plain || (n > 0 && name[n - 1] != '-'))
            name[n++] = (char)(plain ? *c : '-');
    }
    while (n > 0 && name[n - 1] == '-')
        n--;
    name[n] = '\0';
    return n == 0 ? "project" : name;
}

static void add_sql_engine(struct buf *out, const struct setup_found *found)
{
    buf_adds(out, "\n# The migrations: plain SQL, see deploy-db-sql(7).\nengine: {\n");
    add_setting(out, "    ", "plugin", "sql");
    buf_adds(out, "    version_locations = [");
    add_quoted(out, found->sql_versions);
    buf_adds(out, "];\n    # one transaction for the run, or \"migration\": one for each\n");
    add_setting(out, "    ", "transaction", "run");
    buf_adds(out, "};\n");
}

static void add_engine(struct buf *out, const struct setup_found *found)
{
    if (found->sql_versions != NULL) {
        add_sql_engine(out, found);
        return;
    }
    buf_adds(out, "\n# The migrations: an Alembic project, used as it is.\nengine: {\n");
    add_setting(out, "    ", "plugin", "alembic");
    buf_adds(out, "    # the folder of alembic.ini\n");
    add_setting(out, "    ", "directory", found->engine);
    if (found->has_poetry) {
        buf_adds(out, "    # how Alembic and Python are called\n"
                      "    command = [\"poetry\", \"run\", \"alembic\"];\n"
                      "    python = [\"poetry\", \"run\", \"python\"];\n");
    } else {
        buf_adds(out, "    # how Alembic is called\n    command = [\"alembic\"];\n");
    }
    if (found->service != NULL) {
        buf_adds(out, "    # Or in the project's container (-T: no terminal, as under cron):\n"
                      "    # command = [\"docker\", \"compose\", \"exec\", \"-T\", ");
        add_quoted(out, found->service);
        buf_adds(out, ", \"alembic\"];\n");
    }
    if (found->variable != NULL && strcmp(found->variable, "DATABASE_URL") != 0) {
        buf_adds(out, "    # env.py reads the URL from here\n");
        add_setting(out, "    ", "url_variable", found->variable);
    }
    if (found->version_table != NULL)
        add_setting(out, "    ", "version_table", found->version_table);
    if (found->version_table_schema != NULL)
        add_setting(out, "    ", "version_table_schema", found->version_table_schema);
    buf_adds(out, "};\n");
}

/* Never the password itself: where one is known, the place that holds it. */
static void add_database(struct buf *out, const struct setup_found *found, struct strvec *notes)
{
    static const char indent[] = "        ";
    const char *value;

    if (found->variable != NULL) {
        buf_addf(out,
                 "%s# the variable may also stand in a .env file beside this one%s\n", indent,
                 found->sql_versions == NULL ? " or beside alembic.ini" : "");
        value = arena_printf(found->arena, "env:%s", found->variable);
    } else if (found->url != NULL && !found->url_has_password) {
        buf_addf(out, "%s# as alembic.ini says\n", indent);
        value = found->url;
    } else if (found->url != NULL) {
        buf_addf(out, "%s# sqlalchemy.url of this file, password and all\n", indent);
        value = strcmp(found->engine, ".") == 0
                    ? "ini:alembic.ini"
                    : arena_printf(found->arena, "ini:%s/alembic.ini", found->engine);
    } else {
        buf_addf(out,
                 "%s# \"service=NAME\", \"host=… dbname=…\", a postgresql:// URL, env:NAME, "
                 "file:PATH or ini:PATH\n",
                 indent);
        value = "env:DATABASE_URL";
        strvec_push(notes, "nothing says where the database is: set DATABASE_URL, or write "
                           "another value for database");
    }
    add_setting(out, indent, "database", value);
}

static void add_environments(struct buf *out, const struct setup_found *found, struct strvec *notes)
{
    buf_adds(out, "\nenvironments: {\n    production: {\n");
    add_database(out, found, notes);
    buf_adds(out, "        # a snapshot before each change; downgrade and stamp ask for the name\n"
                  "        protected = true;\n");
    if (found->sql_versions == NULL)
        buf_addf(out,
                 "        # what counts as drift; both are the default where protected\n"
                 "        strict: { compare_type = true; compare_server_default = true;%s };\n",
                 found->has_no_models
                     ? "\n            models = false; # until env.py sets target_metadata\n       "
                     : "");
    buf_adds(out, "        apply: { lock_timeout = \"5s\"; retries = 5; };\n"
                  "    };\n"
                  "    # staging: { database = \"env:STAGING_DATABASE_URL\"; };\n"
                  "};\n");
}

int setup_write(const char *dir, struct buf *out, char **folder, struct strvec *notes,
                struct err *err)
{
    struct arena *arena;
    struct setup_found found = {0};
    auto_free char *root = NULL;
    int result;

    *folder = NULL;
    if (!fs_is_dir(dir))
        return err_set(err, ERR_CONFIG, "\"%s\" is no folder", dir);
    root = realpath(dir, NULL);
    arena = arena_new();
    found.arena = arena;
    found.root = root == NULL ? dir : root;
    result = setup_find_project(&found, notes, err);
    if (result == 0) {
        buf_adds(out, "# deploy-db: see deploy-db.cfg(5). Relative paths start at this file.\n\n");
        buf_adds(out, "# journals and logs are kept under this name\n");
        add_setting(out, "", "project", project_name(arena, found.root));
        add_engine(out, &found);
        buf_adds(out, "\n# Where snapshots are kept; see deploy-db-local(7).\n"
                      "stores: {\n"
                      "    local: {\n"
                      "        plugin = \"local\";\n"
                      "        path = \"snapshots\";\n"
                      "        keep: { last = 3; daily = 7; weekly = 4; monthly = 6; };\n"
                      "    };\n"
                      "};\n");
        add_environments(out, &found, notes);
        if (found.sql_versions != NULL &&
            !fs_is_dir(fs_join(arena, found.root, found.sql_versions)))
            *folder = mem_strdup(found.sql_versions);
    }
    arena_free(arena);
    return result == 0 ? 0 : err_as(err, ERR_CONFIG);
}

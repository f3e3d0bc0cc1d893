/* setup_sql - look for migrations of plain SQL: our own files, or another tool's that can be imported. */
#include "conf/setup_parts.h"

#include <string.h>

#include "base/buf.h"
#include "base/fs.h"

enum { HEAD_MOST = 8 * 1024, FILE_MOST = 16 * 1024 * 1024, LEVELS = 3 };

/* What tells whose a file is: its name, or its text. */
static const struct {
    const char *tool, *name_end, *text;
} tools[] = {
    {"sql", ".sql", "-- Revision ID:"},
    {"dbmate", ".sql", "-- migrate:up"},
    {"goose", ".sql", "-- +goose Up"},
    {"golang-migrate", ".up.sql", NULL},
    {"flyway", ".sql", NULL},
};

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

static bool is_flyway(const char *name)
{
    return name[0] == 'V' && name[1] >= '0' && name[1] <= '9' && strstr(name, "__") != NULL;
}

/* The tool whose migration the file is; NULL for none. */
static const char *tool_of(const char *path, const char *name)
{
    auto_buf struct buf text = {0};
    struct err ignored = ERR_INIT;

    if (!ends_with(name, ".sql") || fs_is_dir(path) ||
        fs_read(path, FILE_MOST, &text, &ignored) != 0)
        return NULL;
    if (text.len > HEAD_MOST)
        text.data[HEAD_MOST] = '\0';
    for (size_t i = 0; i < sizeof tools / sizeof *tools; i++) {
        if (!ends_with(name, tools[i].name_end) ||
            (tools[i].text != NULL && strstr(buf_text(&text), tools[i].text) == NULL) ||
            (strcmp(tools[i].tool, "flyway") == 0 && !is_flyway(name)))
            continue;
        return tools[i].tool;
    }
    return NULL;
}

/* The first migration decides what its folder is. */
static void look(struct setup_found *found, const char *folder, int levels, struct strvec *notes)
{
    const char *absolute = fs_join(found->arena, found->root, folder);
    auto_strvec struct strvec names = {0};
    struct err ignored = ERR_INIT;
    const char *tool = NULL;

    if (fs_list(absolute, &names, &ignored) != 0)
        return;
    for (size_t i = 0; tool == NULL && i < names.n; i++)
        tool = tool_of(fs_join(found->arena, absolute, names.v[i]), names.v[i]);
    if (tool != NULL && strcmp(tool, "sql") != 0)
        strvec_pushf(notes, "migrations of %s in \"%s\": `deploy-db import %s %s --into versions` makes "
                            "revision files of them", tool, folder, tool, folder);
    else if (tool != NULL && found->sql_versions == NULL)
        found->sql_versions = arena_strdup(found->arena, folder);
    for (size_t i = 0; i < names.n && levels > 1; i++) {
        const char *path = strcmp(folder, ".") == 0 ? arena_strdup(found->arena, names.v[i])
                                                    : fs_join(found->arena, folder, names.v[i]);

        if (!setup_is_foreign(names.v[i]) && fs_is_dir(fs_join(found->arena, found->root, path)))
            look(found, path, levels - 1, notes);
    }
}

void setup_sql_find(struct setup_found *found, struct strvec *notes)
{
    look(found, ".", LEVELS, notes);
    if (found->sql_versions != NULL) {
        strvec_pushf(notes, "found migrations of plain SQL in \"%s\"", found->sql_versions);
        return;
    }
    found->sql_versions = "versions";
    strvec_push(notes, "no alembic.ini was found here or two levels below, and no migrations: they will "
                       "be plain SQL in \"versions\"; for an Alembic project set engine.plugin and "
                       "engine.directory");
}

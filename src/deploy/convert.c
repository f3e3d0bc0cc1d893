/* convert - see convert.h. */
#include "deploy/convert.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "deploy/convert_sql.h"
#include "deploy/engine.h"

enum { FILE_MOST = 64 * 1024 * 1024, DEPTH_MOST = 16 };

void convert_release(struct convert *convert)
{
    strvec_release(&convert->notes);
}

/* --- reading ---------------------------------------------------------------------------------- */

static void read_one(struct import_history *history, const char *path, struct errs *errs)
{
    auto_buf struct buf text = {0};
    struct err err = ERR_INIT;

    if (fs_read(path, FILE_MOST, &text, &err) != 0) {
        err_as(&err, ERR_REFUSED);
        *errs_new(errs) = err;
        return;
    }
    import_add(history, path, buf_text(&text), text.len, errs);
}

static int read_folder(struct import_history *history, const char *directory, int depth,
                       struct errs *errs)
{
    auto_strvec struct strvec names = {0};
    struct err err = ERR_INIT;

    if (fs_list(directory, &names, &err) != 0) {
        err_as(&err, ERR_USAGE);
        *errs_new(errs) = err;
        return -1;
    }
    for (size_t i = 0; i < names.n; i++) {
        const char *path = fs_join(history->arena, directory, names.v[i]);

        if (fs_is_dir(path)) {
            if (history->tool == IMPORT_FLYWAY && depth < DEPTH_MOST &&
                read_folder(history, path, depth + 1, errs) != 0)
                return -1;
        } else if (import_takes(history->tool, path)) {
            read_one(history, path, errs);
        }
    }
    return 0;
}

static void tell_left_out(struct convert *convert, const struct import_history *history,
                          bool allow_gaps, struct errs *errs)
{
    for (size_t i = 0; i < history->n_left_out; i++) {
        const struct import_left_out *left = &history->left_out[i];

        if (allow_gaps) {
            strvec_pushf(&convert->notes, "%s: left out: %s", left->path, left->reason);
        } else {
            struct err *err = errs_new(errs);

            err_set(err, ERR_REFUSED, "%s: %s cannot be imported", left->path, left->reason);
            err_hint(err, "Write it as SQL, or add --allow-gaps to import the history without it.");
        }
    }
}

static const char *const none[] = {NULL};

static const char *const *one(struct arena *arena, const char *text)
{
    const char **list;

    if (text == NULL)
        return none;
    list = arena_alloc(arena, 2 * sizeof *list);
    list[0] = text;
    return list;
}

static void convert_migration(struct convert *convert, struct import_history *history, size_t i,
                              struct errs *errs)
{
    struct import_migration *from = &history->items[i];
    struct ddb_new_revision *to = &convert->revisions[convert->n++];
    bool detect = history->tool == IMPORT_GOLANG || history->tool == IMPORT_FLYWAY;

    *to = (struct ddb_new_revision){
        .size = sizeof *to,
        .id = from->id,
        .message = from->name[0] != '\0'
                       ? from->name
                       : arena_printf(convert->arena, "version %s", from->version),
        .create_date = from->create_date,
        .down = one(convert->arena, i == 0 ? NULL : history->items[i - 1].id),
        .labels = none,
        .depends_on = none,
        .upgrade = convert_sql_section(convert, &from->upgrade, detect, errs),
        .downgrade = convert_sql_section(convert, &from->downgrade, detect, errs),
    };
    if (from->upgrade.text == NULL)
        to->upgrade = "-- nothing\n";
    if (from->upgrade.no_transaction)
        to->flags |= DDB_NEW_UPGRADE_NO_TRANSACTION;
    if (from->downgrade.no_transaction && from->downgrade.text != NULL)
        to->flags |= DDB_NEW_DOWNGRADE_NO_TRANSACTION;
    if (from->downgrade.text == NULL)
        strvec_pushf(&convert->notes, "%s: there is no downgrade", from->path);
}

int convert_files(struct convert *convert, struct import_history *history, const char *directory,
                  bool allow_gaps, struct errs *errs)
{
    size_t before = errs->n;
    bool right;

    if (read_folder(history, directory, 0, errs) != 0)
        return -1;
    if (history->n + history->n_left_out == 0 && errs->n == before) {
        struct err *err = errs_new(errs);

        err_set(err, ERR_USAGE, "there are no migrations of %s in \"%s\"",
                import_name(history->tool), directory);
        return -1;
    }
    tell_left_out(convert, history, allow_gaps, errs);
    convert->revisions = arena_alloc(convert->arena, (history->n + 1) * sizeof *convert->revisions);
    right = import_finish(history, errs) == 0;
    for (size_t i = 0; i < history->n; i++)
        convert_migration(convert, history, i, errs);
    return right && errs->n == before ? 0 : -1;
}

/* --- writing ---------------------------------------------------------------------------------- */

int convert_check_folder(const char *into, struct err *err)
{
    auto_strvec struct strvec names = {0};

    if (!fs_exists(into))
        return 0;
    if (!fs_is_dir(into))
        return err_set(err, ERR_USAGE, "\"%s\" is no directory", into);
    if (fs_list(into, &names, err) != 0)
        return err_as(err, ERR_USAGE);
    if (names.n == 0)
        return 0;
    err_set(err, ERR_USAGE, "the directory \"%s\" is not empty", into);
    return err_hint(err, "Name another one by --into.");
}

/* The plugin "sql" with ${directory} as its folder of revisions. */
static int open_engine(struct arena *arena, const struct conf *conf, const char *directory,
                       struct services **services, struct err *err)
{
    auto_free char *absolute = realpath(directory, NULL); /* settings start elsewhere */
    struct conf_value *values = arena_alloc(arena, 2 * sizeof *values);
    struct conf_plugin *group = arena_alloc(arena, sizeof *group);
    struct errs errs = {0};
    int rc;

    if (absolute == NULL)
        return err_sys(err, ERR_INTERNAL, errno, "could not find \"%s\"", directory);
    values[0] = (struct conf_value){
        .key = "directory", .text = fs_dirname(arena, absolute), .quoted = true};
    values[1] =
        (struct conf_value){.key = "version_locations",
                            .list = one(arena, arena_strdup(arena, strrchr(absolute, '/') + 1))};
    *group = (struct conf_plugin){.label = "engine", .plugin = "sql", .values = values, .n = 2};
    rc = services_open_engine(arena, conf, group, services, &errs);
    if (rc != 0)
        *err = errs.items[0];
    errs_release(&errs);
    return rc;
}

static int write_all(const struct convert *convert, struct services *services, const char *into,
                     struct strvec *paths, struct err *err)
{
    const struct ddb_engine *ops = &services->engine.plugin->engine;

    if (ops->write == NULL)
        return err_set(err, ERR_INTERNAL, "plugin \"sql\" cannot write revisions");
    for (size_t i = 0; i < convert->n; i++) {
        struct ddb_call call = services_begin(services, &services->engine, err);
        const char *path = NULL, *slash;

        if (services_end(&call, ops->write(&call, &convert->revisions[i], &path), "write",
                         ERR_INTERNAL) != 0)
            return err_wrap(err, "revision \"%s\"", convert->revisions[i].id);
        slash = strrchr(path, '/');
        strvec_push(paths, fs_join(convert->arena, into, slash == NULL ? path : slash + 1));
    }
    return 0;
}

/* What a folder holds: just these revisions, in one graph. */
static int read_back(const struct convert *convert, struct services *services, struct err *err)
{
    struct graph *graph = NULL;
    struct errs errs = {0};
    int rc = engine_graph(services, &graph, &errs);

    if (rc != 0 && errs.n > 0)
        *err = errs.items[0];
    for (size_t i = 0; rc == 0 && i < convert->n; i++)
        if (graph_find(graph, convert->revisions[i].id) == NULL)
            rc = err_set(err, ERR_INTERNAL, "revision \"%s\" is not among the imported files",
                         convert->revisions[i].id);
    if (rc == 0 && graph_count(graph) != convert->n)
        rc = err_set(err, ERR_INTERNAL, "there are %zu revisions among the imported files, not %zu",
                     graph_count(graph), convert->n);
    errs_release(&errs);
    return rc;
}

bool convert_is_there(const struct convert *convert, const struct conf *conf, const char *into)
{
    struct services *services = NULL;
    struct err err = ERR_INIT;

    return open_engine(convert->arena, conf, into, &services, &err) == 0 &&
           read_back(convert, services, &err) == 0;
}

static int publish(const char *part, const char *into, struct arena *arena, struct err *err)
{
    if (rename(part, into) != 0) /* onto an empty directory is fine */
        return err_sys(err, ERR_INTERNAL, errno, "could not rename \"%s\" to \"%s\"", part, into);
    return fs_sync_dir(fs_dirname(arena, into), err);
}

/* A new folder beside ${into}, out of sight; ${into} need not have a parent yet. */
static const char *make_part(struct arena *arena, const char *into, struct err *err)
{
    const char *parent = fs_dirname(arena, into);
    const char *slash = strrchr(into, '/');
    const char *part = fs_join(
        arena, parent,
        arena_printf(arena, ".%s.%d.part", slash == NULL ? into : slash + 1, (int)getpid()));

    if (fs_mkdirs(parent, 0755, err) != 0)
        return NULL;
    if (mkdir(part, 0755) != 0) {
        err_sys(err, ERR_INTERNAL, errno, "could not create the directory \"%s\"", part);
        return NULL;
    }
    return part;
}

int convert_write(const struct convert *convert, const struct conf *conf, const char *into,
                  struct strvec *paths, struct err *err)
{
    struct arena *arena = convert->arena;
    struct services *services = NULL;
    struct err ignored = ERR_INIT;
    const char *part;

    if (convert_check_folder(into, err) != 0 || (part = make_part(arena, into, err)) == NULL)
        return -1;
    if (open_engine(arena, conf, part, &services, err) == 0 &&
        write_all(convert, services, into, paths, err) == 0 &&
        read_back(convert, services, err) == 0 && fs_sync_dir(part, err) == 0 &&
        publish(part, into, arena, err) == 0)
        return 0;
    if (fs_remove_tree(part, &ignored) != 0)
        err_detail(err, "%s", ignored.primary);
    return -1;
}

/* restore_file - see restore_file.h. */
#include "deploy/restore_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/progress.h"
#include "deploy/lists.h"
#include "deploy/restore.h"
#include "deploy/restore_data.h"
#include "deploy/restore_feed.h"
#include "deploy/stores.h"
#include "pg/swap.h"

/* --- which file -----------------------------------------------------------------------------------*/

bool restore_file_names(struct services *services, const char *given)
{
    struct stored_bundle stored;
    struct err err = ERR_INIT;

    if (strchr(given, '/') != NULL)
        return true;
    if (!fs_exists(given))
        return false;
    if (stores_open(services, NULL, given, &stored, &err) != 0)
        return true;
    stores_close(&stored);
    return false;
}

int restore_file_look(struct services *services, const char *given, struct restore_file **out,
                      struct err *err)
{
    struct restore_file *file = arena_alloc(services->arena, sizeof *file);
    char *path = realpath(given, NULL);

    file->path = arena_strdup(services->arena, path != NULL ? path : given);
    free(path);
    if (unwrap_look(services->arena, file->path, &file->about, err) != 0)
        return -1;
    file->format = arena_printf(services->arena, "%s%s%s", unwrap_kind_name(file->about.kind),
                                file->about.compression[0] != '\0' ? ", " : "",
                                file->about.compression);
    if (file->about.kind == UNWRAP_BUNDLE && file->about.compression[0] != '\0') {
        err_set(err, ERR_PREPARE, "\"%s\" is a snapshot that was compressed once more",
                file->path);
        return err_hint(err, "Decompress it first: its members are compressed already.");
    }
    *out = file;
    return 0;
}

/* --- a snapshot file ------------------------------------------------------------------------------*/

/* Its folder stands for a store, and no other store is there: then all is as for any snapshot. */
static int load_bundle(struct run *run, struct db *admin, const char *fresh, struct err *err)
{
    const char *path = run->file->path, *slash = strrchr(path, '/');
    struct conf_value where = {
        .key = "path", .text = fs_dirname(run->arena, path)};
    struct conf_plugin group = {.label = "file", .plugin = "local", .values = &where, .n = 1};
    struct service store = {.label = "file", .group = &group};
    struct services *ours = run->services, with = *ours;
    struct meta meta;
    int rc;

    if (host_load("local", DDB_KIND_STORE, services_table(), &store.plugin, err) != 0)
        return err_as(err, ERR_PREPARE);
    with.stores = &store;
    with.n_stores = 1;
    run->services = &with;
    rc = restore_load(run, admin, "file", slash + 1, fresh, &meta, err);
    run->services = ours;
    return rc;
}

/* --- the fresh database ---------------------------------------------------------------------------*/

/* Owner, encoding, locale, access and settings as in the live database. */
static int properties(struct run *run, struct db *admin, struct dbprops *props, struct err *err)
{
    const char *live = db_target_name(run->services->target);
    struct db *db = NULL;
    bool exists;
    int rc;

    *props = (struct dbprops){0};
    if (swap_exists(admin, live, &exists, err) != 0)
        return -1;
    if (!exists) {
        run_warn(run, "there is no database \"%s\": the restored one gets the server's defaults "
                      "for owner, encoding, locale and access", live);
        return 0;
    }
    rc = db_open(run->services->target, NULL, DB_READ, &db, err);
    if (rc == 0)
        rc = dbprops_read(db, run->arena, props, err);
    db_close(db);
    return rc;
}

/* --- what can be proven ---------------------------------------------------------------------------*/

/* The version rows against the project: what is odd is told, and no failure. */
static int compare(struct run *run, struct db *db, struct err *err)
{
    const char *table = run->services->conf->version_table;
    struct plan plan;
    int rc = plan_make(run->services, db, NULL, &plan, err);

    if (rc == 0 && !plan.has_table) {
        run_warn(run, "there is no table \"%s\" in the file: a deployment would begin with the "
                      "first revision", table);
    } else if (rc == 0) {
        for (size_t i = 0; i < plan.problems.n; i++)
            run_warn(run, "%s", plan.problems.items[i].primary);
        log_info("the version rows are %s; %zu revision%s pending",
                 lists_joined(run->arena, plan.row_ids, ", ", "(none)"), plan.pending.n,
                 plan.pending.n == 1 ? " is" : "s are");
    }
    plan_release(&plan);
    return rc;
}

static int prove(struct run *run, const char *fresh, const struct dbprops *props, struct err *err)
{
    struct tally *tables = NULL;
    struct db *db = NULL;
    size_t n = 0;
    int rc = db_open(run->services->target, fresh, DB_READ, &db, err);

    if (rc == 0)
        rc = dbprops_search_path(db, props, err);
    if (rc == 0)
        rc = tally_writes(db, run->arena, &tables, &n, err);
    if (rc == 0 && n == 0)
        rc = err_set(err, ERR_PREPARE, "no table came of it");
    if (rc == 0)
        rc = compare(run, db, err);
    db_close(db);
    if (rc == 0)
        rc = restore_data_analyze(run, fresh, err);
    if (rc == 0)
        log_info("%zu tables were restored", n);
    return rc;
}

/* --- the whole ------------------------------------------------------------------------------------*/

/* A dump names roles, and those of another server may not be here. */
static void hint_role(struct err *err)
{
    const char *role = strstr(err->detail, "role \"");

    if (role == NULL)
        role = strstr(err->primary, "role \"");
    if (role != NULL && strstr(role, "does not exist") != NULL)
        err_hint(err, "Create the role on this server first (CREATE ROLE), or write the dump with "
                      "--no-owner --no-privileges.");
}

static int make(struct run *run, struct db *admin, struct restore_unpack *unpack,
                const char *folder, const char *fresh, struct err *err)
{
    struct dbprops props;

    if (properties(run, admin, &props, err) != 0)
        return -1;
    if (run->journal != NULL && journal_note(run->journal, "fresh", fresh, err) != 0)
        return -1;
    if (swap_create(admin, fresh, &props, err) != 0)
        return -1;
    if (FAULT("recover.created"))
        return err_set(err, ERR_PREPARE, "fault point recover.created");
    if (restore_feed_load(run, unpack, folder, fresh, err) != 0)
        return -1;
    progress_end();
    if (FAULT("recover.loaded"))
        return err_set(err, ERR_PREPARE, "fault point recover.loaded");
    if (prove(run, fresh, &props, err) != 0)
        return -1;
    return swap_properties(admin, fresh, &props, err);
}

int restore_file_load(struct run *run, struct db *admin, const char *fresh, struct err *err)
{
    const struct restore_file *file = run->file;
    struct restore_unpack unpack = {.fd = -1};
    int64_t started = clock_mono_ms();
    const char *folder = NULL;
    char span[32];
    int rc;

    restore_unpack_sweep(run->state_dir);
    if (file->about.kind == UNWRAP_BUNDLE)
        return load_bundle(run, admin, fresh, err);
    log_info("restoring %s (%s) into database \"%s\"", file->path, file->format, fresh);
    rc = restore_feed_check(run, &unpack, &folder, err);
    if (rc == 0) {
        rc = make(run, admin, &unpack, folder, fresh, err);
        progress_end();
        if (rc != 0)
            restore_drop(run, fresh, err);
    }
    restore_unpack_close(&unpack);
    if (rc == 0) {
        log_info("restored in %s, to the last statement",
                 clock_span(clock_mono_ms() - started, span));
        return 0;
    }
    hint_role(err);
    return err_wrap(err, "could not restore \"%s\"", file->path);
}

/* snapshot_describe - see snapshot_describe.h. */
#include "deploy/snapshot_describe.h"

#include <string.h>

#include "base/clock.h"
#include "base/thread.h"
#include "deploy/meta.h"
#include "pg/versions.h"

struct snapshot_describe {
    const struct run *run;
    const char *exported;
    int64_t wait_ms;
    const char *tool; /* "pg_dump 15.4" */
    struct arena *arena; /* of the thread, until it is joined */
    struct meta meta;
    struct buf globals, catalog;
    char fingerprint[65];
    struct err err; /* of the thread */
    pthread_t thread;
    bool joined;
};

/* The version of the plugin's program; not knowing it is no failure. */
static const char *ask_tool(struct services *services)
{
    struct err unknown = ERR_INIT;
    struct ddb_call call = services_begin(services, &services->snapshot, &unknown);
    const struct ddb_snapshot *plugin = &services->snapshot.plugin->snapshot;
    const char *tool = plugin->version == NULL ? NULL : plugin->version(&call);

    return tool != NULL ? tool : "unknown";
}

static void note_meta(struct snapshot_describe *describe, struct db *db, const struct dbprops *props,
                      const struct strvec *rows)
{
    const struct services *services = describe->run->services;
    char when[32];

    describe->meta = (struct meta){
        .project = services->conf->project,
        .environment = services->env->name,
        .run = describe->run->id,
        .database = arena_strdup(describe->arena, db_name(db)),
        .created = arena_strdup(describe->arena, clock_iso(clock_now(), when)),
        .server_version = arena_strdup(describe->arena, db_server_version_text(db)),
        .snapshot_plugin = services->snapshot.plugin->table.name,
        .rows = arena_list(describe->arena, rows),
        .fingerprint = describe->fingerprint,
        .props = *props,
    };
}

static int read_all(struct snapshot_describe *describe, struct db *db, struct err *err)
{
    const struct conf *conf = describe->run->services->conf;
    auto_strvec struct strvec rows = {0};
    struct catalog catalog = {0};
    struct dbprops props = {0};
    bool exists;

    if (db_timeouts(db, describe->wait_ms, 0, err) != 0 ||
        db_import_snapshot(db, describe->exported, err) != 0 ||
        versions_read(db, conf->version_table_schema, conf->version_table, &rows, &exists, err) !=
            0 ||
        catalog_read(db, describe->arena, conf->version_table_schema, conf->version_table, &catalog,
                     err) != 0 ||
        dbprops_read(db, describe->arena, &props, err) != 0 ||
        dbprops_roles(db, &describe->globals, err) != 0)
        return -1;
    memcpy(describe->fingerprint, catalog.fingerprint, sizeof describe->fingerprint);
    buf_adds(&describe->globals, BUNDLE_PROPERTIES);
    dbprops_psql(&props, &describe->globals);
    catalog_format(&catalog, &describe->catalog);
    note_meta(describe, db, &props, &rows);
    return 0;
}

static void *work(void *arg)
{
    struct snapshot_describe *describe = arg;
    struct db *db = NULL;

    if (db_open(describe->run->services->target, NULL, DB_READ, &db, &describe->err) == 0) {
        (void)read_all(describe, db, &describe->err);
        db_end_snapshot(db);
    }
    db_close(db);
    return NULL;
}

int snapshot_describe_start(const struct run *run, const char *exported, int64_t wait_ms,
                            struct snapshot_describe **out, struct err *err)
{
    struct snapshot_describe *describe = mem_alloc(sizeof *describe);

    describe->run = run;
    describe->exported = exported;
    describe->wait_ms = wait_ms;
    describe->arena = arena_new();
    if (thread_start(&describe->thread, work, describe, ERR_PREPARE, err) != 0) {
        describe->joined = true;
        snapshot_describe_end(describe);
        return -1;
    }
    describe->tool = ask_tool(run->services);
    *out = describe;
    return 0;
}

static void join(struct snapshot_describe *describe)
{
    if (!describe->joined)
        pthread_join(describe->thread, NULL);
    describe->joined = true;
}

static int put(struct bundle_writer *writer, const char *name, const struct buf *text,
               bool compress, struct err *err)
{
    return bundle_put(writer, name, buf_text(text), text->len, compress, err);
}

int snapshot_describe_put(struct snapshot_describe *describe, struct bundle_writer *writer,
                          const char **fingerprint, struct err *err)
{
    auto_buf struct buf meta = {0};

    join(describe);
    if (describe->err.code != ERR_NONE) {
        *err = describe->err;
        return -1;
    }
    describe->meta.tool = describe->tool;
    if (meta_format(&describe->meta, &meta, err) != 0)
        return -1;
    *fingerprint = arena_strdup(describe->run->arena, describe->fingerprint);
    return put(writer, "meta.json", &meta, false, err) != 0 ||
                   put(writer, "globals.sql", &describe->globals, true, err) != 0 ||
                   put(writer, "catalog.txt", &describe->catalog, true, err) != 0
               ? -1
               : 0;
}

void snapshot_describe_end(struct snapshot_describe *describe)
{
    if (describe == NULL)
        return;
    join(describe);
    buf_release(&describe->globals);
    buf_release(&describe->catalog);
    arena_free(describe->arena);
    mem_free(describe);
}

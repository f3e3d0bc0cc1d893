/* restore_feed - see restore_feed.h. */
#include "deploy/restore_feed.h"

#include <errno.h>
#include <stdio.h>

#include "base/cancel.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/progress.h"
#include "deploy/restore_file.h"
#include "pg/copy_in.h"
#include "pg/plain.h"

/* --- the bytes of a file --------------------------------------------------------------------------*/

struct input {
    const struct restore_file *file;
    struct unwrap *unwrap;
    const char *what; /* for the progress */
    struct err *err;  /* where a plugin's reading fails to */
};

static ssize_t read_input(void *arg, void *data, size_t cap, struct err *err)
{
    struct input *input = arg;

    if (cancel_requested())
        return err_set(err, ERR_PREPARE, "\"%s\": cancelled", input->file->path);
    progress_set(input->what, unwrap_taken(input->unwrap), input->file->about.size_bytes, 1);
    return unwrap_read(input->unwrap, data, cap, err);
}

static int source_open(void *self, const char *member)
{
    struct input *input = self;

    (void)member; /* there is one */
    return unwrap_open(input->file->path, &input->unwrap, input->err);
}

static ssize_t source_read(void *self, void *data, size_t cap)
{
    struct input *input = self;

    return read_input(input, data, cap, input->err);
}

static int source_close(void *self)
{
    struct input *input = self;

    unwrap_close(input->unwrap);
    input->unwrap = NULL;
    return 0;
}

static int tick(void *arg, int64_t done, int64_t total)
{
    progress_set(arg, done, total, 1);
    return cancel_requested();
}

/* --- plain SQL ------------------------------------------------------------------------------------*/

static void note(void *arg, const char *text)
{
    run_warn(arg, "%s", text);
}

static int check_sql(struct run *run, struct err *err)
{
    struct input input = {.file = run->file, .what = "checking the file"};
    const struct plain_in in = {.read = read_input, .arg = &input};
    struct plain_about about;
    int rc;

    if (unwrap_open(run->file->path, &input.unwrap, err) != 0)
        return -1;
    rc = plain_check(&in, &about, err);
    unwrap_close(input.unwrap);
    progress_end();
    if (rc != 0)
        return -1;
    if (about.is_dump)
        log_info("%zu statements by pg_dump %s, of a server %s", about.n_statements,
                 about.pg_dump, about.server);
    else
        run_warn(run, "the file was not written by pg_dump: whether its end is missing cannot be "
                      "known");
    return 0;
}

static int load_sql(struct run *run, const char *fresh, struct err *err)
{
    struct input input = {.file = run->file, .what = "loading"};
    const struct plain_in in = {.read = read_input, .arg = &input};
    struct db *db = NULL;
    int rc;

    if (unwrap_open(run->file->path, &input.unwrap, err) != 0)
        return -1;
    rc = copy_in_open(run->services->target, fresh, &db, err);
    if (rc == 0)
        rc = plain_load(db, &in, note, run, err);
    unwrap_close(input.unwrap);
    db_close(db);
    return rc;
}

/* --- custom format --------------------------------------------------------------------------------*/

static int check_custom(struct run *run, struct err *err)
{
    struct unwrap_archive archive;

    if (unwrap_custom(run->file->path, &archive, tick, (void *)"checking the file", err) != 0)
        return -1;
    if (archive.known)
        log_info("written by pg_dump %s, of a server %s", archive.pg_dump, archive.server);
    return 0;
}

/* --- archives: the plugin's -----------------------------------------------------------------------*/

/* The environment's snapshot plugin where it understands archives; else the one that always does. */
static int find_plugin(struct run *run, struct service *service, struct err *err)
{
    static const struct conf_plugin unconfigured = {.label = "snapshot", .plugin = "pgdump"};

    *service = run->services->snapshot;
    if (service->plugin->snapshot.restore_archive != NULL)
        return 0;
    *service = (struct service){.label = "snapshot", .group = &unconfigured};
    if (host_load("pgdump", DDB_KIND_SNAPSHOT, services_table(), &service->plugin, err) != 0)
        return err_as(err, ERR_PREPARE);
    return service->plugin->snapshot.restore_archive != NULL
               ? 0
               : err_set(err, ERR_PREPARE, "plugin \"pgdump\" of this installation is too old to "
                                           "restore a dump from a file");
}

struct sql_file {
    FILE *file;
    const char *path;
    struct err *err;
};

static int write_sql(void *arg, const char *text, size_t n)
{
    struct sql_file *out = arg;

    if (fwrite(text, 1, n, out->file) == n)
        return 0;
    return err_sys(out->err, ERR_PREPARE, errno, "could not write \"%s\"", out->path);
}

/* The archive as SQL, in ${path}. */
static int write_archive(struct ddb_call *call, const struct ddb_source *source,
                         const char *archive, const char *path, struct err *err)
{
    struct sql_file out = {.file = fopen(path, "wxe"), .path = path, .err = err};
    int rc;

    if (out.file == NULL)
        return err_sys(err, ERR_PREPARE, errno, "could not create \"%s\"", path);
    rc = call->service->plugin->snapshot.archive_sql(call, source, archive, write_sql, &out);
    if (fclose(out.file) != 0 && rc >= 0)
        rc = err_sys(err, ERR_PREPARE, errno, "could not write \"%s\"", path);
    return services_end(call, rc, "archive_sql", ERR_PREPARE);
}

/* An archive that no program here can load into this server: as plain SQL, through the state directory. */
static int load_as_sql(struct run *run, struct ddb_call *call, const struct ddb_source *source,
                       const char *archive, struct restore_unpack *unpack, const char *fresh,
                       struct err *err)
{
    const struct restore_file *given = run->file;
    struct restore_file sql = {.about = {.kind = UNWRAP_SQL, .compression = ""}};
    int rc;

    log_info("the archive is loaded as SQL: no pg_restore here fits both it and the server");
    if (unpack->fd < 0 && restore_unpack_open(run, unpack, err) != 0)
        return -1;
    sql.path = fs_join(run->arena, unpack->path, "archive.sql");
    if (write_archive(call, source, archive, sql.path, err) != 0)
        return -1;
    progress_end();
    run->file = &sql;
    rc = check_sql(run, err) == 0 ? load_sql(run, fresh, err) : -1;
    run->file = given;
    return rc;
}

/* ${path} NULL: the file goes through decompression into the program. */
static int load_archive(struct run *run, const char *path, struct restore_unpack *unpack,
                        const char *fresh, struct err *err)
{
    struct input input = {.file = run->file, .what = "pg_restore", .err = err};
    const struct ddb_source stream = {.size = sizeof stream,
                                      .open = source_open,
                                      .read = source_read,
                                      .close = source_close,
                                      .self = &input};
    const struct ddb_source *source = path == NULL ? &stream : NULL;
    const char *version;
    struct service service;
    struct ddb_call call;
    int rc;

    if (find_plugin(run, &service, err) != 0 ||
        unwrap_version(run->arena, path != NULL ? path : run->file->path, run->file->about.kind,
                       &version, err) != 0)
        return -1;
    call = services_begin(run->services, &service, err);
    rc = service.plugin->snapshot.restore_archive(&call, source, path, version, fresh);
    source_close(&input);
    if (rc > 0 && service.plugin->snapshot.archive_sql != NULL) {
        rc = load_as_sql(run, &call, source, path, unpack, fresh, err);
        source_close(&input);
        return rc;
    }
    return services_end(&call, rc, "restore_archive", ERR_PREPARE);
}

/* --- before, and in between -----------------------------------------------------------------------*/

int restore_feed_check(struct run *run, struct restore_unpack *unpack, const char **folder,
                       struct err *err)
{
    const struct restore_file *file = run->file;
    int rc = 0;

    *folder = NULL;
    switch (file->about.kind) {
    case UNWRAP_SQL:
        rc = check_sql(run, err);
        break;
    case UNWRAP_TAR:
        rc = unwrap_members(file->path, NULL, tick, (void *)"checking the file", err);
        break;
    case UNWRAP_PACKED:
        rc = restore_unpack_open(run, unpack, err);
        if (rc == 0)
            rc = unwrap_members(file->path, unpack->path, tick, (void *)"unpacking", err);
        *folder = unpack->path;
        break;
    case UNWRAP_FOLDER:
        *folder = file->path;
        break;
    case UNWRAP_CUSTOM:
        rc = check_custom(run, err);
        break;
    case UNWRAP_BUNDLE:
        break;
    }
    progress_end();
    if (rc == 0 && *folder != NULL)
        rc = unwrap_folder(*folder, tick, (void *)"checking the files", err);
    progress_end();
    if (FAULT("restore.unpacked"))
        return err_set(err, ERR_PREPARE, "fault point restore.unpacked");
    return rc;
}

int restore_feed_load(struct run *run, struct restore_unpack *unpack, const char *folder,
                      const char *fresh, struct err *err)
{
    const struct restore_file *file = run->file;
    bool is_whole = file->about.compression[0] == '\0';

    if (file->about.kind == UNWRAP_SQL)
        return load_sql(run, fresh, err);
    if (folder == NULL && file->about.kind == UNWRAP_CUSTOM && is_whole)
        folder = file->path; /* it can be read from several places at once */
    return load_archive(run, folder, unpack, fresh, err);
}

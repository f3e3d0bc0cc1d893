/* preflight_clone - see preflight_clone.h. */
#include "deploy/preflight_clone.h"

#include <sys/statvfs.h>

#include "base/clock.h"
#include "deploy/clone.h"
#include "deploy/restore.h"
#include "pg/clonable.h"
#include "pg/requirements.h"

enum { CLONING_SERVER = 180000 }; /* from here on files may be copied without taking room */

static struct err *refuse(struct checking *c)
{
    return errs_new(c->problems);
}

static const char *live_name(const struct checking *c)
{
    return db_target_name(c->run->services->target);
}

static void add(struct checking *c, const struct err *err)
{
    *refuse(c) = *err;
}

static void check_plugin(struct checking *c)
{
    struct services *services = c->run->services;
    const struct ddb_snapshot *plugin = &services->clone.plugin->snapshot;
    struct err err = ERR_INIT;
    struct ddb_call call = services_begin(services, &services->clone, &err);

    if (plugin->preflight != NULL &&
        services_end(&call, plugin->preflight(&call, db_server_version(c->run->db)), "preflight",
                     ERR_REFUSED) != 0)
        add(c, &err);
}

static void check_settings(struct checking *c)
{
    auto_strvec struct strvec roles = {0};
    struct err err = ERR_INIT;
    struct err *problem;

    if (clonable_roles(c->run->db, &roles, &err) != 0) {
        err_as(&err, ERR_REFUSED);
        add(c, &err);
    }
    if (roles.n == 0)
        return;
    problem = refuse(c);
    err_set(problem, ERR_REFUSED, "role \"%s\" may not give a copy of database \"%s\" the settings that "
                                  "roles have in it",
            db_user(c->run->db), live_name(c));
    for (size_t i = 0; i < roles.n; i++)
        err_detail(problem, "ALTER ROLE %s IN DATABASE", roles.v[i]);
    err_hint(problem, "Let it alter these roles (CREATEROLE), or set this for the database or the roles alone.");
}

static void check_rights(struct checking *c)
{
    struct err *problem;

    if (!c->health.can_create_databases) {
        problem = refuse(c);
        err_set(problem, ERR_REFUSED, "role \"%s\" may not copy database \"%s\"", db_user(c->run->db),
                live_name(c));
        err_hint(problem, "Let it own the database and create others: ALTER DATABASE … OWNER TO, ALTER "
                          "ROLE … CREATEDB.");
    }
    if (!c->health.can_end_sessions) {
        problem = refuse(c);
        err_set(problem, ERR_REFUSED,
                "role \"%s\" may not end the sessions of others, who must be out while database \"%s\" is "
                "copied",
                db_user(c->run->db), live_name(c));
        err_hint(problem, "GRANT pg_signal_backend to it.");
    }
    check_settings(c);
}

/* The copy is made from there. */
static void check_maintenance(struct checking *c)
{
    struct err err = ERR_INIT;
    struct db *admin = NULL;

    if (restore_admin(c->run->services, &admin, &err) != 0) {
        err_as(&err, ERR_REFUSED);
        add(c, &err);
    }
    db_close(admin);
}

static void check_contents(struct checking *c)
{
    auto_strvec struct strvec hindrances = {0};
    struct err err = ERR_INIT;
    struct err *problem;

    if (clonable_read(c->run->db, &hindrances, &err) != 0) {
        err_as(&err, ERR_REFUSED);
        add(c, &err);
    }
    if (hindrances.n > 0) {
        problem = refuse(c);
        err_set(problem, ERR_REFUSED, "a copy of database \"%s\" would come without its replication",
                live_name(c));
        for (size_t i = 0; i < hindrances.n; i++)
            err_detail(problem, "%s", hindrances.v[i]);
        err_hint(problem, "Leave \"%s\" out of snapshot.plugin for this environment.",
                 c->run->services->clone.plugin->table.name);
    }
    if (c->health.prepared.n > 0) {
        problem = refuse(c);
        err_set(problem, ERR_REFUSED, "prepared transactions keep database \"%s\" from being copied",
                live_name(c));
        for (size_t i = 0; i < c->health.prepared.n; i++)
            err_detail(problem, "%s", c->health.prepared.v[i]);
        err_hint(problem, "Finish them: COMMIT PREPARED, ROLLBACK PREPARED.");
    }
}

/* Where the server's disk is ours to see; tables in other tablespaces count as if they were there. */
static void check_disk(struct checking *c)
{
    const int64_t needed = c->health.database_bytes + c->run->env->preflight.free_bytes_margin;
    const char *directory = NULL;
    struct statvfs disk;
    struct err *problem;
    char has[32], needs[32];

    if (db_target_is_local(c->run->services->target))
        directory = requirements_directory(c->run->db, c->run->arena);
    if (directory == NULL || statvfs(directory, &disk) != 0 ||
        (int64_t)disk.f_bavail * (int64_t)disk.f_frsize >= needed)
        return;
    size_text((int64_t)disk.f_bavail * (int64_t)disk.f_frsize, has);
    size_text(c->health.database_bytes, needs);
    if (db_server_version(c->run->db) >= CLONING_SERVER) {
        run_warn(c->run, "the server's disk has %s left, a copy of database \"%s\" may need %s", has,
                 live_name(c), needs);
        return;
    }
    problem = refuse(c);
    err_set(problem, ERR_REFUSED, "the server's disk has too little room for a copy of database \"%s\"",
            live_name(c));
    err_detail(problem, "%s free, the database has %s", has, needs);
    err_hint(problem, "Make room, or leave \"%s\" out of snapshot.plugin for this environment.",
             c->run->services->clone.plugin->table.name);
}

void preflight_clone(struct checking *c)
{
    if (c->run->services->clone.plugin == NULL)
        return;
    c->run->database_bytes = c->health.database_bytes;
    check_plugin(c);
    check_rights(c);
    check_maintenance(c);
    check_contents(c);
    check_disk(c);
}

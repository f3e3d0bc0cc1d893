/* services - see services.h. */
#include "deploy/services.h"

#include <string.h>

#include "conf/secret.h"
#include "deploy/encryption.h"

/* --- opening an environment ---------------------------------------------------------------------- */

/* The settings that ${plugin} declares, as conf/ knows them: the two enumerations agree. */
_Static_assert((int)CONF_STRING == (int)DDB_TYPE_STRING && (int)CONF_PATH == (int)DDB_TYPE_PATH &&
                   (int)CONF_DURATION == (int)DDB_TYPE_DURATION,
               "conf_type and ddb_type must agree");

struct known {
    struct conf_known keys[64];
    size_t n;
};

static void add_settings(struct known *known, const struct plugin *plugin)
{
    for (const struct ddb_setting *setting = plugin->table.settings;
         setting != NULL && setting->key != NULL && known->n < sizeof known->keys / sizeof *known->keys;
         setting++)
        known->keys[known->n++] = (struct conf_known){setting->key, (enum conf_type)setting->type};
}

static int check_settings(const struct conf *conf, const struct conf_plugin *group,
                          const struct plugin *plugin, struct errs *errs)
{
    struct known known = {0};

    add_settings(&known, plugin);
    return conf_check_plugin(conf, group, known.keys, known.n, errs);
}

static int load(struct services *services, struct service *service, const char *label,
                const struct conf_plugin *group, enum ddb_kind kind, struct errs *errs)
{
    struct err err = ERR_INIT;

    service->label = label;
    service->group = group;
    if (group->plugin == NULL)
        return -1; /* a mistake of the file, and reported as that */
    if (host_load(group->plugin, kind, services_table(), &service->plugin, &err) != 0) {
        *errs_new(errs) = err;
        return -1;
    }
    return check_settings(services->conf, group, service->plugin, errs);
}

static int load_named(const char *name, const struct plugin **plugin, struct errs *errs)
{
    struct err err = ERR_INIT;

    if (host_load(name, DDB_KIND_SNAPSHOT, services_table(), plugin, &err) == 0)
        return 0;
    *errs_new(errs) = err;
    return -1;
}

/* At most one plugin that makes files, and one that makes a database beside the live one: which is which
 * is told by their callbacks. Their settings stand in one group. */
static int load_snapshot(struct services *services, const struct env *env, struct errs *errs)
{
    const struct conf_plugin *group = &env->snapshot.plugin;
    struct known known = {0};
    int rc = 0;

    services->snapshot = services->clone = (struct service){.label = "snapshot", .group = group};
    for (const char *const *name = env->snapshot.plugins; *name != NULL; name++) {
        const struct plugin *plugin = NULL;
        const bool cloned = services->clone.plugin != NULL, taken = services->takes_files;

        if (load_named(*name, &plugin, errs) != 0) {
            rc = -1;
            continue;
        }
        if (plugin->snapshot.clone != NULL && !cloned)
            services->clone.plugin = plugin;
        if (plugin->snapshot.take != NULL && !taken)
            services->snapshot.plugin = plugin;
        services->takes_files = services->snapshot.plugin != NULL;
        if (cloned == (services->clone.plugin != NULL) && taken == services->takes_files) {
            struct err *err = errs_new(errs);

            err_set(err, ERR_CONFIG, "environment \"%s\": snapshot.plugin names \"%s\" besides another "
                                     "plugin that does the same",
                    env->name, *name);
            rc = -1;
        }
        add_settings(&known, plugin);
    }
    if (rc == 0 && !services->takes_files) {
        rc = load_named("pgdump", &services->snapshot.plugin, errs);
        if (rc == 0)
            add_settings(&known, services->snapshot.plugin);
    }
    return rc == 0 ? conf_check_plugin(services->conf, group, known.keys, known.n, errs) : -1;
}

static int open_database(struct services *services, struct errs *errs)
{
    struct secret_database database = {0};
    struct err err = ERR_INIT;

    if (secret_resolve(services->arena, services->conf, services->env->database, &database, &err) !=
            0 ||
        db_target_new(services->arena, database.conninfo, database.scheme, &services->target,
                      &err) != 0) {
        err_wrap(&err, "environment \"%s\"", services->env->name);
        *errs_new(errs) = err;
        return -1;
    }
    return 0;
}

/* Databases are created and renamed from another one. Who deploys to the usual one gets template1. */
static const struct env *with_other_maintenance(struct services *services)
{
    static const char usual[] = "postgres", other[] = "template1";
    const char *name = db_target_name(services->target);
    struct env *env;

    if (strcmp(name, services->env->maintenance_database) != 0)
        return services->env;
    env = arena_alloc(services->arena, sizeof *env);
    *env = *services->env;
    env->maintenance_database = strcmp(name, other) == 0 ? usual : other;
    return env;
}

int services_open(struct arena *arena, const struct conf *conf, const struct env *env,
                  struct services **out, struct errs *errs)
{
    struct services *services = arena_alloc(arena, sizeof *services);
    int rc = 0;

    services->arena = arena;
    services->conf = conf;
    services->env = env;
    services->config_dir = conf->dir;
    services->run = "";
    services->ships = arena_alloc(arena, sizeof *services->ships);
    host_search_path(conf->plugin_dirs);
    *out = services;
    if (load(services, &services->engine, "engine", &conf->engine, DDB_KIND_ENGINE, errs) != 0)
        rc = -1;
    if (env == NULL)
        return rc;
    if (load_snapshot(services, env, errs) != 0)
        rc = -1;
    while (env->snapshot.stores != NULL && env->snapshot.stores[services->n_stores] != NULL)
        services->n_stores++;
    services->stores = arena_alloc(arena, services->n_stores * sizeof *services->stores);
    for (size_t i = 0; i < services->n_stores; i++) {
        const struct conf_store *store = conf_store(conf, env->snapshot.stores[i]);

        if (store == NULL || load(services, &services->stores[i], env->snapshot.stores[i],
                                  &store->plugin, DDB_KIND_STORE, errs) != 0)
            rc = -1;
    }
    if (encryption_check(services, errs) != 0)
        rc = -1;
    if (open_database(services, errs) != 0)
        return -1;
    services->env = with_other_maintenance(services);
    return rc;
}

int services_open_engine(struct arena *arena, const struct conf *conf,
                         const struct conf_plugin *group, struct services **out, struct errs *errs)
{
    static const struct conf unconfigured = {.path = "the command line",
                                             .version_table = "alembic_version"};
    struct services *services = arena_alloc(arena, sizeof *services);

    services->arena = arena;
    services->conf = conf != NULL ? conf : &unconfigured;
    services->config_dir = conf != NULL ? conf->dir : ".";
    services->run = "";
    if (conf != NULL)
        host_search_path(conf->plugin_dirs);
    *out = services;
    return load(services, &services->engine, group->label, group, DDB_KIND_ENGINE, errs);
}

/* --- one call -------------------------------------------------------------------------------------- */

struct ddb_call services_begin(struct services *services, const struct service *service,
                               struct err *err)
{
    return (struct ddb_call){.services = services, .service = service, .err = err};
}

int services_end(struct ddb_call *call, int rc, const char *what, enum err_code code)
{
    if (rc >= 0)
        return 0;
    if (call->err->code == ERR_NONE) {
        err_set(call->err, code, "plugin \"%s\" failed in %s without saying why",
                call->service->plugin->table.name, what);
        err_hint(call->err, "This is a mistake of the plugin; report it to its author.");
    }
    return err_as(call->err, code);
}

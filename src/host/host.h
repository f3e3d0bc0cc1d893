/*
 * host - plugins: found, checked, loaded.
 *
 * A plugin is NAME.so in one of the plugin directories (the configured one, $DEPLOY_DB_PLUGINS,
 * the folder `plugins` beside the program's own build, the installed one), or a path. Refused, with
 * a message that says so: a file or folder that others can write, a table of another ABI major, of
 * another kind or name, or without a required callback. Changes: nothing.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include "base/err.h"
#include "base/mem.h"
#include "plugin.h"

struct plugin {
    const char *path;
    struct ddb_plugin table; /* copied: fields that the plugin does not know are zero */
    union {
        struct ddb_engine engine;
        struct ddb_snapshot snapshot;
        struct ddb_store store;
    };
};

/* host_search_path(dirs): set the directories to search, in order (copied). */
void host_search_path(const char *const *dirs);

/* host_load(name, kind, services, plugin, err): load it once and keep it; a second call gives the
 * same plugin. ${kind} 0 takes any. ${services} must outlive everything. ${plugin} is owned by the
 * host until host_unload_all. Errors: ERR_CONFIG. */
int host_load(const char *name, enum ddb_kind kind, const struct ddb_host *services,
              const struct plugin **plugin, struct err *err) CHECK;

/* host_names(names): the plugins found in the search path, sorted, without loading them. */
void host_names(struct strvec *names);

/* host_kind(kind): "engine", "snapshot" or "store". */
const char *host_kind(enum ddb_kind kind);

/* host_unload_all(): unload() each; dlclose except under sanitizers and valgrind. */
void host_unload_all(void);

#endif

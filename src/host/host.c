/* host - see host.h. */
#include "host/host.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/log.h"

/* A table that claims to be larger than this is garbage, not a newer interface. */
enum { TABLE_BYTES_MAX = 65536 };

struct loaded {
    struct plugin plugin; /* first: what host_load gives */
    struct loaded *next;
    void *handle;
    char *path; /* real */
    char *name;
};

static struct loaded *plugins;
static struct strvec configured;

/* --- tables ------------------------------------------------------------------------------------*/

#define REQUIRE(table, field)                                                                      \
    {                                                                                              \
        #field, offsetof(struct table, field)                                                      \
    }

struct required {
    const char *name;
    size_t offset;
};

static const struct kind {
    const char *name;
    size_t size;
    struct required required[10]; /* ends with a NULL name */
} kinds[] = {
    [DDB_KIND_ENGINE] = {"engine",
                         sizeof(struct ddb_engine),
                         {REQUIRE(ddb_engine, revisions)}},
    [DDB_KIND_SNAPSHOT] = {"snapshot",
                           sizeof(struct ddb_snapshot),
                           {{NULL, 0}}}, /* "take" and "restore", or "clone": see adopt_ops */
    [DDB_KIND_STORE] = {"store",
                        sizeof(struct ddb_store),
                        {REQUIRE(ddb_store, create), REQUIRE(ddb_store, write),
                         REQUIRE(ddb_store, commit), REQUIRE(ddb_store, abort),
                         REQUIRE(ddb_store, open), REQUIRE(ddb_store, read),
                         REQUIRE(ddb_store, close), REQUIRE(ddb_store, list),
                         REQUIRE(ddb_store, remove)}},
};

static bool known_kind(uint64_t kind)
{
    return kind > 0 && kind < sizeof kinds / sizeof kinds[0];
}

const char *host_kind(enum ddb_kind kind)
{
    return known_kind(kind) ? kinds[kind].name : "plugin";
}

/* Copy what both sides know; ${to} is zero and ${cap} bytes long. */
static void copy_table(void *to, size_t cap, const void *from, size_t size)
{
    memcpy(to, from, size < cap ? size : cap);
}

/* A table is whole pointers: another size is garbage. */
static bool sane_size(size_t size, size_t least)
{
    return size >= least && size <= TABLE_BYTES_MAX && size % sizeof(void *) == 0;
}

/* --- checks ------------------------------------------------------------------------------------*/

static int check_abi(const char *name, const struct ddb_plugin *table, struct err *err)
{
    if (table->abi >> 16 == DDB_ABI_MAJOR)
        return 0;
    err_set(err, ERR_CONFIG, "plugin \"%s\" was built for ABI %llu.%llu, this deploy-db has %u.%u",
            name, (unsigned long long)(table->abi >> 16),
            (unsigned long long)(table->abi & 0xffff), DDB_ABI_MAJOR, DDB_ABI_MINOR);
    return err_hint(err, "Build the plugin with the plugin.h of this deploy-db, or install the "
                         "plugin's version for it.");
}

static int check_identity(const char *name, const struct ddb_plugin *table, enum ddb_kind kind,
                          struct err *err)
{
    if (table->name == NULL || strcmp(table->name, name) != 0) {
        err_set(err, ERR_CONFIG, "plugin \"%s\" calls itself \"%s\"", name,
                table->name == NULL ? "" : table->name);
        return err_hint(err, "A plugin's file must have the plugin's name: rename it back.");
    }
    if (!known_kind(table->kind)) {
        err_set(err, ERR_CONFIG, "plugin \"%s\" is of kind %llu, which this deploy-db does not know",
                name, (unsigned long long)table->kind);
        return err_hint(err, "Kinds are 1 (engine), 2 (snapshot) and 3 (store).");
    }
    if (kind == 0 || table->kind == (uint64_t)kind)
        return 0;
    err_set(err, ERR_CONFIG, "plugin \"%s\" has the kind \"%s\", but the kind \"%s\" is needed here",
            name, host_kind((enum ddb_kind)table->kind), host_kind(kind));
    return err_hint(err, "`deploy-db plugins` lists the plugins and their kinds.");
}

static int lacks(const char *name, const struct kind *kind, const char *callback, struct err *err)
{
    err_set(err, ERR_CONFIG, "plugin \"%s\" lacks the callback \"%s\"", name, callback);
    return err_hint(err, "A plugin of the kind \"%s\" must have it: see deploy-db-plugin(7).",
                    kind->name);
}

/* Copy the table of callbacks and refuse one that lacks a required callback. */
static int adopt_ops(const char *name, struct plugin *plugin, struct err *err)
{
    const struct kind *kind = &kinds[plugin->table.kind];
    const size_t *size = plugin->table.ops; /* every table starts with its size */

    if (size == NULL || !sane_size(*size, sizeof *size)) {
        err_set(err, ERR_CONFIG, "plugin \"%s\" has a table of callbacks of %zu bytes, expected %zu",
                name, size == NULL ? 0 : *size, kind->size);
        return err_hint(err, "The plugin's \"ops\" must point to a struct ddb_%s whose \"size\" is "
                             "its sizeof.", kind->name);
    }
    copy_table(&plugin->engine, kind->size, size, *size);
    for (const struct required *r = kind->required; r->name != NULL; r++) {
        void (*callback)(void);

        memcpy(&callback, (const char *)&plugin->engine + r->offset, sizeof callback);
        if (callback == NULL)
            return lacks(name, kind, r->name, err);
    }
    if (plugin->table.kind == DDB_KIND_ENGINE && plugin->engine.upgrade == NULL &&
        plugin->engine.steps == NULL)
        return lacks(name, kind, "upgrade", err);
    if (plugin->table.kind == DDB_KIND_SNAPSHOT && plugin->snapshot.clone == NULL &&
        plugin->snapshot.take == NULL)
        return lacks(name, kind, "take", err);
    if (plugin->table.kind == DDB_KIND_SNAPSHOT && plugin->snapshot.take != NULL &&
        plugin->snapshot.restore == NULL)
        return lacks(name, kind, "restore", err);
    return 0;
}

/* Check ${given}, the table that the plugin's code returned, and copy it into ${plugin}. */
static int adopt(const char *name, const struct ddb_plugin *given, enum ddb_kind kind,
                 struct plugin *plugin, struct err *err)
{
    const size_t least = offsetof(struct ddb_plugin, ops) + sizeof given->ops;

    if (given == NULL) {
        err_set(err, ERR_CONFIG, "plugin \"%s\" gave no table", name);
        return err_hint(err, "Its function ddb_plugin() must return a struct ddb_plugin.");
    }
    if (check_abi(name, given, err) != 0)
        return -1;
    if (!sane_size(given->size, least)) {
        err_set(err, ERR_CONFIG, "plugin \"%s\" has a table of %zu bytes, expected %zu", name,
                given->size, sizeof *given);
        return err_hint(err, "The field \"size\" must be the sizeof of struct ddb_plugin.");
    }
    copy_table(&plugin->table, sizeof plugin->table, given, given->size);
    if (check_identity(name, &plugin->table, kind, err) != 0)
        return -1;
    return adopt_ops(name, plugin, err);
}

/* --- finding -----------------------------------------------------------------------------------*/

void host_search_path(const char *const *dirs)
{
    strvec_release(&configured);
    strvec_push_all(&configured, dirs);
}

/* The folder `plugins` beside the running program: a program that was built, not installed. */
static void push_beside(struct strvec *dirs)
{
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    char *slash;

    if (n < 0)
        return;
    exe[n] = '\0';
    slash = strrchr(exe, '/');
    if (slash == NULL)
        return;
    *slash = '\0';
    strvec_pushf(dirs, "%s/plugins", exe);
}

/* The directories to search, in order. */
static void search_dirs(struct strvec *dirs)
{
    const char *listed = getenv("DEPLOY_DB_PLUGINS");

    strvec_push_all(dirs, (const char *const *)configured.v);
    while (listed != NULL && *listed != '\0') {
        size_t len = strcspn(listed, ":");

        if (len > 0)
            strvec_pushf(dirs, "%.*s", (int)len, listed);
        listed += len + (listed[len] == ':');
    }
    push_beside(dirs);
    strvec_push(dirs, PLUGIN_DIR);
}

static int not_found(const char *name, const struct strvec *dirs, struct err *err)
{
    auto_strvec struct strvec names = {0};
    auto_free char *searched = strvec_join(dirs, ", ");
    auto_free char *known = NULL;

    err_set(err, ERR_CONFIG, "there is no plugin \"%s\"", name);
    err_detail(err, "searched for %s.so in %s", name, searched);
    host_names(&names);
    if (names.n == 0)
        return err_hint(err, "Name the folder of the plugins in DEPLOY_DB_PLUGINS, or give the "
                             "plugin's path.");
    known = strvec_join(&names, ", ");
    return err_hint(err, "Plugins found: %s.", known);
}

/* The file of the plugin ${name}: heap; NULL with ${err} filled. */
static char *find_file(const char *name, struct err *err)
{
    auto_strvec struct strvec dirs = {0};

    if (strchr(name, '/') != NULL) {
        if (fs_exists(name))
            return mem_strdup(name);
        err_set(err, ERR_CONFIG, "there is no plugin file \"%s\"", name);
        err_hint(err, "Give the path of the plugin's .so file, or its name without a slash.");
        return NULL;
    }
    search_dirs(&dirs);
    for (size_t i = 0; i < dirs.n; i++) {
        auto_buf struct buf path = {0};

        buf_addf(&path, "%s/%s.so", dirs.v[i], name);
        if (fs_exists(path.data))
            return mem_strdup(path.data);
    }
    not_found(name, &dirs, err);
    return NULL;
}

/* The plugin's name as its file says: the last part of ${path} without ".so". Heap. */
static char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name = mem_strdup(slash == NULL ? path : slash + 1);
    size_t len = strlen(name);

    if (len > 3 && strcmp(name + len - 3, ".so") == 0)
        name[len - 3] = '\0';
    return name;
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

void host_names(struct strvec *names)
{
    auto_strvec struct strvec dirs = {0};
    size_t first = names->n;

    search_dirs(&dirs);
    for (size_t i = 0; i < dirs.n; i++) {
        auto_strvec struct strvec files = {0};
        struct err ignored = ERR_INIT; /* a folder that is missing has no plugins */

        if (!fs_is_dir(dirs.v[i]) || fs_list(dirs.v[i], &files, &ignored) != 0)
            continue;
        for (size_t k = 0; k < files.n; k++) {
            size_t len = strlen(files.v[k]);
            auto_free char *name = name_of(files.v[k]);

            if (strlen(name) == len || name[0] == '.' || strvec_has(names, name))
                continue;
            strvec_push(names, name);
        }
    }
    if (names->n > first)
        qsort(names->v + first, names->n - first, sizeof *names->v, compare_names);
}

/* --- loading -----------------------------------------------------------------------------------*/

/* Sanitizers and valgrind name the functions of a leak after the end of the program; they cannot
 * when the code is gone. */
static bool keeps_code(void)
{
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define HOST_KEEPS_CODE 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(HOST_KEEPS_CODE)
    return true;
#else
    const char *preload = getenv("LD_PRELOAD");

    return preload != NULL && strstr(preload, "vgpreload") != NULL;
#endif
}

static void discard(struct loaded *loaded)
{
    if (loaded == NULL)
        return;
    if (loaded->handle != NULL && !keeps_code())
        dlclose(loaded->handle);
    mem_free(loaded->path);
    mem_free(loaded->name);
    mem_free(loaded);
}

/* Nobody else may be able to write what is run with our rights. */
static int check_private(const char *file, struct err *err)
{
    if (fs_private(file, err) == 0)
        return 0;
    err_wrap(err, "plugin \"%s\" is not safe to load", file);
    return err_as(err, ERR_CONFIG);
}

/* Map the plugin's code and give its function; NULL with ${err} filled. */
static ddb_plugin_fn map_code(struct loaded *loaded, struct err *err)
{
    ddb_plugin_fn entry = NULL;
    void *symbol;

    loaded->handle = dlopen(loaded->path, RTLD_NOW | RTLD_LOCAL);
    if (loaded->handle == NULL) {
        const char *why = dlerror();

        err_set(err, ERR_CONFIG, "could not load plugin \"%s\": %s", loaded->name,
                why == NULL ? "unknown reason" : why);
        err_hint(err, "It must be a shared object for this machine, and the libraries that it needs "
                      "must be installed: try ldd on it.");
        return NULL;
    }
    symbol = dlsym(loaded->handle, "ddb_plugin");
    if (symbol == NULL) {
        err_set(err, ERR_CONFIG, "\"%s\" is no plugin: it has no function \"ddb_plugin\"",
                loaded->path);
        err_hint(err, "Name the .so file of a deploy-db plugin; see deploy-db-plugin(7).");
        return NULL;
    }
    memcpy(&entry, &symbol, sizeof entry);
    return entry;
}

static int start(struct loaded *loaded, enum ddb_kind kind, const struct ddb_host *services,
                 struct err *err)
{
    ddb_plugin_fn entry = map_code(loaded, err);

    if (entry == NULL)
        return -1;
    if (adopt(loaded->name, entry(), kind, &loaded->plugin, err) != 0)
        return -1;
    if (loaded->plugin.table.load != NULL && loaded->plugin.table.load(services) != 0) {
        err_set(err, ERR_CONFIG, "plugin \"%s\" refused to start: its callback \"load\" failed",
                loaded->name);
        return err_hint(err, "The plugin may need a newer deploy-db: see its manual page.");
    }
    return 0;
}

int host_load(const char *name, enum ddb_kind kind, const struct ddb_host *services,
              const struct plugin **plugin, struct err *err)
{
    auto_free char *file = NULL;
    char *real;
    struct loaded *loaded;

    file = find_file(name, err);
    if (file == NULL)
        return -1;
    real = realpath(file, NULL);
    if (real == NULL)
        return err_sys(err, ERR_CONFIG, errno, "could not resolve plugin \"%s\"", file);
    for (loaded = plugins; loaded != NULL; loaded = loaded->next) {
        if (strcmp(loaded->path, real) != 0)
            continue;
        mem_free(real);
        *plugin = &loaded->plugin;
        return check_identity(loaded->name, &loaded->plugin.table, kind, err);
    }

    loaded = mem_alloc(sizeof *loaded);
    loaded->path = real;
    loaded->name = name_of(file);
    loaded->plugin.path = real;
    if (check_private(file, err) != 0 || start(loaded, kind, services, err) != 0) {
        err_detail(err, "file %s", real);
        discard(loaded);
        return -1;
    }
    loaded->next = plugins;
    plugins = loaded;
    log_debug("loaded plugin \"%s\" (%s, ABI %llu.%llu) from %s", loaded->name,
              host_kind((enum ddb_kind)loaded->plugin.table.kind),
              (unsigned long long)(loaded->plugin.table.abi >> 16),
              (unsigned long long)(loaded->plugin.table.abi & 0xffff), real);
    *plugin = &loaded->plugin;
    return 0;
}

void host_unload_all(void)
{
    while (plugins != NULL) {
        struct loaded *loaded = plugins;

        plugins = loaded->next;
        if (loaded->plugin.table.unload != NULL)
            loaded->plugin.table.unload();
        discard(loaded);
    }
    strvec_release(&configured);
}

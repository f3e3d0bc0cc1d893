/*
 * variant - a store plugin that does nothing, compiled by tests/unit/host/test_abi.c in many ways:
 * for another ABI, without a callback, with an older (SMALLER) or newer (LARGER) table, …
 */
#include "plugin.h"

#ifndef MAJOR
#define MAJOR DDB_ABI_MAJOR
#endif
#ifndef MINOR
#define MINOR DDB_ABI_MINOR
#endif
#ifndef KIND
#define KIND DDB_KIND_STORE
#endif
#ifndef LACKS
#define LACKS 0
#endif

static const struct ddb_host *host;

static int create(struct ddb_call *call, const char *name, void **file)
{
    (void)name;
    *file = NULL;
    return host->fail(call, "the variant keeps nothing");
}

static int put(struct ddb_call *call, void *file, const void *data, size_t n)
{
    (void)call, (void)file, (void)data, (void)n;
    return 0;
}

static int done(struct ddb_call *call, void *file)
{
    (void)call, (void)file;
    return 0;
}

static int reopen(struct ddb_call *call, const char *name, void **file, int64_t *size_bytes)
{
    (void)call, (void)name, (void)file;
    *size_bytes = 0;
    return 0;
}

static ssize_t get(struct ddb_call *call, void *file, int64_t offset, void *data, size_t cap)
{
    (void)call, (void)file, (void)offset, (void)data, (void)cap;
    return 0;
}

static int list(struct ddb_call *call, int (*each)(void *arg, const struct ddb_stored *stored),
                void *arg)
{
    (void)call, (void)each, (void)arg;
    return 0;
}

static int discard(struct ddb_call *call, const char *name)
{
    (void)call, (void)name;
    return 0;
}

static const char *locate(struct ddb_call *call, const char *name)
{
    (void)call;
    return name;
}

/* What a later minor version would add. */
struct newer_store {
    struct ddb_store known;
    int (*later)(struct ddb_call *call);
};

struct newer_plugin {
    struct ddb_plugin known;
    void (*later)(void);
};

static const struct newer_store ops = {
    .known =
        {
#if defined(OPS_SIZE)
            .size = OPS_SIZE,
#elif defined(LARGER)
            .size = sizeof(struct newer_store),
#elif defined(SMALLER)
            .size = offsetof(struct ddb_store, free_bytes),
#else
            .size = sizeof(struct ddb_store),
#endif
            .create = create,
            .write = put,
            .commit = done,
            .abort = done,
            .open = reopen,
            .read = LACKS ? NULL : get,
            .close = done,
            .list = list,
            .remove = discard,
            .locate = locate, /* with SMALLER: rubbish behind the end of the table */
        },
};

static int load(const struct ddb_host *services)
{
    host = services;
#ifdef LOAD_FAILS
    return -1;
#else
    host->log(NULL, DDB_LEVEL_INFO, "variant loaded");
    return 0;
#endif
}

static void unload(void)
{
    host->log(NULL, DDB_LEVEL_INFO, "variant unloaded");
}

static const struct newer_plugin plugin = {
    .known =
        {
#if defined(PLUGIN_SIZE)
            .size = PLUGIN_SIZE,
#elif defined(LARGER)
            .size = sizeof(struct newer_plugin),
#elif defined(SMALLER)
            .size = offsetof(struct ddb_plugin, load),
#else
            .size = sizeof(struct ddb_plugin),
#endif
            .abi = (uint64_t)MAJOR << 16 | MINOR,
            .kind = KIND,
#ifndef NO_NAME
            .name = "variant",
#endif
            .summary = "does nothing",
#ifndef NO_OPS
            .ops = &ops,
#endif
            .load = load,
            .unload = unload,
        },
};

#ifdef NO_FUNCTION
#define ENTRY other_name
#else
#define ENTRY ddb_plugin
#endif

DDB_EXPORT const struct ddb_plugin *ENTRY(void);

const struct ddb_plugin *ENTRY(void)
{
#ifdef NO_TABLE
    (void)plugin;
    return NULL;
#else
    return &plugin.known;
#endif
}

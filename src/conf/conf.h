/*
 * conf - the configuration file, read once, every mistake reported.
 *
 * libconfig syntax. Every mistake becomes one entry of an error list (class ERR_CONFIG): "FILE:LINE:
 * what is wrong", unknown keys with the nearest known one as a hint. Plugin groups (engine, stores,
 * snapshot) keep the keys that the core does not know; conf_check_plugin tests them against what
 * the loaded plugin declares. Everything lives in the arena given to conf_load. Changes: nothing.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

/* A setting inside a plugin's group. Scalars have `text` (durations and integers as written); lists
 * of strings have `list`. `quoted` tells "5" from 5. */
struct conf_value {
    const char *key;
    const char *text;
    bool quoted;
    const char *const *list;
    int line;
};

/* A group that configures a plugin: { plugin = "NAME"; … }. */
struct conf_plugin {
    const char *label; /* its name in the file: "engine", "local", … */
    const char *plugin;
    struct conf_value *values;
    size_t n;
    int line;
};

/* What a store keeps (0: this rule keeps nothing). Used by retention. */
struct conf_keep {
    int last, hourly, daily, weekly, monthly, yearly, min_keep;
    int64_t within_ms;
    int64_t partial_after_ms; /* when an unfinished file is taken for abandoned */
    bool given;
};

struct conf_store {
    struct conf_plugin plugin;
    struct conf_keep keep;
};

/* One rule about a column of a refreshed database. */
struct conf_mask {
    const char *column; /* "public.users.email", quoted as in SQL where that is needed */
    const char *with;   /* "keep", "null", "constant", "hash", "email" or "digits" */
    const char *value;  /* of a constant; else NULL */
    int line;
};

struct conf_masks {
    struct conf_mask *items;
    size_t n;
};

enum { CONF_JOBS_MOST = 256 };

enum conf_rung { RUNG_TRANSACTION, RUNG_DOWNGRADE, RUNG_RESTORE };

/* One environment, with every default filled in. */
struct env {
    const char *name;
    int line;
    const char *database;             /* as written: conninfo, URI, "env:NAME", "file:PATH", … */
    const char *maintenance_database; /* "postgres": where databases are created and renamed */
    bool is_protected;
    const char *target;               /* "head" or "heads" */
    const char *checksums;            /* of applied files: "ignore", "warn" or "strict" */
    struct {
        bool compare_type, compare_server_default;
        bool models;                  /* ask the project's models in verify and check */
    } strict;
    struct {
        struct conf_plugin plugin;    /* the settings of all of them; its name is the first one's */
        const char *const *plugins;   /* names; default "pgdump" */
        const char *const *stores;    /* labels; default: the first store */
        const char *require;          /* "all", "any" or a label */
        int compression_level, jobs;
        int64_t copy_threshold;       /* tables of so many bytes are copied by several sessions */
        int64_t max_memory;           /* bytes that taking one may use */
        const char *verify;           /* "fast", "full" or "restore" */
        const char *verify_shipped;   /* "fast" or "full": the copies in remote stores */
        int64_t ship_timeout_ms;      /* for remote stores, from the local file's end; 0: none */
        const char *const *recipients; /* "age1…": snapshots are encrypted for these; empty: they are not */
        const char *identity;         /* "file:PATH" or "env:NAME" that reads them; NULL: none */
    } snapshot;
    struct {
        int64_t lock_timeout_ms, statement_timeout_ms; /* 0: none */
        int retries;
        int64_t timeout_ms;           /* whole command; 0: none */
    } apply;
    int64_t lock_wait_ms;             /* how long to wait for another deployment */
    enum conf_rung recover[3];
    size_t n_recover;
    struct {
        const char *const *pre_deploy; /* contains "snapshot" where protected */
        const char *const *verify;
        const char *const *post_deploy;
        const char *const *on_failure;
        const char *const *post_refresh;
        int64_t timeout_ms;
    } hooks;
    struct {
        int64_t long_transaction_ms;  /* refuse when one is older; 0: never */
        int64_t free_bytes_margin;
    } preflight;
    struct {
        const char *from;              /* the environment whose snapshots it gets; NULL: none */
        int keep;                      /* how many replaced databases stay */
        struct conf_masks masks;
        const char *mask_salt;         /* as written: "env:NAME", "file:PATH"; NULL: none */
        bool mask_strict;              /* every column that may hold a text needs a rule */
        const char *const *exclude_data; /* tables that stay empty */
    } refresh;
};

struct conf {
    const char *path; /* absolute */
    const char *dir;  /* its directory: relative paths start here */
    const char *project;
    const char *state_dir;          /* absolute; journal, logs, fingerprints */
    const char *const *plugin_dirs; /* absolute; may be empty */
    struct conf_plugin engine;
    const char *version_table;        /* "alembic_version" */
    const char *version_table_schema; /* NULL: as the search path finds it */
    struct conf_store *stores;
    size_t n_stores;
    struct env *envs;
    size_t n_envs;
};

/* conf_find(arena, given): the file to read: ${given}, $DEPLOY_DB_CONFIG, ./deploy-db.cfg,
 * ./config/deploy-db.cfg, /etc/deploy-db/deploy-db.cfg; NULL when none exists. The first two are
 * taken even when they do not exist: conf_load says so. */
const char *conf_find(struct arena *arena, const char *given);

/* conf_load(arena, path, conf, errs): read and check. Returns 0, or -1 with at least one entry. Even
 * then ${conf} holds what could be read, so that plugins can be checked in the same run; what is
 * missing in the file is NULL (project, state_dir, engine.plugin, database). */
int conf_load(struct arena *arena, const char *path, struct conf **conf, struct errs *errs) CHECK;

/* conf_env(conf, name): NULL when there is none; conf_nearest_env gives the closest name or NULL. */
const struct env *conf_env(const struct conf *conf, const char *name);
const char *conf_nearest_env(const struct conf *conf, const char *name);
const struct conf_store *conf_store(const struct conf *conf, const char *label);

/* conf_show(conf, only, out): append "KEY = VALUE" lines for every key of the core that is in force, those of
 * environments below their names; ${only} NULL: of all environments. A connection string, which may hold a
 * password, and the plugins' own keys are left out. */
void conf_show(const struct conf *conf, const struct env *only, struct buf *out);

/* What a plugin declares (mirrors ddb_setting without knowing the plugin interface). */
enum conf_type { CONF_STRING = 1, CONF_INT, CONF_BOOL, CONF_LIST, CONF_DURATION, CONF_PATH };
struct conf_known {
    const char *key;
    enum conf_type type;
};

/* conf_check_plugin(conf, group, known, n, errs): unknown keys and wrong types in ${group}. */
int conf_check_plugin(const struct conf *conf, const struct conf_plugin *group,
                      const struct conf_known *known, size_t n, struct errs *errs) CHECK;

/* conf_value(group, key): NULL when it is not written in the file. */
const struct conf_value *conf_value(const struct conf_plugin *group, const char *key);

/* conf_duration(text, ms): "500ms", "5s", "2min", "1h", "7d", "0"; -1 when it is none of these. */
int conf_duration(const char *text, int64_t *ms) CHECK;

#endif

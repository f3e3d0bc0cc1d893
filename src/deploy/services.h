/*
 * services - one environment opened for work: its configuration, its database, its plugins, and the
 * table of services that those plugins call. host/ stays a leaf: what a plugin may ask for is
 * gathered here.
 */
#ifndef DEPLOY_SERVICES_H
#define DEPLOY_SERVICES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "host/host.h"
#include "pg/db.h"
#include "plugin.h"

struct journal;
struct ships;

/* A plugin with its group of the configuration: what a call needs besides its arguments. */
struct service {
    const char *label; /* "engine", "local", … */
    const struct plugin *plugin;
    const struct conf_plugin *group;
};

struct services {
    struct arena *arena;
    const struct conf *conf;
    const struct env *env;
    const char *config_dir;
    struct db_target *target;
    struct service engine;
    struct service snapshot; /* takes and reads the files in the stores; where none does, "pgdump" reads */
    bool takes_files;        /* a snapshot is a file in the stores … */
    struct service clone;    /* … or a database beside the live one, or both; plugin NULL: it is not */
    struct service *stores; /* those of the environment, in its order */
    size_t n_stores;
    struct journal *journal; /* where notes go; NULL outside of a run */
    const char *run;         /* the run's identifier; "" outside of one */
    int server_version;      /* of the environment's database, while a snapshot is taken; 0: not known */
    const char *exported;    /* the exported snapshot while one is taken */
    const char *const *exclude_rows; /* what it leaves to us while it loads: schema, name, … */
    const char *const *exclude_table_data; /* what the snapshot plugin leaves to us meanwhile */
    bool (*stopped)(void *arg); /* while other work goes on beside a plugin's, which it ends then */
    void *stopped_arg;
    struct ships **ships;    /* what is on its way to remote stores (ship.h); copies share it */
    size_t steps;            /* how many revisions an upgrade is expected to run; 0: not known */
    bool looks_only;         /* for a command that changes nothing: plugins may use what they kept */
    bool recovering;         /* children are not stopped by a cancel */
};

/* One use of a plugin. Its failure goes to ${err}; see services_end. */
struct ddb_call {
    struct services *services;
    const struct service *service;
    struct err *err;
    int64_t timeout_ms; /* for its children; 0: none */
    bool changes;       /* its sessions change the database: timeouts apply */
    bool is_downgrade;  /* what is asked about goes down */
    bool as_before;     /* the database is proven to be as the run found it */
    const char *cwd;
    char errors[2048];
};

/* services_open(arena, conf, env, services, errs): load the plugins that ${env} names, check their
 * settings, resolve the database. All mistakes go to ${errs}. ${env} NULL opens what commands need
 * that only read files: the engine. Changes: nothing. */
int services_open(struct arena *arena, const struct conf *conf, const struct env *env,
                  struct services **services, struct errs *errs) CHECK;

/* services_open_engine(arena, conf, group, services, errs): an engine alone, as ${group} configures it,
 * which need not be in ${conf}; ${conf} NULL: there is no configuration, relative paths start where we
 * are. Changes: nothing. */
int services_open_engine(struct arena *arena, const struct conf *conf,
                         const struct conf_plugin *group, struct services **services,
                         struct errs *errs) CHECK;

/* services_begin(services, service, err): a call whose failures go to ${err}. services_end(call, rc,
 * what, code): turn the callback's answer into 0 or -1; a -1 without a recorded failure is reported
 * as the plugin's bug in ${what}; ${code} becomes the class of the failure. */
struct ddb_call services_begin(struct services *services, const struct service *service,
                               struct err *err);
int services_end(struct ddb_call *call, int rc, const char *what, enum err_code code);

/* services_table(): the table itself, for probing a plugin. */
const struct ddb_host *services_table(void);

#endif

/*
 * fakehost - a host for testing plugins: struct ddb_host over plain memory.
 *
 * A test includes "fakehost.c" (it is linked with the plugin's objects and base only; where the
 * Makefile adds pg, and so defines FAKEHOST_pg, the services split and comments are there, and are the
 * real ones; with revision, file_name). Children run for real, through base's proc. Everything a plugin reports is kept for the
 * test to look at.
 */
#ifndef HARNESS_FAKEHOST_H
#define HARNESS_FAKEHOST_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "plugin.h"

enum { FAKEHOST_MAX = 32 };

struct fakehost_pair {
    const char *key;
    const char *value;
    const char *const *list;
};

/* The call that is handed to the plugin. The fields are for tests to read and, where noted, write. */
struct ddb_call {
    const struct ddb_plugin *plugin;
    struct arena *arena;
    struct err err;          /* what fail(), detail() and hint() recorded; code ERR_NONE: nothing */
    struct buf log;          /* "level: line\n" of each log() */
    struct fakehost_pair settings[FAKEHOST_MAX], facts[FAKEHOST_MAX], notes[FAKEHOST_MAX];
    size_t n_settings, n_facts, n_notes;
    struct strvec env;       /* what database_env() gives, less PGDATABASE=… for a named database */
    const char *conninfo;    /* write: what conninfo() gives; NULL: DDB_TEST_CONNINFO */
    const char *cwd;         /* write: working directory of children that name none */
    bool cancelled;          /* write: what cancelled() answers; children are stopped too */
    char errors[2048];       /* what errors() gives: the latest child's standard error */
    int64_t progress_done, progress_total;
    int n_runs;              /* children run so far */
    const char *const *exclude_rows; /* write: what fact_list() gives for this key */
};

/* fakehost_open(plugin): load the plugin with this host; a call to hand to its functions.
 * fakehost_close() unloads it and frees everything. */
struct ddb_call *fakehost_open(const struct ddb_plugin *plugin);
void fakehost_close(struct ddb_call *call);

/* Texts are borrowed until fakehost_close. A value of NULL removes the entry. */
void fakehost_setting(struct ddb_call *call, const char *key, const char *value);
void fakehost_setting_list(struct ddb_call *call, const char *key, const char *const *list);
void fakehost_fact(struct ddb_call *call, const char *key, const char *value);

/* fakehost_clear(call): forget the failure and the log. */
void fakehost_clear(struct ddb_call *call);

/* The services alone, for a test that wants to change some of them. */
extern const struct ddb_host fakehost_services;

#endif

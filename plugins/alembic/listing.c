/* listing - see listing.h. */
#include "listing.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ahead.h"
#include "driver.h"
#include "header_cache.h"
#include "project.h"
#include "python.h"
#include "scan.h"

/* One listing of the revisions. */
struct listing {
    struct ddb_call *call;
    int (*each)(void *arg, const struct ddb_revision *revision);
    void *arg;
    struct header_cache *cache; /* NULL: nothing is kept */
    struct header loaded;       /* the current file's, from there */
    struct ahead *ahead;        /* those that have to be read */
    bool is_whole;              /* all were listed */
    json_t *told; /* by Alembic, once a file could not be read without it; NULL: not asked yet */
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static const char *const *strings(struct ddb_call *call, const json_t *array)
{
    struct list list = {0};
    const json_t *item;
    size_t i;

    json_array_foreach(array, i, item) list_push(call, &list, json_string_value(item));
    return list_vector(&list);
}

/* Hand over what Alembic said; ${path} is where the file is here, "" for nowhere. Strings live as
 * long as ${told} does. */
static int hand_told(struct listing *listing, const json_t *told, const char *path)
{
    struct ddb_revision revision = {
        .size = sizeof revision,
        .id = driver_text(told, "id"),
        .doc = driver_text(told, "doc"),
        .path = path,
        .down = strings(listing->call, json_object_get(told, "down")),
        .labels = strings(listing->call, json_object_get(told, "labels")),
        .depends_on = strings(listing->call, json_object_get(told, "depends_on")),
    };

    return listing->each(listing->arg, &revision);
}

/* All revisions from Alembic itself: the project is not readable here. */
static int list_by_driver(struct listing *listing, const char *why)
{
    struct ddb_call *call = listing->call;
    bool is_remote = python_is_remote(call);
    const json_t *told;
    size_t i;

    if (driver_ask(call, json_pack("{ss}", "mode", "revisions"),
                   "could not list the revisions with Alembic", "revision", &listing->told) != 0)
        return alembic_host->detail(call, "Alembic was asked because %s", why);
    json_array_foreach(listing->told, i, told) {
        const char *path = driver_text(told, "path");

        if (hand_told(listing, told, is_remote || access(path, R_OK) != 0 ? "" : path) != 0)
            break;
    }
    return 0;
}

/* What Alembic says about one file; in a container the folders may have other names. */
static const json_t *find_told(const struct listing *listing, const char *path)
{
    const json_t *told, *found = NULL;
    size_t i, n = 0;

    json_array_foreach(listing->told, i, told) {
        if (strcmp(driver_text(told, "path"), path) == 0)
            return told;
        if (strcmp(base_name(driver_text(told, "path")), base_name(path)) == 0) {
            found = told;
            n++;
        }
    }
    return n == 1 ? found : NULL;
}

static int hand_by_driver(struct listing *listing, const struct header *header, const char *path,
                          bool *stop)
{
    struct ddb_call *call = listing->call;
    const char *what = alembic_host->format(
        call, "could not read %s in line %d of \"%s\", and Alembic could not either",
        header->unknown_name, header->unknown_line, path);
    const json_t *told;

    if (listing->told == NULL) {
        ahead_settle(listing->ahead);
        alembic_host->log(call, DDB_LEVEL_DETAIL, "%s in line %d of \"%s\" is not a literal: "
                          "asking Alembic", header->unknown_name, header->unknown_line, path);
        if (driver_ask(call, json_pack("{ss}", "mode", "revisions"), what, "revision",
                       &listing->told) != 0)
            return -1;
    }
    told = find_told(listing, path);
    if (told == NULL)
        return alembic_host->fail(call, "could not read %s in line %d of \"%s\", and Alembic does "
                                  "not list the file", header->unknown_name, header->unknown_line,
                                  path);
    *stop = hand_told(listing, told, path) != 0;
    return 0;
}

/* The identifier of a file that declares none: of old, a name of hexadecimal digits. NULL: none. */
static const char *id_from_name(struct ddb_call *call, const char *path)
{
    const char *name = base_name(path);
    size_t n = strspn(name, "0123456789abcdef");

    if (n == 0 || strcmp(name + n, ".py") != 0)
        return NULL;
    return alembic_host->format(call, "%.*s", (int)n, name);
}

/* ${doc}, one of the header's strings, without the blanks around it. */
static const char *stripped(const struct header *header, const char *doc)
{
    static const char blanks[] = " \t\n\r\f\v";
    size_t n;

    doc += strspn(doc, blanks);
    n = strlen(doc);
    while (n > 0 && strchr(blanks, doc[n - 1]) != NULL)
        n--;
    header->strings[(size_t)(doc - header->strings) + n] = '\0';
    return doc;
}

static int hand_header(struct listing *listing, const struct header *header, const char *path,
                       bool *stop)
{
    struct ddb_call *call = listing->call;
    const char *id = header_list(header, HEADER_REVISION)[0];
    const char *doc = header_list(header, HEADER_DOC)[0];
    struct ddb_revision revision = {
        .size = sizeof revision,
        .id = id != NULL ? id : id_from_name(call, path),
        .doc = doc != NULL ? stripped(header, doc) : "",
        .path = path,
        .down = header_list(header, HEADER_DOWN),
        .labels = header_list(header, HEADER_LABELS),
        .depends_on = header_list(header, HEADER_DEPENDS),
    };

    if (revision.id == NULL) {
        alembic_host->fail(call, "\"%s\" declares no revision", path);
        return alembic_host->hint(call, "Move files that are no migrations out of the version "
                                        "location: Alembic refuses them too.");
    }
    *stop = listing->each(listing->arg, &revision) != 0;
    return 0;
}

/* The file ${path}, which has to be read: the next one of those read ahead. */
static int read_file(struct listing *listing, const char *path, bool *stop)
{
    const struct header *header;
    const struct header_stamp *stamp;
    int rc = ahead_next(listing->ahead, &header, &stamp);

    if (rc < 0)
        return alembic_host->fail(listing->call, "could not read \"%s\": %s", path,
                                  strerror(errno));
    if (rc == 0 && listing->cache != NULL)
        header_cache_put(listing->cache, path, stamp, header);
    return rc == 0 ? hand_header(listing, header, path, stop)
                   : hand_by_driver(listing, header, path, stop);
}

/* The file ${path}, of which the cache has ${entry}; NULL: nothing. */
static int list_file(struct listing *listing, const struct header_entry *entry, const char *path,
                     bool *stop)
{
    if (entry == NULL)
        return read_file(listing, path, stop);
    header_cache_keep(listing->cache, entry);
    header_entry_load(entry, &listing->loaded);
    return hand_header(listing, &listing->loaded, path, stop);
}

/* What the cache has of ${files}, one by one, and those that have to be read. */
static const struct header_entry **find_known(struct listing *listing, const struct list *files,
                                              struct list *unknown)
{
    struct ddb_call *call = listing->call;
    const struct header_entry **entries =
        alembic_host->alloc(call, (files->n + 1) * sizeof *entries);

    for (size_t i = 0; i < files->n; i++) {
        if (listing->cache != NULL)
            entries[i] = header_cache_find(listing->cache, files->v[i]);
        if (entries[i] == NULL)
            list_push(call, unknown, files->v[i]);
    }
    return entries;
}

static int list_files(struct listing *listing, const struct list *files)
{
    struct ddb_call *call = listing->call;
    struct list unknown = {0};
    const struct header_entry **entries = find_known(listing, files, &unknown);
    bool stop = false;
    int rc = 0;

    listing->ahead = ahead_open(list_vector(&unknown), unknown.n, PROJECT_MAX_FILE,
                                listing->cache != NULL);
    for (size_t i = 0; rc == 0 && !stop && i < files->n; i++)
        rc = alembic_host->cancelled(call) ? alembic_host->fail(call, "cancelled")
                                           : list_file(listing, entries[i], files->v[i], &stop);
    ahead_close(listing->ahead);
    header_release(&listing->loaded);
    listing->is_whole = rc == 0 && !stop;
    return rc;
}

/* Reading so few is as fast as asking whether they have changed. */
enum { LEAST_CACHED = 1000 };

/* Where the project can be read from here. What is kept of it is looked at while its folders are. */
static int list_here(struct listing *listing, const struct locations *locations)
{
    const char *kept = alembic_host->fact(listing->call, "cache_dir");
    struct list files = {0};
    int rc;

    if (kept != NULL)
        listing->cache = header_cache_open(kept);
    rc = scan_files(listing->call, locations, &files);
    if (listing->cache != NULL)
        header_cache_settle(listing->cache);
    if (rc == 0)
        rc = list_files(listing, &files);
    header_cache_close(listing->cache, listing->is_whole && files.n >= LEAST_CACHED);
    return rc;
}

int listing_revisions(struct ddb_call *call,
                      int (*each)(void *arg, const struct ddb_revision *revision), void *arg)
{
    struct listing listing = {.call = call, .each = each, .arg = arg};
    struct project project;
    struct locations locations;
    int rc;

    project_open(call, &project);
    if (project_locations(call, &project, &locations) != 0)
        return -1;
    rc = locations.unknown != NULL ? list_by_driver(&listing, locations.unknown)
                                   : list_here(&listing, &locations);
    json_decref(listing.told);
    return rc;
}

/* place - see place.h. */
#include "place.h"

#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

enum { SLUG_CHARS = 40 }; /* Alembic's default of truncate_slug_length */

const char *place_moment(struct ddb_call *call, const char *create_date)
{
    struct timeval now;
    struct tm local;
    char text[64];

    if (create_date != NULL)
        return create_date;
    (void)gettimeofday(&now, NULL);
    (void)strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", localtime_r(&now.tv_sec, &local));
    return now.tv_usec == 0 ? alembic_host->format(call, "%s", text)
                            : alembic_host->format(call, "%s.%06ld", text, (long)now.tv_usec);
}

/* --- the folder -------------------------------------------------------------------------------*/

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static const char *folder_of(struct ddb_call *call, const char *path)
{
    return alembic_host->format(call, "%.*s", (int)(base_name(path) - path), path);
}

/* The version location that is the absolute ${path}; NULL: none. */
static const char *location_at(struct ddb_call *call, const struct locations *locations,
                               const char *path)
{
    path = project_normal(call, path);
    for (size_t i = 0; i < locations->configured.n; i++)
        if (strcmp(locations->configured.v[i], path) == 0)
            return path;
    return NULL;
}

static int no_location(struct ddb_call *call, const struct locations *locations, const char *path)
{
    alembic_host->fail(call, "\"%s\" is none of the version locations", path);
    for (size_t i = 0; i < locations->configured.n; i++)
        alembic_host->detail(call, "version location: \"%s\"", locations->configured.v[i]);
    return alembic_host->hint(call, "Name one of them with --version-path, from the project's "
                                    "directory on or absolute.");
}

/* --version-path, from the project's directory on as Alembic has it, or from where we are. */
static int chosen_folder(struct ddb_call *call, const struct project *project,
                         const struct locations *locations, const char *path, const char **folder)
{
    char *real;

    *folder = location_at(call, locations,
                          path[0] == '/' ? path
                                         : alembic_host->format(call, "%s/%s", project->directory,
                                                                path));
    if (*folder != NULL)
        return 0;
    real = realpath(path, NULL);
    if (real != NULL)
        *folder = location_at(call, locations, real);
    free(real);
    return *folder != NULL ? 0 : no_location(call, locations, path);
}

static int find_folder(struct ddb_call *call, const struct project *project,
                       const struct locations *locations, const struct ddb_new_revision *revision,
                       const char **folder, const char **why)
{
    if (revision->version_path != NULL)
        return chosen_folder(call, project, locations, revision->version_path, folder);
    *folder = locations->configured.v[0];
    if (locations->configured.n == 1)
        return 0;
    *folder = NULL;
    if (revision->down[0] == NULL) {
        alembic_host->fail(call, "there are %zu version locations, and a revision without a parent "
                                 "may go to any of them", locations->configured.n);
        for (size_t i = 0; i < locations->configured.n; i++)
            alembic_host->detail(call, "version location: \"%s\"", locations->configured.v[i]);
        return alembic_host->hint(call, "Name one with --version-path.");
    }
    if (revision->beside == NULL || *revision->beside == '\0') {
        *why = alembic_host->format(call, "the file of \"%s\" is not here", revision->down[0]);
        return 0;
    }
    *folder = location_at(call, locations, folder_of(call, revision->beside));
    if (*folder != NULL)
        return 0;
    if (!locations->recursive)
        return no_location(call, locations, folder_of(call, revision->beside));
    *why = alembic_host->format(call, "\"%s\" is below a version location", revision->beside);
    return 0;
}

/* --- the name ---------------------------------------------------------------------------------*/

/* truncate_slug_length; 0: only Python can tell. */
static size_t slug_chars(const char *text)
{
    char *end;
    long n;

    if (text == NULL || *text == '\0')
        return SLUG_CHARS;
    n = strtol(text, &end, 10);
    if (*end != '\0' || n < 0 || n > 1000)
        return 0;
    return n == 0 ? SLUG_CHARS : (size_t)n;
}

static int find_name(struct ddb_call *call, const struct config *options,
                     const struct ddb_new_revision *revision, const char *moment,
                     const char **name, const char **why)
{
    struct ddb_file_name wanted = {
        .size = sizeof wanted,
        .id = revision->id,
        .message = revision->message,
        .moment = moment,
    };
    const char *length;
    int rc;

    if (config_get(call, options, "file_template", &wanted.file_template) != 0 ||
        config_get(call, options, "truncate_slug_length", &length) != 0)
        return -1;
    wanted.slug_length = slug_chars(length);
    if (wanted.slug_length == 0) {
        *why = alembic_host->format(call, "truncate_slug_length is \"%s\"", length);
        return 0;
    }
    rc = alembic_host->file_name(call, &wanted, name);
    if (rc < 0)
        return -1;
    if (*name == NULL || strchr(*name, '/') != NULL)
        *why = wanted.file_template == NULL
                   ? "the identifier has a slash"
                   : alembic_host->format(call, "file_template is \"%s\"", wanted.file_template);
    else if (rc > 0)
        *why = "the message has characters that only Python can put into a file's name";
    if (*why != NULL)
        *name = NULL;
    return 0;
}

int place_find(struct ddb_call *call, const struct project *project,
               const struct locations *locations, const struct ddb_new_revision *revision,
               const char *moment, const char **path, const char **why)
{
    const char *folder = NULL, *name = NULL;

    *path = NULL;
    *why = NULL;
    if (find_folder(call, project, locations, revision, &folder, why) != 0 ||
        find_name(call, locations->options, revision, moment, &name, why) != 0)
        return -1;
    if (folder != NULL && name != NULL)
        *path = alembic_host->format(call, "%s/%s.py", folder, name);
    return 0;
}

/* place - see place.h. */
#include "place.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "pytext.h"

enum { SLUG_CHARS = 40 }; /* Alembic's default of truncate_slug_length */

int place_moment(struct ddb_call *call, const char *create_date, struct moment *moment)
{
    struct timeval now;
    char text[64];

    *moment = (struct moment){0};
    if (create_date == NULL) {
        (void)gettimeofday(&now, NULL);
        moment->epoch = now.tv_sec;
        (void)localtime_r(&moment->epoch, &moment->local);
        (void)strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &moment->local);
        moment->text = now.tv_usec == 0
                           ? alembic_host->format(call, "%s", text)
                           : alembic_host->format(call, "%s.%06ld", text, (long)now.tv_usec);
        return 0;
    }
    if (strptime(create_date, "%Y-%m-%d %H:%M:%S", &moment->local) == NULL)
        return alembic_host->fail(call, "\"%s\" is no date and time", create_date);
    moment->local.tm_isdst = -1;
    moment->epoch = mktime(&moment->local);
    moment->text = create_date;
    return 0;
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

struct token {
    const char *name;
    const char *text; /* for "%(name)s"; NULL: a number */
    long long number;
};

/* The conversion behind "%(name)" at ${spec}; its value, or NULL when only Python can tell. */
static const char *convert(struct ddb_call *call, const struct token *token, const char *spec,
                           size_t n)
{
    bool zero = n > 1 && spec[0] == '0', exact = n > 1 && spec[0] == '.';
    size_t at = zero || exact;
    int width = 0;

    if (token->text != NULL)
        return n == 1 && *spec == 's' ? token->text : NULL;
    if (n - at > 3)
        return NULL;
    for (; at + 1 < n; at++) {
        if (spec[at] < '0' || spec[at] > '9')
            return NULL;
        width = width * 10 + spec[at] - '0';
    }
    if (spec[at] != 'd' && spec[at] != 'i' && (spec[at] != 's' || n > 1))
        return NULL;
    if (exact)
        return alembic_host->format(call, "%.*lld", width, token->number);
    if (zero)
        return alembic_host->format(call, "%0*lld", width, token->number);
    return alembic_host->format(call, "%*lld", width, token->number);
}

/* "%(name)CONVERSION" at ${text}, which becomes what follows it. */
static const char *token_at(struct ddb_call *call, const struct token *tokens, const char **text)
{
    const char *close = (*text)[1] == '(' ? strchr(*text, ')') : NULL;
    size_t n;

    if (close == NULL)
        return NULL;
    n = strspn(close + 1, "0123456789.") + 1;
    for (; tokens->name != NULL; tokens++)
        if (strlen(tokens->name) == (size_t)(close - *text - 2) &&
            strncmp(tokens->name, *text + 2, strlen(tokens->name)) == 0) {
            *text = close + 1 + n;
            return convert(call, tokens, close + 1, n);
        }
    return NULL;
}

/* The name by ${template}; NULL when only Python can tell. */
static const char *expand(struct ddb_call *call, const char *template, const struct token *tokens)
{
    const char *out = "", *value;

    while (*template != '\0') {
        size_t n = strcspn(template, "%");

        out = alembic_host->format(call, "%s%.*s", out, (int)n, template);
        template += n;
        if (*template == '\0')
            break;
        if (template[1] == '%') {
            value = "%";
            template += 2;
        } else {
            value = token_at(call, tokens, &template);
        }
        if (value == NULL)
            return NULL;
        out = alembic_host->format(call, "%s%s", out, value);
    }
    return out;
}

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
                     const struct ddb_new_revision *revision, const struct moment *moment,
                     const char **name, const char **why)
{
    const char *template, *length;
    const struct tm *tm = &moment->local;
    struct token tokens[] = {
        {"slug", NULL, 0},
        {"rev", revision->id, 0},
        {"epoch", NULL, moment->epoch},
        {"year", NULL, tm->tm_year + 1900},
        {"month", NULL, tm->tm_mon + 1},
        {"day", NULL, tm->tm_mday},
        {"hour", NULL, tm->tm_hour},
        {"minute", NULL, tm->tm_min},
        {"second", NULL, tm->tm_sec},
        {NULL, NULL, 0},
    };

    if (config_get(call, options, "file_template", &template) != 0 ||
        config_get(call, options, "truncate_slug_length", &length) != 0)
        return -1;
    if (slug_chars(length) == 0) {
        *why = alembic_host->format(call, "truncate_slug_length is \"%s\"", length);
        return 0;
    }
    tokens[0].text = pytext_slug(call, revision->message, slug_chars(length));
    if (tokens[0].text == NULL) {
        *why = "the message has characters that only Python can put into a file's name";
        return 0;
    }
    template = template == NULL ? "%(rev)s_%(slug)s" : template;
    *name = expand(call, template, tokens);
    if (*name == NULL || strchr(*name, '/') != NULL) {
        *name = NULL;
        *why = alembic_host->format(call, "file_template is \"%s\"", template);
    }
    return 0;
}

int place_find(struct ddb_call *call, const struct project *project,
               const struct locations *locations, const struct ddb_new_revision *revision,
               const struct moment *moment, const char **path, const char **why)
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

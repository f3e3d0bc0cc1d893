/* project - see project.h. */
#include "project.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "python.h"

enum { FIRST_READ = 16 * 1024 };

void project_open(struct ddb_call *call, struct project *project)
{
    project->directory = alembic_host->setting(call, "directory");
    project->config = alembic_host->setting(call, "config");
    project->section = alembic_host->setting(call, "section");
    project->is_here = access(project->directory, R_OK | X_OK) == 0;
}

/* What keeps an open file from being read as one, as an errno; 0: nothing. ${size} is its length. */
static int examine(int fd, size_t most, size_t *size)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return errno;
    if (!S_ISREG(st.st_mode))
        return S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
    *size = (size_t)st.st_size;
    return *size > most ? EFBIG : 0;
}

static void make_room(struct project_text *text, size_t size)
{
    if (text->cap > size)
        return;
    text->cap = size + FIRST_READ + 1;
    text->at = realloc(text->at, text->cap);
    if (text->at == NULL)
        abort(); /* as the rest of the program does */
}

/* An open file into ${text}. Most end with the first read; only one that is empty or longer is
 * looked at, as it may be no file at all. Returns 0 or an errno. */
static int read_all(int fd, size_t most, struct project_text *text)
{
    size_t size = 0;

    text->n = 0;
    make_room(text, FIRST_READ);
    for (;;) {
        ssize_t got = read(fd, text->at + text->n, text->cap - 1 - text->n);
        bool is_first = text->n == 0;
        int errnum;

        if (got < 0 && errno != EINTR)
            return errno;
        text->n += got > 0 ? (size_t)got : 0;
        if ((got == 0 && !is_first) || (got > 0 && text->n < text->cap - 1))
            break;
        errnum = examine(fd, most, &size);
        if (errnum != 0)
            return errnum;
        if (got == 0)
            break;
        make_room(text, size);
    }
    text->at[text->n] = '\0';
    return text->n > most ? EFBIG : 0;
}

/* The folder of ${path}, open; AT_FDCWD when it cannot be opened. */
static int folder_fd(struct project_folder *folder, const char *path, size_t n)
{
    char *name;

    if (folder->fd >= 0 && folder->n == n && memcmp(folder->path, path, n) == 0)
        return folder->fd;
    project_close_folder(folder);
    name = strndup(path, n);
    folder->fd = name == NULL ? -1 : open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    folder->path = path;
    folder->n = n;
    free(name);
    return folder->fd >= 0 ? folder->fd : AT_FDCWD;
}

void project_close_folder(struct project_folder *folder)
{
    if (folder->fd >= 0)
        close(folder->fd);
    folder->fd = -1;
}

/* The folder to look for ${path} in, and under which name. */
static int place_of(struct project_folder *folder, const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    int from = slash == NULL ? AT_FDCWD : folder_fd(folder, path, (size_t)(slash - path) + 1);

    *name = from == AT_FDCWD ? path : slash + 1;
    return from;
}

void project_look(struct project_folder *folder, const char *path, struct header_stamp *stamp)
{
    const char *name;
    int from = place_of(folder, path, &name);

    header_stamp_of(from, name, stamp);
}

int project_read_into(struct project_folder *folder, const char *path, size_t most,
                      struct project_text *text, struct header_stamp *stamp)
{
    const char *name;
    int from = place_of(folder, path, &name);
    int fd = openat(from, name,
                    O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a FIFO must not hang us */
    int errnum;

    if (fd < 0)
        return -1;
    if (stamp != NULL)
        header_stamp_of(fd, "", stamp);
    errnum = read_all(fd, most, text);
    close(fd);
    errno = errnum;
    return errnum == 0 ? 0 : -1;
}

int project_read(const char *path, size_t cap, char **text, size_t *n)
{
    struct project_folder folder = {.fd = -1};
    struct project_text got = {0};
    int rc = project_read_into(&folder, path, cap, &got, NULL), errnum = errno;

    project_close_folder(&folder);
    *text = rc == 0 ? got.at : NULL;
    *n = rc == 0 ? got.n : 0;
    if (rc != 0)
        free(got.at);
    errno = errnum;
    return rc;
}

static const char *below(struct ddb_call *call, const char *directory, const char *path)
{
    return path[0] == '/' ? path : alembic_host->format(call, "%s/%s", directory, path);
}

const char *project_normal(struct ddb_call *call, const char *path)
{
    char *out = alembic_host->alloc(call, strlen(path) + 2);
    size_t n = 0;

    while (*path != '\0') {
        size_t len = strcspn(path, "/");

        if (len == 2 && strncmp(path, "..", 2) == 0) {
            while (n > 0 && out[--n] != '/')
                ;
        } else if (len > 0 && !(len == 1 && *path == '.')) {
            out[n++] = '/';
            memcpy(out + n, path, len);
            n += len;
        }
        path += len + (path[len] == '/');
    }
    if (n == 0)
        out[n++] = '/';
    out[n] = '\0';
    return out;
}

/* --- version locations -------------------------------------------------------------------------*/

/* A name with a colon that is no absolute path is a folder inside a Python package. */
static bool is_package(const char *location)
{
    return location[0] != '/' && strchr(location, ':') != NULL;
}

static void add_location(struct ddb_call *call, const struct project *project,
                         struct locations *locations, const char *start, size_t n)
{
    const char *location;

    while (n > 0 && strchr(" \t\r\n\f\v", start[0]) != NULL)
        start++, n--;
    while (n > 0 && strchr(" \t\r\n\f\v", start[n - 1]) != NULL)
        n--;
    if (n == 0)
        return;
    location = alembic_host->format(call, "%.*s", (int)n, start);
    if (is_package(location))
        locations->unknown = alembic_host->format(
            call, "the version location \"%s\" is inside a Python package", location);
    list_push(call, &locations->paths,
              project_normal(call, below(call, project->directory, location)));
}

/* Which characters part the version locations; NULL after a failure. */
static const char *separators(struct ddb_call *call, const struct config *config)
{
    static const char *const known[][2] = {
        {"space", " "}, {"newline", "\n"}, {"os", ":"}, {":", ":"}, {";", ";"}};
    const char *name = "path_separator", *value;

    if (config_get(call, config, name, &value) != 0)
        return NULL;
    if (value == NULL) {
        name = "version_path_separator";
        if (config_get(call, config, name, &value) != 0)
            return NULL;
    }
    if (value == NULL)
        return ", "; /* Alembic's way of old */
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i][0], value) == 0)
            return known[i][1];
    alembic_host->fail(call, "\"%s\" sets %s to \"%s\", which Alembic does not know", config->path,
                       name, value);
    alembic_host->hint(call, "Use os, space, newline, \":\" or \";\"; a comment needs a line of its "
                             "own.");
    return NULL;
}

static int split_locations(struct ddb_call *call, const struct project *project,
                           const struct config *config, const char *text,
                           struct locations *locations)
{
    const char *separator = separators(call, config);

    if (separator == NULL)
        return -1;
    while (*text != '\0') {
        size_t n = strcspn(text, separator);

        add_location(call, project, locations, text, n);
        text += n + (text[n] != '\0');
    }
    return 0;
}

/* --- existence ---------------------------------------------------------------------------------*/

static bool is_directory(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* What is missing here may be in the container where the command runs. */
static int missing(struct ddb_call *call, struct locations *locations, const char *what,
                   const char *path)
{
    if (!python_is_remote(call)) {
        alembic_host->fail(call, "the %s \"%s\" does not exist", what, path);
        return alembic_host->hint(call, "Check script_location and version_locations in alembic.ini "
                                        "and the engine's setting \"directory\".");
    }
    locations->unknown =
        alembic_host->format(call, "the %s \"%s\" does not exist here", what, path);
    return 0;
}

/* Alembic passes over configured locations that do not exist; without any there is no project. */
static int keep_existing(struct ddb_call *call, struct locations *locations)
{
    struct list paths = locations->paths;

    locations->paths = (struct list){0};
    for (size_t i = 0; i < paths.n; i++) {
        if (is_directory(paths.v[i]))
            list_push(call, &locations->paths, paths.v[i]);
        else
            alembic_host->log(call, DDB_LEVEL_WARNING,
                              "the version location \"%s\" does not exist", paths.v[i]);
    }
    if (locations->paths.n > 0)
        return 0;
    return missing(call, locations, "version location", paths.n > 0 ? paths.v[0] : "");
}

/* --- alembic.ini -------------------------------------------------------------------------------*/

static int from_config(struct ddb_call *call, const struct project *project,
                       const struct config *config, struct locations *locations)
{
    const char *script, *versions, *recursive, *path;

    if (config_get(call, config, "script_location", &script) != 0 ||
        config_get(call, config, "version_locations", &versions) != 0 ||
        config_get(call, config, "recursive_version_locations", &recursive) != 0)
        return -1;
    if (script == NULL || *script == '\0') {
        alembic_host->fail(call, "\"%s\" has no script_location in section [%s]", config->path,
                           project->section);
        return alembic_host->hint(call, "Name the section with the engine's setting \"section\".");
    }
    locations->recursive = recursive != NULL && strcmp(recursive, "true") == 0;
    if (is_package(script)) {
        locations->unknown = alembic_host->format(
            call, "script_location \"%s\" is inside a Python package", script);
        return 0;
    }
    path = below(call, project->directory, script);
    if (!is_directory(path))
        return missing(call, locations, "script location", path);
    locations->script = path;
    if (versions != NULL && *versions != '\0') {
        if (split_locations(call, project, config, versions, locations) != 0)
            return -1;
        locations->configured = locations->paths;
        return locations->unknown != NULL ? 0 : keep_existing(call, locations);
    }
    path = project_normal(call, alembic_host->format(call, "%s/versions", path));
    list_push(call, &locations->paths, path);
    locations->configured = locations->paths;
    return is_directory(path) ? 0 : missing(call, locations, "version location", path);
}

/* Whether the project's pyproject.toml configures Alembic (1.16 and later). */
static bool has_toml(struct ddb_call *call, const struct project *project)
{
    const char *path = below(call, project->directory, "pyproject.toml");
    char *text;
    size_t n;
    bool found = false;

    if (project_read(path, PROJECT_MAX_FILE, &text, &n) == 0)
        found = memmem(text, n, "[tool.alembic", 13) != NULL;
    free(text);
    return found;
}

/* The options stay for whoever writes a revision file. */
static int keep_options(struct ddb_call *call, const char *text, size_t n,
                        const struct config *config, struct locations *locations)
{
    struct config *options = alembic_host->alloc(call, sizeof *options);
    struct config hooks = {.path = config->path, .here = config->here};
    const char *names;

    if (config_read(call, text, n, "post_write_hooks", &hooks) != 0 ||
        config_get(call, &hooks, "hooks", &names) != 0)
        return -1;
    *options = *config;
    locations->options = options;
    locations->has_hooks = names != NULL && *names != '\0';
    return 0;
}

int project_locations(struct ddb_call *call, const struct project *project,
                      struct locations *locations)
{
    const char *slash = strrchr(project->config, '/');
    struct config config = {0};
    char *text = NULL;
    size_t n;
    int rc = 0;

    *locations = (struct locations){0};
    config.path = below(call, project->directory, project->config);
    locations->config = config.path;
    config.here = alembic_host->format(call, "%.*s", (int)(strrchr(config.path, '/') - config.path),
                                       config.path);
    if (!project->is_here)
        locations->unknown = alembic_host->format(call, "directory \"%s\" cannot be read here",
                                                  project->directory);
    else if (strcmp(slash != NULL ? slash + 1 : project->config, "pyproject.toml") == 0 ||
             has_toml(call, project))
        locations->unknown = "pyproject.toml configures Alembic";
    else if (project_read(config.path, PROJECT_MAX_FILE, &text, &n) != 0)
        locations->unknown = alembic_host->format(call, "\"%s\" cannot be read here: %s",
                                                  config.path, strerror(errno));
    else if (config_read(call, text, n, project->section, &config) != 0)
        rc = -1;
    else
        rc = from_config(call, project, &config, locations) == 0
                 ? keep_options(call, text, n, &config, locations)
                 : -1;
    free(text);
    return rc;
}

/* folder - see folder.h. */
#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

enum { REPORTED_MAX = 20 };

/* --- locations ---------------------------------------------------------------------------------*/

static bool has(const char *const *list, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], text) == 0)
            return true;
    return false;
}

int folder_locations(struct ddb_call *call, const char *const **folders)
{
    static const char *const fallback[] = {"versions", NULL};
    const char *directory = sql_host->setting(call, "directory");
    const char *const *names = sql_host->settings(call, "version_locations");
    const char **found;
    size_t max = 0, n = 0;
    int rc = 0;

    if (names == NULL || names[0] == NULL)
        names = fallback;
    while (names[max] != NULL)
        max++;
    found = sql_host->alloc(call, (max + 1) * sizeof *found);
    for (size_t i = 0; i < max; i++) {
        const char *path = names[i][0] == '/' ? names[i]
                           : sql_host->format(call, "%s/%s", directory, names[i]);
        char real[PATH_MAX];
        struct stat st;

        if (realpath(path, real) == NULL || stat(real, &st) != 0)
            rc = sql_host->fail(call, "version location \"%s\" cannot be read: %s", path,
                                strerror(errno));
        else if (!S_ISDIR(st.st_mode))
            rc = sql_host->fail(call, "version location \"%s\" is no folder", path);
        else if (!has(found, n, real))
            found[n++] = sql_host->format(call, "%s", real);
    }
    *folders = found;
    return rc == 0 ? 0 : sql_host->hint(call, "Create the folder, or name others with the settings "
                                              "\"directory\" and \"version_locations\" of the "
                                              "engine.");
}

/* --- files -------------------------------------------------------------------------------------*/

struct found {
    const char *path;
    dev_t dev;
    ino_t ino;
    size_t i; /* in load order */
};

struct search {
    struct ddb_call *call;
    bool is_recursive;
    struct found *files; /* heap */
    size_t n, cap;
};

/* The names in one folder. */
struct names {
    char **v; /* heap, as its strings */
    size_t n, cap;
};

static int no_memory(struct ddb_call *call)
{
    return sql_host->fail(call, "out of memory");
}

static void names_release(struct names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->v[i]);
    free(names->v);
}
#define auto_names __attribute__((cleanup(names_release)))

static int names_add(struct ddb_call *call, struct names *names, const char *name)
{
    if (names->n == names->cap) {
        size_t cap = names->cap == 0 ? 64 : names->cap * 2;
        char **grown = realloc(names->v, cap * sizeof *grown);

        if (grown == NULL)
            return no_memory(call);
        names->v = grown;
        names->cap = cap;
    }
    names->v[names->n] = strdup(name);
    return names->v[names->n] == NULL ? no_memory(call) : (names->n++, 0);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_sort(struct names *names)
{
    if (names->n > 1)
        qsort(names->v, names->n, sizeof *names->v, by_bytes);
}

static bool is_sql(const char *name)
{
    size_t n = strlen(name);

    return n > 4 && strcmp(name + n - 4, ".sql") == 0;
}

static int take_file(struct search *search, const char *path, const struct stat *st)
{
    if (search->n == search->cap) {
        size_t cap = search->cap == 0 ? 256 : search->cap * 2;
        struct found *grown = realloc(search->files, cap * sizeof *grown);

        if (grown == NULL)
            return no_memory(search->call);
        search->files = grown;
        search->cap = cap;
    }
    search->files[search->n] = (struct found){path, st->st_dev, st->st_ino, search->n};
    search->n++;
    return 0;
}

/* One name of a folder: a file is taken, a folder goes to ${folders}. */
static int take_name(struct search *search, int fd, const char *folder, const char *name,
                     struct names *folders)
{
    struct stat st;

    if (!search->is_recursive && !is_sql(name))
        return 0;
    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? 0 : sql_host->fail(search->call, "could not read \"%s/%s\": %s",
                                                    folder, name, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return search->is_recursive ? names_add(search->call, folders, name) : 0;
    if (!is_sql(name))
        return 0;
    if (S_ISLNK(st.st_mode) && fstatat(fd, name, &st, 0) == 0 && S_ISDIR(st.st_mode))
        return 0;
    return take_file(search, sql_host->format(search->call, "%s/%s", folder, name), &st);
}

static int read_names(struct search *search, DIR *dir, const char *folder, struct names *names)
{
    const struct dirent *entry;

    for (errno = 0; (entry = readdir(dir)) != NULL; errno = 0)
        if (entry->d_name[0] != '.' && names_add(search->call, names, entry->d_name) != 0)
            return -1;
    if (errno != 0)
        return sql_host->fail(search->call, "could not read folder \"%s\": %s", folder,
                              strerror(errno));
    names_sort(names);
    return 0;
}

static int search_folder(struct search *search, const char *folder)
{
    auto_names struct names names = {0};
    auto_names struct names folders = {0};
    DIR *dir = opendir(folder);
    int rc;

    if (dir == NULL)
        return sql_host->fail(search->call, "could not read folder \"%s\": %s", folder,
                              strerror(errno));
    rc = read_names(search, dir, folder, &names);
    for (size_t i = 0; rc == 0 && i < names.n; i++)
        rc = take_name(search, dirfd(dir), folder, names.v[i], &folders);
    closedir(dir);
    for (size_t i = 0; rc == 0 && i < folders.n; i++)
        rc = search_folder(search, sql_host->format(search->call, "%s/%s", folder, folders.v[i]));
    return rc;
}

static int by_inode(const void *a, const void *b)
{
    const struct found *x = a, *y = b;

    if (x->dev != y->dev)
        return x->dev < y->dev ? -1 : 1;
    if (x->ino != y->ino)
        return x->ino < y->ino ? -1 : 1;
    return x->i < y->i ? -1 : x->i > y->i;
}

static int by_order(const void *a, const void *b)
{
    const struct found *x = a, *y = b;

    return x->i < y->i ? -1 : x->i > y->i;
}

/* A file that was reached before is no file of its own. */
static void drop_twins(struct search *search)
{
    size_t n = 0;

    if (search->n < 2)
        return;
    qsort(search->files, search->n, sizeof *search->files, by_inode);
    for (size_t i = 0; i < search->n; i++) {
        const struct found *last = n > 0 ? &search->files[n - 1] : NULL;
        struct found *file = &search->files[i];

        if (last != NULL && last->dev == file->dev && last->ino == file->ino)
            sql_host->log(search->call, DDB_LEVEL_WARNING,
                          "\"%s\" is the same file as \"%s\" and is left out", file->path,
                          last->path);
        else
            search->files[n++] = *file;
    }
    search->n = n;
    qsort(search->files, search->n, sizeof *search->files, by_order);
}

int folder_files(struct ddb_call *call, const char *const **paths, size_t *n)
{
    const char *recursive = sql_host->setting(call, "recursive");
    struct search search = {
        .call = call,
        .is_recursive = recursive != NULL && strcmp(recursive, "true") == 0,
    };
    const char *const *folders;
    const char **list;
    int rc = folder_locations(call, &folders);

    for (size_t i = 0; rc == 0 && folders[i] != NULL; i++)
        rc = search_folder(&search, folders[i]);
    drop_twins(&search);
    list = sql_host->alloc(call, (search.n + 1) * sizeof *list);
    for (size_t i = 0; i < search.n; i++)
        list[i] = search.files[i].path;
    free(search.files);
    *paths = list;
    *n = search.n;
    return rc;
}

int folder_revisions(struct ddb_call *call,
                     int (*each)(void *arg, const struct ddb_revision *revision), void *arg)
{
    const char *const *paths;
    size_t n, failed = 0;

    if (folder_files(call, &paths, &n) != 0)
        return -1;
    for (size_t i = 0; i < n && failed < REPORTED_MAX; i++) {
        struct file file;
        struct ddb_revision revision = {.size = sizeof revision, .path = paths[i]};

        if (sql_host->cancelled(call))
            return sql_host->fail(call, "cancelled");
        if (file_header(call, paths[i], &file) != 0) {
            failed++;
            continue;
        }
        revision.id = file.id;
        revision.doc = file.doc;
        revision.down = file.down;
        revision.labels = file.labels;
        revision.depends_on = file.depends_on;
        if (failed == 0 && each(arg, &revision) != 0)
            break;
    }
    return failed == 0 ? 0 : -1;
}

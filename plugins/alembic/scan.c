/* scan - see scan.h. */
#include "scan.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* One folder's entries. */
struct entries {
    struct list files, folders;
    bool has_links; /* a file may be reached by another name too */
};

enum { MAX_FOLDERS_DEEP = 64 };

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort(struct list *list)
{
    if (list->n > 1)
        qsort(list->v, list->n, sizeof *list->v, by_bytes);
}

static const char *join(struct ddb_call *call, const char *folder, const char *name)
{
    size_t n = strlen(folder), length = strlen(name);
    char *path = alembic_host->alloc(call, n + length + 2);

    memcpy(path, folder, n);
    path[n] = '/';
    memcpy(path + n + 1, name, length);
    return path;
}

/* NAME.py, but no editor's lock file and no __init__.py (nor __init__anything.py). */
static bool is_revision_file(const char *name)
{
    size_t n = strlen(name);

    return n >= 3 && strcmp(name + n - 3, ".py") == 0 && strncmp(name, ".#", 2) != 0 &&
           strncmp(name, "__init__", 8) != 0;
}

/* Folders reached by a link are not entered, as os.walk does not enter them. */
static bool is_folder(const char *directory, const struct dirent *entry, bool *is_link)
{
    char path[4096];
    struct stat st;

    *is_link = entry->d_type == DT_LNK;
    if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK)
        return entry->d_type == DT_DIR;
    if (snprintf(path, sizeof path, "%s/%s", directory, entry->d_name) >= (int)sizeof path ||
        lstat(path, &st) != 0)
        return false;
    *is_link = S_ISLNK(st.st_mode);
    return S_ISDIR(st.st_mode) || (*is_link && stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

static int read_folder(struct ddb_call *call, const char *path, struct entries *entries)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    int errnum;

    if (dir == NULL)
        return alembic_host->fail(call, "could not read directory \"%s\": %s", path,
                                  strerror(errno));
    while ((void)(errno = 0), (entry = readdir(dir)) != NULL) {
        bool is_link;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (is_folder(path, entry, &is_link)) {
            if (!is_link)
                list_push(call, &entries->folders, join(call, path, entry->d_name));
        } else if (is_revision_file(entry->d_name)) {
            entries->has_links |= is_link;
            list_push(call, &entries->files, join(call, path, entry->d_name));
        }
    }
    errnum = errno;
    closedir(dir);
    if (errnum != 0)
        return alembic_host->fail(call, "could not read directory \"%s\": %s", path,
                                  strerror(errnum));
    sort(&entries->files);
    sort(&entries->folders);
    return 0;
}

static bool is_cache(const char *path)
{
    size_t n = strlen(path);

    return n >= 11 && strcmp(path + n - 11, "__pycache__") == 0;
}

static int walk(struct ddb_call *call, const char *path, bool recursive, int depth,
                struct list *files, bool *has_links)
{
    struct entries entries = {0};

    if (depth > MAX_FOLDERS_DEEP)
        return alembic_host->fail(call, "the folders of \"%s\" are nested too deeply", path);
    if (read_folder(call, path, &entries) != 0)
        return -1;
    if (!is_cache(path)) {
        list_push_all(call, files, list_vector(&entries.files));
        *has_links |= entries.has_links;
    }
    for (size_t i = 0; recursive && i < entries.folders.n; i++)
        if (walk(call, entries.folders.v[i], recursive, depth + 1, files, has_links) != 0)
            return -1;
    return 0;
}

/* --- the same file twice -----------------------------------------------------------------------*/

struct real {
    char *path;
    size_t index;
};

static int by_path(const void *a, const void *b)
{
    const struct real *left = a, *right = b;
    int order = strcmp(left->path, right->path);

    return order != 0 ? order : left->index < right->index ? -1 : 1;
}

static int drop_repeated(struct ddb_call *call, struct list *files)
{
    struct real *reals = alembic_host->alloc(call, files->n * sizeof *reals);
    size_t n = 0, kept = 0;

    for (; n < files->n; n++) {
        reals[n] = (struct real){realpath(files->v[n], NULL), n};
        if (reals[n].path == NULL) {
            alembic_host->fail(call, "could not read \"%s\": %s", files->v[n], strerror(errno));
            break;
        }
    }
    if (n == files->n && n > 1) {
        qsort(reals, n, sizeof *reals, by_path);
        for (size_t i = 1; i < n; i++) {
            if (strcmp(reals[i - 1].path, reals[i].path) != 0)
                continue;
            alembic_host->log(call, DDB_LEVEL_WARNING,
                              "\"%s\" is reached twice; the version locations overlap",
                              files->v[reals[i].index]);
            files->v[reals[i].index] = NULL;
        }
    }
    for (size_t i = 0; i < n; i++)
        free(reals[i].path);
    if (n < files->n)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (files->v[i] != NULL)
            files->v[kept++] = files->v[i];
    files->n = kept;
    if (kept < n)
        files->v[kept] = NULL;
    return 0;
}

int scan_files(struct ddb_call *call, const struct locations *locations, struct list *files)
{
    bool has_links = locations->paths.n > 1;

    for (size_t i = 0; i < locations->paths.n; i++)
        if (walk(call, locations->paths.v[i], locations->recursive, 0, files, &has_links) != 0)
            return -1;
    return has_links && files->n > 0 ? drop_repeated(call, files) : 0;
}

/* batch_folder - see batch_folder.h. */
#include "batch_folder.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "folder.h"

struct batch batch_folder_for(struct ddb_call *call, const struct site *site, const char *cwd)
{
    return (struct batch){.call = call, .site = site, .cwd = cwd};
}

const char *batch_folder_enter(struct ddb_call *call, const struct site *site)
{
    return sftp_host->format(call, "cd %s\n", batch_quoted(call, site->path));
}

const char *batch_folder_make(struct ddb_call *call, const struct site *site)
{
    char *path = sftp_host->format(call, "%s", site->path);
    const char *script = "";

    for (char *slash = path; slash != NULL;) {
        slash = strchr(slash + 1, '/');
        if (slash != NULL)
            *slash = '\0';
        script = sftp_host->format(call, "%s-mkdir %s\n", script, batch_quoted(call, path));
        if (slash != NULL)
            *slash = '/';
    }
    return script;
}

const struct ddb_stored *batch_folder_find(const struct ddb_stored *stored, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(stored[i].name, name) == 0)
            return &stored[i];
    return NULL;
}

int batch_folder_read(struct ddb_call *call, const struct site *site, struct ddb_stored **stored,
                      size_t *n)
{
    struct batch batch = batch_folder_for(call, site, NULL);
    int rc = batch_run(&batch, 0, sftp_host->format(call, "%sls -lan\n", batch_folder_enter(call, site)));

    *stored = NULL;
    *n = 0;
    if (rc == 0 && batch.status == 0)
        batch_list(&batch, stored, n);
    else if (rc == 0 && !batch_missing(&batch))
        rc = batch_failed(&batch, "list", "");
    batch_release(&batch);
    return rc;
}

int batch_folder_unlink(struct ddb_call *call, const struct site *site, const char *name)
{
    struct batch batch = batch_folder_for(call, site, NULL);
    int rc = batch_run(&batch, 0, sftp_host->format(call, "%srm %s\n", batch_folder_enter(call, site),
                                                    batch_file(call, name)));

    if (rc == 0 && batch.status != 0 && !batch_missing(&batch))
        rc = batch_failed(&batch, "remove", name);
    batch_release(&batch);
    return rc;
}


/* --- callbacks ------------------------------------------------------------------------------------------- */

int batch_folder_list(struct ddb_call *call, int (*each)(void *arg, const struct ddb_stored *stored),
                      void *arg)
{
    struct ddb_stored *stored;
    struct site site;
    size_t n;

    if (site_read(call, &site) < 0 || batch_folder_read(call, &site, &stored, &n) < 0)
        return -1;
    folder_sorted(stored, n, each, arg);
    return 0;
}

int batch_folder_remove(struct ddb_call *call, const char *name)
{
    struct site site;

    if (!sftp_is_part(name) && sftp_check_name(call, name) < 0)
        return -1;
    return site_read(call, &site) < 0 ? -1 : batch_folder_unlink(call, &site, name);
}

/* The third number below the heading "Size Used Avail …", in KiB. */
static int64_t available(const char *output)
{
    const char *at = output == NULL ? NULL : strstr(output, "Avail");

    at = at == NULL ? NULL : strchr(at, '\n');
    for (int field = 0; at != NULL && field < 3; field++) {
        char *end;
        int64_t kib = strtoll(at, &end, 10);

        if (end == at || kib > INT64_MAX / 1024)
            break;
        if (field == 2)
            return kib * 1024;
        at = end;
    }
    return INT64_MAX;
}

int batch_folder_room(struct ddb_call *call, const struct site *site, const char *name, int64_t *has,
                      int64_t *left)
{
    struct batch batch = batch_folder_for(call, site, NULL);
    int rc = batch_run(&batch, 0, sftp_host->format(call, "%sls -lan %s\n-df\n",
                                                    batch_folder_enter(call, site), batch_file(call, name)));
    const struct ddb_stored *file = NULL;
    struct ddb_stored *stored;
    size_t n;

    if (rc == 0 && batch.status == 0) {
        batch_list(&batch, &stored, &n);
        file = batch_folder_find(stored, n, name);
        *left = available(batch.output);
    }
    if (file != NULL)
        *has = file->size_bytes;
    batch_release(&batch);
    return file == NULL ? -1 : 0;
}

int64_t batch_folder_free(struct ddb_call *call)
{
    char *path, *slash;
    struct batch batch;
    struct site site;
    int64_t bytes = -1;
    int rc;

    if (site_read(call, &site) < 0)
        return -1;
    path = sftp_host->format(call, "%s", site.path);
    batch = batch_folder_for(call, &site, NULL);
    for (;;) {
        const char *probe = sftp_host->format(call, ".deploy-db-probe-%ld", (long)getpid());

        rc = batch_run(&batch, 0, sftp_host->format(call, "cd %s\nmkdir %s\nrmdir %s\n-df\n",
                                                    batch_quoted(call, path), probe, probe));
        slash = strrchr(path, '/');
        /* A folder that does not exist yet will be made in the nearest one that does. */
        if (rc < 0 || !batch_missing(&batch) || strcmp(path, ".") == 0 || strcmp(path, "/") == 0)
            break;
        if (slash == NULL)
            path = sftp_host->format(call, ".");
        else
            slash[slash == path] = '\0';
    }
    if (rc == 0 && batch.status == 0)
        bytes = available(batch.output);
    else if (rc == 0)
        batch_failed(&batch, "write in", path);
    batch_release(&batch);
    return bytes;
}

/* services_files - see services_files.h. */
#include "deploy/services_files.h"

#include "base/fs.h"
#include "deploy/services.h"
#include "revision/naming.h"

int services_files_name(struct ddb_call *call, const struct ddb_file_name *wanted,
                        const char **name)
{
    struct naming naming = {
        .template = wanted->file_template,
        .is_escaped = (wanted->flags & DDB_FILE_NAME_ESCAPED) != 0,
        .slug_length = wanted->slug_length,
        .id = wanted->id,
        .message = wanted->message,
        .moment = wanted->moment,
    };

    return naming_file(call->services->arena, &naming, name, call->err);
}

int services_files_create(struct ddb_call *call, const char *path, const void *data, size_t n)
{
    if (fs_mkdirs(fs_dirname(call->services->arena, path), 0777, call->err) != 0)
        return -1;
    return fs_create(path, data, n, 0666, call->err);
}

/* name - see name.h. */
#include "name.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *name_moment(struct ddb_call *call, const char *create_date)
{
    time_t now = time(NULL);
    struct tm local;
    char text[32];

    if (create_date != NULL)
        return create_date;
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", localtime_r(&now, &local));
    return sql_host->format(call, "%s", text);
}

/* Whether the file would be found again in its folder. */
static int check_name(struct ddb_call *call, const char *name)
{
    const char *recursive = sql_host->setting(call, "recursive");
    bool folders = strchr(name, '/') != NULL;

    if (name[0] == '.' || name[0] == '/' || strstr(name, "/.") != NULL ||
        strstr(name, "//") != NULL)
        return sql_host->fail(call, "\"%s\" is no name for a revision file: a part of it is empty "
                              "or begins with a dot", name);
    if (folders && (recursive == NULL || strcmp(recursive, "true") != 0)) {
        sql_host->fail(call, "\"%s\" is no name for a revision file: it has a folder", name);
        return sql_host->hint(call, "Set \"recursive\" of the engine, so that folders are "
                                    "searched.");
    }
    return 0;
}

const char *name_file(struct ddb_call *call, const char *id, const char *message,
                      const char *moment)
{
    const char *length = sql_host->setting(call, "truncate_slug_length");
    long max = length == NULL ? 40 : strtol(length, NULL, 10);
    const struct ddb_file_name wanted = {
        .size = sizeof wanted,
        .file_template = sql_host->setting(call, "file_template"),
        .id = id,
        .message = message,
        .moment = moment,
        .slug_length = max < 1 ? 1 : (size_t)max,
        .flags = DDB_FILE_NAME_ESCAPED,
    };
    const char *name;

    if (sql_host->file_name(call, &wanted, &name) < 0)
        return NULL;
    if (name == NULL) {
        sql_host->fail(call, "file_template \"%s\" is not understood", wanted.file_template);
        sql_host->hint(call, "It may hold %%(rev)s, %%(slug)s, and %%(epoch)d, %%(year)d, "
                             "%%(month).2d, %%(day).2d, %%(hour).2d, %%(minute).2d, "
                             "%%(second).2d.");
        return NULL;
    }
    name = sql_host->format(call, "%s.sql", name);
    return check_name(call, name) == 0 ? name : NULL;
}

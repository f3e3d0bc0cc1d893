/* write - see write.h. */
#include "write.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "folder.h"
#include "name.h"

/* --- the text ----------------------------------------------------------------------------------*/

/* A file as it is to be, and what each part of it is to be read as. */
struct draft {
    struct ddb_call *call;
    const struct ddb_new_revision *revision;
    const char *message;
    const char *header; /* without dashes: the docstring */
    const char *upgrade, *downgrade; /* what stands below the markers; no downgrade: NULL */
    const char *text;
};

static const char *joined(struct ddb_call *call, const char *const *names)
{
    const char *text = "";

    for (size_t i = 0; names[i] != NULL; i++)
        text = sql_host->format(call, "%s%s%s", text, i > 0 ? ", " : "", names[i]);
    return text;
}

static const char *field(struct ddb_call *call, const char *text, const char *name,
                         const char *const *values)
{
    if (values[0] == NULL)
        return text;
    return sql_host->format(call, "%s%s: %s\n", text, name, joined(call, values));
}

static const char *header_of(const struct draft *draft, const char *moment)
{
    const struct ddb_new_revision *revision = draft->revision;
    struct ddb_call *call = draft->call;
    const char *text = sql_host->format(call, "%s\n\nRevision ID: %s\n", draft->message,
                                        revision->id);

    text = revision->down[0] != NULL ? field(call, text, "Revises", revision->down)
                                     : sql_host->format(call, "%sRevises:\n", text);
    text = sql_host->format(call, "%sCreate Date: %s\n", text, moment);
    text = field(call, text, "Branch Labels", revision->labels);
    return field(call, text, "Depends On", revision->depends_on);
}

/* Each line with dashes before it. */
static const char *dashed(struct ddb_call *call, const char *text)
{
    size_t n = 0, lines = 0;
    char *out;

    for (const char *p = text; *p != '\0'; p++)
        lines += *p == '\n';
    out = sql_host->alloc(call, strlen(text) + 3 * lines + 1);
    for (const char *p = text; *p != '\0';) {
        size_t len = strcspn(p, "\n");

        n = (size_t)(stpcpy(out + n, len > 0 ? "-- " : "--") - out);
        memcpy(out + n, p, len + 1);
        n += len + 1;
        p += len + 1;
    }
    return out;
}

static bool is_blank(const char *body)
{
    return body == NULL || body[strspn(body, " \t\r\n")] == '\0';
}

/* What stands below a marker. */
static const char *section_of(struct ddb_call *call, const char *body, const char *empty,
                              bool no_transaction)
{
    size_t n;

    if (is_blank(body))
        body = empty;
    n = strlen(body);
    return sql_host->format(call, "%s%s%s", no_transaction ? "-- no transaction\n" : "", body,
                            body[n - 1] == '\n' ? "" : "\n");
}

static void draft_text(struct draft *draft, const char *moment)
{
    const struct ddb_new_revision *revision = draft->revision;
    struct ddb_call *call = draft->call;
    bool joins = revision->down[0] != NULL && revision->down[1] != NULL;

    draft->message = revision->message != NULL && *revision->message != '\0' ? revision->message
                                                                           : "empty message";
    draft->header = header_of(draft, moment);
    draft->upgrade = section_of(
        call, revision->upgrade,
        joins ? "-- Joins the revisions above; statements may be added."
              : "-- Write here what this revision changes; each statement ends with a semicolon.",
        revision->flags & DDB_NEW_UPGRADE_NO_TRANSACTION);
    draft->downgrade = section_of(
        call, revision->downgrade,
        joins ? "-- Parts them again; what was added is undone here."
              : "-- Write here what takes it back, in the opposite order.",
        revision->flags & DDB_NEW_DOWNGRADE_NO_TRANSACTION);
    if (revision->downgrade == NULL && !is_blank(revision->upgrade))
        draft->downgrade = NULL; /* there is no way back: a section without statements would be one */
    draft->text = sql_host->format(call, "%s\n-- upgrade\n%s%s%s", dashed(call, draft->header),
                                   draft->upgrade,
                                   draft->downgrade == NULL ? "" : "\n-- downgrade\n",
                                   draft->downgrade == NULL ? "" : draft->downgrade);
}

/* --- whether it reads back ---------------------------------------------------------------------*/

static bool is_list(const char *const *a, const char *const *b)
{
    size_t i = 0;

    while (a[i] != NULL && b[i] != NULL && strcmp(a[i], b[i]) == 0)
        i++;
    return a[i] == NULL && b[i] == NULL;
}

/* ${end}: what stands behind it in the file. */
static bool is_section(const struct file_section *section, const char *text, const char *end)
{
    size_t n = strlen(text);

    return section->text != NULL && section->n == n + strlen(end) &&
           memcmp(section->text, text, n) == 0 && memcmp(section->text + n, end, strlen(end)) == 0;
}

/* As a docstring is stripped. */
static bool is_doc(const char *doc, const char *header)
{
    size_t n = strlen(header);

    while (n > 0 && strchr(" \t\n\r\f\v", header[n - 1]) != NULL)
        n--;
    return strlen(doc) == n && memcmp(doc, header, n) == 0;
}

static int check_draft(const struct draft *draft, const char *path)
{
    const struct ddb_new_revision *revision = draft->revision;
    struct ddb_call *call = draft->call;
    uint64_t flags = revision->flags;
    struct file file;
    const char *lost = NULL;

    if (file_parse(call, path, draft->text, strlen(draft->text), &file) != 0)
        return sql_host->detail(call, "as it would be written: nothing was");
    if (strcmp(file.id, revision->id) != 0)
        lost = "identifier";
    else if (!is_list(file.down, revision->down))
        lost = "list of what it revises";
    else if (!is_list(file.labels, revision->labels))
        lost = "list of branch labels";
    else if (!is_list(file.depends_on, revision->depends_on))
        lost = "list of what it depends on";
    else if (!is_doc(file.doc, draft->header))
        lost = "message";
    else if (!is_section(&file.upgrade, draft->upgrade, draft->downgrade == NULL ? "" : "\n") ||
             file.upgrade.no_transaction != ((flags & DDB_NEW_UPGRADE_NO_TRANSACTION) != 0))
        lost = "upgrade";
    else if (draft->downgrade == NULL ? file.downgrade.text != NULL
                                      : !is_section(&file.downgrade, draft->downgrade, ""))
        lost = "downgrade";
    else if (file.downgrade.no_transaction != ((flags & DDB_NEW_DOWNGRADE_NO_TRANSACTION) != 0))
        lost = "downgrade";
    if (lost == NULL)
        return 0;
    sql_host->fail(call, "the %s of revision \"%s\" would be read otherwise than it is given: "
                   "nothing was written", lost, revision->id);
    return sql_host->hint(call, "A line of it means something in a revision file: a field of the "
                                "header, a marker, or a blank at its end.");
}

/* --- the file ----------------------------------------------------------------------------------*/

static int put_file(struct ddb_call *call, const char *path, const char *text)
{
    int rc = sql_host->create_file(call, path, text, strlen(text));

    if (rc <= 0)
        return rc;
    sql_host->fail(call, "\"%s\" exists", path);
    return sql_host->hint(call, "Give the revision another identifier or message.");
}

/* --- where ------------------------------------------------------------------------------------ */

static bool is_within(const char *real, const char *location, bool is_recursive)
{
    size_t n = strlen(location);

    return strcmp(real, location) == 0 ||
           (is_recursive && strncmp(real, location, n) == 0 && real[n] == '/');
}

/* ${path} as one of the locations, or below one. */
static const char *location_of(struct ddb_call *call, const char *path, const char *const *folders)
{
    const char *recursive = sql_host->setting(call, "recursive");
    bool is_recursive = recursive != NULL && strcmp(recursive, "true") == 0;
    const char *directory = sql_host->setting(call, "directory");
    const char *candidates[] = {
        path[0] == '/' ? path : sql_host->format(call, "%s/%s", directory, path),
        path,
    };

    for (size_t c = 0; c < 2; c++) {
        char real[PATH_MAX];

        if (realpath(candidates[c], real) == NULL)
            continue;
        for (size_t i = 0; folders[i] != NULL; i++)
            if (is_within(real, folders[i], is_recursive))
                return sql_host->format(call, "%s", real);
    }
    return NULL;
}

static const char *folder_for(struct ddb_call *call, const struct ddb_new_revision *revision)
{
    const char *const *folders;
    const char *folder = NULL;

    if (folder_locations(call, &folders) != 0)
        return NULL;
    if (revision->version_path != NULL) {
        folder = location_of(call, revision->version_path, folders);
        if (folder == NULL) {
            sql_host->fail(call, "path \"%s\" is not represented in current version locations",
                           revision->version_path);
            sql_host->hint(call, "Add it to \"version_locations\" of the engine.");
        }
        return folder;
    }
    if (folders[1] == NULL)
        return folders[0];
    if (revision->beside != NULL && strrchr(revision->beside, '/') != NULL)
        folder = location_of(call, sql_host->format(call, "%.*s/",
                                                    (int)(strrchr(revision->beside, '/') -
                                                          revision->beside), revision->beside),
                             folders);
    if (folder == NULL) {
        sql_host->fail(call, "multiple version locations are present");
        sql_host->hint(call, "Say which one with --version-path.");
    }
    return folder;
}

int write_revision(struct ddb_call *call, const struct ddb_new_revision *revision,
                   const char **path)
{
    struct draft draft = {.call = call, .revision = revision};
    const char *moment = name_moment(call, revision->create_date), *folder, *name, *where;

    if (revision->flags & DDB_NEW_AUTOGENERATE) {
        sql_host->fail(call, "engine \"sql\" has no models to compare the database with");
        return sql_host->hint(call, "Write the statements into the new file, without "
                                    "--autogenerate.");
    }
    draft_text(&draft, moment);
    folder = folder_for(call, revision);
    name = folder == NULL ? NULL : name_file(call, revision->id, revision->message, moment);
    if (name == NULL)
        return -1;
    where = sql_host->format(call, "%s/%s", folder, name);
    if (check_draft(&draft, where) != 0 || put_file(call, where, draft.text) != 0)
        return -1;
    *path = where;
    return 0;
}

/* standing - see standing.h. */
#include "import/standing.h"

/* Where ${version} belongs in the order: how many migrations are not after it. */
static size_t place(const struct import_history *history, const char *version)
{
    size_t n = 0;

    while (n < history->n && import_compare(history->tool, history->items[n].version, version) <= 0)
        n++;
    return n;
}

static void complain(struct errs *errs, const char *version, const char *what, const char *hint)
{
    struct err *err = errs_new(errs);

    err_set(err, ERR_REFUSED, "version \"%s\" %s", version, what);
    err_hint(err, "%s", hint);
}

static void apply(const struct import_history *history, const struct standing_version *version,
                  bool *applied, struct errs *errs)
{
    const struct import_migration *found = import_find(history, version->version);
    bool is_baseline = version->and_all_before && history->tool == IMPORT_FLYWAY;

    if (version->failed)
        complain(errs, version->version, "was begun in this database and did not end",
                 "Finish or undo it with the tool that began it.");
    if (version->and_all_before)
        for (size_t i = place(history, version->version); i > 0; i--)
            applied[i - 1] = true;
    if (found != NULL)
        applied[found - history->items] = true;
    else if (!is_baseline && !import_is_left_out(history, version->version))
        complain(errs, version->version, "is applied in this database, and no file has it",
                 "Is this the folder that the database was migrated with?");
}

int standing_find(const struct import_history *history, const struct standing_version *versions,
                  size_t n, const char **id, struct errs *errs)
{
    auto_free bool *applied = mem_alloc(history->n + 1);
    size_t newest = 0;

    *id = NULL;
    for (size_t i = 0; i < n; i++)
        apply(history, &versions[i], applied, errs);
    for (size_t i = 0; i < history->n; i++)
        if (applied[i])
            newest = i + 1;
    for (size_t i = 0; i < newest; i++)
        if (!applied[i])
            err_set(errs_new(errs), ERR_REFUSED,
                    "version \"%s\" is not applied in this database, and \"%s\" is",
                    history->items[i].version, history->items[newest - 1].version);
    if (newest > 0)
        *id = history->items[newest - 1].id;
    return errs->n == 0 ? 0 : -1;
}

/* prove - see prove.h. */
#include "deploy/prove.h"

#include <string.h>

#include "deploy/lists.h"
#include "pg/drift.h"
#include "pg/versions.h"

enum { SHOWN = 12 };

static int prove(struct run *run, bool properties, struct err *err)
{
    struct before now = {0};
    struct drift *list = NULL;
    size_t n = 0;

    if (!run->before.known)
        return err_set(err, ERR_OPERATOR, "the state before the deployment was never recorded");
    if (run_observe(run, &now, err) != 0)
        return err_as(err, ERR_OPERATOR);
    if (!lists_equal(now.rows, run->before.rows))
        return err_set(err, ERR_OPERATOR, "version rows are %s, before they were %s",
                       lists_joined(run->arena, now.rows, ", ", "(none)"), lists_joined(run->arena, run->before.rows, ", ", "(none)"));
    if (properties && run->before.properties != NULL &&
        strcmp(now.properties, run->before.properties) != 0) {
        err_set(err, ERR_OPERATOR, "the database's owner, access or settings differ from before");
        err_detail(err, "before: %s", run->before.properties);
        return err_detail(err, "now: %s", now.properties);
    }
    if (strcmp(now.fingerprint, run->before.fingerprint) == 0)
        return 0;
    err_set(err, ERR_OPERATOR, "the catalog differs from before");
    if (run->before.catalog.facts == NULL)
        return -1;
    drift_compare(run->arena, &run->before.catalog, &now.catalog, NULL, &list, &n);
    for (size_t i = 0; i < n && i < SHOWN; i++)
        err_detail(err, "%s", drift_sentence(run->arena, &list[i]));
    return -1;
}

int prove_before(struct run *run, struct err *err)
{
    return prove(run, true, err);
}

int prove_contents(struct run *run, struct err *err)
{
    return prove(run, false, err);
}

bool prove_rolled_back(struct run *run, struct err *err)
{
    if (prove_before(run, err) != 0)
        return false;
    if (run->atomic || run->lossless)
        return true;
    err_set(err, ERR_OPERATOR,
            "the catalog is as before, but the migrations may have committed changes of data");
    return false;
}

int prove_planned(struct run *run, struct err *err)
{
    const struct conf *conf = run->services->conf;
    auto_strvec struct strvec rows = {0};
    char **now;
    size_t n = 0;
    bool exists, same = true;

    if (versions_read(run->db, conf->version_table_schema, conf->version_table, &rows, &exists,
                      err) != 0)
        return -1;
    now = arena_list(run->arena, &rows);
    for (; run->planned[n] != NULL; n++)
        same = same && lists_has(now, run->planned[n]);
    if (!same || rows.n != n) /* a row that is stored twice is not planned either */
        return err_set(err, ERR_INTERNAL, "version rows are %s, planned were %s",
                       lists_joined(run->arena, now, ", ", "(none)"),
                       lists_joined(run->arena, run->planned, ", ", "(none)"));
    return 0;
}

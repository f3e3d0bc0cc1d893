/*
 * db_pool - see db_pool.h. A pooler that lends its server processes by transaction lets two
 * sessions see one process, or one session several.
 */
#include "pg/db_pool.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* Two questions in a row, and questions in turn: that shows it whether the pooler takes the process
 * that was used last or goes through all of them. */
static int compare_processes(struct db *a, struct db *b, bool *pooled, struct err *err)
{
    struct db *const turns[] = {a, a, b, a, b, b, a, a, b};
    int seen_a = db_pid(a);
    int seen_b = db_pid(b);

    *pooled = seen_a == seen_b;
    for (size_t i = 0; !*pooled && i < sizeof turns / sizeof *turns; i++) {
        auto_result struct db_result *pid = NULL;

        if (db_query(turns[i], &pid, err, "SELECT pg_catalog.pg_backend_pid()", 0) < 0)
            return -1;
        *pooled = db_int(pid, 0, 0) != (turns[i] == a ? seen_a : seen_b);
    }
    return 0;
}

/* Whether a setting of the first session is missing there, or is seen by the second one. The
 * setting is a placeholder that nothing reads. */
static int compare_settings(struct db *a, struct db *b, bool *pooled, struct err *err)
{
    static const char read_it[] =
        "SELECT pg_catalog.current_setting('deploy_db.probe', true) IS NOT DISTINCT FROM $1";
    struct db *const turns[] = {a, b, b, a};
    char mark[64];

    snprintf(mark, sizeof mark, "%d-%lld", db_pid(a), (long long)clock_mono_ms());
    if (db_exec(a, err, "SELECT pg_catalog.set_config('deploy_db.probe', $1, false)", 1, mark) < 0)
        return -1;
    for (size_t i = 0; !*pooled && i < sizeof turns / sizeof *turns; i++) {
        auto_result struct db_result *same = NULL;

        if (db_query(turns[i], &same, err, read_it, 1, mark) < 0)
            return -1;
        *pooled = db_bool(same, 0, 0) != (turns[i] == a);
    }
    return 0;
}

int db_pool_compare(struct db *a, struct db *b, bool *pooled, struct err *err)
{
    if (compare_processes(a, b, pooled, err) < 0)
        return -1;
    return *pooled ? 0 : compare_settings(a, b, pooled, err);
}

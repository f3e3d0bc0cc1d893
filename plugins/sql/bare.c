/* bare - see bare.h. */
#include "bare.h"

#include <string.h>

#include "invalid.h"

/* --- one statement -----------------------------------------------------------------------------*/

bool bare_is_outside(const PGresult *res)
{
    /* active_sql_transaction; invalid_transaction_termination, of a procedure that commits */
    static const char *const states[] = {"25001", "2D000", NULL};

    return session_is_one_of(res, states);
}

enum { FINISH_MAX = 4 };

/* What a statement's transaction ends with, ${n} items of which are there. */
static size_t add_finish(struct session_item *items, size_t n, const struct session_item *with)
{
    if (with != NULL) {
        items[n++] = (struct session_item){.sql = SESSION_OWN_USER};
        items[n++] = (struct session_item){.sql = SESSION_OWN_ROLE};
        items[n++] = *with;
    }
    items[n++] = (struct session_item){.sql = "COMMIT"};
    return n;
}

static int finish(struct session *session, const struct session_item *with, PGresult **res)
{
    struct session_item items[FINISH_MAX];
    size_t n = add_finish(items, 0, with), failed;

    return session_batch(session, items, n, &failed, res);
}

static int try_copy(struct session *session, const struct statement *statement,
                    const struct session_item *with, PGresult **res)
{
    int rc;

    *res = NULL;
    if (session_exec(session, "could not begin a transaction", "BEGIN") < 0)
        return -1;
    rc = session_copy(session, statement->text, statement->data, statement->data_n, res);
    if (rc != 0)
        return rc;
    PQclear(*res);
    return finish(session, with, res);
}

int bare_try(struct session *session, const struct statement *statement,
             const struct session_item *with, PGresult **res)
{
    struct session_item items[2 + FINISH_MAX] = {{.sql = "BEGIN"}, {.sql = statement->text}};
    size_t failed;
    int rc;

    if (statement->flags & DDB_STATEMENT_COPY_IN) {
        rc = try_copy(session, statement, with, res);
    } else {
        rc = session_batch(session, items, add_finish(items, 2, with), &failed, res);
    }
    if (rc > 0 && PQtransactionStatus(session->conn) != PQTRANS_IDLE &&
        session_rollback(session) < 0)
        return -1;
    return rc;
}

/* Of a statement that may have been done before it was cut off: whether the refusal says just that.
 */
static bool was_done(const struct statement *statement, const PGresult *res)
{
    static const char *const exists[] = {"42P07", "42710", "42P04", "42P06", NULL};
    static const char *const is_gone[] = {"42704", "42P01", "3D000", NULL};

    if (script_is(statement, "create"))
        return session_is_one_of(res, exists);
    if (script_is(statement, "drop"))
        return session_is_one_of(res, is_gone);
    return script_is(statement, "alter") &&
           (session_is_one_of(res, exists) || session_is_one_of(res, is_gone));
}

/* Whether a refusal may come when a part of the work is done: a procedure has committed, an index
 * that is to be dropped is invalid, a partition is half detached. */
static bool may_be_begun(const struct statement *statement, const PGresult *res)
{
    return script_is(statement, "call") || script_is(statement, "do") ||
           (!script_is(statement, "create") && !was_done(statement, res) &&
            strcasestr(statement->text, "concurrently") != NULL);
}

/* What a failed statement has left is dropped; ${is_running} stays while that does not work, and
 * where nobody knows. */
static int give_up(struct session *session, const struct script *script, size_t i,
                   const PGresult *res)
{
    const struct session_place place = script_place(session->call, script, i);

    session_fail(session, &place, res);
    if ((script->v[i].flags & DDB_STATEMENT_CONCURRENTLY) &&
        invalid_drop_new(session, script->id, &script->v[i]) < 0)
        return -1;
    if ((script->v[i].flags & DDB_STATEMENT_CONCURRENTLY) || !may_be_begun(&script->v[i], res))
        (void)progress_done(session, script, i);
    return -1;
}

/* Outside of a transaction. ${again}: it had begun before. */
static int run_outside(struct session *session, const struct script *script, size_t i, bool again)
{
    const struct statement *statement = &script->v[i];
    PGresult *res;
    int rc;

    if ((statement->flags & DDB_STATEMENT_CONCURRENTLY) &&
        invalid_drop_namesake(session, statement) < 0)
        return -1;
    if (!again && progress_running(session, script, i) < 0)
        return -1;
    rc = session_try(session, statement->text, 0, NULL, &res);
    if (rc > 0 && again && was_done(statement, res)) {
        sql_host->log(session->call, DDB_LEVEL_WARNING,
                      "revision %s: statement %zu was cut off, and is taken as done: %s",
                      script->id, i + 1, session_says(res));
        rc = 0;
    }
    if (rc > 0)
        rc = give_up(session, script, i, res);
    else if (rc == 0)
        rc = progress_done(session, script, i + 1);
    PQclear(res);
    return rc;
}

static int run_one(struct session *session, const struct script *script, size_t i)
{
    const struct session_item done = progress_done_item(session->call, script, i + 1);
    PGresult *res;
    int rc;

    if (script->v[i].flags & DDB_STATEMENT_CONCURRENTLY)
        return run_outside(session, script, i, false);
    rc = bare_try(session, &script->v[i], &done, &res);
    if (rc > 0 && bare_is_outside(res)) {
        rc = run_outside(session, script, i, false);
    } else if (rc > 0) {
        const struct session_place place = script_place(session->call, script, i);

        rc = session_fail(session, &place, res);
    }
    PQclear(res);
    return rc;
}

/* --- going on ----------------------------------------------------------------------------------*/

/* A procedure commits in between, and an index without a name has another one each time: running
 * it again may do some of its work twice. */
static int refuse_again(struct session *session, const struct script *script, size_t i)
{
    const struct session_place place = script_place(session->call, script, i);

    sql_host->fail(session->call,
                   "revision %s: statement %zu in \"%s\" line %zu did not come to its end, and "
                   "what it has committed is unknown",
                   script->id, i + 1, script->path, place.line);
    return sql_host->hint(
        session->call,
        "Look at what it has done. To run it again: UPDATE deploy_db.half_applied "
        "SET running = false WHERE revision = '%s'; to go on behind it, also SET "
        "statement = %zu.",
        script->id, i + 1);
}

static int run_again(struct session *session, const struct script *script, size_t i)
{
    const struct statement *statement = &script->v[i];

    struct invalid_target target;

    if (script_is(statement, "call") || script_is(statement, "do") ||
        (invalid_target(session->call, statement->text, &target) && target.index[0] == '\0'))
        return refuse_again(session, script, i);
    if ((statement->flags & DDB_STATEMENT_CONCURRENTLY) &&
        invalid_drop_new(session, script->id, statement) < 0)
        return -1;
    return run_outside(session, script, i, true);
}

/* What SET has set went with the session. */
static int replay(struct session *session, const struct script *script, size_t done)
{
    for (size_t i = 0; i < done; i++)
        if (script_sets(&script->v[i]) &&
            session_exec(session, script_place(session->call, script, i).what, script->v[i].text) <
                0)
            return -1;
    return 0;
}

static void say_done(struct session *session, const struct script *script, size_t i)
{
    sql_host->log(session->call, DDB_LEVEL_DETAIL, "revision %s: statement %zu of %zu is done",
                  script->id, i + 1, script->n);
    sql_host->progress(session->call, script->step->text, (int64_t)i + 1, (int64_t)script->n, 0);
}

int bare_run(struct session *session, const struct script *script, const struct progress_half *half)
{
    size_t done = half != NULL ? half->done : 0;
    int rc = 0;

    if (half != NULL) {
        sql_host->log(session->call, DDB_LEVEL_INFO,
                      "revision %s is half applied: going on behind statement %zu of %zu",
                      script->id, done, script->n);
        rc = replay(session, script, done);
    }
    for (size_t i = done; i < script->n && rc == 0; i++) {
        if (half != NULL && half->is_running && i == done)
            rc = run_again(session, script, i);
        else
            rc = run_one(session, script, i);
        if (rc == 0)
            say_done(session, script, i);
    }
    return rc;
}

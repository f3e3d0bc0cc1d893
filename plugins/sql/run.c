/* run - see run.h. */
#include "run.h"

#include <string.h>

#include "bare.h"
#include "progress.h"
#include "session_wait.h"
#include "version.h"

/* For fewer steps than this, preparing what each of them ends with is not worth its time. */
enum { BATCH_MAX = 128, PREPARE_MIN = 10 };

struct run {
    struct ddb_call *call;
    struct session session;
    struct version version;
    struct script *scripts;
    size_t n;
    struct progress_half *halves;
    size_t n_halves;
    bool per_migration;
    bool is_open;     /* a transaction is */
    bool is_prepared; /* the statements that each step ends with are */
    int64_t begun_ms;
};

int run_per_migration(struct ddb_call *call, bool *yes)
{
    const char *mode = sql_host->setting(call, "transaction");

    *yes = strcmp(mode, "migration") == 0;
    if (*yes || strcmp(mode, "run") == 0)
        return 0;
    sql_host->fail(call, "the engine's setting \"transaction\" is \"%s\"", mode);
    return sql_host->hint(call, "Set it to \"run\" or to \"migration\".");
}

/* --- transactions ------------------------------------------------------------------------------*/

/* Nobody else writes version rows meanwhile. */
static int begin(struct run *run)
{
    if (run->is_open)
        return 0;
    if (session_exec(&run->session, "could not begin a transaction", "BEGIN") < 0)
        return -1;
    run->is_open = true;
    return version_lock(&run->session, &run->version);
}

static int commit(struct run *run)
{
    if (!run->is_open)
        return 0;
    run->is_open = false;
    return session_exec(&run->session,
                        sql_host->format(run->call, "%s: could not commit", run->session.subject),
                        "COMMIT");
}

/* --- what is half applied ----------------------------------------------------------------------*/

static const struct progress_half *find_half(const struct run *run, const char *id)
{
    for (size_t i = 0; i < run->n_halves; i++)
        if (strcmp(run->halves[i].revision, id) == 0)
            return &run->halves[i];
    return NULL;
}

static const struct script *find_script(const struct run *run, const struct progress_half *half)
{
    for (size_t i = 0; i < run->n; i++)
        if (strcmp(run->scripts[i].id, half->revision) == 0 &&
            (run->scripts[i].step->is_downgrade != 0) == half->is_downgrade)
            return &run->scripts[i];
    return NULL;
}

/* It can only be gone on with. */
static int check_halves(struct run *run)
{
    for (size_t i = 0; i < run->n_halves; i++) {
        const struct progress_half *half = &run->halves[i];
        const struct script *script = find_script(run, half);

        if (script != NULL && progress_fits(&run->session, half, script) < 0)
            return -1;
        if (script != NULL)
            continue;
        sql_host->fail(
            run->call,
            "revision %s is half applied, up to statement %zu of its %s, which is no part "
            "of this run",
            half->revision, half->done, half->is_downgrade ? "downgrade" : "upgrade");
        return sql_host->hint(run->call, "Finish it first, or run `deploy-db recover`.");
    }
    return 0;
}

/* What most steps of an upgrade end with. */
static int prepare_items(struct run *run)
{
    static const struct ddb_row_change update = {.size = sizeof update, .kind = DDB_ROW_UPDATE};
    const struct session_item version = version_item(run->call, &run->version, &update);
    const struct session_item file = progress_file_item(run->call, &run->scripts[0]);

    if (run->n < PREPARE_MIN)
        return 0;
    for (size_t i = 0; i < run->n; i++)
        if (run->scripts[i].step->is_downgrade)
            return 0;
    run->is_prepared = true;
    return session_prepare(&run->session, &version) < 0 ? -1
                                                        : session_prepare(&run->session, &file);
}

static int prepare(struct run *run)
{
    if (session_exec(&run->session, "could not begin a transaction", "BEGIN") < 0)
        return -1;
    run->is_open = true;
    if (progress_halves(&run->session, &run->halves, &run->n_halves) < 0 || check_halves(run) < 0 ||
        version_lock(&run->session, &run->version) < 0)
        return -1;
    return progress_prepare(&run->session) < 0 ? -1 : prepare_items(run);
}

/* --- one step ----------------------------------------------------------------------------------*/

static void say_step(const struct run *run, size_t i)
{
    const struct ddb_step *step = run->scripts[i].step;

    sql_host->log(run->call, DDB_LEVEL_INFO, "running %s (%zu of %zu, after %.1f s)", step->text,
                  i + 1, run->n, (double)(session_now_ms() - run->begun_ms) / 1000);
    sql_host->progress(run->call, step->text, (int64_t)i + 1, (int64_t)run->n, 0);
}

/* What is sent for a step: its statements, then what follows from them. */
struct sending {
    struct run *run;
    const struct script *script;
    struct session_item *items;
    size_t n, n_changes;
    bool sets; /* the statements change the session */
};

static bool is_copy(const struct statement *statement)
{
    return (statement->flags & DDB_STATEMENT_COPY_IN) || script_is(statement, "copy");
}

/* The items; a COPY has none, because it cannot be part of a batch. */
static void fill(struct sending *sending, bool has_row)
{
    const struct script *script = sending->script;
    const struct ddb_row_change *const *changes = script->step->changes;
    struct ddb_call *call = sending->run->call;

    while (changes[sending->n_changes] != NULL)
        sending->n_changes++;
    sending->items =
        sql_host->alloc(call, (script->n + sending->n_changes + 2) * sizeof *sending->items);
    for (size_t i = 0; i < script->n && !script->no_transaction; i++) {
        sending->sets = sending->sets || script_may_set(&script->v[i]);
        if (!is_copy(&script->v[i]))
            sending->items[i].sql = script->v[i].text;
    }
    sending->n = script->no_transaction ? 0 : script->n;
    for (size_t i = 0; i < sending->n_changes; i++)
        sending->items[sending->n++] = version_item(call, &sending->run->version, changes[i]);
    sending->items[sending->n++] = progress_file_item(call, script);
    if (has_row)
        sending->items[sending->n++] = progress_forget_item(script->id);
    for (size_t i = 0; i < script->n; i++)
        if (script_is(&script->v[i], "deallocate") || script_is(&script->v[i], "discard"))
            sending->run->is_prepared = false;
    for (size_t i = 0; i < sending->n && !sending->run->is_prepared; i++)
        sending->items[i].name = NULL;
}

/* A statement of the script. */
static int fail_statement(struct sending *sending, size_t i, const PGresult *res)
{
    struct session *session = &sending->run->session;
    const struct session_place place = script_place(session->call, sending->script, i);

    session_fail(session, &place, res);
    if (bare_is_outside(res))
        sql_host->hint(session->call, "Begin the section with the line \"-- no transaction\".");
    return -1;
}

static int send_copy(struct sending *sending, size_t i)
{
    const struct statement *statement = &sending->script->v[i];
    struct session *session = &sending->run->session;
    PGresult *res;
    int rc = statement->flags & DDB_STATEMENT_COPY_IN
                 ? session_copy(session, statement->text, statement->data, statement->data_n, &res)
                 : session_try(session, statement->text, 0, NULL, &res);

    if (rc > 0)
        rc = fail_statement(sending, i, res);
    PQclear(res);
    return rc;
}

static int fail_item(struct sending *sending, size_t i, const PGresult *res)
{
    struct run *run = sending->run;
    const struct session_place place = {
        .what = sql_host->format(run->call, "revision %s: could not record that it is done",
                                 sending->script->id),
        .sql = sending->items[i].sql,
    };

    if (!sending->script->no_transaction && i < sending->script->n)
        return fail_statement(sending, i, res);
    return session_fail(&run->session, &place, res);
}

/* From item ${i} on as many as go together; then ${i} is the next. */
static int send_batch(struct sending *sending, size_t *i, size_t end)
{
    size_t n = 0, failed;
    PGresult *res;
    int rc;

    while (*i + n < end && n < BATCH_MAX && sending->items[*i + n].sql != NULL)
        n++;
    rc = session_batch(&sending->run->session, &sending->items[*i], n, &failed, &res);
    if (rc > 0)
        rc = fail_item(sending, *i + failed, res);
    PQclear(res);
    *i += n;
    return rc;
}

static int send_up_to(struct sending *sending, size_t *i, size_t end)
{
    int rc = 0;

    while (*i < end && rc == 0) {
        if (sending->items[*i].sql != NULL)
            rc = send_batch(sending, i, end);
        else
            rc = send_copy(sending, (*i)++);
    }
    return rc;
}

/* In the open transaction. The version rows are changed under the session's own settings. */
static int send_step(struct sending *sending)
{
    struct run *run = sending->run;
    const struct script *script = sending->script;
    size_t first = script->no_transaction ? 0 : script->n, i = 0;

    if (sending->sets &&
        (send_up_to(sending, &i, script->n) < 0 || session_reset(&run->session) < 0))
        return -1;
    if (send_up_to(sending, &i, sending->n) < 0)
        return -1;
    if (PQtransactionStatus(run->session.conn) != PQTRANS_INTRANS)
        return sql_host->fail(run->call, "revision %s has ended the transaction that it was run in",
                              script->id);
    for (i = 0; i < sending->n_changes; i++)
        if (version_check(&run->session, &run->version, script->id, script->step->changes[i],
                          &sending->items[first + i]) < 0)
            return -1;
    return 0;
}

/* Nothing is done outside of a transaction while the rows are not as planned. */
static int run_bare(struct run *run, const struct script *script)
{
    const struct progress_half *half = find_half(run, script->id);

    if (begin(run) < 0 || version_expect(&run->session, &run->version, script->step) < 0 ||
        commit(run) < 0 || bare_run(&run->session, script, half) < 0)
        return -1;
    return session_reset(&run->session);
}

static int run_step(struct run *run, const struct script *script)
{
    struct sending sending = {.run = run, .script = script};

    if (script->no_transaction && run_bare(run, script) < 0)
        return -1;
    if (begin(run) < 0)
        return -1;
    fill(&sending, script->no_transaction && script->n > 0);
    if (send_step(&sending) < 0)
        return -1;
    return run->per_migration || script->no_transaction ? commit(run) : 0;
}

/* --- all steps ---------------------------------------------------------------------------------*/

static int run_all(struct run *run)
{
    if (prepare(run) < 0)
        return -1;
    for (size_t i = 0; i < run->n; i++) {
        run->session.subject = sql_host->format(run->call, "revision %s", run->scripts[i].id);
        say_step(run, i);
        if (run_step(run, &run->scripts[i]) < 0)
            return -1;
    }
    return commit(run);
}

int run_steps(struct ddb_call *call, const struct ddb_step *const *steps)
{
    struct run run = {.call = call, .begun_ms = session_now_ms()};
    int rc;

    if (run_per_migration(call, &run.per_migration) < 0)
        return -1;
    if (script_read_all(call, steps, &run.scripts, &run.n) < 0)
        return -1;
    if (run.n == 0)
        return 0;
    version_init(call, &run.version);
    rc = session_open(call, &run.session, false);
    if (rc == 0)
        rc = run_all(&run);
    session_close(&run.session);
    return rc;
}

/* text - see text.h. */
#include "text.h"

#include <string.h>

#include "run.h"
#include "script.h"
#include "version.h"

struct text {
    struct ddb_call *call;
    struct version version;
    int (*out)(void *arg, const char *text, size_t n);
    void *arg;
    int rc; /* what ${out} has answered; nonzero ends it */
    bool per_migration, is_open;
};

static void add_n(struct text *text, const char *what, size_t n)
{
    if (text->rc == 0 && n > 0)
        text->rc = text->out(text->arg, what, n);
}

static void add(struct text *text, const char *what)
{
    add_n(text, what, strlen(what));
}

static void begin(struct text *text)
{
    if (!text->is_open)
        add(text, "BEGIN;\n\n");
    text->is_open = true;
}

static void commit(struct text *text)
{
    if (text->is_open)
        add(text, "COMMIT;\n\n");
    text->is_open = false;
}

/* "upgrade a1 -> b2, doc" without the doc; a downgrade may arrive at several. */
static size_t step_length(const struct script *script)
{
    const char *step = script->step->text;
    const char *arrow = strstr(step, " -> ");
    const char *at = arrow;
    size_t n = 1;

    if (arrow == NULL)
        return strlen(step);
    if (script->step->is_downgrade)
        for (n = 0; script->file.down[n] != NULL; n++)
            ;
    at += strlen(" -> ");
    for (; n > 0; n--) {
        at += strcspn(at, ",");
        if (n > 1 && *at == ',')
            at++;
    }
    return (size_t)(at - step);
}

static void add_statement(struct text *text, const struct statement *statement)
{
    add(text, statement->text);
    if (!(statement->flags & DDB_STATEMENT_COPY_IN)) {
        add(text, ";\n\n");
        return;
    }
    add(text, ";\n");
    add_n(text, statement->data, statement->data_n);
    if (statement->data_n > 0 && statement->data[statement->data_n - 1] != '\n')
        add(text, "\n");
    add(text, "\\.\n\n");
}

static void add_script(struct text *text, const struct script *script)
{
    bool sets = false;

    for (size_t i = 0; i < script->n; i++) {
        add_statement(text, &script->v[i]);
        sets = sets || script_may_set(&script->v[i]);
    }
    if (sets)
        add(text, "RESET SESSION AUTHORIZATION;\n\nRESET ROLE;\n\nRESET ALL;\n\n");
}

static void add_step(struct text *text, const struct script *script)
{
    const struct ddb_row_change *const *change = script->step->changes;

    if (script->no_transaction)
        commit(text);
    else
        begin(text);
    add(text, "-- Running ");
    add_n(text, script->step->text, step_length(script));
    add(text, "\n\n");
    add_script(text, script);
    begin(text);
    for (; *change != NULL; change++) {
        add(text, version_change_sql(text->call, &text->version, *change));
        add(text, ";\n\n");
    }
    if (text->per_migration || script->no_transaction)
        commit(text);
}

int text_steps(struct ddb_call *call, const struct ddb_step *const *steps, int creates,
               int (*out)(void *arg, const char *text, size_t n), void *arg)
{
    struct text text = {.call = call, .out = out, .arg = arg};
    struct script *scripts;
    size_t n;

    if (run_per_migration(call, &text.per_migration) < 0 ||
        script_read_all(call, steps, &scripts, &n) < 0)
        return -1;
    version_init(call, &text.version);
    if (creates && n > 0) {
        begin(&text);
        add(&text, version_create_sql(call, &text.version));
        add(&text, ";\n\n");
        if (text.per_migration)
            commit(&text);
    }
    for (size_t i = 0; i < n && text.rc == 0; i++)
        add_step(&text, &scripts[i]);
    commit(&text);
    return text.rc == 0 ? 0 : -1;
}

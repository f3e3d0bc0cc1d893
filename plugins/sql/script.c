/* script - see script.h. */
#include "script.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* --- statements --------------------------------------------------------------------------------*/

bool script_is(const struct statement *statement, const char *word)
{
    size_t n = strlen(word);

    return strncasecmp(statement->text, word, n) == 0 &&
           !isalnum((unsigned char)statement->text[n]) && statement->text[n] != '_';
}

bool script_sets(const struct statement *statement)
{
    return script_is(statement, "set") || script_is(statement, "reset") ||
           script_is(statement, "discard") || strcasestr(statement->text, "set_config") != NULL;
}

bool script_may_set(const struct statement *statement)
{
    return script_sets(statement) || script_is(statement, "do") || script_is(statement, "call") ||
           script_is(statement, "select") || script_is(statement, "with");
}

struct session_place script_place(struct ddb_call *call, const struct script *script, size_t i)
{
    const struct statement *statement = &script->v[i];

    return (struct session_place){
        .what = sql_host->format(call, "revision %s: statement %zu in \"%s\" line %zu failed",
                                 script->id, i + 1, script->path, statement->line),
        .sql = statement->text,
        .line = statement->line,
        .data_line = statement->data_line,
    };
}

/* --- one section -------------------------------------------------------------------------------*/

struct reading {
    struct ddb_call *call;
    struct script *script;
    size_t cap;
    size_t *ends; /* of each statement's text */
    char *text;
};

static void grow(struct reading *reading)
{
    struct script *script = reading->script;
    size_t cap = reading->cap < 8 ? 8 : reading->cap * 2;
    struct statement *v = sql_host->alloc(reading->call, cap * sizeof *v);
    size_t *ends = sql_host->alloc(reading->call, cap * sizeof *ends);

    if (script->n > 0) {
        memcpy(v, script->v, script->n * sizeof *v);
        memcpy(ends, reading->ends, script->n * sizeof *ends);
    }
    script->v = v;
    reading->ends = ends;
    reading->cap = cap;
}

static int add_statement(void *arg, const struct ddb_statement *found)
{
    struct reading *reading = arg;
    struct script *script = reading->script;
    struct statement *statement;

    if (script->n == reading->cap)
        grow(reading);
    reading->ends[script->n] = (size_t)(found->text - reading->text) + found->n;
    statement = &script->v[script->n++];
    *statement = (struct statement){
        .text = found->text,
        .line = found->line,
        .flags = found->flags,
        .data = found->data,
        .data_n = found->data_n,
    };
    if (found->data != NULL) {
        statement->data_line = found->line;
        for (const char *at = found->text; at < found->data; at++)
            statement->data_line += *at == '\n';
    }
    return 0;
}

/* Newlines in front give every statement, and every message of split(), the file's own line. */
static int split(struct ddb_call *call, const struct file_section *section, struct script *script)
{
    size_t before = section->line > 0 ? section->line - 1 : 0;
    size_t n = before + section->n;
    struct reading reading = {.call = call, .script = script};

    reading.text = sql_host->alloc(call, n + 1);
    memset(reading.text, '\n', before);
    memcpy(reading.text + before, section->text, section->n);
    if (sql_host->split(call, reading.text, n, add_statement, &reading) != 0) {
        sql_host->detail(call, "in \"%s\"", script->path);
        return -1;
    }
    for (size_t i = 0; i < script->n; i++)
        reading.text[reading.ends[i]] = '\0'; /* the semicolon, or what is no part of it */
    return 0;
}

int script_read(struct ddb_call *call, const char *id, const char *path, bool is_downgrade,
                struct script *script)
{
    const struct file_section *section;

    *script = (struct script){.id = id, .path = path};
    if (file_read(call, path, &script->file) != 0)
        return -1;
    section = is_downgrade ? &script->file.downgrade : &script->file.upgrade;
    script->no_transaction = section->no_transaction;
    return section->text == NULL ? 0 : split(call, section, script);
}

/* --- all of a run ------------------------------------------------------------------------------*/

struct mistakes {
    struct ddb_call *call;
    size_t n;
};

static void complain(struct mistakes *mistakes, const char *text)
{
    if (mistakes->n++ == 0)
        sql_host->fail(mistakes->call, "%s", text);
    else
        sql_host->detail(mistakes->call, "also: %s", text);
}

static void check(struct mistakes *mistakes, const struct script *script)
{
    struct ddb_call *call = mistakes->call;

    if (strcmp(script->file.id, script->id) != 0)
        complain(mistakes, sql_host->format(call, "\"%s\" is revision %s now, not %s", script->path,
                                            script->file.id, script->id));
    if (script->step->is_downgrade && script->file.downgrade.text == NULL)
        complain(mistakes, sql_host->format(call,
                                            "revision %s cannot be downgraded: \"%s\" has no "
                                            "section \"-- downgrade\"",
                                            script->id, script->path));
}

int script_read_all(struct ddb_call *call, const struct ddb_step *const *steps,
                    struct script **scripts, size_t *n)
{
    struct mistakes mistakes = {.call = call};

    for (*n = 0; steps[*n] != NULL; ++*n)
        ;
    *scripts = sql_host->alloc(call, (*n + 1) * sizeof **scripts);
    for (size_t i = 0; i < *n; i++) {
        const struct ddb_step *step = steps[i];
        struct script *script = &(*scripts)[i];

        if (script_read(call, step->id, step->path, step->is_downgrade != 0, script) == 0) {
            script->step = step;
            check(&mistakes, script);
        } else if (mistakes.n++ > 0) {
            sql_host->detail(call, "also: \"%s\" cannot be read", step->path);
        }
    }
    return mistakes.n == 0 ? 0 : -1;
}

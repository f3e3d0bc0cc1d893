/* made - see made.h. */
#include "made.h"

#include <string.h>

#include "words.h"

static void push(struct made *made, const char *at, const char *end)
{
    if (made->n == made->cap) {
        size_t cap = made->cap < 8 ? 8 : 2 * made->cap;
        const char **names = sql_host->alloc(made->call, cap * sizeof *names);

        if (made->n > 0)
            memcpy(names, made->names, made->n * sizeof *names);
        made->names = names;
        made->cap = cap;
    }
    made->names[made->n++] = words_unquoted(made->call, at, end);
}

/* The last part of the name at ${at}. */
static void push_last(struct made *made, const char *at)
{
    const char *end = words_name_end(at);

    for (const char *next = words_skip(end); *next == '.' && end > at; next = words_skip(end)) {
        at = words_skip(next + 1);
        end = words_name_end(at);
    }
    if (end > at)
        push(made, at, end);
}

static void take_if_not_exists(const char **at)
{
    if (words_take(at, "if") && words_take(at, "not"))
        words_take(at, "exists");
}

static bool take_any(const char **at, const char *const *words)
{
    for (; *words != NULL; words++)
        if (words_take(at, *words))
            return true;
    return false;
}

/* Behind CREATE: its kind may be of several words. */
static void add_created(struct made *made, const char *at)
{
    static const char *const before[] = {
        "or",      "replace", "unique",    "temp",   "temporary", "unlogged", "materialized",
        "recursive", "global", "local",     "trusted", "procedural", "foreign", "event",
        "constraint", "access", "text",     "search", "data",      NULL};

    while (take_any(&at, before))
        ;
    at = words_skip(words_name_end(at));
    words_take(&at, "concurrently");
    take_if_not_exists(&at);
    if (!words_take(&at, "on")) /* an index without a name */
        push_last(made, at);
}

/* The next byte that is not inside of quotes or a comment; names are stepped over whole. */
static const char *step(const char *at)
{
    const char *end = words_name_end(at);

    if (end > at)
        return words_skip(end);
    if (*at != '\'')
        return words_skip(at + 1);
    for (at++; *at != '\0' && *at != '\''; at++)
        ;
    return words_skip(at + (*at != '\0'));
}

/* Behind ALTER TABLE: each ADD outside of parentheses. */
static void add_added(struct made *made, const char *at)
{
    static const char *const unnamed[] = {"primary", "unique", "foreign", "check", "exclude", NULL};
    int depth = 0;

    while (*at != '\0') {
        depth += *at == '(';
        depth -= *at == ')';
        if (depth == 0 && words_take(&at, "add")) {
            if (!words_take(&at, "column"))
                words_take(&at, "constraint");
            take_if_not_exists(&at);
            if (!take_any(&at, unnamed))
                push_last(made, at);
        } else {
            at = step(at);
        }
    }
}

void made_add(struct made *made, const char *sql)
{
    const char *at = words_skip(sql);

    if (words_take(&at, "create"))
        add_created(made, at);
    else if (words_take(&at, "alter") && (words_take(&at, "foreign"), words_take(&at, "table")))
        add_added(made, at);
}

bool made_has(const struct made *made, const char *sql)
{
    const char *at = words_skip(sql);

    if (!words_take(&at, "drop") && !words_take(&at, "alter"))
        return false;
    for (; *at != '\0'; at = step(at)) {
        const char *end = words_name_end(at);
        const char *name = end > at ? words_unquoted(made->call, at, end) : "";

        for (size_t i = 0; i < made->n && *name != '\0'; i++)
            if (strcmp(made->names[i], name) == 0)
                return true;
    }
    return false;
}

bool made_is_data(const struct statement *statement)
{
    static const char *const words[] = {"insert", "update", "delete", "truncate",
                                        "merge",  "copy",   "select", "with",
                                        "values", "do",     "call",   "execute"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (script_is(statement, words[i]))
            return true;
    return false;
}

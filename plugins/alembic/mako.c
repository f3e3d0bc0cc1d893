/* mako - see mako.h. */
#include "mako.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pytext.h"

struct rendering {
    struct ddb_call *call;
    const struct mako_values *values;
    struct mako_file *file;
    const char *text, *end; /* what is still to be read */
    FILE *out;
};

enum { EXCERPT = 60 };

/* The beginning of the line at ${text}, to be shown. */
static const char *excerpt(const struct rendering *rendering, const char *text)
{
    size_t n = (size_t)(rendering->end - text);
    const char *newline = memchr(text, '\n', n);

    if (newline != NULL)
        n = (size_t)(newline - text);
    if (n > EXCERPT)
        n = EXCERPT;
    return alembic_host->format(rendering->call, "\"%.*s\"", (int)n, text);
}

/* --- expressions ------------------------------------------------------------------------------*/

static const char *message(const struct rendering *rendering)
{
    struct mako_file *file = rendering->file;

    if (file->n_messages == MAKO_MESSAGES)
        return NULL;
    file->message_at[file->n_messages++] = (size_t)ftell(rendering->out);
    return rendering->values->message;
}

static const char *id(const struct rendering *rendering)
{
    return rendering->values->id;
}

static const char *create_date(const struct rendering *rendering)
{
    return rendering->values->create_date;
}

static const char *parents(const struct rendering *rendering)
{
    const char *text = "";

    for (const char *const *down = rendering->values->down; *down != NULL; down++)
        text = alembic_host->format(rendering->call, "%s%s%s", text, *text != '\0' ? ", " : "",
                                    *down);
    return text;
}

static const char *repr_id(const struct rendering *rendering)
{
    return pytext_repr(rendering->call, rendering->values->id);
}

static const char *repr_down(const struct rendering *rendering)
{
    return pytext_repr_list(rendering->call, rendering->values->down, "()", false);
}

static const char *repr_labels(const struct rendering *rendering)
{
    return pytext_repr_list(rendering->call, rendering->values->labels, "()", true);
}

static const char *repr_depends_on(const struct rendering *rendering)
{
    return pytext_repr_list(rendering->call, rendering->values->depends_on, "[]", false);
}

static const char *nothing(const struct rendering *rendering)
{
    (void)rendering;
    return "";
}

static const char *pass(const struct rendering *rendering)
{
    (void)rendering;
    return "pass";
}

static const struct expression {
    const char *text; /* without blanks */
    const char *(*value)(const struct rendering *rendering); /* NULL: only Python can tell */
} expressions[] = {
    {"message", message},
    {"up_revision", id},
    {"create_date", create_date},
    {"down_revision|comma,n", parents},
    {"repr(up_revision)", repr_id},
    {"repr(down_revision)", repr_down},
    {"repr(branch_labels)", repr_labels},
    {"repr(depends_on)", repr_depends_on},
    {"importsifimportselse\"\"", nothing},
    {"importsifimportselse''", nothing},
    {"upgradesifupgradeselse\"pass\"", pass},
    {"upgradesifupgradeselse'pass'", pass},
    {"downgradesifdowngradeselse\"pass\"", pass},
    {"downgradesifdowngradeselse'pass'", pass},
};

/* "${...}" at rendering->text; what stops us, or NULL. */
static const char *expression(struct rendering *rendering)
{
    const char *start = rendering->text;
    const char *close = memchr(start, '}', (size_t)(rendering->end - start));
    const char *value = NULL;
    char name[64];
    size_t n = 0;

    for (const char *c = start + 2; close != NULL && c < close && n + 1 < sizeof name; c++)
        if (*c != ' ' && *c != '\t' && *c != '\n')
            name[n++] = *c;
    name[n] = '\0';
    for (size_t i = 0; close != NULL && i < sizeof expressions / sizeof *expressions; i++)
        if (strcmp(expressions[i].text, name) == 0)
            value = expressions[i].value(rendering);
    if (value == NULL)
        return excerpt(rendering, start);
    (void)fputs(value, rendering->out);
    rendering->text = close + 1;
    return NULL;
}

/* --- text -------------------------------------------------------------------------------------*/

/* A line that Mako treats as its own: a comment is passed over; what stops us, or NULL. */
static const char *line_start(struct rendering *rendering)
{
    const char *c = rendering->text;

    while (c < rendering->end && (*c == ' ' || *c == '\t'))
        c++;
    if (c < rendering->end && *c == '%')
        return excerpt(rendering, c);
    if (rendering->end - c < 2 || c[0] != '#' || c[1] != '#')
        return NULL;
    while (c < rendering->end && *c != '\n')
        c += c[0] == '\\' && rendering->end - c > 1 && c[1] == '\n' ? 2 : 1;
    rendering->text = c < rendering->end ? c + 1 : c;
    return c < rendering->end ? line_start(rendering) : NULL;
}

static bool begins_tag(const char *text, const char *end)
{
    if (text[0] != '<' || end - text < 2)
        return false;
    text += text[1] == '/' ? 2 : 1;
    return text < end && (*text == '%' || *text == '&');
}

static const char *render(struct rendering *rendering)
{
    const char *stop = line_start(rendering);

    while (stop == NULL && rendering->text < rendering->end) {
        const char *c = rendering->text;
        bool has_next = rendering->end - c > 1;

        if (*c == '$' && has_next && c[1] == '{') {
            stop = expression(rendering);
        } else if (begins_tag(c, rendering->end)) {
            stop = excerpt(rendering, c);
        } else if (*c == '\\' && has_next && c[1] == '\n') {
            rendering->text += 2;
            stop = line_start(rendering);
        } else {
            (void)fputc(*c, rendering->out);
            rendering->text++;
            if (*c == '\n')
                stop = line_start(rendering);
        }
    }
    return stop;
}

/* What Mako or Python treats in ways of its own, before it looks at anything. */
static const char *strange(struct ddb_call *call, const char *text, size_t n)
{
    size_t line = strcspn(text, "\n");

    if (memchr(text, '\0', n) != NULL || memchr(text, '\r', n) != NULL)
        return "a carriage return or a zero byte";
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0 || !pytext_is_utf8(text))
        return "text that is not plain UTF-8";
    if (text[0] == '#' && memmem(text, line, "coding", 6) != NULL)
        return alembic_host->format(call, "\"%.*s\"", (int)line, text);
    return NULL;
}

const char *mako_render(struct ddb_call *call, const char *text, size_t n,
                        const struct mako_values *values, struct mako_file *file)
{
    struct rendering rendering = {
        .call = call, .values = values, .file = file, .text = text, .end = text + n};
    const char *stop = strange(call, text, n);
    char *made = NULL;

    *file = (struct mako_file){0};
    if (stop != NULL)
        return stop;
    rendering.out = open_memstream(&made, &file->n);
    if (rendering.out == NULL)
        abort(); /* no memory, as the rest of the program does */
    stop = render(&rendering);
    if (fclose(rendering.out) != 0)
        abort();
    if (stop == NULL)
        file->text = alembic_host->format(call, "%s", made);
    free(made);
    return stop;
}

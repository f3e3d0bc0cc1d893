/*
 * fuzz_sqlfile - any bytes as SQL text and as a revision file of the sql engine. Statements and
 * comments are in order, inside the text, apart from each other, with the right lines, and a statement
 * alone is cut as itself. What a revision file is read as lies inside the file and can be shown.
 *
 * With FUZZ_LINKED the plugin is linked, not included.
 */
#ifndef FUZZ_LINKED
#define FAKEHOST_pg
#include "../../plugins/sql/header.c"

#include "../../plugins/sql/file.c"

#include "../../plugins/sql/digest.c"

const struct ddb_host *sql_host;
#else
#include "sql/header.h"
#endif

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fakehost.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(holds) must_at((holds), __LINE__)

static void must_at(bool holds, int line)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz_sqlfile: line %d does not hold\n", line);
    abort();
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* --- the splitter ------------------------------------------------------------------------------*/

struct walk {
    const char *text, *end;
    const char *p; /* up to where all has been handed out */
    const char *counted;
    size_t line; /* of ${counted} */
    size_t n;
    struct split_statement last;
};

static size_t line_at(struct walk *walk, const char *p)
{
    for (; walk->counted < p; walk->counted++)
        walk->line += *walk->counted == '\n';
    return walk->line;
}

static void check_data(struct walk *walk, const struct split_statement *s)
{
    const char *end;

    must((s->data != NULL) == ((s->flags & SPLIT_COPY_IN) != 0));
    if (s->data == NULL)
        return;
    end = s->data + s->data_n;
    must(s->data >= walk->p && end <= walk->end);
    must(s->data_n == 0 || (s->data[-1] == '\n' && end[-1] == '\n' && walk->end - end >= 2 &&
                            end[0] == '\\' && end[1] == '.'));
    walk->p = end;
}

static int alone(void *arg, const struct split_statement *s)
{
    struct walk *walk = arg;

    walk->n++;
    walk->last = *s;
    return 0;
}

static bool has_mark(const char *text, size_t n)
{
    return n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;
}

/* The same statement when it is all of a text. */
static void check_alone(const struct split_statement *s)
{
    struct walk walk = {.n = 0};
    struct err err = ERR_INIT;

    if (has_mark(s->text, s->n)) /* a byte order mark is one at the beginning only */
        return;
    must(split_statements(s->text, s->n, alone, &walk, &err) == 0 && walk.n == 1);
    must(walk.last.text == s->text && walk.last.n == s->n && walk.last.flags == s->flags);
}

static int statement(void *arg, const struct split_statement *s)
{
    struct walk *walk = arg;

    must(s->n > 0 && s->text >= walk->p && s->text + s->n <= walk->end);
    must(!is_space(s->text[0]) && s->text[0] != ';');
    must(s->line == line_at(walk, s->text));
    must(s->code <= s->n);
    walk->p = s->text + s->n;
    must((s->flags & SPLIT_META) == (s->text[0] == '\\' ? SPLIT_META : 0u));
    if (s->flags & SPLIT_META) {
        must(s->flags == SPLIT_META && memchr(s->text, '\n', s->n) == NULL);
        must(walk->p == walk->end || *walk->p == '\n' || *walk->p == '\r');
    } else {
        must(!is_space(walk->p[-1]));
        check_alone(s);
    }
    check_data(walk, s);
    walk->n++;
    return 0;
}

static int comment(void *arg, const struct split_comment *c)
{
    struct walk *walk = arg;

    must(c->n >= 2 && c->text >= walk->p && c->text + c->n <= walk->end);
    must(memcmp(c->text, "--", 2) == 0);
    must(memchr(c->text, '\n', c->n) == NULL && memchr(c->text, '\r', c->n) == NULL);
    must(c->line == line_at(walk, c->text));
    for (const char *p = c->text; p > walk->text && p[-1] != '\n'; p--)
        must(is_space(p[-1]) || (p <= walk->text + 3 && has_mark(walk->text, 3)));
    walk->p = c->text + c->n;
    must(walk->p == walk->end || *walk->p == '\n' || *walk->p == '\r');
    return 0;
}

static void split_both(const char *text, size_t n)
{
    struct walk walk = {.text = text, .end = text + n, .p = text, .counted = text, .line = 1};
    struct walk comments = walk;
    struct err err = ERR_INIT, comments_err = ERR_INIT;
    int rc = split_statements(text, n, statement, &walk, &err);

    must(rc == 0 || (rc == -1 && err.code == ERR_CONFIG && walk.n == 0));
    must(split_comments(text, n, comment, &comments, &comments_err) == rc);
    must(strcmp(err.primary, comments_err.primary) == 0);
}

/* --- the revision file -------------------------------------------------------------------------*/

static void check_names(const char *const *names)
{
    for (; *names != NULL; names++)
        must(**names != '\0' && strpbrk(*names, ",\n\r") == NULL && !is_space(**names) &&
             !is_space((*names)[strlen(*names) - 1]));
}

static void check_section(const struct file_section *s, const char *text, size_t n)
{
    size_t line = 1;

    if (s->text == NULL)
        return;
    must(s->text >= text && s->n <= n && s->text + s->n <= text + n);
    for (const char *p = text; p < s->text; p++)
        line += *p == '\n';
    /* The last line may lack its end. */
    must(s->line == line || (s->line == line + 1 && (s->n == 0 || s->text[-1] == '\r')));
}

static void check_file(struct ddb_call *call, const struct file *file, const char *text, size_t n)
{
    const struct file_section *first = &file->upgrade, *second = &file->downgrade;
    struct file header = {.path = "f"};
    size_t extent = 0;

    must(file->id[0] != '\0' && strpbrk(file->id, "\n\r") == NULL);
    must(strpbrk(file->create_date, "\n\r") == NULL);
    must(strlen(file->doc) <= n && !is_space(file->doc[0]));
    must(strlen(file->sha256) == 64);
    check_names(file->down);
    check_names(file->labels);
    check_names(file->depends_on);
    check_section(first, text, n);
    check_section(second, text, n);
    must(first->text != NULL || second->text != NULL);
    if (first->text != NULL && second->text != NULL)
        must(first->text + first->n <= second->text || second->text + second->n <= first->text);
    must(header_extent(text, n, true, &extent) && header_parse(call, text, extent, &header) == 0);
    must(strcmp(header.id, file->id) == 0 && strcmp(header.doc, file->doc) == 0);
}

/* What the first bytes tell about the header stays so when there are more. */
static void check_extent(const char *text, size_t n)
{
    size_t whole = 0, extent = 0;

    must(header_extent(text, n, true, &whole) && whole <= n);
    for (size_t some = n; some > 3; some /= 2)
        must(!header_extent(text, some, false, &extent) || extent == whole);
}

static int load(const struct ddb_host *host)
{
    sql_host = host;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ddb_plugin plugin = {.name = "fuzz", .load = load};
    struct ddb_call *call = fakehost_open(&plugin);
    char *text = malloc(size > 0 ? size : 1); /* exactly as long: a step beyond it is seen */
    struct file file;

    must(text != NULL);
    memcpy(text, data, size);
    split_both(text, size);
    check_extent(text, size);
    if (file_parse(call, "f", text, size, &file) == 0)
        check_file(call, &file, text, size);
    else
        must(call->err.code != ERR_NONE && call->err.primary[0] != '\0');
    free(text);
    fakehost_close(call);
    return 0;
}

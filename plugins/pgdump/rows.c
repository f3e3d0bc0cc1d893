/* rows - see pgdump.h: pg_restore prints the script of one entry of the dump; its COPY block is cut out. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pgdump.h"

/* --- which entry --------------------------------------------------------------------------------- */

/* The dump's list, of which the lines with rows of tables are kept. */
struct listing {
    struct ddb_call *call;
    struct string line, found; /* ${found}: the lines that may be meant, each with its newline */
    const char *wanted;        /* "TABLE DATA schema name " */
    size_t n;
};

/* "3325; 0 16386 TABLE DATA public orders postgres". */
static void take_line(struct listing *listing)
{
    const char *at = listing->line.data;

    if (listing->line.len == 0 || at[0] == ';')
        return;
    at = strstr(at, " TABLE DATA ");
    if (at == NULL || strncmp(at + 1, listing->wanted, strlen(listing->wanted)) != 0)
        return;
    string_add(&listing->found, listing->line.data, listing->line.len);
    string_add(&listing->found, "\n", 1);
    listing->n++;
}

static int take_listing(void *arg, const void *data, size_t n)
{
    struct listing *listing = arg;
    const char *at = data, *end = at + n;

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline != NULL ? newline : end;

        string_add(&listing->line, at, (size_t)(stop - at));
        if (newline == NULL)
            break;
        take_line(listing);
        listing->line.len = 0;
        at = newline + 1;
    }
    return 0;
}

/* --- the COPY block ------------------------------------------------------------------------------ */

enum { BEFORE, ROWS, OTHER }; /* ahead of COPY, in its lines, in those of another table */

/* The script as pg_restore prints it. */
struct script {
    struct ddb_call *call;
    const char *schema, *name;
    const char **columns;
    int (*out)(void *arg, const char *text, size_t n);
    void *arg;
    struct string head; /* the statement as far as it has come, or the start of a line of rows */
    int state;
    bool by_root, found, twice;
};

/* An identifier at ${at}, compared with ${name}; where it ends, NULL when it is another. */
static const char *same_identifier(const char *at, const char *name)
{
    const bool quoted = *at == '"';

    for (at += quoted; *name != '\0'; name++, at++) {
        if (*at != *name)
            return NULL;
        at += quoted && *at == '"'; /* written twice */
    }
    return !quoted ? at : *at == '"' && at[1] != '"' ? at + 1 : NULL;
}

/* "COPY public.orders (id, total)": whether it is that table. */
static bool is_of(const char *statement, const char *schema, const char *name)
{
    const char *at = same_identifier(statement + strlen("COPY "), schema);

    if (at != NULL)
        at = *at == '.' ? same_identifier(at + 1, name) : NULL;
    return at != NULL && (*at == ' ' || *at == '\0');
}

/* A dump of a partition may load it by way of its root; then there is one entry only that can be meant. */
static bool is_wanted(struct script *script, const char *statement)
{
    return is_of(statement, script->schema, script->name) || script->by_root;
}

static const char *columns_of(struct ddb_call *call, const char *statement, size_t n)
{
    bool quoted = false;

    for (size_t i = 0; i < n; i++) {
        quoted = quoted != (statement[i] == '"');
        if (!quoted && statement[i] == '(')
            return host->format(call, "%.*s", (int)(n - i), statement + i);
    }
    return "";
}

static const char from_stdin[] = " FROM stdin;\n";

const char *rows_columns(struct ddb_call *call, const char *statement, const char *schema,
                         const char *name)
{
    const size_t tail = sizeof from_stdin - 1, n = strlen(statement);

    if (strncmp(statement, "COPY ", 5) != 0 || n < tail + 5 ||
        strcmp(statement + n - tail, from_stdin) != 0 || !is_of(statement, schema, name))
        return NULL;
    return columns_of(call, statement, n - tail);
}

static bool ends_with(const struct string *string, const char *tail)
{
    const size_t n = strlen(tail);

    return string->len >= n && memcmp(string->data + string->len - n, tail, n) == 0;
}

/* A line ahead of the rows is in ${head}, with its newline; a name with a newline in it makes the
 * statement go on in the next. */
static void end_head(struct script *script)
{
    static const char root[] = "-- load via partition root ";
    struct string *head = &script->head;

    if (strncmp(head->data, root, sizeof root - 1) == 0)
        script->by_root = true;
    if (strncmp(head->data, "COPY ", 5) != 0) {
        head->len = 0;
        return;
    }
    if (!ends_with(head, from_stdin))
        return;
    head->len -= sizeof from_stdin - 1;
    head->data[head->len] = '\0';
    script->state = OTHER;
    if (is_wanted(script, head->data)) {
        script->twice = script->found;
        script->found = true;
        script->state = ROWS;
        *script->columns = columns_of(script->call, head->data, head->len);
    }
    head->len = 0;
}

/* A whole line of rows: "\." ends them. */
static int end_row(struct script *script, const char *line, size_t n)
{
    if (n == 3 && memcmp(line, "\\.\n", 3) == 0) {
        script->state = BEFORE;
        script->by_root = false;
        return 0;
    }
    return script->state == ROWS ? script->out(script->arg, line, n) : 0;
}

static int take_script(void *arg, const void *data, size_t n)
{
    struct script *script = arg;
    const char *at = data, *end = at + n;

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const size_t len = (size_t)((newline != NULL ? newline + 1 : end) - at);
        int rc = 0;

        if (script->state == BEFORE || newline == NULL || script->head.len > 0)
            string_add(&script->head, at, len);
        if (newline == NULL)
            return 0;
        if (script->state == BEFORE) {
            end_head(script);
        } else if (script->head.len > 0) {
            rc = end_row(script, script->head.data, script->head.len);
            script->head.len = 0;
        } else {
            rc = end_row(script, at, len);
        }
        if (rc != 0)
            return -1;
        at += len;
    }
    return 0;
}

/* --- both together ------------------------------------------------------------------------------- */

/* The list of entries as a file that pg_restore can open. */
static int list_file(struct ddb_call *call, const struct string *lines)
{
    int fd = memfd_create("list", MFD_CLOEXEC);

    if (fd >= 0 && write(fd, lines->data, lines->len) == (ssize_t)lines->len)
        return fd;
    host->fail(call, "could not keep the list of entries in memory: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static int find_entries(struct ddb_call *call, const struct ddb_source *source, const char *schema,
                        const char *name, struct listing *listing)
{
    const char *argv[] = {NULL, "--list", NULL, NULL};
    struct tool tool;
    int fd, rc;

    *listing = (struct listing){.call = call, .line = {.call = call}, .found = {.call = call}};
    listing->wanted = host->format(call, "TABLE DATA %s %s ", load_shown(call, schema),
                                   load_shown(call, name));
    if (tools_find(call, "pg_restore", 0, &tool) < 0 || load_head(call, source, &tool, &fd) < 0)
        return -1;
    if (fd < 0)
        return load_run(call, source, argv, NULL, take_listing, listing);
    rc = load_list(call, &tool, fd, take_listing, listing);
    close(fd);
    return rc;
}

int rows_of_table(struct ddb_call *call, const struct ddb_source *source, const char *schema,
                  const char *name, const char **columns,
                  int (*out)(void *arg, const char *text, size_t n), void *arg)
{
    struct script script = {.call = call, .schema = schema, .name = name, .columns = columns,
                            .out = out, .arg = arg, .head = {.call = call}};
    struct listing listing;
    int fd, rc;

    *columns = NULL;
    if (find_entries(call, source, schema, name, &listing) < 0)
        return -1;
    if (listing.n == 0)
        return host->fail(call, "the dump has no rows of table \"%s.%s\"", schema, name);
    fd = list_file(call, &listing.found);
    if (fd < 0)
        return -1;
    rc = load_run(call, source,
                  (const char *[]){NULL, "--data-only", "-f", "-", "-L", load_head_path(call, fd),
                                   NULL},
                  NULL, take_script, &script);
    close(fd);
    if (rc == 0 && !script.found)
        rc = host->fail(call, "the dump has no rows of table \"%s.%s\"", schema, name);
    if (rc == 0 && (script.twice || (listing.n > 1 && script.by_root)))
        rc = host->fail(call, "the dump has two tables that may be \"%s.%s\"", schema, name);
    return rc;
}

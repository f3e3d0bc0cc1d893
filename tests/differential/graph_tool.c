/*
 * graph_tool - answers questions about revision graphs: standard input to standard output.
 *
 * compare.py asks the same questions of Alembic and compares. A line of input is a command whose
 * fields are separated by tabs; a field that is a list has commas; "\n", "\t", "\r" and "\\" stand
 * for those characters. Every command but `rev` is answered by the line itself after "? " and then
 * by its answer, or by "error: ..." in one line.
 *
 *     new                                             forget everything
 *     rev ID DOWN LABELS DEPENDS_ON PATH DOC          one more revision
 *     link                                            no questions but `new` when this fails
 *     sets                                            heads, bases, labels, edges
 *     resolve TEXT
 *     upgrade TARGET ROWS; downgrade TARGET ROWS      steps, changes of the rows, rows
 *     stamp FLAGS TARGETS ROWS                        changes of the rows, rows; "p" is --purge
 *     draw FLAGS ROWS                                 all of it; "a" in ASCII, "d" for Graphviz
 *     heads FLAGS; branches FLAGS; show TEXT; current FLAGS ROWS; history FLAGS RANGE ROWS
 *     revision ID HEADS LABELS DEPENDS_ON FLAGS       what to write; merge is the same
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "revision/draw.h"
#include "revision/graph.h"
#include "revision/order.h"
#include "revision/resolve.h"
#include "revision/revise.h"
#include "revision/rows.h"
#include "revision/show.h"
#include "revision/stamp.h"

enum { FIELDS = 7 };

struct tool {
    struct arena *arena;
    struct graph *graph;
    char *field[FIELDS];
};

static void unescape(char *text)
{
    char *to = text;

    for (; *text != '\0'; text++) {
        if (*text == '\\' && text[1] != '\0') {
            text++;
            *to++ = *text == 'n' ? '\n' : *text == 't' ? '\t' : *text == 'r' ? '\r' : *text;
        } else {
            *to++ = *text;
        }
    }
    *to = '\0';
}

static const char *const *list_of(struct arena *arena, const char *field)
{
    auto_strvec struct strvec list = {0};

    while (*field != '\0') {
        size_t n = strcspn(field, ",");
        auto_free char *item = mem_alloc(n + 1);

        memcpy(item, field, n);
        strvec_push(&list, item);
        field += n + (field[n] == ',');
    }
    return (const char *const *)arena_list(arena, &list);
}

static void print_error(const struct err *err)
{
    printf("error: %s", err->primary);
    for (const char *c = err->detail; *c != '\0'; c++)
        if (c == err->detail || c[-1] == '\n')
            printf(" | %.*s", (int)strcspn(c, "\n"), c);
    printf("\n");
}

static void print_set(const char *name, struct revset set)
{
    printf("%s:", name);
    for (size_t i = 0; i < set.n; i++)
        printf(" %s", set.v[i]->id);
    printf("\n");
}

static void command_new(struct tool *tool)
{
    arena_free(tool->arena);
    tool->arena = arena_new();
    tool->graph = graph_new(tool->arena);
}

static void command_rev(struct tool *tool)
{
    struct revision revision = {
        .id = tool->field[1],
        .down_ids = list_of(tool->arena, tool->field[2]),
        .labels_declared = list_of(tool->arena, tool->field[3]),
        .depends_on_ids = list_of(tool->arena, tool->field[4]),
        .path = tool->field[5],
        .doc = tool->field[6],
    };

    unescape(tool->field[6]);
    graph_add(tool->graph, &revision);
}

static void command_link(struct tool *tool)
{
    struct errs errs = {0};

    if (graph_link(tool->graph, &errs) == 0)
        printf("ok\n");
    else
        print_error(&errs.items[0]);
    errs_release(&errs);
}

static void command_sets(struct tool *tool)
{
    print_set("heads", graph_heads(tool->graph));
    print_set("effective heads", graph_effective_heads(tool->graph));
    print_set("bases", graph_bases(tool->graph));
    for (size_t i = 0; i < graph_count(tool->graph); i++) {
        struct revision *revision = graph_at(tool->graph, i);

        printf("%s labels:", revision->id);
        for (const char *const *label = revision->labels; *label != NULL; label++)
            printf(" %s", *label);
        printf("\n");
        print_set("  down", revision->normal_down);
        print_set("  next", revision->next);
        print_set("  all next", revision->all_next);
    }
}

static int rows_of(struct tool *tool, const char *field, struct revset *rows, struct err *err)
{
    struct errs errs = {0};
    int status = rows_check(tool->graph, list_of(tool->arena, field), rows, &errs);

    if (status != 0)
        err_set(err, errs.items[0].code, "%s", errs.items[0].primary);
    errs_release(&errs);
    return status;
}

static int command_resolve(struct tool *tool, struct err *err)
{
    struct revset set;

    if (resolve(tool->graph, tool->field[1], &set, err) != 0)
        return -1;
    print_set("revisions", set);
    return 0;
}

static void print_changes(const struct row_change *changes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (changes[i].kind == ROW_INSERT)
            printf("  insert %s\n", changes[i].to);
        else if (changes[i].kind == ROW_DELETE)
            printf("  delete %s\n", changes[i].from);
        else
            printf("  update %s to %s\n", changes[i].from, changes[i].to);
    }
}

static void print_step(struct tool *tool, struct revset *rows, struct revision *step, bool up)
{
    auto_buf struct buf text = {0};
    struct row_change *changes;
    size_t n;

    show_step(tool->graph, step, up, &text);
    printf("%s\n", buf_text(&text));
    if (up)
        rows_upgrade(tool->graph, rows, step, &changes, &n);
    else
        rows_downgrade(tool->graph, rows, step, &changes, &n);
    print_changes(changes, n);
    print_set("  rows", *rows);
}

static int command_move(struct tool *tool, bool up, struct err *err)
{
    struct resolve_target target;
    struct revset rows;
    struct revset steps;
    int status;

    if (rows_of(tool, tool->field[2], &rows, err) != 0 ||
        resolve_target(tool->graph, tool->field[1], rows, up ? RESOLVE_UPGRADE : RESOLVE_DOWNGRADE,
                       &target, err) != 0)
        return -1;
    if (up)
        status = order_upgrade(tool->graph, rows, target.revisions, &steps, err);
    else
        status = order_downgrade_branch(tool->graph, rows,
                                        target.revisions.n == 0 ? NULL : target.revisions.v[0],
                                        target.branch, &steps, err);
    if (status != 0)
        return -1;
    for (size_t i = 0; i < steps.n; i++)
        print_step(tool, &rows, steps.v[i], up);
    return 0;
}

static int command_stamp(struct tool *tool, struct err *err)
{
    const char *const *targets = list_of(tool->arena, tool->field[2]);
    const char *const *stored = list_of(tool->arena, tool->field[3]);
    struct revset rows;
    struct stamp stamp;
    int status;

    if (strchr(tool->field[1], 'p') != NULL)
        status = stamp_purge(tool->graph, stored, targets, &stamp, err);
    else if (rows_of(tool, tool->field[3], &rows, err) == 0)
        status = stamp_plan(tool->graph, rows, targets, &stamp, err);
    else
        status = -1;
    if (status != 0)
        return -1;
    print_changes(stamp.changes, stamp.n);
    print_set("  rows", stamp.rows);
    return 0;
}

static int add_history(struct tool *tool, bool verbose, struct buf *out, struct err *err)
{
    struct revset rows;
    struct revset marked = {0};
    struct revset lower;
    struct revset upper;
    struct revset set;

    if (rows_of(tool, tool->field[3], &rows, err) != 0 ||
        resolve_range(tool->graph, tool->field[2], rows, &lower, &upper, err) != 0 ||
        order_range(tool->graph, lower, upper, &set, err) != 0)
        return -1;
    if (strchr(tool->field[1], 'i') != NULL)
        marked = rows;
    show_history(tool->graph, set, marked, verbose, out);
    return 0;
}

static int command_draw(struct tool *tool, struct err *err)
{
    auto_buf struct buf out = {0};
    struct revset all = {0};
    struct revset rows;

    if (rows_of(tool, tool->field[2], &rows, err) != 0)
        return -1;
    for (size_t i = 0; i < graph_count(tool->graph); i++)
        revset_add(tool->arena, &all, graph_at(tool->graph, i));
    all = order_history(tool->graph, all);
    if (strchr(tool->field[1], 'd') != NULL)
        draw_dot(tool->graph, all, rows, &out);
    else
        draw_graph(tool->graph, all, rows, strchr(tool->field[1], 'a') != NULL ? DRAW_ASCII : 0,
                   &out);
    fwrite(buf_text(&out), 1, out.len, stdout);
    return 0;
}

static int command_text(struct tool *tool, struct err *err)
{
    const char *name = tool->field[0];
    bool verbose = strchr(tool->field[1], 'v') != NULL;
    auto_buf struct buf out = {0};
    struct revset set;

    if (strcmp(name, "heads") == 0) {
        show_heads(tool->graph, strchr(tool->field[1], 'r') != NULL, verbose, &out);
    } else if (strcmp(name, "branches") == 0) {
        show_branches(tool->graph, verbose, &out);
    } else if (strcmp(name, "show") == 0) {
        if (resolve(tool->graph, tool->field[1], &set, err) != 0)
            return -1;
        for (size_t i = 0; i < set.n; i++)
            show_entry(tool->graph, set.v[i], false, &out);
    } else if (strcmp(name, "current") == 0) {
        if (rows_of(tool, tool->field[2], &set, err) != 0)
            return -1;
        show_current(tool->graph, set, verbose, &out);
    } else if (add_history(tool, verbose, &out, err) != 0) {
        return -1;
    }
    fwrite(buf_text(&out), 1, out.len, stdout);
    return 0;
}

static void print_list(const char *name, const char *const *list)
{
    printf("%s:", name);
    for (; *list != NULL; list++)
        printf(" %s", *list);
    printf("\n");
}

static void command_revise(struct tool *tool)
{
    struct revise_request request = {
        .id = tool->field[1],
        .heads = list_of(tool->arena, tool->field[2]),
        .labels = list_of(tool->arena, tool->field[3]),
        .depends_on = list_of(tool->arena, tool->field[4]),
        .splice = strchr(tool->field[5], 's') != NULL,
        .merge = strcmp(tool->field[0], "merge") == 0,
    };
    struct revise_plan plan;
    struct errs errs = {0};

    if (revise(tool->graph, &request, &plan, &errs) != 0) {
        print_error(&errs.items[0]);
    } else {
        print_list("down", plan.down);
        print_list("labels", plan.labels);
        print_list("depends on", plan.depends_on);
        printf("beside: %s\n", plan.beside == NULL ? "" : plan.beside);
    }
    errs_release(&errs);
}

static void answer(struct tool *tool)
{
    const char *name = tool->field[0];
    struct err err = ERR_INIT;
    int status = 0;

    if (strcmp(name, "link") == 0)
        command_link(tool);
    else if (strcmp(name, "sets") == 0)
        command_sets(tool);
    else if (strcmp(name, "resolve") == 0)
        status = command_resolve(tool, &err);
    else if (strcmp(name, "upgrade") == 0 || strcmp(name, "downgrade") == 0)
        status = command_move(tool, name[0] == 'u', &err);
    else if (strcmp(name, "stamp") == 0)
        status = command_stamp(tool, &err);
    else if (strcmp(name, "draw") == 0)
        status = command_draw(tool, &err);
    else if (strcmp(name, "revision") == 0 || strcmp(name, "merge") == 0)
        command_revise(tool);
    else
        status = command_text(tool, &err);
    if (status != 0)
        print_error(&err);
}

int main(void)
{
    struct tool tool = {0};
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;

    command_new(&tool);
    while ((n = getline(&line, &cap, stdin)) > 0) {
        char *rest = line;

        if (line[n - 1] == '\n')
            line[n - 1] = '\0';
        if (strncmp(line, "rev\t", 4) != 0)
            printf("? %s\n", line);
        for (size_t i = 0; i < FIELDS; i++) {
            char *field = strsep(&rest, "\t");

            tool.field[i] = field == NULL ? line + strlen(line) : field;
        }
        if (strcmp(tool.field[0], "new") == 0)
            command_new(&tool);
        else if (strcmp(tool.field[0], "rev") == 0)
            command_rev(&tool);
        else
            answer(&tool);
    }
    free(line);
    arena_free(tool.arena);
    return ferror(stdin) || fflush(stdout) != 0 || ferror(stdout) ? 1 : 0;
}

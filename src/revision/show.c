/* show - see show.h. */
#include "revision/show.h"

#include <string.h>

#include "revision/order.h"
#include "revision/rows.h"

/* The optional parts of a line. */
enum {
    WITH_PARENTS = 1,
    WITH_LABELS = 2,
    WITH_TREE = 4,
    WITH_DOC = 8,
    IS_CURRENT = 16,
};

static void add_names(struct buf *out, const char *const *names)
{
    for (size_t i = 0; names[i] != NULL; i++)
        buf_addf(out, "%s%s", i > 0 ? ", " : "", names[i]);
}

static void add_ids(struct buf *out, struct revset set)
{
    for (size_t i = 0; i < set.n; i++)
        buf_addf(out, "%s%s", i > 0 ? ", " : "", set.v[i]->id);
}

static void add_parents(struct buf *out, const struct revision *revision)
{
    if (revision->down.n == 0)
        buf_adds(out, "<base>");
    else
        add_ids(out, revision->down);
}

static void add_flag(struct buf *out, bool is, const char *flag)
{
    if (is)
        buf_adds(out, flag);
}

static void add_line(struct graph *graph, const struct revision *revision, unsigned parts,
                     struct buf *out)
{
    if (parts & WITH_PARENTS) {
        add_parents(out, revision);
        if (revision->depends_on_ids[0] != NULL) {
            buf_adds(out, " (");
            add_names(out, revision->depends_on_ids);
            buf_addc(out, ')');
        }
        buf_adds(out, " -> ");
    }
    buf_adds(out, revision->id);
    if ((parts & WITH_LABELS) && revision->labels[0] != NULL) {
        buf_adds(out, " (");
        add_names(out, revision->labels);
        buf_addc(out, ')');
    }
    add_flag(out, revision->is_effective_head, " (head)");
    add_flag(out, revision->is_head && !revision->is_effective_head, " (effective head)");
    add_flag(out, parts & IS_CURRENT, " (current)");
    if (parts & WITH_TREE) {
        add_flag(out, revision->is_branch_point, " (branchpoint)");
        add_flag(out, revision->is_merge_point, " (mergepoint)");
    }
    if (parts & WITH_DOC)
        buf_addf(out, ", %s", revision_short_doc(graph_arena(graph), revision));
    buf_addc(out, '\n');
}

static int width(const char *id)
{
    int n = 0;

    for (; *id != '\0'; id++)
        n += ((unsigned char)*id & 0xc0) != 0x80; /* characters of UTF-8 */
    return n;
}

/* The bytes of the line break at ${text}, or 0: those of Python's str.splitlines(). */
static size_t line_break(const char *text)
{
    if (text[0] == '\r' && text[1] == '\n')
        return 2;
    if (text[0] != '\0' && strchr("\n\r\v\f\x1c\x1d\x1e", text[0]) != NULL)
        return 1;
    if (strncmp(text, "\xc2\x85", 2) == 0)
        return 2;
    if (strncmp(text, "\xe2\x80\xa8", 3) == 0 || strncmp(text, "\xe2\x80\xa9", 3) == 0)
        return 3;
    return 0;
}

static void add_indented(struct buf *out, const char *text)
{
    while (*text != '\0') {
        size_t n = 0;

        while (text[n] != '\0' && line_break(text + n) == 0)
            n++;
        buf_adds(out, "    ");
        buf_add(out, text, n);
        text += n + line_break(text + n);
        if (*text != '\0')
            buf_addc(out, '\n');
    }
}

void show_entry(struct graph *graph, const struct revision *revision, bool is_current,
                struct buf *out)
{
    buf_addf(out, "Rev: %s", revision->id);
    add_flag(out, revision->is_head, " (head)");
    add_flag(out, revision->is_branch_point, " (branchpoint)");
    add_flag(out, revision->is_merge_point, " (mergepoint)");
    add_flag(out, is_current, " (current)");
    buf_adds(out, revision->is_merge_point ? "\nMerges: " : "\nParent: ");
    add_parents(out, revision);
    if (revision->depends_on_ids[0] != NULL) {
        buf_adds(out, "\nAlso depends on: ");
        add_names(out, revision->depends_on_ids);
    }
    if (revision->is_branch_point) {
        buf_adds(out, "\nBranches into: ");
        add_ids(out, revision->next);
    }
    if (revision->labels[0] != NULL) {
        buf_adds(out, "\nBranch names: ");
        add_names(out, revision->labels);
    }
    buf_addf(out, "\nPath: %s\n\n", revision->path == NULL ? "" : revision->path);
    add_indented(out, revision_long_doc(graph_arena(graph), revision));
    buf_adds(out, "\n\n");
}

void show_heads(struct graph *graph, bool effective, bool verbose, struct buf *out)
{
    struct revset heads = effective ? graph_effective_heads(graph) : graph_heads(graph);

    for (size_t i = 0; i < heads.n; i++) {
        if (verbose)
            show_entry(graph, heads.v[i], false, out);
        else
            add_line(graph, heads.v[i], WITH_LABELS, out);
    }
}

void show_history(struct graph *graph, struct revset set, struct revset rows, bool verbose,
                  struct buf *out)
{
    for (size_t i = 0; i < set.n; i++) {
        bool is_current = revset_has(rows, set.v[i]);

        if (verbose)
            show_entry(graph, set.v[i], is_current, out);
        else
            add_line(graph, set.v[i],
                     WITH_PARENTS | WITH_LABELS | WITH_TREE | WITH_DOC |
                         (is_current ? IS_CURRENT : 0),
                     out);
    }
}

void show_current(struct graph *graph, struct revset rows, bool verbose, struct buf *out)
{
    struct revset current = rows_current(graph, rows);

    for (size_t i = 0; i < current.n; i++) {
        if (verbose)
            show_entry(graph, current.v[i], false, out);
        else
            add_line(graph, current.v[i], WITH_TREE, out);
    }
}

void show_branches(struct graph *graph, bool verbose, struct buf *out)
{
    struct revset all = {0};

    for (size_t i = 0; i < graph_count(graph); i++)
        revset_add(graph_arena(graph), &all, graph_at(graph, i));
    all = order_history(graph, all);
    for (size_t i = 0; i < all.n; i++) {
        if (!all.v[i]->is_branch_point)
            continue;
        if (verbose)
            show_entry(graph, all.v[i], false, out);
        else
            add_line(graph, all.v[i], WITH_LABELS | WITH_TREE, out);
        for (size_t j = 0; j < all.v[i]->next.n; j++) {
            buf_addf(out, "%*s -> ", width(all.v[i]->id), "");
            add_line(graph, all.v[i]->next.v[j],
                     WITH_LABELS | WITH_TREE | (verbose ? WITH_DOC : 0), out);
        }
        buf_addc(out, '\n');
    }
}

void show_step(struct graph *graph, const struct revision *revision, bool is_upgrade,
               struct buf *out)
{
    const char *doc = revision_short_doc(graph_arena(graph), revision);

    buf_adds(out, is_upgrade ? "upgrade " : "downgrade ");
    if (is_upgrade)
        add_ids(out, revision->down);
    else
        buf_adds(out, revision->id);
    buf_adds(out, " -> ");
    if (is_upgrade)
        buf_adds(out, revision->id);
    else
        add_ids(out, revision->down);
    if (doc[0] != '\0')
        buf_addf(out, ", %s", doc);
}

/* show - see show.h. */
#include "revision/show.h"

#include <string.h>

#include "revision/order.h"
#include "revision/rows.h"
#include "revision/show_impl.h"

void show_names(const char *const *names, struct buf *out)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        buf_adds(out, i > 0 ? ", " : "");
        buf_adds(out, names[i]);
    }
}

void show_ids(struct revset set, struct buf *out)
{
    for (size_t i = 0; i < set.n; i++) {
        buf_adds(out, i > 0 ? ", " : "");
        buf_adds(out, set.v[i]->id);
    }
}

static void add_parents(struct buf *out, const struct revision *revision)
{
    if (revision->down.n == 0)
        buf_adds(out, "<base>");
    else
        show_ids(revision->down, out);
}

static void add_flag(struct buf *out, bool is, const char *flag)
{
    if (is)
        buf_adds(out, flag);
}

void show_line(struct graph *graph, const struct revision *revision, unsigned parts,
               struct buf *out)
{
    if (parts & SHOW_PARENTS) {
        add_parents(out, revision);
        if (revision->depends_on_ids[0] != NULL) {
            buf_adds(out, " (");
            show_names(revision->depends_on_ids, out);
            buf_addc(out, ')');
        }
        buf_adds(out, " -> ");
    }
    buf_adds(out, revision->id);
    if ((parts & SHOW_LABELS) && revision->labels[0] != NULL) {
        buf_adds(out, " (");
        show_names(revision->labels, out);
        buf_addc(out, ')');
    }
    add_flag(out, revision->is_effective_head, " (head)");
    add_flag(out, revision->is_head && !revision->is_effective_head, " (effective head)");
    add_flag(out, parts & SHOW_CURRENT, " (current)");
    if (parts & SHOW_TREE) {
        add_flag(out, revision->is_branch_point, " (branchpoint)");
        add_flag(out, revision->is_merge_point, " (mergepoint)");
    }
    if (parts & SHOW_DOC) {
        buf_adds(out, ", ");
        buf_adds(out, revision_short_doc(graph_arena(graph), revision));
    }
}

static void add_line(struct graph *graph, const struct revision *revision, unsigned parts,
                     struct buf *out)
{
    show_line(graph, revision, parts, out);
    buf_addc(out, '\n');
}

static int width(const char *id)
{
    int n = 0;

    for (; *id != '\0'; id++)
        n += ((unsigned char)*id & 0xc0) != 0x80; /* characters of UTF-8 */
    return n;
}

size_t show_line_break(const char *text)
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

        while (text[n] != '\0' && show_line_break(text + n) == 0)
            n++;
        buf_adds(out, "    ");
        buf_add(out, text, n);
        text += n + show_line_break(text + n);
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
        show_names(revision->depends_on_ids, out);
    }
    if (revision->is_branch_point) {
        buf_adds(out, "\nBranches into: ");
        show_ids(revision->next, out);
    }
    if (revision->labels[0] != NULL) {
        buf_adds(out, "\nBranch names: ");
        show_names(revision->labels, out);
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
            add_line(graph, heads.v[i], SHOW_LABELS, out);
    }
}

void show_history(struct graph *graph, struct revset set, struct revset rows, bool verbose,
                  struct buf *out)
{
    unsigned mark = graph_new_mark(graph);

    for (size_t i = 0; i < rows.n; i++)
        rows.v[i]->mark = mark;
    for (size_t i = 0; i < set.n; i++) {
        bool is_current = set.v[i]->mark == mark;

        if (verbose)
            show_entry(graph, set.v[i], is_current, out);
        else
            add_line(graph, set.v[i],
                     SHOW_PARENTS | SHOW_LABELS | SHOW_TREE | SHOW_DOC |
                         (is_current ? SHOW_CURRENT : 0),
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
            add_line(graph, current.v[i], SHOW_TREE, out);
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
            add_line(graph, all.v[i], SHOW_LABELS | SHOW_TREE, out);
        for (size_t j = 0; j < all.v[i]->next.n; j++) {
            buf_addf(out, "%*s -> ", width(all.v[i]->id), "");
            add_line(graph, all.v[i]->next.v[j],
                     SHOW_LABELS | SHOW_TREE | (verbose ? SHOW_DOC : 0), out);
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
        show_ids(revision->down, out);
    else
        buf_adds(out, revision->id);
    buf_adds(out, " -> ");
    if (is_upgrade)
        buf_adds(out, revision->id);
    else
        show_ids(revision->down, out);
    if (doc[0] != '\0')
        buf_addf(out, ", %s", doc);
}

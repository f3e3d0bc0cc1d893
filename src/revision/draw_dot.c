/* draw_dot - the graph in Graphviz's language. See draw.h. */
#include <string.h>

#include "revision/draw.h"
#include "revision/show_impl.h"

/* add_escaped(): the inside of a quoted text. Graphviz would also read backslashes and, in what it
 * shows, entities. */
static void add_escaped(struct buf *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '"' || text[i] == '\\')
            buf_addf(out, "\\%c", text[i]);
        else if (text[i] == '&')
            buf_adds(out, "&amp;");
        else if ((unsigned char)text[i] < ' ' || text[i] == '\x7f')
            buf_addc(out, ' ');
        else
            buf_addc(out, text[i]);
    }
}

static void add_quoted(struct buf *out, const char *id)
{
    buf_addc(out, '"');
    add_escaped(out, id, strlen(id));
    buf_addc(out, '"');
}

static void add_dot_node(struct graph *graph, const struct revision *revision, bool is_row,
                         struct buf *out)
{
    const char *doc = revision_short_doc(graph_arena(graph), revision);
    const char *style = revision->is_head ? (is_row ? "filled,bold" : "bold") : "filled";
    auto_buf struct buf labels = {0};
    size_t n = 0;

    while (doc[n] != '\0' && show_line_break(doc + n) == 0)
        n++;
    show_names(revision->labels, &labels);
    buf_adds(out, "    ");
    add_quoted(out, revision->id);
    buf_adds(out, " [label=\"");
    add_escaped(out, revision->id, strlen(revision->id));
    if (labels.len > 0) {
        buf_adds(out, " (");
        add_escaped(out, labels.data, labels.len);
        buf_addc(out, ')');
    }
    if (n > 0)
        buf_adds(out, "\\n");
    add_escaped(out, doc, n);
    buf_addc(out, '"');
    if (revision->is_head || is_row)
        buf_addf(out, ", style=\"%s\"", style);
    buf_adds(out, "];\n");
}

static void add_dot_edges(const struct revision *revision, struct revset to, const bool *shown,
                          const char *attributes, struct buf *out)
{
    for (size_t i = 0; i < to.n; i++) {
        if (!shown[to.v[i]->index])
            continue;
        buf_adds(out, "    ");
        add_quoted(out, revision->id);
        buf_adds(out, " -> ");
        add_quoted(out, to.v[i]->id);
        buf_addf(out, "%s;\n", attributes);
    }
}

void draw_dot(struct graph *graph, struct revset set, struct revset rows, struct buf *out)
{
    bool *shown = mem_alloc(graph_count(graph) + 1);
    bool *is_row = mem_alloc(graph_count(graph) + 1);

    for (size_t i = 0; i < set.n; i++)
        shown[set.v[i]->index] = true;
    for (size_t i = 0; i < rows.n; i++)
        is_row[rows.v[i]->index] = true;
    buf_adds(out, "digraph revisions {\n    node [shape=box, fillcolor=lightgrey];\n");
    for (size_t i = 0; i < set.n; i++)
        add_dot_node(graph, set.v[i], is_row[set.v[i]->index], out);
    for (size_t i = 0; i < set.n; i++) {
        add_dot_edges(set.v[i], set.v[i]->down, shown, "", out);
        add_dot_edges(set.v[i], set.v[i]->depends_on, shown, " [style=dashed]", out);
    }
    buf_adds(out, "}\n");
    mem_free(shown);
    mem_free(is_row);
}

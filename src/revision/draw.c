/* draw - see draw.h. */
#include "revision/draw.h"

#include <stdint.h>
#include <string.h>

#include "revision/show_impl.h"

struct glyphs {
    const char *node;
    const char *line;
    const char *across;
    const char *hub;   /* where lines meet or part */
    const char *more;  /* one that parts, and not the last */
    const char *open;  /* the last that parts */
    const char *close; /* the one that ends */
};

static const struct glyphs utf8 = {"●", "│", "─", "├", "┬", "╮", "╯"};
static const struct glyphs ascii = {"*", "|", "-", "|", "+", "\\", "/"};

/* A column. */
struct lane {
    struct revision *to; /* whom its line leads to; NULL while it has none */
    bool is_new;
};

struct drawing {
    struct graph *graph;
    struct buf *out;
    const struct glyphs *glyphs;
    struct lane *lanes;
    size_t n; /* lanes up to the last that has a line */
    size_t cap;
    size_t *column; /* by index: the lane that leads to a revision, or NONE */
    bool *in_set;   /* by index */
    bool *is_row;   /* by index */
    size_t ended;   /* the column where a line ended in the line above, or NONE */
};

#define NONE SIZE_MAX

/* --- lanes ------------------------------------------------------------------------------------ */

static void lane_take(struct drawing *drawing, size_t column, struct revision *to)
{
    if (column >= drawing->cap) {
        size_t cap = column < 8 ? 16 : column * 2;

        drawing->lanes = mem_realloc(drawing->lanes, cap * sizeof *drawing->lanes);
        memset(drawing->lanes + drawing->cap, 0, (cap - drawing->cap) * sizeof *drawing->lanes);
        drawing->cap = cap;
    }
    drawing->lanes[column].to = to;
    if (column >= drawing->n)
        drawing->n = column + 1;
}

static void lane_leave(struct drawing *drawing, size_t column)
{
    drawing->lanes[column].to = NULL;
    while (drawing->n > 0 && drawing->lanes[drawing->n - 1].to == NULL)
        drawing->n--;
}

/* lane_free(): the first lane without a line, from ${column} on. */
static size_t lane_free(const struct drawing *drawing, size_t column)
{
    while (column < drawing->n && drawing->lanes[column].to != NULL)
        column++;
    return column;
}

/* --- lines of text ---------------------------------------------------------------------------- */

/* add_lanes(): the lines of the first ${n} lanes as they go by, with ${node} in the place of the
 * one in column ${at} (NONE: in no place). */
static void add_lanes(struct drawing *drawing, size_t n, size_t at, const char *node)
{
    for (size_t i = 0; i < n; i++) {
        bool has_line = i < drawing->n && drawing->lanes[i].to != NULL;

        if (i > 0)
            buf_addc(drawing->out, ' ');
        buf_adds(drawing->out, i == at ? node : has_line ? drawing->glyphs->line : " ");
    }
}

/* add_connector(): a line from column ${from}, to the right, to column ${to}, which has ${end}. */
static void add_connector(struct drawing *drawing, size_t from, size_t to, const char *end)
{
    const struct glyphs *glyphs = drawing->glyphs;

    for (size_t i = 0; i < drawing->n; i++) {
        const struct lane *lane = &drawing->lanes[i];
        bool within = i > from && i < to;
        const char *glyph = lane->to != NULL ? glyphs->line : within ? glyphs->across : " ";

        if (i > 0)
            buf_adds(drawing->out, i > from && i <= to ? glyphs->across : " ");
        if (within && lane->is_new)
            glyph = glyphs->more;
        buf_adds(drawing->out, i == from ? glyphs->hub : i == to ? end : glyph);
    }
    buf_addc(drawing->out, '\n');
    drawing->ended = NONE;
}

/* parents(): those of ${revision} that are in the set, or those that are not. */
static struct revset parents(struct drawing *drawing, const struct revision *revision, bool in_set)
{
    struct revset set = {0};

    for (size_t i = 0; i < revision->down.n; i++)
        if (drawing->in_set[revision->down.v[i]->index] == in_set)
            revset_add(graph_arena(drawing->graph), &set, revision->down.v[i]);
    return set;
}

/* add_text(): what stands beside the node; its first line only, returns the rest. */
static const char *add_text(struct drawing *drawing, const struct revision *revision)
{
    struct revset unseen = parents(drawing, revision, false);
    const char *doc = revision_short_doc(graph_arena(drawing->graph), revision);
    size_t n = 0;

    buf_addc(drawing->out, ' ');
    show_line(drawing->graph, revision,
              SHOW_LABELS | SHOW_TREE | (drawing->is_row[revision->index] ? SHOW_CURRENT : 0),
              drawing->out);
    if (unseen.n > 0) {
        buf_adds(drawing->out, " (revises ");
        show_ids(unseen, drawing->out);
        buf_addc(drawing->out, ')');
    }
    if (revision->depends_on_ids[0] != NULL) {
        buf_adds(drawing->out, " (depends on ");
        show_names(revision->depends_on_ids, drawing->out);
        buf_addc(drawing->out, ')');
    }
    while (doc[n] != '\0' && show_line_break(doc + n) == 0)
        n++;
    if (doc[0] != '\0')
        buf_adds(drawing->out, ", ");
    buf_add(drawing->out, doc, n);
    buf_addc(drawing->out, '\n');
    return doc + n + show_line_break(doc + n);
}

/* add_rest(): the other lines of a docstring, beside lanes of ${width}. */
static void add_rest(struct drawing *drawing, size_t width, const char *text)
{
    while (*text != '\0') {
        size_t n = 0;

        while (text[n] != '\0' && show_line_break(text + n) == 0)
            n++;
        add_lanes(drawing, width, NONE, "");
        buf_adds(drawing->out, "   ");
        buf_add(drawing->out, text, n);
        buf_addc(drawing->out, '\n');
        text += n + show_line_break(text + n);
        drawing->ended = NONE;
    }
}

/* --- one revision ----------------------------------------------------------------------------- */

/* add_node(): the revision in its column, which is returned. A new one right under the end of
 * another line would look like its parent: an empty line keeps them apart. */
static size_t add_node(struct drawing *drawing, struct revision *revision)
{
    size_t at = drawing->column[revision->index];

    if (at == NONE) {
        at = lane_free(drawing, 0);
        if (at == drawing->ended) {
            add_lanes(drawing, drawing->n, NONE, "");
            buf_addc(drawing->out, '\n');
        }
        lane_take(drawing, at, revision);
    }
    drawing->ended = NONE;
    drawing->column[revision->index] = NONE;
    add_lanes(drawing, drawing->n, at, drawing->glyphs->node);
    return at;
}

/* part(): the line in column ${at} becomes one to each of ${set}; ${columns} gets theirs. */
static void part(struct drawing *drawing, size_t at, struct revset set, size_t *columns)
{
    columns[0] = at;
    for (size_t i = 1; i < set.n; i++) {
        columns[i] = lane_free(drawing, columns[i - 1] + 1);
        lane_take(drawing, columns[i], set.v[i]);
        drawing->lanes[columns[i]].is_new = true;
    }
    if (set.n > 1)
        add_connector(drawing, at, columns[set.n - 1], drawing->glyphs->open);
    for (size_t i = 0; i < set.n; i++)
        drawing->lanes[columns[i]].is_new = false;
}

/* meet(): a line to ${parent} in ${column}; when there is one already, the right one ends in the
 * left one. */
static void meet(struct drawing *drawing, struct revision *parent, size_t column)
{
    size_t other = drawing->column[parent->index];

    if (other == NONE) {
        drawing->column[parent->index] = column;
        return;
    }
    drawing->column[parent->index] = other < column ? other : column;
    if (other < column)
        other = column;
    add_connector(drawing, drawing->column[parent->index], other, drawing->glyphs->close);
    lane_leave(drawing, other);
}

static void add_revision(struct drawing *drawing, struct revision *revision, size_t *columns)
{
    struct revset down = parents(drawing, revision, true);
    size_t at = add_node(drawing, revision);
    size_t width = drawing->n;
    const char *rest = add_text(drawing, revision);

    if (down.n == 0) {
        lane_leave(drawing, at);
        drawing->ended = at;
        add_rest(drawing, width, rest);
        return;
    }
    drawing->lanes[at].to = down.v[0];
    add_rest(drawing, width, rest);
    part(drawing, at, down, columns);
    for (size_t i = 0; i < down.n; i++)
        meet(drawing, down.v[i], columns[i]);
}

void draw_graph(struct graph *graph, struct revset set, struct revset rows, unsigned flags,
                struct buf *out)
{
    struct drawing drawing = {.graph = graph, .out = out, .ended = NONE};
    size_t n = graph_count(graph) + 1;
    size_t *columns = mem_alloc(n * sizeof *columns);

    drawing.glyphs = flags & DRAW_ASCII ? &ascii : &utf8;
    drawing.column = mem_alloc(n * sizeof *drawing.column);
    drawing.in_set = mem_alloc(n * sizeof *drawing.in_set);
    drawing.is_row = mem_alloc(n * sizeof *drawing.is_row);
    for (size_t i = 0; i < n; i++)
        drawing.column[i] = NONE;
    for (size_t i = 0; i < set.n; i++)
        drawing.in_set[set.v[i]->index] = true;
    for (size_t i = 0; i < rows.n; i++)
        drawing.is_row[rows.v[i]->index] = true;
    for (size_t i = 0; i < set.n; i++)
        add_revision(&drawing, set.v[i], columns);
    mem_free(columns);
    mem_free(drawing.lanes);
    mem_free(drawing.column);
    mem_free(drawing.in_set);
    mem_free(drawing.is_row);
}

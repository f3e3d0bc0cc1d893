/* test_draw - the graph as a picture: looked at once, and followed line by line. */
#include "revtest.h"

#include "revision/draw.h"
#include "revision/order.h"

static struct buf out;

#define assert_out(text) \
    do { \
        auto_free char *got = mem_strdup(buf_text(&out)); \
        buf_release(&out); \
        assert_string_equal(got, text); \
    } while (0)

static struct revset all(void)
{
    struct revset set = {0};

    for (size_t i = 0; i < graph_count(graph); i++)
        revset_add(arena, &set, graph_at(graph, i));
    return order_history(graph, set);
}

static void drawn(const char *rows, unsigned flags, const char *picture)
{
    draw_graph(graph, all(), set_of(rows), flags, &out);
    assert_out(picture);
}

static void nothing(void **state)
{
    (void)state;
    link_ok();
    drawn("", 0, "");
}

static void line(void **state)
{
    (void)state;
    rev_full("a", "", "", "", "first");
    rev_full("b", "a", "lab", "", "second\nof two\u2028lines\n\nRevision ID: b\n");
    rev("c", "b");
    link_ok();
    drawn("b", 0,
          "● c (lab) (head)\n"
          "● b (lab) (current), second\n"
          "│   of two\n"
          "│   lines\n"
          "● a (lab), first\n");
    draw_graph(graph, set_of("b"), set_of(""), 0, &out);
    assert_out("● b (lab) (revises a), second\n    of two\n    lines\n");
}

static void branch(void **state)
{
    (void)state;
    rev("a", "");
    rev("b1", "a");
    rev("b2", "b1");
    rev("c", "a");
    link_ok();
    drawn("b2", 0,
          "● b2 (head) (current)\n"
          "● b1\n"
          "│ ● c (head)\n"
          "├─╯\n"
          "● a (branchpoint)\n");
    drawn("", DRAW_ASCII,
          "* b2 (head)\n"
          "* b1\n"
          "| * c (head)\n"
          "|-/\n"
          "* a (branchpoint)\n");
}

static void diamond(void **state)
{
    (void)state;
    rev("a", "");
    rev_full("b", "a", "", "", "left");
    rev_full("c", "a", "", "", "right\nside");
    rev("d", "b c");
    link_ok();
    drawn("", 0,
          "● d (head) (mergepoint)\n"
          "├─╮\n"
          "● │ b, left\n"
          "│ ● c, right\n"
          "│ │   side\n"
          "├─╯\n"
          "● a (branchpoint)\n");
    /* What is not shown has no line. */
    draw_graph(graph, set_of("d c"), set_of("c"), 0, &out);
    assert_out("● d (head) (mergepoint) (revises b)\n"
               "● c (current) (revises a), right\n"
               "    side\n");
}

static void three_way_merge(void **state)
{
    (void)state;
    rev("a", "");
    rev("x1", "a");
    rev("x2", "a");
    rev("x3", "a");
    rev("m", "x1 x2 x3");
    rev("h", "a");
    link_ok();
    drawn("", 0,
          "● m (head) (mergepoint)\n"
          "├─┬─╮\n"
          "● │ │ x1\n"
          "│ │ │ ● h (head)\n"
          "├─│─│─╯\n"
          "│ ● │ x2\n"
          "├─╯ │\n"
          "│   ● x3\n"
          "├───╯\n"
          "● a (branchpoint)\n");
    drawn("", DRAW_ASCII,
          "* m (head) (mergepoint)\n"
          "|-+-\\\n"
          "* | | x1\n"
          "| | | * h (head)\n"
          "|-|-|-/\n"
          "| * | x2\n"
          "|-/ |\n"
          "|   * x3\n"
          "|---/\n"
          "* a (branchpoint)\n");
}

/* A base has nothing under it: a line between keeps the trees apart. */
static void bases(void **state)
{
    (void)state;
    rev("a1", "");
    rev("a2", "a1");
    rev_full("b1", "", "", "", "one\ntwo");
    rev("c1", "");
    rev("c2", "c1");
    link_ok();
    drawn("", 0,
          "● a2 (head)\n"
          "● a1\n"
          "\n"
          "● b1 (head), one\n"
          "    two\n"
          "● c2 (head)\n"
          "● c1\n");
}

static void dependency(void **state)
{
    (void)state;
    rev("n1", "");
    rev_labelled("n2", "n1", "net");
    rev("s1", "");
    rev_depends("s2", "s1", "net n1");
    link_ok();
    drawn("s2", 0,
          "● s2 (head) (current) (depends on net, n1)\n"
          "● s1\n"
          "\n"
          "● n2 (net) (effective head)\n"
          "● n1\n");
}

static void criss_cross(void **state)
{
    (void)state;
    rev("a", "");
    rev("b1", "a");
    rev("b2", "a");
    rev("m1", "b1 b2");
    rev("m2", "b2 b1");
    link_ok();
    drawn("", 0,
          "● m1 (head) (mergepoint)\n"
          "├─╮\n"
          "│ │ ● m2 (head) (mergepoint)\n"
          "│ │ ├─╮\n"
          "│ ├─╯ │\n"
          "├─│───╯\n"
          "● │ b1 (branchpoint)\n"
          "│ ● b2 (branchpoint)\n"
          "├─╯\n"
          "● a (branchpoint)\n");
}

/* --- follow the lines ------------------------------------------------------------------------- */

enum { MOST = 40, COLUMNS = 2 * MOST * MOST };

static const struct {
    const char *utf8;
    char ascii;
} glyphs[] = {
    {"●", '*'}, {"│", '|'}, {"─", '-'}, {"├", '{'}, {"┬", '+'}, {"╮", '\\'}, {"╯", '/'}, {" ", ' '},
};

/* Which revisions' lines come down in each column, as bits; and how often each edge was met. */
struct follower {
    uint64_t lines[COLUMNS];
    unsigned edges[MOST][MOST];
};

/* glyph(): the next one, "{" for the hub; 0 at the text. */
static char glyph(const char **text)
{
    for (size_t i = 0; i < sizeof glyphs / sizeof *glyphs; i++) {
        size_t n = strlen(glyphs[i].utf8);

        if (strncmp(*text, glyphs[i].utf8, n) != 0)
            continue;
        *text += n;
        return glyphs[i].ascii;
    }
    return 0;
}

static void follow(struct follower *follower, const char *text)
{
    char cells[COLUMNS] = "";
    size_t n = 0;
    size_t node = SIZE_MAX;
    size_t hub = SIZE_MAX;

    while (*text != '\n' && (cells[n] = glyph(&text)) != 0)
        n++;
    for (size_t i = 0; i < COLUMNS / 2; i++) {
        char cell = i * 2 < n ? cells[i * 2] : ' ';
        uint64_t *line = &follower->lines[i];

        /* A line goes by where there is one, and nowhere else. */
        assert_true(cell != '|' || *line != 0);
        assert_true(strchr("-+\\", cell) == NULL || *line == 0);
        if (cell == '*') {
            size_t id = strtoul(text + 1, NULL, 10);

            assert_int_equal(node, SIZE_MAX);
            node = i;
            for (size_t child = 0; child < MOST; child++)
                follower->edges[child][id] += *line >> child & 1;
            *line = UINT64_C(1) << id;
        } else if (cell == '{') {
            assert_true(*line != 0 && hub == SIZE_MAX);
            hub = i;
        } else if (cell == '/') {
            assert_true(*line != 0 && hub != SIZE_MAX);
            follower->lines[hub] |= *line;
            *line = 0;
        } else if (cell == '+' || cell == '\\') {
            assert_true(hub != SIZE_MAX);
            *line = follower->lines[hub];
        } else if (cell != '|') {
            *line = 0;
        }
    }
}

static void assert_followed(struct revset set, const char *picture)
{
    struct follower *follower = mem_alloc(sizeof *follower);

    for (; *picture != '\0'; picture = strchr(picture, '\n') + 1)
        follow(follower, picture);
    for (size_t i = 0; i < set.n; i++)
        for (size_t j = 0; j < set.n; j++) {
            unsigned wanted = revset_has(set.v[i]->down, set.v[j]);

            assert_int_equal(follower->edges[set.v[i]->index][set.v[j]->index], wanted);
            follower->edges[set.v[i]->index][set.v[j]->index] = 0;
        }
    for (size_t i = 0; i < MOST; i++)
        for (size_t j = 0; j < MOST; j++)
            assert_int_equal(follower->edges[i][j], 0);
    mem_free(follower);
}

/* The same picture in ASCII. */
static void assert_same_ascii(const char *text, const char *in_ascii)
{
    while (*text != '\0') {
        char one = glyph(&text);

        if (one == 0)
            one = *text++;
        assert_int_equal(*in_ascii, one == '{' ? '|' : one);
        in_ascii++;
    }
    assert_int_equal(*in_ascii, '\0');
}

static void lines_lead_to_the_parents(void **state)
{
    for (size_t run = 0; run < 600; run++) {
        struct revset set = {0};
        auto_buf struct buf in_ascii = {0};

        (void)revtest_teardown(state);
        (void)revtest_setup(state);
        errs = (struct errs){0};
        random_graph(1 + random_below(MOST), run % 2 == 0);
        for (size_t i = 0; i < graph_count(graph); i++)
            if (run % 3 > 0 || random_below(4) > 0)
                revset_add(arena, &set, graph_at(graph, i));
        set = order_history(graph, set);
        draw_graph(graph, set, (struct revset){0}, 0, &out);
        assert_followed(set, buf_text(&out));
        draw_graph(graph, set, (struct revset){0}, DRAW_ASCII, &in_ascii);
        assert_same_ascii(buf_text(&out), buf_text(&in_ascii));
        buf_release(&out);
    }
}

/* However many branches leave one revision, the picture stays narrow. */
static void many_branches(void **state)
{
    enum { BRANCHES = 10000 };
    size_t longest = 0;

    (void)state;
    rev("a", "");
    for (size_t i = 0; i < BRANCHES; i++)
        rev(arena_printf(arena, "b%zu", i), "a");
    link_ok();
    draw_graph(graph, all(), set_of(""), DRAW_ASCII, &out);
    for (const char *text = buf_text(&out); *text != '\0'; text += strcspn(text, "\n") + 1)
        if (strcspn(text, "\n") > longest)
            longest = strcspn(text, "\n");
    assert_int_equal(longest, strlen("* a (branchpoint)"));
    buf_release(&out);
}

/* --- Graphviz --------------------------------------------------------------------------------- */

static void dot(void **state)
{
    (void)state;
    rev_full("a", "", "", "", "first\nand more");
    rev_full("b", "a", "net", "", "");
    rev("c", "a");
    rev_depends("d", "c", "net");
    rev("e", "d b");
    link_ok();
    draw_dot(graph, order_history(graph, set_of("a b c d")), set_of("a d"), &out);
    assert_out("digraph revisions {\n"
               "    node [shape=box, fillcolor=lightgrey];\n"
               "    \"d\" [label=\"d\", style=\"filled\"];\n"
               "    \"c\" [label=\"c\"];\n"
               "    \"b\" [label=\"b (net)\"];\n"
               "    \"a\" [label=\"a\\nfirst\", style=\"filled\"];\n"
               "    \"d\" -> \"c\";\n"
               "    \"d\" -> \"b\" [style=dashed];\n"
               "    \"c\" -> \"a\";\n"
               "    \"b\" -> \"a\";\n"
               "}\n");
}

static void dot_of_strange_texts(void **state)
{
    (void)state;
    rev_full("q\"\\", "", "", "", "say \"x\\ny\" & <z>\t\x01!");
    link_ok();
    draw_dot(graph, all(), set_of("q\"\\"), &out);
    assert_out("digraph revisions {\n"
               "    node [shape=box, fillcolor=lightgrey];\n"
               "    \"q\\\"\\\\\" [label=\"q\\\"\\\\\\nsay \\\"x\\\\ny\\\" &amp; <z>  !\", "
               "style=\"filled,bold\"];\n"
               "}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        REVTEST(nothing),
        REVTEST(line),
        REVTEST(branch),
        REVTEST(diamond),
        REVTEST(three_way_merge),
        REVTEST(bases),
        REVTEST(dependency),
        REVTEST(criss_cross),
        REVTEST(lines_lead_to_the_parents),
        REVTEST(many_branches),
        REVTEST(dot),
        REVTEST(dot_of_strange_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

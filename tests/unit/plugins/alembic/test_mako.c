/* script.py.mako without Python, and texts as Python writes them. */
#include "basetest.h"

#include "alembic/mako.h"
#include "alembic/pytext.h"
#include "fakehost.c"

static struct ddb_call *call;

static int setup(void **state)
{
    call = *state = fakehost_open(ddb_plugin());
    return 0;
}

static int teardown(void **state)
{
    fakehost_close(*state);
    return 0;
}

#define MAKO(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const char *const none[] = {NULL};
static const char *const one[] = {"a1", NULL};
static const char *const two[] = {"a1", "b'2", NULL};

/* --- mako -------------------------------------------------------------------------------------*/

static struct mako_file file;

/* The rendered text, or "only Mako: " and what stopped us. */
static const char *rendered(const char *template)
{
    const struct mako_values values = {
        .message = "add \"x\"",
        .id = "c3",
        .create_date = "2026-01-31 13:45:10",
        .down = two,
        .labels = one,
        .depends_on = two,
    };
    const char *stop = mako_render(call, template, strlen(template), &values, &file);

    return stop == NULL ? file.text : arena_printf(call->arena, "only Mako: %s", stop);
}

#define RENDERS(template, text) assert_string_equal(rendered(template), text)

static void expressions(void **state)
{
    (void)state;
    RENDERS("", "");
    RENDERS("plain $ text {} } 50% \\n\n", "plain $ text {} } 50% \\n\n");
    RENDERS("${message}", "add \"x\"");
    RENDERS("<${ message }|${\tmessage}>", "<add \"x\"|add \"x\">");
    assert_int_equal(file.n_messages, 2);
    assert_int_equal(file.message_at[0], 1);
    assert_int_equal(file.message_at[1], 9);
    RENDERS("${up_revision} ${create_date}", "c3 2026-01-31 13:45:10");
    RENDERS("${down_revision | comma,n}", "a1, b'2");
    RENDERS("${repr(up_revision)}", "'c3'");
    RENDERS("${repr(down_revision)}", "('a1', \"b'2\")");
    RENDERS("${repr(branch_labels)}", "('a1',)");
    RENDERS("${repr(depends_on)}", "['a1', \"b'2\"]");
    RENDERS("${imports if imports else \"\"}|${imports if imports else ''}", "|");
    RENDERS("${upgrades if upgrades else \"pass\"}", "pass");
    RENDERS("${downgrades if downgrades else 'pass'}", "pass");
}

static void lines(void **state)
{
    (void)state;
    RENDERS("## one\na\n  ## two\n# b\n", "a\n# b\n");
    RENDERS("a ## b\n", "a ## b\n");
    RENDERS("a\n## at the end", "a\n");
    RENDERS("## goes on \\\n here\na", "a");
    RENDERS("a \\\nb \\\\\nc\\", "a b \\c\\");
    RENDERS("a\\\n## x\nb", "ab");
    RENDERS("a % b\n", "a % b\n");
}

static void only_mako(void **state)
{
    static const char *const templates[] = {
        "% if x:\n", "a\n  % endif\n", "%% a\n", "a\\\n% b\n", "<% x %>", "<%! import x %>",
        "<%text>a</%text>", "<%doc>a</%doc>", "</%def>", "${message | trim}", "${message.upper()}",
        "${x}", "${message", "${down_revision}", "${{1: 2}}", "a\r\n", ("\xef\xbb\xbf" "a"), "\xff",
        "# -*- coding: latin-1 -*-\na", "${repr(message)}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof templates / sizeof *templates; i++)
        if (strncmp(rendered(templates[i]), "only Mako: ", 11) != 0)
            fail_msg("rendered: %s", templates[i]);
    assert_string_equal(rendered("a\nb ${x + 1} c\nd"), "only Mako: \"${x + 1} c\"");
}

/* --- Python's texts ---------------------------------------------------------------------------*/

static void reprs(void **state)
{
    (void)state;
    assert_string_equal(pytext_repr(call, "a"), "'a'");
    assert_string_equal(pytext_repr(call, "it's"), "\"it's\"");
    assert_string_equal(pytext_repr(call, "\"q\""), "'\"q\"'");
    assert_string_equal(pytext_repr(call, "'\""), "'\\'\"'");
    assert_string_equal(pytext_repr(call, "\\\n\t\r\x01\x7f"), "'\\\\\\n\\t\\r\\x01\\x7f'");
    assert_string_equal(pytext_repr(call, "é表Ж"), "'é表Ж'");
    assert_null(pytext_repr(call, "\xc2\xa0")); /* Python writes \xa0 */
    assert_null(pytext_repr(call, "a→b"));      /* what is no letter is left to Python */
    assert_null(pytext_repr(call, "\xff"));
    assert_string_equal(pytext_repr_list(call, none, "()", true), "None");
    assert_string_equal(pytext_repr_list(call, one, "()", false), "'a1'");
    assert_string_equal(pytext_repr_list(call, one, "()", true), "('a1',)");
    assert_string_equal(pytext_repr_list(call, two, "[]", false), "['a1', \"b'2\"]");
}

static void utf8(void **state)
{
    (void)state;
    assert_true(pytext_is_utf8("aé表\xf0\x9f\x98\x80"));
    assert_false(pytext_is_utf8("\xc3"));
    assert_false(pytext_is_utf8("\xc0\x80"));
    assert_false(pytext_is_utf8("\xed\xa0\x80"));
    assert_false(pytext_is_utf8("\xf4\x90\x80\x80"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MAKO(expressions), MAKO(lines), MAKO(only_mako), MAKO(reprs), MAKO(utf8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

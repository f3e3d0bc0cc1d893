/* The header of a revision file, evaluated as Python would, or not at all. */
#include "basetest.h"

#include "alembic/header.h"

static struct header header;

/* "revision|down|labels|depends|doc", lists with commas; or "? NAME LINE". */
static const char *show(const char *text)
{
    static char out[8192];
    size_t n = 0;

    if (header_read(&header, text, strlen(text)) != 0) {
        snprintf(out, sizeof out, "? %s %d", header.unknown_name, header.unknown_line);
        return out;
    }
    for (int name = 0; name < HEADER_NAMES; name++) {
        const char *const *list = header_list(&header, (enum header_name)name);

        n += (size_t)snprintf(out + n, sizeof out - n, "%s", name > 0 ? "|" : "");
        for (size_t i = 0; list[i] != NULL; i++)
            n += (size_t)snprintf(out + n, sizeof out - n, "%s%s", i > 0 ? "," : "", list[i]);
    }
    return out;
}

#define EXPECT(text, result) assert_string_equal(show(text), result)

static void plain(void **state)
{
    (void)state;
    EXPECT("\"\"\"doc\n\nmore\"\"\"\n"
           "from alembic import op\n"
           "# revision = 'no'\n"
           "revision = 'ab12'\n"
           "down_revision = \"cd34\"\n"
           "branch_labels = None\n"
           "depends_on = None\n"
           "def upgrade():\n"
           "    revision = 'local'\n",
           "ab12|cd34|||doc\n\nmore");
    EXPECT("revision: str = 'a'\n"
           "down_revision: Union[str, Sequence[str], None] = ('b', 'c')\n"
           "branch_labels: Union[str, Sequence[str], None] = ['x', \"y\",]\n"
           "depends_on: Optional['Any=thing'] = {'d'}\n",
           "a|b,c|x,y|d|");
    EXPECT("", "||||");
    EXPECT("# only a comment", "||||");
    EXPECT("\xef\xbb\xbfrevision = 'a'", "a||||");
    EXPECT("revision = 'a'\r\ndown_revision = 'b'\r\n", "a|b|||");
    EXPECT("revision = 'a'\rdown_revision = 'b'\r", "a|b|||");
    EXPECT("\f\nrevision = 'a'", "a||||");
}

static void sequences(void **state)
{
    (void)state;
    EXPECT("down_revision = 'a', 'b'", "|a,b|||");
    EXPECT("down_revision = 'a',", "|a|||");
    EXPECT("down_revision = ()", "||||");
    EXPECT("down_revision = []", "||||");
    EXPECT("down_revision = (('a'))", "|a|||");
    EXPECT("down_revision = (('a'), 'b')", "|a,b|||");
    EXPECT("down_revision = (['a', 'b'])", "|a,b|||");
    EXPECT("down_revision = (None)", "||||");
    EXPECT("down_revision = (\n    'a',  # the first\n\n    'b'\n)\n", "|a,b|||");
    EXPECT("down_revision = \\\n  'a'\n", "|a|||");
    EXPECT("down_revision = ('a'\n    'b')", "|ab|||");
    EXPECT("down_revision = depends_on = 'a'", "|a||a|");
    EXPECT("down_revision = depends_on = None", "||||");
    EXPECT("revision = 'a'; down_revision = 'b'", "a|b|||");
    EXPECT("down_revision = ''", "||||"); /* one empty string */
    assert_string_equal(header_list(&header, HEADER_DOWN)[0], "");
}

static void texts(void **state)
{
    (void)state;
    EXPECT("revision = r'a\\b'", "a\\b||||");
    EXPECT("revision = u'a' \"\"\"b\"\"\" '''c'''", "abc||||");
    EXPECT("revision = 'a\\'b\\\"c\\\\d'", "a'b\"c\\d||||");
    EXPECT("revision = 'a\\x41\\101\\u00e9\\U0001F600\\q'", "aAA\xc3\xa9\xf0\x9f\x98\x80\\q||||");
    EXPECT("revision = 'a\\\nb'", "ab||||");
    EXPECT("revision = '\xc3\xa9'", "\xc3\xa9||||");
    EXPECT("revision = \"it's # no comment; (\"", "it's # no comment; (||||");
    EXPECT("revision = '\\n'", "\n||||");
}

static void docstrings(void **state)
{
    (void)state;
    EXPECT("# -*- coding: utf-8 -*-\n'''\xc3\xa9 doc'''\n", "||||\xc3\xa9 doc");
    EXPECT("('a' 'b')\n", "||||ab");
    EXPECT("'a'; revision = 'x'\n", "x||||a");
    EXPECT("import x\n'no docstring'\n", "||||");
    EXPECT("f'no docstring'\nrevision = 'x'", "x||||");
    EXPECT("b'no docstring'\nrevision = 'x'", "x||||");
    EXPECT("'a'\n__doc__ = 'b'\n", "||||b");
    EXPECT("'a'\n__doc__ = None\n", "||||");
    EXPECT("'''one\r\ntwo'''\n", "||||one\ntwo");
    EXPECT("'\\N{BULLET}'\nrevision = 'x'", "? __doc__ 1");
}

/* What needs Python is said to need it, with the line. */
static void unknown(void **state)
{
    (void)state;
    EXPECT("revision = f'a'", "? revision 1");
    EXPECT("revision = b'a'", "? revision 1");
    EXPECT("revision = NAME", "? revision 1");
    EXPECT("revision = None", "? revision 1");
    EXPECT("revision = ('a', 'b')", "? revision 1");
    EXPECT("revision = make('a')", "? revision 1");
    EXPECT("revision = 'a' + 'b'", "? revision 1");
    EXPECT("revision = 'a' if x else 'b'", "? revision 1");
    EXPECT("revision = 'a'.lower()", "? revision 1");
    EXPECT("revision = '\\ud800'", "? revision 1");
    EXPECT("revision = 'a\\0b'", "? revision 1");
    EXPECT("revision = '\\N{BULLET}'", "? revision 1");
    EXPECT("revision = '\xff'", "? revision 1");
    EXPECT("\n\ndown_revision = (\n  'a',\n  b)", "? down_revision 3");
    EXPECT("down_revision = ('a', None)", "? down_revision 1");
    EXPECT("down_revision = ('a', ('b', 'c'))", "? down_revision 1");
    EXPECT("down_revision = {}", "? down_revision 1");
    EXPECT("down_revision = {'a': 'b'}", "? down_revision 1");
    EXPECT("down_revision = *x, 'a'", "? down_revision 1");
    EXPECT("down_revision = 'a',,", "? down_revision 1");
    EXPECT("depends_on = ['a'][0]", "? depends_on 1");
    EXPECT("depends_on = ('a'), ('b') + c", "? depends_on 1");
    EXPECT("depends_on = lambda x='a': 'b'", "? depends_on 1");
    EXPECT("depends_on = frozenset()", "? depends_on 1");
    EXPECT("depends_on =\n", "? revision 1");
}

/* So is every other way to bind one of the names. */
static void other_bindings(void **state)
{
    (void)state;
    EXPECT("revision, down_revision = 'a', 'b'", "? revision 1");
    EXPECT("(revision) = 'a'", "? revision 1");
    EXPECT("revision = 'a'\nrevision += 'b'", "? revision 2");
    EXPECT("revision = 'a'\nif x:\n    revision = 'b'\n", "? revision 3");
    EXPECT("revision = 'a'\nif x: revision = 'b'\n", "? revision 2");
    EXPECT("try:\n  down_revision = 'b'\nexcept E:\n  pass\n", "? down_revision 2");
    EXPECT("for revision in x:\n  pass\n", "? revision 1");
    EXPECT("with open(x) as revision:\n  pass\n", "? revision 1");
    EXPECT("match x:\n  case revision:\n    pass\n", "? revision 2");
    EXPECT("import revision", "? revision 1");
    EXPECT("from x import y as depends_on", "? depends_on 1");
    EXPECT("from x import (\n  a,\n  branch_labels)", "? branch_labels 3");
    EXPECT("from common import *", "? revision 1");
    EXPECT("if x:\n    from common import *", "? revision 2");
    EXPECT("revision = 'a'\ndel revision", "? revision 2");
    EXPECT("print(revision := 'a')", "? revision 1");
    EXPECT("x = (revision := 'a')", "? revision 1");
    EXPECT("def revision():\n  pass\n", "? revision 1");
    EXPECT("class down_revision:\n  pass\n", "? down_revision 1");
    EXPECT("async def revision():\n  pass\n", "? revision 1");
    EXPECT("revision = 'a'\ndef f():\n  global revision\n  revision = 'b'\nf()\n", "? revision 3");
    EXPECT("revision = 'a'\nglobals()['revision'] = 'b'", "? revision 2");
    EXPECT("exec(open('x').read())", "? revision 1");
}

/* A plain assignment settles what was open before, and the last one counts. */
static void settled(void **state)
{
    (void)state;
    EXPECT("from common import *\nrevision = 'a'\ndown_revision = branch_labels = None\n"
           "depends_on = None\n",
           "a||||");
    EXPECT("revision = f'a'\nrevision = 'b'", "b||||");
    EXPECT("revision = 'a'\nrevision = 'b'", "b||||");
    EXPECT("revision = 'a'\ndown_revision = 'b'\nbranch_labels = None\ndepends_on = None\n"
           "def upgrade():\n    pass\n"
           "down_revision = 'c'\n",
           "a|c|||");
    EXPECT("revision = 'a'\ndef upgrade(): pass\ndown_revision = 'b'\n", "a|b|||");
    EXPECT("revision: str\nrevision = 'a'", "a||||");
}

/* What only looks like a binding is none. */
static void harmless(void **state)
{
    (void)state;
    EXPECT("revision = 'a'\n__version__ = revision\n", "a||||");
    EXPECT("revision = 'a'\nprint(revision)\n", "a||||");
    EXPECT("revision = 'a'\nx.revision = 'b'\n", "a||||");
    EXPECT("revision = 'a'\nassert revision == 'a'\n", "? revision 2"); /* careful, not wrong */
    EXPECT("revision = 'a'\ndef f(revision='b'):\n  x = revision\n", "a||||");
    EXPECT("revision = 'a'\nclass A:\n  revision = 'b'\n", "a||||");
    EXPECT("revision = 'a'\nx = '''\nrevision = 'b'\n'''\n", "a||||");
    EXPECT("revision = 'a'\nx = f(\nrevision='b')\n", "a||||");
    EXPECT("revision = 'a'\nif x:\n  y.revision = 'b'\n", "a||||");
    EXPECT("my_revision = 'b'\nrevision2 = 'c'\nrevision = 'a'\n", "a||||");
    EXPECT("@revision\ndef f(): pass\nrevision = 'a'\n", "a||||");
}

/* What is no Python is left to Python to explain. */
static void broken(void **state)
{
    (void)state;
    EXPECT("revision = 'a", "? the file 1");
    EXPECT("revision = 'a\n'", "? the file 1");
    EXPECT("x = '''\n\n", "? the file 1");
    EXPECT("\nx = (1,\n", "? the file 3");
    EXPECT("x = 1)\n", "? the file 1");
    EXPECT("x = $\n", "? the file 1");
    EXPECT("x = '\\", "? the file 1");
    EXPECT("\\", "? the file 1");
    EXPECT("# coding: latin-1\nrevision = 'a'\n", "a||||");
    EXPECT("# coding: latin-1\nrevision = 'a' # \xe9\n", "? the file 1");
    EXPECT("#!/x\n# vim: set fileencoding=cp1252 :\nx = '\xe9'", "? the file 1");
    assert_int_equal(header_read(&header, "x = 1\0\n", 7), -1);
    assert_string_equal(header.unknown_name, "the file");
}

/* Text behind the functions is not even looked at when it cannot matter. */
static void stops_early(void **state)
{
    (void)state;
    EXPECT("revision = 'a'\ndown_revision = branch_labels = depends_on = None\n"
           "def upgrade():\n    x = 'this never ends\n",
           "a||||");
}

static void long_file(void **state)
{
    auto_buf struct buf text = {0};

    (void)state;
    for (int i = 0; i < 20000; i++)
        buf_addf(&text, "x%d = [%d, 'revision', f(revision=1)]\n", i, i);
    buf_adds(&text, "revision = 'late'\n");
    EXPECT(buf_text(&text), "late||||");
}

static int release(void **state)
{
    (void)state;
    header_release(&header);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),          cmocka_unit_test(sequences),
        cmocka_unit_test(texts),          cmocka_unit_test(docstrings),
        cmocka_unit_test(unknown),        cmocka_unit_test(other_bindings),
        cmocka_unit_test(settled),        cmocka_unit_test(harmless),
        cmocka_unit_test(broken),         cmocka_unit_test(stops_early),
        cmocka_unit_test(long_file),
    };

    return cmocka_run_group_tests(tests, NULL, release);
}

/* alembic.ini is read as Python's configparser reads it. */
#include "basetest.h"

#include "alembic/config.h"
#include "fakehost.c"

static int setup(void **state)
{
    *state = fakehost_open(ddb_plugin());
    return 0;
}

static int teardown(void **state)
{
    fakehost_close(*state);
    return 0;
}

static struct config config;

static int parse(struct ddb_call *call, const char *text, const char *section)
{
    config = (struct config){.path = "/p/alembic.ini", .here = "/p/100%"};
    return config_read(call, text, strlen(text), section, &config);
}

static const char *get(struct ddb_call *call, const char *name)
{
    const char *value;

    return config_get(call, &config, name, &value) == 0 ? value : "(failed)";
}

#define EXPECT(call, name, value) assert_string_equal(get(call, name), value)

static void plain(void **state)
{
    struct ddb_call *call = *state;

    assert_int_equal(parse(call,
                           "# comment\n"
                           "; comment\n"
                           "\n"
                           "[alembic]\n"
                           "script_location = alembic\n"
                           "Version_Locations: a b\r\n"
                           "empty =\n"
                           "[other]\n"
                           "script_location = not this\n",
                           "alembic"),
                     0);
    EXPECT(call, "script_location", "alembic");
    EXPECT(call, "version_locations", "a b");
    EXPECT(call, "empty", "");
    assert_null(get(call, "missing"));
    assert_int_equal(parse(call, "[alembic]\na = 1\n[shop]\na = 2", "shop"), 0);
    EXPECT(call, "a", "2");
    assert_int_equal(parse(call, "", "alembic"), 0);
    assert_null(get(call, "a"));
}

static void comments_inside(void **state)
{
    struct ddb_call *call = *state;

    /* configparser keeps them: Alembic's own template once carried such a line. */
    assert_int_equal(parse(call,
                           "[alembic]\n"
                           "sep = os  # Use os.pathsep\n"
                           "semi = a ; b\n"
                           "both = ;#;\n",
                           "alembic"),
                     0);
    EXPECT(call, "sep", "os  # Use os.pathsep");
    EXPECT(call, "semi", "a ; b");
    EXPECT(call, "both", ";#;");
}

static void several_lines(void **state)
{
    struct ddb_call *call = *state;

    assert_int_equal(parse(call,
                           "[alembic]\n"
                           "version_locations =\n"
                           "    one\n"
                           "    # not this\n"
                           "\n"
                           "    two;2\n"
                           "next = 1\n",
                           "alembic"),
                     0);
    EXPECT(call, "version_locations", "\none\ntwo;2");
    EXPECT(call, "next", "1");
    /* Only a line that is indented further than the option continues it. */
    assert_int_equal(parse(call, "[alembic]\n  a = 1\n  b = 2\n    more\n  c = 3\n", "alembic"), 0);
    EXPECT(call, "a", "1");
    EXPECT(call, "b", "2\nmore");
    EXPECT(call, "c", "3");
}

static void long_lines(void **state)
{
    struct ddb_call *call = *state;
    auto_buf struct buf text = {0}, value = {0};

    for (int i = 0; i < 300; i++)
        buf_addf(&value, "%s/srv/app %d/versions;", i > 0 ? " " : "", i);
    buf_addf(&text, "[alembic]\nv = %s\nw = 2\nnonsense\n", buf_text(&value));
    assert_int_equal(parse(call, buf_text(&text), "alembic"), -1);
    assert_string_equal(call->err.primary,
                        "\"/p/alembic.ini\" has neither a section nor an option in line 4");
    EXPECT(call, "v", buf_text(&value));
    EXPECT(call, "w", "2");
    fakehost_clear(call);

    buf_reset(&text);
    buf_adds(&text, "[alembic]\n# ");
    for (int i = 0; i < 1000; i++)
        buf_adds(&text, "a = 1 ");
    buf_adds(&text, "\nb = 2\n");
    assert_int_equal(parse(call, buf_text(&text), "alembic"), 0);
    assert_null(get(call, "a"));
    EXPECT(call, "b", "2");
}

static void interpolation(void **state)
{
    struct ddb_call *call = *state;

    assert_int_equal(parse(call,
                           "[DEFAULT]\n"
                           "root = %(here)s/db\n"
                           "[alembic]\n"
                           "script_location = %(ROOT)s/alembic\n"
                           "file_template = %%(rev)s_%%(slug)s\n"
                           "single = 100%\n"
                           "unknown = %(nothing)s\n"
                           "loop = %(loop)s\n",
                           "alembic"),
                     0);
    EXPECT(call, "script_location", "/p/100%/db/alembic");
    EXPECT(call, "file_template", "%(rev)s_%(slug)s");
    EXPECT(call, "root", "/p/100%/db");
    EXPECT(call, "single", "(failed)");
    assert_string_equal(call->err.primary, "\"/p/alembic.ini\" has a single \"%\" in \"single\"");
    fakehost_clear(call);
    EXPECT(call, "unknown", "(failed)");
    assert_string_equal(
        call->err.primary,
        "\"/p/alembic.ini\" refers to an unknown \"%(nothing)s\" in \"unknown\"");
    fakehost_clear(call);
    EXPECT(call, "loop", "(failed)");
    assert_string_equal(call->err.primary,
                        "\"/p/alembic.ini\" nests references too deeply in \"loop\"");
}

static void mistakes(void **state)
{
    struct ddb_call *call = *state;

    assert_int_equal(parse(call, "[alembic]\na = 1\n\nb = 2\nA = 3\n", "alembic"), -1);
    assert_string_equal(call->err.primary,
                        "\"/p/alembic.ini\" gives \"a\" twice, the second time in line 5");
    fakehost_clear(call);
    assert_int_equal(parse(call, "[alembic]\nno option here\n", "alembic"), -1);
    assert_string_equal(call->err.primary,
                        "\"/p/alembic.ini\" has neither a section nor an option in line 2");
    fakehost_clear(call);
    config = (struct config){.path = "/p/alembic.ini", .here = "/p"};
    assert_int_equal(config_read(call, "[a]\0", 4, "alembic", &config), -1);
    assert_string_equal(call->err.primary, "\"/p/alembic.ini\" is not a text file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(plain, setup, teardown),
        cmocka_unit_test_setup_teardown(comments_inside, setup, teardown),
        cmocka_unit_test_setup_teardown(several_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(long_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(interpolation, setup, teardown),
        cmocka_unit_test_setup_teardown(mistakes, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

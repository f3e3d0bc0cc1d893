/* test_naming - file_template and the slug, as Alembic and Python make them. */
#include "basetest.h"

#include <errno.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>

#include "revision/naming.h"

static struct arena *arena;
static struct naming wanted;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    wanted = (struct naming){.id = "a1", .message = "m", .moment = "2026-01-05 07:08:09"};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

/* The name; with "?" before it when only Python can tell, "?" alone without a guess. */
static const char *named(void)
{
    struct err err = ERR_INIT;
    const char *name;
    int rc = naming_file(arena, &wanted, &name, &err);

    assert_int_equal(err.code, ERR_NONE);
    if (rc == 0)
        return name;
    assert_int_equal(rc, NAMING_ONLY_PYTHON);
    return name == NULL ? "?" : arena_printf(arena, "?%s", name);
}

static const char *by(const char *template)
{
    wanted.template = template;
    return named();
}

static const char *slug(const char *message)
{
    wanted.template = "%(slug)s";
    wanted.message = message;
    return named();
}

static void test_templates(void **state)
{
    static const char *const beyond[] = {"%(none)s", "%d", "%", "%(rev", "%(rev)5s", "%(rev)d",
                                         "%(year)f", "%(year)", "%(year)#d", "%(year)1234567d",
                                         "%(year)ld", "%(hour).0d", "%(hour).d", "%(hour)03.2d",
                                         "%(hour)03s", "%(year).2s", "%%%(rev)%"};

    (void)state;
    assert_string_equal(by(NULL), "a1_m");
    assert_string_equal(by(""), "");
    assert_string_equal(by("%(year)d_%(month).2d_%(day).2d_%(hour).2d%(minute).2d-%(second)02d"),
                        "2026_01_05_0708-09");
    assert_string_equal(by("%(year)i%(month)02d%(day)3d%(second)s"), "202601  59");
    assert_string_equal(by("x%%y%%(rev)s%(rev)s%%"), "x%y%(rev)sa1%");
    assert_string_equal(by("%(year)d/%(rev)s"), "2026/a1");
    wanted.is_escaped = true;
    assert_string_equal(by("x%%y%%(rev)s%(rev)s%%%%(rev)s%%"), "x%ya1a1%a1%");
    assert_string_equal(by("%%(rev"), "?");
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++)
        if (strcmp(by(beyond[i]), "?") != 0)
            fail_msg("understood: %s", beyond[i]);
}

static void test_moments(void **state)
{
    static const char *const wrong[] = {"", "yesterday", "2026-01-05", "2026-13-05 07:08:09",
                                        "2026-01-05 07:08", "26-01-05 07:08:09",
                                        "2026-1-5 07:08:09"};
    const char *name;

    (void)state;
    basetest_env("TZ=America/New_York");
    tzset();
    assert_string_equal(by("%(epoch)d"), "1767614889");
    wanted.moment = "2026-11-01 01:30:00"; /* comes twice */
    assert_string_equal(by("%(epoch)d"), "1793511000");
    wanted.moment = "2026-07-05 07:08:09.123456";
    assert_string_equal(by("%(epoch)s %(month)d"), "1783249689 7");
    wanted.moment = "2026-11-01 02:30:00";
    assert_string_equal(by("%(epoch)d"), "1793518200");
    basetest_env_reset();
    tzset();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct err err = ERR_INIT;

        wanted.moment = wrong[i];
        assert_int_equal(naming_file(arena, &wanted, &name, &err), -1);
        assert_int_equal(err.code, ERR_USAGE);
        basetest_has(err.primary, arena_printf(arena, "create date \"%s\" is not of", wrong[i]));
        assert_null(name);
    }
}

static void test_slugs(void **state)
{
    static const char *const rows[][2] = {
        {NULL, ""},
        {"", ""},
        {"Create Users", "create_users"},
        {"  --Add, (users)!  ", "add_users"},
        {"  a--b__c! ", "a_b__c"},
        {"a__b _c", "a__b__c"},
        {"It's 100% done", "it_s_100_done"},
        {"ÄÖÜ ŠĐŹŸ Ωμέγα ЖЁ", "äöü_šđźÿ_ωμέγα_жё"},
        {"É Ünï Wörds", "é_ünï_wörds"},
        {"用户 — テスト…한국", "用户_テスト_한국"},
        {"日本 語", "日本_語"},
        {"½ª²×÷ß", "½ª²_ß"},
        {"x→y", "x_y"},
        {"1234567890 234567890 234567890 234567890 2", "1234567890_234567890_234567890_"},
        {"1234567890 234567890 234567890 234567890", "1234567890_234567890_234567890_234567890"},
        {"1234567890123456789012345678901234567890", "1234567890123456789012345678901234567890"},
        {"12345678901234567890123456789012345678901", "1234567890123456789012345678901234567890_"},
        {"éééééééééé éééééééééé éééééééééé éééééééééé", "éééééééééé_éééééééééé_éééééééééé_"},
        {"one two three four five six seven eight nine",
         "one_two_three_four_five_six_seven_eight_"},
        {"İstanbul", "?istanbul"},
        {"ΣΟΦΙΑΣ", "?σοφιασ"},
        {"a\xff", "?aÿ"},
        {"a\xe2\x82", "?aâ"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(slug(rows[i][0]), rows[i][1]);
    wanted.slug_length = 5;
    assert_string_equal(slug("abc def"), "abc_");
    assert_string_equal(slug("äöü_ßß"), "äöü_");
    wanted.slug_length = 1;
    assert_string_equal(slug("ab"), "a_");
    /* Who only wants the identifier has no slug to be unsure about. */
    wanted.message = "İ";
    assert_string_equal(by("%(rev)s"), "?a1");
}

/* --- what Python says -------------------------------------------------------------------------- */

/* Each line that ${script} prints, as Python's standard output. */
static FILE *python(const char *script, pid_t *pid)
{
    char *const argv[] = {"python3", "-I", "-X", "utf8", "-c", (char *)script, NULL};
    posix_spawn_file_actions_t actions;
    int fds[2];

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO), 0);
    assert_int_equal(posix_spawnp(pid, "python3", &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(fds[1]);
    return fdopen(fds[0], "r");
}

/* Lines "given TAB what Python makes of it": how many ${ours} is certain about, the same. */
static size_t compare(const char *script, const char *(*ours)(const char *given))
{
    char line[1024];
    size_t certain = 0;
    int status;
    pid_t pid;
    FILE *in = python(script, &pid);

    while (fgets(line, sizeof line, in) != NULL) {
        char *theirs = strchr(line, '\t');
        const char *name;

        line[strcspn(line, "\n")] = '\0';
        assert_non_null(theirs);
        *theirs++ = '\0';
        name = ours(line);
        if (*name == '?')
            continue;
        certain++;
        if (strcmp(name, theirs) != 0)
            fail_msg("of \"%s\" Python makes \"%s\", we \"%s\"", line, theirs, name);
    }
    fclose(in);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    return certain;
}

/* Every character, between two letters and behind a blank. */
static void test_characters(void **state)
{
    static const char script[] =
        "import re\n"
        "for c in range(0x21, 0x20000):\n"
        "    if not 0xd800 <= c < 0xe000 and c not in (0x85, 0x2028, 0x2029):\n"
        "        m = 'A%cB %c' % (c, c)\n"
        "        print(m, '_'.join(re.findall(r'\\w+', m)).lower(), sep='\\t')\n";

    (void)state;
    assert_int_equal(compare(script, slug), 42766);
}

static void test_conversions(void **state)
{
    static const char script[] =
        "values = dict(year=2026, hour=7, minute=0)\n"
        "wanted = '%(year){0}|%(hour){0}|%(minute){0}'\n"
        "flags = ['', '-', '+', ' ', '0', '-0', '0-', '+0', ' 0', '+ ', ' +', '-+', '+-', '#']\n"
        "for f in flags:\n"
        "    for w in '', '1', '3', '08', '12':\n"
        "        for p in '', '.', '.0', '.00', '.1', '.2', '.05':\n"
        "            for c in 'dis':\n"
        "                t = wanted.format(f + w + p + c)\n"
        "                print(t, t % values, sep='\\t')\n";

    (void)state;
    wanted.moment = "2026-01-05 07:00:09";
    assert_int_equal(compare(script, by), 322);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_templates),  TEST(test_moments),     TEST(test_slugs),
        TEST(test_characters), TEST(test_conversions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

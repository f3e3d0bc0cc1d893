/* Why a command failed, from what real commands print. */
#include "basetest.h"

#include "alembic/reason.h"
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

/* Standard output and standard error, each a list of lines. */
static void fail_with(const char *const *output, const char *const *errors, int status)
{
    struct reason reason = {0};

    for (; output != NULL && *output != NULL; output++)
        reason_output(&reason, *output);
    for (; errors != NULL && *errors != NULL; errors++)
        reason_error(&reason, *errors);
    assert_int_equal(reason_fail(call, &reason, "alembic upgrade heads", status), -1);
}

#define LINES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void alembic_says_failed(void **state)
{
    (void)state;
    fail_with(LINES("  FAILED: not this", "FAILED: Can't locate revision identified by 'x'"),
              LINES("ERROR [alembic.util.messaging] Can't locate revision identified by 'x'"), 255);
    assert_string_equal(call->err.primary, "\"alembic upgrade heads\" failed: Can't locate revision "
                                           "identified by 'x'");
    assert_string_equal(call->err.detail, "exit status: 255");
}

static void lock_timeout(void **state)
{
    (void)state;
    fail_with(NULL,
              LINES("INFO  [alembic.runtime.migration] Running upgrade  -> a, x",
                    "Traceback (most recent call last):", "  File \"x.py\", line 1, in f",
                    "    g()",
                    "psycopg2.errors.LockNotAvailable: canceling statement due to lock timeout", "",
                    "",
                    "The above exception was the direct cause of the following exception:", "",
                    "Traceback (most recent call last):", "  File \"y.py\", line 1, in h",
                    "sqlalchemy.exc.OperationalError: (psycopg2.errors.LockNotAvailable) canceling "
                    "statement due to lock timeout",
                    "", "[SQL: ALTER TABLE a ADD COLUMN b int]",
                    "(Background on this error at: https://sqlalche.me/e/14/e3q8)"),
              1);
    assert_string_equal(call->err.primary,
                        "\"alembic upgrade heads\" failed: sqlalchemy.exc.OperationalError: "
                        "(psycopg2.errors.LockNotAvailable) canceling statement due to lock timeout");
    assert_non_null(strstr(call->err.detail, "cause: lock timeout"));
    assert_non_null(strstr(call->err.detail, "[SQL: ALTER TABLE a ADD COLUMN b int]"));
}

/* env.py may wrap the exception: the chain counts. Another language than English, too. */
static void lock_timeout_wrapped(void **state)
{
    (void)state;
    fail_with(NULL,
              LINES("Traceback (most recent call last):", "  File \"x.py\", line 1, in f",
                    "psycopg.errors.LockNotAvailable: breche Anweisung ab", "",
                    "During handling of the above exception, another exception occurred:", "",
                    "Traceback (most recent call last):", "  File \"y.py\", line 1, in h",
                    "RuntimeError: migration failed"),
              1);
    assert_string_equal(call->err.primary,
                        "\"alembic upgrade heads\" failed: RuntimeError: migration failed");
    assert_non_null(strstr(call->err.detail, "cause: lock timeout"));
}

/* A traceback that was logged and got over is not the reason. */
static void lock_timeout_before(void **state)
{
    (void)state;
    fail_with(NULL,
              LINES("Traceback (most recent call last):", "  File \"x.py\", line 1, in f",
                    "psycopg2.errors.LockNotAvailable: canceling statement due to lock timeout",
                    "[SQL: LOCK TABLE a]", "trying again", "Traceback (most recent call last):",
                    "  File \"y.py\", line 1, in h", "KeyError: 'x'"),
              1);
    assert_string_equal(call->err.primary, "\"alembic upgrade heads\" failed: KeyError: 'x'");
    assert_string_equal(call->err.detail, "exit status: 1");
}

static void other_messages(void **state)
{
    (void)state;
    fail_with(NULL, LINES("the input device is not a TTY", "  "), 1);
    assert_string_equal(call->err.primary,
                        "\"alembic upgrade heads\" failed: the input device is not a TTY");
    assert_non_null(strstr(call->err.hint, "-T"));
    fakehost_clear(call);
    fail_with(NULL,
              LINES("Traceback (most recent call last):", "  File \"<stdin>\", line 1, in <module>",
                    "ModuleNotFoundError: No module named 'app'"),
              1);
    assert_non_null(strstr(call->err.hint, "requirements"));
    fakehost_clear(call);
    fail_with(NULL, NULL, 3);
    assert_string_equal(call->err.primary,
                        "\"alembic upgrade heads\" failed with status 3 and without a message");
    fakehost_clear(call);
    fail_with(NULL, NULL, 137);
    assert_string_equal(call->err.primary, "\"alembic upgrade heads\" was ended by signal 9");
    fakehost_clear(call);
    fail_with(LINES("FAILED: No 'script_location' key found in configuration."), NULL, 255);
    assert_non_null(strstr(call->err.hint, "\"directory\""));
}

static void very_long(void **state)
{
    auto_buf struct buf line = {0};

    (void)state;
    for (int i = 0; i < 5000; i++)
        buf_adds(&line, "x: ");
    fail_with(LINES(buf_text(&line)), LINES(buf_text(&line)), 1);
    assert_int_equal(strncmp(call->err.primary, "\"alembic upgrade heads\" failed: x: x", 35), 0);
}

static void redaction(void **state)
{
    (void)state;
#define EXPECT(text, result) assert_string_equal(reason_redact(call, text), result)
    EXPECT("plain", "plain");
    EXPECT("postgresql://u:geheim@h/d", "postgresql://u:******@h/d");
    EXPECT("a 'postgresql+psycopg2://u:p@ss@h:5432/d?x=y' b",
           "a 'postgresql+psycopg2://u:****@h:5432/d?x=y' b");
    EXPECT("http://host:80/x and https://u:p@h", "http://host:80/x and https://u:*@h");
    EXPECT("https://user@host:1/", "https://user@host:1/");
    EXPECT("x://", "x://");
    EXPECT("ArgumentError: Could not parse SQLAlchemy URL from string 'u:geheim@h'",
           "ArgumentError: Could not parse SQLAlchemy URL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(alembic_says_failed, setup, teardown),
        cmocka_unit_test_setup_teardown(lock_timeout, setup, teardown),
        cmocka_unit_test_setup_teardown(lock_timeout_wrapped, setup, teardown),
        cmocka_unit_test_setup_teardown(lock_timeout_before, setup, teardown),
        cmocka_unit_test_setup_teardown(other_messages, setup, teardown),
        cmocka_unit_test_setup_teardown(very_long, setup, teardown),
        cmocka_unit_test_setup_teardown(redaction, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

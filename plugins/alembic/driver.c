/* driver - see driver.h. */
#include "driver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "command.h"
#include "plugins/alembic/embed/driver.py.h"
#include "python.h"
#include "reason.h"

struct asking {
    const char *input; /* what is still to be sent */
    char *output;      /* all of its standard output; freed at the end */
    size_t n, cap;
    struct reason reason;
};

const char *driver_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

/* --- to and from the child ---------------------------------------------------------------------*/

static ssize_t on_input(void *arg, void *data, size_t cap)
{
    struct asking *asking = arg;
    size_t n = strnlen(asking->input, cap);

    memcpy(data, asking->input, n);
    asking->input += n;
    return (ssize_t)n;
}

static int on_output(void *arg, const void *data, size_t n)
{
    struct asking *asking = arg;

    if (asking->n + n + 1 > asking->cap) {
        asking->cap = 2 * asking->cap + n + 1;
        asking->output = realloc(asking->output, asking->cap);
        if (asking->output == NULL)
            abort(); /* as the rest of the program does */
    }
    memcpy(asking->output + asking->n, data, n);
    asking->n += n;
    asking->output[asking->n] = '\0';
    return 0;
}

static void on_error_line(void *arg, const char *line)
{
    reason_error(&((struct asking *)arg)->reason, line);
}

/* Marks the driver's lines among whatever else may arrive. NULL: no random bytes. */
static const char *make_token(struct ddb_call *call)
{
    uint64_t bytes[2];

    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return NULL;
    return alembic_host->format(call, "%016llx%016llx", (unsigned long long)bytes[0],
                                (unsigned long long)bytes[1]);
}

/* The values behind "-x" in the command, which env.py may read. */
static json_t *make_x(struct ddb_call *call)
{
    json_t *x = json_array();
    const char *const *argv = command_prefix(call);

    for (; argv[0] != NULL && argv[1] != NULL; argv++)
        if (strcmp(argv[0], "-x") == 0)
            json_array_append_new(x, json_string(argv[1]));
    return x;
}

/* One line of Python that hands over the parameters, and the driver. */
static const char *make_input(struct ddb_call *call, json_t *params, const char *token)
{
    char *text, *literal;
    json_t *quoted;
    const char *input;

    json_object_set_new(params, "token", json_string(token));
    json_object_set_new(params, "config", json_string(alembic_host->setting(call, "config")));
    json_object_set_new(params, "section", json_string(alembic_host->setting(call, "section")));
    json_object_set_new(params, "x", make_x(call));
    text = json_dumps(params, JSON_COMPACT | JSON_ENSURE_ASCII);
    quoted = json_string(text != NULL ? text : "{}");
    literal = json_dumps(quoted, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    input = alembic_host->format(call, "DEPLOY_DB = %s\n%s", literal != NULL ? literal : "\"{}\"",
                                 driver_py);
    json_decref(quoted);
    free(literal);
    free(text);
    return input;
}

/* --- answers -----------------------------------------------------------------------------------*/

/* The driver's failure as it said it itself. */
static int fail_as_told(struct ddb_call *call, const char *what, const json_t *record)
{
    const char *text = driver_text(record, "error"), *hint = driver_text(record, "hint");

    alembic_host->fail(call, "%s: %s", what, reason_redact(call, text));
    if (*hint != '\0')
        alembic_host->hint(call, "%s", hint);
    return -1;
}

/* The records among the output into ${answers}; 1: complete, 0: not, -1: it told of a failure. */
static int collect(struct ddb_call *call, struct asking *asking, const char *token,
                   const char *what, const char *key, json_t *answers)
{
    size_t token_n = strlen(token);
    int complete = 0;

    for (char *line = asking->output; line != NULL && *line != '\0';) {
        char *end = strchr(line, '\n');
        size_t n = end != NULL ? (size_t)(end - line) : strlen(line);
        json_t *record = n > token_n && strncmp(line, token, token_n) == 0
                             ? json_loadb(line + token_n, n - token_n, 0, NULL)
                             : NULL;
        bool failed = json_object_get(record, "error") != NULL;

        if (failed)
            fail_as_told(call, what, record);
        if (json_object_get(record, key) != NULL)
            json_array_append(answers, json_object_get(record, key));
        complete |= json_object_get(record, "end") != NULL;
        json_decref(record);
        if (failed)
            return -1;
        line = end != NULL ? end + 1 : NULL;
    }
    return complete;
}

static int fail_silent(struct ddb_call *call, const struct asking *asking, const char *what,
                       const char *program, int status)
{
    const char *why = asking->reason.exception[0] != '\0' ? asking->reason.exception
                                                          : asking->reason.last;

    if (*why != '\0')
        alembic_host->fail(call, "%s: %s", what, reason_redact(call, why));
    else
        alembic_host->fail(call, "%s: \"%s\" ended with status %d and without an answer", what,
                           program, status);
    return alembic_host->hint(call, "Set the engine's setting \"python\" to a command that runs the "
                                    "project's Python and passes standard input on to it.");
}

static int run(struct ddb_call *call, struct asking *asking, const char *const *python,
               int *status)
{
    struct list argv = {0};
    struct ddb_child child = {
        .size = sizeof child,
        .env = command_env(call, true),
        .cwd = command_cwd(call),
        .tool = "alembic",
        .timeout_ms = command_timeout(call),
        .input = on_input,
        .output = on_output,
        .error_line = on_error_line,
        .arg = asking,
    };

    list_push_all(call, &argv, python);
    list_push(call, &argv, "-");
    child.argv = list_vector(&argv);
    return alembic_host->run(call, &child, status);
}

int driver_ask(struct ddb_call *call, json_t *params, const char *what, const char *key,
               json_t **answers)
{
    const char *const *python = python_argv(call);
    const char *token = make_token(call);
    struct asking asking = {0};
    int status = 0, rc = -1;

    *answers = json_array();
    if (token == NULL) {
        alembic_host->fail(call, "%s: no random bytes: %s", what, strerror(errno));
    } else if (python == NULL) {
        alembic_host->fail(call, "%s: the project's Python is not known", what);
        alembic_host->hint(call, "Set the engine's setting \"python\", for instance [\"docker\", "
                                 "\"compose\", \"exec\", \"-T\", \"app\", \"python\"].");
    } else {
        asking.input = make_input(call, params, token);
        rc = run(call, &asking, python, &status);
        if (rc != 0) {
            alembic_host->detail(call, "%s", what);
        } else {
            rc = collect(call, &asking, token, what, key, *answers);
            if (rc == 0 || (rc == 1 && status != 0))
                rc = fail_silent(call, &asking, what, python[0], status);
        }
    }
    free(asking.output);
    json_decref(params);
    if (rc == 1)
        return 0;
    json_decref(*answers);
    *answers = NULL;
    return -1;
}

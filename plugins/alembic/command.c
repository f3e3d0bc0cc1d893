/* command - see command.h. */
#include "command.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "reason.h"

const char *const *command_prefix(struct ddb_call *call)
{
    static const char *const plain[] = {"alembic", NULL};
    const char *const *command = alembic_host->settings(call, "command");

    return command != NULL && command[0] != NULL ? command : plain;
}

const char *command_cwd(struct ddb_call *call)
{
    const char *directory = alembic_host->setting(call, "directory");

    if (access(directory, X_OK) == 0)
        return directory;
    return alembic_host->fact(call, "config_dir"); /* the project is in a container only */
}

int64_t command_timeout(struct ddb_call *call)
{
    const char *timeout = alembic_host->fact(call, "timeout_ms");

    return timeout != NULL ? strtoll(timeout, NULL, 10) : 0;
}

/* --- environment -------------------------------------------------------------------------------*/

/* What PGOPTIONS holds already: in the changes, where a bare name removes it, or in ours. */
static const char *current_options(const char *const *changes)
{
    const char *options = getenv("PGOPTIONS");

    for (; changes != NULL && *changes != NULL; changes++) {
        if (strncmp(*changes, "PGOPTIONS=", 10) == 0)
            options = *changes + 10;
        else if (strcmp(*changes, "PGOPTIONS") == 0)
            options = NULL;
    }
    return options != NULL ? options : "";
}

static const char *add_option(struct ddb_call *call, const char *options, const char *name,
                              const char *value)
{
    if (value == NULL)
        return options;
    return alembic_host->format(call, "%s%s-c %s=%s", options, *options != '\0' ? " " : "", name,
                                value);
}

static void set(struct ddb_call *call, struct list *env, const char *name, const char *value)
{
    if (name != NULL && *name != '\0' && value != NULL)
        list_push(call, env, alembic_host->format(call, "%s=%s", name, value));
}

const char *const *command_env(struct ddb_call *call, bool read_only)
{
    const struct ddb_host *host = alembic_host;
    const char *const *changes = host->database_env(call, NULL);
    const char *options = current_options(changes);
    struct list env = {0};

    for (; changes != NULL && *changes != NULL; changes++)
        if (strncmp(*changes, "PGOPTIONS", 9) != 0 ||
            ((*changes)[9] != '=' && (*changes)[9] != '\0'))
            list_push(call, &env, *changes);
    options = add_option(call, options, "lock_timeout", host->fact(call, "lock_timeout_ms"));
    options =
        add_option(call, options, "statement_timeout", host->fact(call, "statement_timeout_ms"));
    if (read_only)
        options = add_option(call, options, "default_transaction_read_only", "on");
    if (*options != '\0')
        set(call, &env, "PGOPTIONS", options);
    else
        list_push(call, &env, "PGOPTIONS");
    set(call, &env, host->setting(call, "url_variable"), host->fact(call, "url"));
    set(call, &env, host->setting(call, "environment_variable"), host->fact(call, "environment"));
    list_push(call, &env, "ALEMBIC_CONFIG"); /* the setting "config" decides */
    return list_vector(&env);
}

/* --- the vector --------------------------------------------------------------------------------*/

static const char *replaced(struct ddb_call *call, const char *text, const char *name,
                            const char *value)
{
    const char *at = value != NULL ? strstr(text, name) : NULL;

    if (at == NULL)
        return text;
    return alembic_host->format(call, "%.*s%s%s", (int)(at - text), text, value,
                                replaced(call, at + strlen(name), name, value));
}

/* The prefix, and where Alembic's configuration is. */
static void push_prefix(struct ddb_call *call, struct list *argv)
{
    const char *config = alembic_host->setting(call, "config");
    const char *section = alembic_host->setting(call, "section");

    list_push_all(call, argv, command_prefix(call));
    if (strcmp(config, "alembic.ini") != 0) {
        list_push(call, argv, "-c");
        list_push(call, argv, config);
    }
    if (strcmp(section, "alembic") != 0) {
        list_push(call, argv, "-n");
        list_push(call, argv, section);
    }
}

/* The replacement command of ${action}, or the prefix with Alembic's own words. */
static const char *const *vector(struct ddb_call *call, const char *action, const char *from,
                                 const char *to)
{
    const char *const *whole = alembic_host->settings(call, action);
    const char *range = from != NULL ? alembic_host->format(call, "%s:%s", from, to) : to;
    struct list argv = {0};

    if (whole != NULL && whole[0] != NULL) {
        for (; *whole != NULL; whole++)
            list_push(call, &argv,
                      replaced(call,
                               replaced(call, replaced(call, *whole, "{revision}", range), "{from}",
                                        from),
                               "{to}", from != NULL ? to : NULL));
        return list_vector(&argv);
    }
    push_prefix(call, &argv);
    list_push(call, &argv, strcmp(action, "sql") == 0 ? "upgrade" : action);
    list_push(call, &argv, range);
    if (from != NULL)
        list_push(call, &argv, "--sql");
    return list_vector(&argv);
}

static const char *joined(struct ddb_call *call, const char *const *argv)
{
    const char *text = *argv;

    while (*++argv != NULL)
        text = alembic_host->format(call, "%s %s", text, *argv);
    return text;
}

/* --- one run -----------------------------------------------------------------------------------*/

struct running {
    struct ddb_call *call;
    struct reason reason;
    int64_t steps;
    int64_t total;           /* how many are expected; 0: not known */
    struct timespec started;

    char *line; /* of standard output, not ended yet; freed at the end */
    size_t n, cap;

    int (*out)(void *arg, const char *text, size_t n); /* where an offline upgrade goes */
    void *arg;
    const char *generated; /* the file that a line "Generating FILE ..." names; "" before */
    const char *held; /* a line "FAILED: ...": the last one says why, others are SQL */
};

static double elapsed_s(const struct running *running)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - running->started.tv_sec) +
           (double)(now.tv_nsec - running->started.tv_nsec) / 1e9;
}

static void say_step(struct running *running, const char *step)
{
    if (running->total >= running->steps)
        alembic_host->log(running->call, DDB_LEVEL_INFO, "r%s (%lld of %lld, after %.1f s)",
                          step + 1, (long long)running->steps, (long long)running->total,
                          elapsed_s(running));
    else
        alembic_host->log(running->call, DDB_LEVEL_INFO, "r%s (after %.1f s)", step + 1,
                          elapsed_s(running));
}

/* "INFO [alembic.runtime.migration] Running upgrade a1 -> b2, doc" */
static void on_error_line(void *arg, const char *line)
{
    struct running *running = arg;
    const char *step = strstr(line, "Running upgrade ");
    const char *arrow;

    reason_error(&running->reason, line);
    if (step == NULL)
        step = strstr(line, "Running downgrade ");
    arrow = step != NULL ? strstr(step, " -> ") : NULL;
    if (arrow == NULL)
        return;
    running->steps++;
    if (running->out != NULL)
        return; /* only its SQL is printed */
    say_step(running, step);
    alembic_host->progress(running->call, step + strlen("Running "), running->steps,
                           running->total, 0);
}

static void note_file(struct running *running)
{
    const char *start = strstr(running->line, "Generating ");
    const char *end = start != NULL ? strstr(start, " ...") : NULL;

    if (end == NULL)
        return;
    start += strlen("Generating ");
    for (const char *next; (next = strstr(end + 1, " ...")) != NULL;)
        end = next;
    running->generated = alembic_host->format(running->call, "%.*s", (int)(end - start), start);
}

static int on_line(struct running *running)
{
    struct ddb_call *call = running->call;
    size_t n = running->n;
    int rc = 0;

    running->n = 0;
    if (running->out == NULL) {
        running->line[n > 0 && running->line[n - 1] == '\n' ? n - 1 : n] = '\0';
        reason_output(&running->reason, running->line);
        note_file(running);
        alembic_host->log(call, DDB_LEVEL_DETAIL, "alembic: %s", running->line);
        return 0;
    }
    if (running->held != NULL)
        rc = running->out(running->arg, running->held, strlen(running->held));
    running->held = NULL;
    running->line[n] = '\0';
    if (rc == 0 && strncmp(running->line, "FAILED: ", 8) == 0)
        running->held = alembic_host->format(call, "%s", running->line);
    else if (rc == 0)
        rc = running->out(running->arg, running->line, n);
    return rc;
}

static int on_output(void *arg, const void *data, size_t n)
{
    struct running *running = arg;
    const char *text = data;

    while (n > 0) {
        const char *newline = memchr(text, '\n', n);
        size_t take = newline != NULL ? (size_t)(newline - text) + 1 : n;

        if (running->n + take + 1 > running->cap) {
            running->cap = 2 * running->cap + take + 1;
            running->line = realloc(running->line, running->cap);
            if (running->line == NULL)
                abort(); /* as the rest of the program does */
        }
        memcpy(running->line + running->n, text, take);
        running->n += take;
        if (newline != NULL && on_line(running) != 0)
            return -1;
        text += take;
        n -= take;
    }
    return 0;
}

static int run(struct running *running, const char *const *argv, bool read_only)
{
    struct ddb_call *call = running->call;
    struct ddb_child child = {
        .size = sizeof child,
        .argv = argv,
        .env = command_env(call, read_only),
        .cwd = command_cwd(call),
        .tool = "alembic",
        .timeout_ms = command_timeout(call),
        .output = on_output,
        .error_line = on_error_line,
        .arg = running,
    };
    int status = 0;
    int rc = alembic_host->run(call, &child, &status);

    if (rc == 0 && running->n > 0)
        rc = on_line(running);
    if (rc == 0 && status == 0 && running->held != NULL)
        rc = running->out(running->arg, running->held, strlen(running->held));
    if (rc == 0 && status != 0) {
        if (running->held != NULL) {
            reason_output(&running->reason, running->held);
            running->reason.failed[strcspn(running->reason.failed, "\n")] = '\0';
        }
        rc = reason_fail(call, &running->reason, joined(call, argv), status);
    }
    free(running->line);
    return rc == 0 ? 0 : -1;
}

int command_run(struct ddb_call *call, const char *action, const char *target)
{
    struct running running = {.call = call};
    const char *total = alembic_host->fact(call, "steps");

    running.total = total == NULL ? 0 : strtoll(total, NULL, 10);
    clock_gettime(CLOCK_MONOTONIC, &running.started);
    return run(&running, vector(call, action, NULL, target), false);
}

int command_revision(struct ddb_call *call, const char *const *words, bool read_only,
                     const char **path)
{
    struct running running = {.call = call, .generated = ""};
    struct list argv = {0};
    int rc;

    clock_gettime(CLOCK_MONOTONIC, &running.started);
    push_prefix(call, &argv);
    list_push_all(call, &argv, words);
    rc = run(&running, list_vector(&argv), read_only);
    *path = running.generated;
    return rc;
}

int command_sql(struct ddb_call *call, const char *from, const char *to,
                int (*out)(void *arg, const char *text, size_t n), void *arg)
{
    struct running running = {.call = call, .out = out, .arg = arg};

    return run(&running, vector(call, "sql", from, to), true);
}

int command_downgrade_sql(struct ddb_call *call, const char *from, const char *to,
                          int (*out)(void *arg, const char *text, size_t n), void *arg)
{
    static const char *const replacements[] = {"sql", "downgrade", NULL};
    struct running running = {.call = call, .out = out, .arg = arg};

    for (const char *const *name = replacements; *name != NULL; name++) {
        const char *const *whole = alembic_host->settings(call, *name);

        if (whole != NULL && whole[0] != NULL)
            return alembic_host->fail(call, "the SQL of a downgrade is not known: the engine has a "
                                            "replacement for \"%s\"", *name);
    }
    return run(&running, vector(call, "downgrade", from, to), true);
}

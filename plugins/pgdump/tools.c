/* tools - see pgdump.h: the programs of PostgreSQL on this machine, and which one fits a server. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pgdump.h"

enum { ASK_TIMEOUT_MS = 30000, PROGRAMS_MAX = 32 };

struct programs {
    size_t n;
    const char *path[PROGRAMS_MAX];
};

void string_add(struct string *string, const char *data, size_t n)
{
    if (string->len + n + 1 > string->cap) {
        size_t cap = 2 * (string->len + n + 1) + 1024;
        char *grown = host->alloc(string->call, cap);

        if (string->len > 0)
            memcpy(grown, string->data, string->len);
        string->data = grown;
        string->cap = cap;
    }
    memcpy(string->data + string->len, data, n);
    string->len += n;
    string->data[string->len] = '\0';
}

int tools_keep_start(void *arg, const void *data, size_t n)
{
    struct text *text = arg;
    size_t left = sizeof text->data - 1 - text->len;

    n = n < left ? n : left;
    memcpy(text->data + text->len, data, n);
    text->len += n;
    text->data[text->len] = '\0';
    return 0;
}

int64_t tools_fact(struct ddb_call *call, const char *key)
{
    const char *text = host->fact(call, key);

    return text != NULL ? strtoll(text, NULL, 10) : 0;
}

/* "pg_dump (PostgreSQL) 15.4 (Debian …)". */
static bool parse_version(const char *text, struct tool *tool)
{
    const char *at = strstr(text, "(PostgreSQL) ");
    char *end;

    if (at == NULL)
        return false;
    at += strlen("(PostgreSQL) ");
    tool->major = (int)strtol(at, &end, 10);
    tool->minor = *end == '.' ? (int)strtol(end + 1, NULL, 10) : 0;
    snprintf(tool->version, sizeof tool->version, "%.*s", (int)strcspn(at, " \n"), at);
    return end != at;
}

/* Run ${argv} and keep the start of what it prints; a failed program printed "". The connection's
 * variables are given to all, because a wrapper may choose by them which program it is. */
static int ask(struct ddb_call *call, const char *const *argv, const char *database,
               struct text *text)
{
    const struct ddb_child child = {
        .size = sizeof child,
        .argv = argv,
        .env = host->database_env(call, database),
        .timeout_ms = ASK_TIMEOUT_MS,
        .output = tools_keep_start,
        .arg = text,
    };
    int status;

    *text = (struct text){.len = 0};
    if (host->run(call, &child, &status) < 0)
        return -1;
    if (status != 0)
        text->data[0] = '\0';
    return 0;
}

static int ask_version(struct ddb_call *call, const char *path, struct tool *tool)
{
    struct text text;

    *tool = (struct tool){.path = path};
    if (ask(call, (const char *const[]){path, "--version", NULL}, NULL, &text) < 0)
        return -1;
    if (!parse_version(text.data, tool))
        tool->version[0] = '\0';
    return 0;
}

int tools_suitability(const struct tool *tool, int server)
{
    const int major = server / 10000, minor = server % 10000;

    if (tool->version[0] == '\0')
        return 0;
    if (server == 0 || tool->major > major)
        return 2;
    return tool->major == major && tool->minor >= minor ? 3 : 1;
}

bool tools_is_unknown_to(const struct tool *tool, int server)
{
    enum { NEW_SETTINGS = 17 };

    return server > 0 && tool->major >= NEW_SETTINGS && server / 10000 < NEW_SETTINGS;
}

/* For a server the more suitable one, without one the newest, which reads what all others write. */
static bool is_better(const struct tool *tool, const struct tool *best, int server)
{
    const int a = tools_suitability(tool, server), b = tools_suitability(best, server);

    return a > b || (a == b && server == 0 && tool->major > best->major);
}

/* Debian's pg_wrapper, a Perl script, chooses one of the programs below /usr/lib/postgresql, which are found
 * here too: started by themselves they answer in a tenth of the time. */
static bool is_wrapper(const char *path)
{
    char *target = realpath(path, NULL);
    const char *slash = target != NULL ? strrchr(target, '/') : NULL;
    const bool is = slash != NULL && strcmp(slash, "/pg_wrapper") == 0;

    free(target);
    return is;
}

/* The programs ${name} of this machine: the one on PATH, then those where distributions put the
 * programs of each release; a wrapper around these only where there are none. */
static void find_programs(struct ddb_call *call, const char *name, struct programs *programs)
{
    const char *search = getenv("PATH"), *wrapper = NULL;
    glob_t found = {0};

    programs->n = 0;
    for (const char *at = search; at != NULL && programs->n == 0 && wrapper == NULL;) {
        int n = (int)strcspn(at, ":");
        const char *path = host->format(call, "%.*s%s%s", n, at, n > 0 ? "/" : "./", name);

        if (access(path, X_OK) == 0 && is_wrapper(path))
            wrapper = path;
        else if (access(path, X_OK) == 0)
            programs->path[programs->n++] = path;
        at = at[n] == ':' ? at + n + 1 : NULL;
    }
    glob(host->format(call, "/usr/lib/postgresql/*/bin/%s", name), 0, NULL, &found);
    glob(host->format(call, "/usr/pgsql-*/bin/%s", name), GLOB_APPEND, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc && programs->n < PROGRAMS_MAX; i++)
        if (access(found.gl_pathv[i], X_OK) == 0)
            programs->path[programs->n++] = host->format(call, "%s", found.gl_pathv[i]);
    globfree(&found);
    if (wrapper != NULL && programs->n == 0)
        programs->path[programs->n++] = wrapper;
}

int tools_server(struct ddb_call *call, const char *database, int *version)
{
    const char *argv[] = {NULL, "-X", "-A", "-t", "-w", "-c", "SHOW server_version_num", NULL};
    struct programs psql;
    struct text text;

    *version = (int)tools_fact(call, "server_version");
    if (*version != 0)
        return 0;
    find_programs(call, "psql", &psql);
    if (psql.n == 0)
        return 0;
    argv[0] = psql.path[0];
    if (ask(call, argv, database, &text) < 0)
        return -1;
    *version = (int)strtol(text.data, NULL, 10);
    return 0;
}

int tools_find(struct ddb_call *call, const char *name, int server, struct tool *best)
{
    const char *configured = host->setting(call, name);
    struct programs programs = {.n = 1, .path = {configured}};

    *best = (struct tool){.path = configured != NULL ? configured : name};
    if (configured == NULL)
        find_programs(call, name, &programs);
    else if (strchr(configured, '/') != NULL && access(configured, X_OK) < 0)
        return 0;
    for (size_t i = 0; i < programs.n && tools_suitability(best, server) < 3; i++) {
        struct tool tool;

        if (ask_version(call, programs.path[i], &tool) < 0)
            return -1;
        if (is_better(&tool, best, server))
            *best = tool;
    }
    return 0;
}

int tools_failed(struct ddb_call *call, const char *name, int status)
{
    const char *errors = host->errors(call);

    host->fail(call, "%s failed with exit status %d", name, status);
    return errors != NULL && errors[0] != '\0' ? host->detail(call, "%s", errors) : -1;
}

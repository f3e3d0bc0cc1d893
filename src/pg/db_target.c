/*
 * db_target - what a connection string means, asked of libpq itself. See db.h.
 *
 * libpq resolves service files, the environment, defaults and the password file only on its way to
 * a connection. A parameter that it refuses makes it stop right there: everything is resolved, and
 * nothing was sent to anyone.
 */
#include "pg/db_target.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"

static const char refused_value[] = "deploy-db asks only";

static PGconn *resolve(const char *conninfo, const char *spoiled)
{
    const char *const keywords[] = {"dbname", spoiled, NULL};
    const char *const values[] = {conninfo, refused_value, NULL};

    return PQconnectStartParams(keywords, values, 1);
}

const char *db_target_option(const struct db_target *target, const char *keyword)
{
    for (size_t i = 0; i < target->n; i++)
        if (strcmp(target->options[i].keyword, keyword) == 0)
            return target->options[i].value;
    return NULL;
}

static struct db_option *find(struct db_target *target, const char *keyword)
{
    for (size_t i = 0; i < target->n; i++)
        if (strcmp(target->options[i].keyword, keyword) == 0)
            return &target->options[i];
    return NULL;
}

/* libpq quotes the connection string in its messages: show them only where it can hold no secret.
 */
static int parse_error(const char *conninfo, const char *message, struct err *err)
{
    err_set(err, ERR_CONFIG, "could not understand the database's connection string");
    if (message != NULL && strcasestr(conninfo, "pass") == NULL && strchr(conninfo, '@') == NULL)
        err_detail(err, "%.*s", (int)strcspn(message, "\n"), message);
    return err_hint(err, "Write it as libpq does: \"host=db1 dbname=shop user=deploy\", "
                         "\"service=NAME\" or \"postgresql://deploy@db1/shop\".");
}

static int check_syntax(const char *conninfo, struct err *err)
{
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(conninfo, &message);

    if (options == NULL) {
        parse_error(conninfo, message, err);
        PQfreemem(message);
        return -1;
    }
    PQconninfoFree(options);
    return 0;
}

static const char *nonempty(struct arena *arena, const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : arena_strdup(arena, text);
}

static void copy_options(struct db_target *target, struct arena *arena, PGconn *conn)
{
    PQconninfoOption *options = PQconninfo(conn);
    size_t n = 0;

    while (options != NULL && options[n].keyword != NULL)
        n++;
    target->options = arena_alloc(arena, (n + 1) * sizeof *target->options);
    target->n = n;
    for (size_t i = 0; i < n; i++)
        target->options[i] = (struct db_option){
            .keyword = arena_strdup(arena, options[i].keyword),
            .envvar = arena_strdup(arena, options[i].envvar),
            .compiled = arena_strdup(arena, options[i].compiled),
            .value = nonempty(arena, options[i].val),
        };
    PQconninfoFree(options);
}

/* The first pass spoils one parameter; a second one, which spoils another, gives that one back. */
static void copy_spoiled(struct db_target *target, struct arena *arena, const char *conninfo)
{
    PGconn *conn = resolve(conninfo, "target_session_attrs");
    struct db_target other = {0};
    struct db_option *option = find(target, "channel_binding");

    copy_options(&other, arena, conn);
    if (option != NULL)
        option->value = db_target_option(&other, "channel_binding");
    PQfinish(conn);
}

static void add_encoded(struct buf *out, const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (; *text != '\0'; text++)
        if (strchr(plain, *text) != NULL)
            buf_addc(out, *text);
        else
            buf_addf(out, "%%%02X", (unsigned char)*text);
}

/* What stands for a password where a person reads. */
static const char HIDDEN[] = "***";

static void add_query(struct buf *out, char *separator, const char *keyword, const char *value)
{
    buf_addc(out, *separator);
    *separator = '&';
    buf_addf(out, "%s=", keyword);
    if (value == HIDDEN)
        buf_adds(out, value);
    else
        add_encoded(out, value);
}

static bool in_list(const char *word, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(word, *list) == 0)
            return true;
    return false;
}

/* Whether the driver of "postgresql+DRIVER" is made on libpq and takes its parameters. */
static bool driver_is_libpq(const char *scheme)
{
    static const char *const drivers[] = {"psycopg2", "psycopg", "psycopg2cffi", "psycopg_async",
                                          NULL};
    const char *driver = strchr(scheme, '+');

    return driver == NULL || in_list(driver + 1, drivers);
}

/* Parameters that have their own place in an URL, are not for a driver to know, or (options) travel
 * in the environment only, because a value here would hide that of PGOPTIONS. */
static void add_parameters(struct buf *out, char *separator, const struct db_target *target,
                           const char *scheme, bool hide)
{
    static const char *const elsewhere[] = {"service",
                                            "user",
                                            "password",
                                            "dbname",
                                            "host",
                                            "port",
                                            "application_name",
                                            "passfile",
                                            "fallback_application_name",
                                            "client_encoding",
                                            "options",
                                            "replication",
                                            NULL};
    const char *sslmode = db_target_option(target, "sslmode");

    if (driver_is_libpq(scheme)) {
        for (size_t i = 0; i < target->n; i++) {
            const struct db_option *option = &target->options[i];

            if (option->value != NULL && !in_list(option->keyword, elsewhere) &&
                (option->compiled == NULL || strcmp(option->compiled, option->value) != 0))
                add_query(out, separator, option->keyword,
                          hide && strcmp(option->keyword, "sslpassword") == 0 ? HIDDEN
                                                                              : option->value);
        }
    } else if (strstr(scheme, "+asyncpg") != NULL && sslmode != NULL &&
               strcmp(sslmode, "prefer") != 0) {
        add_query(out, separator, "ssl", sslmode);
    }
}

/* SQLAlchemy, for which the URL is made, takes the database's name as it stands. */
static void add_name(struct buf *out, const char *name)
{
    for (; *name != '\0'; name++)
        if (*name == '?')
            buf_adds(out, "%3F");
        else
            buf_addc(out, *name);
}

static const char *make_url(const struct db_target *target, struct arena *arena, const char *scheme,
                            bool hide)
{
    auto_buf struct buf url = {0};
    const char *password = db_target_option(target, "password");
    bool in_query = target->host[0] == '/' || strpbrk(target->host, ",@") != NULL;
    char separator = '?';

    buf_addf(&url, "%s://", scheme);
    add_encoded(&url, target->user);
    if (password != NULL) {
        buf_addc(&url, ':');
        if (hide)
            buf_adds(&url, HIDDEN);
        else
            add_encoded(&url, password);
    }
    buf_addc(&url, '@');
    if (!in_query) {
        if (strchr(target->host, ':') != NULL)
            buf_addf(&url, "[%s]", target->host);
        else
            add_encoded(&url, target->host);
        buf_addf(&url, ":%s", target->port);
    }
    buf_addc(&url, '/');
    add_name(&url, target->name);
    if (in_query) {
        add_query(&url, &separator, "host", target->host);
        add_query(&url, &separator, "port", target->port);
    }
    add_parameters(&url, &separator, target, scheme, hide);
    return arena_strdup(arena, buf_text(&url));
}

static void describe(struct db_target *target, struct arena *arena, const char *scheme)
{
    target->display = arena_printf(arena, "%s on %s:%s as %s", target->name, target->host,
                                   target->port, target->user);
    target->url = make_url(target, arena, scheme, false);
    target->shown_url = make_url(target, arena, scheme, true);
}

static void fill(struct db_target *target, struct arena *arena, PGconn *conn, const char *scheme)
{
    struct db_option *password = find(target, "password");

    target->name = arena_strdup(arena, PQdb(conn));
    target->user = arena_strdup(arena, PQuser(conn));
    target->host = db_target_option(target, "host");
    if (target->host == NULL)
        target->host = arena_strdup(arena, PQhost(conn));
    target->port = db_target_option(target, "port");
    if (target->port == NULL)
        target->port = "5432";
    /* One from the password file serves the other databases of this server too, whose names the
     * file may not have. */
    if (password != NULL && password->value == NULL)
        password->value = nonempty(arena, PQpass(conn));
    if (scheme == NULL || strcmp(scheme, "postgres") == 0)
        scheme = "postgresql";
    describe(target, arena, scheme);
    if (password != NULL && password->value != NULL) {
        auto_buf struct buf encoded = {0};

        log_secret(password->value);
        add_encoded(&encoded, password->value);
        log_secret(buf_text(&encoded));
        log_secret(target->url);
    }
    if (db_target_option(target, "sslpassword") != NULL)
        log_secret(db_target_option(target, "sslpassword"));
}

int db_target_new(struct arena *arena, const char *conninfo, const char *scheme,
                  struct db_target **target, struct err *err)
{
    struct db_target *made;
    PGconn *conn;

    if (check_syntax(conninfo, err) < 0)
        return -1;
    conn = resolve(conninfo, "channel_binding");
    if (conn == NULL)
        return err_set(err, ERR_INTERNAL, "could not parse the connection string: out of memory");
    if (strstr(PQerrorMessage(conn), refused_value) == NULL) {
        parse_error(conninfo, PQerrorMessage(conn), err);
        PQfinish(conn);
        return -1;
    }
    made = arena_alloc(arena, sizeof *made);
    copy_options(made, arena, conn);
    copy_spoiled(made, arena, conninfo);
    if (PQdb(conn) == NULL || PQuser(conn) == NULL || PQhost(conn) == NULL) {
        PQfinish(conn);
        return err_set(err, ERR_CONFIG, "the database's connection string names no database");
    }
    fill(made, arena, conn, scheme);
    PQfinish(conn);
    *target = made;
    return 0;
}

struct db_target *db_target_at(struct arena *arena, const struct db_target *target,
                               const char *database)
{
    struct db_target *made = arena_alloc(arena, sizeof *made);
    const char *scheme = arena_strndup(arena, target->url, strcspn(target->url, ":"));

    *made = *target;
    made->name = arena_strdup(arena, database);
    made->options = arena_alloc(arena, (target->n + 1) * sizeof *made->options);
    for (size_t i = 0; i < target->n; i++) {
        made->options[i] = target->options[i];
        if (strcmp(made->options[i].keyword, "dbname") == 0)
            made->options[i].value = made->name;
    }
    describe(made, arena, scheme);
    if (db_target_option(made, "password") != NULL)
        log_secret(made->url);
    return made;
}

bool db_target_same(const struct db_target *a, const struct db_target *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->host, b->host) == 0 &&
           strcmp(a->port, b->port) == 0;
}

const char *db_target_name(const struct db_target *target)
{
    return target->name;
}

bool db_target_is_local(const struct db_target *target)
{
    return target->host[0] == '/' || target->host[0] == '@';
}

const char *db_target_display(const struct db_target *target)
{
    return target->display;
}

const char *db_target_url(const struct db_target *target)
{
    return target->url;
}

const char *db_target_shown_url(const struct db_target *target)
{
    return target->shown_url;
}

/* What a child finds under ${option}'s variable; NULL when it must find none. */
static const char *child_value(const struct db_target *target, const struct db_option *option,
                               const char *database)
{
    if (strcmp(option->keyword, "service") == 0)
        return NULL;
    if (strcmp(option->keyword, "application_name") == 0)
        return db_application();
    if (strcmp(option->keyword, "dbname") == 0)
        return database != NULL ? database : target->name;
    if (strcmp(option->keyword, "host") == 0)
        return target->host;
    if (strcmp(option->keyword, "port") == 0)
        return target->port;
    if (option->value != NULL && option->compiled != NULL &&
        strcmp(option->value, option->compiled) == 0)
        return NULL;
    return option->value;
}

const char *const *db_target_env(const struct db_target *target, struct arena *arena,
                                 const char *database)
{
    const char **env = arena_alloc(arena, (target->n + 2) * sizeof *env);
    size_t n = 0;

    for (size_t i = 0; i < target->n; i++) {
        const struct db_option *option = &target->options[i];
        const char *value;

        if (option->envvar == NULL)
            continue;
        value = child_value(target, option, database);
        env[n++] =
            value == NULL ? option->envvar : arena_printf(arena, "%s=%s", option->envvar, value);
    }
    env[n] = "PGSERVICEFILE";
    return env;
}

const char *const *db_target_params(const struct db_target *target, struct arena *arena,
                                    const char *database)
{
    const char **params = arena_alloc(arena, (2 * target->n + 1) * sizeof *params);
    size_t n = 0;

    for (size_t i = 0; i < target->n; i++) {
        const struct db_option *option = &target->options[i];
        const char *value = child_value(target, option, database);

        if (value == NULL)
            continue;
        params[n++] = option->keyword;
        params[n++] = value;
    }
    return params;
}

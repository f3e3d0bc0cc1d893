/*
 * secret_url - a database URL, libpq's or SQLAlchemy's, as libpq keywords.
 *
 * SQLAlchemy names a driver ("postgresql+asyncpg://"), takes any character but "@" in a password,
 * gives several hosts as parameters of the query, and knows parameters that are the driver's own.
 * libpq takes several hosts before the path. What either accepts is read here.
 */
#include "conf/secret_parts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/log.h"
#include "conf/conf_parts.h"

/* clang-format off */
/* What libpq takes in a connection string (PostgreSQL 18's list). */
static const char *const libpq_keys[] = {
    "application_name", "channel_binding", "client_encoding", "connect_timeout", "dbname",
    "fallback_application_name", "gssdelegation", "gssencmode", "gsslib", "hostaddr", "keepalives",
    "keepalives_count", "keepalives_idle", "keepalives_interval", "krbsrvname",
    "load_balance_hosts", "max_protocol_version", "min_protocol_version", "options", "passfile",
    "password", "replication", "require_auth", "requirepeer", "service", "ssl_max_protocol_version",
    "ssl_min_protocol_version", "sslcert", "sslcertmode", "sslcompression", "sslcrl", "sslcrldir",
    "sslkey", "sslmode", "sslnegotiation", "sslpassword", "sslrootcert", "sslsni",
    "target_session_attrs", "tcp_user_timeout", "user",
};

/* What only a Python driver takes; it says nothing about where the database is. */
static const char *const driver_keys[] = {
    "async_fallback", "autocommit", "command_timeout", "max_cacheable_statement_size",
    "max_cached_statement_lifetime", "prepare_threshold", "prepared_statement_cache_size",
    "prepared_statement_name_func", "server_settings", "statement_cache_size",
};
/* clang-format on */

static const char *const ssl_modes[] = {"disable", "allow",     "prefer",
                                        "require", "verify-ca", "verify-full"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct url {
    struct arena *arena;
    struct err *err;
    const char *source;
    bool has_driver;
    struct strvec hosts[2], ports[2]; /* side by side: before the path, and of host= */
    struct strvec extra_ports;        /* of port= */
    struct strvec pairs;              /* libpq key, value, key, value, … */
};

enum { BEFORE_PATH, IN_QUERY };

static void release(struct url *url)
{
    for (int i = 0; i < 2; i++) {
        strvec_release(&url->hosts[i]);
        strvec_release(&url->ports[i]);
    }
    strvec_release(&url->extra_ports);
    strvec_release(&url->pairs);
}

static bool is_in(const char *text, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(text, list[i]) == 0)
            return true;
    return false;
}

/* The first bytes of a URL that name its kind: letters, digits, "+", "_", "." and "-". */
static size_t scheme_length(const char *text)
{
    size_t n = 0;

    while (isalnum((unsigned char)text[n]) || (text[n] != '\0' && strchr("+_.-", text[n]) != NULL))
        n++;
    return n > 0 && strncmp(text + n, "://", 3) == 0 ? n : 0;
}

bool secret_url_is(const char *text)
{
    return scheme_length(text) > 0;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decode. A "%" without two digits stays as it is, as in Python; NULL for a NUL byte. */
static char *decode(struct arena *arena, const char *text, size_t n, bool plus_is_space)
{
    char *out = arena_alloc(arena, n + 1);
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        char c = text[i];

        if (c == '%' && i + 2 < n && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
            c = (char)(hex(text[i + 1]) * 16 + hex(text[i + 2]));
            if (c == '\0')
                return NULL;
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        out[len++] = c;
    }
    return out;
}

static int wrong(struct url *url, const char *what)
{
    return err_set(url->err, ERR_CONFIG, "the database URL from %s %s", url->source, what);
}

/* A later value replaces an earlier one: parameters stand after the path. */
static void set(struct url *url, const char *key, const char *value)
{
    for (size_t i = 0; i < url->pairs.n; i += 2)
        if (strcmp(url->pairs.v[i], key) == 0) {
            mem_free(url->pairs.v[i + 1]);
            url->pairs.v[i + 1] = mem_strdup(value);
            return;
        }
    strvec_push(&url->pairs, key);
    strvec_push(&url->pairs, value);
}

/* The end of "user:password" before its "@"; NULL when the URL has none. SQLAlchemy takes all up to
 * the first "@"; libpq stops at a "/". */
static const char *end_of_user(const char *text, bool has_driver)
{
    size_t n = strcspn(text, ":/?@,[");
    const char *at, *slash;

    if (text[n] == '@')
        return text + n;
    if (text[n] != ':')
        return NULL;
    at = strchr(text + n, '@');
    slash = strpbrk(text + n, "/?");
    if (has_driver || at == NULL || slash == NULL || slash > at)
        return at;
    /* "host:5432/db?x=a@b" against "user:5/b@host": digits before the slash are a port. */
    n++;
    return strspn(text + n, "0123456789,") == (size_t)(slash - text) - n ? NULL : at;
}

static int read_user(struct url *url, const char *text, const char *end)
{
    size_t n = (size_t)(end - text), user = strcspn(text, ":@");
    const char *value = decode(url->arena, text, user, false);

    if (value != NULL && *value != '\0')
        set(url, "user", value);
    if (value != NULL && user < n) {
        log_secret(arena_strndup(url->arena, text + user + 1, n - user - 1));
        value = decode(url->arena, text + user + 1, n - user - 1, false);
        if (value != NULL) {
            log_secret(value);
            set(url, "password", value);
        }
    }
    return value == NULL ? wrong(url, "has a NUL byte in it") : 0;
}

static int check_port(struct url *url, const char *port)
{
    char *end;
    long number = strtol(port, &end, 10);

    if (*port == '\0' ||
        (isdigit((unsigned char)*port) && *end == '\0' && number > 0 && number <= 65535))
        return 0;
    wrong(url, "has a port that is no number from 1 to 65535"); /* it may be a lost password */
    return err_hint(url->err, "The form is postgresql://USER:PASSWORD@HOST:PORT/DATABASE.");
}

/* "host", "host:port", "[::1]:port", "::1", "/socket/dir". */
static int add_host(struct url *url, const char *text, size_t n, int place)
{
    const char *port = "";
    char *host = decode(url->arena, text, n, false);
    char *end;

    if (host == NULL)
        return wrong(url, "has a NUL byte in it");
    if (strchr(host, '@') != NULL && host[0] != '@') {
        wrong(url, "has more than one \"@\"");
        return err_hint(url->err, "Write \"%%40\" for one that belongs to the password.");
    }
    if (host[0] == '[') {
        host++;
        end = strchr(host, ']');
        if (end == NULL || (end[1] != '\0' && end[1] != ':'))
            return wrong(url, "has a \"[\" without its \"]\"");
        port = end[1] == ':' ? end + 2 : "";
        *end = '\0';
    } else if (host[0] != '/' && (end = strchr(host, ':')) != NULL && end == strrchr(host, ':')) {
        *end = '\0';
        port = end + 1;
    }
    if (check_port(url, port) != 0)
        return -1;
    strvec_push(&url->hosts[place], host);
    strvec_push(&url->ports[place], port);
    return 0;
}

static int read_hosts(struct url *url, const char *text, size_t n, int place)
{
    const char *end = text + n;

    while (text < end) {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        const char *stop = comma == NULL ? end : comma;

        if (add_host(url, text, (size_t)(stop - text), place) != 0)
            return -1;
        text = stop + 1;
    }
    return 0;
}

static int read_ports(struct url *url, const char *text)
{
    while (*text != '\0') {
        size_t n = strcspn(text, ",");
        const char *port = arena_strndup(url->arena, text, n);

        if (check_port(url, port) != 0)
            return -1;
        strvec_push(&url->extra_ports, port);
        text += n + (text[n] == ',');
    }
    return 0;
}

/* asyncpg's "ssl" holds one of libpq's modes; a yes or no is understood too. */
static int read_ssl(struct url *url, const char *value)
{
    if (strcasecmp(value, "true") == 0 || strcmp(value, "1") == 0)
        value = "require";
    else if (strcasecmp(value, "false") == 0 || strcmp(value, "0") == 0)
        value = "disable";
    if (!is_in(value, ssl_modes, COUNT(ssl_modes)))
        return err_set(url->err, ERR_CONFIG, "the database URL from %s has ssl=%s", url->source,
                       value);
    set(url, "sslmode", value);
    return 0;
}

static int unknown_parameter(struct url *url, const char *key)
{
    struct conf_nearest nearest = {.word = key};

    err_set(url->err, ERR_CONFIG, "the database URL from %s has the unknown parameter \"%s\"",
            url->source, key);
    for (size_t i = 0; i < COUNT(libpq_keys); i++)
        conf_nearest_try(&nearest, libpq_keys[i]);
    if (conf_nearest_best(&nearest) != NULL)
        err_hint(url->err, "Did you mean \"%s\"?", conf_nearest_best(&nearest));
    return -1;
}

static int read_parameter(struct url *url, const char *key, const char *value)
{
    if (strcmp(key, "host") == 0)
        return read_hosts(url, value, strlen(value), IN_QUERY);
    if (strcmp(key, "port") == 0)
        return read_ports(url, value);
    if (strcmp(key, "ssl") == 0)
        return read_ssl(url, value);
    if (strcmp(key, "database") == 0)
        key = "dbname";
    else if (strcmp(key, "timeout") == 0 && url->has_driver)
        key = "connect_timeout";
    if (strcmp(key, "password") == 0 || strcmp(key, "sslpassword") == 0)
        log_secret(value);
    if (is_in(key, libpq_keys, COUNT(libpq_keys))) {
        set(url, key, value);
        return 0;
    }
    if (url->has_driver && is_in(key, driver_keys, COUNT(driver_keys)))
        return 0;
    return unknown_parameter(url, key);
}

static int read_query(struct url *url, const char *text)
{
    while (*text != '\0') {
        size_t n = strcspn(text, "&"), name = strcspn(text, "=&");
        const char *key = decode(url->arena, text, name, url->has_driver);
        const char *value =
            name < n ? decode(url->arena, text + name + 1, n - name - 1, url->has_driver) : NULL;

        if (key == NULL || (name < n && value == NULL))
            return wrong(url, "has a NUL byte in it");
        if (n > 0 && value == NULL)
            return err_set(url->err, ERR_CONFIG,
                           "the database URL from %s has the parameter "
                           "\"%s\" without a value",
                           url->source, key);
        if (n > 0 && strstr(key, "password") != NULL)
            log_secret(arena_strndup(url->arena, text + name + 1, n - name - 1));
        if (n > 0 && read_parameter(url, key, value) != 0)
            return -1;
        text += n + (text[n] == '&');
    }
    return 0;
}

static int read_rest(struct url *url, const char *text)
{
    const char *end = end_of_user(text, url->has_driver);
    const char *value;
    size_t n;

    if (end != NULL) {
        if (read_user(url, text, end) != 0)
            return -1;
        text = end + 1;
    }
    n = strcspn(text, "/?");
    if (read_hosts(url, text, n, BEFORE_PATH) != 0)
        return -1;
    text += n;
    if (*text == '/') {
        n = strcspn(++text, "?");
        value = url->has_driver ? arena_strndup(url->arena, text, n) /* as SQLAlchemy does */
                                : decode(url->arena, text, n, false);
        if (value == NULL)
            return wrong(url, "has a NUL byte in it");
        if (*value != '\0')
            set(url, "dbname", value);
        text += n;
    }
    return *text == '?' ? read_query(url, text + 1) : 0;
}

static bool any_text(const struct strvec *vec)
{
    for (size_t i = 0; i < vec->n; i++)
        if (vec->v[i][0] != '\0')
            return true;
    return false;
}

/* Hosts among the parameters replace those before the path; a port before the path stays where the
 * parameters name none. */
static int join_hosts(struct url *url)
{
    int place = any_text(&url->hosts[IN_QUERY]) ? IN_QUERY : BEFORE_PATH;
    const struct strvec *hosts = &url->hosts[place];
    const struct strvec *ports = &url->ports[place];
    auto_free char *host_list = strvec_join(hosts, ",");
    auto_free char *port_list = NULL;

    if (any_text(hosts))
        set(url, "host", host_list);
    if (any_text(&url->extra_ports))
        ports = &url->extra_ports;
    else if (!any_text(ports) && url->ports[BEFORE_PATH].n == 1)
        ports = &url->ports[BEFORE_PATH];
    if (!any_text(ports))
        return 0;
    if (ports->n != 1 && ports->n != hosts->n)
        return err_set(url->err, ERR_CONFIG, "the database URL from %s has %zu ports for %zu hosts",
                       url->source, ports->n, hosts->n);
    port_list = strvec_join(ports, ",");
    set(url, "port", port_list);
    return 0;
}

/* key='value' with libpq's escapes; an escaped password is a secret in that form too. */
static const char *conninfo(struct url *url)
{
    auto_buf struct buf out = {0};

    for (size_t i = 0; i < url->pairs.n; i += 2) {
        auto_buf struct buf value = {0};

        for (const char *c = url->pairs.v[i + 1]; *c != '\0'; c++) {
            if (*c == '\'' || *c == '\\')
                buf_addc(&value, '\\');
            buf_addc(&value, *c);
        }
        if (strstr(url->pairs.v[i], "password") != NULL)
            log_secret(buf_text(&value));
        buf_addf(&out, "%s%s='%s'", i > 0 ? " " : "", url->pairs.v[i], buf_text(&value));
    }
    return arena_strdup(url->arena, buf_text(&out));
}

/* "postgresql" and "postgres", each with or without "+DRIVER". */
static int read_scheme(struct url *url, const char *text, size_t n, const char **scheme)
{
    size_t base = strcspn(text, "+:");

    if ((base != 10 || strncmp(text, "postgresql", base) != 0) &&
        (base != 8 || strncmp(text, "postgres", base) != 0)) {
        err_set(url->err, ERR_CONFIG,
                "the database URL from %s is for \"%.*s\", not for "
                "PostgreSQL",
                url->source, (int)(base < 40 ? base : 40), text);
        return err_hint(url->err, "It begins with postgresql:// or postgresql+DRIVER://.");
    }
    url->has_driver = base < n;
    if (url->has_driver && base + 1 == n)
        return wrong(url, "names no driver after the \"+\"");
    *scheme = arena_printf(url->arena, "postgresql%.*s", (int)(n - base), text + base);
    return 0;
}

int secret_url_parse(struct arena *arena, const char *text, const char *source,
                     struct secret_database *out, struct err *err)
{
    struct url url = {.arena = arena, .err = err, .source = source};
    size_t n = scheme_length(text);
    const char *scheme = NULL;
    int result;

    result = read_scheme(&url, text, n, &scheme);
    if (result == 0)
        result = read_rest(&url, text + n + 3);
    if (result == 0)
        result = join_hosts(&url);
    if (result == 0)
        *out = (struct secret_database){
            .conninfo = conninfo(&url), .scheme = scheme, .source = source};
    release(&url);
    return result;
}

bool secret_url_has_password(const char *text)
{
    size_t n = scheme_length(text);
    const char *rest = text + (n > 0 ? n + 3 : 0);
    const char *end = end_of_user(rest, memchr(text, '+', n) != NULL);
    const char *colon = end == NULL ? NULL : memchr(rest, ':', (size_t)(end - rest));

    return (colon != NULL && colon + 1 < end) || strstr(rest, "password=") != NULL;
}

/* secret - see secret.h: where the text about a database comes from. secret_url.c reads URLs. */
#include "conf/secret.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/log.h"
#include "conf/secret_parts.h"

enum { FILE_MOST = 64 * 1024, DEEPEST = 4 };

struct resolver {
    struct arena *arena;
    const struct conf *conf;
    struct err *err;
    const char *text;   /* what is known so far */
    const char *source; /* where that came from */
};

static const char *trimmed(struct arena *arena, const char *text)
{
    size_t n;

    while (isspace((unsigned char)*text))
        text++;
    n = strlen(text);
    while (n > 0 && isspace((unsigned char)text[n - 1]))
        n--;
    return arena_strndup(arena, text, n);
}

static bool is_variable(const char *name)
{
    if (!isalpha((unsigned char)*name) && *name != '_')
        return false;
    while (isalnum((unsigned char)*name) || *name == '_')
        name++;
    return *name == '\0';
}

/* The `.env` files that may hold a variable: beside the configuration, and in the engine's folder.
 */
static size_t dotenv_files(const struct resolver *r, const char *files[2])
{
    const struct conf_value *directory = conf_value(&r->conf->engine, "directory");
    size_t n = 0;

    files[n++] = fs_join(r->arena, r->conf->dir, ".env");
    if (directory != NULL && directory->text != NULL)
        files[n++] =
            fs_join(r->arena, fs_join(r->arena, r->conf->dir, fs_expand(r->arena, directory->text)),
                    ".env");
    if (n == 2 && strcmp(files[0], files[1]) == 0)
        n = 1;
    return n;
}

static int from_variable(struct resolver *r, const char *name)
{
    const char *files[2];
    size_t n = dotenv_files(r, files);
    const char *value = getenv(name);

    if (!is_variable(name))
        return err_set(r->err, ERR_CONFIG, "\"env:%s\" names no environment variable", name);
    if (value != NULL)
        r->source = arena_printf(r->arena, "environment variable %s", name);
    for (size_t i = 0; i < n && value == NULL; i++) {
        value = secret_dotenv(r->arena, files[i], name);
        if (value != NULL)
            r->source = arena_printf(r->arena, "variable %s in \"%s\"", name, files[i]);
    }
    if (value != NULL) {
        r->text = trimmed(r->arena, value);
        return 0;
    }
    err_set(r->err, ERR_CONFIG, "environment variable \"%s\" is not set", name);
    err_detail(r->err, "It was looked for in the environment%s.",
               n > 0 ? " and in these files" : "");
    for (size_t i = 0; i < n; i++)
        err_detail(r->err, "%s%s", files[i],
                   fs_exists(files[i]) ? " (does not set it)" : " (does not exist)");
    return err_hint(r->err, "Set %s, or write it into one of these files.", name);
}

static int from_file(struct resolver *r, const char *path)
{
    auto_buf struct buf content = {0};

    path = fs_join(r->arena, r->conf->dir, fs_expand(r->arena, path));
    if (fs_is_dir(path))
        return err_set(r->err, ERR_CONFIG, "\"%s\" is a folder, no file", path);
    if (fs_read(path, FILE_MOST, &content, r->err) != 0)
        return err_as(r->err, ERR_CONFIG);
    if (strlen(buf_text(&content)) != content.len)
        return err_set(r->err, ERR_CONFIG, "\"%s\" holds a NUL byte", path);
    r->text = trimmed(r->arena, buf_text(&content));
    r->source = arena_printf(r->arena, "file \"%s\"", path);
    return 0;
}

static int from_ini(struct resolver *r, const char *path)
{
    path = fs_join(r->arena, r->conf->dir, fs_expand(r->arena, path));
    if (secret_ini_get(r->arena, path, "sqlalchemy.url", &r->text, r->err) != 0)
        return -1;
    r->source = arena_printf(r->arena, "sqlalchemy.url in \"%s\"", path);
    if (r->text == NULL) {
        err_set(r->err, ERR_CONFIG, "\"%s\" has no sqlalchemy.url in its section [alembic]", path);
        return err_hint(r->err, "The project's env.py may read a variable: name it with "
                                "\"env:NAME\".");
    }
    r->text = trimmed(r->arena, r->text);
    return 0;
}

/* Follow env:, file: and ini: to the text that names the database itself. */
static int follow(struct resolver *r)
{
    static const struct {
        const char *prefix;
        int (*read)(struct resolver *r, const char *rest);
    } forms[] = {{"env:", from_variable}, {"file:", from_file}, {"ini:", from_ini}};
    const size_t n = sizeof forms / sizeof *forms;

    for (int depth = 0; depth <= DEEPEST; depth++) {
        size_t i = 0;

        while (i < n && strncmp(r->text, forms[i].prefix, strlen(forms[i].prefix)) != 0)
            i++;
        if (i == n)
            return 0;
        if (forms[i].read(r, r->text + strlen(forms[i].prefix)) != 0)
            return -1;
        if (*r->text == '\0')
            return err_set(r->err, ERR_CONFIG, "%s is empty", r->source);
    }
    return err_set(r->err, ERR_CONFIG, "%s leads from one place to the next without an end",
                   r->source);
}

/* The value at ${at} of a "key = value" list, with libpq's quotes and backslashes; ${raw} as it is
 * written. Gives what follows. */
static const char *keyword_value(const char *at, struct buf *value, struct buf *raw)
{
    bool quoted = *at == '\'';
    const char *start = at;

    for (at += quoted; *at != '\0'; at++) {
        if (quoted ? *at == '\'' : isspace((unsigned char)*at) != 0)
            break;
        if (*at == '\\' && at[1] != '\0')
            at++;
        buf_addc(value, *at);
    }
    buf_add(raw, start + quoted, (size_t)(at - start - quoted));
    return *at == '\'' && quoted ? at + 1 : at;
}

/* Register the passwords of a "key = value" list. Its form is checked by libpq itself, later. */
static void hide_keywords(const char *at)
{
    while (*at != '\0') {
        auto_buf struct buf value = {0};
        auto_buf struct buf raw = {0};
        const char *key;
        size_t n;

        key = at += strspn(at, " \t\r\n\f\v");
        n = strcspn(at, "= \t\r\n\f\v");
        at += n;
        at += strspn(at, " \t\r\n\f\v");
        if (*at != '=')
            return;
        at++;
        at += strspn(at, " \t\r\n\f\v");
        at = keyword_value(at, &value, &raw);
        if ((n == 8 && strncmp(key, "password", n) == 0) ||
            (n == 11 && strncmp(key, "sslpassword", n) == 0)) {
            log_secret(buf_text(&value));
            log_secret(buf_text(&raw));
        }
    }
}

int secret_resolve(struct arena *arena, const struct conf *conf, const char *text,
                   struct secret_database *out, struct err *err)
{
    struct resolver r = {.arena = arena,
                         .conf = conf,
                         .err = err,
                         .text = trimmed(arena, text),
                         .source = "the configuration"};

    if (follow(&r) != 0)
        return -1;
    if (secret_url_is(r.text))
        return secret_url_parse(arena, r.text, r.source, out, err);
    if (strchr(r.text, '=') == NULL) {
        err_set(err, ERR_CONFIG, "%s does not name a database in a form that is known", r.source);
        return err_hint(err, "Write \"dbname=NAME host=…\", \"service=NAME\", a postgresql:// URL, "
                             "or env:NAME, file:PATH or ini:PATH for a place that holds one.");
    }
    hide_keywords(r.text);
    *out = (struct secret_database){.conninfo = r.text, .scheme = "postgresql", .source = r.source};
    return 0;
}

int secret_text(struct arena *arena, const struct conf *conf, const char *text, const char **out,
                struct err *err)
{
    struct resolver r = {.arena = arena, .conf = conf, .err = err, .source = "the configuration"};

    r.text = trimmed(arena, text);
    if (strncmp(r.text, "env:", 4) != 0 && strncmp(r.text, "file:", 5) != 0) {
        err_set(err, ERR_CONFIG, "a secret does not stand in the configuration itself");
        return err_hint(err, "Write env:NAME or file:PATH for a place that holds it.");
    }
    if (follow(&r) != 0)
        return -1;
    log_secret(r.text);
    *out = r.text;
    return 0;
}

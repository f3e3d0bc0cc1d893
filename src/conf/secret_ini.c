/*
 * secret_ini - one key of the section [alembic] of an alembic.ini, as Python's ConfigParser reads
 * it: "key = value" or "key: value", names without regard to case, whole-line comments only,
 * indented lines go on with the value, %(name)s from the same section, from [DEFAULT], or "here"
 * (the file's folder), and %% for a percent sign.
 */
#include "conf/secret_parts.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/fs.h"

enum { INI_MOST = 1024 * 1024, DEEPEST = 10 };

struct ini {
    struct arena *arena;
    const char *path;
    const char *text;
    struct err *err;
};

static char *trimmed(struct arena *arena, const char *text, size_t n)
{
    while (n > 0 && isspace((unsigned char)*text)) {
        text++;
        n--;
    }
    while (n > 0 && isspace((unsigned char)text[n - 1]))
        n--;
    return arena_strndup(arena, text, n);
}

/* Whether the line is "KEY = …" or "KEY: …"; then where its value begins. */
static const char *value_of(const char *line, size_t n, const char *key)
{
    size_t name = strcspn(line, "=:\n");
    size_t length = name;

    if (name >= n)
        return NULL;
    while (length > 0 && isspace((unsigned char)line[length - 1]))
        length--;
    if (length != strlen(key) || strncasecmp(line, key, length) != 0)
        return NULL;
    return line + name + 1;
}

/* The value of ${key} in ${section} as it is written; the last one wins. */
static char *raw(const struct ini *ini, const char *section, const char *key)
{
    const char *heading = arena_printf(ini->arena, "[%s]", section);
    char *value = NULL;
    bool inside = false, going_on = false;

    for (const char *line = ini->text, *next; *line != '\0'; line = next) {
        size_t n = strcspn(line, "\n");
        const char *first = line + strspn(line, " \t");
        const char *start;

        next = line + n + (line[n] == '\n');
        if (*first == '#' || *first == ';')
            continue;
        if (first > line && first < line + n && *first != '\r') {
            if (going_on)
                value = arena_printf(ini->arena, "%s\n%s", value, trimmed(ini->arena, line, n));
            continue;
        }
        if (first == line + n || *first == '\r')
            continue;
        going_on = false;
        if (*line == '[') {
            inside = strncmp(line, heading, strlen(heading)) == 0;
            continue;
        }
        start = inside ? value_of(line, n, key) : NULL;
        if (start != NULL) {
            value = trimmed(ini->arena, start, (size_t)(line + n - start));
            going_on = true;
        }
    }
    return value;
}

static const char *lookup(const struct ini *ini, const char *key)
{
    const char *value = raw(ini, "alembic", key);

    if (value == NULL)
        value = raw(ini, "DEFAULT", key);
    if (value == NULL && strcmp(key, "here") == 0) {
        const char *dir = fs_dirname(ini->arena, ini->path);
        auto_buf struct buf doubled = {0};

        for (; *dir != '\0'; dir++)
            buf_adds(&doubled, *dir == '%' ? "%%" : (char[]){*dir, '\0'});
        return arena_strdup(ini->arena, buf_text(&doubled));
    }
    return value;
}

static int interpolate(const struct ini *ini, const char *text, int depth, struct buf *out)
{
    if (depth > DEEPEST)
        return err_set(ini->err, ERR_CONFIG, "values in \"%s\" refer to each other in a circle",
                       ini->path);
    while (*text != '\0') {
        const char *end;
        const char *value, *name;

        if (text[0] != '%') {
            buf_addc(out, *text++);
            continue;
        }
        if (text[1] == '%') {
            buf_addc(out, '%');
            text += 2;
            continue;
        }
        end = text[1] == '(' ? strstr(text, ")s") : NULL;
        if (end == NULL) {
            err_set(ini->err, ERR_CONFIG, "a value in \"%s\" has a \"%%\" that stands alone",
                    ini->path);
            return err_hint(ini->err, "Write it twice: \"%%%%\".");
        }
        name = arena_strndup(ini->arena, text + 2, (size_t)(end - text - 2));
        value = lookup(ini, name);
        if (value == NULL) {
            err_set(ini->err, ERR_CONFIG, "\"%s\" refers to %%(%s)s, which it does not define",
                    ini->path, name);
            return err_hint(ini->err, "The project's env.py may set it: name the database with "
                                      "\"env:NAME\" instead.");
        }
        if (interpolate(ini, value, depth + 1, out) != 0)
            return -1;
        text = end + 2;
    }
    return 0;
}

int secret_ini_get(struct arena *arena, const char *path, const char *key, const char **value,
                   struct err *err)
{
    struct ini ini = {.arena = arena, .path = path, .err = err};
    auto_buf struct buf text = {0};
    auto_buf struct buf out = {0};
    const char *written;

    *value = NULL;
    if (fs_read(path, INI_MOST, &text, err) != 0)
        return err_as(err, ERR_CONFIG);
    ini.text = buf_text(&text);
    written = lookup(&ini, key);
    if (written == NULL)
        return 0;
    if (interpolate(&ini, written, 0, &out) != 0)
        return -1;
    *value = arena_strdup(arena, buf_text(&out));
    return 0;
}

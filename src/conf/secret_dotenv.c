/*
 * secret_dotenv - read a `.env` file as python-dotenv does.
 *
 * NAME=value lines, with or without `export`; values bare, in single or in double quotes (these may
 * hold several lines and escapes); comments; ${NAME} and ${NAME:-default}, where the environment
 * comes before the lines above. A line that is none of this is skipped.
 */
#include "conf/secret_parts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fs.h"

enum { DOTENV_MOST = 1024 * 1024 };

/* Names and values, alternating, in the order of the file. */
struct dotenv {
    struct strvec pairs;
    const char *at;
};

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t\f\v");
}

static const char *find(const struct dotenv *file, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i + 1 < file->pairs.n; i += 2)
        if (strcmp(file->pairs.v[i], name) == 0)
            value = file->pairs.v[i + 1];
    return value;
}

/* Replace the ${…} of ${text}. */
static void expand(const struct dotenv *file, const char *text, struct buf *out)
{
    while (*text != '\0') {
        const char *end = text[0] == '$' && text[1] == '{' ? strchr(text, '}') : NULL;
        const char *fallback, *value;
        auto_free char *name = NULL;

        if (end == NULL) {
            buf_addc(out, *text++);
            continue;
        }
        name = mem_strdup(text + 2);
        name[end - text - 2] = '\0';
        fallback = strchr(name, ':');
        if (fallback != NULL && fallback[1] != '-') { /* not a form that it knows: left as it is */
            buf_addc(out, *text++);
            continue;
        }
        if (fallback != NULL) {
            name[fallback - name] = '\0';
            fallback += 2;
        }
        value = getenv(name);
        if (value == NULL)
            value = find(file, name);
        if (value == NULL)
            value = fallback;
        if (value != NULL)
            buf_adds(out, value);
        text = end + 1;
    }
}

static char unescape(char c, bool is_double)
{
    static const char letters[] = "abfnrtv", meanings[] = "\a\b\f\n\r\t\v";
    const char *letter = is_double ? strchr(letters, c) : NULL;

    return letter == NULL ? c : meanings[letter - letters];
}

/* A value in quotes; false when the closing one is missing. */
static bool read_quoted(struct dotenv *file, struct buf *value)
{
    bool is_double = *file->at == '"';
    const char *known = is_double ? "\\'\"abfnrtv" : "\\'";
    const char *at = file->at + 1;

    for (; *at != *file->at; at++) {
        if (*at == '\0')
            return false;
        if (at[0] == '\\' && at[1] != '\0' && strchr(known, at[1]) != NULL)
            buf_addc(value, unescape(*++at, is_double));
        else
            buf_addc(value, *at);
    }
    file->at = at + 1;
    return true;
}

/* A bare value: to the end of the line, or to a "#" after a blank. */
static void read_bare(struct dotenv *file, struct buf *value)
{
    size_t n = strcspn(file->at, "\r\n");

    for (size_t i = 0; i < n; i++)
        if (file->at[i] == '#' && i > 0 && isblank((unsigned char)file->at[i - 1])) {
            n = i;
            break;
        }
    while (n > 0 && isspace((unsigned char)file->at[n - 1]))
        n--;
    buf_add(value, file->at, n);
}

/* The name before "="; NULL when the line has none. */
static char *read_name(struct dotenv *file)
{
    const char *at = skip_blanks(file->at);
    size_t n;
    char *name;

    if (strncmp(at, "export", 6) == 0 && isblank((unsigned char)at[6]))
        at = skip_blanks(at + 6);
    if (*at == '\'') {
        n = strcspn(++at, "'\r\n");
        if (at[n] != '\'')
            return NULL;
    } else {
        n = strcspn(at, "=# \t\f\v\r\n");
    }
    if (n == 0)
        return NULL;
    name = mem_strdup(at);
    name[n] = '\0';
    file->at = skip_blanks(at + n + (at[n] == '\''));
    return name;
}

static void read_line(struct dotenv *file)
{
    auto_free char *name = read_name(file);
    auto_buf struct buf value = {0};
    auto_buf struct buf expanded = {0};
    bool good = name != NULL && *file->at == '=';

    if (good) {
        file->at = skip_blanks(file->at + 1);
        if (*file->at == '"' || *file->at == '\'') {
            good = read_quoted(file, &value);
            if (good) { /* nothing but a comment may follow */
                file->at = skip_blanks(file->at);
                good = *file->at == '\0' || strchr("#\r\n", *file->at) != NULL;
            }
        } else {
            read_bare(file, &value);
        }
    }
    if (good) {
        expand(file, buf_text(&value), &expanded);
        strvec_push(&file->pairs, name);
        strvec_push(&file->pairs, buf_text(&expanded));
    }
    file->at += strcspn(file->at, "\n");
    file->at += *file->at == '\n';
}

const char *secret_dotenv(struct arena *arena, const char *path, const char *name)
{
    struct dotenv file = {.at = NULL};
    struct err err = ERR_INIT;
    auto_buf struct buf text = {0};
    const char *value;

    if (!fs_exists(path) || fs_is_dir(path) || fs_read(path, DOTENV_MOST, &text, &err) != 0)
        return NULL;
    for (file.at = buf_text(&text); *file.at != '\0';)
        read_line(&file);
    value = arena_strdup(arena, find(&file, name));
    strvec_release(&file.pairs);
    return value;
}

/* name - see name.h. */
#include "name.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

int name_date(struct ddb_call *call, const char *text, struct tm *when)
{
    time_t now = time(NULL);
    int n = 0;

    if (text == NULL) {
        localtime_r(&now, when);
        return 0;
    }
    *when = (struct tm){.tm_isdst = -1};
    if (sscanf(text, "%4d-%2d-%2d %2d:%2d:%2d%n", &when->tm_year, &when->tm_mon, &when->tm_mday,
               &when->tm_hour, &when->tm_min, &when->tm_sec, &n) != 6 || n != 19)
        return sql_host->fail(call, "create date \"%s\" is not of the form \"2026-01-31 13:45:10\"",
                              text);
    when->tm_year -= 1900;
    when->tm_mon--;
    return 0;
}

/* --- the slug ----------------------------------------------------------------------------------*/

/* The next character of UTF-8; a byte that is none is taken alone. */
static wint_t next_char(const unsigned char **p)
{
    const unsigned char *s = *p;
    int more = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 1 : s[0] < 0xf0 ? 2 : s[0] < 0xf5 ? 3 : 0;
    wint_t c = more == 0 ? s[0] : s[0] & (0x3fu >> more);

    for (int i = 1; i <= more; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            *p = s + 1;
            return s[0];
        }
        c = c << 6 | (s[i] & 0x3fu);
    }
    *p = s + 1 + more;
    return c;
}

static size_t put_char(char *out, wint_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;

    for (int i = more; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)((0xff00u >> (more + 1) & 0xffu) | c);
    return (size_t)more + 1;
}

/* What Python's \w takes, as far as the C library knows. */
static bool is_word(wint_t c, locale_t locale)
{
    if (c < 0x80)
        return c == '_' || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    return locale == (locale_t)0 || iswalnum_l(c, locale);
}

/* At most ${max} characters: back to the last "_", which stays. */
static void truncate_slug(char *slug, size_t max)
{
    size_t n = 0, count = 0;

    while (slug[n] != '\0' && (count < max || ((unsigned char)slug[n] & 0xc0) == 0x80)) {
        count += ((unsigned char)slug[n] & 0xc0) != 0x80;
        n++;
    }
    if (slug[n] == '\0')
        return;
    for (size_t i = n; i > 0; i--)
        if (slug[i - 1] == '_') {
            n = i - 1;
            break;
        }
    slug[n] = '_';
    slug[n + 1] = '\0';
}

const char *name_slug(struct ddb_call *call, const char *message)
{
    const unsigned char *p = (const unsigned char *)(message == NULL ? "" : message);
    const char *setting = sql_host->setting(call, "truncate_slug_length");
    long max = setting == NULL ? 40 : strtol(setting, NULL, 10);
    locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    /* A lower-case character may take more bytes than its upper-case one; "_" and the end. */
    char *slug = sql_host->alloc(call, 2 * strlen((const char *)p) + 8);
    size_t n = 0;
    bool gap = false;

    while (*p != '\0') {
        wint_t c = next_char(&p);

        if (is_word(c, locale)) {
            if (gap && n > 0)
                slug[n++] = '_';
            n += put_char(slug + n, locale == (locale_t)0 ? c : towlower_l(c, locale));
        }
        gap = !is_word(c, locale);
    }
    if (locale != (locale_t)0)
        freelocale(locale);
    truncate_slug(slug, max < 1 ? 1 : (size_t)max);
    return slug;
}

/* --- the template ------------------------------------------------------------------------------*/

struct token {
    const char *name;
    const char *text; /* NULL: a number */
    long long number;
};

/* One "%(name)…" of the template; ${p} at the "(". Appends to ${out}. */
static int expand(struct ddb_call *call, const struct token *tokens, const char **p,
                  const char **out)
{
    const char *name = *p + 1;
    size_t n = strcspn(name, ")");
    const char *form = name + n + (name[n] == ')');
    size_t form_n = strspn(form, "-+ #0123456789.");
    char format[32];

    for (; tokens->name != NULL; tokens++)
        if (strncmp(tokens->name, name, n) == 0 && tokens->name[n] == '\0')
            break;
    *p = form + form_n + 1;
    if (tokens->name == NULL || form_n > 12)
        return -1;
    if (tokens->text != NULL) {
        if (form_n > 0 || form[0] != 's')
            return -1;
        *out = sql_host->format(call, "%s%s", *out, tokens->text);
        return 0;
    }
    if (form[form_n] == '\0' || strchr("dis", form[form_n]) == NULL)
        return -1;
    snprintf(format, sizeof format, "%%s%%%.*slld", (int)form_n, form);
    *out = sql_host->format(call, format, *out, tokens->number);
    return 0;
}

static const char *fill(struct ddb_call *call, const char *template, const struct token *tokens)
{
    const char *out = "";

    for (const char *p = template; *p != '\0';) {
        size_t n = strcspn(p, "%");

        out = sql_host->format(call, "%s%.*s", out, (int)n, p);
        p += n;
        /* "%%(" is how alembic.ini has to write "%(". */
        if (p[0] == '%' && p[1] == '%' && p[2] == '(')
            p++;
        if (p[0] == '%' && p[1] == '%') {
            out = sql_host->format(call, "%s%%", out);
            p += 2;
        } else if (p[0] == '%' && (*++p != '(' || expand(call, tokens, &p, &out) != 0)) {
            sql_host->fail(call, "file_template \"%s\" is not understood", template);
            sql_host->hint(call, "It may hold %%(rev)s, %%(slug)s, and %%(epoch)d, %%(year)d, "
                                 "%%(month).2d, %%(day).2d, %%(hour).2d, %%(minute).2d, "
                                 "%%(second).2d.");
            return NULL;
        }
    }
    return out;
}

/* Whether the file would be found again in its folder. */
static int check_name(struct ddb_call *call, const char *name)
{
    const char *recursive = sql_host->setting(call, "recursive");
    bool folders = strchr(name, '/') != NULL;

    if (name[0] == '.' || name[0] == '/' || strstr(name, "/.") != NULL ||
        strstr(name, "//") != NULL)
        return sql_host->fail(call, "\"%s\" is no name for a revision file: a part of it is empty "
                              "or begins with a dot", name);
    if (folders && (recursive == NULL || strcmp(recursive, "true") != 0)) {
        sql_host->fail(call, "\"%s\" is no name for a revision file: it has a folder", name);
        return sql_host->hint(call, "Set \"recursive\" of the engine, so that folders are "
                                    "searched.");
    }
    return 0;
}

const char *name_file(struct ddb_call *call, const char *id, const char *message,
                      const struct tm *when)
{
    const char *template = sql_host->setting(call, "file_template");
    struct tm local = *when;
    const struct token tokens[] = {
        {"rev", id, 0},
        {"slug", name_slug(call, message), 0},
        {"epoch", NULL, (long long)mktime(&local)},
        {"year", NULL, when->tm_year + 1900},
        {"month", NULL, when->tm_mon + 1},
        {"day", NULL, when->tm_mday},
        {"hour", NULL, when->tm_hour},
        {"minute", NULL, when->tm_min},
        {"second", NULL, when->tm_sec},
        {NULL, NULL, 0},
    };
    const char *name = fill(call, template == NULL ? "%(rev)s_%(slug)s" : template, tokens);

    if (name == NULL)
        return NULL;
    name = sql_host->format(call, "%s.sql", name);
    return check_name(call, name) == 0 ? name : NULL;
}

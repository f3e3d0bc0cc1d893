/* naming - see naming.h. */
#include "revision/naming.h"

#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <wctype.h>

#include "base/buf.h"

enum { SLUG_CHARS = 40, FORM_MAX = 6 };

/* --- characters --------------------------------------------------------------------------------*/

enum kind {
    UNKNOWN,
    SIGN, /* no part of a word */
    WORD, /* what \w matches */
};

/* How a letter gets its lower case: by adding this, or the next one of a pair. */
enum { AS_IS = 0, EVEN_FIRST = -1, ODD_FIRST = -2 };

struct block {
    uint32_t first, last;
    enum kind kind;
    int lower;
};

/* Left out on purpose: U+0130, whose lower case is two characters, and U+03A3, whose lower case
 * depends on what follows. */
static const struct block blocks[] = {
    {0xa1, 0xa9, SIGN, AS_IS},       {0xaa, 0xaa, WORD, AS_IS},      {0xab, 0xac, SIGN, AS_IS},
    {0xae, 0xb1, SIGN, AS_IS},       {0xb2, 0xb3, WORD, AS_IS},      {0xb4, 0xb4, SIGN, AS_IS},
    {0xb5, 0xb5, WORD, AS_IS},       {0xb6, 0xb8, SIGN, AS_IS},      {0xb9, 0xba, WORD, AS_IS},
    {0xbb, 0xbb, SIGN, AS_IS},       {0xbc, 0xbe, WORD, AS_IS},      {0xbf, 0xbf, SIGN, AS_IS},
    {0xc0, 0xd6, WORD, 32},          {0xd7, 0xd7, SIGN, AS_IS},      {0xd8, 0xde, WORD, 32},
    {0xdf, 0xf6, WORD, AS_IS},       {0xf7, 0xf7, SIGN, AS_IS},      {0xf8, 0xff, WORD, AS_IS},
    {0x100, 0x12f, WORD, EVEN_FIRST}, {0x131, 0x131, WORD, AS_IS},
    {0x132, 0x137, WORD, EVEN_FIRST}, {0x138, 0x138, WORD, AS_IS},
    {0x139, 0x148, WORD, ODD_FIRST}, {0x149, 0x149, WORD, AS_IS},
    {0x14a, 0x177, WORD, EVEN_FIRST}, {0x178, 0x178, WORD, 0xff - 0x178},
    {0x179, 0x17e, WORD, ODD_FIRST}, {0x17f, 0x17f, WORD, AS_IS},    {0x386, 0x386, WORD, 38},
    {0x388, 0x38a, WORD, 37},        {0x38c, 0x38c, WORD, 64},       {0x38e, 0x38f, WORD, 63},
    {0x390, 0x390, WORD, AS_IS},     {0x391, 0x3a1, WORD, 32},       {0x3a4, 0x3ab, WORD, 32},
    {0x3ac, 0x3ce, WORD, AS_IS},     {0x400, 0x40f, WORD, 80},       {0x410, 0x42f, WORD, 32},
    {0x430, 0x45f, WORD, AS_IS},     {0x5d0, 0x5ea, WORD, AS_IS},    {0x621, 0x64a, WORD, AS_IS},
    {0x2010, 0x2027, SIGN, AS_IS},   {0x2030, 0x205e, SIGN, AS_IS},  {0x20a0, 0x20c0, SIGN, AS_IS},
    {0x2190, 0x23ff, SIGN, AS_IS},   {0x2500, 0x2775, SIGN, AS_IS},  {0x3001, 0x3003, SIGN, AS_IS},
    {0x3008, 0x3011, SIGN, AS_IS},   {0x3041, 0x3096, WORD, AS_IS},  {0x30a1, 0x30fa, WORD, AS_IS},
    {0x3400, 0x4dbf, WORD, AS_IS},   {0x4e00, 0x9ffc, WORD, AS_IS},  {0xac00, 0xd7a3, WORD, AS_IS},
    {0xff01, 0xff0f, SIGN, AS_IS},   {0x1f300, 0x1fa6d, SIGN, AS_IS},
};

/* The kind of a character; ${lower} gets its lower case. */
static enum kind classify(uint32_t c, uint32_t *lower)
{
    *lower = c >= 'A' && c <= 'Z' ? c + 32 : c;
    if (c < 0x80)
        return (*lower >= 'a' && *lower <= 'z') || (c >= '0' && c <= '9') || c == '_' ? WORD : SIGN;
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        if (c < blocks[i].first || c > blocks[i].last)
            continue;
        if (blocks[i].lower == EVEN_FIRST || blocks[i].lower == ODD_FIRST)
            *lower = c + (c % 2 == (blocks[i].lower == ODD_FIRST));
        else
            *lower = (uint32_t)((int64_t)c + blocks[i].lower);
        return blocks[i].kind;
    }
    return UNKNOWN;
}

/* The next character of UTF-8; its length, or 0 where it is none. */
static size_t decode(const char *text, uint32_t *c)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *byte = (const unsigned char *)text;
    unsigned char lead = byte[0];
    size_t n = lead < 0x80 ? 1 : lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

    if (n == 0 || lead > 0xf4)
        return 0;
    *c = n == 1 ? lead : lead & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
        *c = *c << 6 | (byte[i] & 0x3f);
    }
    return *c < least[n] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000) ? 0 : n;
}

static void add_char(struct buf *out, uint32_t c)
{
    int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;

    buf_addc(out, (char)(more == 0 ? c : (0xff00u >> (more + 1) & 0xff) | c >> 6 * more));
    while (more-- > 0)
        buf_addc(out, (char)(0x80 | (c >> 6 * more & 0x3f)));
}

/* --- the slug ----------------------------------------------------------------------------------*/

/* What is longer than ${max} characters loses its last word, and ends with "_" instead. */
static void shorten(struct buf *slug, size_t max)
{
    const char *text = buf_text(slug), *end = text, *last = NULL;

    for (size_t i = 0; i < max && *end != '\0'; i++) {
        uint32_t c;

        last = *end == '_' ? end : last;
        end += decode(end, &c);
    }
    if (*end == '\0')
        return;
    slug->len = (size_t)((last != NULL ? last : end) - text);
    buf_addc(slug, '_');
}

/* The words of ${message} in lower case with "_" between. Whether it is certain. */
static bool add_slug(struct buf *slug, const char *message, size_t max)
{
    locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    bool is_certain = true, in_word = false;
    uint32_t c, lower;

    while (*message != '\0') {
        size_t n = decode(message, &c);
        enum kind kind;

        if (n == 0) /* a byte that is none is taken alone */
            c = (unsigned char)*message;
        kind = n == 0 ? UNKNOWN : classify(c, &lower);
        if (kind == UNKNOWN) {
            is_certain = false;
            lower = locale == (locale_t)0 ? c : (uint32_t)towlower_l(c, locale);
            kind = locale == (locale_t)0 || iswalnum_l(c, locale) ? WORD : SIGN;
        }
        if (kind == WORD) {
            if (slug->len > 0 && !in_word)
                buf_addc(slug, '_');
            add_char(slug, lower);
        }
        in_word = kind == WORD;
        message += n == 0 ? 1 : n;
    }
    if (locale != (locale_t)0)
        freelocale(locale);
    shorten(slug, max);
    return is_certain;
}

/* --- the template ------------------------------------------------------------------------------*/

struct token {
    const char *name;
    const char *text; /* for "%(name)s"; NULL: a number */
    long long number;
};

/* A number by the conversion at ${form}, which becomes what follows it; false: not understood. */
static bool add_number(struct buf *out, long long number, const char **form)
{
    static const char digits[] = "0123456789";
    const char *flags = *form, *width = flags + strspn(flags, "-+ 0");
    const char *dot = width + strspn(width, digits);
    const char *end = *dot == '.' ? dot + 1 + strspn(dot + 1, digits) : dot;
    size_t n = (size_t)(end - flags), n_flags = (size_t)(width - flags);
    char format[FORM_MAX + 8];

    if (*end == '\0' || strchr("dis", *end) == NULL || n > FORM_MAX)
        return false;
    /* Where Python does not do as printf() does. */
    if (*dot == '.' && (*end == 's' || memchr(flags, '0', n_flags) != NULL ||
                        strspn(dot + 1, "0") == (size_t)(end - dot - 1)))
        return false;
    if (*end == 's' && strspn(flags, "-") < n_flags)
        return false;
    snprintf(format, sizeof format, "%%%.*slld", (int)n, flags);
    buf_addf(out, format, number);
    *form = end + 1;
    return true;
}

/* "%(name)CONVERSION" at ${p}, which becomes what follows it. */
static bool add_token(struct buf *out, const struct token *token, const char **p)
{
    const char *name = *p + 1;
    size_t n;

    if (*name++ != '(')
        return false;
    n = strcspn(name, ")");
    if (name[n] == '\0')
        return false;
    while (token->name != NULL && (strncmp(token->name, name, n) != 0 || token->name[n] != '\0'))
        token++;
    *p = name + n + 1;
    if (token->name == NULL)
        return false;
    if (token->text == NULL)
        return add_number(out, token->number, p);
    if (**p != 's')
        return false;
    buf_adds(out, token->text);
    (*p)++;
    return true;
}

static bool expand(struct buf *out, const struct naming *wanted, const struct token *tokens)
{
    const char *p = wanted->template != NULL ? wanted->template : "%(rev)s_%(slug)s";

    for (;;) {
        size_t n = strcspn(p, "%");

        buf_add(out, p, n);
        p += n;
        if (*p == '\0')
            return true;
        if (wanted->is_escaped && strncmp(p, "%%(", 3) == 0)
            p++;
        if (p[1] == '%') {
            buf_addc(out, '%');
            p += 2;
        } else if (!add_token(out, tokens, &p)) {
            return false;
        }
    }
}

/* Of an hour that comes twice the first one, as Python. */
static long long epoch_of(struct tm tm)
{
    time_t epoch, earlier;
    struct tm local;

    tm.tm_isdst = -1;
    epoch = mktime(&tm);
    earlier = epoch - 3600;
    return localtime_r(&earlier, &local)->tm_hour == tm.tm_hour ? earlier : epoch;
}

int naming_file(struct arena *arena, const struct naming *wanted, const char **name,
                struct err *err)
{
    struct tm tm = {0};
    const char *end = strptime(wanted->moment, "%Y-%m-%d %H:%M:%S", &tm);
    auto_buf struct buf slug = {0}, out = {0};
    bool is_certain, is_understood;

    *name = NULL;
    if (end == NULL || end - wanted->moment != 19)
        return err_set(err, ERR_USAGE,
                       "create date \"%s\" is not of the form \"2026-01-31 13:45:10\"",
                       wanted->moment);
    is_certain = add_slug(&slug, wanted->message != NULL ? wanted->message : "",
                          wanted->slug_length > 0 ? wanted->slug_length : SLUG_CHARS);
    is_understood = expand(&out, wanted, (const struct token[]){
        {"rev", wanted->id, 0},
        {"slug", buf_text(&slug), 0},
        {"epoch", NULL, epoch_of(tm)},
        {"year", NULL, tm.tm_year + 1900},
        {"month", NULL, tm.tm_mon + 1},
        {"day", NULL, tm.tm_mday},
        {"hour", NULL, tm.tm_hour},
        {"minute", NULL, tm.tm_min},
        {"second", NULL, tm.tm_sec},
        {NULL, NULL, 0},
    });
    if (is_understood)
        *name = arena_strdup(arena, buf_text(&out));
    return is_understood && is_certain ? 0 : NAMING_ONLY_PYTHON;
}

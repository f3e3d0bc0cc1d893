/* pytext - see pytext.h. */
#include "pytext.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- characters -------------------------------------------------------------------------------*/

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

static void encode(FILE *out, uint32_t c)
{
    if (c < 0x80) {
        (void)fputc((int)c, out);
    } else {
        int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;

        (void)fputc((int)((0xff00u >> (more + 1) & 0xff) | c >> 6 * more), out);
        while (more-- > 0)
            (void)fputc((int)(0x80 | (c >> 6 * more & 0x3f)), out);
    }
}

bool pytext_is_utf8(const char *text)
{
    uint32_t c;
    size_t n;

    for (; *text != '\0'; text += n)
        if ((n = decode(text, &c)) == 0)
            return false;
    return true;
}

/* --- repr() -----------------------------------------------------------------------------------*/

/* One character of a literal in ${quote}; false: only Python knows. */
static bool quote_one(FILE *out, uint32_t c, char quote)
{
    uint32_t lower;

    if (c == '\\' || c == (unsigned char)quote)
        (void)fprintf(out, "\\%c", (char)c);
    else if (c == '\n' || c == '\r' || c == '\t')
        (void)fprintf(out, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
    else if (c < ' ' || c == 0x7f)
        (void)fprintf(out, "\\x%02x", (unsigned)c);
    else if (c < 0x80 || classify(c, &lower) == WORD)
        encode(out, c);
    else
        return false;
    return true;
}

/* The stream's text in the host's memory; NULL when ${is_known} is false. */
static const char *finish(struct ddb_call *call, FILE *out, char **text, bool is_known)
{
    const char *result = NULL;

    if (fclose(out) != 0)
        abort(); /* no memory, as the rest of the program does */
    if (is_known)
        result = alembic_host->format(call, "%s", *text);
    free(*text);
    return result;
}

static FILE *begin(char **text, size_t *n)
{
    FILE *out = open_memstream(text, n);

    if (out == NULL)
        abort(); /* no memory, as the rest of the program does */
    return out;
}

const char *pytext_repr(struct ddb_call *call, const char *text)
{
    char quote = strchr(text, '\'') != NULL && strchr(text, '"') == NULL ? '"' : '\'';
    bool is_known = true;
    char *literal = NULL;
    size_t size, n;
    FILE *out = begin(&literal, &size);
    uint32_t c;

    (void)fputc(quote, out);
    for (; is_known && *text != '\0'; text += n) {
        n = decode(text, &c);
        is_known = n > 0 && quote_one(out, c, quote);
    }
    (void)fputc(quote, out);
    return finish(call, out, &literal, is_known);
}

const char *pytext_repr_list(struct ddb_call *call, const char *const *list, const char *brackets,
                             bool always)
{
    const char *text = "";
    size_t n = 0;

    if (list[0] == NULL)
        return "None";
    if (list[1] == NULL && !always)
        return pytext_repr(call, list[0]);
    for (; list[n] != NULL; n++) {
        const char *item = pytext_repr(call, list[n]);

        if (item == NULL)
            return NULL;
        text = alembic_host->format(call, "%s%s%s", text, n > 0 ? ", " : "", item);
    }
    return alembic_host->format(call, "%c%s%s%c", brackets[0], text,
                                n == 1 && brackets[0] == '(' ? "," : "", brackets[1]);
}

/* --- slugs ------------------------------------------------------------------------------------*/

/* Cut behind the last "_" of the first ${max} characters; without one, behind those. */
static const char *shortened(struct ddb_call *call, const char *slug, size_t max)
{
    const char *end = slug, *last = NULL;
    uint32_t c;

    for (size_t i = 0; i < max; i++) {
        if (*end == '\0')
            return slug;
        last = *end == '_' ? end : last;
        end += decode(end, &c);
    }
    if (*end == '\0')
        return slug;
    return alembic_host->format(call, "%.*s_", (int)((last != NULL ? last : end) - slug), slug);
}

const char *pytext_slug(struct ddb_call *call, const char *message, size_t max)
{
    bool in_word = false, has_words = false, is_known = true;
    char *text = NULL;
    const char *slug;
    size_t size, n;
    FILE *out = begin(&text, &size);
    uint32_t c, lower;

    for (; is_known && *message != '\0'; message += n) {
        enum kind kind = (n = decode(message, &c)) == 0 ? UNKNOWN : classify(c, &lower);

        is_known = kind != UNKNOWN;
        if (kind == WORD) {
            if (has_words && !in_word)
                (void)fputc('_', out);
            encode(out, lower);
            has_words = true;
        }
        in_word = kind == WORD;
    }
    slug = finish(call, out, &text, is_known);
    return slug == NULL ? NULL : shortened(call, slug, max);
}

/* pytext - see pytext.h. */
#include "pytext.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- characters -------------------------------------------------------------------------------*/

/* Letters beyond ASCII that Python prints as they are. */
static const struct {
    uint32_t first, last;
} letters[] = {
    {0xaa, 0xaa},     {0xb2, 0xb3},     {0xb5, 0xb5},     {0xb9, 0xba},     {0xbc, 0xbe},
    {0xc0, 0xd6},     {0xd8, 0xf6},     {0xf8, 0x12f},    {0x131, 0x17f},   {0x386, 0x386},
    {0x388, 0x38a},   {0x38c, 0x38c},   {0x38e, 0x3a1},   {0x3a4, 0x3ce},   {0x400, 0x45f},
    {0x5d0, 0x5ea},   {0x621, 0x64a},   {0x3041, 0x3096}, {0x30a1, 0x30fa}, {0x3400, 0x4dbf},
    {0x4e00, 0x9ffc}, {0xac00, 0xd7a3},
};

static bool is_letter(uint32_t c)
{
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (c >= letters[i].first && c <= letters[i].last)
            return true;
    return false;
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

/* One character of a literal in ${quote}, ${n} bytes; false: only Python knows. */
static bool quote_one(FILE *out, uint32_t c, const char *bytes, size_t n, char quote)
{
    if (c == '\\' || c == (unsigned char)quote)
        (void)fprintf(out, "\\%c", (char)c);
    else if (c == '\n' || c == '\r' || c == '\t')
        (void)fprintf(out, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
    else if (c < ' ' || c == 0x7f)
        (void)fprintf(out, "\\x%02x", (unsigned)c);
    else if (c < 0x80 || is_letter(c))
        (void)fwrite(bytes, 1, n, out);
    else
        return false;
    return true;
}

const char *pytext_repr(struct ddb_call *call, const char *text)
{
    char quote = strchr(text, '\'') != NULL && strchr(text, '"') == NULL ? '"' : '\'';
    bool is_known = true;
    char *literal = NULL;
    const char *result = NULL;
    size_t size, n;
    FILE *out = open_memstream(&literal, &size);
    uint32_t c;

    if (out == NULL)
        abort(); /* no memory, as the rest of the program does */
    (void)fputc(quote, out);
    for (; is_known && *text != '\0'; text += n) {
        n = decode(text, &c);
        is_known = n > 0 && quote_one(out, c, text, n, quote);
    }
    (void)fputc(quote, out);
    if (fclose(out) != 0)
        abort();
    if (is_known)
        result = alembic_host->format(call, "%s", literal);
    free(literal);
    return result;
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

/* bundle_name - see bundle_name.h. */
#include "bundle/bundle_name.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"

enum { KEY_BYTES = 32 };

json_t *bundle_name_text(const char *text)
{
    json_t *json = json_string(text);

    if (json == NULL) {
        struct buf auto_buf escaped = {0};

        for (; *text != '\0'; text++) {
            if ((unsigned char)*text < 0x80)
                buf_addc(&escaped, *text);
            else
                buf_addf(&escaped, "\\x%02x", (unsigned char)*text);
        }
        json = json_string(buf_text(&escaped));
    }
    return json;
}

void bundle_name_put(json_t *object, const char *key, const char *name)
{
    json_t *json = json_string(name);
    auto_buf struct buf hex = {0};
    char hex_key[KEY_BYTES];

    if (json != NULL) {
        json_object_set_new(object, key, json);
        return;
    }
    for (const char *at = name; *at != '\0'; at++)
        buf_addf(&hex, "%02x", (unsigned char)*at);
    snprintf(hex_key, sizeof hex_key, "%s_hex", key);
    json_object_set_new(object, key, bundle_name_text(name));
    json_object_set_new(object, hex_key, json_string(buf_text(&hex)));
}

const char *bundle_name_get(const json_t *object, const char *key, struct arena *arena)
{
    const char *text = json_string_value(json_object_get(object, key));
    char hex_key[KEY_BYTES], *name;
    const json_t *json;
    const char *hex;
    unsigned byte;
    size_t n;

    snprintf(hex_key, sizeof hex_key, "%s_hex", key);
    json = json_object_get(object, hex_key);
    if (json == NULL)
        return text != NULL ? arena_strdup(arena, text) : NULL;
    hex = json_string_value(json);
    n = hex != NULL ? strlen(hex) : 0;
    if (n == 0 || n % 2 != 0 || strspn(hex, "0123456789abcdef") != n)
        return NULL;
    name = arena_alloc(arena, n / 2 + 1);
    for (size_t i = 0; i < n / 2; i++) {
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1 || byte == 0)
            return NULL;
        name[i] = (char)byte;
    }
    name[n / 2] = '\0';
    return name;
}

/* --- what a table is to COPY --------------------------------------------------------------------------- */

/* Behind one identifier as quote_ident() writes it: bare, or in quotes that are doubled inside. NULL: there
 * is none. */
static const char *skip_identifier(const char *at)
{
    static const char bare[] = "abcdefghijklmnopqrstuvwxyz_0123456789";
    const size_t n = strspn(at, bare);

    if (*at != '"')
        return n == 0 || (*at >= '0' && *at <= '9') ? NULL : at + n;
    for (at++; *at != '\0'; at++) {
        if (*at != '"')
            continue;
        if (at[1] != '"')
            return at + 1;
        at++;
    }
    return NULL;
}

const char *bundle_copy_columns(const char *copy)
{
    const char *at = skip_identifier(copy), *columns;

    if (at == NULL || *at != '.' || (at = skip_identifier(at + 1)) == NULL || *at != ' ' || at[1] != '(')
        return NULL;
    for (columns = ++at;; at++) { /* at the parenthesis, at a comma's space */
        at = skip_identifier(at + 1);
        if (at == NULL || *at != ',')
            return at != NULL && strcmp(at, ")") == 0 ? columns : NULL;
        if (at[1] != ' ')
            return NULL;
    }
}

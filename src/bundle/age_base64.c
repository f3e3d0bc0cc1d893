/* age_base64 - see age_base64.h. */
#include "bundle/age_base64.h"

#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void age_base64_encode(const void *data, size_t n, struct buf *out)
{
    const unsigned char *bytes = data;
    unsigned bits = 0, have = 0;

    for (size_t i = 0; i < n; i++) {
        bits = (bits << 8 | bytes[i]) & 0x3fff;
        for (have += 8; have >= 6; have -= 6)
            buf_addc(out, letters[bits >> (have - 6) & 63]);
    }
    if (have > 0)
        buf_addc(out, letters[bits << (6 - have) & 63]);
}

int age_base64_decode(const char *text, size_t n, unsigned char *data, size_t *made)
{
    unsigned bits = 0, have = 0;

    *made = 0;
    if (n % 4 == 1)
        return -1;
    for (size_t i = 0; i < n; i++) {
        const char *letter = text[i] == '\0' ? NULL : strchr(letters, text[i]);

        if (letter == NULL)
            return -1;
        bits = (bits << 6 | (unsigned)(letter - letters)) & 0x3fff;
        have += 6;
        if (have >= 8) {
            have -= 8;
            data[(*made)++] = (unsigned char)(bits >> have);
        }
    }
    return (bits & ((1u << have) - 1)) == 0 ? 0 : -1;
}

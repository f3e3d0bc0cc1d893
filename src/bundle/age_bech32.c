/* age_bech32 - see age_bech32.h. */
#include "bundle/age_bech32.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "bundle/age_crypto.h"

/* 32 bytes are 51 groups of five bits and one bit more, then the sum. */
enum { GROUPS = 52, SUM = 6, BYTES = 32 };

static const char letters[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/* One more group of five bits for the checksum, a BCH code. */
static uint32_t add(uint32_t sum, unsigned group)
{
    static const uint32_t generator[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                          0x2a1462b3};
    uint32_t top = sum >> 25;

    sum = (sum & 0x1ffffff) << 5 ^ group;
    for (int i = 0; i < 5; i++)
        if (top >> i & 1)
            sum ^= generator[i];
    return sum;
}

static uint32_t add_prefix(const char *prefix)
{
    uint32_t sum = 1;

    for (const char *c = prefix; *c != '\0'; c++)
        sum = add(sum, (unsigned)tolower((unsigned char)*c) >> 5);
    sum = add(sum, 0);
    for (const char *c = prefix; *c != '\0'; c++)
        sum = add(sum, (unsigned)tolower((unsigned char)*c) & 31);
    return sum;
}

/* The five bits that ${c} stands for; -1 when it stands for none. */
static int group_of(char c, bool upper)
{
    const char *found;

    if (c == '\0' || (upper ? islower((unsigned char)c) : isupper((unsigned char)c)))
        return -1;
    found = strchr(letters, tolower((unsigned char)c));
    return found == NULL ? -1 : (int)(found - letters);
}

int age_bech32_decode(const char *text, const char *prefix, unsigned char bytes[32])
{
    const size_t n = strlen(prefix);
    const bool upper = isupper((unsigned char)prefix[0]);
    uint32_t sum = add_prefix(prefix);
    unsigned char groups[GROUPS + SUM];
    unsigned bits = 0, have = 0;
    int rc = 0;

    if (strncmp(text, prefix, n) != 0 || text[n] != '1' || strlen(text + n + 1) != GROUPS + SUM)
        return -1;
    for (size_t i = 0; i < GROUPS + SUM; i++) {
        int group = group_of(text[n + 1 + i], upper);

        if (group < 0)
            rc = -1;
        groups[i] = (unsigned char)(group & 31);
        sum = add(sum, groups[i]);
    }
    for (size_t i = 0, made = 0; i < GROUPS; i++) {
        bits = (bits << 5 | groups[i]) & 0xfff;
        have += 5;
        if (have >= 8 && made < BYTES) {
            have -= 8;
            bytes[made++] = (unsigned char)(bits >> have);
        }
    }
    if (sum != 1 || (groups[GROUPS - 1] & 15) != 0) /* the last four bits are none of the key */
        rc = -1;
    age_crypto_wipe(groups, sizeof groups);
    return rc;
}

void age_bech32_encode(const unsigned char bytes[32], const char *prefix, struct buf *out)
{
    uint32_t sum = add_prefix(prefix);
    unsigned bits = 0, have = 0;

    buf_addf(out, "%s1", prefix);
    for (size_t i = 0; i <= BYTES; i++) {
        bits = (bits << 8 | (i < BYTES ? bytes[i] : 0)) & 0xfff;
        have += 8;
        while (have >= 5 && (i < BYTES || have > 7)) {
            unsigned group = bits >> (have - 5) & 31;

            have -= 5;
            sum = add(sum, group);
            buf_addc(out, letters[group]);
        }
    }
    for (int i = 0; i < SUM; i++)
        sum = add(sum, 0);
    sum ^= 1;
    for (int i = 0; i < SUM; i++)
        buf_addc(out, letters[sum >> 5 * (5 - i) & 31]);
}

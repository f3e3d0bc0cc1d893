/*
 * age_bech32 - keys as text: Bech32 (BIP 173), as age writes recipients and identities. Pure.
 */
#ifndef BUNDLE_AGE_BECH32_H
#define BUNDLE_AGE_BECH32_H

#include "base/buf.h"
#include "base/err.h"

/* age_bech32_decode(text, prefix, bytes): the 32 bytes behind "${prefix}1", which must be written as
 * ${prefix} is, all in lower or all in upper case. -1: another prefix or length, a letter that does not
 * belong, a sum that differs. ${text} may be secret: nothing of it is kept. */
int age_bech32_decode(const char *text, const char *prefix, unsigned char bytes[32]) CHECK;

/* age_bech32_encode(bytes, prefix, out): add the text; ${prefix} in lower case. */
void age_bech32_encode(const unsigned char bytes[32], const char *prefix, struct buf *out);

#endif

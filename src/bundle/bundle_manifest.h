/*
 * bundle_manifest - what a bundle says about itself: MANIFEST.json and SHA256SUMS. Inside the floor
 * only. Changes: nothing.
 */
#ifndef BUNDLE_BUNDLE_MANIFEST_H
#define BUNDLE_BUNDLE_MANIFEST_H

#include "bundle/bundle.h"

#define BUNDLE_MANIFEST "MANIFEST.json"
#define BUNDLE_SUMS     "SHA256SUMS"
#define BUNDLE_META     "meta.json"
#define BUNDLE_COPIES   "copy.list"

enum {
    BUNDLE_PART_BYTES = 16 * 1024 * 1024, /* compressed bytes in one part of a data member */
    BUNDLE_PARTS_MAX = 1000000,           /* six digits */
    BUNDLE_MEMBERS_MAX = 2000000,
    BUNDLE_INDEX_MAX = 256 * 1024 * 1024, /* MANIFEST.json, SHA256SUMS */
    BUNDLE_SMALL_MAX = 64 * 1024 * 1024,  /* what bundle_put stores */
    BUNDLE_NAME_MAX = 99,                 /* a plain ustar name */
};

/* Whether ${name} may be a member: letters, digits and "._-", folders with "/", no part of it
 * starting with "." or "-". Safe as a file name for tar and in SHA256SUMS. */
bool bundle_manifest_name(const char *name);

/* bundle_manifest_base(name, base, part): the data member that a stored name belongs to:
 * "main.dump.zst.000003" is part 3 of "main.dump"; "globals.sql.zst" is "globals.sql", part -1.
 * false: the member is stored as it is. */
bool bundle_manifest_base(const char *name, char base[BUNDLE_NAME_MAX + 1], int *part);

/* copy.list: the tables whose rows are in chunks, appended to ${out}. */
void bundle_manifest_copies(const struct bundle_table *tables, size_t n, struct buf *out);

/* MANIFEST.json for these members and tables; heap text, the caller frees it. */
char *bundle_manifest_format(const struct bundle_member *members, size_t n_members,
                             const struct bundle_table *tables, size_t n_tables,
                             int64_t raw_bytes);

/* SHA256SUMS: one line a member, appended to ${out}. */
void bundle_manifest_sums(const struct bundle_member *members, size_t n, struct buf *out);

/* bundle_manifest_parse(text, n, arena, bundle, err): fill members and tables of ${bundle} from
 * MANIFEST.json. Names, numbers and hashes have the right form afterwards, no name stands twice,
 * parts and chunks are numbered without a gap, every chunk has its table; sizes and offsets are not yet compared with the file. */
int bundle_manifest_parse(const char *text, size_t n, struct arena *arena, struct bundle *bundle,
                          struct err *err) CHECK;

#endif

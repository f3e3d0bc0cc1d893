/* bundle_walk - see bundle_walk.h. */
#include "bundle/bundle_walk.h"

#include <string.h>

#include "bundle/bundle_manifest.h"

/* The header of a member, as POSIX has it for ustar. */
struct ustar {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
    char linkname[100], magic[6], version[2], uname[32], gname[32], devmajor[8], devminor[8];
    char prefix[155], padding[12];
};

enum { BLOCK = 512, END_BLOCKS = 2 };
_Static_assert(sizeof(struct ustar) == BLOCK, "a tar header is one block");

int bundle_walk_read(const struct bundle_in *in, int64_t offset, void *data, size_t n,
                     const char *name, struct err *err)
{
    size_t done = 0;

    while (done < n) {
        ssize_t got =
            in->read(in->arg, offset + (int64_t)done, (char *)data + done, n - done, err);

        if (got < 0)
            return err_wrap(err, "could not read member \"%s\" of the snapshot", name);
        if (got == 0)
            return err_set(err, ERR_PREPARE, "the snapshot is cut off in member \"%s\"", name);
        done += (size_t)got;
    }
    return 0;
}

static int damaged(const char *name, const char *what, struct err *err)
{
    return err_set(err, ERR_PREPARE, "the snapshot is damaged %s member \"%s\"", what, name);
}

/* An octal number: digits, then only NUL and spaces. */
static bool octal(const char *field, size_t n, int64_t *value)
{
    size_t i = 0;

    *value = 0;
    for (; i < n && field[i] >= '0' && field[i] <= '7'; i++)
        *value = *value * 8 + (field[i] - '0');
    if (i == 0)
        return false;
    for (; i < n; i++)
        if (field[i] != '\0' && field[i] != ' ')
            return false;
    return true;
}

/* Digits, NUL, space: in this form no changed bit of a header escapes the sum. */
static bool checksum_holds(const struct ustar *header)
{
    const unsigned char *bytes = (const unsigned char *)header;
    const size_t at = offsetof(struct ustar, checksum);
    int64_t expected, sum = 0;

    for (size_t i = 0; i < BLOCK; i++)
        sum += i >= at && i < at + sizeof header->checksum ? ' ' : bytes[i];
    return header->checksum[6] == '\0' && header->checksum[7] == ' ' &&
           octal(header->checksum, 6, &expected) && expected == sum;
}

static int parse_header(const struct ustar *header, const char *previous, struct arena *arena,
                        struct bundle_member *member, struct err *err)
{
    if (!checksum_holds(header) || memcmp(header->magic, "ustar", 6) != 0 || header->type != '0' ||
        header->name[0] == '\0' || header->name[sizeof header->name - 1] != '\0' ||
        header->prefix[0] != '\0' || !octal(header->size, sizeof header->size, &member->size_bytes))
        return damaged(previous, "behind", err);
    member->name = arena_strdup(arena, header->name);
    return 0;
}

static bool is_zero(const unsigned char *data, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (data[i] != 0)
            return false;
    return true;
}

/* The padding of the previous member and the header that follows, in one read; ${at} moves from the
 * end of that member to the content of the next one. ${end}: the tar ends here. */
static int next_header(const struct bundle_in *in, int64_t *at, struct ustar *header, bool *end,
                       const char *previous, struct err *err)
{
    unsigned char data[2 * BLOCK];
    size_t padding = (size_t)(-*at & (BLOCK - 1));

    if (in->size_bytes - *at < (int64_t)padding + BLOCK)
        return err_set(err, ERR_PREPARE, "the snapshot is cut off behind member \"%s\"", previous);
    if (bundle_walk_read(in, *at, data, padding + BLOCK, previous, err) < 0)
        return -1;
    if (!is_zero(data, padding))
        return damaged(previous, "behind", err);
    *at += (int64_t)padding + BLOCK;
    *end = is_zero(data + padding, BLOCK);
    memcpy(header, data + padding, BLOCK);
    return 0;
}

/* The tar's end is two zero blocks, and the file's end. */
static int check_end(const struct bundle_in *in, int64_t at, const char *last, struct err *err)
{
    unsigned char data[BLOCK * (END_BLOCKS - 1)];

    if (in->size_bytes < at + (int64_t)sizeof data)
        return err_set(err, ERR_PREPARE, "the snapshot is cut off behind member \"%s\"", last);
    if (in->size_bytes > at + (int64_t)sizeof data)
        return err_set(err, ERR_PREPARE, "the snapshot has %lld bytes too many behind member \"%s\"",
                       (long long)(in->size_bytes - at - (int64_t)sizeof data), last);
    if (bundle_walk_read(in, at, data, sizeof data, last, err) < 0)
        return -1;
    return is_zero(data, sizeof data) ? 0 : damaged(last, "behind", err);
}

/* The members gathered so far, on the heap while their number is unknown. */
struct found {
    struct bundle_member *items;
    size_t n, cap;
};

static int walk(const struct bundle_in *in, struct arena *arena, struct found *found,
                struct err *err)
{
    const char *previous = "(start)";
    struct ustar header;
    int64_t at = 0;
    bool end;

    for (;;) {
        struct bundle_member member = {0};

        if (next_header(in, &at, &header, &end, previous, err) < 0)
            return -1;
        if (end)
            return check_end(in, at, previous, err);
        if (parse_header(&header, previous, arena, &member, err) < 0)
            return -1;
        if (!bundle_manifest_name(member.name))
            return damaged(previous, "behind", err);
        if (member.size_bytes > in->size_bytes - at)
            return err_set(err, ERR_PREPARE, "the snapshot is cut off in member \"%s\"",
                           member.name);
        if (found->n == BUNDLE_MEMBERS_MAX)
            return err_set(err, ERR_PREPARE, "the snapshot has too many members");
        if (found->n == found->cap) {
            found->cap = found->cap ? found->cap * 2 : 64;
            found->items = mem_realloc(found->items, found->cap * sizeof *found->items);
        }
        member.offset = at;
        found->items[found->n++] = member;
        previous = member.name;
        at += member.size_bytes;
    }
}

int bundle_walk(const struct bundle_in *in, struct arena *arena, struct bundle_member **members,
                size_t *n, struct err *err)
{
    struct found found = {0};
    int rc = walk(in, arena, &found, err);

    if (rc == 0) {
        *members = arena_alloc(arena, found.n * sizeof **members);
        if (found.n > 0)
            memcpy(*members, found.items, found.n * sizeof **members);
        *n = found.n;
    }
    mem_free(found.items);
    return rc;
}

/* bundle_open - level `fast`: the file's index is whole and agrees with the file. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "bundle/bundle.h"
#include "bundle/bundle_manifest.h"
#include "bundle/bundle_walk.h"
#include "bundle/digest.h"

/* The members that are not data, and where they stand. */
enum { FRONT = 2, BACK = 2, MEMBERS_MIN = FRONT + 1 + BACK };

static int check_frame(const struct bundle_member *members, size_t n, struct err *err)
{
    static const char *const front[FRONT] = {"RESTORE.md", "restore.sh"};
    static const char *const back[BACK] = {BUNDLE_MANIFEST, BUNDLE_SUMS};
    const char *missing = NULL;

    for (size_t i = 0; i < FRONT && missing == NULL; i++)
        if (i >= n || strcmp(members[i].name, front[i]) != 0)
            missing = front[i];
    for (size_t i = 0; i < BACK && missing == NULL; i++)
        if (n < MEMBERS_MIN || strcmp(members[n - BACK + i].name, back[i]) != 0)
            missing = back[i];
    if (missing == NULL)
        return 0;
    return err_set(err, ERR_PREPARE, "the file is no whole snapshot: member \"%s\" is not in its place",
                   missing);
}

/* A small member's text, with a hash of it in the member. */
static int load(const struct bundle_in *in, struct bundle_member *member, int64_t max,
                struct buf *out, struct err *err)
{
    if (member->size_bytes > max)
        return err_set(err, ERR_PREPARE, "member \"%s\" of the snapshot has an absurd size",
                       member->name);
    buf_reserve(out, (size_t)member->size_bytes);
    if (bundle_walk_read(in, member->offset, out->data, (size_t)member->size_bytes, member->name,
                         err) < 0)
        return -1;
    out->len = (size_t)member->size_bytes;
    out->data[out->len] = '\0';
    digest_of(out->data, out->len, member->sha256);
    return 0;
}

/* The last line of SHA256SUMS holds the manifest's hash. */
static int check_manifest_sum(const struct bundle_member *manifest, const struct buf *sums,
                              struct err *err)
{
    struct buf auto_buf line = {0};

    bundle_manifest_sums(manifest, 1, &line);
    if (sums->len < line.len || memcmp(sums->data + sums->len - line.len, line.data, line.len) != 0)
        return err_set(err, ERR_PREPARE,
                       "member \"%s\" of the snapshot is damaged, or \"%s\" is: its hash differs",
                       BUNDLE_MANIFEST, BUNDLE_SUMS);
    return 0;
}

/* Members of the file against members of the manifest, one by one, in order. */
static int compare(const struct bundle_member *found, size_t n_found, const struct bundle *listed,
                   struct err *err)
{
    size_t n = n_found < listed->n_members ? n_found : listed->n_members;

    for (size_t i = 0; i < n; i++) {
        const struct bundle_member *want = &listed->members[i];

        if (strcmp(found[i].name, want->name) != 0)
            return err_set(err, ERR_PREPARE,
                           "the snapshot has member \"%s\" where its manifest has \"%s\"",
                           found[i].name, want->name);
        if (found[i].size_bytes != want->size_bytes || found[i].offset != want->offset)
            return err_set(err, ERR_PREPARE,
                           "member \"%s\" of the snapshot has another size or place than its "
                           "manifest says",
                           want->name);
    }
    if (n_found != listed->n_members)
        return err_set(err, ERR_PREPARE, "member \"%s\" is only in the %s",
                       n < n_found ? found[n].name : listed->members[n].name,
                       n < n_found ? "snapshot, not in its manifest"
                                   : "snapshot's manifest, not in the file");
    return 0;
}

/* The manifest lists all members but itself and SHA256SUMS; these two are added to the list. */
static int read_index(const struct bundle_in *in, struct arena *arena, struct bundle_member *found,
                      size_t n, struct bundle *bundle, struct err *err)
{
    struct bundle_member *manifest = &found[n - 2], *sums = &found[n - 1], *members;
    struct buf auto_buf text = {0}, sums_text = {0}, expected = {0};

    if (load(in, sums, BUNDLE_INDEX_MAX, &sums_text, err) < 0 ||
        load(in, manifest, BUNDLE_INDEX_MAX, &text, err) < 0 ||
        check_manifest_sum(manifest, &sums_text, err) < 0 ||
        bundle_manifest_parse(buf_text(&text), text.len, arena, bundle, err) < 0 ||
        compare(found, n - BACK, bundle, err) < 0)
        return -1;
    members = arena_alloc(arena, n * sizeof *members);
    memcpy(members, bundle->members, (n - BACK) * sizeof *members);
    members[n - 2] = *manifest;
    members[n - 1] = *sums;
    bundle->members = members;
    bundle->n_members = n;
    bundle_manifest_sums(members, n - 1, &expected);
    if (sums_text.len != expected.len || memcmp(sums_text.data, expected.data, expected.len) != 0)
        return err_set(err, ERR_PREPARE,
                       "member \"%s\" of the snapshot does not agree with \"%s\"", BUNDLE_SUMS,
                       BUNDLE_MANIFEST);
    return 0;
}

static int read_meta(const struct bundle_in *in, struct arena *arena, struct bundle *bundle,
                     struct err *err)
{
    struct buf auto_buf text = {0};
    json_t *json;
    bool is_object;

    for (size_t i = 0; i < bundle->n_members; i++) {
        struct bundle_member meta = bundle->members[i];

        if (strcmp(meta.name, BUNDLE_META) != 0)
            continue;
        if (load(in, &meta, BUNDLE_SMALL_MAX, &text, err) < 0)
            return -1;
        json = json_loadb(buf_text(&text), text.len, JSON_REJECT_DUPLICATES, NULL);
        is_object = json_is_object(json);
        json_decref(json);
        if (strcmp(meta.sha256, bundle->members[i].sha256) != 0 || !is_object)
            return err_set(err, ERR_PREPARE,
                           "member \"%s\" of the snapshot is damaged: its hash differs",
                           BUNDLE_META);
        bundle->meta = arena_strdup(arena, buf_text(&text));
        return 0;
    }
    return err_set(err, ERR_PREPARE, "the snapshot has no member \"%s\"", BUNDLE_META);
}

int bundle_open(const struct bundle_in *in, struct arena *arena, struct bundle *bundle,
                struct err *err)
{
    struct bundle fresh = {.in = *in};
    struct bundle_member *found = NULL;
    size_t n = 0;

    if (bundle_walk(in, arena, &found, &n, err) < 0 || check_frame(found, n, err) < 0 ||
        read_index(in, arena, found, n, &fresh, err) < 0 ||
        read_meta(in, arena, &fresh, err) < 0)
        return -1;
    *bundle = fresh;
    return 0;
}

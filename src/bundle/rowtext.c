/* rowtext - see rowtext.h. */
#include "bundle/rowtext.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/mem.h"

struct rowtext {
    struct rowhash rows;
    XXH3_state_t *state; /* of a row that came in several pieces */
    size_t started;      /* bytes of it so far */
    char first[2];       /* its first two */
    bool marked, behind; /* "\." has come; something behind it */
};

struct rowtext *rowtext_new(void)
{
    struct rowtext *text = mem_alloc(sizeof *text);

    text->state = XXH3_createState();
    if (text->state == NULL) {
        fprintf(stderr, "deploy-db: out of memory\n");
        abort();
    }
    return text;
}

void rowtext_free(struct rowtext *text)
{
    if (text == NULL)
        return;
    XXH3_freeState(text->state);
    mem_free(text);
}

void rowtext_begin(struct rowtext *text)
{
    text->rows = (struct rowhash){0};
    text->started = 0;
    text->marked = text->behind = false;
}

static bool is_mark(const char *first, size_t n)
{
    return n == 2 && first[0] == '\\' && first[1] == '.';
}

/* A whole row in one piece. */
static void take_row(struct rowtext *text, const char *row, size_t n)
{
    if (text->marked)
        text->behind = text->behind || n > 0;
    else if (is_mark(row, n))
        text->marked = true;
    else
        rowhash_line(&text->rows, row, n);
}

/* More of a row that is in several pieces. */
static void add_part(struct rowtext *text, const char *part, size_t n)
{
    if (text->started == 0)
        XXH3_128bits_reset(text->state);
    for (size_t i = 0; i < n && text->started + i < sizeof text->first; i++)
        text->first[text->started + i] = part[i];
    XXH3_128bits_update(text->state, part, n);
    text->started += n;
}

static void add_digest(struct rowhash *rows, const XXH3_state_t *state)
{
    const XXH128_hash_t one = XXH3_128bits_digest(state);

    rowhash_merge(rows, &(struct rowhash){.rows = 1, .low = one.low64, .high = one.high64});
}

static void end_parts(struct rowtext *text)
{
    const size_t n = text->started;

    text->started = 0;
    if (text->marked)
        text->behind = true;
    else if (is_mark(text->first, n))
        text->marked = true;
    else
        add_digest(&text->rows, text->state);
}

void rowtext_add(struct rowtext *text, const void *data, size_t n)
{
    const char *at = data, *end = n > 0 ? at + n : at, *newline;

    while (at < end && (newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        if (text->started > 0) {
            add_part(text, at, (size_t)(newline - at));
            end_parts(text);
        } else {
            take_row(text, at, (size_t)(newline - at));
        }
        at = newline + 1;
    }
    if (at < end)
        add_part(text, at, (size_t)(end - at));
}

const struct rowhash *rowtext_rows(const struct rowtext *text)
{
    return &text->rows;
}

bool rowtext_whole(const struct rowtext *text)
{
    return text->started == 0 && !text->behind;
}

bool rowtext_marked(const struct rowtext *text)
{
    return text->marked;
}

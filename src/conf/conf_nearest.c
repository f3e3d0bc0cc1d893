/* conf_nearest - the word somebody probably meant: the smallest edit distance (Levenshtein). */
#include "conf/conf_parts.h"

#include <string.h>

enum { LONGEST = 63 };

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

static size_t distance(const char *from, size_t n, const char *to, size_t m)
{
    size_t row[LONGEST + 1];

    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t above = row[j];

            row[j] = least(above + 1, row[j - 1] + 1, diagonal + (from[i - 1] != to[j - 1]));
            diagonal = above;
        }
    }
    return row[m];
}

void conf_nearest_try(struct conf_nearest *nearest, const char *candidate)
{
    size_t n = strlen(nearest->word), m = strlen(candidate);
    size_t d;

    if (n > LONGEST || m > LONGEST)
        return;
    d = distance(nearest->word, n, candidate, m);
    if (nearest->best == NULL || d < nearest->distance) {
        nearest->best = candidate;
        nearest->distance = d;
    }
}

const char *conf_nearest_best(const struct conf_nearest *nearest)
{
    size_t n = strlen(nearest->word);

    /* One letter in three may differ, and one in any case, but never the whole word. */
    if (nearest->best == NULL || nearest->distance > 1 + n / 3 || nearest->distance >= n)
        return NULL;
    return nearest->best;
}

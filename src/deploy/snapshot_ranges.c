/* snapshot_ranges - see snapshot_ranges.h. */
#include "deploy/snapshot_ranges.h"

#include <stdlib.h>

/* Ranges are smaller than a worker's share of a table, so that none is left alone with a long one; but
 * not so small that chunks are. */
enum { RANGES_PER_JOB = 8, RANGES_MAX = 4096 };
#define RANGE_BYTES_MIN ((int64_t)8 << 20)
#define RANGE_BYTES_MAX ((int64_t)128 << 20)

struct sized {
    size_t table;
    int64_t bytes;
};

static int largest_first(const void *a, const void *b)
{
    const struct sized *left = a, *right = b;

    if (left->bytes != right->bytes)
        return left->bytes > right->bytes ? -1 : 1;
    return left->table < right->table ? -1 : left->table > right->table;
}

/* How many pages of ${table} one range has. Its size counts with the values that are stored outside of
 * its pages; no table has more than some thousand ranges. */
static int64_t range_pages(const struct copy_plan *plan, const struct copy_table *table, int jobs)
{
    int64_t bytes = table->bytes / (jobs * RANGES_PER_JOB), ranges;

    if (!table->own || !plan->by_pages)
        return table->pages;
    bytes = bytes < RANGE_BYTES_MIN ? RANGE_BYTES_MIN : bytes;
    bytes = bytes > RANGE_BYTES_MAX ? RANGE_BYTES_MAX : bytes;
    bytes = bytes < table->bytes / RANGES_MAX ? table->bytes / RANGES_MAX : bytes;
    ranges = (table->bytes + bytes - 1) / bytes;
    return ranges <= 1 ? table->pages : (table->pages + ranges - 1) / ranges;
}

struct list {
    struct snapshot_range *items;
    size_t n, cap;
};

static void add_ranges(struct list *list, const struct copy_plan *plan, size_t table, int jobs)
{
    const struct copy_table *about = &plan->tables[table];
    const int64_t pages = range_pages(plan, about, jobs);

    for (int64_t from = 0; from == 0 || from < about->pages; from += pages) {
        if (list->n == list->cap) {
            list->cap = list->cap > 0 ? list->cap * 2 : 64;
            list->items = mem_realloc(list->items, list->cap * sizeof *list->items);
        }
        list->items[list->n++] = (struct snapshot_range){
            .table = table, .from = from, .to = from + pages < about->pages ? from + pages : 0};
        if (pages == 0)
            break;
    }
}

/* The last range of a table has no end: the snapshot sees no row of the pages that came since, but
 * nothing has to be assumed of that. */
struct snapshot_range *snapshot_ranges(const struct copy_plan *plan, const bool *skip, int jobs,
                                       size_t *n)
{
    struct sized *order = mem_alloc((plan->n + 1) * sizeof *order);
    struct list list = {0};

    for (size_t i = 0; i < plan->n; i++)
        order[i] = (struct sized){.table = i, .bytes = plan->tables[i].bytes};
    qsort(order, plan->n, sizeof *order, largest_first);
    for (size_t i = 0; i < plan->n; i++)
        if (!plan->tables[order[i].table].moves && !skip[order[i].table])
            add_ranges(&list, plan, order[i].table, jobs);
    mem_free(order);
    *n = list.n;
    return list.items;
}

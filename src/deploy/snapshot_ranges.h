/*
 * snapshot_ranges - in which pieces the tables of a snapshot are read. Pure.
 */
#ifndef DEPLOY_SNAPSHOT_RANGES_H
#define DEPLOY_SNAPSHOT_RANGES_H

#include "pg/copy_plan.h"

/* Pages ${from} up to ${to} of a table; ${to} 0: to its end. Both 0: the whole table. */
struct snapshot_range {
    size_t table; /* in the plan */
    int64_t from, to;
};

/* snapshot_ranges(plan, jobs, n): ${n} ranges, those of the largest table first, so many that ${jobs}
 * workers end at about the same time. Tables that are our own are cut where the server can read
 * pages, the others are whole; those whose rows move, and those of ${skip} (one for each table), are left
 * out. Heap: the caller frees it. */
struct snapshot_range *snapshot_ranges(const struct copy_plan *plan, const bool *skip, int jobs,
                                       size_t *n);

#endif

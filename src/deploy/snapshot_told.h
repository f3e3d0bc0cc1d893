/*
 * snapshot_told - the rows that the snapshot plugin tells of while it writes them: their number and their
 * hash, so that no table has to be read twice. What is told is what the snapshot file holds.
 */
#ifndef DEPLOY_SNAPSHOT_TOLD_H
#define DEPLOY_SNAPSHOT_TOLD_H

#include "bundle/rowhash.h"
#include "pg/copy_plan.h"

struct snapshot_told;

/* snapshot_told_new(plan): nothing is told yet. ${plan} is borrowed. snapshot_told_free: NULL is fine. */
struct snapshot_told *snapshot_told_new(const struct copy_plan *plan);
void snapshot_told_free(struct snapshot_told *told);

/* The callbacks rows_begin, rows and rows_end of plugin.h. A table that the plan has not, or with other
 * columns, or whose text ends within a row, is passed over. */
void snapshot_told_begin(struct snapshot_told *told, const char *schema, const char *name,
                         const char *columns);
void snapshot_told_rows(struct snapshot_told *told, const char *text, size_t n);
void snapshot_told_end(struct snapshot_told *told);

/* snapshot_told_expected(told, table): whether the rows of the plan's table may be told of at all.
 * snapshot_told_of: all its rows, NULL: they were not told of. ${told} NULL: nothing ever is. */
bool snapshot_told_expected(const struct snapshot_told *told, size_t table);
const struct rowhash *snapshot_told_of(const struct snapshot_told *told, size_t table);

#endif

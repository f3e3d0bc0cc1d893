/* snapshot_told - see snapshot_told.h. */
#include "deploy/snapshot_told.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bundle/rowtext.h"

struct outcome {
    struct rowhash rows;
    bool begun, whole;
};

struct snapshot_told {
    const struct copy_plan *plan;
    struct outcome *outcomes; /* one for each table */
    struct outcome *current;  /* NULL: rows that are passed over */
    struct rowtext *text;
};

struct snapshot_told *snapshot_told_new(const struct copy_plan *plan)
{
    struct snapshot_told *told = mem_alloc(sizeof *told);

    told->plan = plan;
    told->outcomes = mem_alloc((plan->n + 1) * sizeof *told->outcomes);
    told->text = rowtext_new();
    return told;
}

void snapshot_told_free(struct snapshot_told *told)
{
    if (told == NULL)
        return;
    rowtext_free(told->text);
    mem_free(told->outcomes);
    mem_free(told);
}

static int by_name(const void *a, const void *b)
{
    const struct copy_table *left = a, *right = b;
    int order = strcmp(left->schema, right->schema);

    return order != 0 ? order : strcmp(left->name, right->name);
}

void snapshot_told_begin(struct snapshot_told *told, const char *schema, const char *name,
                         const char *columns)
{
    const struct copy_table key = {.schema = schema, .name = name};
    const struct copy_table *tables = told->plan->tables;
    const struct copy_table *table =
        told->plan->n == 0 ? NULL
                           : bsearch(&key, tables, told->plan->n, sizeof *tables, by_name);

    told->current = NULL;
    rowtext_begin(told->text);
    if (table != NULL && snapshot_told_expected(told, (size_t)(table - tables)) &&
        strcmp(table->columns, columns) == 0)
        told->current = &told->outcomes[table - tables];
}

void snapshot_told_rows(struct snapshot_told *told, const char *text, size_t n)
{
    if (told->current != NULL)
        rowtext_add(told->text, text, n);
}

void snapshot_told_end(struct snapshot_told *told)
{
    struct outcome *outcome = told->current;

    told->current = NULL;
    if (outcome == NULL)
        return;
    outcome->whole = !outcome->begun && rowtext_whole(told->text); /* one table in two places: neither */
    outcome->begun = true;
    outcome->rows = *rowtext_rows(told->text);
}

/* Large objects, which have no OID here, are no table's rows. */
bool snapshot_told_expected(const struct snapshot_told *told, size_t table)
{
    const struct copy_table *about = told == NULL ? NULL : &told->plan->tables[table];

    return about != NULL && !about->own && !about->moves && about->oid != 0;
}

const struct rowhash *snapshot_told_of(const struct snapshot_told *told, size_t table)
{
    return told != NULL && told->outcomes[table].whole ? &told->outcomes[table].rows : NULL;
}

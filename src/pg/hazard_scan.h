/*
 * hazard_scan - what the files of hazard share: the state of one scan and the rules by subject.
 * Internal to hazard*.c.
 */
#ifndef PG_HAZARD_SCAN_H
#define PG_HAZARD_SCAN_H

#include <jansson.h>

#include "pg/hazard.h"
#include "pg/hazard_made.h"

struct hazard_scan {
    struct arena *arena;
    const char *version_table;
    const char *statement; /* the first line of the current one */
    struct hazard *list;   /* heap; copied into the arena at the end */
    size_t n, cap;
    struct hazard_made made;
    bool is_back; /* the downgrade of what has been scanned before */
    bool path_changed;  /* SET search_path may end with the transaction */
    const char *commit; /* a COMMIT after which nothing came yet */
    bool commit_noted;
};

/* A table's name for a message, quoted; lives in the scan's arena. */
const char *hazard_shown(struct hazard_scan *scan, struct hazard_name name);

/* Record what is wrong with the current statement: it destroys, or it is worth a note. The same
 * reason is recorded once a statement. */
void hazard_destroys(struct hazard_scan *scan, const char *fmt, ...) PRINTF(2, 3);
void hazard_note(struct hazard_scan *scan, const char *fmt, ...) PRINTF(2, 3);

bool hazard_is_version_table(const struct hazard_scan *scan, struct hazard_name name);
bool hazard_is_made(const struct hazard_scan *scan, struct hazard_name name);

/* What a member of the tree says; "" and false when it is not there. */
const char *hazard_text(const json_t *node, const char *key);
bool hazard_flag(const json_t *node, const char *key);

/* hazard_rules: one statement, an object with one member whose key is its kind. */
void hazard_rules_judge(struct hazard_scan *scan, const json_t *stmt);

/* hazard_data: rows. hazard_data_walk judges every INSERT, UPDATE, DELETE, MERGE, SELECT INTO and
 * function call anywhere below ${node}; the others judge one statement. */
void hazard_data_walk(struct hazard_scan *scan, const json_t *node);
void hazard_data_truncate(struct hazard_scan *scan, const json_t *stmt);
void hazard_data_copy(struct hazard_scan *scan, const json_t *stmt);

/* The first function called below ${node} that is not known to only read; NULL when there is none.
 * hazard_data_calls_volatile: whether one below gives a new value for each row. */
const char *hazard_data_unknown_call(const struct hazard_scan *scan, const json_t *node);
bool hazard_data_calls_volatile(const json_t *node);

/* hazard_alter: one ALTER TABLE. */
void hazard_alter_table(struct hazard_scan *scan, const json_t *stmt);

#endif

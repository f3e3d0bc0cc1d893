/*
 * resolve - identifiers as a person types them. Rules: Alembic 1.19 script/revision.py.
 *
 *     [LABEL@]SYMBOL      SYMBOL is head, heads, base, an identifier or a branch label, or the
 *                         beginning of one that is unambiguous
 *     [LABEL@][SYMBOL]+N  N steps up or down from SYMBOL; without SYMBOL from what is stored
 *     [LABEL@][SYMBOL]-N
 *
 * LABEL may be any revision; it stands for the branch that has it: its ancestors and descendants by
 * down_revision. Refused although Alembic takes them: a walk that leaves the history below a base
 * other than by -N from the stored revision, -N when several revisions are stored, text after N.
 */
#ifndef REVISION_RESOLVE_H
#define REVISION_RESOLVE_H

#include "revision/graph.h"

/* resolve(graph, text, out, err): the revisions that ${text} names: "base" and "" give an empty
 * set, "heads" the effective heads, "head" the one head, LABEL@… restricted to the label's
 * lineage; SYMBOL+N and SYMBOL-N the one N steps from there; [LABEL@]-N the revisions N below each
 * effective head. +N alone counts from what is stored: resolve_target(). Errors (ERR_USAGE):
 * unknown; ambiguous, with the candidates in the detail; several heads; a walk that leaves the
 * history. */
int resolve(struct graph *graph, const char *text, struct revset *out, struct err *err) CHECK;

/* resolve_one: the same, but several are an error; NULL for base. */
int resolve_one(struct graph *graph, const char *text, struct revision **out,
                struct err *err) CHECK;

enum resolve_direction {
    RESOLVE_UPGRADE,
    RESOLVE_DOWNGRADE,
    RESOLVE_STAMP,     /* +N as an upgrade, -N as a downgrade */
    RESOLVE_RANGE_END, /* as an upgrade, but +N stops where the history ends */
};

/* What a command is to reach: order_upgrade() takes `revisions`, order_downgrade_branch() the one
 * in `revisions` (none: base) and `branch`. */
struct resolve_target {
    struct revset revisions;
    struct revision *branch; /* of a downgrade or stamp restricted to LABEL@, or NULL */
};

/* resolve_target(graph, text, rows, direction, out, err): the target of an upgrade, downgrade or
 * stamp from the version rows ${rows}, relative forms included. "" is refused. Errors:
 * ERR_USAGE. */
int resolve_target(struct graph *graph, const char *text, struct revset rows,
                   enum resolve_direction direction, struct resolve_target *out,
                   struct err *err) CHECK;

/* resolve_any(graph, text, rows, out, err): what `show` and the start of a range take:
 * everything that resolve() does, "current" for the version rows ${rows}, ID+N, ID-N, and +N
 * counted from the rows. Errors: ERR_USAGE. */
int resolve_any(struct graph *graph, const char *text, struct revset rows, struct revset *out,
                struct err *err) CHECK;

/* resolve_needs_rows(text), resolve_range_needs_rows(text): whether resolve_any, or
 * resolve_range, asks for what the database stands at. */
bool resolve_needs_rows(const char *text);
bool resolve_range_needs_rows(const char *text);

/* resolve_range(graph, text, rows, lower, upper, err): START:END, START: or :END of `history -r`
 * for order_range(); `current` is allowed on either side. START is as for an upgrade, except that
 * base gives an empty set and [LABEL@]-N counts from the effective heads. END is as for an upgrade,
 * too, but counts from START and stops where the history ends. */
int resolve_range(struct graph *graph, const char *text, struct revset rows, struct revset *lower,
                  struct revset *upper, struct err *err) CHECK;

#endif

/*
 * goal - what a run is to reach: the heads (a deployment), or the revision that `upgrade`, `downgrade`
 * or `stamp` names. From it and the version rows follow the steps, their changes of the rows, and the
 * rows that the run is to leave. Pure.
 */
#ifndef DEPLOY_GOAL_H
#define DEPLOY_GOAL_H

#include "revision/graph.h"
#include "revision/rows.h"

enum goal_kind { GOAL_DEPLOY, GOAL_UPGRADE, GOAL_DOWNGRADE, GOAL_STAMP };

struct goal {
    enum goal_kind kind;
    const char *const *targets; /* as typed; GOAL_DEPLOY has none */
    bool purge;                 /* GOAL_STAMP: the rows that are there do not count */
};

/* One step with its changes of the version rows. */
struct goal_step {
    struct revision *revision;
    const struct row_change *changes;
    size_t n_changes;
};

struct goal_path {
    struct graph *graph;
    struct revset pending;    /* what runs, first to last; a stamp runs nothing */
    struct goal_step *steps;  /* one for each of them; a stamp has one, without a revision, or none */
    size_t n_steps;
    bool is_downgrade;
    struct revset planned;    /* the rows afterwards */
    const char *target;       /* for an engine that takes targets: an identifier, "heads", "base",
                                 "ID@base", or as typed */
};

/* goal_kind(command): what a run of ${command} is to reach; GOAL_DEPLOY for one that is none of these. */
enum goal_kind goal_kind(const char *command);

/* goal_is_deployment(command): deploy, upgrade, downgrade or stamp: one that the database's ledger knows
 * before it changes anything. goal_done(kind): what the database then is ("deployed"). */
bool goal_is_deployment(const char *command);
const char *goal_done(enum goal_kind kind);

/* goal_path(graph, goal, rows, row_ids, path, err): ${rows} are the known ones of the stored ${row_ids}.
 * For GOAL_DEPLOY the targets are the effective heads. ERR_USAGE for a target that cannot be
 * understood, ERR_REFUSED for one that cannot be reached from the rows. In the graph's arena. */
int goal_path(struct graph *graph, const struct goal *goal, struct revset rows,
              const char *const *row_ids, struct goal_path *path, struct err *err) CHECK;

#endif

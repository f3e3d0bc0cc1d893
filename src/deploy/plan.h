/*
 * plan - from the version rows to the heads: which revisions run, what they would do, and which way
 * back there is. Nothing is changed.
 */
#ifndef DEPLOY_PLAN_H
#define DEPLOY_PLAN_H

#include "deploy/goal.h"
#include "deploy/services.h"
#include "pg/hazard.h"
#include "revision/graph.h"

struct plan {
    struct graph *graph;
    bool is_read;              /* the project's revisions, without a mistake */
    char **row_ids;            /* as stored, sorted; NULL-terminated */
    struct revset rows;        /* the known ones */
    struct revset heads;       /* effective heads of the project */
    bool has_table;            /* the version table is there */
    struct revset pending;     /* in the order in which they run */
    struct goal_path path;     /* the same as steps, and the rows that they leave */
    const char *target;        /* what an engine that takes targets is given */
    struct errs problems;      /* why it cannot be carried out: rows, heads, files */

    bool has_sql;              /* plan_sql succeeded: what follows is known */
    const char *sql;
    const char *no_sql_reason;
    struct hazard *hazards;
    size_t n_hazards;
    bool lossless;             /* it destroys nothing that a downgrade would not bring back */
    const char *back_reason;   /* what older data the downgrade would destroy; NULL: none that is known */
    bool atomic;               /* the engine runs it as one transaction, for certain */
};

/* plan_graph(services, graph, err): the project's revisions, linked; all mistakes of its files as one
 * error (ERR_REFUSED). Changes: nothing. */
int plan_graph(struct services *services, struct graph **graph, struct err *err) CHECK;

/* plan_make(services, db, goal, plan, err): compare the rows in the database with the project's
 * revisions, without running anything of the project. Mistakes in rows, heads and files are
 * ${plan}->problems, not a failure; a target that cannot be understood is one (ERR_USAGE). ${goal} NULL
 * is a deployment. Release with plan_release. */
int plan_make(struct services *services, struct db *db, const struct goal *goal, struct plan *plan,
              struct err *err) CHECK;

/* The parts of plan_make, for who asks the database while the project's revisions are read (run_look).
 * plan_rows(services, db, rows, err): the version rows; release ${rows}->ids. It touches nothing of
 * ${services} but their configuration. plan_read(services, plan): the project's revisions; plan_compare:
 * both with each other. Release ${plan} after either. */
struct plan_rows {
    struct strvec ids;
    bool has_table;
};
int plan_rows(const struct services *services, struct db *db, struct plan_rows *rows,
              struct err *err) CHECK;
void plan_read(struct services *services, struct plan *plan);
int plan_compare(struct services *services, const struct plan_rows *rows, const struct goal *goal,
                 struct plan *plan, struct err *err) CHECK;

/* plan_sql(services, plan): ask the engine for the SQL of the pending revisions and look for hazards;
 * when that is not possible ${plan}->no_sql_reason says why, and everything counts as destroying. An
 * engine that reads the files itself must be able to: then it is a failure (ERR_REFUSED). */
int plan_sql(struct services *services, struct plan *plan, struct err *err) CHECK;

/* plan_equal(a, b): the same rows, pending revisions and target. */
bool plan_equal(const struct plan *a, const struct plan *b);

/* plan_is_current(plan): no step and no problem: of a deployment, the rows are the effective heads. */
bool plan_is_current(const struct plan *plan);

void plan_release(struct plan *plan);

#endif

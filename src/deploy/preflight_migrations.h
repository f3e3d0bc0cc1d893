/*
 * preflight_migrations - the checks of preflight that are about the project's migrations: rows of the table
 * in preflight_checks.c. Each adds its refusals to checking->problems. Changes: nothing.
 */
#ifndef DEPLOY_PREFLIGHT_MIGRATIONS_H
#define DEPLOY_PREFLIGHT_MIGRATIONS_H

#include "deploy/run.h"
#include "pg/health.h"

/* What a check is given. */
struct checking {
    struct run *run;
    struct health health;
    struct errs *problems;
};

/* The project's own command arrives in this database; the models can be compared; applied files are what
 * they were; no other tool has migrated a database that has no revision; the catalog is that of the last
 * deployment; what the pending revisions do, which fills run->lossless, run->back_reason and run->atomic. */
void preflight_migrations_identity(struct checking *c);
void preflight_migrations_models(struct checking *c);
void preflight_migrations_applied(struct checking *c);
void preflight_migrations_foreign(struct checking *c);
void preflight_migrations_expected(struct checking *c);
void preflight_migrations_hazards(struct checking *c);

#endif

/*
 * refresh_checks - everything that speaks against a refresh, before anything is created.
 */
#ifndef DEPLOY_REFRESH_CHECKS_H
#define DEPLOY_REFRESH_CHECKS_H

#include "deploy/refresh.h"

/* refresh_checks(run, refresh, problems): all reasons to refuse (ERR_REFUSED), and what is missing
 * (ERR_PREPARE): a target that is or may be production, the source's own database, a snapshot that
 * is not of this project or whose revisions the project does not know, masks that do not fit, hooks
 * that cannot run. run->db is NULL where there is no live database. Fills refresh->meta, catalog,
 * masks and filter. Changes: nothing. */
void refresh_checks(struct run *run, struct refresh *refresh, struct errs *problems);

#endif

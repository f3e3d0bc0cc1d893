/*
 * restore_check - whether a server can take a snapshot, known before anything is created.
 */
#ifndef DEPLOY_RESTORE_CHECK_H
#define DEPLOY_RESTORE_CHECK_H

#include "bundle/bundle.h"
#include "deploy/meta.h"
#include "deploy/run.h"
#include "pg/catalog.h"
#include "pg/health.h"

/* restore_forbidden(run, health): what for a restore the role may not do, as in "role "app" may not …"; NULL:
 * nothing. Memory is the run's. */
const char *restore_forbidden(const struct run *run, const struct health *health);

/* restore_check(run, admin, bundle, meta, catalog, err): all that is missing at once, each with what to do:
 * the server's release, roles that own something or have been granted something, extensions in their
 * versions, the plugin's programs (not while recovering: then all that may work is tried). A disk that
 * seems too small is a warning: it is seen only where the server is on this machine. ${catalog} is the
 * snapshot's. Changes: nothing. */
int restore_check(struct run *run, struct db *admin, const struct bundle *bundle,
                  const struct meta *meta, const struct catalog *catalog, struct err *err) CHECK;

/* restore_check_extensions(run, fresh, meta, catalog, err): into the empty database ${fresh}: extensions
 * that a dump, which names no versions, would make in another one than the snapshot has. Those in another
 * schema than public and pg_catalog are not, and restore_check refuses them. Changes: ${fresh}. */
int restore_check_extensions(struct run *run, const char *fresh, const struct meta *meta,
                             const struct catalog *catalog, struct err *err) CHECK;

#endif

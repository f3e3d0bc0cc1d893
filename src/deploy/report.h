/*
 * report - what a run came to, for people and as JSON. Pure.
 */
#ifndef DEPLOY_REPORT_H
#define DEPLOY_REPORT_H

#include <jansson.h>

#include "base/buf.h"
#include "deploy/run.h"

/* report_text(run, status, out): the closing lines of a run: outcome, state of the database, snapshot,
 * kept database, what was written since. */
void report_text(const struct run *run, int status, struct buf *out);

/* report_error(err): message, detail, hint, redacted and valid UTF-8 (a new reference). */
json_t *report_error(const struct err *err);

/* report_json(run, status, err): the same as a document (a new reference). */
json_t *report_json(const struct run *run, int status, const struct err *err);

#endif

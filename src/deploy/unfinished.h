/*
 * unfinished - a run that was cut off: found, understood, and finished or undone.
 */
#ifndef DEPLOY_UNFINISHED_H
#define DEPLOY_UNFINISHED_H

#include "deploy/run.h"

/* unfinished_recover(services, out, err): the unfinished run of this environment, known from the
 * journal of this machine or from the database's ledger (then another machine began it). ${out} gets
 * it; NULL when there is none, and then the answer is ERR_NONE. Otherwise the answer is the status
 * the run ends with: ERR_NONE or ERR_POST (as planned), ERR_ROLLED_BACK (as before), ERR_RESTORED,
 * or another class with ${err} filled. Changes: the database, files. */
enum err_code unfinished_recover(struct services *services, struct run **out,
                                 struct err *err) CHECK;

#endif

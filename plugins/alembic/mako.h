/*
 * mako - script.py.mako rendered without Python, where it keeps to what Alembic's own templates
 * use: text, "##" comments, lines joined by a backslash, and these expressions, with any blanks in
 * them:
 *
 *     ${message}  ${up_revision}  ${create_date}  ${down_revision | comma,n}
 *     ${repr(up_revision)}  ${repr(down_revision)}  ${repr(branch_labels)}  ${repr(depends_on)}
 *     ${imports if imports else ""}
 *     ${upgrades if upgrades else "pass"}  ${downgrades if downgrades else "pass"}
 *
 * The three last ones give what follows `else`: nothing is in a new revision. Changes: nothing.
 */
#ifndef ALEMBIC_MAKO_H
#define ALEMBIC_MAKO_H

#include "alembic.h"

enum { MAKO_MESSAGES = 8 }; /* places of one message, at most */

struct mako_values {
    const char *message, *id, *create_date;
    const char *const *down, *const *labels, *const *depends_on;
};

struct mako_file {
    const char *text;
    size_t n;
    size_t message_at[MAKO_MESSAGES]; /* where the message was put into the text */
    size_t n_messages;
};

/* mako_render(call, text, n, values, file): NULL, or what the template has that only Mako can
 * render, to be shown. */
const char *mako_render(struct ddb_call *call, const char *text, size_t n,
                        const struct mako_values *values, struct mako_file *file);

#endif

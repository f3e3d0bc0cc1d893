/*
 * script - the statements of one section, ready to be run; and those of all steps of a run, read
 * before the first of them is run, with all mistakes reported together. Changes: nothing.
 */
#ifndef SQL_SCRIPT_H
#define SQL_SCRIPT_H

#include <stdbool.h>

#include "file.h"
#include "session.h"

struct statement {
    const char *text; /* ends with a NUL */
    size_t line;      /* in the file, from 1 */
    uint64_t flags;   /* sum of enum ddb_statement_flag */
    const char *data; /* of COPY … FROM STDIN: its lines; not NUL-terminated */
    size_t data_n, data_line;
};

struct script {
    const struct ddb_step *step; /* NULL: not read for a step */
    const char *id;
    const char *path;
    struct file file;
    bool no_transaction;
    struct statement *v;
    size_t n;
};

/* script_read(call, id, path, is_downgrade, script): the file's section, whose statements
 * file_read has checked; a missing section is an empty one. */
int script_read(struct ddb_call *call, const char *id, const char *path, bool is_downgrade,
                struct script *script);

/* script_read_all(call, steps, scripts, n): the sections of ${steps}. A downgrade without its
 * section is a mistake too. */
int script_read_all(struct ddb_call *call, const struct ddb_step *const *steps,
                    struct script **scripts, size_t *n);

/* script_is(statement, word): whether it begins with this word, in any case.
 * script_sets(statement): it changes the session for those that follow; script_may_set: or what it
 * calls does. script_place(call, script, i): where statement ${i}, counted from 0, is. */
bool script_is(const struct statement *statement, const char *word);
bool script_sets(const struct statement *statement);
bool script_may_set(const struct statement *statement);
struct session_place script_place(struct ddb_call *call, const struct script *script, size_t i);

#endif

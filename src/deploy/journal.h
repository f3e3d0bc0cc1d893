/*
 * journal - what a run did, line by line, on disk before it is done.
 *
 * STATE/ENV/RUN.journal holds JSON lines, each fsynced before journal_event returns; the first says
 * what began, the last, "end", with which status. STATE/ENV/RUN.log is the log of the run. A line
 * that was cut off by a crash is ignored. A journal without "end" is an unfinished run.
 */
#ifndef DEPLOY_JOURNAL_H
#define DEPLOY_JOURNAL_H

#include <stdbool.h>
#include <time.h>

#include "base/err.h"
#include "base/mem.h"

struct journal;

/* What the lines of a journal add up to. Strings are in the journal's arena. */
struct journal_state {
    const char *run, *environment, *command, *who, *host;
    time_t started, ended; /* ended 0: unfinished */
    const char *phase;     /* the last phase that began; "" before the first */
    bool phase_open;       /* it did not end */
    const char *record;    /* the latest record: JSON of what recovery must know; NULL: none */
    int status;            /* exit status; -1 while unfinished */
    const char *outcome;   /* one sentence */
};

/* journal_create(arena, dir, run, environment, command, who, host, journal, err): a new journal in
 * ${dir}, which is made when missing. Changes: files. */
int journal_create(struct arena *arena, const char *dir, const char *run, const char *environment,
                   const char *command, const char *who, const char *host,
                   struct journal **journal, struct err *err) CHECK;

/* journal_open(arena, dir, run, journal, err): an existing one, to be continued. */
int journal_open(struct arena *arena, const char *dir, const char *run, struct journal **journal,
                 struct err *err) CHECK;

const struct journal_state *journal_state(const struct journal *journal);
const char *journal_path(const struct journal *journal, const char *suffix); /* ".log", … */

/* Each appends one line, durable before it returns. Changes: files. */
int journal_phase(struct journal *journal, const char *phase, bool begin, struct err *err) CHECK;
int journal_record(struct journal *journal, const char *json, struct err *err) CHECK;
int journal_note(struct journal *journal, const char *key, const char *value,
                 struct err *err) CHECK;
int journal_end(struct journal *journal, int status, const char *outcome, struct err *err) CHECK;

/* journal_noted(journal, key): the latest value of a note; NULL when there is none. */
const char *journal_noted(const struct journal *journal, const char *key);

/* journal_runs(dir, runs, err): the identifiers of all runs in ${dir}, oldest first; a
 * missing directory has none. */
int journal_runs(const char *dir, struct strvec *runs, struct err *err) CHECK;

/* journal_has_changed(journal): the run came further than looking (plan, lock, preflight). */
bool journal_has_changed(const struct journal *journal);

/* journal_unfinished(arena, dir, journal, err): the newest run without an end that has changed
 * something, or NULL. */
int journal_unfinished(struct arena *arena, const char *dir, struct journal **journal,
                       struct err *err) CHECK;

#endif

/*
 * err - what went wrong, for the one who must act on it.
 *
 * An error has three parts: `primary`, one lower-case sentence without a full stop that names the
 * object and the reason; `detail`, facts; `hint`, what to do. The style is PostgreSQL's (its
 * "Error Message Style Guide"). An error lives on the caller's stack and is the last argument of
 * every function that can fail. Functions return 0, or -1 with the error filled; on success they
 * leave it untouched. Only cmd/ prints errors.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>

/* The classes of failure: each is also the exit status of the program (see err.def). */
enum err_code {
#define X(name, status, database, meaning) name = status,
#include "base/err.def"
#undef X
};

struct err {
    enum err_code code;   /* ERR_NONE while nothing went wrong */
    char sqlstate[6];     /* the server's SQLSTATE, or "" */
    char primary[768];
    char detail[6144];    /* may hold several lines */
    char hint[768];
};

#define ERR_INIT {.code = ERR_NONE}
#define CHECK __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* err_set(err, code, fmt, ...): record the failure. The first one wins: when ${err} already holds
 * one, the new sentence is added to its detail. Always returns -1, so that it can be returned. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...) PRINTF(3, 4);

/* err_sys(err, code, errnum, fmt, ...): as err_set, followed by ": " and the text of ${errnum}. */
int err_sys(struct err *err, enum err_code code, int errnum, const char *fmt, ...) PRINTF(4, 5);

/* err_wrap(err, fmt, ...): say what we were doing: "<fmt>: <primary so far>". Returns -1. */
int err_wrap(struct err *err, const char *fmt, ...) PRINTF(2, 3);

/* Add a line to the detail; set the hint (the first hint stays). Both return -1. */
int err_detail(struct err *err, const char *fmt, ...) PRINTF(2, 3);
int err_hint(struct err *err, const char *fmt, ...) PRINTF(2, 3);

/* err_as(err, code): the same failure, but of class ${code}. Returns -1. */
int err_as(struct err *err, enum err_code code);

void err_clear(struct err *err);

/* The row of err.def for ${status}, or NULL fields for a status that is not in the table. */
const char *err_meaning(int status);
const char *err_database(int status);

/* A list of failures, for the places that report every mistake at once. Zero-initialise it. */
struct errs {
    struct err *items;
    size_t n;
    size_t cap;
};

/* errs_new(list): a new zeroed entry, owned by the list and valid until the
 * next errs_new; fill its parts with err_set and the others. */
struct err *errs_new(struct errs *list);
void errs_release(struct errs *list);

#endif

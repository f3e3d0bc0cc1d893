/*
 * parts - what the files of import/ share: one reader a tool, lines and names. Pure.
 */
#ifndef IMPORT_PARTS_H
#define IMPORT_PARTS_H

#include "import/import.h"

/* The readers: add one file, whose name without folders is ${base}, to the history. */
struct import_file {
    const char *path, *base;
    const char *text;
    size_t n;
};
void dbmate_add(struct import_history *history, const struct import_file *file, struct errs *errs);
void goose_add(struct import_history *history, const struct import_file *file, struct errs *errs);
void golang_add(struct import_history *history, const struct import_file *file, struct errs *errs);
void flyway_add(struct import_history *history, const struct import_file *file, struct errs *errs);

bool dbmate_takes(const char *base);
bool goose_takes(const char *base);
bool golang_takes(const char *base);
bool flyway_takes(const char *base);

/* flyway_finish(history, errs): placeholders, once every file's settings are known. */
void flyway_finish(struct import_history *history, struct errs *errs);

/* import_new(history, version, name, path): a new migration, valid until the next one; texts are
 * copied, "_" in the name becomes a blank. import_same: the one of this version, or NULL. */
struct import_migration *import_new(struct import_history *history, const char *version,
                                    const char *name, const char *path);
struct import_migration *import_same(struct import_history *history, const char *version);
void import_leave_out(struct import_history *history, const char *path, const char *version,
                      const char *reason);

/* import_wrong(errs, path, line, fmt, ...): "PATH:LINE: …"; without the line when it is 0. Returns
 * the error, for a hint. */
struct err *import_wrong(struct errs *errs, const char *path, size_t line, const char *fmt, ...)
    PRINTF(4, 5);

/* import_line(cursor, line, n): the next line, without its end; false at the end of the text. */
bool import_line(const char **cursor, const char **line, size_t *n);

/* import_is_blank: nothing but blanks; import_is_comment: blanks and a "--" comment. */
bool import_is_blank(const char *line, size_t n);
bool import_is_comment(const char *line, size_t n);

bool import_ends_with(const char *text, const char *end);
size_t import_digits(const char *text); /* how many digits it starts with */

#endif

/*
 * convert - the migrations of another tool as revision files of the sql engine.
 *
 * Three steps: read everything (convert_files, convert_alembic), and only when there is no mistake
 * anywhere write everything (convert_write): the folder appears whole or not at all.
 */
#ifndef DEPLOY_CONVERT_H
#define DEPLOY_CONVERT_H

#include "deploy/services.h"
#include "import/import.h"

struct convert {
    struct arena *arena;
    struct ddb_new_revision *revisions; /* in the order in which they run */
    size_t n;
    struct strvec notes; /* what became different, one sentence each */
};

void convert_release(struct convert *convert);

/* convert_files(convert, history, directory, allow_gaps, errs): the files of ${directory} that the
 * history's tool reads (Flyway: of the folders below it too). A transaction that encloses a whole
 * section is taken out, the engine has its own; other transaction control and psql's meta-commands
 * are mistakes; sections that no transaction can hold are marked so. What cannot be imported is a
 * mistake too, unless ${allow_gaps}. Mistakes are entries of ${errs} (ERR_REFUSED). */
int convert_files(struct convert *convert, struct import_history *history, const char *directory,
                  bool allow_gaps, struct errs *errs) CHECK;

/* convert_alembic(convert, services, errs): every revision of the configured engine, its SQL as the
 * engine prints it, less what the sql engine does by itself: transactions and the version table.
 * Identifiers, parents, dependencies, labels and docstrings stay. A revision whose SQL cannot be
 * printed without a database is an entry of ${errs}; one whose downgrade cannot is a note. */
int convert_alembic(struct convert *convert, struct services *services, struct errs *errs) CHECK;

/* convert_check_folder(into, err): it must be empty or missing (ERR_USAGE). */
int convert_check_folder(const char *into, struct err *err) CHECK;

/* convert_write(convert, conf, into, paths, err): write the revisions by the plugin "sql" into a
 * temporary folder beside ${into}, read them back, rename. ${conf} NULL: there is none. ${paths}
 * gets the files, in order. Changes: files. */
int convert_write(const struct convert *convert, const struct conf *conf, const char *into,
                  struct strvec *paths, struct err *err) CHECK;

/* convert_is_there(convert, conf, into): the folder holds just these revisions. */
bool convert_is_there(const struct convert *convert, const struct conf *conf, const char *into);

#endif

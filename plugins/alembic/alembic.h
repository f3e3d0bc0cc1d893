/*
 * alembic - the engine for projects that migrate with Alembic; what its files share.
 *
 *     alembic.c   the plugin's table, its settings and its callbacks
 *     listing.c   every revision: by the readers below, or by Alembic itself
 *     project.c   where the project lies and what alembic.ini says about it
 *     config.c    alembic.ini, read as Python's configparser does
 *     scan.c      the revision files of the version locations, in load order
 *     lex.c       Python source text as tokens
 *     header.c    the identifiers at the top of a revision file, evaluated without Python
 *     header_cache.c, header_cache_write.c, header_stamp.c
 *                 what those said, kept between runs for the commands that only look
 *     command.c   the project's own command: its vector, its environment, its run
 *     reason.c    why it failed, from what it printed
 *     atomic.c    whether a run is one transaction, from the words of its files
 *     write.c     a new revision file, here or by that command
 *     place.c     its folder and its name
 *     mako.c      script.py.mako rendered without Python
 *     pytext.c    texts as Python writes them: repr(), the words of a file's name
 *     python.c    the Python that belongs to the command
 *     driver.c    embed/driver.py: what only Alembic itself can answer
 *
 * Memory is the host's and lives as long as the environment is open, unless a comment says that the
 * caller frees it.
 */
#ifndef ALEMBIC_ALEMBIC_H
#define ALEMBIC_ALEMBIC_H

#include <stddef.h>

#include "plugin.h"

extern const struct ddb_host *alembic_host;

/* A growing, NULL-terminated list of borrowed strings. Zero-initialise it. */
struct list {
    const char **v; /* NULL until the first push */
    size_t n;
    size_t cap;
};

void list_push(struct ddb_call *call, struct list *list, const char *text);
void list_push_all(struct ddb_call *call, struct list *list, const char *const *texts);

/* list_vector(list): the vector, never NULL. */
const char *const *list_vector(const struct list *list);

#endif

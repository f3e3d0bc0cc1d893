/*
 * project - where the project lies and what its alembic.ini says about revision files, as Alembic
 * would understand it. Changes: nothing.
 */
#ifndef ALEMBIC_PROJECT_H
#define ALEMBIC_PROJECT_H

#include <stdbool.h>

#include "alembic.h"
#include "config.h"
#include "header_stamp.h"

enum { PROJECT_MAX_FILE = 1024 * 1024 }; /* of Python or of configuration */

struct project {
    const char *directory; /* absolute: where the project's commands run */
    const char *config;    /* the ini file as configured, relative to ${directory} */
    const char *section;
    bool is_here;          /* ${directory} can be entered from here */
};

/* The version locations, absolute; ${recursive}: with their folders. */
struct locations {
    struct list paths;
    struct list configured; /* the same, and those that do not exist yet */
    bool recursive;
    const struct config *options; /* alembic.ini's section; NULL: not read */
    bool has_hooks;      /* it names programs that run on a new revision file */
    const char *config;  /* alembic.ini, absolute */
    const char *script;  /* script_location, absolute: where env.py is; NULL: not known */
    const char *unknown; /* a sentence: why only Alembic itself can tell; NULL: the paths are right */
};

void project_open(struct ddb_call *call, struct project *project);

/* project_locations(call, project, locations): from alembic.ini. Fails for a file that Alembic would
 * refuse too, and for locations that do not exist. */
int project_locations(struct ddb_call *call, const struct project *project,
                      struct locations *locations);

/* project_normal(call, path): an absolute path without "//", "/./" and "/x/..", whatever is there,
 * as Alembic takes the version locations. */
const char *project_normal(struct ddb_call *call, const char *path);

/* project_read(path, cap, text, n): the whole file, up to ${cap} bytes, with a NUL behind it, in
 * memory that the caller frees. -1 with errno; EFBIG: it is longer. */
int project_read(const char *path, size_t cap, char **text, size_t *n);

/* project_read_into(folder, path, most, text): the same for who reads many files. ${folder}, whose fd
 * is -1 at first, keeps the folder of the last ${path} open, a string that must last as long;
 * ${text}, empty at first, keeps its room: the caller frees text->at. ${stamp}, unless NULL, gets the
 * file's state before it was read. */
struct project_folder {
    int fd;
    const char *path;
    size_t n;
};
struct project_text {
    char *at;
    size_t n, cap;
};

int project_read_into(struct project_folder *folder, const char *path, size_t most,
                      struct project_text *text, struct header_stamp *stamp);

/* project_look(folder, path, stamp): the state of a file that need not be read. */
void project_look(struct project_folder *folder, const char *path, struct header_stamp *stamp);
void project_close_folder(struct project_folder *folder);

#endif

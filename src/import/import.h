/*
 * import - the migrations of another tool as one model: in order, with identifiers. Pure.
 *
 *     dbmate   YYYYMMDDHHMMSS_name.sql, "-- migrate:up", "-- migrate:down"; ordered by file name
 *     goose    N_name.sql, "-- +goose Up", "-- +goose Down"; ordered by number
 *     golang   N_name.up.sql and N_name.down.sql (golang-migrate); ordered by number
 *     flyway   V1.2__name.sql and U1.2__name.sql; ordered by the version's numbers
 *
 * Every mistake of every file is reported with file and line. What the tool runs and this cannot
 * take (Go code, repeatable migrations, callbacks) is listed, never skipped in silence. Texts are
 * kept as they are, but for the tool's own marker lines. Changes: nothing.
 */
#ifndef IMPORT_IMPORT_H
#define IMPORT_IMPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

enum import_tool {
    IMPORT_DBMATE,
    IMPORT_GOOSE,
    IMPORT_GOLANG,
    IMPORT_FLYWAY,
    IMPORT_ALEMBIC, /* no files to parse: see alembic.h */
    IMPORT_TOOLS,
};

enum { IMPORT_ID_MAX = 32 }; /* the width of the version table's column */

/* One direction of a migration. */
struct import_section {
    const char *text; /* NULL: the tool has none */
    const char *path; /* of the file it comes from */
    size_t line;      /* of its first byte there, from 1 */
    bool no_transaction;
};

struct import_migration {
    const char *version;     /* as the file's name says it: "20240131120000", "1.2" */
    const char *name;        /* "add users"; "" when there is none */
    const char *path;        /* of the (upgrade) file, as it was given */
    const char *create_date; /* "2024-01-31 12:00:00"; NULL when the version is no time */
    const char *id;          /* filled by import_finish */
    struct import_section upgrade, downgrade;
    bool checks_placeholders; /* flyway only */
};

/* What the tool would run and this does not take. */
struct import_left_out {
    const char *path;
    const char *version; /* "" when it has none */
    const char *reason;
};

struct import_history {
    struct arena *arena;
    enum import_tool tool;
    struct import_migration *items;
    size_t n, cap;
    struct import_left_out *left_out;
    size_t n_left_out, cap_left_out;
};

/* import_tool(name, tool): which tool ${name} is; -1 when none. import_name gives the name back. */
int import_tool(const char *name, enum import_tool *tool) CHECK;
const char *import_name(enum import_tool tool);

/* import_start(arena, tool): an empty history. import_takes(tool, path): whether the tool reads a
 * file of this name at all; others are none of our business. */
struct import_history *import_start(struct arena *arena, enum import_tool tool);
bool import_takes(enum import_tool tool, const char *path);

/* import_add(history, path, text, n, errs): one file that the tool takes. ${text} ends with a NUL
 * after its ${n} bytes. Mistakes go to ${errs} (ERR_REFUSED). */
void import_add(struct import_history *history, const char *path, const char *text, size_t n,
                struct errs *errs);

/* import_finish(history, errs): when all files are in: order them as the tool does, give them
 * identifiers, and report versions that stand there twice, files without their other half, and
 * versions that make no identifier. -1 when ${errs} has entries. */
int import_finish(struct import_history *history, struct errs *errs) CHECK;

/* import_id(arena, version): the identifier: the version with its first number padded to four
 * digits ("1" is "0001", "1.2" is "0001.2", "20240131120000" stays). */
const char *import_id(struct arena *arena, const char *version);

/* import_find(history, version): the migration that the tool's own table calls ${version}, or NULL;
 * import_is_left_out: it is one of those that were not taken. */
const struct import_migration *import_find(const struct import_history *history,
                                           const char *version);
bool import_is_left_out(const struct import_history *history, const char *version);

/* import_compare(tool, a, b): the order of two versions; 0 means that the tool takes them for the
 * same one. */
int import_compare(enum import_tool tool, const char *a, const char *b);

#endif

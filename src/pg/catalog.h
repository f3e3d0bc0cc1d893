/*
 * catalog - what a database is made of, as a sorted list of facts.
 *
 * One fact is (object, aspect, value): ("column public.users.email", "type", "character
 * varying(255)"). Schemas, tables, columns, types, defaults, constraints, indexes, sequences, views,
 * functions, triggers, enums, domains, policies, extensions, comments, grants are read in one query
 * each kind at most. Left out: system schemas, the schema deploy_db, the version table (its rows are
 * compared on their own), objects of extensions, values of sequences, storage (OIDs, filenodes,
 * statistics, attoptions that pg_dump leaves out too).
 */
#ifndef PG_CATALOG_H
#define PG_CATALOG_H

#include "base/buf.h"
#include "pg/db.h"

struct catalog_fact {
    const char *object;
    const char *aspect; /* "type", "default", or another word: "is", "nullable", "grants", … */
    const char *value;
};

struct catalog {
    struct catalog_fact *facts; /* sorted by object, then aspect (bytewise) */
    size_t n;
    char fingerprint[65]; /* SHA-256 of the facts, hexadecimal */
};

/* catalog_read(db, arena, schema, table, catalog, err): ${schema} and ${table} name the version
 * table to leave out. */
int catalog_read(struct db *db, struct arena *arena, const char *schema, const char *table,
                 struct catalog *catalog, struct err *err) CHECK;

/* catalog_format / catalog_parse: the facts as lines of text, to keep in a file; parse gives -1 for
 * text that format did not write, or whose fingerprint does not match. */
void catalog_format(const struct catalog *catalog, struct buf *out);
int catalog_parse(struct arena *arena, const char *text, struct catalog *catalog,
                  struct err *err) CHECK;

#endif

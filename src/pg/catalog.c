/*
 * catalog - see catalog.h. One query for each kind of object, in src/pg/sql/catalog_*.sql: each
 * gives rows (object, aspect, value) and can be run in psql after `SET search_path = pg_catalog`.
 */
#include "pg/catalog.h"

#include <openssl/evp.h>
#include <string.h>

#include "pg/catalog_text.h"
#include "pg/sql/catalog_casts.sql.h"
#include "pg/sql/catalog_columns.sql.h"
#include "pg/sql/catalog_constraints.sql.h"
#include "pg/sql/catalog_default_privileges.sql.h"
#include "pg/sql/catalog_event_triggers.sql.h"
#include "pg/sql/catalog_extensions.sql.h"
#include "pg/sql/catalog_foreign.sql.h"
#include "pg/sql/catalog_functions.sql.h"
#include "pg/sql/catalog_indexes.sql.h"
#include "pg/sql/catalog_operators.sql.h"
#include "pg/sql/catalog_others.sql.h"
#include "pg/sql/catalog_policies.sql.h"
#include "pg/sql/catalog_publications.sql.h"
#include "pg/sql/catalog_rules.sql.h"
#include "pg/sql/catalog_schemas.sql.h"
#include "pg/sql/catalog_sequences.sql.h"
#include "pg/sql/catalog_statistics.sql.h"
#include "pg/sql/catalog_tables.sql.h"
#include "pg/sql/catalog_text_search.sql.h"
#include "pg/sql/catalog_triggers.sql.h"
#include "pg/sql/catalog_types.sql.h"
#include "pg/sql/catalog_views.sql.h"

static const struct {
    const char *what;
    const char *sql;
} kinds[] = {
    {"schemas", catalog_schemas_sql},
    {"tables", catalog_tables_sql},
    {"columns", catalog_columns_sql},
    {"constraints", catalog_constraints_sql},
    {"indexes", catalog_indexes_sql},
    {"sequences", catalog_sequences_sql},
    {"views", catalog_views_sql},
    {"functions", catalog_functions_sql},
    {"triggers", catalog_triggers_sql},
    {"event triggers", catalog_event_triggers_sql},
    {"types", catalog_types_sql},
    {"operators", catalog_operators_sql},
    {"casts", catalog_casts_sql},
    {"policies", catalog_policies_sql},
    {"rules", catalog_rules_sql},
    {"extensions", catalog_extensions_sql},
    {"default privileges", catalog_default_privileges_sql},
    {"statistics objects", catalog_statistics_sql},
    {"publications", catalog_publications_sql},
    {"foreign servers", catalog_foreign_sql},
    {"text search objects", catalog_text_search_sql},
    {"other objects", catalog_others_sql},
};

/* --- reading ---------------------------------------------------------------------------------- */

/* Facts while they are collected: the vector is heap memory, the texts are in the arena. */
struct facts {
    struct catalog_fact *v;
    size_t n;
    size_t cap;
};

static void push(struct facts *facts, const struct catalog_fact *fact)
{
    if (facts->n == facts->cap) {
        facts->cap = facts->cap ? facts->cap * 2 : 1024;
        facts->v = mem_realloc(facts->v, facts->cap * sizeof *facts->v);
    }
    facts->v[facts->n++] = *fact;
}

static int by_object(const void *a, const void *b)
{
    const struct catalog_fact *left = a;
    const struct catalog_fact *right = b;
    int order = strcmp(left->object, right->object);

    if (order == 0)
        order = strcmp(left->aspect, right->aspect);
    return order != 0 ? order : strcmp(left->value, right->value);
}

/* Names in definitions are printed in full only when nothing but pg_catalog is on the path; amounts
 * of money are printed as lc_monetary says. The rest is a setting of every session (db.c). */
static int scope(struct db *db, const char *schema, const char *table, struct err *err)
{
    return db_exec(db, err,
                   "SELECT pg_catalog.set_config('deploy_db.version_table', coalesce("
                   "pg_catalog.to_regclass(coalesce(pg_catalog.quote_ident($1) || '.', '') || "
                   "pg_catalog.quote_ident($2))::pg_catalog.oid::pg_catalog.text, ''), true), "
                   "pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true), "
                   "pg_catalog.set_config('lc_monetary', 'C', true)",
                   2, schema, table);
}

static int read_kinds(struct db *db, struct arena *arena, struct facts *facts, struct err *err)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        auto_result struct db_result *rows = NULL;
        const char *object = "";

        if (db_query(db, &rows, err, kinds[i].sql, 0) < 0)
            return err_wrap(err, "could not read the %s", kinds[i].what);
        for (int row = 0; row < db_rows(rows); row++) {
            struct catalog_fact fact;
            const char *value = db_value(rows, row, 2);

            if (strcmp(object, db_value(rows, row, 0)) != 0)
                object = arena_strdup(arena, db_value(rows, row, 0));
            fact.object = object;
            fact.aspect = arena_strdup(arena, db_value(rows, row, 1));
            if (strncmp(fact.aspect, "comment", 7) != 0)
                value = catalog_text_normal(arena, value);
            fact.value = value == db_value(rows, row, 2) ? arena_strdup(arena, value) : value;
            push(facts, &fact);
        }
    }
    return 0;
}

/* In a transaction of our own, or under a savepoint in the session's: settings end with it. */
static int read_facts(struct db *db, struct arena *arena, const char *schema, const char *table,
                      struct facts *facts, struct err *err)
{
    bool nested = db_in_transaction(db);
    int status;

    if (db_exec(db, err,
                nested ? "SAVEPOINT deploy_db_catalog"
                       : "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
                0) < 0)
        return -1;
    status = scope(db, schema, table, err);
    if (status == 0)
        status = read_kinds(db, arena, facts, err);
    if (nested) {
        db_quietly(db, "ROLLBACK TO SAVEPOINT deploy_db_catalog");
        db_quietly(db, "RELEASE SAVEPOINT deploy_db_catalog");
    } else {
        db_quietly(db, "ROLLBACK");
    }
    return status;
}

/* --- as text ---------------------------------------------------------------------------------- */

static void add_escaped(struct buf *out, const char *text)
{
    static const char plain[] = "\\\t\n\r";
    static const char escape[] = "\\tnr";

    for (;;) {
        size_t len = strcspn(text, plain);

        buf_add(out, text, len);
        text += len;
        if (*text == '\0')
            return;
        buf_addc(out, '\\');
        buf_addc(out, escape[strchr(plain, *text++) - plain]);
    }
}

static void add_line(struct buf *out, const struct catalog_fact *fact)
{
    add_escaped(out, fact->object);
    buf_addc(out, '\t');
    add_escaped(out, fact->aspect);
    buf_addc(out, '\t');
    add_escaped(out, fact->value);
    buf_addc(out, '\n');
}

/* The hash of the lines that catalog_format writes. */
static int fingerprint(const struct catalog *catalog, char text[65], struct err *err)
{
    auto_buf struct buf line = {0};
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);

    for (size_t i = 0; ok && i < catalog->n; i++) {
        buf_reset(&line);
        add_line(&line, &catalog->facts[i]);
        ok = EVP_DigestUpdate(ctx, line.data, line.len);
    }
    ok = ok && EVP_DigestFinal_ex(ctx, digest, NULL);
    EVP_MD_CTX_free(ctx);
    if (!ok)
        return err_set(err, ERR_INTERNAL, "could not compute a SHA-256 fingerprint");
    for (int i = 0; i < 32; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    return 0;
}

/* Sort ${facts} into ${catalog} and fingerprint it. */
static int finish(struct arena *arena, const struct facts *facts, struct catalog *catalog,
                  struct err *err)
{
    if (facts->n > 0)
        qsort(facts->v, facts->n, sizeof *facts->v, by_object);
    catalog->n = facts->n;
    catalog->facts = arena_alloc(arena, facts->n * sizeof *facts->v);
    if (facts->n > 0)
        memcpy(catalog->facts, facts->v, facts->n * sizeof *facts->v);
    return fingerprint(catalog, catalog->fingerprint, err);
}

int catalog_read(struct db *db, struct arena *arena, const char *schema, const char *table,
                 struct catalog *catalog, struct err *err)
{
    struct facts facts = {0};
    int status = read_facts(db, arena, schema, table, &facts, err);

    if (status == 0)
        status = finish(arena, &facts, catalog, err);
    mem_free(facts.v);
    if (status < 0)
        return err_wrap(err, "could not read the catalog of database \"%s\"", db_name(db));
    return 0;
}

static const char header[] = "deploy-db catalog 1 ";

void catalog_format(const struct catalog *catalog, struct buf *out)
{
    buf_addf(out, "%s%s\n", header, catalog->fingerprint);
    for (size_t i = 0; i < catalog->n; i++)
        add_line(out, &catalog->facts[i]);
}

/* One field of a line, ended by ${end}, unescaped; NULL when it is not well formed. */
static const char *parse_field(struct arena *arena, const char **at, char end)
{
    size_t len = strcspn(*at, "\t\n");
    char *field = arena_alloc(arena, len + 1);
    char *out = field;

    for (const char *in = *at; in < *at + len; in++) {
        if (*in != '\\') {
            *out++ = *in;
            continue;
        }
        switch (*++in) {
        case '\\': *out++ = '\\'; break;
        case 't': *out++ = '\t'; break;
        case 'n': *out++ = '\n'; break;
        case 'r': *out++ = '\r'; break;
        default: return NULL;
        }
    }
    *at += len;
    if (**at != end)
        return NULL;
    (*at)++;
    return field;
}

static int parse_facts(struct arena *arena, const char *text, struct facts *facts)
{
    while (*text != '\0') {
        struct catalog_fact fact = {0};

        if ((fact.object = parse_field(arena, &text, '\t')) == NULL ||
            (fact.aspect = parse_field(arena, &text, '\t')) == NULL ||
            (fact.value = parse_field(arena, &text, '\n')) == NULL)
            return -1;
        push(facts, &fact);
    }
    return 0;
}

int catalog_parse(struct arena *arena, const char *text, struct catalog *catalog, struct err *err)
{
    static const size_t prefix = sizeof header - 1;
    struct catalog parsed = {0};
    struct facts facts = {0};
    int status = -1;

    if (strncmp(text, header, prefix) != 0)
        return err_set(err, ERR_INTERNAL, "this is not a catalog that this version can read");
    if (strcspn(text + prefix, "\n") != 64 || text[prefix + 64] != '\n' ||
        parse_facts(arena, text + prefix + 65, &facts) < 0)
        err_set(err, ERR_INTERNAL, "the stored catalog is damaged");
    else
        status = finish(arena, &facts, &parsed, err);
    mem_free(facts.v);
    if (status < 0)
        return -1;
    if (strncmp(parsed.fingerprint, text + prefix, 64) != 0)
        return err_set(err, ERR_INTERNAL, "the stored catalog does not match its fingerprint");
    *catalog = parsed;
    return 0;
}

/* versions_change - see versions_change.h. */
#include "pg/versions_change.h"

#include <ctype.h>
#include <string.h>

#include "pg/versions.h"

/* --- as text ------------------------------------------------------------------------------------ */

static void add_quoted(struct buf *out, const char *text, char quote)
{
    buf_addc(out, quote);
    for (; *text != '\0'; text++) {
        if (*text == quote)
            buf_addc(out, quote);
        buf_addc(out, *text);
    }
    buf_addc(out, quote);
}

/* Quoted where the name is not plain; the words that SQL reserves are no names of version tables. */
static void add_name(struct buf *out, const char *name)
{
    bool plain = islower((unsigned char)name[0]) || name[0] == '_';

    for (const char *c = name; plain && *c != '\0'; c++)
        plain = islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_';
    if (plain)
        buf_adds(out, name);
    else
        add_quoted(out, name, '"');
}

static void add_table(struct buf *out, const char *schema, const char *table)
{
    if (schema != NULL) {
        add_name(out, schema);
        buf_addc(out, '.');
    }
    add_name(out, table);
}

static void add_create(struct buf *out, const char *schema, const char *table)
{
    auto_buf struct buf key = {0};

    buf_addf(&key, "%s_pkc", table);
    buf_adds(out, "CREATE TABLE ");
    add_table(out, schema, table);
    buf_adds(out, " (\n    version_num VARCHAR(32) NOT NULL, \n    CONSTRAINT ");
    add_name(out, buf_text(&key));
    buf_adds(out, " PRIMARY KEY (version_num)\n)");
}

static void add_change(struct buf *out, const char *schema, const char *table,
                       const struct versions_change *change)
{
    const char *verb = change->from == NULL ? "INSERT INTO " : change->to == NULL ? "DELETE FROM "
                                                                                   : "UPDATE ";

    buf_adds(out, verb);
    add_table(out, schema, table);
    if (change->from == NULL) {
        buf_adds(out, " (version_num) VALUES (");
        add_quoted(out, change->to, '\'');
        buf_adds(out, ")");
        return;
    }
    if (change->to != NULL) {
        buf_adds(out, " SET version_num=");
        add_quoted(out, change->to, '\'');
    }
    buf_adds(out, " WHERE ");
    add_table(out, schema, table);
    buf_adds(out, ".version_num = ");
    add_quoted(out, change->from, '\'');
}

void versions_change_text(const char *schema, const char *table, bool creates,
                          const struct versions_change *changes, size_t n, struct buf *out)
{
    buf_adds(out, "BEGIN;\n\n");
    if (creates) {
        add_create(out, schema, table);
        buf_adds(out, ";\n\n");
    }
    for (size_t i = 0; i < n; i++) {
        add_change(out, schema, table, &changes[i]);
        if (changes[i].from == NULL) {
            buf_adds(out, " RETURNING ");
            add_table(out, schema, table);
            buf_adds(out, ".version_num");
        }
        buf_adds(out, ";\n\n");
    }
    buf_adds(out, "COMMIT;\n\n");
}

/* --- in the database ---------------------------------------------------------------------------- */

static int expect_rows(struct db *db, const char *schema, const char *table, char *const *expected,
                       struct err *err)
{
    auto_strvec struct strvec rows = {0};
    bool exists, same = true;
    size_t n = 0;

    if (versions_read(db, schema, table, &rows, &exists, err) != 0)
        return -1;
    for (; expected[n] != NULL; n++)
        same = same && n < rows.n && strcmp(expected[n], rows.v[n]) == 0;
    if (same && n == rows.n)
        return 0;
    err_set(err, ERR_INTERNAL, "the rows of version table \"%s\" have changed meanwhile", table);
    return err_hint(err, "Somebody else migrates this database; try again when that is over.");
}

static int make(struct db *db, const char *schema, const char *table,
                const struct versions_change *changes, size_t n, struct err *err)
{
    auto_buf struct buf sql = {0};

    for (size_t i = 0; i < n; i++) {
        auto_result struct db_result *result = NULL;

        buf_reset(&sql);
        buf_adds(&sql, "WITH changed AS (");
        add_change(&sql, schema, table, &changes[i]);
        buf_adds(&sql, " RETURNING 1) SELECT count(*) FROM changed");
        if (db_query(db, &result, err, buf_text(&sql), 0) != 0)
            return -1;
        if (db_int(result, 0, 0) < 1 || (db_int(result, 0, 0) > 1 && changes[i].to != NULL))
            return err_set(err, ERR_INTERNAL, "version table \"%s\" has %lld rows \"%s\", expected 1",
                           table, (long long)db_int(result, 0, 0), changes[i].from);
    }
    return 0;
}

static int create_or_lock(struct db *db, const char *schema, const char *table, struct err *err)
{
    auto_strvec struct strvec rows = {0};
    auto_buf struct buf sql = {0};
    bool exists;

    if (versions_read(db, schema, table, &rows, &exists, err) != 0)
        return -1;
    if (exists) {
        buf_adds(&sql, "LOCK TABLE ");
        add_table(&sql, schema, table);
        buf_adds(&sql, " IN SHARE ROW EXCLUSIVE MODE");
    } else {
        add_create(&sql, schema, table);
    }
    return db_exec(db, err, buf_text(&sql), 0);
}

int versions_change_rows(struct db *db, const char *schema, const char *table,
                         char *const *expected, const struct versions_change *changes, size_t n,
                         struct err *err)
{
    if (db_exec(db, err, "BEGIN", 0) != 0)
        return -1;
    if (create_or_lock(db, schema, table, err) != 0 ||
        expect_rows(db, schema, table, expected, err) != 0 ||
        make(db, schema, table, changes, n, err) != 0) {
        db_quietly(db, "ROLLBACK");
        return err_wrap(err, "could not change version table \"%s\"", table);
    }
    return db_exec(db, err, "COMMIT", 0);
}

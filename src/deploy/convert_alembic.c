/*
 * convert_alembic - an Alembic project as revisions of plain SQL (convert.h).
 *
 * The engine prints the SQL of a range; "-- Running upgrade a -> b" begins each revision. Behind a
 * revision's own statements come those that change the version table, as many as the graph says,
 * and the transaction's end. A COMMIT and a BEGIN in the middle are an autocommit block.
 */
#include "deploy/convert.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "deploy/convert_sql.h"
#include "deploy/engine.h"
#include "revision/order.h"
#include "revision/rows.h"

/* One direction while it is printed. All arrays go by the graph's load order. */
struct printing {
    struct convert *convert;
    struct services *services;
    struct graph *graph;
    struct errs *errs;
    bool is_downgrade;
    bool *seen; /* printed, or known not to be printable */
    const char **text;
    bool *no_transaction;
};

/* The places in one printed text where revisions begin. */
struct places {
    const struct printing *printing;
    struct place {
        struct revision *revision;
        size_t marker, begin; /* of the comment; behind its line */
    } * v;
    size_t n, cap;
    const char *text;
};

/* --- one printed text ------------------------------------------------------------------------- */

/* "-- Running upgrade a, b -> c": the revision, or NULL for another comment. */
static struct revision *marked(const struct printing *printing, const char *line, size_t n)
{
    struct arena *arena = printing->convert->arena;
    const char *words = printing->is_downgrade ? "-- Running downgrade " : "-- Running upgrade ";
    size_t len = strlen(words);
    const char *arrow, *id;
    size_t idn;

    if (n < len || strncmp(line, words, len) != 0)
        return NULL;
    arrow = memmem(line, n, " ->", 3);
    if (arrow == NULL)
        return NULL;
    id = printing->is_downgrade ? line + len : arrow + 3;
    idn = printing->is_downgrade ? (size_t)(arrow - id) : n - (size_t)(id - line);
    for (; idn > 0 && *id == ' '; id++, idn--)
        ;
    for (; idn > 0 && (id[idn - 1] == ' ' || id[idn - 1] == '\r'); idn--)
        ;
    return graph_find(printing->graph, arena_strndup(arena, id, idn));
}

static int note_place(void *arg, const struct split_comment *comment)
{
    struct places *places = arg;
    struct revision *revision = marked(places->printing, comment->text, comment->n);

    if (revision == NULL || comment->depth > 0)
        return 0;
    if (places->n == places->cap) {
        places->cap = places->cap == 0 ? 64 : places->cap * 2;
        places->v = mem_realloc(places->v, places->cap * sizeof *places->v);
    }
    places->v[places->n++] = (struct place){
        .revision = revision,
        .marker = (size_t)(comment->text - places->text),
        .begin = (size_t)(comment->text - places->text) + comment->n,
    };
    return 0;
}

/* Whether ${statement} begins with ${words} and the version table's name. */
static bool is_of_versions(const struct printing *printing, const struct split_statement *statement,
                           const char *words)
{
    const struct conf *conf = printing->services->conf;
    const char *names[] = {conf->version_table_schema, conf->version_table};
    const char *at = arena_strndup(printing->convert->arena, statement->text, statement->n);
    size_t n = strlen(words);

    if (strncmp(at, words, n) != 0)
        return false;
    at += n;
    for (size_t i = conf->version_table_schema == NULL; i < 2; i++) {
        n = strlen(names[i]);
        at += *at == '"';
        if (strncmp(at, names[i], n) != 0)
            return false;
        at += n;
        at += *at == '"';
        if (i == 0 && *at++ != '.')
            return false;
    }
    return *at == ' ' || *at == '\0';
}

static bool changes_versions(const struct printing *printing,
                             const struct split_statement *statement)
{
    return is_of_versions(printing, statement, "INSERT INTO ") ||
           is_of_versions(printing, statement, "UPDATE ") ||
           is_of_versions(printing, statement, "DELETE FROM ");
}

/* Leave out what ends the section: ${changes} statements for the version table and COMMIT, BEGIN.
 * Returns how many statements remain, SIZE_MAX when it does not end like that. */
static size_t take_end(const struct printing *printing, struct convert_sql *sql, size_t changes)
{
    size_t n = sql->n_statements;

    while (n > 0 && (sql->statements[n - 1].flags & SPLIT_TRANSACTION ||
                     is_of_versions(printing, &sql->statements[n - 1], "DROP TABLE ")))
        convert_sql_drop(sql, --n);
    for (; changes > 0; changes--) {
        if (n == 0 || !changes_versions(printing, &sql->statements[n - 1]))
            return SIZE_MAX;
        convert_sql_drop(sql, --n);
    }
    return n;
}

static int no_change(const struct printing *printing, struct err *err)
{
    const struct conf *conf = printing->services->conf;

    err_set(err, ERR_REFUSED,
            "its SQL does not end with the change of the version table \"%s%s%s\"",
            conf->version_table_schema == NULL ? "" : conf->version_table_schema,
            conf->version_table_schema == NULL ? "" : ".", conf->version_table);
    return err_hint(err, "Set version_table and version_table_schema of the engine as env.py "
                         "has them.");
}

/* COMMIT and BEGIN around an autocommit block are left out; other control is a mistake. */
static int take_autocommit(struct convert_sql *sql, size_t n, bool *no_transaction, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct split_statement *statement = &sql->statements[i];

        if (!(statement->flags & SPLIT_TRANSACTION) || convert_sql_is_savepoint(statement))
            continue;
        if (!convert_sql_equals(statement, "COMMIT") && !convert_sql_equals(statement, "BEGIN"))
            return err_set(err, ERR_REFUSED, "\"%.*s\" controls a transaction",
                           (int)(statement->n < 60 ? statement->n : 60), statement->text);
        convert_sql_drop(sql, i);
        *no_transaction = true;
    }
    return 0;
}

static void take_section(struct printing *printing, struct revision *revision, const char *text,
                         size_t n, size_t changes)
{
    struct convert_sql sql = {0};
    struct err err = ERR_INIT;
    size_t left = 0;
    int rc = convert_sql_split(&sql, text, n, &err);

    if (rc == 0)
        left = take_end(printing, &sql, changes);
    if (rc == 0 && left == SIZE_MAX)
        rc = no_change(printing, &err);
    if (rc == 0)
        rc = take_autocommit(&sql, left, &printing->no_transaction[revision->index], &err);
    if (rc == 0)
        rc = convert_sql_markers(&sql, &err) < 0 ? -1 : 0;
    if (rc == 0) {
        printing->text[revision->index] = convert_sql_text(printing->convert->arena, &sql);
        if (strstr(printing->text[revision->index], "%%") != NULL)
            strvec_pushf(
                &printing->convert->notes,
                "revision \"%s\": its SQL holds \"%%%%\": look whether \"%%\" is meant, as env.py "
                "prints it without dialect_opts={\"paramstyle\": \"named\"}",
                revision->id);
    } else {
        err_wrap(&err, "revision \"%s\"", revision->id);
        err_as(&err, ERR_REFUSED);
        *errs_new(printing->errs) = err;
    }
    convert_sql_release(&sql);
}

/* --- one direction ---------------------------------------------------------------------------- */

/* The sections of a text that is printed from ${rows} on, but those that were seen before; when it
 * is not ${whole}, without the last one, which is not all there. ${last} gets whose that is. */
static int take_text(struct printing *printing, struct revset rows, const char *text, bool whole,
                     struct revision **last, struct err *err)
{
    struct places places = {.printing = printing, .text = text};
    int rc = split_comments(text, strlen(text), note_place, &places, err);

    for (size_t i = 0; rc == 0 && i < places.n; i++) {
        struct revision *revision = places.v[i].revision;
        size_t end = i + 1 < places.n ? places.v[i + 1].marker : strlen(text);
        struct row_change *changes;
        size_t n;

        *last = revision;
        if (printing->is_downgrade)
            rows_downgrade(printing->graph, &rows, revision, &changes, &n);
        else
            rows_upgrade(printing->graph, &rows, revision, &changes, &n);
        if (printing->seen[revision->index] || (!whole && i + 1 == places.n))
            continue;
        printing->seen[revision->index] = true;
        take_section(printing, revision, text + places.v[i].begin, end - places.v[i].begin, n);
    }
    mem_free(places.v);
    return rc;
}

/* What could not be printed: a mistake for an upgrade, a note for a downgrade. */
static void tell_blocked(struct printing *printing, const struct revision *revision,
                         const struct err *reason)
{
    struct err *err;

    if (printing->is_downgrade) {
        strvec_pushf(&printing->convert->notes, "revision \"%s\": there is no downgrade: %s",
                     revision->id, reason->primary);
        return;
    }
    err = errs_new(printing->errs);
    *err = *reason;
    err_wrap(err, "the SQL of revision \"%s\" cannot be printed without a database", revision->id);
    err_as(err, ERR_REFUSED);
}

/* Print from ${from} (NULL: base) to ${to}; a failure belongs to the revision that was begun last,
 * to
 * ${wanted} when none was. Afterwards ${wanted} is seen. */
static void print_range(struct printing *printing, const struct revision *from, const char *to,
                        struct revision *wanted)
{
    struct revset rows = {0};
    auto_buf struct buf text = {0};
    struct err failure = ERR_INIT, err = ERR_INIT;
    struct revision *last = wanted;
    const char *start = from == NULL ? "base" : from->id;
    int rc =
        engine_range_sql(printing->services, printing->is_downgrade, start, to, &text, &failure);

    if (from != NULL)
        revset_add(graph_arena(printing->graph), &rows, graph_find(printing->graph, start));
    if (take_text(printing, rows, buf_text(&text), rc == 0, &last, &err) != 0 && rc == 0) {
        failure = err;
        rc = -1;
    }
    if (rc != 0 && !printing->seen[last->index]) {
        printing->seen[last->index] = true;
        tell_blocked(printing, last, &failure);
    }
    printing->seen[wanted->index] = true;
}

/* The head that ${revision} leads to. */
static const char *a_head_above(struct graph *graph, struct revision *revision)
{
    struct revset one = {.v = &revision, .n = 1};
    struct revset above = graph_descendants(graph, one, EDGES_DOWN);

    for (size_t i = 0; i < above.n; i++)
        if (above.v[i]->is_head)
            return above.v[i]->id;
    return revision->id;
}

static void print_all(struct printing *printing, struct revset order)
{
    size_t count = graph_count(printing->graph);
    struct arena *arena = printing->convert->arena;

    printing->seen = arena_alloc(arena, count * sizeof *printing->seen);
    printing->text = arena_alloc(arena, count * sizeof *printing->text);
    printing->no_transaction = arena_alloc(arena, count * sizeof *printing->no_transaction);
    if (order.n > 0 && !printing->is_downgrade)
        print_range(printing, NULL, "heads", order.v[0]);
    for (size_t i = 0; i < order.n; i++) {
        struct revision *revision = order.v[i];

        if (printing->seen[revision->index])
            continue;
        if (printing->is_downgrade)
            print_range(printing, revision, "base", revision);
        else
            print_range(printing, revision->down.n > 0 ? revision->down.v[0] : NULL,
                        a_head_above(printing->graph, revision), revision);
    }
}

/* --- revisions -------------------------------------------------------------------------------- */

/* The docstring above the fields that Alembic's template writes into it. */
static const char *message(struct arena *arena, const char *doc)
{
    size_t n = strlen(doc);

    for (const char *line = doc; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncasecmp(line, "Revision ID:", 12) == 0) {
            n = (size_t)(line - doc);
            break;
        }
    }
    for (; n > 0 && strchr(" \t\r\n", doc[n - 1]) != NULL; n--)
        ;
    return n == 0 ? "empty message" : arena_strndup(arena, doc, n);
}

/* "Create Date: 2026-01-31 13:45:10.123456": to the second; NULL when there is none. */
static const char *create_date(struct arena *arena, const char *doc)
{
    static const char field[] = "Create Date:", shape[] = "0000-00-00 00:00:00";
    const char *at = strcasestr(doc, field);

    if (at == NULL)
        return NULL;
    for (at += sizeof field - 1; *at == ' '; at++)
        ;
    for (size_t i = 0; shape[i] != '\0'; i++)
        if (shape[i] == '0' ? at[i] < '0' || at[i] > '9' : at[i] != shape[i])
            return NULL;
    return arena_strndup(arena, at, sizeof shape - 1);
}

static void add_revision(struct convert *convert, const struct revision *from,
                         const struct printing *up, const struct printing *down)
{
    struct ddb_new_revision *to = &convert->revisions[convert->n++];

    *to = (struct ddb_new_revision){
        .size = sizeof *to,
        .id = from->id,
        .message = message(convert->arena, from->doc),
        .create_date = create_date(convert->arena, from->doc),
        .down = from->down_ids,
        .labels = from->labels_declared,
        .depends_on = from->depends_on_ids,
        .upgrade = up->text[from->index],
        .downgrade = down->text[from->index],
    };
    if (up->no_transaction[from->index])
        to->flags |= DDB_NEW_UPGRADE_NO_TRANSACTION;
    if (down->no_transaction[from->index])
        to->flags |= DDB_NEW_DOWNGRADE_NO_TRANSACTION;
}

int convert_alembic(struct convert *convert, struct services *services, struct errs *errs)
{
    struct printing up = {.convert = convert, .services = services, .errs = errs}, down;
    struct revset heads, order, back;
    struct err err = ERR_INIT;

    if (engine_graph(services, &up.graph, errs) != 0)
        return -1;
    heads = graph_effective_heads(up.graph);
    if (order_upgrade(up.graph, (struct revset){0}, heads, &order, &err) != 0 ||
        order_downgrade(up.graph, heads, NULL, &back, &err) != 0) {
        *errs_new(errs) = err;
        return -1;
    }
    down = up;
    down.is_downgrade = true;
    print_all(&up, order);
    if (errs->n > 0)
        return -1;
    print_all(&down, back);
    convert->revisions = arena_alloc(convert->arena, (order.n + 1) * sizeof *convert->revisions);
    for (size_t i = 0; i < order.n; i++) {
        if (up.text[order.v[i]->index] == NULL)
            err_set(errs_new(errs), ERR_REFUSED,
                    "revision \"%s\" is not in the SQL that the engine "
                    "prints",
                    order.v[i]->id);
        add_revision(convert, order.v[i], &up, &down);
    }
    return errs->n == 0 ? 0 : -1;
}

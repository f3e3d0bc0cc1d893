/* parse - see parse.h. */
#include "pg/parse.h"

#include <string.h>

#include <pg_query.h>

#include "base/mem.h"

int parse_tree(const char *sql, char **tree, char **message)
{
    PgQueryParseResult result = pg_query_parse(sql);
    int rc = result.error == NULL ? 0 : -1;

    *tree = rc == 0 ? mem_strdup(result.parse_tree) : NULL;
    *message = rc == 0 ? NULL : mem_strdup(result.error->message);
    pg_query_free_parse_result(result);
    return rc;
}

void parse_free(char *text)
{
    mem_free(text);
}

/* A statement without a length goes up to the end. */
static struct parse_cut cut_of(const PgQuerySplitStmt *stmt, size_t n)
{
    size_t start = (size_t)stmt->stmt_location;

    return (struct parse_cut){start, stmt->stmt_len > 0 ? (size_t)stmt->stmt_len : n - start};
}

int parse_split(const char *sql, size_t n, struct parse_cut **cuts, size_t *n_cuts)
{
    auto_free char *copy = mem_alloc(n + 1);
    PgQuerySplitResult result;
    int rc = -1;

    memcpy(copy, sql, n);
    result = pg_query_split_with_parser(copy);
    if (result.error == NULL) {
        *n_cuts = (size_t)result.n_stmts;
        *cuts = mem_alloc((*n_cuts + 1) * sizeof **cuts);
        for (size_t i = 0; i < *n_cuts; i++)
            (*cuts)[i] = cut_of(result.stmts[i], n);
        rc = 0;
    }
    pg_query_free_split_result(result);
    return rc;
}

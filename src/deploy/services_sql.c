/* services_sql - see services_sql.h. */
#include "deploy/services_sql.h"

#include "deploy/services.h"
#include "pg/split.h"

_Static_assert((int)SPLIT_TRANSACTION == (int)DDB_STATEMENT_TRANSACTION &&
                   (int)SPLIT_COPY_IN == (int)DDB_STATEMENT_COPY_IN &&
                   (int)SPLIT_META == (int)DDB_STATEMENT_META &&
                   (int)SPLIT_CONCURRENTLY == (int)DDB_STATEMENT_CONCURRENTLY &&
                   (int)SPLIT_LEXED == (int)DDB_STATEMENT_LEXED,
               "split's flags are those of plugin.h");

struct target {
    int (*statement)(void *arg, const struct ddb_statement *statement);
    int (*comment)(void *arg, const struct ddb_comment *comment);
    void *arg;
};

static int give_statement(void *arg, const struct split_statement *from)
{
    const struct target *target = arg;
    struct ddb_statement statement = {
        .size = sizeof statement,
        .text = from->text,
        .n = from->n,
        .line = from->line,
        .flags = from->flags,
        .data = from->data,
        .data_n = from->data_n,
    };

    return target->statement(target->arg, &statement);
}

static int give_comment(void *arg, const struct split_comment *from)
{
    const struct target *target = arg;
    struct ddb_comment comment = {
        .size = sizeof comment,
        .text = from->text,
        .n = from->n,
        .line = from->line,
        .depth = from->depth,
    };

    return target->comment(target->arg, &comment);
}

int services_sql_split(struct ddb_call *call, const char *text, size_t n,
                       int (*each)(void *arg, const struct ddb_statement *statement), void *arg)
{
    struct target target = {.statement = each, .arg = arg};

    return split_statements(text, n, give_statement, &target, call->err);
}

int services_sql_comments(struct ddb_call *call, const char *text, size_t n,
                          int (*each)(void *arg, const struct ddb_comment *comment), void *arg)
{
    struct target target = {.comment = each, .arg = arg};

    return split_comments(text, n, give_comment, &target, call->err);
}

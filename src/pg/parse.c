/* parse - see parse.h. */
#include "pg/parse.h"

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

/* atomic - see atomic.h. */
#include "atomic.h"

#include <ctype.h>
#include <string.h>

/* Words that can end the transaction, or step out of it. */
static const char *const escapes[] = {
    "commit", "rollback", "autocommit", "autocommit_block", "isolation_level", "execution_options",
    "create_engine", "engine_from_config", "sessionmaker", "psycopg", "psycopg2", "asyncpg",
    "subprocess", "system", "popen", "dblink", "dblink_exec", "exec", "eval", "__import__", "importlib",
    "transaction_per_migration", "transactional_ddl", NULL,
};

/* env.py makes its own engine: of the words above only these count there. */
static const char *const environment_escapes[] = {
    "commit", "autocommit", "autocommit_block", "isolation_level", "transaction_per_migration",
    "transactional_ddl", NULL,
};

/* Modules that a revision may import without doubt. */
static const char *const modules[] = {
    "alembic", "sqlalchemy", "sqlmodel", "geoalchemy2", "pgvector", "typing", "datetime", "uuid",
    "decimal", "json", "re", "enum", "logging", "os", "textwrap", "hashlib", "secrets", "string",
    "collections", "itertools", "functools", "math", "time", "__future__", NULL,
};

static int is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Whether ${word} stands in ${text} as a word of its own, in upper or lower case. */
static bool has_word(const char *text, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = text; (at = strcasestr(at, word)) != NULL; at += n)
        if ((at == text || !is_word(at[-1])) && !is_word(at[n]))
            return true;
    return false;
}

static bool has_any(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (has_word(text, *words))
            return true;
    return false;
}

static bool is_known(const char *name, size_t n)
{
    for (const char *const *module = modules; *module != NULL; module++)
        if (strlen(*module) == n && strncmp(*module, name, n) == 0)
            return true;
    return false;
}

/* The modules of one import line: `import a.b as c, d` or `from a.b import c`. */
static bool knows_line(const char *line)
{
    bool is_from = strncmp(line, "from ", 5) == 0;

    line += is_from ? 5 : 7;
    for (;;) {
        size_t n;

        line += strspn(line, " \t");
        n = 0;
        while (is_word(line[n]))
            n++;
        if (!is_known(line, n))
            return false;
        if (is_from)
            return true;
        line += strcspn(line, ",\n;");
        if (*line != ',')
            return *line != ';';
        line++;
    }
}

/* Every import, wherever it stands, is of a known module. */
static bool knows_imports(const char *text)
{
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        line += strspn(line, " \t");
        if ((strncmp(line, "import ", 7) == 0 || strncmp(line, "from ", 5) == 0) &&
            !knows_line(line))
            return false;
    }
    return true;
}

bool atomic_text(const char *text)
{
    return !has_any(text, escapes) && knows_imports(text);
}

bool atomic_environment(const char *text)
{
    return !has_any(text, environment_escapes) && has_word(text, "begin_transaction");
}

/* atomic - see atomic.h. */
#include "atomic.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "lex.h"

/* Names that end the transaction, step out of it, or run what is not seen here: text from a file, or
 * put together from numbers, may say COMMIT. */
static const char *const escapes[] = {
    "commit", "rollback", "autocommit", "autocommit_block", "isolation_level", "set_isolation_level",
    "set_session", "execution_options", "engine", "connect", "create_engine", "engine_from_config",
    "create_async_engine", "async_engine_from_config", "sessionmaker", "raw_connection", "detach",
    "invalidate", "psycopg", "psycopg2", "asyncpg", "subprocess", "system", "popen", "fork", "exec",
    "eval", "getattr", "__import__", "importlib", "transaction_per_migration", "transactional_ddl",
    "open", "read_text", "__dict__", "__getattribute__", "attrgetter", "methodcaller", "globals",
    "vars", "chr", "posix_spawn", "posix_spawnp", "spawnl", "spawnle", "spawnlp", "spawnlpe",
    "spawnv", "spawnve", "spawnvp", "spawnvpe", NULL,
};

/* env.py makes an engine and connects: of these names only some count there, and loops, in which a
 * transaction would be begun again and again. */
static const char *const environment_escapes[] = {
    "commit", "autocommit", "autocommit_block", "isolation_level", "set_isolation_level",
    "set_session", "transaction_per_migration", "transactional_ddl", "for", "while", "exec", "eval",
    NULL,
};
static const char *const environment_words[] = {"commit", "autocommit", "isolation_level",
                                                "transaction_per_migration", "transactional_ddl",
                                                NULL};
static const char *const engines[] = {"create_engine", "engine_from_config", "create_async_engine",
                                      "async_engine_from_config", NULL};

/* The same in SQL, and in the arguments of functions. */
static const char *const sql_escapes[] = {"commit", "rollback", "abort", "dblink", "dblink_exec",
                                          "program", "setval", "restart", "autocommit", NULL};

/* Modules that a revision may import without doubt. */
static const char *const modules[] = {
    "alembic", "sqlalchemy", "sqlmodel", "geoalchemy2", "pgvector", "typing", "datetime", "uuid",
    "decimal", "json", "re", "enum", "logging", "os", "textwrap", "hashlib", "secrets", "string",
    "collections", "itertools", "functools", "math", "time", "__future__", NULL,
};

static bool is_one_of(const struct token *token, const char *const *texts)
{
    for (; *texts != NULL; texts++)
        if (lex_is(token, LEX_NAME, *texts))
            return true;
    return false;
}

/* --- strings -----------------------------------------------------------------------------------*/

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The words of ${text}, in upper or lower case, against ${words}. */
static bool has_word(const char *text, size_t n, const char *const *words)
{
    for (size_t i = 0, len; i < n; i += len) {
        len = 0;
        while (i + len < n && is_word(text[i + len]))
            len++;
        for (const char *const *word = words; len > 0 && *word != NULL; word++)
            if (strlen(*word) == len && strncasecmp(text + i, *word, len) == 0)
                return true;
        len += len == 0;
    }
    return false;
}

/* END is COMMIT where a statement begins with it; PREPARE TRANSACTION ends it too. In the body of a
 * function END is harmless, but looks the same. */
static bool begins_with_end(const char *text, size_t n)
{
    static const char *const ends[] = {"end", "prepare"};
    bool at_start = true;

    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; at_start && j < 2; j++) {
            size_t len = strlen(ends[j]);

            if (n - i > len && strncasecmp(text + i, ends[j], len) == 0 && !is_word(text[i + len]))
                return true;
        }
        at_start = text[i] == ';' || text[i] == '"' || text[i] == '\'' ||
                   (at_start && isspace((unsigned char)text[i]));
    }
    return false;
}

static bool is_safe_string(const struct token *token)
{
    return !has_word(token->text, token->n, sql_escapes) &&
           !begins_with_end(token->text, token->n) &&
           !(lex_has_prefix(token, "ft") && has_word(token->text, token->n, escapes));
}

/* --- imports -----------------------------------------------------------------------------------*/

/* Step through an import statement, whose first word is ${token}; false: an unknown module. */
static bool knows_import(struct lex *lex, struct token *token)
{
    bool is_from = lex_is(token, LEX_NAME, "from"), expected = true;

    for (;;) {
        lex_next(lex, token);
        if (token->kind == LEX_NEWLINE || token->kind == LEX_END || token->kind == LEX_ERROR ||
            lex_is(token, LEX_OP, ";"))
            return !expected;
        if (expected && !is_one_of(token, modules))
            return false;
        if (is_one_of(token, escapes) && !lex_is(token, LEX_NAME, "engine")) /* a module's part */
            return false;
        expected = !is_from && lex_is(token, LEX_OP, ",");
    }
}

/* --- files -------------------------------------------------------------------------------------*/

/* Whether ${token}, the first of a statement, is a docstring: a string alone. Then step over it. */
static bool skip_docstring(struct lex *lex, struct token *token)
{
    struct lex ahead = *lex;
    struct token next;

    if (token->kind != LEX_STRING || lex_has_prefix(token, "ft"))
        return false;
    lex_next(&ahead, &next);
    if (next.kind != LEX_NEWLINE)
        return false;
    *lex = ahead;
    *token = next;
    return true;
}

bool atomic_text(const char *text, size_t n)
{
    struct lex lex;
    struct token token;
    bool at_start = true;

    lex_init(&lex, text, n);
    for (lex_next(&lex, &token); token.kind != LEX_END; lex_next(&lex, &token)) {
        if (at_start && (lex_is(&token, LEX_NAME, "import") || lex_is(&token, LEX_NAME, "from"))) {
            if (!knows_import(&lex, &token))
                return false;
        } else if (at_start && skip_docstring(&lex, &token)) {
            continue;
        }
        if (token.kind == LEX_ERROR || is_one_of(&token, escapes) ||
            (token.kind == LEX_STRING && !is_safe_string(&token)))
            return false;
        at_start = token.kind == LEX_NEWLINE || lex_is(&token, LEX_OP, ";") ||
                   lex_is(&token, LEX_OP, ":");
    }
    return true;
}

bool atomic_environment(const char *text, size_t n)
{
    struct lex lex;
    struct token token;
    bool has_engine = false, begins = false;

    lex_init(&lex, text, n);
    for (lex_next(&lex, &token); token.kind != LEX_END; lex_next(&lex, &token)) {
        if (token.kind == LEX_ERROR || is_one_of(&token, environment_escapes) ||
            (token.kind == LEX_STRING && !skip_docstring(&lex, &token) &&
             has_word(token.text, token.n, environment_words)))
            return false;
        has_engine = has_engine || is_one_of(&token, engines);
        begins = begins || lex_is(&token, LEX_NAME, "begin_transaction");
    }
    return has_engine && begins;
}

bool atomic_config(const char *text, size_t n)
{
    static const char *const words[] = {"isolation_level", "autocommit", NULL};

    return !has_word(text, n, words);
}

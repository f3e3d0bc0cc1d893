/* plain_rules - see plain_rules.h. */
#include "pg/plain_rules.h"

#include <string.h>

#include "pg/split.h"
#include "pg/split_lex.h"

enum { WORDS = 6, SHOWN = 200 };

/* The first words of a statement, without quotes; others are "". */
struct words {
    struct {
        const char *text;
        size_t n;
    } word[WORDS];
    size_t n;
};

static void first_words(const struct split_piece *piece, struct words *words)
{
    struct split_lex lex = {.p = piece->text, .end = piece->text + piece->n};
    enum split_token token;

    *words = (struct words){.n = 0};
    for (size_t i = 0; i < WORDS; i++)
        words->word[i].text = "";
    while (words->n < WORDS && (token = split_lex_next(&lex)) != SPLIT_END && token != SPLIT_OPEN) {
        if (token == SPLIT_BLANK || token == SPLIT_COMMENT)
            continue;
        if (token == SPLIT_WORD) {
            words->word[words->n].text = lex.token;
            words->word[words->n].n = (size_t)(lex.p - lex.token);
        }
        words->n++;
    }
}

static bool is(const struct words *words, size_t i, const char *text)
{
    return split_lex_is(words->word[i].text, words->word[i].n, text);
}

/* --- refusals -------------------------------------------------------------------------------------*/

static int refuse(const struct split_piece *piece, const char *what, const char *hint,
                  struct err *err)
{
    size_t shown = strcspn(piece->text, piece->flags & SPLIT_META ? " \t\r\n" : "'\n");

    /* Behind a quote there may be a password. */
    err_set(err, ERR_PREPARE, "line %zu: %s", piece->line, what);
    err_detail(err, "%.*s", (int)(shown < SHOWN ? shown : SHOWN), piece->text);
    return err_hint(err, "%s", hint);
}

static int judge_meta(const struct split_piece *piece, enum plain_rule *rule, struct err *err)
{
    size_t n = strcspn(piece->text, " \t\r\n");
    static const char *const connects[] = {"\\connect", "\\c"};

    if ((n == 9 && strncmp(piece->text, "\\restrict", n) == 0) ||
        (n == 11 && strncmp(piece->text, "\\unrestrict", n) == 0)) {
        *rule = PLAIN_META;
        return 0;
    }
    for (size_t i = 0; i < sizeof connects / sizeof *connects; i++)
        if (n == strlen(connects[i]) && strncmp(piece->text, connects[i], n) == 0)
            return refuse(piece, "the file goes to a database of its own choice",
                          "Write the dump without --create, of one database: pg_dump, not "
                          "pg_dumpall.",
                          err);
    return refuse(piece, "the file holds a command of psql, which can run programs",
                  "No meta-command is run. Remove the line if you trust the rest of the file.", err);
}

/* What statements may begin with. Everything else is a mistake, another language or garbage. */
static bool is_known(const struct words *words)
{
    static const char *const known[] = {
        "abort",  "alter",    "analyze", "begin",   "call",     "close",    "comment",  "commit",
        "copy",   "create",   "declare", "delete",  "do",       "drop",     "end",      "execute",
        "fetch",  "grant",    "import",  "insert",  "lock",     "merge",    "move",     "prepare",
        "reset",  "refresh",  "reindex", "release", "revoke",   "rollback", "savepoint", "security",
        "select", "set",      "start",   "truncate", "update",  "vacuum",   "values",   "with",
        "cluster", "deallocate", "discard", "explain", "table", "listen",   "notify",   "unlisten",
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (is(words, 0, known[i]))
            return true;
    return false;
}

/* CREATE, ALTER, DROP … of what is not in one database. */
static bool is_of_server(const struct words *words)
{
    static const char *const objects[] = {"database", "role", "group", "tablespace", "system",
                                          "owned"};

    if (!is(words, 0, "create") && !is(words, 0, "alter") && !is(words, 0, "drop"))
        return false;
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++)
        if (is(words, 1, objects[i]))
            return true;
    return is(words, 1, "user") && !is(words, 2, "mapping");
}

/* GRANT … ON DATABASE, TABLESPACE or PARAMETER; a role given to another has no ON. */
static bool grants_of_server(const struct split_piece *piece, const struct words *words)
{
    struct split_lex lex = {.p = piece->text, .end = piece->text + piece->n};
    enum split_token token;
    bool on = false;

    if (!is(words, 0, "grant") && !is(words, 0, "revoke"))
        return false;
    while ((token = split_lex_next(&lex)) != SPLIT_END && token != SPLIT_OPEN) {
        size_t n = (size_t)(lex.p - lex.token);

        if (token != SPLIT_WORD)
            continue;
        if (on)
            return split_lex_is(lex.token, n, "database") ||
                   split_lex_is(lex.token, n, "tablespace") ||
                   split_lex_is(lex.token, n, "parameter");
        on = split_lex_is(lex.token, n, "on");
    }
    return !on;
}

/* "SET standard_conforming_strings = off": the text would have to be read in another way. */
static bool turns_strings(const struct split_piece *piece, const struct words *words)
{
    size_t at = is(words, 1, "session") || is(words, 1, "local") ? 2 : 1;

    return is(words, 0, "set") && is(words, at, "standard_conforming_strings") &&
           memmem(piece->text, piece->n, "off", 3) != NULL;
}

static int judge(const struct split_piece *piece, const struct words *words, enum plain_rule *rule,
                 struct err *err)
{
    if (!is_known(words))
        return refuse(piece, "this begins like no statement of SQL",
                      "The file is damaged, or no dump of PostgreSQL.", err);
    if (is_of_server(words) || grants_of_server(piece, words))
        return refuse(piece, "the statement is about the server or another database",
                      "Write the dump without --create, of one database: pg_dump, not pg_dumpall.",
                      err);
    if (is(words, 0, "copy") && !(piece->flags & SPLIT_COPY_IN))
        return refuse(piece, "COPY reads or writes a file or a program of the server",
                      "Only COPY … FROM STDIN is run.", err);
    if (turns_strings(piece, words))
        return refuse(piece, "the file is written for standard_conforming_strings = off",
                      "Dump again with a pg_dump of PostgreSQL 9.1 or later.", err);
    *rule = PLAIN_RUN;
    if ((is(words, 0, "comment") && is(words, 1, "on") && is(words, 2, "database")) ||
        (is(words, 0, "security") && memmem(piece->text, piece->n, " ON DATABASE ", 13) != NULL))
        *rule = PLAIN_PASS_OVER;
    else if (is(words, 0, "set"))
        *rule = PLAIN_SETTING;
    else if (is(words, 0, "create") && is(words, 1, "schema") && is(words, 2, "public") &&
             words->n == 3)
        *rule = PLAIN_PUBLIC;
    return 0;
}

int plain_rules_judge(const struct split_piece *piece, enum plain_rule *rule, struct err *err)
{
    struct words words;

    if (memchr(piece->text, '\0', piece->n) != NULL)
        return refuse(piece, "the statement holds a byte zero",
                      "The file is damaged, or no dump of PostgreSQL.", err);
    if (piece->flags & SPLIT_META)
        return judge_meta(piece, rule, err);
    first_words(piece, &words);
    return judge(piece, &words, rule, err);
}

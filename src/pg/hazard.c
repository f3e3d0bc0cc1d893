/* hazard - see hazard.h. Here: the scan of a text; hazard_rules.c judges its statements. */
#include "pg/hazard.h"

#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "pg/hazard_scan.h"
#include "pg/split.h"
#include "pg/parse.h"

enum { STATEMENT_SHOWN = 120 };

/* --- what the files of hazard share ------------------------------------------------------------*/

const char *hazard_text(const json_t *node, const char *key)
{
    const char *text = json_string_value(json_object_get(node, key));

    return text == NULL ? "" : text;
}

bool hazard_flag(const json_t *node, const char *key)
{
    return json_is_true(json_object_get(node, key));
}

const char *hazard_shown(struct hazard_scan *scan, struct hazard_name name)
{
    return arena_printf(scan->arena, "\"%s%s%s\"", name.schema == NULL ? "" : name.schema,
                        name.schema == NULL ? "" : ".", name.name);
}

bool hazard_is_made(const struct hazard_scan *scan, struct hazard_name name)
{
    return hazard_made_has(&scan->made, HAZARD_TABLE, name, NULL);
}

/* ${version_table} may be "name" or "schema.name". */
bool hazard_is_version_table(const struct hazard_scan *scan, struct hazard_name name)
{
    const char *dot = strrchr(scan->version_table, '.');
    size_t len = dot == NULL ? 0 : (size_t)(dot - scan->version_table);

    if (strcmp(name.name, dot == NULL ? scan->version_table : dot + 1) != 0)
        return false;
    return dot == NULL || name.schema == NULL ||
           (strlen(name.schema) == len && strncmp(name.schema, scan->version_table, len) == 0);
}

static void add(struct hazard_scan *scan, const char *statement, bool destroys, const char *reason)
{
    for (size_t i = scan->n; i-- > 0 && scan->list[i].statement == statement;)
        if (strcmp(scan->list[i].reason, reason) == 0)
            return;
    if (scan->n == scan->cap) {
        scan->cap = scan->cap == 0 ? 16 : scan->cap * 2;
        scan->list = mem_realloc(scan->list, scan->cap * sizeof *scan->list);
    }
    scan->list[scan->n++] = (struct hazard){
        .statement = statement,
        .reason = arena_strdup(scan->arena, reason),
        .destroys = destroys,
    };
}

void hazard_destroys(struct hazard_scan *scan, const char *fmt, ...)
{
    char reason[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(reason, sizeof reason, fmt, args);
    va_end(args);
    add(scan, scan->statement, true, reason);
}

void hazard_note(struct hazard_scan *scan, const char *fmt, ...)
{
    char reason[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(reason, sizeof reason, fmt, args);
    va_end(args);
    add(scan, scan->statement, false, reason);
}

/* --- the text ----------------------------------------------------------------------------------*/

/* The first line of ${text}, cut between characters. */
static const char *first_line(struct arena *arena, const char *text, size_t n)
{
    size_t len = 0;

    while (len < n && text[len] != '\n' && text[len] != '\r')
        len++;
    if (len > STATEMENT_SHOWN)
        for (len = STATEMENT_SHOWN; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80;)
            len--;
    return arena_strndup(arena, text, len);
}

/* Something follows a COMMIT: what came before it stays when that fails. */
static void note_commit(struct hazard_scan *scan)
{
    if (scan->commit == NULL)
        return;
    if (!scan->commit_noted)
        add(scan, scan->commit, false,
            "commits in the middle: when a later statement fails, what came before it stays");
    scan->commit_noted = true;
    scan->commit = NULL;
}

static void scan_tree(struct hazard_scan *scan, const char *tree)
{
    json_t *root = json_loads(tree, 0, NULL);
    json_t *stmt;
    size_t i;

    if (root == NULL)
        hazard_destroys(scan, "too deep or not in UTF-8, counts as destroying");
    json_array_foreach(json_object_get(root, "stmts"), i, stmt)
        hazard_rules_judge(scan, json_object_get(stmt, "stmt"));
    json_decref(root);
}

static int scan_statement(void *arg, const struct split_statement *statement)
{
    struct hazard_scan *scan = arg;
    auto_buf struct buf sql = {0};
    char *tree = NULL, *message = NULL;

    scan->statement = first_line(scan->arena, statement->text, statement->n);
    note_commit(scan);
    if (statement->code > SPLIT_CODE_MAX) {
        hazard_destroys(scan, "too long to be looked at, counts as destroying");
        return 0;
    }
    buf_add(&sql, statement->text, statement->n);
    if (parse_tree(buf_text(&sql), &tree, &message) == 0)
        scan_tree(scan, tree);
    else
        hazard_destroys(scan, "cannot be parsed, counts as destroying: %s", message);
    parse_free(tree);
    parse_free(message);
    return 0;
}

static void scan_text(struct hazard_scan *scan, const char *sql)
{
    struct err err = ERR_INIT;

    scan->n = 0;
    scan->commit = NULL;
    if (split_statements(sql, strlen(sql), scan_statement, scan, &err) == 0)
        return;
    scan->statement = first_line(scan->arena, sql, strlen(sql));
    hazard_destroys(scan, "cannot be parsed, counts as destroying: %s", err.primary);
}

void hazard_scan(struct arena *arena, const char *sql, const char *version_table,
                 struct hazard **list, size_t *n)
{
    hazard_scan_back(arena, sql, NULL, version_table, list, n);
}

void hazard_scan_back(struct arena *arena, const char *sql, const char *back,
                      const char *version_table, struct hazard **list, size_t *n)
{
    struct hazard_scan scan = {
        .arena = arena,
        .version_table = version_table,
        .made = {.arena = arena},
    };

    scan_text(&scan, sql);
    scan.is_back = back != NULL;
    if (back != NULL)
        scan_text(&scan, back);
    *list = arena_alloc(arena, scan.n * sizeof **list);
    if (scan.n > 0)
        memcpy(*list, scan.list, scan.n * sizeof **list);
    *n = scan.n;
    mem_free(scan.list);
    hazard_made_release(&scan.made);
}

bool hazard_any_destroys(const struct hazard *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].destroys)
            return true;
    return false;
}

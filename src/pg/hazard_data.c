/* hazard_data - rows: which statements and functions change rows that a downgrade does not bring
 * back. See hazard_scan.h. */
#include <string.h>

#include "pg/hazard_scan.h"

/* --- functions ---------------------------------------------------------------------------------*/

/* Functions of PostgreSQL and its common extensions that only read or compute, sorted bytewise. */
static const char *const readers[] = {
    "abs", "age", "array_agg", "array_append", "array_cat", "array_fill", "array_length",
    "array_lower", "array_ndims", "array_position", "array_positions", "array_prepend",
    "array_remove", "array_replace", "array_to_json", "array_to_string", "array_upper", "ascii",
    "avg", "bit_length", "bool_and", "bool_or", "btrim", "cardinality", "cbrt", "ceil", "ceiling",
    "char_length", "character_length", "chr", "clock_timestamp", "concat", "concat_ws",
    "convert_from", "convert_to", "count", "crypt", "cume_dist", "current_database",
    "current_schema", "current_schemas", "current_setting", "currval", "date", "date_bin",
    "date_part", "date_trunc", "decode", "degrees", "dense_rank", "digest", "div", "encode",
    "every", "exp", "extract", "first_value", "floor", "format", "format_type", "gen_random_bytes",
    "gen_random_uuid", "gen_salt", "generate_series", "generate_subscripts", "hashtext", "hmac",
    "initcap", "isfinite", "json_agg", "json_array_elements", "json_array_elements_text",
    "json_array_length", "json_build_array", "json_build_object", "json_each", "json_each_text",
    "json_extract_path", "json_extract_path_text", "json_object", "json_object_agg",
    "json_object_keys", "json_strip_nulls", "json_to_record", "json_to_recordset", "json_typeof",
    "jsonb_agg", "jsonb_array_elements", "jsonb_array_elements_text", "jsonb_array_length",
    "jsonb_build_array", "jsonb_build_object", "jsonb_each", "jsonb_each_text",
    "jsonb_extract_path", "jsonb_extract_path_text", "jsonb_insert", "jsonb_object",
    "jsonb_object_agg", "jsonb_object_keys", "jsonb_path_exists", "jsonb_path_match",
    "jsonb_path_query", "jsonb_path_query_array", "jsonb_path_query_first", "jsonb_pretty",
    "jsonb_set", "jsonb_set_lax", "jsonb_strip_nulls", "jsonb_to_record", "jsonb_to_recordset",
    "jsonb_typeof", "justify_days", "justify_hours", "justify_interval", "lag", "last_value",
    "lastval", "lead", "left", "length", "like_escape", "ln", "log", "lower", "lpad", "ltrim",
    "make_date", "make_interval", "make_time", "make_timestamp", "make_timestamptz", "max", "md5",
    "min", "mod", "normalize", "now", "nth_value", "ntile", "num_nonnulls", "num_nulls",
    "obj_description", "octet_length", "overlaps", "overlay", "percent_rank", "percentile_cont",
    "percentile_disc", "pg_get_serial_sequence", "pg_typeof", "phraseto_tsquery", "pi",
    "plainto_tsquery", "position", "power", "quote_ident", "quote_literal", "quote_nullable",
    "radians", "random", "rank", "regexp_count", "regexp_instr", "regexp_like", "regexp_match",
    "regexp_matches", "regexp_replace", "regexp_split_to_array", "regexp_split_to_table",
    "regexp_substr", "repeat", "replace", "reverse", "right", "round", "row_number", "row_to_json",
    "rpad", "rtrim", "setweight", "sha224", "sha256", "sha384", "sha512", "sign",
    "similar_to_escape", "split_part", "sqrt", "starts_with", "statement_timestamp", "stddev",
    "string_agg", "string_to_array", "string_to_table", "strip", "strpos", "substr", "substring",
    "sum", "timeofday", "timezone", "to_char", "to_date", "to_hex", "to_json", "to_jsonb",
    "to_number", "to_regclass", "to_timestamp", "to_tsquery", "to_tsvector",
    "transaction_timestamp", "translate", "trim_array", "trunc", "unaccent", "unnest", "upper",
    "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v3", "uuid_generate_v4",
    "uuid_generate_v5", "uuid_nil", "variance", "version", "websearch_to_tsquery", "width_bucket",
    "xmlagg",
};

/* Those of them that give a new value for each row: as a default of a new column they make the
 * server write the whole table again. */
static const char *const volatiles[] = {
    "clock_timestamp", "gen_random_bytes", "gen_random_uuid", "gen_salt", "random", "timeofday",
    "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4",
};

static int compare(const void *name, const void *entry)
{
    return strcmp(name, *(const char *const *)entry);
}

#define LISTED(name, list)                                                                         \
    (bsearch(name, list, sizeof(list) / sizeof *(list), sizeof *(list), compare) != NULL)

static bool is_builtin(struct hazard_name name)
{
    return name.schema == NULL || strcmp(name.schema, "pg_catalog") == 0;
}

/* The sequence in nextval('schema.name') and setval: a constant, perhaps cast to regclass. */
static bool names_made_sequence(const struct hazard_scan *scan, const json_t *call)
{
    const json_t *arg = json_array_get(json_object_get(call, "args"), 0);
    const json_t *cast = json_object_get(arg, "TypeCast");
    char text[160];
    char *dot;
    struct hazard_name name = {0};

    if (cast != NULL)
        arg = json_object_get(cast, "arg");
    arg = json_object_get(json_object_get(json_object_get(arg, "A_Const"), "sval"), "sval");
    if (arg == NULL || strpbrk(json_string_value(arg), "\"ABCDEFGHIJKLMNOPQRSTUVWXYZ") != NULL)
        return false;
    if ((size_t)snprintf(text, sizeof text, "%s", json_string_value(arg)) >= sizeof text)
        return false;
    dot = strchr(text, '.');
    name.name = text;
    if (dot != NULL) {
        *dot = '\0';
        name.schema = text;
        name.name = dot + 1;
    }
    return hazard_made_has(&scan->made, HAZARD_SEQUENCE, name, NULL);
}

static bool call_is_known(const struct hazard_scan *scan, const json_t *call)
{
    struct hazard_name name = hazard_made_list_name(json_object_get(call, "funcname"));

    if (!is_builtin(name))
        return false;
    if (strcmp(name.name, "nextval") == 0 || strcmp(name.name, "setval") == 0)
        return names_made_sequence(scan, call);
    return LISTED(name.name, readers);
}

const char *hazard_data_unknown_call(const struct hazard_scan *scan, const json_t *node)
{
    const char *found = NULL;
    const char *key;
    json_t *child;
    size_t i;

    json_array_foreach(node, i, child)
        if ((found = hazard_data_unknown_call(scan, child)) != NULL)
            return found;
    json_object_foreach((json_t *)node, key, child) {
        if (strcmp(key, "FuncCall") == 0 && !call_is_known(scan, child))
            return hazard_made_list_name(json_object_get(child, "funcname")).name;
        if ((found = hazard_data_unknown_call(scan, child)) != NULL)
            return found;
    }
    return NULL;
}

bool hazard_data_calls_volatile(const json_t *node)
{
    const char *key;
    json_t *child;
    size_t i;

    json_array_foreach(node, i, child)
        if (hazard_data_calls_volatile(child))
            return true;
    json_object_foreach((json_t *)node, key, child) {
        struct hazard_name name = hazard_made_list_name(json_object_get(child, "funcname"));

        if (strcmp(key, "FuncCall") == 0 &&
            (LISTED(name.name, volatiles) || !LISTED(name.name, readers)))
            return true;
        if (hazard_data_calls_volatile(child))
            return true;
    }
    return false;
}

/* --- rows --------------------------------------------------------------------------------------*/

/* The table that ${stmt} changes, when that matters: NULL for the version table and for tables that
 * the same text created. */
static const char *older_table(struct hazard_scan *scan, const json_t *stmt,
                               struct hazard_name *name)
{
    *name = hazard_made_name(json_object_get(stmt, "relation"));
    if (hazard_is_version_table(scan, *name) || hazard_is_made(scan, *name))
        return NULL;
    return hazard_shown(scan, *name);
}

static void judge_insert(struct hazard_scan *scan, const json_t *stmt)
{
    struct hazard_name name;
    const char *shown = older_table(scan, stmt, &name);

    if (shown != NULL)
        hazard_destroys(scan, "adds rows to table %s, which a downgrade may leave there", shown);
}

static void judge_delete(struct hazard_scan *scan, const json_t *stmt)
{
    struct hazard_name name;
    const char *shown = older_table(scan, stmt, &name);

    if (shown != NULL)
        hazard_destroys(scan, "deletes rows of table %s", shown);
}

static void judge_merge(struct hazard_scan *scan, const json_t *stmt)
{
    struct hazard_name name;
    const char *shown = older_table(scan, stmt, &name);

    if (shown != NULL)
        hazard_destroys(scan, "changes rows of table %s", shown);
}

/* An update of nothing but columns that the same text added is gone with these columns. */
static void judge_update(struct hazard_scan *scan, const json_t *stmt)
{
    struct hazard_name name;
    const char *shown = older_table(scan, stmt, &name);
    const json_t *targets = json_object_get(stmt, "targetList");
    json_t *target;
    size_t i;

    if (shown == NULL)
        return;
    json_array_foreach(targets, i, target) {
        const char *column = hazard_text(json_object_get(target, "ResTarget"), "name");

        if (hazard_made_has(&scan->made, HAZARD_COLUMN, name, column))
            continue;
        hazard_destroys(scan, "overwrites column \"%s\" of table %s", column, shown);
        return;
    }
    hazard_note(scan, "updates rows of table %s: its triggers may change older columns too", shown);
}

static void judge_into(struct hazard_scan *scan, const json_t *into)
{
    if (strcmp(hazard_text(into, "onCommit"), "ONCOMMIT_DROP") != 0)
        hazard_made_add(&scan->made, HAZARD_TABLE, hazard_made_name(json_object_get(into, "rel")),
                        NULL);
}

static void judge_call(struct hazard_scan *scan, const json_t *call)
{
    struct hazard_name name = hazard_made_list_name(json_object_get(call, "funcname"));

    if (call_is_known(scan, call))
        return;
    if (is_builtin(name) && strcmp(name.name, "setval") == 0)
        hazard_destroys(scan, "sets the value of a sequence");
    else if (is_builtin(name) && strcmp(name.name, "nextval") == 0)
        hazard_destroys(scan, "advances a sequence");
    else
        hazard_destroys(scan, "calls function %s, whose effect is not known",
                        hazard_shown(scan, name));
}

static const struct {
    const char *node;
    void (*judge)(struct hazard_scan *scan, const json_t *stmt);
} changers[] = {
    {"InsertStmt", judge_insert}, {"UpdateStmt", judge_update}, {"DeleteStmt", judge_delete},
    {"MergeStmt", judge_merge},   {"FuncCall", judge_call},     {"intoClause", judge_into},
};

void hazard_data_walk(struct hazard_scan *scan, const json_t *node)
{
    const char *key;
    json_t *child;
    size_t i;

    json_array_foreach(node, i, child)
        hazard_data_walk(scan, child);
    json_object_foreach((json_t *)node, key, child) {
        for (i = 0; i < sizeof changers / sizeof changers[0]; i++)
            if (strcmp(key, changers[i].node) == 0)
                changers[i].judge(scan, child);
        hazard_data_walk(scan, child);
    }
}

void hazard_data_truncate(struct hazard_scan *scan, const json_t *stmt)
{
    bool cascade = strcmp(hazard_text(stmt, "behavior"), "DROP_CASCADE") == 0;
    const json_t *relations = json_object_get(stmt, "relations");
    json_t *relation;
    size_t i;

    json_array_foreach(relations, i, relation) {
        struct hazard_name name = hazard_made_name(json_object_get(relation, "RangeVar"));

        if (cascade || !hazard_is_made(scan, name))
            hazard_destroys(scan, "empties table %s%s", hazard_shown(scan, name),
                            cascade ? " and every table that refers to it" : "");
    }
}

void hazard_data_copy(struct hazard_scan *scan, const json_t *stmt)
{
    struct hazard_name name;
    const char *shown = older_table(scan, stmt, &name);

    if (hazard_flag(stmt, "is_program"))
        hazard_destroys(scan, "runs a program on the server");
    else if (hazard_flag(stmt, "is_from") && shown != NULL)
        hazard_destroys(scan, "adds rows to table %s, which a downgrade may leave there", shown);
    else if (!hazard_flag(stmt, "is_from") && json_object_get(stmt, "filename") != NULL)
        hazard_destroys(scan, "writes a file on the server");
    hazard_data_walk(scan, json_object_get(stmt, "query"));
}

/* hazard_rules - the rule for each kind of statement. See hazard_scan.h. */
#include <string.h>

#include "pg/hazard_scan.h"

/* --- creating ----------------------------------------------------------------------------------*/

static void may_exist(struct hazard_scan *scan, const char *what, const char *shown)
{
    hazard_destroys(scan, "%s %s may exist already, and a downgrade would drop it with its data",
                    what, shown);
}

/* A table counts as this text's own only when nothing else can be reached through it: its defaults
 * call nothing unknown, and it is no partition (an older parent's triggers would come with that). */
static void create_table(struct hazard_scan *scan, const json_t *stmt)
{
    struct hazard_name name = hazard_made_name(json_object_get(stmt, "relation"));

    if (hazard_is_version_table(scan, name))
        return;
    if (hazard_flag(stmt, "if_not_exists"))
        may_exist(scan, "table", hazard_shown(scan, name));
    else if (strcmp(hazard_text(stmt, "oncommit"), "ONCOMMIT_DROP") != 0)
        hazard_made_add(&scan->made, HAZARD_TABLE, name, NULL);
    if (json_object_get(stmt, "partbound") != NULL ||
        hazard_data_unknown_call(scan, json_object_get(stmt, "tableElts")) != NULL)
        hazard_made_share(&scan->made, name);
}

static void create_table_as(struct hazard_scan *scan, const json_t *stmt)
{
    const json_t *into = json_object_get(stmt, "into");
    struct hazard_name name = hazard_made_name(json_object_get(into, "rel"));
    const json_t *query = json_object_get(stmt, "query");

    hazard_data_walk(scan, query);
    if (json_object_get(query, "ExecuteStmt") != NULL)
        hazard_destroys(scan, "executes a prepared statement, whose effect is not known");
    if (strcmp(hazard_text(stmt, "objtype"), "OBJECT_MATVIEW") == 0)
        return;
    if (hazard_flag(stmt, "if_not_exists"))
        may_exist(scan, "table", hazard_shown(scan, name));
    else if (strcmp(hazard_text(into, "onCommit"), "ONCOMMIT_DROP") != 0)
        hazard_made_add(&scan->made, HAZARD_TABLE, name, NULL);
}

static void create_sequence(struct hazard_scan *scan, const json_t *stmt)
{
    struct hazard_name name = hazard_made_name(json_object_get(stmt, "sequence"));

    if (hazard_flag(stmt, "if_not_exists"))
        may_exist(scan, "sequence", hazard_shown(scan, name));
    else
        hazard_made_add(&scan->made, HAZARD_SEQUENCE, name, NULL);
}

/* Tables inside CREATE SCHEMA are written without their schema: forget them again. */
static void create_schema(struct hazard_scan *scan, const json_t *stmt)
{
    const json_t *elements = json_object_get(stmt, "schemaElts");
    struct hazard_name name = {.name = hazard_text(stmt, "schemaname")};
    json_t *element;
    size_t i;

    if (hazard_flag(stmt, "if_not_exists"))
        may_exist(scan, "schema", hazard_shown(scan, name));
    json_array_foreach(elements, i, element)
        hazard_rules_judge(scan, element);
    if (json_array_size(elements) > 0)
        hazard_made_forget_unqualified(&scan->made);
}

static void create_extension(struct hazard_scan *scan, const json_t *stmt)
{
    struct hazard_name name = {.name = hazard_text(stmt, "extname")};

    if (hazard_flag(stmt, "if_not_exists"))
        may_exist(scan, "extension", hazard_shown(scan, name));
}

static void create_index(struct hazard_scan *scan, const json_t *stmt)
{
    const json_t *relation = json_object_get(stmt, "relation");
    struct hazard_name name = hazard_made_name(relation);

    if (!hazard_is_made(scan, name) && !hazard_flag(stmt, "concurrent") &&
        hazard_flag(relation, "inh")) /* not ONLY: that builds nothing on a partitioned table */
        hazard_note(scan, "locks table %s against writes while it builds an index",
                    hazard_shown(scan, name));
}

/* From now on a change of the table may change others. */
static void create_trigger(struct hazard_scan *scan, const json_t *stmt)
{
    hazard_made_share(&scan->made, hazard_made_name(json_object_get(stmt, "relation")));
}

/* --- altering ----------------------------------------------------------------------------------*/

static void alter_sequence(struct hazard_scan *scan, const json_t *stmt)
{
    struct hazard_name name = hazard_made_name(json_object_get(stmt, "sequence"));
    const json_t *options = json_object_get(stmt, "options");
    json_t *option;
    size_t i;

    if (hazard_made_has(&scan->made, HAZARD_SEQUENCE, name, NULL))
        return;
    json_array_foreach(options, i, option)
        if (strcmp(hazard_text(json_object_get(option, "DefElem"), "defname"), "restart") == 0)
            hazard_destroys(scan, "restarts sequence %s", hazard_shown(scan, name));
}

static void alter_enum(struct hazard_scan *scan, const json_t *stmt)
{
    struct hazard_name name = hazard_made_list_name(json_object_get(stmt, "typeName"));

    if (json_object_get(stmt, "oldVal") == NULL)
        hazard_destroys(scan, "adds the value \"%s\" to type %s, which cannot be removed again",
                        hazard_text(stmt, "newVal"), hazard_shown(scan, name));
}

static void rename_object(struct hazard_scan *scan, const json_t *stmt)
{
    static const char *const shared[] = {"OBJECT_DATABASE", "OBJECT_ROLE", "OBJECT_TABLESPACE"};
    const char *type = hazard_text(stmt, "renameType");
    const char *to = hazard_text(stmt, "newname");
    struct hazard_name name = hazard_made_name(json_object_get(stmt, "relation"));

    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++)
        if (strcmp(type, shared[i]) == 0)
            hazard_destroys(scan, "renames what other databases share");
    if (strcmp(type, "OBJECT_SCHEMA") == 0)
        hazard_made_forget_all(&scan->made);
    else if (strcmp(type, "OBJECT_COLUMN") == 0)
        hazard_made_rename_column(&scan->made, name, hazard_text(stmt, "subname"), to);
    else if (json_object_get(stmt, "subname") == NULL && name.name[0] != '\0')
        hazard_made_rename(&scan->made, name, to);
}

static void alter_schema(struct hazard_scan *scan, const json_t *stmt)
{
    struct hazard_name name = hazard_made_name(json_object_get(stmt, "relation"));

    if (name.name[0] != '\0')
        hazard_made_move(&scan->made, name, hazard_text(stmt, "newschema"));
}

/* --- dropping ----------------------------------------------------------------------------------*/

/* What can be dropped and holds no data: its definition comes back with a downgrade. Those marked
 * cannot take a column with them by CASCADE. */
static const struct {
    const char *type;
    bool even_cascade;
} droppable[] = {
    {"OBJECT_INDEX", true},        {"OBJECT_TRIGGER", true},     {"OBJECT_RULE", true},
    {"OBJECT_POLICY", true},       {"OBJECT_STATISTIC_EXT", true}, {"OBJECT_CAST", false},
    {"OBJECT_VIEW", false},        {"OBJECT_MATVIEW", false},    {"OBJECT_FUNCTION", false},
    {"OBJECT_PROCEDURE", true},    {"OBJECT_ROUTINE", false},    {"OBJECT_AGGREGATE", false},
    {"OBJECT_OPERATOR", false},    {"OBJECT_OPCLASS", false},    {"OBJECT_OPFAMILY", false},
    {"OBJECT_COLLATION", false},   {"OBJECT_CONVERSION", true},  {"OBJECT_PUBLICATION", true},
    {"OBJECT_TSCONFIGURATION", false}, {"OBJECT_TSDICTIONARY", false},
};

static bool is_droppable(const char *type, bool cascade)
{
    for (size_t i = 0; i < sizeof droppable / sizeof droppable[0]; i++)
        if (strcmp(type, droppable[i].type) == 0)
            return !cascade || droppable[i].even_cascade;
    return false;
}

/* What can only be dropped without CASCADE when nothing is in it, or of it. A proof by the catalog sees
 * whether a downgrade has dropped the right one. */
static bool holds_no_data(const char *type)
{
    static const char *const types[] = {"OBJECT_SCHEMA", "OBJECT_TYPE", "OBJECT_DOMAIN"};

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(type, types[i]) == 0)
            return true;
    return false;
}

/* The name of one dropped object: a list, a type, a routine or one string. */
static struct hazard_name dropped_name(const json_t *object)
{
    const json_t *list = json_object_get(json_object_get(object, "List"), "items");
    const char *single = hazard_text(json_object_get(object, "String"), "sval");

    if (list == NULL)
        list = json_object_get(json_object_get(object, "TypeName"), "names");
    if (list == NULL)
        list = json_object_get(json_object_get(object, "ObjectWithArgs"), "objname");
    return list == NULL ? (struct hazard_name){.name = single} : hazard_made_list_name(list);
}

static void drop_relation(struct hazard_scan *scan, const char *what, enum hazard_kind kind,
                          struct hazard_name name)
{
    if (scan->is_back && hazard_is_version_table(scan, name)) /* its rows are proven */
        return;
    if (scan->is_back ? !hazard_made_knows(&scan->made, kind, name, NULL)
                      : !hazard_made_has(&scan->made, kind, name, NULL))
        hazard_destroys(scan, "drops %s %s with its %s", what, hazard_shown(scan, name),
                        kind == HAZARD_TABLE ? "data" : "value");
    hazard_made_forget(&scan->made, name);
}

static void drop(struct hazard_scan *scan, const json_t *stmt)
{
    const char *type = hazard_text(stmt, "removeType");
    bool cascade = strcmp(hazard_text(stmt, "behavior"), "DROP_CASCADE") == 0;
    const json_t *objects = json_object_get(stmt, "objects");
    json_t *object;
    size_t i;

    if (is_droppable(type, cascade) || (scan->is_back && !cascade && holds_no_data(type)))
        return;
    json_array_foreach(objects, i, object) {
        struct hazard_name name = dropped_name(object);

        if (strcmp(type, "OBJECT_TABLE") == 0)
            drop_relation(scan, "table", HAZARD_TABLE, name);
        else if (strcmp(type, "OBJECT_SEQUENCE") == 0)
            drop_relation(scan, "sequence", HAZARD_SEQUENCE, name);
        else
            hazard_destroys(scan, "drops %s%s", hazard_shown(scan, name),
                            cascade ? " and everything that depends on it"
                                    : ", which may hold data");
    }
    if (strcmp(type, "OBJECT_SCHEMA") == 0)
        hazard_made_forget_all(&scan->made);
}

/* --- the session -------------------------------------------------------------------------------*/

/* What decides the path is set, or reset. Where this text had not set it, a reset is what engines put
 * behind a step that might have: for the names to mean others, the session must have had a path before. */
static void change_path(struct hazard_scan *scan, bool is_reset)
{
    if (is_reset && !scan->path_changed) {
        hazard_made_share_unqualified(&scan->made);
        return;
    }
    hazard_made_forget_unqualified(&scan->made);
    scan->path_changed = true;
}

static void set_variable(struct hazard_scan *scan, const json_t *stmt)
{
    static const char *const decide_path[] = {"search_path", "role", "session_authorization"};
    const char *name = hazard_text(stmt, "name");
    const char *kind = hazard_text(stmt, "kind");
    bool all = strcmp(kind, "VAR_RESET_ALL") == 0;
    bool is_reset = all || strcmp(kind, "VAR_RESET") == 0;

    for (size_t i = 0; i < sizeof decide_path / sizeof decide_path[0]; i++)
        all = all || strcmp(name, decide_path[i]) == 0;
    if (all)
        change_path(scan, is_reset);
    if (strcmp(name, "standard_conforming_strings") == 0) {
        const json_t *value = json_array_get(json_object_get(stmt, "args"), 0);

        value = json_object_get(json_object_get(value, "A_Const"), "sval");
        if (strcmp(hazard_text(value, "sval"), "on") != 0)
            hazard_destroys(scan, "changes how the text after it is read");
    }
}

static void discard(struct hazard_scan *scan, const json_t *stmt)
{
    (void)stmt; /* temporary tables and the search path may be gone */
    hazard_made_forget_all(&scan->made);
}

static void transaction(struct hazard_scan *scan, const json_t *stmt)
{
    const char *kind = hazard_text(stmt, "kind");

    if (strcmp(kind, "TRANS_STMT_COMMIT") == 0) {
        scan->commit = scan->statement;
        if (scan->path_changed)
            hazard_made_forget_unqualified(&scan->made);
    } else if (strncmp(kind, "TRANS_STMT_ROLLBACK", 19) == 0 &&
               strcmp(kind, "TRANS_STMT_ROLLBACK_PREPARED") != 0) {
        hazard_made_forget_all(&scan->made);
    } else if (strcmp(kind, "TRANS_STMT_BEGIN") != 0 && strcmp(kind, "TRANS_STMT_START") != 0 &&
               strcmp(kind, "TRANS_STMT_SAVEPOINT") != 0 &&
               strcmp(kind, "TRANS_STMT_RELEASE") != 0) {
        hazard_destroys(scan, "uses a prepared transaction, whose content is not known");
    }
}

static void run_block(struct hazard_scan *scan, const json_t *stmt)
{
    (void)stmt;
    hazard_destroys(scan, "runs a block of code, whose effect is not known");
}

static void call_procedure(struct hazard_scan *scan, const json_t *stmt)
{
    const json_t *name = json_object_get(json_object_get(stmt, "funccall"), "funcname");

    hazard_destroys(scan, "calls procedure %s, whose effect is not known",
                    hazard_shown(scan, hazard_made_list_name(name)));
}

/* --- the table of statements -------------------------------------------------------------------*/

/* What is not listed here is not known to be harmless. Without a function: harmless. */
static const struct {
    const char *node;
    void (*judge)(struct hazard_scan *scan, const json_t *stmt);
} statements[] = {
    {"AlterTableStmt", hazard_alter_table},
    {"CreateStmt", create_table},
    {"CreateTableAsStmt", create_table_as},
    {"CreateSeqStmt", create_sequence},
    {"CreateSchemaStmt", create_schema},
    {"CreateExtensionStmt", create_extension},
    {"IndexStmt", create_index},
    {"CreateTrigStmt", create_trigger},
    {"RuleStmt", create_trigger},
    {"AlterSeqStmt", alter_sequence},
    {"AlterEnumStmt", alter_enum},
    {"RenameStmt", rename_object},
    {"AlterObjectSchemaStmt", alter_schema},
    {"DropStmt", drop},
    {"TruncateStmt", hazard_data_truncate},
    {"CopyStmt", hazard_data_copy},
    {"VariableSetStmt", set_variable},
    {"DiscardStmt", discard},
    {"TransactionStmt", transaction},
    {"DoStmt", run_block},
    {"CallStmt", call_procedure},
    {"ViewStmt", NULL},
    {"CreateFunctionStmt", NULL},
    {"AlterFunctionStmt", NULL},
    {"CreateEnumStmt", NULL},
    {"CreateDomainStmt", NULL},
    {"AlterDomainStmt", NULL},
    {"CompositeTypeStmt", NULL},
    {"CreateRangeStmt", NULL},
    {"DefineStmt", NULL},
    {"CreateCastStmt", NULL},
    {"CreateStatsStmt", NULL},
    {"AlterStatsStmt", NULL},
    {"CreatePolicyStmt", NULL},
    {"AlterPolicyStmt", NULL},
    {"CreateOpClassStmt", NULL},
    {"CreateOpFamilyStmt", NULL},
    {"CreatePublicationStmt", NULL},
    {"CommentStmt", NULL},
    {"SecLabelStmt", NULL},
    {"GrantStmt", NULL},
    {"GrantRoleStmt", NULL},
    {"AlterDefaultPrivilegesStmt", NULL},
    {"AlterOwnerStmt", NULL},
    {"AlterObjectDependsStmt", NULL},
    {"VariableShowStmt", NULL},
    {"ConstraintsSetStmt", NULL},
    {"LockStmt", NULL},
    {"RefreshMatViewStmt", NULL},
    {"ReindexStmt", NULL},
    {"VacuumStmt", NULL},
    {"ClusterStmt", NULL},
    {"CheckPointStmt", NULL},
};

static bool is_data(const char *node)
{
    return strcmp(node, "SelectStmt") == 0 || strcmp(node, "InsertStmt") == 0 ||
           strcmp(node, "UpdateStmt") == 0 || strcmp(node, "DeleteStmt") == 0 ||
           strcmp(node, "MergeStmt") == 0;
}

void hazard_rules_judge(struct hazard_scan *scan, const json_t *stmt)
{
    void *member = json_object_iter((json_t *)stmt);
    const char *node = member == NULL ? "empty" : json_object_iter_key(member);

    if (is_data(node)) {
        hazard_data_walk(scan, stmt);
        return;
    }
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        if (strcmp(node, statements[i].node) != 0)
            continue;
        if (statements[i].judge != NULL)
            statements[i].judge(scan, json_object_iter_value(member));
        return;
    }
    hazard_destroys(scan, "a statement of this kind (%s) is not known to be harmless", node);
}

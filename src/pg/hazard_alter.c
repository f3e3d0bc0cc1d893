/* hazard_alter - ALTER TABLE: which of its commands lose data, which hold a lock for long. See
 * hazard_scan.h. */
#include <string.h>

#include "pg/hazard_scan.h"

struct alter {
    struct hazard_scan *scan;
    struct hazard_name name;
    const char *shown;
    bool made; /* the same text created the table */
    const char *column;
    const json_t *cmd, *def;
};

/* Rows of the table that ${constraint} refers to may change with rows of this one's, or this one's
 * with theirs: then the other table is no longer this text's own affair. */
static void check_reference(const struct alter *alter, const json_t *constraint)
{
    const char *on_delete = hazard_text(constraint, "fk_del_action");
    const char *on_update = hazard_text(constraint, "fk_upd_action");
    bool passive = strchr("ar", *on_delete) != NULL && strchr("ar", *on_update) != NULL;

    if (!alter->made && !passive)
        hazard_made_share(&alter->scan->made,
                          hazard_made_name(json_object_get(constraint, "pktable")));
}

static void note_constraint(const struct alter *alter, const json_t *constraint)
{
    const char *type = hazard_text(constraint, "contype");
    bool foreign = strcmp(type, "CONSTR_FOREIGN") == 0;

    if (foreign)
        check_reference(alter, constraint);
    if (alter->made)
        return;
    if (strcmp(type, "CONSTR_PRIMARY") == 0 || strcmp(type, "CONSTR_UNIQUE") == 0 ||
        strcmp(type, "CONSTR_EXCLUSION") == 0) {
        if (json_object_get(constraint, "indexname") == NULL)
            hazard_note(alter->scan, "locks table %s while it builds an index", alter->shown);
    } else if ((foreign || strcmp(type, "CONSTR_CHECK") == 0) &&
               !hazard_flag(constraint, "skip_validation")) {
        hazard_note(alter->scan, "locks table %s%s while it checks every row", alter->shown,
                    foreign ? " against writes" : "");
    }
}

static bool is_serial(const json_t *column)
{
    const json_t *type = json_object_get(column, "typeName");
    const char *name = hazard_made_list_name(json_object_get(type, "names")).name;

    return strstr(name, "serial") == name || strcmp(name, "bigserial") == 0 ||
           strcmp(name, "smallserial") == 0;
}

static void add_column(const struct alter *alter)
{
    const json_t *column = json_object_get(alter->def, "ColumnDef");
    const json_t *constraints = json_object_get(column, "constraints");
    const char *name = hazard_text(column, "colname");
    bool rewrites = is_serial(column);
    json_t *item;
    size_t i;

    if (hazard_flag(alter->cmd, "missing_ok") && !alter->made)
        hazard_destroys(alter->scan, "column \"%s\" of table %s may exist already, and a downgrade "
                        "would drop it with its data", name, alter->shown);
    else
        hazard_made_add(&alter->scan->made, HAZARD_COLUMN, alter->name, name);
    json_array_foreach(constraints, i, item) {
        const json_t *constraint = json_object_get(item, "Constraint");
        const char *type = hazard_text(constraint, "contype");

        note_constraint(alter, constraint);
        if (strcmp(type, "CONSTR_DEFAULT") == 0) {
            hazard_data_walk(alter->scan, json_object_get(constraint, "raw_expr"));
            rewrites |= hazard_data_calls_volatile(json_object_get(constraint, "raw_expr"));
        }
        rewrites |= strcmp(type, "CONSTR_IDENTITY") == 0 || strcmp(type, "CONSTR_GENERATED") == 0;
    }
    if (rewrites && !alter->made)
        hazard_note(alter->scan, "locks table %s while it writes every row again", alter->shown);
}

static bool column_is_made(const struct alter *alter)
{
    return alter->made ||
           hazard_made_has(&alter->scan->made, HAZARD_COLUMN, alter->name, alter->column);
}

/* The downgrade of a text may drop what the text has made, whoever has to do with it. */
static bool is_taken_back(const struct alter *alter)
{
    return alter->scan->is_back &&
           (hazard_made_knows(&alter->scan->made, HAZARD_TABLE, alter->name, NULL) ||
            hazard_made_knows(&alter->scan->made, HAZARD_COLUMN, alter->name, alter->column));
}

static void drop_column(const struct alter *alter)
{
    if (!column_is_made(alter) && !is_taken_back(alter))
        hazard_destroys(alter->scan, "drops column \"%s\" of table %s with its data", alter->column,
                        alter->shown);
    else if (strcmp(hazard_text(alter->cmd, "behavior"), "DROP_CASCADE") == 0 && !alter->made)
        hazard_destroys(alter->scan, "drops column \"%s\" of table %s and everything that depends "
                        "on it", alter->column, alter->shown);
    hazard_made_forget_column(&alter->scan->made, alter->name, alter->column);
}

static void alter_type(const struct alter *alter)
{
    if (!column_is_made(alter))
        hazard_destroys(alter->scan, "changes the type of column \"%s\" of table %s, and may lock "
                        "the table while it writes every row again", alter->column, alter->shown);
    else if (!alter->made)
        hazard_note(alter->scan, "locks table %s while it writes every row again", alter->shown);
    hazard_data_walk(alter->scan, alter->def); /* USING */
}

static void set_not_null(const struct alter *alter)
{
    if (!alter->made)
        hazard_note(alter->scan, "locks table %s while it checks every row", alter->shown);
}

static void add_constraint(const struct alter *alter)
{
    note_constraint(alter, json_object_get(alter->def, "Constraint"));
}

static void set_identity(const struct alter *alter)
{
    const json_t *items = json_object_get(json_object_get(alter->def, "List"), "items");
    json_t *item;
    size_t i;

    json_array_foreach(items, i, item)
        if (strcmp(hazard_text(json_object_get(item, "DefElem"), "defname"), "restart") == 0 &&
            !column_is_made(alter))
            hazard_destroys(alter->scan, "restarts the sequence of column \"%s\" of table %s",
                            alter->column, alter->shown);
}

static void drop_identity(const struct alter *alter)
{
    if (!column_is_made(alter))
        hazard_destroys(alter->scan, "drops the sequence of column \"%s\" of table %s with its "
                        "value", alter->column, alter->shown);
}

/* From now on a row of the parent may be a row of a table that is older than this text. */
static void inherit(const struct alter *alter)
{
    if (!alter->made)
        hazard_made_share(&alter->scan->made,
                          hazard_made_name(json_object_get(alter->def, "RangeVar")));
}

/* The same for a partitioned table; and an older one's triggers come to the new partition. */
static void attach(const struct alter *alter)
{
    const json_t *partition = json_object_get(alter->def, "PartitionCmd");
    struct hazard_name child = hazard_made_name(json_object_get(partition, "name"));

    if (!hazard_is_made(alter->scan, child))
        hazard_made_share(&alter->scan->made, alter->name);
    else if (!alter->made)
        hazard_made_share(&alter->scan->made, child);
}

/* What an ALTER TABLE may do; what is not listed here is not known to be harmless. */
static const struct {
    const char *subtype;
    void (*judge)(const struct alter *alter); /* NULL: harmless */
} commands[] = {
    {"AT_AddColumn", add_column},
    {"AT_DropColumn", drop_column},
    {"AT_AlterColumnType", alter_type},
    {"AT_SetNotNull", set_not_null},
    {"AT_DropNotNull", NULL},
    {"AT_ColumnDefault", NULL},
    {"AT_AddConstraint", add_constraint},
    {"AT_AlterConstraint", NULL},
    {"AT_ValidateConstraint", NULL},
    {"AT_DropConstraint", NULL},
    {"AT_AddIdentity", NULL},
    {"AT_SetIdentity", set_identity},
    {"AT_DropIdentity", drop_identity},
    {"AT_AddInherit", inherit},
    {"AT_DropInherit", NULL},
    {"AT_AttachPartition", attach},
    {"AT_DetachPartition", NULL},
    {"AT_DetachPartitionFinalize", NULL},
    {"AT_AddOf", NULL},
    {"AT_DropOf", NULL},
    {"AT_ChangeOwner", NULL},
    {"AT_ClusterOn", NULL},
    {"AT_DropCluster", NULL},
    {"AT_SetLogged", NULL},
    {"AT_SetTableSpace", NULL},
    {"AT_SetStatistics", NULL},
    {"AT_SetStorage", NULL},
    {"AT_SetCompression", NULL},
    {"AT_SetOptions", NULL},
    {"AT_ResetOptions", NULL},
    {"AT_SetRelOptions", NULL},
    {"AT_ResetRelOptions", NULL},
    {"AT_ReplicaIdentity", NULL},
    {"AT_EnableRowSecurity", NULL},
    {"AT_DisableRowSecurity", NULL},
    {"AT_ForceRowSecurity", NULL},
    {"AT_NoForceRowSecurity", NULL},
    {"AT_EnableTrig", NULL},
    {"AT_DisableTrig", NULL},
    {"AT_EnableAlwaysTrig", NULL},
    {"AT_EnableReplicaTrig", NULL},
    {"AT_EnableTrigUser", NULL},
    {"AT_DisableTrigUser", NULL},
    {"AT_EnableTrigAll", NULL},
    {"AT_DisableTrigAll", NULL},
    {"AT_EnableRule", NULL},
    {"AT_DisableRule", NULL},
    {"AT_EnableAlwaysRule", NULL},
    {"AT_EnableReplicaRule", NULL},
};

static void judge_command(struct alter *alter)
{
    const char *subtype = hazard_text(alter->cmd, "subtype");

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(subtype, commands[i].subtype) != 0)
            continue;
        if (commands[i].judge != NULL)
            commands[i].judge(alter);
        return;
    }
    if (!alter->made)
        hazard_destroys(alter->scan, "alters table %s in a way that is not known to be harmless",
                        alter->shown);
}

void hazard_alter_table(struct hazard_scan *scan, const json_t *stmt)
{
    struct hazard_name name = hazard_made_name(json_object_get(stmt, "relation"));
    struct alter alter = {
        .scan = scan,
        .name = name,
        .shown = hazard_shown(scan, name),
        .made = hazard_is_made(scan, name),
    };
    const json_t *cmds = json_object_get(stmt, "cmds");
    json_t *item;
    size_t i;

    json_array_foreach(cmds, i, item) {
        alter.cmd = json_object_get(item, "AlterTableCmd");
        alter.def = json_object_get(alter.cmd, "def");
        alter.column = hazard_text(alter.cmd, "name");
        judge_command(&alter);
    }
}

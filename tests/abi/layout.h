/*
 * layout - where every field of the plugin interface 1.3 lies, on machines with 8-byte pointers.
 *
 * A released offset never changes: whoever must edit a line here breaks installed plugins, and has
 * to raise DDB_ABI_MAJOR. A field that is appended gets a new line and raises DDB_ABI_MINOR.
 */
#ifndef ABI_LAYOUT_H
#define ABI_LAYOUT_H

#include "plugin.h"

_Static_assert(DDB_ABI_MAJOR == 1 && DDB_ABI_MINOR == 3 && DDB_ABI == 0x10003, "ABI 1.3");

#if defined(__LP64__)

#define AT(table, field, offset)                                                                   \
    _Static_assert(offsetof(struct table, field) == (offset), #table "." #field " has moved")
#define SIZE(table, bytes)                                                                         \
    _Static_assert(sizeof(struct table) == (bytes), #table " has another size")

AT(ddb_child, size, 0);
AT(ddb_child, argv, 8);
AT(ddb_child, env, 16);
AT(ddb_child, cwd, 24);
AT(ddb_child, tool, 32);
AT(ddb_child, timeout_ms, 40);
AT(ddb_child, input, 48);
AT(ddb_child, output, 56);
AT(ddb_child, error_line, 64);
AT(ddb_child, arg, 72);
SIZE(ddb_child, 80);

AT(ddb_host, size, 0);
AT(ddb_host, abi, 8);
AT(ddb_host, log, 16);
AT(ddb_host, fail, 24);
AT(ddb_host, detail, 32);
AT(ddb_host, hint, 40);
AT(ddb_host, alloc, 48);
AT(ddb_host, format, 56);
AT(ddb_host, setting, 64);
AT(ddb_host, settings, 72);
AT(ddb_host, fact, 80);
AT(ddb_host, database_env, 88);
AT(ddb_host, run, 96);
AT(ddb_host, errors, 104);
AT(ddb_host, note, 112);
AT(ddb_host, noted, 120);
AT(ddb_host, progress, 128);
AT(ddb_host, cancelled, 136);
AT(ddb_host, conninfo, 144); /* 1.1 */
AT(ddb_host, split, 152);
AT(ddb_host, comments, 160);
AT(ddb_host, file_name, 168);
AT(ddb_host, create_file, 176);
AT(ddb_host, fact_list, 184);
SIZE(ddb_host, 192);

AT(ddb_file_name, size, 0);
AT(ddb_file_name, file_template, 8);
AT(ddb_file_name, id, 16);
AT(ddb_file_name, message, 24);
AT(ddb_file_name, moment, 32);
AT(ddb_file_name, slug_length, 40);
AT(ddb_file_name, flags, 48);
SIZE(ddb_file_name, 56);

AT(ddb_statement, size, 0);
AT(ddb_statement, text, 8);
AT(ddb_statement, n, 16);
AT(ddb_statement, line, 24);
AT(ddb_statement, flags, 32);
AT(ddb_statement, data, 40);
AT(ddb_statement, data_n, 48);
SIZE(ddb_statement, 56);

AT(ddb_comment, size, 0);
AT(ddb_comment, text, 8);
AT(ddb_comment, n, 16);
AT(ddb_comment, line, 24);
AT(ddb_comment, depth, 32);
SIZE(ddb_comment, 40);

AT(ddb_revision, size, 0);
AT(ddb_revision, id, 8);
AT(ddb_revision, doc, 16);
AT(ddb_revision, path, 24);
AT(ddb_revision, down, 32);
AT(ddb_revision, labels, 40);
AT(ddb_revision, depends_on, 48);
SIZE(ddb_revision, 56);

AT(ddb_difference, size, 0);
AT(ddb_difference, aspect, 8);
AT(ddb_difference, object, 16);
AT(ddb_difference, text, 24);
SIZE(ddb_difference, 32);

AT(ddb_identity, size, 0);
AT(ddb_identity, system_identifier, 8);
AT(ddb_identity, database_oid, 40);
AT(ddb_identity, database, 56);
AT(ddb_identity, user, 120);
SIZE(ddb_identity, 184);

AT(ddb_engine, size, 0);
AT(ddb_engine, revisions, 8);
AT(ddb_engine, upgrade, 16);
AT(ddb_engine, downgrade, 24);
AT(ddb_engine, sql, 32);
AT(ddb_engine, models, 40);
AT(ddb_engine, identify, 48);
AT(ddb_engine, can_downgrade, 56);
AT(ddb_engine, can_models, 64);
AT(ddb_engine, can_transaction, 72);
AT(ddb_engine, steps, 80); /* 1.1 */
AT(ddb_engine, steps_sql, 88);
AT(ddb_engine, downgrade_sql, 96);
AT(ddb_engine, write, 104);
AT(ddb_engine, inspect, 112);
AT(ddb_engine, settle, 120);
SIZE(ddb_engine, 128);

AT(ddb_row_change, size, 0);
AT(ddb_row_change, kind, 8);
AT(ddb_row_change, from, 16);
AT(ddb_row_change, to, 24);
SIZE(ddb_row_change, 32);

AT(ddb_step, size, 0);
AT(ddb_step, id, 8);
AT(ddb_step, is_downgrade, 16);
AT(ddb_step, text, 24);
AT(ddb_step, path, 32);
AT(ddb_step, changes, 40);
SIZE(ddb_step, 48);

AT(ddb_new_revision, size, 0);
AT(ddb_new_revision, id, 8);
AT(ddb_new_revision, message, 16);
AT(ddb_new_revision, create_date, 24);
AT(ddb_new_revision, down, 32);
AT(ddb_new_revision, labels, 40);
AT(ddb_new_revision, depends_on, 48);
AT(ddb_new_revision, version_path, 56);
AT(ddb_new_revision, beside, 64);
AT(ddb_new_revision, upgrade, 72);
AT(ddb_new_revision, downgrade, 80);
AT(ddb_new_revision, flags, 88);
SIZE(ddb_new_revision, 96);

AT(ddb_finding, size, 0);
AT(ddb_finding, kind, 8);
AT(ddb_finding, revision, 16);
AT(ddb_finding, text, 24);
AT(ddb_finding, hint, 32);
SIZE(ddb_finding, 40);

AT(ddb_sink, size, 0);
AT(ddb_sink, begin, 8);
AT(ddb_sink, write, 16);
AT(ddb_sink, end, 24);
AT(ddb_sink, self, 32);
AT(ddb_sink, rows_begin, 40);
AT(ddb_sink, rows, 48);
AT(ddb_sink, rows_end, 56);
SIZE(ddb_sink, 64);

AT(ddb_source, size, 0);
AT(ddb_source, open, 8);
AT(ddb_source, read, 16);
AT(ddb_source, close, 24);
AT(ddb_source, self, 32);
SIZE(ddb_source, 40);

AT(ddb_snapshot, size, 0);
AT(ddb_snapshot, preflight, 8);
AT(ddb_snapshot, take, 16);
AT(ddb_snapshot, verify, 24);
AT(ddb_snapshot, restore, 32);
AT(ddb_snapshot, version, 40);
AT(ddb_snapshot, restore_section, 48);
AT(ddb_snapshot, table_rows, 56);
AT(ddb_snapshot, restore_archive, 64);
AT(ddb_snapshot, archive_sql, 72);
AT(ddb_snapshot, clone, 80);
SIZE(ddb_snapshot, 88);

AT(ddb_stored, size, 0);
AT(ddb_stored, name, 8);
AT(ddb_stored, size_bytes, 16);
AT(ddb_stored, modified, 24);
AT(ddb_stored, partial, 32);
SIZE(ddb_stored, 40);

AT(ddb_store, size, 0);
AT(ddb_store, create, 8);
AT(ddb_store, write, 16);
AT(ddb_store, commit, 24);
AT(ddb_store, abort, 32);
AT(ddb_store, open, 40);
AT(ddb_store, read, 48);
AT(ddb_store, close, 56);
AT(ddb_store, list, 64);
AT(ddb_store, remove, 72);
AT(ddb_store, free_bytes, 80);
AT(ddb_store, locate, 88);
AT(ddb_store, suspend, 96);
AT(ddb_store, resume, 104);
SIZE(ddb_store, 112);

AT(ddb_setting, key, 0);
AT(ddb_setting, type, 8);
AT(ddb_setting, fallback, 16);
AT(ddb_setting, help, 24);
SIZE(ddb_setting, 32); /* an array's element: it cannot grow within a major version */

AT(ddb_plugin, size, 0);
AT(ddb_plugin, abi, 8);
AT(ddb_plugin, kind, 16);
AT(ddb_plugin, name, 24);
AT(ddb_plugin, summary, 32);
AT(ddb_plugin, settings, 40);
AT(ddb_plugin, ops, 48);
AT(ddb_plugin, load, 56);
AT(ddb_plugin, unload, 64);
SIZE(ddb_plugin, 72);

#undef AT
#undef SIZE

#endif

/* Values are part of the interface too. */
_Static_assert(DDB_KIND_ENGINE == 1 && DDB_KIND_SNAPSHOT == 2 && DDB_KIND_STORE == 3, "kinds");
_Static_assert(DDB_LEVEL_ERROR == 0 && DDB_LEVEL_WARNING == 1 && DDB_LEVEL_INFO == 2 &&
                   DDB_LEVEL_DETAIL == 3 && DDB_LEVEL_DEBUG == 4, "levels");
_Static_assert(DDB_CAN_NONE == 0 && DDB_CAN_PARTLY == 1 && DDB_CAN_FULLY == 2, "capabilities");
_Static_assert(DDB_STATEMENT_TRANSACTION == 1 && DDB_STATEMENT_COPY_IN == 2 &&
                   DDB_STATEMENT_META == 4 && DDB_STATEMENT_CONCURRENTLY == 8 &&
                   DDB_STATEMENT_LEXED == 16, "statement flags");
_Static_assert(DDB_ROW_INSERT == 1 && DDB_ROW_DELETE == 2 && DDB_ROW_UPDATE == 3, "row changes");
_Static_assert(DDB_NEW_AUTOGENERATE == 1 && DDB_NEW_UPGRADE_NO_TRANSACTION == 2 &&
                   DDB_NEW_DOWNGRADE_NO_TRANSACTION == 4 && DDB_NEW_SPLICE == 8,
               "new revision flags");
_Static_assert(DDB_TYPE_STRING == 1 && DDB_TYPE_INT == 2 && DDB_TYPE_BOOL == 3 &&
                   DDB_TYPE_LIST == 4 && DDB_TYPE_DURATION == 5 && DDB_TYPE_PATH == 6, "types");

#endif

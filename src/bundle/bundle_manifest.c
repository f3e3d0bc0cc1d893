/* bundle_manifest - see bundle_manifest.h. */
#include "bundle/bundle_manifest.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundle/bundle_name.h"

static const char format_name[] = "deploy-db snapshot";
enum { FORMAT_VERSION = 1, PART_DIGITS = 6, HASH_DIGITS = 32 };

/* --- names ------------------------------------------------------------------------------------- */

bool bundle_manifest_name(const char *name)
{
    size_t n = strlen(name);
    char before = '/';

    if (n == 0 || n > BUNDLE_NAME_MAX || name[n - 1] == '/')
        return false;
    for (; *name != '\0'; before = *name++) {
        bool plain = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
                     (*name >= '0' && *name <= '9') || *name == '_';

        if (!plain && (before == '/' || (*name != '.' && *name != '-' && *name != '/')))
            return false;
    }
    return true;
}

bool bundle_manifest_base(const char *name, char base[BUNDLE_NAME_MAX + 1], int *part)
{
    size_t n = strlen(name);
    size_t digits = 0;

    *part = -1;
    if (n > BUNDLE_NAME_MAX)
        return false;
    while (digits < n && name[n - 1 - digits] >= '0' && name[n - 1 - digits] <= '9')
        digits++;
    if (digits == PART_DIGITS && n > PART_DIGITS + 1 && name[n - PART_DIGITS - 1] == '.') {
        *part = (int)strtol(name + n - PART_DIGITS, NULL, 10);
        n -= PART_DIGITS + 1;
    }
    if (n <= 4 || memcmp(name + n - 4, ".zst", 4) != 0)
        return false;
    memcpy(base, name, n - 4);
    base[n - 4] = '\0';
    return true;
}

bool bundle_chunk_of(const struct bundle_member *member, uint32_t *oid, unsigned *number)
{
    unsigned table, chunk;
    char again[64];

    if (sscanf(member->name, "data/%u.%u.", &table, &chunk) != 2)
        return false;
    snprintf(again, sizeof again, "data/%u.%04u.copy.zst", table, chunk);
    *oid = table;
    *number = chunk;
    return strcmp(again, member->name) == 0;
}

/* --- writing ----------------------------------------------------------------------------------- */

static json_t *member_json(const struct bundle_member *member)
{
    json_t *json = json_object();

    json_object_set_new(json, "name", json_string(member->name));
    json_object_set_new(json, "size", json_integer(member->size_bytes));
    json_object_set_new(json, "raw_size", json_integer(member->raw_bytes));
    json_object_set_new(json, "sha256", json_string(member->sha256));
    json_object_set_new(json, "offset", json_integer(member->offset));
    return json;
}

char *bundle_manifest_format(const struct bundle_member *members, size_t n_members,
                             const struct bundle_table *tables, size_t n_tables,
                             int64_t raw_bytes)
{
    json_t *root = json_object(), *list = json_array(), *rows = json_array();
    json_t *totals = json_object();
    int64_t stored = 0;
    char *text;

    for (size_t i = 0; i < n_members; i++) {
        json_array_append_new(list, member_json(&members[i]));
        stored += members[i].size_bytes;
    }
    for (size_t i = 0; i < n_tables; i++) {
        json_t *table = json_object();

        bundle_name_put(table, "schema", tables[i].schema);
        bundle_name_put(table, "name", tables[i].name);
        json_object_set_new(table, "rows", json_integer(tables[i].rows));
        if (tables[i].hash[0] != '\0')
            json_object_set_new(table, "hash", json_string(tables[i].hash));
        if (tables[i].copy != NULL) {
            json_object_set_new(table, "oid", json_integer(tables[i].oid));
            json_object_set_new(table, "copy", bundle_name_text(tables[i].copy));
        }
        json_array_append_new(rows, table);
    }
    json_object_set_new(totals, "members", json_integer((json_int_t)n_members));
    json_object_set_new(totals, "size", json_integer(stored));
    json_object_set_new(totals, "raw_size", json_integer(raw_bytes));
    json_object_set_new(root, "format", json_string(format_name));
    json_object_set_new(root, "version", json_integer(FORMAT_VERSION));
    json_object_set_new(root, "members", list);
    json_object_set_new(root, "tables", rows);
    json_object_set_new(root, "totals", totals);
    text = json_dumps(root, JSON_INDENT(1));
    json_decref(root);
    if (text == NULL) {
        fprintf(stderr, "deploy-db: out of memory (manifest of a snapshot)\n");
        abort();
    }
    return text;
}

void bundle_manifest_copies(const struct bundle_table *tables, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++)
        if (tables[i].copy != NULL)
            buf_addf(out, "%u\tCOPY %s FROM STDIN\n", (unsigned)tables[i].oid, tables[i].copy);
}

void bundle_manifest_sums(const struct bundle_member *members, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++)
        buf_addf(out, "%s  %s\n", members[i].sha256, members[i].name);
}

/* --- reading ----------------------------------------------------------------------------------- */

static int bad(struct err *err, const char *what)
{
    return err_set(err, ERR_PREPARE, "member \"%s\" of the snapshot is damaged: %s",
                   BUNDLE_MANIFEST, what);
}

static bool get_count(const json_t *object, const char *key, int64_t min, int64_t *value)
{
    const json_t *json = json_object_get(object, key);

    *value = json_integer_value(json);
    return json_is_integer(json) && *value >= min;
}

static bool is_hex(const char *text, size_t digits)
{
    return text != NULL && strlen(text) == digits && strspn(text, "0123456789abcdef") == digits;
}

static int parse_member(const json_t *json, struct arena *arena, struct bundle_member *member,
                        struct err *err)
{
    const char *name = json_string_value(json_object_get(json, "name"));
    const char *sha256 = json_string_value(json_object_get(json, "sha256"));

    if (name == NULL || !bundle_manifest_name(name))
        return bad(err, "a member without a proper name");
    if (!get_count(json, "size", 0, &member->size_bytes) ||
        !get_count(json, "raw_size", 0, &member->raw_bytes) ||
        !get_count(json, "offset", 0, &member->offset) || !is_hex(sha256, 64))
        return err_set(err, ERR_PREPARE,
                       "member \"%s\" of the snapshot has no proper entry in \"%s\"", name,
                       BUNDLE_MANIFEST);
    member->name = arena_strdup(arena, name);
    memcpy(member->sha256, sha256, sizeof member->sha256);
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* No name twice, whether as a member of the tar or as what it holds. */
static int check_unique(const struct bundle *bundle, struct err *err)
{
    auto_free const char **names = mem_alloc(bundle->n_members * sizeof *names);

    for (size_t i = 0; i < bundle->n_members; i++)
        names[i] = bundle->members[i].name;
    qsort(names, bundle->n_members, sizeof *names, by_name);
    for (size_t i = 1; i < bundle->n_members; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return err_set(err, ERR_PREPARE, "member \"%s\" stands twice in the snapshot",
                           names[i]);
    return 0;
}

/* The parts of one data member follow each other, numbered from 0; only chunks may stand
 * between them. */
static int check_parts(const struct bundle *bundle, struct err *err)
{
    char previous[BUNDLE_NAME_MAX + 1] = "";
    int previous_part = -1;

    for (size_t i = 0; i < bundle->n_members; i++) {
        const char *name = bundle->members[i].name;
        char base[BUNDLE_NAME_MAX + 1];
        uint32_t oid;
        unsigned number;
        int part;

        if (bundle_chunk_of(&bundle->members[i], &oid, &number))
            continue;
        if (!bundle_manifest_base(name, base, &part)) {
            base[0] = '\0';
            part = -1;
        }
        if (part > 0 && (strcmp(base, previous) != 0 || part != previous_part + 1))
            return err_set(err, ERR_PREPARE,
                           "member \"%s\" of the snapshot does not follow its previous part", name);
        if (part == 0 && strcmp(base, previous) == 0)
            return err_set(err, ERR_PREPARE, "member \"%s\" stands twice in the snapshot", name);
        snprintf(previous, sizeof previous, "%s", base);
        previous_part = part;
    }
    return 0;
}

static int parse_members(const json_t *list, struct arena *arena, struct bundle *bundle,
                         struct err *err)
{
    size_t n = json_array_size(list);
    int64_t room = INT64_MAX; /* whoever adds the sizes up needs no look at each */

    if (!json_is_array(list) || n == 0 || n > BUNDLE_MEMBERS_MAX)
        return bad(err, "no proper list of members");
    bundle->members = arena_alloc(arena, n * sizeof *bundle->members);
    for (size_t i = 0; i < n; i++) {
        if (parse_member(json_array_get(list, i), arena, &bundle->members[i], err) < 0)
            return -1;
        if (bundle->members[i].raw_bytes > room)
            return bad(err, "its sizes make an absurd sum");
        room -= bundle->members[i].raw_bytes;
    }
    bundle->n_members = n;
    return check_unique(bundle, err) < 0 || check_parts(bundle, err) < 0 ? -1 : 0;
}

/* Every table of copy.list has its chunks, numbered from 0, and every chunk its table. */
struct chunk_table {
    uint32_t oid;
    unsigned n;     /* chunks so far */
    unsigned most;  /* the highest number so far */
};

static int by_oid(const void *a, const void *b)
{
    const struct chunk_table *left = a, *right = b;

    return left->oid < right->oid ? -1 : left->oid > right->oid;
}

static int count_chunks(const struct bundle *bundle, struct chunk_table *tables, size_t n,
                        struct err *err)
{
    for (size_t i = 0; i < bundle->n_members; i++) {
        struct chunk_table key = {0}, *table;
        unsigned number;

        if (!bundle_chunk_of(&bundle->members[i], &key.oid, &number))
            continue;
        table = n == 0 ? NULL : bsearch(&key, tables, n, sizeof *tables, by_oid);
        if (table == NULL)
            return err_set(err, ERR_PREPARE, "member \"%s\" of the snapshot belongs to no table",
                           bundle->members[i].name);
        table->n++;
        table->most = number > table->most ? number : table->most;
    }
    for (size_t i = 0; i < n; i++)
        if (tables[i].n > 0 && tables[i].most + 1 != tables[i].n)
            return err_set(err, ERR_PREPARE, "the chunks of table %u are not all in the snapshot",
                           (unsigned)tables[i].oid);
    return 0;
}

static int check_chunks(const struct bundle *bundle, struct err *err)
{
    struct chunk_table *tables = mem_alloc((bundle->n_tables + 1) * sizeof *tables);
    size_t n = 0;
    int rc = 0;

    for (size_t i = 0; i < bundle->n_tables; i++)
        if (bundle->tables[i].copy != NULL)
            tables[n++] = (struct chunk_table){.oid = bundle->tables[i].oid};
    if (n > 0)
        qsort(tables, n, sizeof *tables, by_oid);
    for (size_t i = 1; i < n && rc == 0; i++)
        if (tables[i - 1].oid == tables[i].oid)
            rc = bad(err, "two tables with the same chunks");
    if (rc == 0)
        rc = count_chunks(bundle, tables, n, err);
    mem_free(tables);
    return rc;
}

/* What a table says of its chunks: both values or none. */
static int parse_copy(const json_t *json, struct arena *arena, struct bundle_table *table,
                      struct err *err)
{
    const char *copy = json_string_value(json_object_get(json, "copy"));
    const char *hash = json_string_value(json_object_get(json, "hash"));
    int64_t oid = 0;

    if (json_object_get(json, "hash") != NULL && !is_hex(hash, HASH_DIGITS))
        return bad(err, "a table without a proper hash");
    table->hash = hash != NULL ? arena_strdup(arena, hash) : "";
    if (json_object_get(json, "copy") == NULL && json_object_get(json, "oid") == NULL)
        return 0;
    if (copy == NULL || strpbrk(copy, "\t\r\n") != NULL || bundle_copy_columns(copy) == NULL ||
        !get_count(json, "oid", 1, &oid) || oid > UINT32_MAX)
        return bad(err, "a table without a proper list of columns");
    table->copy = arena_strdup(arena, copy);
    table->oid = (uint32_t)oid;
    return 0;
}

static int parse_tables(const json_t *list, struct arena *arena, struct bundle *bundle,
                        struct err *err)
{
    size_t n = json_array_size(list);

    if (!json_is_array(list))
        return bad(err, "no proper list of tables");
    bundle->tables = arena_alloc(arena, n * sizeof *bundle->tables);
    for (size_t i = 0; i < n; i++) {
        const json_t *json = json_array_get(list, i);
        struct bundle_table *table = &bundle->tables[i];

        table->schema = bundle_name_get(json, "schema", arena);
        table->name = bundle_name_get(json, "name", arena);
        if (table->schema == NULL || table->name == NULL ||
            !get_count(json, "rows", -1, &table->rows))
            return bad(err, "a table without a proper name and number of rows");
        if (parse_copy(json, arena, table, err) < 0)
            return -1;
    }
    bundle->n_tables = n;
    return check_chunks(bundle, err);
}

static int parse_root(const json_t *root, struct arena *arena, struct bundle *bundle,
                      struct err *err)
{
    const char *format = json_string_value(json_object_get(root, "format"));
    int64_t version;

    if (format == NULL || strcmp(format, format_name) != 0 ||
        !get_count(root, "version", 1, &version))
        return bad(err, "it does not describe a snapshot");
    if (version != FORMAT_VERSION) {
        err_set(err, ERR_PREPARE, "the snapshot has format version %lld, this program reads %d",
                (long long)version, FORMAT_VERSION);
        return err_hint(err, "Use the deploy-db that wrote it, or restore it as its RESTORE.md says.");
    }
    if (parse_members(json_object_get(root, "members"), arena, bundle, err) < 0)
        return -1;
    return parse_tables(json_object_get(root, "tables"), arena, bundle, err);
}

int bundle_manifest_parse(const char *text, size_t n, struct arena *arena, struct bundle *bundle,
                          struct err *err)
{
    json_error_t where;
    json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &where);
    int rc;

    if (root == NULL)
        return bad(err, where.text);
    rc = parse_root(root, arena, bundle, err);
    json_decref(root);
    return rc;
}

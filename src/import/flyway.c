/* flyway - the files of Flyway: V1.2__name.sql, U1.2__name.sql and their .conf files. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "import/parts.h"

/* beforeMigrate.sql, afterEachUndo__x.sql, createSchema.sql … */
static bool is_callback(const char *base)
{
    static const char *const begins[] = {"before", "after", "create", NULL};

    if (!import_ends_with(base, ".sql"))
        return false;
    for (size_t i = 0; begins[i] != NULL; i++)
        if (strncmp(base, begins[i], strlen(begins[i])) == 0 &&
            isupper((unsigned char)base[strlen(begins[i])]))
            return true;
    return false;
}

static bool is_versioned(const char *base)
{
    return (base[0] == 'V' || base[0] == 'U' || base[0] == 'B') && import_digits(base + 1) > 0;
}

static bool is_repeatable(const char *base)
{
    return strncmp(base, "R__", 3) == 0;
}

bool flyway_takes(const char *base)
{
    if (import_ends_with(base, ".java") || import_ends_with(base, ".class"))
        return is_versioned(base) || is_repeatable(base);
    return is_callback(base) ||
           ((is_versioned(base) || is_repeatable(base)) &&
            (import_ends_with(base, ".sql") || import_ends_with(base, ".sql.conf")));
}

/* The version between the prefix and "__", with dots; NULL when the name is wrong. */
static const char *version_of(struct arena *arena, const char *base, const char **name)
{
    const char *end = strstr(base, "__");
    size_t n = end == NULL ? strcspn(base, ".") : (size_t)(end - base);
    char *version;

    if (end == NULL) /* no name: V1.2.sql */
        for (end = base + n; import_digits(end + 1) > 0 && *end == '.';)
            end += 1 + import_digits(end + 1);
    version = arena_strndup(arena, base + 1, (size_t)(end - base) - 1);
    *name = end;
    for (char *c = version; *c != '\0'; c++) {
        if (*c == '_')
            *c = '.';
        if (!isdigit((unsigned char)*c) && (*c != '.' || !isdigit((unsigned char)c[1])))
            return NULL;
    }
    return version;
}

/* --- V1__name.sql.conf ------------------------------------------------------------------------ */

static char *trimmed(struct arena *arena, const char *text, size_t n)
{
    while (n > 0 && isspace((unsigned char)*text))
        text++, n--;
    while (n > 0 && isspace((unsigned char)text[n - 1]))
        n--;
    return arena_strndup(arena, text, n);
}

static void set_up(struct import_history *history, const struct import_file *file, size_t line,
                   const char *key, const char *value, struct errs *errs)
{
    const char *name, *version = version_of(history->arena, file->base, &name);
    struct import_migration *migration = version == NULL ? NULL : import_same(history, version);
    bool is_false = strcasecmp(value, "false") == 0;

    if (migration == NULL)
        import_wrong(errs, file->path, 0, "there is no migration for this file");
    else if (strcmp(key, "executeInTransaction") == 0)
        *(file->base[0] == 'U' ? &migration->downgrade.no_transaction
                               : &migration->upgrade.no_transaction) = is_false;
    else if (strcmp(key, "placeholderReplacement") == 0)
        migration->checks_placeholders = !is_false;
    else if (strcmp(key, "encoding") != 0 || strcasecmp(value, "UTF-8") != 0)
        import_wrong(errs, file->path, line, "the setting \"%s=%s\" cannot be imported", key,
                     value);
}

static void read_conf(struct import_history *history, const struct import_file *file,
                      struct errs *errs)
{
    const char *cursor = file->text, *line, *equals;
    size_t n, number = 0;

    while (import_line(&cursor, &line, &n)) {
        number++;
        if (import_is_blank(line, n) || line[0] == '#')
            continue;
        equals = memchr(line, '=', n);
        if (equals == NULL) {
            import_wrong(errs, file->path, number, "the line is no setting");
            continue;
        }
        set_up(history, file, number, trimmed(history->arena, line, (size_t)(equals - line)),
               trimmed(history->arena, equals + 1, n - (size_t)(equals + 1 - line)), errs);
    }
}

/* --- files ------------------------------------------------------------------------------------ */

static void add_versioned(struct import_history *history, const struct import_file *file,
                          struct errs *errs)
{
    bool is_undo = file->base[0] == 'U';
    const char *name, *version = version_of(history->arena, file->base, &name);
    struct import_migration *migration;
    struct import_section *section;

    if (version == NULL) {
        import_wrong(errs, file->path, 0, "the name must be VERSION__NAME.sql behind its letter");
        return;
    }
    migration = import_same(history, version);
    if (migration == NULL)
        migration = import_new(history, version,
                               arena_strndup(history->arena, name, strlen(name) - strlen(".sql")),
                               file->path);
    section = is_undo ? &migration->downgrade : &migration->upgrade;
    if (section->text != NULL) {
        import_wrong(errs, file->path, 0, "version \"%s\" is there already, in \"%s\"", version,
                     section->path);
        return;
    }
    section->text = arena_strndup(history->arena, file->text, file->n);
    section->path = arena_strdup(history->arena, file->path);
    section->line = 1;
    if (!is_undo)
        migration->path = section->path;
}

void flyway_add(struct import_history *history, const struct import_file *file, struct errs *errs)
{
    const char *name, *version;

    if (import_ends_with(file->base, ".conf")) {
        if (file->base[0] == 'V' || file->base[0] == 'U')
            read_conf(history, file, errs);
    } else if (is_callback(file->base)) {
        import_leave_out(history, file->path, "", "a callback");
    } else if (is_repeatable(file->base)) {
        import_leave_out(history, file->path, "", "a repeatable migration");
    } else if (file->base[0] == 'B') {
        import_leave_out(history, file->path, "", "a baseline");
    } else if (import_ends_with(file->base, ".java") || import_ends_with(file->base, ".class")) {
        version = version_of(history->arena, file->base, &name);
        import_leave_out(history, file->path, version == NULL ? "" : version,
                         "a migration in Java");
    } else {
        add_versioned(history, file, errs);
    }
}

static void check_placeholders(const struct import_section *section, struct errs *errs)
{
    const char *cursor = section->text, *line, *found;
    size_t n, number = section->line;

    while (cursor != NULL && import_line(&cursor, &line, &n)) {
        found = memmem(line, n, "${", 2);
        if (found != NULL) {
            size_t left = n - (size_t)(found - line);
            const char *end = memchr(found, '}', left);

            err_hint(import_wrong(errs, section->path, number,
                                  "the placeholder \"%.*s\" cannot be imported",
                                  (int)(end == NULL ? left : (size_t)(end - found) + 1), found),
                     "Write its value into the file, or put placeholderReplacement=false into "
                     "%s.conf.",
                     section->path);
        }
        number++;
    }
}

void flyway_finish(struct import_history *history, struct errs *errs)
{
    for (size_t i = 0; i < history->n; i++) {
        const struct import_migration *migration = &history->items[i];

        if (migration->upgrade.text == NULL)
            import_wrong(errs, migration->path, 0, "there is no V%s__….sql that it would undo",
                         migration->version);
        if (migration->checks_placeholders) {
            check_placeholders(&migration->upgrade, errs);
            check_placeholders(&migration->downgrade, errs);
        }
    }
}

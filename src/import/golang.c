/* golang - the files of golang-migrate: N_name.up.sql and N_name.down.sql, plain SQL. */
#include <string.h>

#include "import/parts.h"

bool golang_takes(const char *base)
{
    size_t digits = import_digits(base);

    return digits > 0 && base[digits] == '_' &&
           (import_ends_with(base, ".up.sql") || import_ends_with(base, ".down.sql"));
}

void golang_add(struct import_history *history, const struct import_file *file, struct errs *errs)
{
    bool is_up = import_ends_with(file->base, ".up.sql");
    size_t digits = import_digits(file->base);
    size_t end = strlen(file->base) - strlen(is_up ? ".up.sql" : ".down.sql");
    const char *version = arena_strndup(history->arena, file->base, digits);
    struct import_migration *migration = import_same(history, version);
    struct import_section *section;

    if (migration == NULL)
        migration = import_new(history, version,
                               arena_strndup(history->arena, file->base + digits, end - digits),
                               file->path);
    section = is_up ? &migration->upgrade : &migration->downgrade;
    if (section->text != NULL) {
        import_wrong(errs, file->path, 0, "version \"%s\" is there already, in \"%s\"", version,
                     section->path);
        return;
    }
    *section = (struct import_section){
        .text = arena_strndup(history->arena, file->text, file->n),
        .path = arena_strdup(history->arena, file->path),
        .line = 1,
    };
    if (is_up)
        migration->path = section->path;
}

/*
 * setup_compose - the service of a Compose file in which Alembic can run.
 *
 * A light scan by lines, no YAML reader: what it finds becomes a commented suggestion. A service
 * with a profile is left out: `exec` needs one that is running.
 */
#include "conf/setup_parts.h"

#include <string.h>

#include "base/buf.h"
#include "base/fs.h"

enum { COMPOSE_MOST = 1024 * 1024 };

/* How well a service fits; the better one wins, of two equals the first. */
enum fit { FIT_NONE, FIT_BUILD, FIT_MOUNT, FIT_COMMAND };

struct service {
    const char *name; /* into the text */
    size_t length;
    enum fit fit;
    bool has_profile;
};

static size_t indent_of(const char *line)
{
    return strspn(line, " ");
}

/* Whether ${line} has ${path} as a value: alone, quoted, or before the ":" of a volume. */
static bool names_folder(const char *line, size_t n, const char *path)
{
    size_t length = strlen(path);

    for (size_t i = 0; i + length <= n; i++) {
        char before = i == 0 ? ' ' : line[i - 1];
        char after = i + length == n ? '\0' : line[i + length];

        if (strncmp(line + i, path, length) != 0 || strchr(" \"'", before) == NULL)
            continue;
        if (after == '/' && i + length + 1 < n)
            after = line[i + length + 1];
        if (after == '\0' || strchr(" :\"'\r/", after) != NULL)
            return true;
    }
    return false;
}

static bool holds(const char *line, size_t n, const char *word)
{
    return memmem(line, n, word, strlen(word)) != NULL;
}

/* What one line of a service says. ${folder} is written "./backend", or "." */
static enum fit line_fit(const char *line, size_t n, const char *folder)
{
    const char *first = line + indent_of(line);
    bool is_build = strncmp(first, "build:", 6) == 0 || strncmp(first, "context:", 8) == 0;

    if (*first == '#')
        return FIT_NONE;
    if (holds(line, n, "alembic") && !holds(line, n, "image:"))
        return FIT_COMMAND;
    if (is_build)
        return names_folder(line, n, folder) ? FIT_BUILD : FIT_NONE;
    if (*first == '-' && names_folder(line, n, folder) && holds(line, n, ":/"))
        return FIT_MOUNT;
    return FIT_NONE;
}

static void take_better(struct service *best, const struct service *now)
{
    if (!now->has_profile && now->fit > best->fit)
        *best = *now;
}

static void scan(const char *text, const char *folder, struct service *best)
{
    struct service now = {.name = NULL};
    size_t level = 0; /* how far the services' names are indented; 0: not in "services:" */
    bool inside = false;

    for (const char *line = text, *next; *line != '\0'; line = next) {
        size_t n = strcspn(line, "\n"), indent = indent_of(line);
        const char *colon = memchr(line, ':', n);

        next = line + n + (line[n] == '\n');
        if (indent == n || line[indent] == '#' || line[indent] == '\r')
            continue;
        if (indent == 0) {
            inside = strncmp(line, "services:", 9) == 0;
            level = 0;
            continue;
        }
        if (inside && level == 0)
            level = indent;
        if (inside && indent == level && colon != NULL) {
            take_better(best, &now);
            now =
                (struct service){.name = line + indent, .length = (size_t)(colon - line) - indent};
        } else if (inside && now.name != NULL) {
            enum fit fit = line_fit(line, n, folder);

            now.fit = fit > now.fit ? fit : now.fit;
            now.has_profile |= strncmp(line + indent, "profiles:", 9) == 0;
        }
    }
    take_better(best, &now);
}

static const char *plain_name(struct arena *arena, const struct service *service)
{
    const char *name = service->name;
    size_t n = service->length;

    while (n > 0 && strchr("\"' ", name[n - 1]) != NULL)
        n--;
    while (n > 0 && strchr("\"'", *name) != NULL) {
        name++;
        n--;
    }
    return n == 0 ? NULL : arena_strndup(arena, name, n);
}

static const char *service_in(struct arena *arena, const char *path, const char *folder)
{
    struct service best = {.fit = FIT_NONE};
    struct err ignored = ERR_INIT;
    auto_buf struct buf text = {0};

    if (!fs_exists(path) || fs_is_dir(path) || fs_read(path, COMPOSE_MOST, &text, &ignored) != 0)
        return NULL;
    scan(buf_text(&text), folder, &best);
    return best.fit == FIT_NONE ? NULL : plain_name(arena, &best);
}

const char *setup_compose_service(struct arena *arena, const char *root, const char *folder,
                                  const char **file)
{
    static const char *const names[] = {"compose.yaml", "compose.yml", "docker-compose.yml",
                                        "docker-compose.yaml"};
    const char *written = strcmp(folder, ".") == 0 ? "." : arena_printf(arena, "./%s", folder);

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *service = service_in(arena, fs_join(arena, root, names[i]), written);

        *file = names[i];
        if (service == NULL && strcmp(folder, ".") != 0) {
            *file = arena_printf(arena, "%s/%s", folder, names[i]);
            service = service_in(arena, fs_join(arena, root, *file), ".");
        }
        if (service != NULL)
            return service;
    }
    return NULL;
}

/* python - see python.h. */
#include "python.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

static const char *basename_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

bool python_is_remote(struct ddb_call *call)
{
    static const char *const programs[] = {"docker",  "docker-compose", "podman", "podman-compose",
                                           "nerdctl", "kubectl",        "oc",     "ssh",
                                           NULL};
    const char *const *argv = command_prefix(call);

    for (; *argv != NULL; argv++)
        if (is_one_of(basename_of(*argv), programs))
            return true;
    return false;
}

/* --- the interpreter of a program --------------------------------------------------------------*/

/* The path of a program as the command would find it; NULL when it is not there. */
static const char *find_program(struct ddb_call *call, const char *name)
{
    const char *path = getenv("PATH");

    if (strchr(name, '/') != NULL)
        return name[0] == '/' ? name
                              : alembic_host->format(
                                    call, "%s/%s", alembic_host->setting(call, "directory"), name);
    while (path != NULL && *path != '\0') {
        size_t n = strcspn(path, ":");
        const char *candidate =
            alembic_host->format(call, "%.*s/%s", n > 0 ? (int)n : 1, n > 0 ? path : ".", name);

        if (access(candidate, X_OK) == 0)
            return candidate;
        path += n + (path[n] == ':');
    }
    return NULL;
}

/* "#!/usr/bin/env python3" as words; nothing when ${program} is no Python script. */
static void push_shebang(struct ddb_call *call, struct list *argv, const char *program)
{
    char line[512];
    const char *path = find_program(call, program);
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) : -1;
    ssize_t n = fd >= 0 ? read(fd, line, sizeof line - 1) : -1;
    const char *word = line + 2;

    if (fd >= 0)
        close(fd);
    if (n < 3 || strncmp(line, "#!", 2) != 0)
        return;
    line[n] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    if (strstr(line, "python") == NULL) /* a wrapper in another language */
        return;
    while (*(word += strspn(word, " \t")) != '\0') {
        size_t len = strcspn(word, " \t");

        list_push(call, argv, alembic_host->format(call, "%.*s", (int)len, word));
        word += len;
    }
}

/* --- from the command --------------------------------------------------------------------------*/

/* Where "alembic" stands in the command, or "-m" of "python -m alembic"; ${n} when nowhere. */
static size_t find_alembic(const char *const *argv, size_t n)
{
    for (size_t i = n; i-- > 0;)
        if (strcmp(basename_of(argv[i]), "alembic") == 0)
            return i > 1 && strcmp(argv[i - 1], "-m") == 0 ? i - 1 : i;
    return n;
}

/* Standard input carries the driver: docker and kubectl connect it only when asked with -i (compose
 * does so by itself). */
static bool needs_interactive(const char *const *argv, size_t i)
{
    static const char *const programs[] = {"docker", "podman", "nerdctl", "kubectl", "oc", NULL};
    bool container = false;

    if (strcmp(argv[i], "exec") != 0 && strcmp(argv[i], "run") != 0)
        return false;
    for (size_t j = 0; j < i; j++) {
        if (strcmp(argv[j], "compose") == 0)
            return false;
        container |= is_one_of(basename_of(argv[j]), programs);
    }
    return container && strcmp(argv[i + 1], "-i") != 0 && strcmp(argv[i + 1], "-it") != 0;
}

const char *const *python_argv(struct ddb_call *call)
{
    const char *const *configured = alembic_host->settings(call, "python");
    const char *const *command = command_prefix(call);
    struct list argv = {0};
    bool told = false;
    size_t n = 0, at;

    if (configured != NULL && configured[0] != NULL)
        return configured;
    while (command[n] != NULL)
        n++;
    at = find_alembic(command, n);
    if (at == n && python_is_remote(call))
        return NULL;
    for (size_t i = 0; i < at && at < n; i++) {
        list_push(call, &argv, command[i]);
        if (!told && i + 1 < at && needs_interactive(command, i)) {
            list_push(call, &argv, "-i");
            told = true;
        }
    }
    if (at < n && strcmp(command[at], "-m") == 0)
        return list_vector(&argv);
    if (at < n && at > 0 && (python_is_remote(call) || strcmp(command[at - 1], "run") == 0)) {
        list_push(call, &argv, "python"); /* of the container, of the project's environment */
        return list_vector(&argv);
    }
    push_shebang(call, &argv, command[at < n ? at : 0]);
    if (argv.n == (at < n ? at : 0))
        list_push(call, &argv, "python3");
    return list_vector(&argv);
}

/* restore_check - see restore_check.h. */
#include "deploy/restore_check.h"

#include <string.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "pg/requirements.h"

/* --- roles --------------------------------------------------------------------------------------- */

/* The identifier at ${at}, quoted or not, as a name into ${out}; where it ends. */
static const char *take_identifier(const char *at, struct buf *out)
{
    buf_reset(out);
    if (*at != '"') {
        const size_t n = strcspn(at, " ,");

        buf_add(out, at, n);
        return at + n;
    }
    for (at++; *at != '\0'; at++) {
        if (*at == '"' && *++at != '"')
            return at;
        buf_addc(out, *at);
    }
    return at;
}

static void add_role(struct strvec *roles, const char *name)
{
    if (name[0] != '\0' && strcmp(name, "PUBLIC") != 0 && strcmp(name, "none") != 0 &&
        !strvec_has(roles, name))
        strvec_push(roles, name);
}

/* "reader SELECT, PUBLIC USAGE*", or "reader, writer". A name like PUBLIC that is quoted is a role's. */
static void add_list(struct strvec *roles, const char *list)
{
    auto_buf struct buf name = {0};

    while (*list != '\0') {
        const bool quoted = *list == '"';

        list = take_identifier(list, &name);
        if (quoted && !strvec_has(roles, buf_text(&name)))
            strvec_push(roles, buf_text(&name));
        else if (!quoted)
            add_role(roles, buf_text(&name));
        list += strcspn(list, ",");
        list += strspn(list, ", ");
    }
}

static const char *after(const char *text, const char *prefix)
{
    const size_t n = strlen(prefix);

    return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

/* Statements about the database: "GRANT … ON DATABASE" … " TO reader WITH GRANT OPTION". */
static void add_of_statements(struct strvec *roles, const struct dbprops *props)
{
    auto_buf struct buf name = {0};

    for (size_t i = 0; i < props->n; i++) {
        const struct dbprops_statement *statement = &props->statements[i];
        const char *at = after(statement->after, " OWNER TO ");

        if (at == NULL && after(statement->before, "GRANT ") != NULL)
            at = after(statement->after, " TO ");
        if (at == NULL)
            at = after(statement->before, "ALTER ROLE ");
        if (at == NULL)
            continue;
        take_identifier(at, &name);
        add_role(roles, buf_text(&name));
    }
}

static void add_of_catalog(struct strvec *roles, const struct catalog *catalog)
{
    for (size_t i = 0; i < catalog->n; i++) {
        const struct catalog_fact *fact = &catalog->facts[i];
        const char *of = after(fact->object, "default privileges for ");
        auto_buf struct buf name = {0};

        if (of == NULL)
            of = after(fact->object, "user mapping of ");
        if (of != NULL) {
            take_identifier(of, &name);
            add_role(roles, buf_text(&name));
        }
        if (strcmp(fact->aspect, "owner") == 0 || strcmp(fact->aspect, "grants") == 0 ||
            strcmp(fact->aspect, "roles") == 0)
            add_list(roles, fact->value);
    }
}

static int check_roles(struct run *run, struct db *admin, const struct meta *meta,
                       const struct catalog *catalog, struct errs *problems, struct err *err)
{
    auto_strvec struct strvec roles = {0}, missing = {0}, quoted = {0};
    auto_free char *names = NULL, *create = NULL;
    struct err *problem;

    add_of_statements(&roles, &meta->props);
    add_of_catalog(&roles, catalog);
    if (requirements_roles(admin, &roles, &missing, err) != 0)
        return -1;
    if (missing.n == 0)
        return 0;
    for (size_t i = 0; i < missing.n; i++)
        strvec_pushf(&quoted, "CREATE ROLE %s;", db_quote(admin, run->arena, missing.v[i]));
    names = strvec_join(&missing, ", ");
    create = strvec_join(&quoted, " ");
    problem = errs_new(problems);
    err_set(problem, ERR_PREPARE, "%s that own or may use something in the snapshot are not on the "
                                  "server: %s",
            missing.n == 1 ? "a role" : "roles", names);
    return err_hint(problem, "Create them: %s Their attributes are in the snapshot's globals.sql.",
                    create),
           0;
}

/* --- the rest --------------------------------------------------------------------------------------- */

static void check_server(const struct db *admin, const struct meta *meta, struct errs *problems)
{
    const int wanted = meta_major(meta);
    struct err *problem;

    if (wanted <= db_server_version(admin) / 10000)
        return;
    problem = errs_new(problems);
    err_set(problem, ERR_PREPARE,
            "the server is PostgreSQL %s, older than the one the snapshot was taken of (%s)",
            db_server_version_text(admin), meta->server_version);
    err_hint(problem, "Restore it into a server of release %d or later.", wanted);
}

/* The schema that the snapshot has an extension in, where a new database has that schema too: there it
 * can be made before the dump is read, which then finds it. */
static const char *early_schema(struct run *run, struct db *db, const struct requirement *extension,
                                const struct catalog *catalog)
{
    const char *object = arena_printf(run->arena, "extension %s",
                                      db_quote(db, run->arena, extension->name));
    const char *plain = arena_printf(run->arena, "extension %s", extension->name);

    if (!extension->available)
        return NULL;
    for (size_t i = 0; i < catalog->n; i++) {
        const struct catalog_fact *fact = &catalog->facts[i];

        if (strcmp(fact->aspect, "schema") == 0 &&
            (strcmp(fact->object, object) == 0 || strcmp(fact->object, plain) == 0))
            return strcmp(fact->value, "public") == 0 || strcmp(fact->value, "pg_catalog") == 0
                       ? fact->value
                       : NULL;
    }
    return NULL;
}

static int check_extensions(struct run *run, struct db *admin, const struct meta *meta,
                            const struct catalog *catalog, struct errs *problems, struct err *err)
{
    struct requirement *list = NULL;
    size_t n = 0;

    if (meta->props.extensions == NULL)
        return 0;
    if (requirements_extensions(admin, run->arena, meta->props.extensions, &list, &n, err) != 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct err *problem;

        if (early_schema(run, admin, &list[i], catalog) != NULL)
            continue;
        problem = errs_new(problems);
        if (list[i].offered == NULL)
            err_set(problem, ERR_PREPARE, "extension \"%s\" is not installed on the server",
                    list[i].name);
        else
            err_set(problem, ERR_PREPARE,
                    "extension \"%s\" would be created in version %s, the snapshot has %s",
                    list[i].name, list[i].offered, list[i].version);
        err_hint(problem, "Install the extensions' packages on the server's machine, in the versions "
                          "that the snapshot has.");
    }
    return 0;
}

int restore_check_extensions(struct run *run, const char *fresh, const struct meta *meta,
                             const struct catalog *catalog, struct err *err)
{
    struct requirement *list = NULL;
    struct db *db = NULL;
    size_t n = 0;
    int rc = 0;

    if (meta->props.extensions == NULL)
        return 0;
    if (db_open(run->services->target, fresh, DB_WRITE, &db, err) != 0)
        return -1;
    rc = requirements_extensions(db, run->arena, meta->props.extensions, &list, &n, err);
    for (size_t i = 0; i < n && rc == 0; i++) {
        const char *schema = early_schema(run, db, &list[i], catalog);

        if (schema != NULL)
            rc = requirements_make(db, &list[i], schema, err);
    }
    db_close(db);
    return rc;
}

static void check_programs(struct run *run, const struct db *admin, struct errs *problems)
{
    struct services *services = run->services;
    const struct ddb_snapshot *plugin = &services->snapshot.plugin->snapshot;
    struct err failure = ERR_INIT;
    struct ddb_call call = services_begin(services, &services->snapshot, &failure);

    if (services->recovering || plugin->preflight == NULL ||
        services_end(&call, plugin->preflight(&call, db_server_version(admin)), "preflight",
                     ERR_PREPARE) == 0)
        return;
    *errs_new(problems) = failure;
}

/* Text takes less room than tables, so that this finds only what surely fails. */
static void warn_of_disk(struct run *run, struct db *admin, const struct bundle *bundle)
{
    const char *directory;
    int64_t needed = 0;
    struct statvfs disk;
    char has[32], needs[32];

    if (!db_target_is_local(run->services->target))
        return;
    directory = requirements_directory(admin, run->arena);
    for (size_t i = 0; i < bundle->n_members; i++)
        needed += bundle->members[i].raw_bytes;
    if (directory == NULL || statvfs(directory, &disk) != 0 ||
        (int64_t)disk.f_bavail * (int64_t)disk.f_frsize >= needed)
        return;
    run_warn(run, "the server's disk has %s left, the snapshot holds %s",
             size_text((int64_t)disk.f_bavail * (int64_t)disk.f_frsize, has),
             size_text(needed, needs));
}

/* One is told as it is; several as a list. */
static int tell(const struct errs *problems, struct err *err)
{
    if (problems->n == 1) {
        *err = problems->items[0];
        return -1;
    }
    err_set(err, ERR_PREPARE, "the server lacks what the snapshot needs");
    for (size_t i = 0; i < problems->n; i++) {
        const struct err *problem = &problems->items[i];

        err_detail(err, "%s", problem->primary);
        if (problem->detail[0] != '\0')
            err_detail(err, "%s", problem->detail);
        if (problem->hint[0] != '\0')
            err_detail(err, "  %s", problem->hint);
    }
    return -1;
}

/* Ours in the maintenance database, the run's, and for each job one of ours and one of the plugin's. */
const char *restore_forbidden(const struct run *run, const struct health *health)
{
    const int jobs = run->env->snapshot.jobs, needed = 2 + 2 * jobs;

    if (health->no_restore != NULL || health->sessions < 0 || health->sessions >= needed)
        return health->no_restore;
    return arena_printf(run->arena,
                        "have more than %d sessions (CONNECTION LIMIT); with snapshot.jobs = %d a restore "
                        "has %d",
                        health->sessions, jobs, needed);
}

int restore_check(struct run *run, struct db *admin, const struct bundle *bundle,
                  const struct meta *meta, const struct catalog *catalog, struct err *err)
{
    struct errs problems = {0};
    int rc;

    check_server(admin, meta, &problems);
    rc = check_roles(run, admin, meta, catalog, &problems, err);
    if (rc == 0)
        rc = check_extensions(run, admin, meta, catalog, &problems, err);
    if (rc == 0) {
        check_programs(run, admin, &problems);
        warn_of_disk(run, admin, bundle);
        rc = problems.n == 0 ? 0 : tell(&problems, err);
    }
    errs_release(&problems);
    return rc;
}

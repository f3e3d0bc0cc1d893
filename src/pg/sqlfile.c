/* sqlfile - see sqlfile.h. */
#include "pg/sqlfile.h"

#include "base/cancel.h"
#include "pg/split.h"

struct running {
    struct db *db; /* NULL: only check */
    const char *name;
    struct err *err;
};

static int check(void *arg, const struct split_statement *statement)
{
    struct running *running = arg;

    if ((statement->flags & (SPLIT_META | SPLIT_COPY_IN)) == 0)
        return 0;
    err_set(running->err, ERR_REFUSED, "%s:%zu: %s", running->name, statement->line,
            statement->flags & SPLIT_META ? "a meta-command of psql cannot be run here"
                                          : "COPY … FROM STDIN cannot be run here");
    return err_hint(running->err, "Write plain SQL, or make it a script that calls psql.");
}

static int run(void *arg, const struct split_statement *statement)
{
    struct running *running = arg;
    struct arena *arena;
    int rc;

    if (cancel_requested())
        return err_set(running->err, ERR_PREPARE, "stopped on request");
    arena = arena_new();
    rc = db_exec(running->db, running->err, arena_strndup(arena, statement->text, statement->n), 0);
    arena_free(arena);
    if (rc == 0)
        return 0;
    err_wrap(running->err, "%s:%zu", running->name, statement->line);
    return err_as(running->err, ERR_PREPARE);
}

int sqlfile_check(const char *text, size_t n, const char *name, struct err *err)
{
    struct running running = {.name = name, .err = err};
    struct err split = ERR_INIT;

    if (split_statements(text, n, check, &running, &split) == 0)
        return 0;
    if (err->code != ERR_NONE)
        return -1;
    *err = split;
    err_wrap(err, "%s", name);
    return err_as(err, ERR_REFUSED);
}

int sqlfile_run(struct db *db, const char *text, size_t n, const char *name, struct err *err)
{
    struct running running = {.db = db, .name = name, .err = err};
    struct err ignored = ERR_INIT; /* checked before */
    bool open;

    if (sqlfile_check(text, n, name, err) != 0)
        return -1;
    if (split_statements(text, n, run, &running, &ignored) != 0) {
        db_quietly(db, "ROLLBACK");
        return -1;
    }
    open = db_in_transaction(db);
    if (!open)
        return 0;
    db_quietly(db, "ROLLBACK");
    return err_set(err, ERR_PREPARE, "%s ends in an open transaction", name);
}

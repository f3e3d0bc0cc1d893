/*
 * health - what preflight, doctor and status ask of a server; each one query.
 */
#ifndef PG_HEALTH_H
#define PG_HEALTH_H

#include "pg/db.h"

struct health {
    bool can_create_databases; /* CREATEDB or superuser, and owner of this database */
    bool can_create_schema;    /* CREATE on this database, or the schema deploy_db is ours already */
    bool can_end_sessions;     /* pg_signal_backend, superuser, or nobody else's session here */
    const char *no_restore;    /* what for a restore this role may not do: "end other sessions"; NULL: nothing */
    int sessions;              /* that the role may have at a time; -1: any number */
    bool reads_everything;     /* SELECT on every table and sequence, and no row security in the way */
    bool is_standby;
    int64_t database_bytes;
    const char *encoding;
    struct strvec unreadable;          /* tables this role cannot read (at most 20) */
    struct strvec dumps;               /* running pg_dump sessions: "pid 4711, pg_dump, since …" */
    struct strvec long_transactions;   /* older than asked for, same form, with their user and query */
    struct strvec prepared;            /* prepared transactions of this database */
    struct strvec invalid_indexes;     /* "public.ix_users_email on public.users" */
};

/* health_read(db, arena, long_ms, health, err): ${long_ms} 0 lists no long transactions. Lists are
 * heap; release with health_release. Changes: nothing. */
int health_read(struct db *db, struct arena *arena, int64_t long_ms, struct health *health,
                struct err *err) CHECK;
void health_release(struct health *health);

#endif

/*
 * plain - a database dump as plain SQL (pg_dump --format=plain, or written by hand), checked as a whole
 * and then run through a session. psql is not used: its meta-commands can start programs and reach
 * other databases, and it takes COPY data for commands where a COPY fails (sources: CVE-2025-8714,
 * CVE-2026-6464). Here a meta-command is never run, and data are only ever data.
 *
 * Nothing that a file may hold is harmless where the session may do everything: a function or a DO block
 * can do what the role can. The check refuses what is not about the one database.
 */
#ifndef PG_PLAIN_H
#define PG_PLAIN_H

#include "pg/db.h"

/* The text: next bytes, 0 at the end, -1 with ${err}. */
struct plain_in {
    ssize_t (*read)(void *arg, void *data, size_t cap, struct err *err);
    void *arg;
};

struct plain_about {
    bool is_dump;     /* pg_dump wrote it, so that its end is known */
    char server[32];  /* "15.20"; "" when it does not say */
    char pg_dump[32];
    size_t n_statements;
};

/* plain_check(in, about, err): read all of it and refuse (ERR_PREPARE, with the line) psql's
 * meta-commands but \restrict and \unrestrict, statements about other databases, roles, tablespaces and
 * the server, COPY that is not FROM STDIN, what begins like no statement, a dump that does not end as
 * pg_dump's do or goes on behind its end, and what does not end at all. Changes: nothing. */
int plain_check(const struct plain_in *in, struct plain_about *about, struct err *err) CHECK;

/* plain_load(db, in, note, err): run it in a session of copy_in_open, checking again on the way, to
 * the first error, which gets the line. Passed over, with a sentence to ${note} each, are settings
 * that this server does not know, a CREATE SCHEMA public, and comments on and security labels of a
 * database. The session's settings are afterwards those of the file. Changes: the database of
 * ${db}. */
int plain_load(struct db *db, const struct plain_in *in, void (*note)(void *arg, const char *text),
               void *arg, struct err *err) CHECK;

#endif

/*
 * secret - from what the configuration says about a database to a libpq connection string.
 *
 * Understood: a libpq conninfo ("host=… dbname=…", "service=NAME"), a libpq URI, an SQLAlchemy URL
 * ("postgresql+psycopg2://", "+asyncpg", "+psycopg", "postgres://"), and three places that hold one
 * of these: "env:NAME" (the environment, then the file `.env` beside the configuration, then that
 * in the engine's directory), "file:PATH" and "ini:PATH" (sqlalchemy.url of that alembic.ini, with
 * %(here)s and %%). URLs are given to libpq as keywords. Passwords found are registered with
 * log_secret. Changes: nothing.
 */
#ifndef CONF_SECRET_H
#define CONF_SECRET_H

#include "conf/conf.h"

struct secret_database {
    const char *conninfo; /* for libpq: keywords; a secret */
    const char *scheme;   /* "postgresql+asyncpg", … of an SQLAlchemy URL; else "postgresql" */
    const char *source;   /* where it came from, for messages: "environment variable SHOP_URL" */
};

/* secret_resolve(arena, conf, text, out, err): ${text} is env->database. Errors: ERR_CONFIG. */
int secret_resolve(struct arena *arena, const struct conf *conf, const char *text,
                   struct secret_database *out, struct err *err) CHECK;

/* secret_text(arena, conf, text, out, err): a secret that is no database: ${text} is "env:NAME" or
 * "file:PATH", as above. Registered with log_secret. Errors: ERR_CONFIG, also for a text that is
 * neither: a secret does not stand in the configuration. */
int secret_text(struct arena *arena, const struct conf *conf, const char *text, const char **out,
                struct err *err) CHECK;

/* secret_dotenv(arena, path, name): the value of NAME in a `.env` file (python-dotenv's syntax), or
 * NULL. */
const char *secret_dotenv(struct arena *arena, const char *path, const char *name);

#endif

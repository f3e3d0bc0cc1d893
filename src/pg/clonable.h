/*
 * clonable - what belongs to a database, and a copy that the server makes of it would not have.
 */
#ifndef PG_CLONABLE_H
#define PG_CLONABLE_H

#include "pg/db.h"

/* clonable_read(db, hindrances, err): logical replication slots and subscriptions of the database of
 * ${db}: they stay with the original when a copy takes its place (sources: PostgreSQL's CREATE DATABASE,
 * pg_subscription and pg_replication_slots, which are shared and name a database). Changes: nothing. */
int clonable_read(struct db *db, struct strvec *hindrances, struct err *err) CHECK;

/* clonable_roles(db, roles, err): the roles with settings of their own in the database of ${db} (ALTER ROLE …
 * IN DATABASE) that our role may not give to another database. Changes: nothing. */
int clonable_roles(struct db *db, struct strvec *roles, struct err *err) CHECK;

#endif

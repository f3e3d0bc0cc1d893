/*
 * plain_rules - which statements of a plain dump are run. Internal to plain*.c. Pure.
 */
#ifndef PG_PLAIN_RULES_H
#define PG_PLAIN_RULES_H

#include "pg/split_stream.h"

enum plain_rule {
    PLAIN_RUN,
    PLAIN_PASS_OVER, /* it is not about the fresh database */
    PLAIN_SETTING,   /* SET: may be unknown to an older server */
    PLAIN_PUBLIC,    /* CREATE SCHEMA public: may be there */
    PLAIN_META,      /* \restrict, \unrestrict: for psql alone */
};

/* plain_rules_judge(piece, rule, err): what to do with a statement, or -1 with ${err} (ERR_PREPARE). */
int plain_rules_judge(const struct split_piece *piece, enum plain_rule *rule,
                      struct err *err) CHECK;

#endif

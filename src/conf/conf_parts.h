/*
 * conf_parts - what the files of conf share with each other; nobody else includes it.
 *
 * conf_keys.c holds the table of every key that the core knows: where it stands, its type, range
 * and default. Reading, checking and the hints are loops over that table; the manual page is
 * compared with it by a test.
 */
#ifndef CONF_CONF_PARTS_H
#define CONF_CONF_PARTS_H

#include <libconfig.h>

#include "base/buf.h"
#include "conf/conf.h"

enum conf_group {
    GROUP_ROOT,
    GROUP_ENGINE,
    GROUP_STORE,
    GROUP_KEEP,
    GROUP_ENV,
    GROUP_STRICT,
    GROUP_SNAPSHOT,
    GROUP_APPLY,
    GROUP_LOCK,
    GROUP_HOOKS,
    GROUP_PREFLIGHT,
    GROUP_REFRESH,
    GROUP_COUNT,
};

enum conf_kind {
    KIND_STRING,
    KIND_BOOL,
    KIND_INT,
    KIND_DURATION,
    KIND_SIZE,
    KIND_CHOICE, /* one of ${choices} */
    KIND_LIST,   /* of strings */
    KIND_NAMES,  /* one string, or a list of them that is not empty */
    KIND_RUNGS,  /* a list of distinct recovery rungs */
    KIND_MASKS,  /* a list of groups: struct conf_masks */
    KIND_GROUP,  /* its keys are the rows of ${group} */
    KIND_NAMED,  /* a group of groups: NAME: { … }, each with the rows of ${group} */
};

struct conf_key {
    enum conf_group in;
    const char *name;
    enum conf_kind kind;
    size_t offset;        /* in the struct that the group is read into: conf, conf_store or env */
    const char *fallback; /* the default as it would be written; NULL: none, or computed */
    int64_t min, max;     /* KIND_INT, KIND_DURATION (ms) */
    const char *const *choices;
    enum conf_group group;
};

/* --- conf_keys.c -------------------------------------------------------------------------------
 */

extern const struct conf_key conf_keys_table[];
extern const size_t conf_keys_n;

const struct conf_key *conf_keys_find(enum conf_group group, const char *name);

/* Where a group stands in the file ("environments.NAME.apply"; "" for the root). */
const char *conf_keys_path(enum conf_group group);

/* Whether a plugin's own keys may stand in the group. */
bool conf_keys_open(enum conf_group group);

/* conf_keys_hint(group, name, err): the nearest key of the group, or the group where ${name}
 * belongs instead, as a hint of ${err}. */
void conf_keys_hint(enum conf_group group, const char *name, struct err *err);

/* Words that cannot name an environment, NULL-terminated: the commands. */
extern const char *const conf_keys_commands[];

/* --- conf_nearest.c ----------------------------------------------------------------------------
 */

/* The nearest of many words: zero-initialise with ${word}, try each candidate, then ask. */
struct conf_nearest {
    const char *word;
    const char *best;
    size_t distance;
};
void conf_nearest_try(struct conf_nearest *nearest, const char *candidate);
const char *conf_nearest_best(const struct conf_nearest *nearest); /* NULL: none is near enough */

/* --- conf_scan.c -------------------------------------------------------------------------------
 */

struct conf_reader {
    struct arena *arena;
    struct conf *conf;
    struct errs *errs;
    size_t mistakes;
    struct err spare;  /* takes what is too much to list */
    int cut_lines[32]; /* where an integer was too large: its value means nothing */
    size_t n_cut;
};

/* conf_scan_text(reader, text, n): what libconfig would not notice, or not survive: a NUL byte, an
 * @include, a comment or string without an end, an integer that it would cut to 32 bits. False when
 * the text must not be parsed. */
bool conf_scan_text(struct conf_reader *reader, const char *text, size_t n);

/* --- conf_read.c -------------------------------------------------------------------------------
 */

/* conf_read_text(reader, text, n): fill reader->conf, which has its defaults, from the text of a
 * file. */
void conf_read_text(struct conf_reader *reader, const char *text, size_t n);

/* conf_read_group(reader, setting, group, where, base): the keys of one group. ${where} is its path
 * in this file, ${base} the struct that the table's offsets count from. */
void conf_read_group(struct conf_reader *reader, config_setting_t *setting, enum conf_group group,
                     const char *where, void *base);

/* conf_read_line(setting, group, key): the line of GROUP.KEY below ${setting}, 0 when it is not
 * written; ${group} may be NULL. */
int conf_read_line(const config_setting_t *setting, const char *group, const char *key);

/* conf_read_defaults(reader, group, base): the fallbacks of the group and of the groups in it. */
void conf_read_defaults(struct conf_reader *reader, enum conf_group group, void *base);

/* conf_read_mistake(reader, line, fmt, …): one more entry, "FILE:LINE: …"; after a hundred of them
 * one that says so, and no more. Never NULL. */
struct err *conf_read_mistake(struct conf_reader *reader, int line, const char *fmt, ...)
    PRINTF(3, 4);

/* --- conf_field.c ------------------------------------------------------------------------------
 */

/* conf_field_read(reader, setting, key, where, field): check one value and put it into ${field}; a
 * wrong one is reported and leaves the default. */
void conf_field_read(struct conf_reader *reader, const config_setting_t *setting,
                     const struct conf_key *key, const char *where, void *field);

/* conf_field_default(arena, key, field): the key's fallback, when it has one. */
void conf_field_default(struct arena *arena, const struct conf_key *key, void *field);

/* conf_field_raw(reader, setting, where, value): a plugin's own key, as it is written. False when
 * it is nothing that a plugin could take (reported). */
bool conf_field_raw(struct conf_reader *reader, const config_setting_t *setting, const char *where,
                    struct conf_value *value);

/* --- conf_named.c ------------------------------------------------------------------------------
 */

/* The members of `stores` and `environments`. ${setting} NULL: not written. */
void conf_named_stores(struct conf_reader *reader, config_setting_t *setting);
void conf_named_envs(struct conf_reader *reader, config_setting_t *setting);

/* Whether ${name} holds letters, digits, "_" and "-" only and is not too long for a file's name. */
bool conf_named_is_plain(const char *name);

/* --- conf_refresh.c ----------------------------------------------------------------------------
 */

/* The rules of refresh.masks; each mistake is reported, and its rule left out. */
void conf_refresh_masks(struct conf_reader *reader, const config_setting_t *setting,
                        const char *where, struct conf_masks *masks);

/* conf_refresh_finish(reader, setting, env): the checks of one environment's group;
 * conf_refresh_sources(reader, setting): once all are read, those of one against another.
 * ${setting} is the environment, or the group of all. */
void conf_refresh_finish(struct conf_reader *reader, config_setting_t *setting, struct env *env);
void conf_refresh_sources(struct conf_reader *reader, config_setting_t *setting);

/* --- conf_env.c --------------------------------------------------------------------------------
 */

/* conf_env_finish(reader, setting, env): the computed defaults of an environment that was read, and
 * the checks of one key against another. */
void conf_env_finish(struct conf_reader *reader, config_setting_t *setting, struct env *env);

#endif

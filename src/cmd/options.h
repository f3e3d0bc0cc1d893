/*
 * options - the command line, parsed by the table in options.def. Pure.
 */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

enum option {
#define X(name, long_name, letter, value, help) OPT_##name,
#include "cmd/options.def"
#undef X
    OPT_COUNT,
};

#define OPT_BIT(name) (UINT64_C(1) << OPT_##name)
_Static_assert(OPT_COUNT <= 64, "options fit into a mask");

struct options {
    int given[OPT_COUNT];           /* how often */
    const char *value[OPT_COUNT];   /* the last one; NULL for switches */
    const char **args;              /* everything else, in order; NULL-terminated */
    int n_args;
    const char **values;            /* every value given, in order; NULL-terminated */
    enum option *value_of;          /* whose each of them is */
    int n_values;
    bool printed;                   /* a result went to standard output */
};

/* options_parse(argc, argv, options, err): argv[0] is skipped; "--" ends the options; values may be
 * "--config=FILE" or "--config FILE", letters may be joined ("-vv"); "-" and a digit begin an argument,
 * a relative revision. ERR_USAGE with the nearest name
 * as hint. ${options}->args is heap; options_release frees it. Strings point into ${argv}. */
int options_parse(int argc, char **argv, struct options *options, struct err *err) CHECK;
void options_release(struct options *options);

/* options_list(options, arena, option): every value of an option that may be given several times, in
 * order; NULL-terminated, in ${arena}. */
const char *const *options_list(const struct options *options, struct arena *arena,
                                enum option option);

/* options_check(options, allowed, command, err): refuse an option that ${command} does not take.
 * ${allowed} is a sum of OPT_BITs; config, verbose, quiet, help, json, yes, version always pass. */
int options_check(const struct options *options, uint64_t allowed, const char *command,
                  struct err *err) CHECK;

/* options_help(allowed, out): two aligned columns. */
void options_help(uint64_t allowed, struct buf *out);

/* options_nearest(word, list): the entry of the NULL-terminated ${list} that is closest to ${word},
 * or NULL when none is close. */
const char *options_nearest(const char *word, const char *const *list);

#endif

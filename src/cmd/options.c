/* options - see options.h. */
#include "cmd/options.h"

#include <string.h>

#include "base/mem.h"

struct option_row {
    const char *name;
    char letter;
    const char *value;
    const char *help;
};

static const struct option_row rows[OPT_COUNT] = {
#define X(name, long_name, letter, value, help) {long_name, letter, value, help},
#include "cmd/options.def"
#undef X
};

static const uint64_t ALWAYS = OPT_BIT(CONFIG) | OPT_BIT(JSON) | OPT_BIT(YES) | OPT_BIT(VERBOSE) |
                               OPT_BIT(QUIET) | OPT_BIT(HELP) | OPT_BIT(VERSION_);

/* --- the nearest word (Levenshtein distance, at most a third of the word apart) --------------------- */

enum { WORD_MAX = 64 };

static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1];
    size_t na = strlen(a), nb = strlen(b);

    if (na > WORD_MAX || nb > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= nb; j++)
        row[j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t substitute = diagonal + (a[i - 1] != b[j - 1]);
            size_t best = row[j] + 1 < row[j - 1] + 1 ? row[j] + 1 : row[j - 1] + 1;

            diagonal = row[j];
            row[j] = best < substitute ? best : substitute;
        }
    }
    return row[nb];
}

const char *options_nearest(const char *word, const char *const *list)
{
    const char *best = NULL;
    size_t least = strlen(word) / 3 + 2;

    for (; *list != NULL; list++) {
        size_t d = distance(word, *list);

        if (d < least) {
            least = d;
            best = *list;
        }
    }
    return best;
}

/* --- parsing ------------------------------------------------------------------------------------------ */

static int unknown(const char *word, struct err *err)
{
    const char *names[OPT_COUNT + 1] = {NULL};
    const char *nearest;

    for (size_t i = 0; i < OPT_COUNT; i++)
        names[i] = rows[i].name;
    nearest = options_nearest(word, names);
    err_set(err, ERR_USAGE, "unknown option \"%s%s\"", strlen(word) > 1 ? "--" : "-", word);
    return nearest == NULL ? err_hint(err, "`deploy-db help` lists the options.")
                           : err_hint(err, "Did you mean --%s?", nearest);
}

static void keep_value(struct options *options, size_t option, const char *value)
{
    options->value[option] = value;
    options->value_of[options->n_values] = (enum option)option;
    options->values[options->n_values++] = value;
}

static int parse_long(const char *text, char ***next, struct options *options, struct err *err)
{
    const char *equals = strchr(text, '=');
    size_t len = equals == NULL ? strlen(text) : (size_t)(equals - text);

    for (size_t i = 0; i < OPT_COUNT; i++) {
        if (strlen(rows[i].name) != len || strncmp(rows[i].name, text, len) != 0)
            continue;
        options->given[i]++;
        if (rows[i].value == NULL)
            return equals == NULL
                       ? 0
                       : err_set(err, ERR_USAGE, "option \"--%s\" takes no value", rows[i].name);
        if (equals == NULL && **next == NULL)
            return err_set(err, ERR_USAGE, "option \"--%s\" needs %s", rows[i].name,
                           rows[i].value);
        keep_value(options, i, equals != NULL ? equals + 1 : **next);
        *next += equals == NULL;
        return 0;
    }
    return unknown(text, err);
}

static int parse_letters(const char *letters, char ***next, struct options *options,
                         struct err *err)
{
    for (; *letters != '\0'; letters++) {
        size_t i = 0;

        while (i < OPT_COUNT && rows[i].letter != *letters)
            i++;
        if (i == OPT_COUNT)
            return unknown((const char[]){*letters, '\0'}, err);
        options->given[i]++;
        if (rows[i].value == NULL)
            continue;
        if (letters[1] == '\0' && **next == NULL)
            return err_set(err, ERR_USAGE, "option \"-%c\" needs %s", *letters, rows[i].value);
        keep_value(options, i, letters[1] == '=' ? letters + 2 : letters[1] != '\0' ? letters + 1
                                                                                     : **next);
        *next += letters[1] == '\0';
        return 0;
    }
    return 0;
}

int options_parse(int argc, char **argv, struct options *options, struct err *err)
{
    char **next = argv + 1;
    int rc = 0;

    memset(options, 0, sizeof *options);
    options->args = mem_alloc(((size_t)argc + 1) * sizeof *options->args);
    options->values = mem_alloc(((size_t)argc + 1) * sizeof *options->values);
    options->value_of = mem_alloc(((size_t)argc + 1) * sizeof *options->value_of);
    while (rc == 0 && *next != NULL) {
        const char *word = *next++;

        if (strcmp(word, "--") == 0) {
            while (*next != NULL)
                options->args[options->n_args++] = *next++;
        } else if (strncmp(word, "--", 2) == 0) {
            rc = parse_long(word + 2, &next, options, err);
        } else if (word[0] == '-' && word[1] != '\0' && (word[1] < '0' || word[1] > '9')) {
            rc = parse_letters(word + 1, &next, options, err);
        } else {
            options->args[options->n_args++] = word;
        }
    }
    return rc;
}

void options_release(struct options *options)
{
    mem_free(options->args);
    mem_free(options->values);
    mem_free(options->value_of);
    memset(options, 0, sizeof *options);
}

const char *const *options_list(const struct options *options, struct arena *arena,
                                enum option option)
{
    const char **list = arena_alloc(arena, ((size_t)options->n_values + 1) * sizeof *list);
    size_t n = 0;

    for (int i = 0; i < options->n_values; i++)
        if (options->value_of[i] == option)
            list[n++] = options->values[i];
    return list;
}

int options_check(const struct options *options, uint64_t allowed, const char *command,
                  struct err *err)
{
    for (unsigned i = 0; i < OPT_COUNT; i++)
        if (options->given[i] > 0 && ((allowed | ALWAYS) & UINT64_C(1) << i) == 0) {
            err_set(err, ERR_USAGE, "`%s` takes no option \"--%s\"", command, rows[i].name);
            return err_hint(err, "`deploy-db help %s` lists its options.", command);
        }
    return 0;
}

void options_help(uint64_t allowed, struct buf *out)
{
    for (unsigned i = 0; i < OPT_COUNT; i++) {
        char left[48];

        if (((allowed | ALWAYS) & UINT64_C(1) << i) == 0)
            continue;
        snprintf(left, sizeof left, "%c%c%s--%s%s%s", rows[i].letter ? '-' : ' ',
                 rows[i].letter ? rows[i].letter : ' ', rows[i].letter ? ", " : "  ", rows[i].name,
                 rows[i].value == NULL ? "" : " ", rows[i].value == NULL ? "" : rows[i].value);
        buf_addf(out, "  %-26s %s\n", left, rows[i].help);
    }
}

/*
 * config - see config.h. libinih cuts the lines into sections, names and values; the reader below
 * hands it what configparser would see: libinih takes "text ; comment" for a comment, every indented
 * line for a continuation and no more than 200 bytes of a line, configparser does none of these.
 */
#include "config.h"

#include <ctype.h>
#include <ini.h>
#include <string.h>

enum {
    CHUNK = 150,    /* what goes into one of libinih's lines (INI_MAX_LINE is 200) */
    CUT_BACK = 60,  /* how far a chunk may shrink so as not to end at a blank */
    SEMICOLON = 1,  /* stand for ';' and '#' while libinih looks at the line */
    HASH = 2,
    MAX_DEPTH = 10, /* of %(name)s in %(name)s, as in configparser */
};

struct reading {
    struct ddb_call *call;
    struct config *config;
    const char *section;
    const char *text, *end; /* what is still to be read */
    const char *line_end;   /* of the line that is being handed over in chunks; NULL: none */
    int *line_of;           /* the file's line for each of libinih's lines */
    int n_lines;
    int line;
    size_t option_indent;
    bool has_option;
    bool continued; /* the latest line goes on with the value before it */
    bool joined;    /* and even with its line */
    const char *twice;
};

/* --- lines for libinih -------------------------------------------------------------------------*/

static char *chunk_out(struct reading *reading, char *out, const char *start, bool indented)
{
    size_t n = (size_t)(reading->line_end - start);
    size_t cut = n > CHUNK ? CHUNK : n;
    char *to = out;

    while (cut < n && cut > CHUNK - CUT_BACK &&
           (isspace((unsigned char)start[cut]) || isspace((unsigned char)start[cut - 1])))
        cut--;
    if (indented)
        *to++ = ' ';
    for (size_t i = 0; i < cut; i++)
        *to++ = start[i] == ';' ? SEMICOLON : start[i] == '#' ? HASH : start[i];
    *to++ = '\n';
    *to = '\0';
    reading->text = start + cut;
    if (cut == n) {
        reading->text = reading->line_end < reading->end ? reading->line_end + 1 : reading->end;
        reading->line_end = NULL;
    }
    return out;
}

static char *next_line(char *out, int size, void *arg)
{
    struct reading *reading = arg;
    const char *start = reading->text;
    size_t indent = 0;

    (void)size; /* CHUNK is far below it */
    if (reading->text == reading->end)
        return NULL;
    reading->joined = reading->line_end != NULL;
    if (reading->joined) {
        reading->line_of[reading->n_lines++] = reading->line;
        return chunk_out(reading, out, start, true);
    }
    reading->line_of[reading->n_lines++] = ++reading->line;
    reading->line_end = memchr(start, '\n', (size_t)(reading->end - start));
    if (reading->line_end == NULL)
        reading->line_end = reading->end;
    while (start < reading->line_end && isspace((unsigned char)*start))
        start++, indent++;
    if (start == reading->line_end || *start == '#' || *start == ';') {
        reading->text = reading->line_end < reading->end ? reading->line_end + 1 : reading->end;
        reading->line_end = NULL;
        memcpy(out, "\n", 2);
        return out;
    }
    reading->continued = reading->has_option && indent > reading->option_indent;
    if (!reading->continued) {
        reading->option_indent = indent;
        reading->has_option = *start != '[';
    }
    return chunk_out(reading, out, start, reading->continued);
}

/* --- options from libinih ----------------------------------------------------------------------*/

static char *restored(struct ddb_call *call, const char *text)
{
    char *copy = alembic_host->format(call, "%s", text);

    for (char *c = copy; *c != '\0'; c++)
        *c = *c == SEMICOLON ? ';' : *c == HASH ? '#' : *c;
    return copy;
}

static struct config_option *find(const struct config *config, const char *name, bool is_default)
{
    for (size_t i = 0; i < config->n; i++)
        if (config->options[i].is_default == is_default &&
            strcasecmp(config->options[i].name, name) == 0)
            return &config->options[i];
    return NULL;
}

static void add(struct reading *reading, const char *name, const char *value, bool is_default)
{
    struct config *config = reading->config;
    struct config_option *option;

    if (config->n == config->cap) {
        size_t cap = config->cap < 32 ? 32 : config->cap * 2;
        struct config_option *grown =
            alembic_host->alloc(reading->call, cap * sizeof *grown);

        if (config->n > 0)
            memcpy(grown, config->options, config->n * sizeof *grown);
        config->options = grown;
        config->cap = cap;
    }
    option = &config->options[config->n++];
    option->name = restored(reading->call, name);
    option->value = value;
    option->is_default = is_default;
}

static int on_option(void *arg, const char *section, const char *name, const char *value)
{
    struct reading *reading = arg;
    struct ddb_call *call = reading->call;
    const char *wanted = restored(call, section);
    bool is_default = strcmp(wanted, "DEFAULT") == 0;
    struct config_option *option;

    if (!is_default && strcmp(wanted, reading->section) != 0)
        return 1;
    value = restored(call, value);
    option = find(reading->config, restored(call, name), is_default);
    if (option == NULL) {
        add(reading, name, value, is_default);
    } else if (reading->joined || reading->continued) {
        option->value = alembic_host->format(call, "%s%s%s", option->value,
                                             reading->joined ? "" : "\n", value);
    } else if (reading->twice == NULL) {
        reading->twice = option->name;
        return 0;
    }
    return 1;
}

int config_read(struct ddb_call *call, const char *text, size_t n, const char *section,
                struct config *config)
{
    struct reading reading = {
        .call = call, .config = config, .section = section, .text = text, .end = text + n};
    int line;

    if (memchr(text, '\0', n) != NULL)
        return alembic_host->fail(call, "\"%s\" is not a text file", config->path);
    reading.line_of =
        alembic_host->alloc(call, (n + n / (CHUNK - CUT_BACK) + 2) * sizeof *reading.line_of);
    line = ini_parse_stream(next_line, &reading, on_option, &reading);
    if (line == 0)
        return 0;
    if (line < 0 || line > reading.n_lines)
        return alembic_host->fail(call, "could not read \"%s\"", config->path);
    line = reading.line_of[line - 1];
    if (reading.twice != NULL)
        return alembic_host->fail(call, "\"%s\" gives \"%s\" twice, the second time in line %d",
                                  config->path, reading.twice, line);
    return alembic_host->fail(call, "\"%s\" has neither a section nor an option in line %d",
                              config->path, line);
}

/* --- values ------------------------------------------------------------------------------------*/

static const char *raw_value(const struct config *config, const char *name)
{
    const struct config_option *option = find(config, name, false);

    if (option == NULL)
        option = find(config, name, true);
    if (option != NULL)
        return option->value;
    return strcasecmp(name, "here") == 0 ? config->here : NULL;
}

/* ${text} with its references replaced; NULL, with the failure recorded, when one is wrong. */
static const char *expand(struct ddb_call *call, const struct config *config, const char *option,
                          const char *text, int depth)
{
    const char *out = "";
    const char *percent;

    while ((percent = strchr(text, '%')) != NULL) {
        const char *close = percent[1] == '(' ? strstr(percent, ")s") : NULL;
        const char *name, *value = "%";

        if (close != NULL) {
            name = alembic_host->format(call, "%.*s", (int)(close - percent - 2), percent + 2);
            value = raw_value(config, name);
            if (value == config->here) /* a path, taken as it is */
                ;
            else if (value != NULL && depth < MAX_DEPTH)
                value = expand(call, config, option, value, depth + 1);
            else if (value == NULL)
                alembic_host->fail(call, "\"%s\" refers to an unknown \"%%(%s)s\" in \"%s\"",
                                   config->path, name, option);
            else
                value = (alembic_host->fail(call, "\"%s\" nests references too deeply in \"%s\"",
                                            config->path, option), NULL);
            if (value == NULL)
                return NULL;
        } else if (percent[1] != '%') {
            alembic_host->fail(call, "\"%s\" has a single \"%%\" in \"%s\"", config->path, option);
            alembic_host->hint(call, "Write \"%%%%\" for a percent sign in alembic.ini.");
            return NULL;
        }
        out = alembic_host->format(call, "%s%.*s%s", out, (int)(percent - text), text, value);
        text = close != NULL ? close + 2 : percent + 2;
    }
    return alembic_host->format(call, "%s%s", out, text);
}

int config_get(struct ddb_call *call, const struct config *config, const char *name,
               const char **value)
{
    const char *raw = raw_value(config, name);

    *value = NULL;
    if (raw == NULL)
        return 0;
    *value = expand(call, config, name, raw, 1);
    return *value != NULL ? 0 : -1;
}

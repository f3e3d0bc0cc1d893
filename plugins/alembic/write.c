/* write - see write.h. */
#include "write.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "header.h"
#include "mako.h"
#include "place.h"
#include "project.h"
#include "pytext.h"

/* --- the file ---------------------------------------------------------------------------------*/

static int put_file(struct ddb_call *call, const char *path, const char *text, size_t n)
{
    int rc = alembic_host->create_file(call, path, text, n);

    if (rc <= 0)
        return rc;
    alembic_host->fail(call, "\"%s\" exists already", path);
    return alembic_host->hint(call, "Choose another message or identifier, or remove the file.");
}

/* --- is it right before anybody can see it? ---------------------------------------------------*/

/* Whether the message, put into ${file} at ${at}, is inside one string, or outside of strings and
 * without a line's end in it. */
static bool is_held(struct ddb_call *call, const struct mako_file *file, size_t at,
                    const char *message)
{
    const char *start = file->text + at, *end = start + strlen(message);
    struct lex lex;
    struct token token;

    lex_init(&lex, file->text, file->n);
    for (lex_next(&lex, &token); token.kind != LEX_END && token.kind != LEX_ERROR;
         lex_next(&lex, &token)) {
        const char *body = token.text, *behind = token.text + token.n;
        size_t quotes;

        if (behind <= start || token.text >= end)
            continue;
        if (token.kind != LEX_STRING)
            return false;
        while (*body != '"' && *body != '\'')
            body++;
        quotes = behind - body >= 6 && body[1] == *body && body[2] == *body ? 3 : 1;
        return body + quotes <= start && end <= behind - quotes &&
               lex_decode(&token, alembic_host->alloc(call, token.n + 1)) >= 0;
    }
    return token.kind == LEX_END && strpbrk(message, "\n\r\f") == NULL;
}

static int check_message(struct ddb_call *call, const struct mako_file *file, const char *message)
{
    if (strpbrk(message, "\\\"'\n\r\f") == NULL)
        return 0;
    for (size_t i = 0; i < file->n_messages; i++)
        if (!is_held(call, file, file->message_at[i], message)) {
            alembic_host->fail(call, "Python could not load a revision with the message \"%s\"",
                               message);
            return alembic_host->hint(call, "Leave out its quotes at the end or in threes, its "
                                            "backslashes, or its line ends.");
        }
    return 0;
}

static bool is_same(const char *const *a, const char *const *b)
{
    for (; *a != NULL && *b != NULL; a++, b++)
        if (strcmp(*a, *b) != 0)
            return false;
    return *a == NULL && *b == NULL;
}

/* What the file will say about itself, as far as that can be known here. */
static int check_header(struct ddb_call *call, const struct mako_file *file,
                        const struct ddb_new_revision *revision, const char *template)
{
    const char *id[] = {revision->id, NULL};
    const struct {
        enum header_name name;
        const char *const *wanted;
        const char *word;
    } lists[] = {
        {HEADER_REVISION, id, "revision"},
        {HEADER_DOWN, revision->down, "down_revision"},
        {HEADER_LABELS, revision->labels, "branch_labels"},
        {HEADER_DEPENDS, revision->depends_on, "depends_on"},
    };
    struct header header = {0};
    const char *wrong = NULL;

    if (header_read(&header, file->text, file->n) == 0)
        for (size_t i = 0; wrong == NULL && i < sizeof lists / sizeof *lists; i++)
            if (!is_same(header_list(&header, lists[i].name), lists[i].wanted))
                wrong = lists[i].word;
    header_release(&header);
    if (wrong == NULL)
        return 0;
    alembic_host->fail(call, "\"%s\" does not write %s as it is wanted for revision \"%s\"",
                       template, wrong, revision->id);
    return alembic_host->hint(call, "Have the template assign revision, down_revision, "
                                    "branch_labels and depends_on, as Alembic's own does.");
}

/* --- by the project's own command -------------------------------------------------------------*/

static void push(struct ddb_call *call, struct list *words, const char *option, const char *value)
{
    list_push(call, words, alembic_host->format(call, "%s=%s", option, value));
}

/* What is written with several parents has no other options than these. */
static int merge_words(struct ddb_call *call, const struct ddb_new_revision *revision,
                       struct list *words)
{
    if (revision->depends_on[0] != NULL || revision->version_path != NULL ||
        (revision->flags & DDB_NEW_AUTOGENERATE) != 0) {
        alembic_host->fail(call, "Alembic's own command cannot write a revision with several "
                                 "parents and with dependencies, a folder or contents of its own");
        return alembic_host->hint(call, "Merge first, then add a revision on top.");
    }
    list_push(call, words, "merge");
    list_push_all(call, words, revision->down);
    if ((revision->flags & DDB_NEW_SPLICE) != 0)
        list_push(call, words, "--splice");
    return 0;
}

static void revision_words(struct ddb_call *call, const struct ddb_new_revision *revision,
                           struct list *words)
{
    list_push(call, words, "revision");
    push(call, words, "--head", revision->down[0] != NULL ? revision->down[0] : "base");
    if ((revision->flags & DDB_NEW_AUTOGENERATE) != 0)
        list_push(call, words, "--autogenerate");
    if ((revision->flags & DDB_NEW_SPLICE) != 0)
        list_push(call, words, "--splice");
    for (const char *const *id = revision->depends_on; *id != NULL; id++)
        push(call, words, "--depends-on", *id);
    if (revision->version_path != NULL)
        push(call, words, "--version-path", revision->version_path);
}

/* The models are compared with a database at its heads, where nothing needs to be written; but
 * while nothing was ever applied, Alembic makes the version table. */
static int ask_command(struct ddb_call *call, const struct ddb_new_revision *revision,
                       const char *why, const char **path)
{
    bool read_only = revision->down[0] != NULL;
    struct list words = {0};

    if (revision->labels[0] != NULL && revision->labels[1] != NULL) {
        alembic_host->fail(call, "Alembic's own command cannot write several branch labels");
        return alembic_host->detail(call, "it was to write the file because %s", why);
    }
    if (revision->down[0] == NULL || revision->down[1] == NULL)
        revision_words(call, revision, &words);
    else if (merge_words(call, revision, &words) != 0)
        return alembic_host->detail(call, "it was to write the file because %s", why);
    if (*revision->message != '\0')
        push(call, &words, "--message", revision->message);
    push(call, &words, "--rev-id", revision->id);
    if (revision->labels[0] != NULL)
        push(call, &words, "--branch-label", revision->labels[0]);
    alembic_host->log(call, DDB_LEVEL_DETAIL, "asking Alembic to write the file because %s", why);
    if (command_revision(call, list_vector(&words), read_only, path) == 0)
        return 0;
    alembic_host->detail(call, "Alembic was asked because %s", why);
    return alembic_host->detail(call, "the engine's setting \"command\" says how Alembic is run");
}

/* --- without Python ---------------------------------------------------------------------------*/

/* What only Alembic does; NULL: nothing of it is asked for. -1: the configuration is wrong. */
static int options_beyond(struct ddb_call *call, const struct locations *locations,
                          const char **why)
{
    static const char *const off[] = {"false", "no", "off", "n", "f", "0", ""};
    const char *zone, *encoding, *environment;
    bool is_off = false;

    if (config_get(call, locations->options, "timezone", &zone) != 0 ||
        config_get(call, locations->options, "output_encoding", &encoding) != 0 ||
        config_get(call, locations->options, "revision_environment", &environment) != 0)
        return -1;
    for (size_t i = 0; i < sizeof off / sizeof *off; i++)
        is_off |= environment == NULL || strcasecmp(environment, off[i]) == 0;
    if (zone != NULL && *zone != '\0')
        *why = "timezone is set";
    else if (encoding != NULL && strcasecmp(encoding, "utf-8") != 0 &&
             strcasecmp(encoding, "utf8") != 0)
        *why = "output_encoding is not UTF-8";
    else if (!is_off)
        *why = "revision_environment is set";
    else if (locations->has_hooks)
        *why = "post_write_hooks are configured";
    return 0;
}

static int render(struct ddb_call *call, const char *template,
                  const struct ddb_new_revision *revision, const char *moment,
                  struct mako_file *file, const char **why)
{
    struct mako_values values = {
        .message = *revision->message != '\0' ? revision->message : "empty message",
        .id = revision->id,
        .create_date = moment,
        .down = revision->down,
        .labels = revision->labels,
        .depends_on = revision->depends_on,
    };
    const char *stop;
    char *text;
    size_t n;

    if (project_read(template, PROJECT_MAX_FILE, &text, &n) != 0) {
        alembic_host->fail(call, "could not read the template \"%s\": %s", template,
                           strerror(errno));
        return alembic_host->hint(call, "Alembic's `init` writes one; it belongs beside env.py.");
    }
    stop = mako_render(call, text, n, &values, file);
    free(text);
    if (stop != NULL) {
        *why = alembic_host->format(call, "script.py.mako has %s", stop);
        return 0;
    }
    if (check_message(call, file, values.message) != 0)
        return -1;
    return check_header(call, file, revision, template);
}

/* The file is written, or ${why} says why only Alembic can write it. */
static int write_here(struct ddb_call *call, const struct ddb_new_revision *revision,
                      const char **path, const char **why)
{
    struct project project;
    struct locations locations;
    const char *template, *moment = place_moment(call, revision->create_date);
    struct mako_file file;

    project_open(call, &project);
    if (project_locations(call, &project, &locations) != 0)
        return -1;
    *why = locations.unknown;
    if (*why == NULL && options_beyond(call, &locations, why) != 0)
        return -1;
    if (*why != NULL)
        return 0;
    template = alembic_host->format(call, "%s/script.py.mako", locations.script);
    if (place_find(call, &project, &locations, revision, moment, path, why) != 0)
        return -1;
    if (*why != NULL)
        return 0;
    if (render(call, template, revision, moment, &file, why) != 0)
        return -1;
    return *why != NULL ? 0 : put_file(call, *path, file.text, file.n);
}

int write_revision(struct ddb_call *call, const struct ddb_new_revision *revision,
                   const char **path)
{
    const char *why = NULL;

    *path = "";
    if (revision->upgrade != NULL || revision->downgrade != NULL ||
        (revision->flags &
         (DDB_NEW_UPGRADE_NO_TRANSACTION | DDB_NEW_DOWNGRADE_NO_TRANSACTION)) != 0)
        return alembic_host->fail(call, "a revision of Alembic is Python: SQL cannot be put into "
                                        "revision \"%s\"", revision->id);
    if (!pytext_is_utf8(revision->message))
        return alembic_host->fail(call, "the message is not valid UTF-8");
    if ((revision->flags & DDB_NEW_AUTOGENERATE) != 0)
        why = "only it can compare the models with the database";
    else if (write_here(call, revision, path, &why) != 0)
        return -1;
    return why != NULL ? ask_command(call, revision, why, path) : 0;
}

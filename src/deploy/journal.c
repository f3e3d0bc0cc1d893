/* journal - see journal.h. */
#include "deploy/journal.h"

#include <jansson.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"

enum { JOURNAL_MAX_BYTES = 64 * 1024 * 1024 };

static const char SUFFIX[] = ".journal";

struct note {
    const char *key, *value;
    struct note *next;
};

struct journal {
    struct arena *arena;
    const char *dir;
    const char *path;
    struct journal_state state;
    struct note *notes; /* newest first */
};

/* --- reading ------------------------------------------------------------------------------------- */

static const char *text_of(const struct journal *journal, const json_t *line, const char *key)
{
    return arena_strdup(journal->arena, json_string_value(json_object_get(line, key)));
}

static void add_note(struct journal *journal, const char *key, const char *value)
{
    struct note *note = arena_alloc(journal->arena, sizeof *note);

    note->key = arena_strdup(journal->arena, key);
    note->value = arena_strdup(journal->arena, value);
    note->next = journal->notes;
    journal->notes = note;
}

/* What one line adds to the state; unknown events are for newer versions and are passed over. */
static void replay(struct journal *journal, const json_t *line)
{
    struct journal_state *state = &journal->state;
    const char *event = json_string_value(json_object_get(line, "event"));
    const char *when = json_string_value(json_object_get(line, "time"));

    if (event == NULL)
        return;
    if (strcmp(event, "begin") == 0) {
        state->environment = text_of(journal, line, "environment");
        state->command = text_of(journal, line, "command");
        state->who = text_of(journal, line, "who");
        state->host = text_of(journal, line, "host");
        if (state->environment == NULL || state->command == NULL || state->who == NULL ||
            state->host == NULL)
            state->environment = state->command = state->who = state->host = "unknown";
        state->started = when == NULL ? 0 : clock_parse(when);
    } else if (strcmp(event, "phase-begin") == 0 || strcmp(event, "phase-end") == 0) {
        state->phase = text_of(journal, line, "phase");
        if (state->phase == NULL)
            state->phase = "unknown"; /* further than looking: not taken for harmless */
        state->phase_open = strcmp(event, "phase-begin") == 0;
        state->ended = 0; /* the run goes on: whoever ended it was wrong */
    } else if (strcmp(event, "record") == 0) {
        state->record = text_of(journal, line, "record");
    } else if (strcmp(event, "note") == 0) {
        const char *key = json_string_value(json_object_get(line, "key"));
        const char *value = json_string_value(json_object_get(line, "value"));

        if (key != NULL && value != NULL)
            add_note(journal, key, value);
    } else if (strcmp(event, "end") == 0) {
        state->status = (int)json_integer_value(json_object_get(line, "status"));
        state->outcome = text_of(journal, line, "outcome");
        state->ended = when == NULL ? 0 : clock_parse(when);
    }
}

static struct journal *new_journal(struct arena *arena, const char *dir, const char *run)
{
    struct journal *journal = arena_alloc(arena, sizeof *journal);

    journal->arena = arena;
    journal->dir = arena_strdup(arena, dir);
    journal->path = arena_printf(arena, "%s/%s%s", dir, run, SUFFIX);
    journal->state = (struct journal_state){.run = arena_strdup(arena, run),
                                            .environment = "",
                                            .command = "",
                                            .who = "",
                                            .host = "",
                                            .phase = "",
                                            .status = -1,
                                            .outcome = ""};
    return journal;
}

int journal_open(struct arena *arena, const char *dir, const char *run, struct journal **out,
                 struct err *err)
{
    struct journal *journal = new_journal(arena, dir, run);
    auto_buf struct buf text = {0};
    const char *line, *end;
    json_t *json;

    if (fs_read(journal->path, JOURNAL_MAX_BYTES, &text, err) != 0)
        return err_wrap(err, "could not read the journal of run %s", run);
    for (line = text.data; line != NULL; line = end + 1) {
        end = memchr(line, '\n', text.len - (size_t)(line - text.data));
        if (end == NULL)
            break; /* cut off */
        json = json_loadb(line, (size_t)(end - line), 0, NULL);
        if (json != NULL)
            replay(journal, json);
        json_decref(json);
    }
    *out = journal;
    return 0;
}

/* --- writing ------------------------------------------------------------------------------------- */

/* A JSON string of ${text}, which may come from a program that does not write UTF-8. */
static json_t *string_of(const char *text)
{
    auto_free char *clean = log_clean(text);

    return json_string(clean);
}

/* Append ${line} (a reference that is taken over), and replay it, so that the state in memory is
 * what a reader would find. A line cut off by a crash is ended first by the newline before. */
static int append(struct journal *journal, json_t *line, struct err *err)
{
    char when[32];
    auto_buf struct buf text = {0};
    char *dump;
    int rc;

    json_object_set_new(line, "time", json_string(clock_iso(clock_now(), when)));
    dump = json_dumps(line, JSON_COMPACT);
    if (dump == NULL) {
        json_decref(line);
        return err_set(err, ERR_INTERNAL, "could not write journal \"%s\": text is not UTF-8",
                       journal->path);
    }
    buf_addc(&text, '\n');
    buf_adds(&text, dump);
    buf_addc(&text, '\n');
    rc = fs_append(journal->path, text.data, text.len, err);
    if (rc == 0)
        replay(journal, line);
    mem_free(dump);
    json_decref(line);
    return rc;
}

int journal_create(struct arena *arena, const char *dir, const char *run, const char *environment,
                   const char *command, const char *who, const char *host,
                   struct journal **out, struct err *err)
{
    struct journal *journal = new_journal(arena, dir, run);

    if (fs_mkdirs(dir, 0700, err) != 0)
        return err_hint(err, "Set state_dir to a directory that this user can write.");
    *out = journal;
    return append(journal,
                  json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "event", "begin", "run", run,
                            "environment", environment, "command", command, "who", who, "host",
                            host),
                  err);
}

int journal_phase(struct journal *journal, const char *phase, bool begin, struct err *err)
{
    return append(journal,
                  json_pack("{s:s, s:s}", "event", begin ? "phase-begin" : "phase-end", "phase",
                            phase),
                  err);
}

int journal_record(struct journal *journal, const char *json, struct err *err)
{
    return append(journal, json_pack("{s:s, s:s}", "event", "record", "record", json), err);
}

int journal_note(struct journal *journal, const char *key, const char *value, struct err *err)
{
    return append(journal,
                  json_pack("{s:s, s:s, s:o}", "event", "note", "key", key, "value",
                            string_of(value)),
                  err);
}

int journal_end(struct journal *journal, int status, const char *outcome, struct err *err)
{
    return append(journal,
                  json_pack("{s:s, s:i, s:o}", "event", "end", "status", status, "outcome",
                            string_of(outcome)),
                  err);
}

/* --- asking -------------------------------------------------------------------------------------- */

const struct journal_state *journal_state(const struct journal *journal)
{
    return &journal->state;
}

const char *journal_path(const struct journal *journal, const char *suffix)
{
    return arena_printf(journal->arena, "%s/%s%s", journal->dir, journal->state.run, suffix);
}

const char *journal_noted(const struct journal *journal, const char *key)
{
    for (const struct note *note = journal->notes; note != NULL; note = note->next)
        if (strcmp(note->key, key) == 0)
            return note->value;
    return NULL;
}

int journal_runs(const char *dir, struct strvec *runs, struct err *err)
{
    auto_strvec struct strvec names = {0};

    if (!fs_is_dir(dir))
        return 0;
    if (fs_list(dir, &names, err) != 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        size_t len = strlen(names.v[i]);
        size_t cut = sizeof SUFFIX - 1;

        if (len > cut && strcmp(names.v[i] + len - cut, SUFFIX) == 0)
            strvec_pushf(runs, "%.*s", (int)(len - cut), names.v[i]);
    }
    return 0;
}

bool journal_has_changed(const struct journal *journal)
{
    static const char *const harmless[] = {"", "plan", "lock", "preflight"};

    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        if (strcmp(journal->state.phase, harmless[i]) == 0)
            return false;
    return true;
}

int journal_unfinished(struct arena *arena, const char *dir, struct journal **out,
                       struct err *err)
{
    auto_strvec struct strvec runs = {0};

    *out = NULL;
    if (journal_runs(dir, &runs, err) != 0)
        return -1;
    for (size_t i = runs.n; i-- > 0;) {
        struct journal *journal = NULL;

        if (journal_open(arena, dir, runs.v[i], &journal, err) != 0)
            return -1;
        if (journal->state.ended == 0 && journal_has_changed(journal)) {
            *out = journal;
            return 0;
        }
    }
    return 0;
}

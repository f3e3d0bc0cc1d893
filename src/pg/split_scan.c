/* split_scan - see split_scan.h. */
#include "pg/split_scan.h"

#include <string.h>

/* --- words that change what a semicolon means, or what a statement is --------------------------*/

struct word {
    const char *text;
    size_t n;
};

struct words {
    struct word first[4];
    size_t n;
    struct word last;
    bool names_next;   /* after "." and AS every word is a name */
    bool concurrently; /* CONCURRENTLY was seen, and no "false" after it */
    bool from_stdin;   /* COPY … FROM STDIN */
    size_t body;       /* depth of BEGIN ATOMIC and CASE */
};

static bool is(struct word word, const char *text)
{
    return word.n > 0 && split_lex_is(word.text, word.n, text);
}

static bool creates_routine(const struct words *words)
{
    return is(words->first[0], "create") &&
           (is(words->first[1], "function") || is(words->first[1], "procedure") ||
            is(words->first[3], "function") || is(words->first[3], "procedure"));
}

static void take_body(struct words *words, struct word word)
{
    if (words->body == 0)
        words->body = is(word, "atomic") && is(words->last, "begin") && creates_routine(words);
    else if (is(word, "case"))
        words->body++;
    else if (is(word, "end"))
        words->body--;
}

static void take_word(struct words *words, struct word word, size_t parens)
{
    if (words->n < 4)
        words->first[words->n] = word;
    if (!words->names_next)
        take_body(words, word);
    if (parens == 0 && is(words->first[0], "copy") && is(words->last, "from") && is(word, "stdin"))
        words->from_stdin = true;
    if (is(word, "concurrently") && is(words->first[0], "reindex") && !words->names_next)
        words->concurrently = true;
    if (is(words->last, "concurrently") && parens > 0 && (is(word, "false") || is(word, "off")))
        words->concurrently = false;
    words->n++;
    words->last = word;
    words->names_next = is(word, "as");
}

static bool is_transaction(const struct word *first)
{
    static const char *const alone[] = {"begin", "commit", "end", "rollback", "abort", "savepoint",
                                        "release"};

    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
        if (is(first[0], alone[i]))
            return true;
    return (is(first[0], "start") || is(first[0], "prepare")) && is(first[1], "transaction");
}

static uint64_t flags_of(const struct words *words)
{
    const struct word *first = words->first;
    const struct word *index = is(first[1], "unique") ? &first[2] : &first[1];
    bool builds = is(first[0], "create") && is(index[0], "index") && index < first + 3 &&
                  is(index[1], "concurrently");

    return (is_transaction(first) ? SPLIT_TRANSACTION : 0u) |
           (words->from_stdin ? SPLIT_COPY_IN : 0u) |
           (builds || words->concurrently ? SPLIT_CONCURRENTLY : 0u);
}

/* --- COPY's data -------------------------------------------------------------------------------*/

/* Nothing but blanks and comments up to the end of the text. */
static bool nothing_left(const struct split_lex *from)
{
    struct split_lex lex = *from;

    while (lex.p < lex.end && (split_lex_is_blank(*lex.p) || *lex.p == '-' || *lex.p == '/'))
        if (split_lex_next(&lex) != SPLIT_BLANK && *lex.token != '-')
            return false;
    return lex.p == lex.end;
}

static bool ends_data(const char *line, const char *end)
{
    return end - line >= 2 && line[0] == '\\' && line[1] == '.' &&
           (end - line == 2 || (end - line == 3 && line[2] == '\r'));
}

/* After the semicolon of COPY … FROM STDIN: its data begin with the next line when nothing but a
 * comment stands behind the semicolon, and go up to the line "\.". */
static int take_data(struct split_scan *scan, struct split_statement *part)
{
    struct split_lex *lex = &scan->lex;
    const char *end = memchr(lex->p, '\n', (size_t)(lex->end - lex->p));
    const char *line = lex->p;

    part->data = lex->p;
    while (line < lex->end && *line != '\n' && split_lex_is_blank(*line))
        line++;
    if (end == NULL || (line < end && strncmp(line, "--", 2) != 0) || nothing_left(lex))
        return 1;
    part->data = line = end + 1;
    while (line < lex->end) {
        end = memchr(line, '\n', (size_t)(lex->end - line));
        end = end == NULL ? lex->end : end;
        if (ends_data(line, end)) {
            part->data_n = (size_t)(line - part->data);
            lex->p = end;
            return 1;
        }
        line = end + 1;
    }
    scan->began = part->data;
    scan->what = "COPY data";
    return -1;
}

/* --- one part ----------------------------------------------------------------------------------*/

struct state {
    struct words words;
    size_t parens;
    size_t blank; /* bytes since the last token that counts */
    bool ends;    /* a semicolon was taken */
};

static void take_byte(struct state *state, char byte)
{
    if (byte == '(')
        state->parens++;
    else if (byte == ')' && state->parens > 0)
        state->parens--;
    state->words.names_next = byte == '.';
}

/* One token of the statement that ${part} is; whether the statement goes on behind it. */
static bool take_token(struct split_scan *scan, enum split_token token, struct state *state,
                       struct split_statement *part)
{
    struct split_lex *lex = &scan->lex;
    size_t n = (size_t)(lex->p - lex->token);

    if (token == SPLIT_BLANK || token == SPLIT_COMMENT) {
        state->blank += part->text == NULL ? 0 : n;
        if (token == SPLIT_COMMENT && scan->comment != NULL)
            scan->comment(scan->arg, lex->token, n, state->parens + state->words.body);
        return true;
    }
    if (token == SPLIT_BYTE && *lex->token == ';' && state->parens == 0 &&
        state->words.body == 0 && !scan->whole) {
        state->ends = part->text != NULL;
        return part->text == NULL;
    }
    if (token == SPLIT_BACKSLASH && !scan->whole) {
        if (part->text == NULL)
            *part = (struct split_statement){.text = lex->token, .n = n, .flags = SPLIT_META};
        else
            lex->p = lex->token; /* the next part */
        return false;
    }
    if (part->text == NULL)
        part->text = lex->token;
    if (token == SPLIT_WORD)
        take_word(&state->words, (struct word){lex->token, n}, state->parens);
    else
        take_byte(state, token == SPLIT_BYTE ? *lex->token : '\0');
    part->code += state->blank + (token == SPLIT_QUOTED ? 1 : n);
    state->blank = 0;
    part->n = (size_t)(lex->p - part->text);
    return true;
}

int split_scan_next(struct split_scan *scan, struct split_statement *part)
{
    struct state state = {.parens = 0};
    enum split_token token;

    *part = (struct split_statement){.text = NULL};
    do {
        token = split_lex_next(&scan->lex);
        if (token == SPLIT_OPEN) {
            scan->began = scan->lex.token;
            scan->what = scan->lex.what;
            return -1;
        }
    } while (token != SPLIT_END && take_token(scan, token, &state, part));
    if (part->text == NULL)
        return 0;
    if (part->flags & SPLIT_META)
        return 1;
    part->flags = flags_of(&state.words);
    if (part->flags & SPLIT_COPY_IN)
        part->data = part->text + part->n;
    return part->data != NULL && state.ends ? take_data(scan, part) : 1;
}

/* header - see header.h. */
#include "header.h"

#include <stdlib.h>
#include <string.h>

#include "header_text.h"

static const char *const names[HEADER_NAMES] = {"revision", "down_revision", "branch_labels",
                                                "depends_on", "__doc__"};

/* Ways to bind a name that no reader of assignments can follow. */
static const char *const reflective[] = {"globals", "locals", "vars", "exec", "setattr", NULL};

/* Statements that begin a block, or bind names in a block on the same line. */
static const char *const compound[] = {"if",  "elif",   "else",    "for",  "while", "try",
                                       "except", "finally", "with", "async", NULL};

enum { LONGEST_WORD = 7 }; /* of these and of other key words that are looked for */

static void *grow(void *items, size_t *cap, size_t needed, size_t size)
{
    if (needed <= *cap)
        return items;
    *cap = needed > 2 * *cap ? needed + 64 : 2 * *cap;
    items = realloc(items, *cap * size);
    if (items == NULL)
        abort(); /* as the rest of the program does */
    return items;
}

/* --- expressions -------------------------------------------------------------------------------*/

static bool is_op(const struct token *token, char c)
{
    return token->kind == LEX_OP && token->n == 1 && *token->text == c;
}

/* Whether the first of the ${n} tokens opens a parenthesis of kind ${open} that the last closes. */
static bool is_wrapped(const struct token *t, size_t n, char open)
{
    if (n < 2 || !is_op(&t[0], open))
        return false;
    for (size_t i = 1; i < n; i++)
        if (t[i].kind == LEX_OP && t[i].depth == t[0].depth && strchr(")]}", *t[i].text) != NULL)
            return i == n - 1;
    return false;
}

/* The next ${c} outside parentheses, ${n} when there is none; ${depth} is that of the expression. */
static size_t find_op(const struct token *t, size_t n, int depth, char c)
{
    size_t i = 0;

    while (i < n && !(t[i].depth == depth && is_op(&t[i], c)))
        i++;
    return i;
}

void header_reserve(struct header *header, size_t n_items, size_t n_strings)
{
    header->items = grow(header->items, &header->cap_items, n_items, sizeof *header->items);
    header->strings = grow(header->strings, &header->cap_strings, n_strings, 1);
}

static void push_item(struct header *header, const char *text)
{
    header_reserve(header, header->n_items + 1, 0);
    header->items[header->n_items++] = text;
}

/* One string, perhaps of several literals, perhaps in parentheses, as an item. */
static bool eval_text(struct header *header, const struct token *t, size_t n)
{
    char *start = header->strings + header->n_strings;

    while (is_wrapped(t, n, '(')) {
        t++;
        n -= 2;
    }
    if (n == 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        long len = t[i].kind == LEX_STRING
                       ? lex_decode(&t[i], header->strings + header->n_strings)
                       : -1;

        if (len < 0)
            return false;
        header->n_strings += (size_t)len;
    }
    header->n_strings++; /* the NUL */
    push_item(header, start);
    return true;
}

/* Strings between commas; ${n} may be 0. */
static bool eval_items(struct header *header, const struct token *t, size_t n)
{
    int depth = n > 0 ? t[0].depth : 0;

    while (n > 0) {
        size_t comma = find_op(t, n, depth, ',');

        if (!eval_text(header, t, comma))
            return false;
        t += comma;
        n -= comma;
        if (n > 0) {
            t++;
            n--;
        }
    }
    return true;
}

static enum header_kind eval_kind(struct header *header, const struct token *t, size_t n)
{
    bool listed = false;

    while (is_wrapped(t, n, '(')) {
        t++;
        n -= 2;
        listed = n == 0;
    }
    if (n == 1 && lex_is(t, LEX_NAME, "None"))
        return HEADER_NONE;
    if (!listed && n > 0 && find_op(t, n, t[0].depth, ',') < n) {
        listed = true;
    } else if (is_wrapped(t, n, '[') || (n > 2 && is_wrapped(t, n, '{'))) {
        listed = true;
        t++;
        n -= 2;
    }
    if (listed)
        return eval_items(header, t, n) ? HEADER_LIST : HEADER_UNKNOWN;
    return eval_text(header, t, n) ? HEADER_TEXT : HEADER_UNKNOWN;
}

static struct header_value eval(struct header *header, const struct token *t, size_t n, int line)
{
    struct header_value value = {.line = line, .first = header->n_items};

    value.kind = eval_kind(header, t, n);
    push_item(header, NULL);
    return value;
}

/* --- statements --------------------------------------------------------------------------------*/

static bool is_one_of(const struct token *token, const char *const *texts)
{
    if (token->kind != LEX_NAME || token->n > LONGEST_WORD)
        return false;
    for (; *texts != NULL; texts++)
        if (**texts == *token->text && lex_is(token, LEX_NAME, *texts))
            return true;
    return false;
}

static void set_unknown(struct header *header, size_t name, int line)
{
    header->values[name] = (struct header_value){.kind = HEADER_UNKNOWN, .line = line};
}

static void set_all_unknown(struct header *header, int line)
{
    for (size_t i = 0; i < HEADER_DOC; i++)
        set_unknown(header, i, line);
}

static size_t which(const struct token *token)
{
    size_t i = 0;

    if (token->kind != LEX_NAME)
        return HEADER_NAMES;
    while (i < HEADER_NAMES &&
           (names[i][0] != *token->text || !lex_is(token, LEX_NAME, names[i])))
        i++;
    return i;
}

/* Every name among the tokens, unless it is an attribute, may have been bound to anything. */
static void mentioned(struct header *header, const struct token *t, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (t[i].kind == LEX_NAME && (i == 0 || !is_op(&t[i - 1], '.')) &&
            which(&t[i]) < HEADER_NAMES)
            set_unknown(header, which(&t[i]), t[i].line);
}

static bool has(const struct token *t, size_t n, enum lex_kind kind, const char *text)
{
    for (size_t i = 0; i < n; i++)
        if (t[i].kind == kind && *t[i].text == *text && lex_is(&t[i], kind, text))
            return true;
    return false;
}

/* What binds names without an assignment that can be read: in a line of any indentation. */
static void hidden_bindings(struct header *header, const struct token *t, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (t[i].kind != LEX_NAME)
            continue;
        if (is_one_of(&t[i], reflective) && (i == 0 || !is_op(&t[i - 1], '.')))
            set_all_unknown(header, t[i].line);
        if (lex_is(&t[i], LEX_NAME, "import") && i + 1 < n && is_op(&t[i + 1], '*'))
            set_all_unknown(header, t[i].line);
    }
}

/* TARGET = TARGET = ... = EXPRESSION, where the only target may have an annotation. */
static void assignment(struct header *header, const struct token *t, size_t n)
{
    bool bound[HEADER_NAMES] = {false};
    struct header_value value;
    size_t equals;

    while ((equals = find_op(t, n, t[0].depth, '=')) < n) {
        size_t name = which(&t[0]);

        if (name < HEADER_NAMES && (equals == 1 || (equals > 2 && is_op(&t[1], ':'))))
            bound[name] = true;
        else
            mentioned(header, t, equals);
        t += equals + 1;
        n -= equals + 1;
        if (n == 0) { /* no Python */
            set_all_unknown(header, t[-1].line);
            return;
        }
    }
    if (has(t, n, LEX_OP, ":="))
        mentioned(header, t, n);
    for (size_t i = 0; i < HEADER_NAMES; i++) {
        if (!bound[i])
            continue;
        value = eval(header, t, n, t[0].line);
        if (i == HEADER_REVISION && value.kind != HEADER_TEXT)
            value.kind = HEADER_UNKNOWN;
        header->values[i] = value;
        for (size_t j = i + 1; j < HEADER_NAMES; j++) {
            if (bound[j])
                header->values[j] = value;
            bound[j] = false;
        }
    }
}

static void docstring(struct header *header, const struct token *t, size_t n)
{
    const struct token *first = t;

    while (first < t + n && is_op(first, '('))
        first++;
    if (first == t + n || first->kind != LEX_STRING || lex_has_prefix(first, "bft"))
        return;
    header->values[HEADER_DOC] = eval(header, t, n, t[0].line);
    if (header->values[HEADER_DOC].kind != HEADER_TEXT) /* a longer expression, no docstring? */
        header->values[HEADER_DOC].kind = HEADER_UNKNOWN;
}

static void simple_statement(struct header *header, const struct token *t, size_t n)
{
    static const char *const binding[] = {"import", "from", "del", "type", NULL};

    if (n == 0)
        return;
    if (!header->started)
        docstring(header, t, n);
    header->started = true;
    if (find_op(t, n, t[0].depth, '=') < n) {
        assignment(header, t, n);
        return;
    }
    if (is_one_of(&t[0], binding) || has(t, n, LEX_OP, ":=")) {
        mentioned(header, t, n);
        return;
    }
    for (size_t i = 1; i < n; i++) /* x += 1 */
        if (t[i].kind == LEX_OP && t[i].n == 2 && t[i].depth == t[0].depth)
            mentioned(header, t, i);
}

/* A logical line; ${indent} is 0 at the level of the module. */
static void logical_line(struct header *header, const struct token *t, size_t n, size_t indent)
{
    bool is_def = lex_is(&t[0], LEX_NAME, "def") || lex_is(&t[0], LEX_NAME, "class") ||
                  (n > 1 && lex_is(&t[0], LEX_NAME, "async") && lex_is(&t[1], LEX_NAME, "def"));

    if (indent > 0 ? header->in_def : is_def) { /* what a function binds is its own */
        if (has(t, n, LEX_NAME, "global"))
            mentioned(header, t, n);
        else if (indent == 0)
            mentioned(header, t, n > 2 ? 3 : n);
    } else {
        hidden_bindings(header, t, n);
        if (indent > 0 || is_one_of(&t[0], compound) || is_op(&t[n - 1], ':'))
            mentioned(header, t, n);
        else
            while (n > 0) {
                size_t semicolon = find_op(t, n, t[0].depth, ';');

                simple_statement(header, t, semicolon);
                t += semicolon < n ? semicolon + 1 : n;
                n -= semicolon < n ? semicolon + 1 : n;
            }
    }
    if (indent == 0)
        header->in_def = is_def;
    header->started = true;
}

/* --- the file ----------------------------------------------------------------------------------*/

static bool is_complete(const struct header *header)
{
    for (size_t i = 0; i < HEADER_DOC; i++)
        if (header->values[i].kind == HEADER_UNSET || header->values[i].kind == HEADER_UNKNOWN)
            return false;
    return header->values[HEADER_DOC].kind != HEADER_UNKNOWN;
}

/* The tokens of the next logical line; false at the end of the file and where it is not Python. */
static bool read_line(struct header *header, struct lex *lex, size_t *indent, int *broken_line)
{
    header->n_tokens = 0;
    for (;;) {
        struct token *token;

        if (header->n_tokens == header->cap_tokens)
            header->tokens = grow(header->tokens, &header->cap_tokens, header->n_tokens + 1,
                                  sizeof *header->tokens);
        token = &header->tokens[header->n_tokens];
        lex_next(lex, token);
        if (token->kind == LEX_NEWLINE)
            return true;
        if (token->kind == LEX_END)
            return false;
        if (token->kind == LEX_ERROR) {
            *broken_line = token->line;
            return false;
        }
        if (header->n_tokens++ == 0)
            *indent = lex->indent;
    }
}

static int give_up(struct header *header, const char *name, int line)
{
    header->unknown_name = name;
    header->unknown_line = line;
    return -1;
}

int header_read(struct header *header, const char *text, size_t n)
{
    struct lex lex;
    size_t indent = 0;
    int broken_line = 0;

    memset(header->values, 0, sizeof header->values);
    header->n_items = header->n_strings = 0;
    header->in_def = header->started = false;
    header_reserve(header, 0, n + 1);
    if (header_text_is_foreign(text, n))
        return give_up(header, "the file", 1);
    lex_init(&lex, text, n);
    while (read_line(header, &lex, &indent, &broken_line)) {
        logical_line(header, header->tokens, header->n_tokens, indent);
        if (header->in_def && is_complete(header) &&
            !header_text_names(lex.text, (size_t)(lex.end - lex.text)))
            break;
    }
    if (broken_line > 0)
        return give_up(header, "the file", broken_line);
    for (size_t i = 0; i < HEADER_NAMES; i++)
        if (header->values[i].kind == HEADER_UNKNOWN)
            return give_up(header, names[i], header->values[i].line);
    return 0;
}

const char *const *header_list(const struct header *header, enum header_name name)
{
    static const char *const empty[] = {NULL};
    const struct header_value *value = &header->values[name];

    return value->kind == HEADER_TEXT || value->kind == HEADER_LIST ? &header->items[value->first]
                                                                    : empty;
}

void header_release(struct header *header)
{
    free(header->items);
    free(header->strings);
    free(header->tokens);
    memset(header, 0, sizeof *header);
}

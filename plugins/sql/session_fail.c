/* session_fail - what the server refused, as sentences; see session.h. */
#include <stdlib.h>
#include <string.h>

#include "session.h"

const char *session_state(const PGresult *res)
{
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

    return state != NULL ? state : "";
}

bool session_is_one_of(const PGresult *res, const char *const *states)
{
    for (; *states != NULL; states++)
        if (strcmp(session_state(res), *states) == 0)
            return true;
    return false;
}

const char *session_says(const PGresult *res)
{
    const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

    return text != NULL ? text : "(no message)";
}

/* What may hold a password is not shown. */
static bool is_secret(const char *line)
{
    const char *word = strcasestr(line, "password");

    return word != NULL && word < line + strcspn(line, "\n");
}

static void add_text(struct session *session, const char *label, const char *line)
{
    if (is_secret(line))
        line = "(not shown: it may hold a password)";
    sql_host->detail(session->call, "%s%.*s", label, (int)strcspn(line, "\r\n"), line);
}

/* The line of ${sql} that holds character ${position}, which counts from 1; where the database has
 * no encoding, the server counts bytes. */
static void add_line(struct session *session, const struct session_place *place, long position)
{
    const char *encoding = PQparameterStatus(session->conn, "server_encoding");
    bool in_bytes = encoding != NULL && strcmp(encoding, "SQL_ASCII") == 0;
    const char *line = place->sql;
    const char *at = place->sql;
    size_t number = place->line;

    for (; *at != '\0' && position > 1; at++) {
        if (*at == '\n') {
            number++;
            line = at + 1;
        }
        if (in_bytes || ((unsigned char)at[1] & 0xc0) != 0x80) /* the next byte begins a character */
            position--;
    }
    line += strspn(line, " \t");
    add_text(session,
             place->line > 0 ? sql_host->format(session->call, "line %zu: ", number)
                             : "statement: ",
             line);
}

/* "COPY users, line 3, column id: …": the words depend on the server's language, their order less.
 */
static void add_data_line(struct session *session, const struct session_place *place,
                          const char *context)
{
    const char *at = strstr(context, "COPY ");
    long line;

    at = at != NULL ? strstr(at, ", ") : NULL;
    if (at == NULL || place->data_line == 0)
        return;
    at += strcspn(at, "0123456789\n");
    line = strtol(at, NULL, 10);
    if (line > 0)
        sql_host->detail(session->call, "line %zu of the file",
                         place->data_line + (size_t)line - 1);
}

static void add(struct session *session, const char *label, const char *text)
{
    while (text != NULL && *text != '\0') {
        add_text(session, label, text);
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
}

int session_fail(struct session *session, const struct session_place *place, const PGresult *res)
{
    const char *position = PQresultErrorField(res, PG_DIAG_STATEMENT_POSITION);
    const char *context = PQresultErrorField(res, PG_DIAG_CONTEXT);
    const char *hint = PQresultErrorField(res, PG_DIAG_MESSAGE_HINT);
    struct ddb_call *call = session->call;

    sql_host->fail(call, "%s: %s", place->what, session_says(res));
    add(session, "", PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL));
    if (position != NULL)
        add_line(session, place, strtol(position, NULL, 10));
    if (context != NULL) {
        add_data_line(session, place, context);
        add(session, "context: ", context);
    }
    add(session, "query: ", PQresultErrorField(res, PG_DIAG_INTERNAL_QUERY));
    sql_host->detail(call, "SQLSTATE: %s", session_state(res));
    if (strcmp(session_state(res), "55P03") == 0)
        sql_host->detail(call, "cause: lock timeout");
    if (hint != NULL)
        sql_host->hint(call, "%s", hint);
    return -1;
}

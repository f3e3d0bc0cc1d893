/* batch_run - see batch_run.h. */
#include "batch_run.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    WORDS_MOST = 32,
    SLOWEST_BYTES_A_SECOND = 64 * 1024, /* a transfer may take so long */
    OUTPUT_MOST = 64 * 1024 * 1024,
};

/* --- running it -------------------------------------------------------------------------------------- */

static ssize_t send_script(void *arg, void *data, size_t cap)
{
    struct batch *batch = arg;
    size_t n = strlen(batch->script);

    n = n < cap ? n : cap;
    memcpy(data, batch->script, n);
    batch->script += n;
    return (ssize_t)n;
}

static int take_output(void *arg, const void *data, size_t n)
{
    struct batch *batch = arg;
    char *grown;

    if (batch->n_output + n > OUTPUT_MOST)
        return -1;
    grown = realloc(batch->output, batch->n_output + n + 1);
    if (grown == NULL)
        return -1;
    memcpy(grown + batch->n_output, data, n);
    batch->output = grown;
    batch->n_output += n;
    batch->output[batch->n_output] = '\0';
    return 0;
}

static void take_error(void *arg, const char *line)
{
    struct batch *batch = arg;
    size_t n;

    /* Last comes what follows from the reason: "Connection closed". */
    if (batch->error[0] != '\0' && strncmp(line, "Connection closed", 17) == 0)
        return;
    n = strcspn(line, "\r");
    while (n > 0 && strchr(" .", line[n - 1]) != NULL)
        n--;
    if (n > 0)
        snprintf(batch->error, sizeof batch->error, "%.*s", (int)n, line);
}

/* Also a line of the script that failed because of the connection ends the program with status 1. */
static bool is_lost(const struct batch *batch)
{
    static const char *const signs[] = {"onnection to ", "onnection closed", "onnection reset",
                                        "not responding", "roken pipe"};

    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (batch->status != 0 && strstr(batch->error, signs[i]) != NULL)
            return true;
    return false;
}

/* A value for -o: it is cut at blanks, and %h and the like are replaced in it. */
static const char *option(struct ddb_call *call, const char *key, const char *value)
{
    char *text = sftp_host->alloc(call, 2 * strlen(value) + 1), *to = text;

    for (; *value != '\0'; value++) {
        if (*value == '%' || *value == '"' || *value == '\\')
            *to++ = *value == '%' ? '%' : '\\';
        *to++ = *value;
    }
    return sftp_host->format(call, "-o%s=\"%s\"", key, text);
}

static const char *seconds(struct ddb_call *call, const char *key, int64_t ms)
{
    return sftp_host->format(call, "-o%s=%lld", key, (long long)(ms < 1000 ? 1 : ms / 1000));
}

static const char *const *arguments(struct ddb_call *call, const struct site *site)
{
    const char **argv = sftp_host->alloc(call, WORDS_MOST * sizeof *argv);
    const bool bracket = strchr(site->host, ':') != NULL;
    size_t n = 0;

    argv[n++] = "sftp";
    argv[n++] = "-b";
    argv[n++] = "-";
    argv[n++] = "-oBatchMode=yes";
    argv[n++] = site->accept_new ? "-oStrictHostKeyChecking=accept-new"
                                 : "-oStrictHostKeyChecking=yes";
    argv[n++] = seconds(call, "ConnectTimeout", site->timeout_ms);
    argv[n++] = seconds(call, "ServerAliveInterval", site->timeout_ms / 3);
    argv[n++] = "-oServerAliveCountMax=3";
    if (site->known_hosts != NULL)
        argv[n++] = option(call, "UserKnownHostsFile", site->known_hosts);
    if (site->identity != NULL) {
        argv[n++] = option(call, "IdentityFile", site->identity);
        argv[n++] = "-oIdentitiesOnly=yes";
    }
    if (site->port != 0)
        argv[n++] = sftp_host->format(call, "-P%d", site->port);
    argv[n++] = "--";
    argv[n++] = sftp_host->format(call, "%s%s%s%s%s", site->user != NULL ? site->user : "",
                                  site->user != NULL ? "@" : "", bracket ? "[" : "", site->host,
                                  bracket ? "]" : "");
    return argv;
}

/* The program echoes each line of the script after "sftp> ". */
static void drop_echo(struct batch *batch)
{
    char *from = batch->output, *to = from;

    while (from != NULL && *from != '\0') {
        size_t n = strcspn(from, "\n");

        n += from[n] == '\n';
        if (strncmp(from, "sftp> ", 6) != 0) {
            memmove(to, from, n);
            to += n;
        }
        from += n;
    }
    if (to != NULL)
        *to = '\0';
}

int batch_run(struct batch *batch, int64_t bytes, const char *script)
{
    static const char *const env[] = {"LC_ALL=C", "TZ=UTC0", NULL};
    const struct site *site = batch->site;
    struct ddb_child child = {
        .size = sizeof child,
        .argv = arguments(batch->call, site),
        .env = env,
        .cwd = batch->cwd != NULL ? batch->cwd : "/",
        .tool = "sftp",
        .timeout_ms = 4 * site->timeout_ms + bytes * 1000 / SLOWEST_BYTES_A_SECOND,
        .input = send_script,
        .output = take_output,
        .error_line = take_error,
        .arg = batch,
    };

    batch_release(batch);
    batch->error[0] = '\0';
    batch->script = script;
    if (sftp_host->run(batch->call, &child, &batch->status) < 0)
        return sftp_host->detail(batch->call, "It was to talk with %s.",
                                 site_name(batch->call, site));
    drop_echo(batch);
    if (is_lost(batch))
        batch->status = BATCH_LOST;
    if (batch->status != 127)
        return 0;
    sftp_host->fail(batch->call, "the program sftp, for transport = \"ssh\", was not found");
    return sftp_host->hint(batch->call, "Install OpenSSH's client, or leave transport out.");
}

void batch_release(struct batch *batch)
{
    free(batch->output);
    batch->output = NULL;
    batch->n_output = 0;
}

int batch_failed(const struct batch *batch, const char *doing, const char *name)
{
    const char *reason = batch->error[0] != '\0'
                             ? batch->error
                             : sftp_host->format(batch->call, "sftp ended with status %d",
                                                 batch->status);

    sftp_host->fail(batch->call, "could not %s \"%s\" in \"%s\": %s", doing, name,
                    batch->site->url, reason);
    if (batch->status == BATCH_LOST)
        sftp_host->hint(batch->call, "Try \"sftp%s %s\" by hand, as the user that runs deploy-db.",
                        batch->site->port != 0
                            ? sftp_host->format(batch->call, " -P %d", batch->site->port)
                            : "",
                        batch->site->host);
    else if (strstr(reason, "ermission denied") != NULL)
        sftp_host->hint(batch->call, "Give the user there the right to do so in \"%s\".",
                        batch->site->path);
    return -1;
}

bool batch_missing(const struct batch *batch)
{
    return batch->status != 0 && batch->status != BATCH_LOST &&
           (strstr(batch->error, "No such file") != NULL ||
            strstr(batch->error, "not found") != NULL);
}

/* --- its language -------------------------------------------------------------------------------------- */

const char *batch_quoted(struct ddb_call *call, const char *text)
{
    char *quoted = sftp_host->alloc(call, 2 * strlen(text) + 3), *to = quoted;

    *to++ = '"';
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            *to++ = '\\';
        *to++ = *text;
    }
    *to = '"';
    return quoted;
}

/* A name may begin with a dash. */
const char *batch_file(struct ddb_call *call, const char *name)
{
    return batch_quoted(call, sftp_host->format(call, "./%s", name));
}

/* "Nov 27 11:02" of the last half year, or "Nov 27  2025", in UTC. */
static int64_t moment(const char *month, const char *day, const char *last)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const char *found = strstr(months, month);
    time_t now = time(NULL), when;
    struct tm at;

    gmtime_r(&now, &at);
    at.tm_mon = found == NULL ? 0 : (int)(found - months) / 3;
    at.tm_mday = (int)strtol(day, NULL, 10);
    at.tm_hour = at.tm_min = at.tm_sec = 0;
    if (strchr(last, ':') == NULL) {
        at.tm_year = (int)strtol(last, NULL, 10) - 1900;
        return timegm(&at);
    }
    at.tm_hour = (int)strtol(last, NULL, 10);
    at.tm_min = (int)strtol(strchr(last, ':') + 1, NULL, 10);
    when = timegm(&at);
    if (when <= now + 24 * 3600)
        return when;
    at.tm_year--;
    return timegm(&at);
}

/* "-rw-------    1 0        0            1234 Nov 27 11:02 NAME" */
static bool read_entry(struct ddb_call *call, const char *line, size_t n, struct ddb_stored *stored)
{
    char *text = sftp_host->format(call, "%.*s", (int)n, line), *at = text, *fields[8];
    const char *name;

    for (size_t i = 0; i < 8; i++) {
        at += strspn(at, " ");
        fields[i] = at;
        at += strcspn(at, " ");
        if (*at == '\0')
            return false;
        *at++ = '\0';
    }
    name = strncmp(at, "./", 2) == 0 ? at + 2 : at;
    if (fields[0][0] != '-' || (!sftp_is_name(name) && !sftp_is_part(name)))
        return false;
    *stored = (struct ddb_stored){.size = sizeof *stored,
                                  .name = name,
                                  .size_bytes = strtoll(fields[4], NULL, 10),
                                  .modified = moment(fields[5], fields[6], fields[7]),
                                  .partial = name[0] == '.'};
    return true;
}

void batch_list(const struct batch *batch, struct ddb_stored **stored, size_t *n)
{
    const char *at = batch->output;
    size_t lines = 0;

    for (; at != NULL && *at != '\0'; at++)
        lines += *at == '\n';
    *stored = sftp_host->alloc(batch->call, (lines + 1) * sizeof **stored);
    *n = 0;
    for (at = batch->output; at != NULL && *at != '\0';) {
        size_t length = strcspn(at, "\n");

        if (read_entry(batch->call, at, length, &(*stored)[*n]))
            ++*n;
        at += length + (at[length] == '\n');
    }
}

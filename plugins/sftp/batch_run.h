/*
 * batch_run - the system's sftp program in batch mode: a script on its standard input, in a private
 * folder of this machine where the file that is sent or fetched is called BATCH_DATA.
 *
 * It has what the system's ssh has: ~/.ssh/config, jump hosts, agents, certificates, RSA and hardware
 * keys. Its options and its quoting are those of sftp(1).
 */
#ifndef SFTP_BATCH_RUN_H
#define SFTP_BATCH_RUN_H

#include "site.h"

#define BATCH_DATA "data"

enum { BATCH_ERROR_MOST = 1024, BATCH_LOST = 255 };

struct batch {
    struct ddb_call *call;
    const struct site *site;
    const char *cwd;              /* on this machine; NULL: no file is sent or fetched */
    const char *script;           /* what is still to be sent to it */
    char *output;                 /* of its last run, heap; its own echo left out. NULL: nothing */
    size_t n_output;
    char error[BATCH_ERROR_MOST]; /* the last line that it has complained with */
    int status;                   /* 0, or BATCH_LOST: there is, or was, no connection */
};

/* batch_run(batch, bytes, script): run ${script}; it ends with the first line that fails, unless that
 * begins with "-". ${bytes}: how many it sends or fetches, for the deadline. 0 when it ended by itself,
 * whatever its status; -1 with fail(). Changes: what the script changes. */
int batch_run(struct batch *batch, int64_t bytes, const char *script);

/* batch_release(batch): free its output. */
void batch_release(struct batch *batch);

/* batch_failed(batch, doing, name): fail() with what the program has said. */
int batch_failed(const struct batch *batch, const char *doing, const char *name);

/* batch_missing(batch): whether it has said that there is no such file. */
bool batch_missing(const struct batch *batch);

/* batch_quoted(call, text): a word of a script; characters of patterns stand for themselves. */
const char *batch_quoted(struct ddb_call *call, const char *text);

/* batch_file(call, name): the same for a file of the folder that the script has gone to. */
const char *batch_file(struct ddb_call *call, const char *name);

/* batch_list(batch, stored, n): the plain files that "ls -lan" has listed; names live as long as the
 * call's memory. */
void batch_list(const struct batch *batch, struct ddb_stored **stored, size_t *n);

#endif

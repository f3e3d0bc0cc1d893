/*
 * script - executable hooks.
 *
 * A hook is an executable, or a folder of executables which run in name order. It is called as
 * `HOOK EVENT` with the environment that hooks/README.md documents, a private temporary directory,
 * standard input closed and its output in the log. Exit status: 0 done, 1 failed (its last line of
 * standard error is the reason), 2 not for me, 3 veto (before the deployment only), 4 to 15
 * reserved and treated as failed.
 */
#ifndef HOST_SCRIPT_H
#define HOST_SCRIPT_H

#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

enum script_outcome {
    SCRIPT_DONE,
    SCRIPT_NOT_FOR_ME,
    SCRIPT_VETO,
    SCRIPT_FAILED,
};

struct script {
    const char *path;        /* absolute: executable */
    const char *event;       /* "pre-deploy", "post-deploy", "verify", "on-failure", … */
    const char *const *env;  /* changes, as in proc.h */
    const char *cwd;         /* NULL: ours */
    int64_t timeout_ms;      /* 0: none */
    int uncancellable;
};

/* script_expand(path, files, err): ${path} itself, or, when it is a folder, the executables in it,
 * in name order (names that start with "." or end in "~", ".md", ".disabled" are left out). A
 * missing path or a file that is not executable or that others can write is a failure. */
int script_expand(const char *path, struct strvec *files, struct err *err) CHECK;

/* script_run(script, outcome, err): run it. Returns 0 with ${outcome} DONE or NOT_FOR_ME; -1 with
 * VETO or FAILED and ${err} (class ERR_PREPARE; ERR_REFUSED for a veto) filled with the reason.
 * Changes: what the hook changes. */
int script_run(const struct script *script, enum script_outcome *outcome, struct err *err) CHECK;

#endif

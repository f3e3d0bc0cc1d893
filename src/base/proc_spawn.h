/*
 * proc_spawn - start one child of proc_run. Used by proc.c only.
 */
#ifndef BASE_PROC_SPAWN_H
#define BASE_PROC_SPAWN_H

#include "base/proc.h"

struct proc_spawn {
    pid_t pid; /* also the number of its process group and session */
    int in;    /* our ends, non-blocking; in is -1 when it has no input */
    int out;
    int errors;
};

/* proc_spawn_start(proc, child, status, err): fork and execute. On failure ${status} is 127 when
 * the program was not found, else 126, and nothing is left running or open. */
int proc_spawn_start(const struct proc *proc, struct proc_spawn *child, int *status,
                     struct err *err) CHECK;

#endif

/*
 * workers - threads that do tasks 0 … n-1 in that order, each with sessions of its own, beside the main
 * thread. The first failure stops all of them.
 *
 * What is not safe between threads each has for itself: the services (a copy with an arena of its own),
 * the error, the session. Threads take no signals: the main thread does, and a cancel request is seen by
 * all of them.
 */
#ifndef DEPLOY_WORKERS_H
#define DEPLOY_WORKERS_H

#include <pthread.h>
#include <stdatomic.h>

#include "deploy/services.h"

struct worker {
    struct workers *workers;
    struct services services; /* its arena is this thread's */
    struct db *db;            /* opened by open(), closed at the end */
    void *own;                /* whatever open() makes; close() ends it */
    struct err err;
    pthread_t thread;
    bool started;
};

struct workers {
    const struct services *services;
    void *arg;                 /* of the three callbacks: what they share */
    size_t n_tasks;
    /* open(worker, err): in its thread, before its first task. close(worker): after the last; NULL:
     * nothing to do. task(worker, i, err): one task. */
    int (*open)(struct worker *worker, struct err *err);
    int (*task)(struct worker *worker, size_t i, struct err *err);
    void (*close)(struct worker *worker);

    /* what follows is workers.c's */
    atomic_size_t next;
    atomic_bool stop;
    atomic_int running;
    struct worker *first; /* the one that failed, and by that stopped the others */
    struct worker *list;
    size_t n;
};

/* workers_start(workers, n, err): ${n} threads, no more than there are tasks. On failure none runs. */
int workers_start(struct workers *workers, size_t n, struct err *err) CHECK;

/* workers_stop(workers): no further task is begun; a task that asks workers_stopped ends early. */
void workers_stop(struct workers *workers);
bool workers_stopped(void *workers); /* a struct workers */

/* workers_wait(workers, tick, arg, err): until all have ended; ${tick}(arg) about ten times a second, NULL
 * for none. The first failure; -1 without one when they were stopped by workers_stop. Frees what
 * workers_start made. */
int workers_wait(struct workers *workers, void (*tick)(void *arg), void *arg, struct err *err) CHECK;

#endif

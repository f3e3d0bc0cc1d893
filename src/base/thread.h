/*
 * thread - threads beside the main one. They take no signals: the main thread does, in system calls that
 * signals interrupt, and a cancel request is seen by all of them (cancel.h).
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>

#include "base/err.h"

/* thread_start(thread, main, arg, code, err): ${main}(${arg}) in a thread of its own, that the caller
 * joins. A failure has ${code}, and nothing runs. */
int thread_start(pthread_t *thread, void *(*main)(void *), void *arg, enum err_code code,
                 struct err *err) CHECK;

/* thread_yields_to_others(): the calling thread no longer interrupts whoever has the processor when it
 * has something to do. For one that takes what a server process on the same machine sends in small
 * pieces: woken for each, it costs more in switches than in work. Where the kernel refuses, nothing
 * changes (SCHED_BATCH, sched(7)). */
void thread_yields_to_others(void);

#endif

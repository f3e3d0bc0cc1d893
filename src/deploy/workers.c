/* workers - see workers.h. */
#include "deploy/workers.h"

#include "base/clock.h"
#include "base/thread.h"

enum { TICK_MS = 100, SHORT_MS = 5 };

bool workers_stopped(void *workers)
{
    return atomic_load(&((struct workers *)workers)->stop);
}

void workers_stop(struct workers *workers)
{
    atomic_store(&workers->stop, true);
}

static int work(struct worker *worker)
{
    struct workers *workers = worker->workers;
    int rc = workers->open(worker, &worker->err);

    while (rc == 0 && !workers_stopped(workers)) {
        size_t i = atomic_fetch_add(&workers->next, 1);

        if (i >= workers->n_tasks)
            break;
        rc = workers->task(worker, i, &worker->err);
    }
    return rc;
}

static void *run(void *arg)
{
    struct worker *worker = arg;

    thread_yields_to_others();
    if (work(worker) != 0 && !atomic_exchange(&worker->workers->stop, true))
        worker->workers->first = worker;
    if (worker->workers->close != NULL)
        worker->workers->close(worker);
    db_close(worker->db);
    worker->db = NULL;
    atomic_fetch_sub(&worker->workers->running, 1);
    return NULL;
}

static int start_one(struct workers *workers, struct worker *worker, struct err *err)
{
    worker->workers = workers;
    worker->services = *workers->services;
    worker->services.arena = arena_new();
    worker->err = (struct err)ERR_INIT;
    atomic_fetch_add(&workers->running, 1);
    worker->started = thread_start(&worker->thread, run, worker, ERR_INTERNAL, err) == 0;
    if (worker->started)
        return 0;
    atomic_fetch_sub(&workers->running, 1);
    return -1;
}

int workers_start(struct workers *workers, size_t n, struct err *err)
{
    int rc = 0;

    workers->first = NULL;
    workers->n = n < workers->n_tasks ? n : workers->n_tasks;
    workers->list = mem_alloc((workers->n + 1) * sizeof *workers->list);
    atomic_init(&workers->next, 0);
    atomic_init(&workers->stop, false);
    atomic_init(&workers->running, 0);
    for (size_t i = 0; i < workers->n && rc == 0; i++)
        rc = start_one(workers, &workers->list[i], err);
    if (rc == 0)
        return 0;
    workers_stop(workers);
    return workers_wait(workers, NULL, NULL, err) != 0 ? -1 : rc;
}

int workers_wait(struct workers *workers, void (*tick)(void *arg), void *arg, struct err *err)
{
    int64_t wait_ms = SHORT_MS;
    int rc;

    while (atomic_load(&workers->running) > 0) {
        clock_sleep_ms(wait_ms);
        wait_ms = wait_ms * 2 < TICK_MS ? wait_ms * 2 : TICK_MS;
        if (tick != NULL)
            tick(arg);
    }
    for (size_t i = 0; i < workers->n; i++)
        if (workers->list[i].started)
            pthread_join(workers->list[i].thread, NULL);
    if (workers->first != NULL && err->code == ERR_NONE)
        *err = workers->first->err;
    else if (workers->first != NULL)
        err_detail(err, "%s", workers->first->err.primary);
    rc = workers_stopped(workers) ? -1 : 0;
    for (size_t i = 0; i < workers->n; i++)
        arena_free(workers->list[i].services.arena);
    mem_free(workers->list);
    workers->list = NULL;
    workers->n = 0;
    return rc;
}

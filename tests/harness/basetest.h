/*
 * basetest - what the unit tests share: cmocka with what it needs, a private directory, captured
 * standard error, an environment variable for a while.
 */
#ifndef HARNESS_BASETEST_H
#define HARNESS_BASETEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"

/* basetest_dir(): a new private directory; heap, basetest_dir_remove() removes it. */
static inline char *basetest_dir(void)
{
    const char *base = getenv("TMPDIR");
    char path[4096];

    snprintf(path, sizeof path, "%s/unit.XXXXXX", base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(path));
    return mem_strdup(path);
}

static inline void basetest_dir_remove(char *dir)
{
    struct err err = ERR_INIT;

    assert_int_equal(fs_remove_tree(dir, &err), 0);
    mem_free(dir);
}

/* basetest_capture(): standard error goes to a file until basetest_captured(out), which appends
 * what was written to ${out}. */
static inline int *basetest_saved(void)
{
    static int fds[2] = {-1, -1};

    return fds;
}

static inline void basetest_capture(void)
{
    int *fds = basetest_saved();

    fflush(stderr);
    fds[0] = dup(STDERR_FILENO);
    fds[1] = memfd_create("stderr", 0);
    assert_true(fds[0] >= 0 && fds[1] >= 0);
    assert_true(dup2(fds[1], STDERR_FILENO) >= 0);
}

static inline void basetest_captured(struct buf *out)
{
    int *fds = basetest_saved();
    char bytes[4096];
    ssize_t n;

    fflush(stderr);
    assert_true(dup2(fds[0], STDERR_FILENO) >= 0);
    assert_true(lseek(fds[1], 0, SEEK_SET) == 0);
    while ((n = read(fds[1], bytes, sizeof bytes)) > 0)
        buf_add(out, bytes, (size_t)n);
    close(fds[0]);
    close(fds[1]);
}

/* basetest_env(assignment): put "NAME=value" in front of the environment; ${assignment} must stay.
 * basetest_env_reset() takes all of them back. */
static inline char ***basetest_environ(void)
{
    static char **original;

    if (original == NULL)
        original = environ;
    return &original;
}

static inline void basetest_env_reset(void)
{
    char **original = *basetest_environ();

    if (environ != original)
        mem_free(environ);
    environ = original;
}

static inline void basetest_env(const char *assignment)
{
    char **original = *basetest_environ();
    size_t n = 0;
    char **with;
    char **old = environ;

    while (old[n] != NULL)
        n++;
    with = mem_alloc((n + 2) * sizeof *with);
    with[0] = (char *)assignment;
    memcpy(with + 1, old, (n + 1) * sizeof *with);
    environ = with;
    if (old != original)
        mem_free(old);
}

static inline void basetest_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" does not contain \"%s\"", text, part);
}

#endif

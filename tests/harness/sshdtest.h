/*
 * sshdtest - tests of the store plugin "sftp" against a private SSH server (sshd.sh).
 *
 * A test includes it after "fakehost.c". Each test function has a folder of its own on the one server
 * of the program: sshdtest.dir, below the server's directory sshdtest.server.
 */
#ifndef HARNESS_SSHDTEST_H
#define HARNESS_SSHDTEST_H

#include "basetest.h"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/proc.h"

static struct {
    char *server;  /* the server's files; private */
    char *dir;     /* the store's folder, which the plugin is to make */
    char *url;
    int port;
    struct ddb_call *call;
    const struct ddb_store *store;
} sshdtest;

/* sshdtest_shell(script): run it under bash with sshd.sh at hand and $D the server's directory; its
 * standard output is given, to be freed by the arena of the call. */
struct sshdtest_output {
    struct buf text;
};

static inline int sshdtest_output(void *arg, const void *data, size_t n)
{
    struct sshdtest_output *output = arg;

    buf_add(&output->text, data, n);
    return 0;
}

static inline char *sshdtest_shell(const char *script)
{
    const char *source = getenv("DDB_SRC");
    struct sshdtest_output output = {0};
    struct proc_result result = {0};
    struct err err = ERR_INIT;
    auto_buf struct buf text = {0};
    char *out;

    assert_non_null(source);
    buf_addf(&text, "set -eu; . '%s/tests/harness/sshd.sh'; D='%s'; ", source, sshdtest.server);
    buf_adds(&text, script);
    struct proc proc = {.argv = (const char *const[]){"bash", "-c", buf_text(&text), NULL},
                        .output = sshdtest_output,
                        .arg = &output};
    if (proc_run(&proc, &result, &err) != 0 || result.status != 0)
        fail_msg("\"%s\" failed: %s %s", script, err.primary, result.errors);
    out = mem_strdup(buf_text(&output.text));
    buf_release(&output.text);
    return out;
}

static inline void sshdtest_run(const char *script)
{
    mem_free(sshdtest_shell(script));
}

/* sshdtest_start(), sshdtest_stop(): the server; cmocka's group setup and teardown. */
static inline void sshdtest_read_port(void)
{
    char *port = sshdtest_shell("cat \"$D/port\"");

    sshdtest.port = (int)strtol(port, NULL, 10);
    assert_true(sshdtest.port > 0);
    mem_free(port);
}

static inline int sshdtest_start(void **state)
{
    (void)state;
    sshdtest.server = basetest_dir();
    sshdtest_run("sshd_make \"$D\"; sshd_start \"$D\"");
    sshdtest_read_port();
    return 0;
}

static inline int sshdtest_stop(void **state)
{
    (void)state;
    sshdtest_run("sshd_stop \"$D\"");
    basetest_dir_remove(sshdtest.server);
    return 0;
}

/* sshdtest_path(name): a file of the server's directory. */
static inline const char *sshdtest_path(const char *name)
{
    return arena_printf(sshdtest.call->arena, "%s/%s", sshdtest.server, name);
}

static inline void sshdtest_url(const char *path)
{
    sshdtest.url = arena_printf(sshdtest.call->arena, "sftp://127.0.0.1:%d%s", sshdtest.port, path);
    fakehost_setting(sshdtest.call, "url", sshdtest.url);
}

/* sshdtest_fresh(), sshdtest_clean(): a call with the usual settings; cmocka's setup and teardown. */
static inline int sshdtest_fresh(void **state)
{
    (void)state;
    sshdtest.call = fakehost_open(ddb_plugin());
    sshdtest.store = sshdtest.call->plugin->ops;
    sshdtest.dir = arena_printf(sshdtest.call->arena, "%s/store/my \"it's\" [a*b]", sshdtest.server);
    fakehost_setting(sshdtest.call, "identity", sshdtest_path("keys/ed25519"));
    fakehost_setting(sshdtest.call, "known_hosts", sshdtest_path("known_hosts"));
    fakehost_setting(sshdtest.call, "timeout", "10000");
    fakehost_setting(sshdtest.call, "keepalive", "1000");
    fakehost_setting(sshdtest.call, "spool", sshdtest.server);
    sshdtest_url(sshdtest.dir);
    return 0;
}

static inline int sshdtest_clean(void **state)
{
    (void)state;
    fakehost_close(sshdtest.call);
    sshdtest_run("rm -rf \"$D/store\"");
    return 0;
}

/* sshdtest_put(name, text): a file in the store. sshdtest_content(name): what a file there holds, read
 * from the disk, NULL when there is none. */
static inline void sshdtest_ok(int rc)
{
    if (rc != 0)
        fail_msg("failed: %s; %s; %s", sshdtest.call->err.primary, sshdtest.call->err.detail,
                 sshdtest.call->err.hint);
}

static inline void sshdtest_put(const char *name, const void *data, size_t n)
{
    void *file = NULL;

    sshdtest_ok(sshdtest.store->create(sshdtest.call, name, &file));
    sshdtest_ok(sshdtest.store->write(sshdtest.call, file, data, n));
    sshdtest_ok(sshdtest.store->commit(sshdtest.call, file));
}

static inline bool sshdtest_exists(const char *name)
{
    return fs_exists(arena_printf(sshdtest.call->arena, "%s/%s", sshdtest.dir, name));
}

static inline void sshdtest_expect(const char *name, const void *data, size_t n)
{
    auto_buf struct buf content = {0};
    struct err err = ERR_INIT;

    if (fs_read(arena_printf(sshdtest.call->arena, "%s/%s", sshdtest.dir, name), 1 << 30, &content,
                &err) != 0)
        fail_msg("%s", err.primary);
    assert_int_equal(content.len, n);
    assert_memory_equal(buf_text(&content), data, n);
}

/* sshdtest_list(): "NAME SIZE\n…", " partial" behind an unfinished one. */
static inline int sshdtest_each(void *arg, const struct ddb_stored *stored)
{
    assert_true(stored->modified > 1700000000);
    buf_addf(arg, "%s %lld%s\n", stored->name, (long long)stored->size_bytes,
             stored->partial ? " partial" : "");
    return 0;
}

static inline void sshdtest_expect_list(const char *expected)
{
    auto_buf struct buf text = {0};

    sshdtest_ok(sshdtest.store->list(sshdtest.call, sshdtest_each, &text));
    assert_string_equal(buf_text(&text), expected);
}

/* sshdtest_refused(rc, part, hint): it has failed and says so; the failure is forgotten. */
static inline void sshdtest_refused(int rc, const char *part, const char *hint)
{
    struct err *err = &sshdtest.call->err;

    assert_int_equal(rc, -1);
    basetest_has(err->primary, part);
    if (hint != NULL)
        basetest_has(err->hint, hint);
    assert_true(err->primary[0] != '\0' && err->primary[strlen(err->primary) - 1] != '.');
    err_clear(err);
}

/* sshdtest_bytes(n): bytes that a shift or a gap would show; of the call's arena. */
static inline char *sshdtest_bytes(size_t n)
{
    char *bytes = arena_alloc(sshdtest.call->arena, n + 8);
    uint32_t state = 2463534242u;

    for (size_t i = 0; i < n; i += 4) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        memcpy(bytes + i, &state, 4);
    }
    return bytes;
}

#endif

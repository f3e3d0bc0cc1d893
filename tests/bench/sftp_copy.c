/*
 * sftp_copy put|get URL IDENTITY KNOWN_HOSTS NAME FILE - a file into the sftp store, or out of it, as the
 * program does it; prints the seconds that it took, with and without the time to connect.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fakehost.c"

enum { PIECE = 256 * 1024 };

static struct ddb_call *call;
static const struct ddb_store *store;

static double now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void check(int64_t rc)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "sftp_copy: %s\n%s\n", call->err.primary, call->err.detail);
    exit(1);
}

static void put(const char *name, FILE *from, double *connected)
{
    static char bytes[PIECE];
    void *file = NULL;
    size_t n;

    check(store->create(call, name, &file));
    *connected = now();
    while ((n = fread(bytes, 1, PIECE, from)) > 0)
        check(store->write(call, file, bytes, n));
    check(store->commit(call, file));
}

static void get(const char *name, FILE *to, double *connected)
{
    static char bytes[PIECE];
    void *file = NULL;
    int64_t size = 0;
    ssize_t n;

    check(store->open(call, name, &file, &size));
    *connected = now();
    for (int64_t at = 0; at < size; at += n) {
        n = store->read(call, file, at, bytes, PIECE);
        check(n);
        if (n == 0 || fwrite(bytes, 1, (size_t)n, to) != (size_t)n)
            exit(1);
    }
    check(store->close(call, file));
}

int main(int argc, char **argv)
{
    double begun, connected = 0, ended;
    FILE *file;

    if (argc != 7)
        return 2;
    file = fopen(argv[6], strcmp(argv[1], "put") == 0 ? "r" : "w");
    if (file == NULL)
        return 1;
    call = fakehost_open(ddb_plugin());
    store = call->plugin->ops;
    fakehost_setting(call, "url", argv[2]);
    fakehost_setting(call, "identity", argv[3]);
    fakehost_setting(call, "known_hosts", argv[4]);
    fakehost_setting(call, "timeout", "30000");
    fakehost_setting(call, "keepalive", "15000");
    begun = now();
    (strcmp(argv[1], "put") == 0 ? put : get)(argv[5], file, &connected);
    ended = now();
    fclose(file);
    printf("%.3f %.3f\n", ended - begun, ended - connected);
    fakehost_close(call);
    return 0;
}

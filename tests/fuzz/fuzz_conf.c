/*
 * fuzz_conf - any text as a configuration: read it, check it, look its databases up.
 *
 * Nothing may crash or leak, and the answer must hold together: a file without a mistake has at
 * least one environment, whose every field is filled in; a file with one has an entry that says so.
 * A URL is resolved too; what would read other files or variables is not followed. The corpus also
 * runs as a unit test (tests/unit/conf/test_conf_fuzz.c).
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf_parts.h"
#include "conf/secret_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void expect(int claim)
{
    if (!claim)
        abort();
}

static void check_env(struct arena *arena, const struct conf *conf, const struct env *env)
{
    struct secret_database database;
    struct err err = ERR_INIT;

    expect(env->name != NULL && env->database != NULL && env->target != NULL);
    expect(env->snapshot.stores[0] != NULL && env->snapshot.jobs > 0);
    expect(env->n_recover <= 3 && env->hooks.pre_deploy != NULL);
    expect(conf_env(conf, env->name) == env);
    for (size_t i = 0; env->snapshot.stores[i] != NULL; i++)
        expect(conf_store(conf, env->snapshot.stores[i]) != NULL);
    (void)secret_url_has_password(env->database);
    if (secret_url_is(env->database) &&
        secret_resolve(arena, conf, env->database, &database, &err) != 0)
        expect(err.code == ERR_CONFIG && err.primary[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct conf_known known[] = {{"directory", CONF_PATH}, {"command", CONF_LIST}};
    struct arena *arena = arena_new();
    struct conf_reader *reader = arena_alloc(arena, sizeof *reader);
    struct conf *conf = arena_alloc(arena, sizeof *conf);
    struct errs errs = {0};
    char *text = arena_strndup(arena, (const char *)data, n);
    size_t before;

    conf->path = "/etc/deploy-db/deploy-db.cfg";
    conf->dir = "/etc/deploy-db";
    conf->engine.label = "engine";
    *reader = (struct conf_reader){.arena = arena, .conf = conf, .errs = &errs};
    conf_read_defaults(reader, GROUP_ROOT, conf);
    conf_read_text(reader, text, n);
    expect((errs.n > 0) == (reader->mistakes > 0));
    for (size_t i = 0; i < errs.n; i++)
        expect(errs.items[i].code == ERR_CONFIG && errs.items[i].primary[0] == '/');
    if (errs.n == 0) {
        expect(conf->n_envs > 0 && conf->n_stores > 0 && conf->project != NULL);
        for (size_t i = 0; i < conf->n_envs; i++)
            check_env(arena, conf, &conf->envs[i]);
    }
    before = errs.n;
    if (conf_check_plugin(conf, &conf->engine, known, 2, &errs) == 0)
        expect(errs.n == before);
    errs_release(&errs);
    arena_free(arena);
    return 0;
}

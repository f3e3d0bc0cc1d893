/* cmd_ship - snapshot push, snapshot pull. */
#include "cmd/cmd.h"

#include <string.h>

#include "base/clock.h"
#include "deploy/encryption.h"
#include "deploy/inventory.h"
#include "deploy/ship.h"
#include "deploy/stores.h"
#include "deploy/verification.h"

/* What was done, as text and as JSON. */
struct transfers {
    const char *name;
    const char *level;
    struct buf text;
    json_t *array;
};

static void add(struct transfers *transfers, const struct ship_result *result)
{
    char bytes[32], span[32], resumed[32];

    buf_addf(&transfers->text, "%s: from %s to %s, %s in %s", result->place, result->from, result->to,
             size_text(result->size_bytes, bytes), clock_span(result->elapsed_ms, span));
    if (result->resumed_bytes > 0)
        buf_addf(&transfers->text, ", %s of it was there", size_text(result->resumed_bytes, resumed));
    transfers->level = result->verified;
    buf_addf(&transfers->text, "; verified (%s)\n", result->verified);
    json_array_append_new(
        transfers->array,
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:I}", "from", result->from, "to", result->to,
                  "place", result->place, "size_bytes", (json_int_t)result->size_bytes,
                  "resumed_bytes", (json_int_t)result->resumed_bytes, "sha256", result->sha256,
                  "elapsed_ms", (json_int_t)result->elapsed_ms));
}

static int print(const struct cmd_context *context, struct transfers *transfers)
{
    cmd_print(context,
              json_pack("{s:s, s:s, s:o}", "name", transfers->name, "level", transfers->level,
                        "transfers", transfers->array),
              buf_text(&transfers->text));
    buf_release(&transfers->text);
    return ERR_NONE;
}

static int fail(struct transfers *transfers, struct err *err)
{
    json_decref(transfers->array);
    buf_release(&transfers->text);
    return err->code == ERR_USAGE || err->code == ERR_BUSY ? (int)err->code : ERR_PREPARE;
}

/* --level, by default that of what is shipped, and --store, which must be one of the environment's. */
static int read_options(const struct cmd_context *context, const char **level, const char **store,
                        struct err *err)
{
    *level = context->options->value[OPT_LEVEL];
    *store = context->options->value[OPT_STORE];
    if (*level == NULL)
        *level = context->env->snapshot.verify_shipped;
    if (strcmp(*level, "full") != 0 && strcmp(*level, "fast") != 0) {
        err_set(err, ERR_USAGE, "option \"--level\": there is no level \"%s\"", *level);
        return err_hint(err, "The levels are fast and full.");
    }
    if (*store == NULL || stores_find(context->services, *store) != NULL)
        return 0;
    err_set(err, ERR_USAGE, "environment \"%s\" has no store \"%s\"", context->env->name, *store);
    return err_hint(err, "snapshot.stores of this environment names its stores.");
}

static int choose(const struct cmd_context *context, const char *label, const char **name,
                  struct err *err)
{
    if (context->n_args == 0)
        return ship_newest(context->services, label, name, err);
    *name = context->args[0];
    return 0;
}

static bool has(const struct snapshot_file *list, size_t n, const char *store, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (!list[i].partial && strcmp(list[i].store, store) == 0 && strcmp(list[i].name, name) == 0)
            return true;
    return false;
}

/* A copy is there already; whoever brought it may have been cut off before it was verified. */
static int verify_there(struct run *run, const char *label, struct transfers *transfers, struct err *err)
{
    struct services *services = run->services;
    const struct inventory_snapshot *snapshot;
    struct inventory inventory;
    struct verification verification;

    if (encryption_hides(services, transfers->name))
        return 0;
    if (inventory_read(services, stores_find(services, label), &inventory, err) != 0)
        return -1;
    snapshot = inventory_find(&inventory, transfers->name);
    if (snapshot == NULL || inventory_level(snapshot) != EVIDENCE_NONE)
        return 0;
    if (verification_run(run, label, transfers->name, evidence_level(transfers->level), &verification,
                         err) != 0)
        return err_wrap(err, "the copy in store \"%s\"", label);
    buf_addf(&transfers->text, "%s: was there already; verified (%s)\n", snapshot->file.place,
             transfers->level);
    return 0;
}

/* --- push -------------------------------------------------------------------------------------------------- */

/* Into every store that lacks it; one that fails does not keep it from the others. */
static int push_to(struct cmd_context *context, struct run *run, const char *only,
                   struct transfers *transfers, struct err *err)
{
    struct services *services = context->services;
    struct snapshot_file *list = NULL;
    size_t n = 0;
    int rc = 0;

    if (stores_list(services, &list, &n, err) != 0)
        return -1;
    for (size_t i = 0; i < services->n_stores; i++) {
        const char *label = services->stores[i].label;
        struct ship_result result;
        struct err cause = ERR_INIT;

        if (only != NULL && strcmp(only, label) != 0)
            continue;
        if (has(list, n, label, transfers->name)) {
            if (verify_there(run, label, transfers, &cause) == 0)
                continue;
        } else if (ship_copy(run, transfers->name, NULL, label, transfers->level, &result, &cause) == 0) {
            add(transfers, &result);
            continue;
        }
        rc = -1;
        if (err->code == ERR_NONE)
            *err = cause;
        else
            err_detail(err, "%s", cause.primary);
    }
    return rc;
}

static int push(struct cmd_context *context, const char *only, struct transfers *transfers,
                struct err *err)
{
    struct run *run = run_new(context->services, "push");
    int rc = push_to(context, run, only, transfers, err);

    run_close(run);
    return rc;
}

int cmd_ship_push(struct cmd_context *context, struct err *err)
{
    struct transfers transfers = {.array = json_array()};
    const char *store;

    if (read_options(context, &transfers.level, &store, err) != 0 ||
        choose(context, NULL, &transfers.name, err) != 0 || push(context, store, &transfers, err) != 0)
        return fail(&transfers, err);
    if (transfers.text.len == 0)
        buf_addf(&transfers.text, "%s is there already\n", transfers.name);
    return print(context, &transfers);
}

/* --- pull -------------------------------------------------------------------------------------------------- */

/* Where from: the store that is named, or the only remote one. */
static int choose_remote(const struct cmd_context *context, const char **from, struct err *err)
{
    const struct services *services = context->services;
    size_t n = 0;

    if (*from != NULL)
        return 0;
    for (size_t i = 0; i < services->n_stores; i++)
        if (stores_is_remote(&services->stores[i])) {
            *from = services->stores[i].label;
            n++;
        }
    if (n == 1)
        return 0;
    err_set(err, ERR_USAGE, "environment \"%s\" has %zu remote stores", context->env->name, n);
    return err_hint(err, "Name one of its stores with --store.");
}

/* Where to: the first local store. */
static int choose_local(const struct cmd_context *context, const char *from, const char **to,
                        struct err *err)
{
    const struct services *services = context->services;

    for (size_t i = 0; i < services->n_stores; i++) {
        *to = services->stores[i].label;
        if (!stores_is_remote(&services->stores[i]) && strcmp(*to, from) != 0)
            return 0;
    }
    err_set(err, ERR_USAGE, "environment \"%s\" has no local store to fetch a snapshot into",
            context->env->name);
    return err_hint(err, "Add one to snapshot.stores of this environment.");
}

int cmd_ship_pull(struct cmd_context *context, struct err *err)
{
    struct transfers transfers = {.array = json_array()};
    struct ship_result result;
    const char *from, *to = NULL;
    struct snapshot_file *list = NULL;
    struct run *run;
    size_t n = 0;
    int rc;

    if (read_options(context, &transfers.level, &from, err) != 0 ||
        choose_remote(context, &from, err) != 0 || choose_local(context, from, &to, err) != 0 ||
        choose(context, from, &transfers.name, err) != 0 ||
        stores_list(context->services, &list, &n, err) != 0)
        return fail(&transfers, err);
    run = run_new(context->services, "pull");
    if (has(list, n, to, transfers.name))
        rc = verify_there(run, to, &transfers, err);
    else if ((rc = ship_copy(run, transfers.name, from, to, transfers.level, &result, err)) == 0)
        add(&transfers, &result);
    run_close(run);
    if (rc != 0)
        return fail(&transfers, err);
    if (transfers.text.len == 0)
        buf_addf(&transfers.text, "%s is there already\n", transfers.name);
    return print(context, &transfers);
}

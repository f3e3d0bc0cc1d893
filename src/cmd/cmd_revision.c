/* cmd_revision - current, heads, history, branches, show: Alembic's own lines, without Python. */
#include "cmd/cmd.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>

#include "base/log.h"
#include "deploy/lists.h"
#include "deploy/phases.h"
#include "deploy/plan.h"
#include "pg/versions.h"
#include "revision/draw.h"
#include "revision/order.h"
#include "revision/resolve.h"
#include "revision/rows.h"
#include "revision/show.h"

static bool is_verbose(const struct cmd_context *context)
{
    return context->options->given[OPT_VERBOSE] > 0;
}

/* The document ${key} of ${set}, when one is asked for. */
static json_t *set_document(const struct cmd_context *context, const char *key,
                            const struct graph *graph, struct revset set,
                            const struct revset *rows)
{
    if (!cmd_is_json(context))
        return NULL;
    return json_pack("{s:o}", key, lists_revisions(graph, set, rows));
}

/* --- the version rows ------------------------------------------------------------------------- */

/* What the version table of the environment says. */
struct stored {
    struct revset rows; /* the known ones */
    struct errs odd;    /* duplicates, overlaps */
};

static int read_ids(struct cmd_context *context, struct strvec *ids, struct err *err)
{
    const struct conf *conf = context->conf;
    struct db *db = NULL;
    bool exists;
    int rc = db_open(context->services->target, NULL, DB_READ, &db, err);

    if (rc == 0)
        rc = versions_read(db, conf->version_table_schema, conf->version_table, ids, &exists, err);
    db_close(db);
    return rc == 0 ? 0 : err_as(err, ERR_REFUSED);
}

static bool all_known(const struct graph *graph, const struct strvec *ids)
{
    for (size_t i = 0; i < ids->n; i++) {
        const struct revision *row = graph_find(graph, ids->v[i]);

        if (row == NULL || strcmp(row->id, ids->v[i]) != 0)
            return false;
    }
    return true;
}

/* A row that the checkout does not know is a refusal; what else is odd is left in ${stored}. */
static int read_stored(struct cmd_context *context, struct graph *graph, struct stored *stored,
                       struct err *err)
{
    auto_strvec struct strvec ids = {0};
    char **list;

    *stored = (struct stored){0};
    if (read_ids(context, &ids, err) != 0)
        return -1;
    list = arena_list(context->arena, &ids);
    if (rows_check(graph, (const char *const *)list, &stored->rows, &stored->odd) == 0 ||
        all_known(graph, &ids))
        return 0;
    phases_join(&stored->odd, "the version rows cannot be understood", err);
    errs_release(&stored->odd);
    return -1;
}

/* The rows alone, for marks and ranges; what is odd about them is only mentioned. */
static int read_rows(struct cmd_context *context, struct graph *graph, struct revset *rows,
                     struct err *err)
{
    struct stored stored;

    if (read_stored(context, graph, &stored, err) != 0)
        return -1;
    for (size_t i = 0; i < stored.odd.n; i++)
        log_warning("%s", stored.odd.items[i].primary);
    errs_release(&stored.odd);
    *rows = stored.rows;
    return 0;
}

/* --- heads, branches -------------------------------------------------------------------------- */

int cmd_revision_heads(struct cmd_context *context, struct err *err)
{
    bool effective = context->options->given[OPT_RESOLVE_DEPENDENCIES] > 0;
    auto_buf struct buf text = {0};
    struct graph *graph = NULL;

    if (plan_graph(context->services, &graph, err) != 0)
        return (int)err->code;
    show_heads(graph, effective, is_verbose(context), &text);
    cmd_print(context,
              set_document(context, "heads", graph,
                           effective ? graph_effective_heads(graph) : graph_heads(graph), NULL),
              buf_text(&text));
    return ERR_NONE;
}

static struct revset everything(struct graph *graph)
{
    struct revset all = {0};

    for (size_t i = 0; i < graph_count(graph); i++)
        revset_add(graph_arena(graph), &all, graph_at(graph, i));
    return order_history(graph, all);
}

static json_t *branches_document(struct graph *graph)
{
    struct revset all = everything(graph);
    json_t *array = json_array();

    for (size_t i = 0; i < all.n; i++)
        if (all.v[i]->is_branch_point)
            json_array_append_new(
                array, json_pack("{s:o, s:o}", "revision", lists_revision(graph, all.v[i], NULL),
                                 "children", lists_revisions(graph, all.v[i]->next, NULL)));
    return json_pack("{s:o}", "branches", array);
}

int cmd_revision_branches(struct cmd_context *context, struct err *err)
{
    auto_buf struct buf text = {0};
    struct graph *graph = NULL;

    if (plan_graph(context->services, &graph, err) != 0)
        return (int)err->code;
    show_branches(graph, is_verbose(context), &text);
    cmd_print(context, cmd_is_json(context) ? branches_document(graph) : NULL, buf_text(&text));
    return ERR_NONE;
}

/* --- history ---------------------------------------------------------------------------------- */

/* Whether the locale's characters are those of UTF-8. */
static bool is_utf8(void)
{
    locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    bool is = locale != (locale_t)0 && strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;

    if (locale != (locale_t)0)
        freelocale(locale);
    return is;
}

/* The forms of the output exclude each other. */
static int check_form(const struct options *options, struct err *err)
{
    static const struct {
        enum option option;
        const char *name;
    } forms[] = {{OPT_GRAPH, "graph"}, {OPT_DOT, "dot"}, {OPT_JSON, "json"}};
    const char *first = NULL;

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (options->given[forms[i].option] == 0)
            continue;
        if (first != NULL)
            return err_set(err, ERR_USAGE, "options \"--%s\" and \"--%s\" exclude each other",
                           first, forms[i].name);
        first = forms[i].name;
    }
    return 0;
}

static void print_history(struct cmd_context *context, struct graph *graph, struct revset shown,
                          const struct revset *rows)
{
    bool mark = context->options->given[OPT_INDICATE_CURRENT] > 0;
    struct revset marked = mark ? *rows : (struct revset){0};
    auto_buf struct buf text = {0};

    if (context->options->given[OPT_GRAPH] > 0)
        draw_graph(graph, shown, marked, is_utf8() ? 0 : DRAW_ASCII, &text);
    else if (context->options->given[OPT_DOT] > 0)
        draw_dot(graph, shown, marked, &text);
    else if (!cmd_is_json(context))
        show_history(graph, shown, marked, is_verbose(context), &text);
    cmd_print(context, set_document(context, "history", graph, shown, rows), buf_text(&text));
}

int cmd_revision_history(struct cmd_context *context, struct err *err)
{
    const char *range = context->options->value[OPT_RANGE];
    bool mark = context->options->given[OPT_INDICATE_CURRENT] > 0;
    bool needs_rows = mark || (range != NULL && resolve_range_needs_rows(range));
    struct graph *graph = NULL;
    struct revset rows = {0}, lower, upper, shown;

    if (check_form(context->options, err) != 0 ||
        (needs_rows &&
         cmd_open(context, mark ? "option \"--indicate-current\"" : "this range", err) != 0))
        return (int)err->code;
    if (plan_graph(context->services, &graph, err) != 0 ||
        (needs_rows && read_rows(context, graph, &rows, err) != 0) ||
        resolve_range(graph, range == NULL ? ":" : range, rows, &lower, &upper, err) != 0 ||
        order_range(graph, lower, upper, &shown, err) != 0)
        return (int)err->code;
    print_history(context, graph, shown, needs_rows ? &rows : NULL);
    return ERR_NONE;
}

/* --- show ------------------------------------------------------------------------------------- */

static int no_revision(const struct cmd_context *context, struct err *err)
{
    err_set(err, ERR_USAGE, "no revision is named");
    if (context->env == NULL)
        return err_hint(err, "usage: deploy-db show [ENV] REV…");
    return err_hint(err, "\"%s\" is the environment; a revision of that name goes after it: "
                         "`deploy-db show %s REV`.", context->env->name, context->env->name);
}

static int show_needs_rows(struct cmd_context *context, bool *needs_rows, struct err *err)
{
    *needs_rows = false;
    for (int i = 0; i < context->n_args; i++) {
        if (!resolve_needs_rows(context->args[i]))
            continue;
        *needs_rows = true;
        if (cmd_open(context, arena_printf(context->arena, "\"%s\"", context->args[i]), err) != 0)
            return -1;
    }
    return 0;
}

int cmd_revision_show(struct cmd_context *context, struct err *err)
{
    auto_buf struct buf text = {0};
    struct graph *graph = NULL;
    struct revset rows = {0}, shown = {0};
    bool needs_rows;

    if (context->n_args == 0)
        return no_revision(context, err), ERR_USAGE;
    if (show_needs_rows(context, &needs_rows, err) != 0 ||
        plan_graph(context->services, &graph, err) != 0 ||
        (needs_rows && read_rows(context, graph, &rows, err) != 0))
        return (int)err->code;
    for (int i = 0; i < context->n_args; i++) {
        struct revset found;

        if (resolve_any(graph, context->args[i], rows, &found, err) != 0)
            return (int)err->code;
        for (size_t j = 0; j < found.n; j++)
            revset_add(context->arena, &shown, found.v[j]);
    }
    for (size_t i = 0; i < shown.n; i++)
        show_entry(graph, shown.v[i], false, &text);
    cmd_print(context,
              set_document(context, "revisions", graph, shown, needs_rows ? &rows : NULL),
              buf_text(&text));
    return ERR_NONE;
}

/* --- current ---------------------------------------------------------------------------------- */

static int not_at_heads(struct graph *graph, const struct stored *stored, struct err *err)
{
    struct revset heads = graph_effective_heads(graph);

    err_set(err, ERR_PENDING, "the database is not at the heads");
    for (size_t i = 0; i < stored->odd.n; i++)
        err_detail(err, "%s", stored->odd.items[i].primary);
    for (size_t i = 0; i < heads.n; i++)
        if (!revset_has(stored->rows, heads.v[i]))
            err_detail(err, "missing: %s  %s", heads.v[i]->id,
                       revision_short_doc(graph_arena(graph), heads.v[i]));
    return err_hint(err, "`deploy-db plan ENV` says what is pending.");
}

int cmd_revision_current(struct cmd_context *context, struct err *err)
{
    auto_buf struct buf text = {0};
    struct graph *graph = NULL;
    struct stored stored = {0};
    bool at_heads;
    json_t *json;

    if (plan_graph(context->services, &graph, err) != 0 || read_stored(context, graph, &stored, err) != 0)
        return (int)err->code;
    at_heads = stored.odd.n == 0 && rows_equal(stored.rows, graph_effective_heads(graph));
    if (is_verbose(context))
        buf_addf(&text, "Current revision(s) for %s:\n",
                 db_target_shown_url(context->services->target));
    show_current(graph, stored.rows, is_verbose(context), &text);
    json = json_pack("{s:s, s:o, s:b}", "environment", context->env->name, "current",
                     lists_revisions(graph, rows_current(graph, stored.rows), &stored.rows),
                     "at_heads", (int)at_heads);
    cmd_print(context, json, buf_text(&text));
    if (context->options->given[OPT_CHECK_HEADS] > 0 && !at_heads)
        not_at_heads(graph, &stored, err);
    else
        for (size_t i = 0; i < stored.odd.n; i++)
            log_warning("%s", stored.odd.items[i].primary);
    errs_release(&stored.odd);
    return (int)err->code;
}

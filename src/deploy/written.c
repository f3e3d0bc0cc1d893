/* written - see written.h. */
#include "deploy/written.h"

#include <string.h>

static const struct tally *find(const struct before *before, const struct tally *now)
{
    for (size_t i = 0; i < before->n_writes; i++)
        if (strcmp(before->writes[i].name, now->name) == 0 &&
            strcmp(before->writes[i].schema, now->schema) == 0)
            return &before->writes[i];
    return NULL;
}

int written_since(struct run *run, struct err *err)
{
    const struct before *before = &run->before;
    struct tally *now = NULL;
    size_t n = 0;
    char reset[40] = "";

    run->n_written = 0;
    run->written_known = false;
    if (tally_writes(run->db, run->arena, &now, &n, err) != 0 ||
        tally_stats_reset(run->db, reset, err) != 0)
        return -1;
    run->written_known = before->stats_reset != NULL && strcmp(before->stats_reset, reset) == 0;
    run->written = arena_alloc(run->arena, n * sizeof *run->written);
    for (size_t i = 0; i < n; i++) {
        const struct tally *then = find(before, &now[i]);
        struct written written = {.schema = now[i].schema, .name = now[i].name};

        if (strcmp(now[i].name, run->services->conf->version_table) == 0)
            continue;
        written.inserted = now[i].inserted - (then == NULL ? 0 : then->inserted);
        written.updated = now[i].updated - (then == NULL ? 0 : then->updated);
        written.deleted = now[i].deleted - (then == NULL ? 0 : then->deleted);
        if (written.inserted < 0 || written.updated < 0 || written.deleted < 0)
            run->written_known = false;
        if (written.inserted != 0 || written.updated != 0 || written.deleted != 0)
            run->written[run->n_written++] = written;
    }
    return 0;
}

/*
 * ahead - many revision files, read and evaluated in their order by threads that are some of them
 * ahead of the caller. Where no thread can be had the caller's own does it. Changes: nothing.
 */
#ifndef ALEMBIC_AHEAD_H
#define ALEMBIC_AHEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "header.h"
#include "header_stamp.h"

struct ahead;

/* ahead_open(paths, n, most, stamped): the ${n} files ${paths}, which must stay as long as the reader,
 * each of ${most} bytes at most; ${stamped}: their states are asked for. ahead_close takes NULL too. */
struct ahead *ahead_open(const char *const *paths, size_t n, size_t most, bool stamped);
void ahead_close(struct ahead *ahead);

/* ahead_next(ahead, header, stamp): what the next file says, and its state before it was read, NULL
 * where none was asked for; they are valid until the next call. Returns 0; 1
 * for a file that does not tell (header_read gave up); -1 and errno for one that cannot be read:
 * EISDIR, EINVAL (neither file nor folder), EFBIG, …. */
int ahead_next(struct ahead *ahead, const struct header **header,
               const struct header_stamp **stamp);

/* ahead_settle(ahead): no thread from here on, so that a child can be started. */
void ahead_settle(struct ahead *ahead);

#endif

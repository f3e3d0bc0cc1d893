/*
 * header_stamp - what tells one state of a file from another without reading it. Changes: nothing.
 */
#ifndef ALEMBIC_HEADER_STAMP_H
#define ALEMBIC_HEADER_STAMP_H

#include <stdbool.h>
#include <stdint.h>

/* All zero but for ${looked}: not known, and the same as none. */
struct header_stamp {
    uint64_t device, inode, size;
    int64_t changed, inode_changed; /* nanoseconds since 1970 */
    int64_t looked;                 /* the same, when this was asked; not compared */
};

/* header_stamp_of(fd, name, stamp): of the file ${name} in the folder ${fd}, or of ${fd} itself when
 * ${name} is "". Not known when that is no plain file or cannot be asked. */
void header_stamp_of(int fd, const char *name, struct header_stamp *stamp);

bool header_stamp_is_known(const struct header_stamp *stamp);
bool header_stamp_is_same(const struct header_stamp *a, const struct header_stamp *b);

/* header_stamp_is_settled(stamp): it is known, and the file had not changed for so long that a change
 * after it would have given other times. */
bool header_stamp_is_settled(const struct header_stamp *stamp);

#endif

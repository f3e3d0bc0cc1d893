/*
 * progress - a bar on standard error while long work runs, when that is a terminal; else nothing
 * but one info line at the end of anything that took over two seconds. One work at a time is shown;
 * any thread may say how far it is.
 */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stdint.h>

/* progress_enable(yes): decided once in main from the terminal and -q. */
void progress_enable(int yes);

/* progress_set(what, done, total): show or move the bar; ${total} 0 when unknown. Cheap: redraws at
 * most ten times a second. `unit_bytes` tells bytes from counts. */
void progress_set(const char *what, int64_t done, int64_t total, int unit_bytes);
void progress_end(void);

#endif

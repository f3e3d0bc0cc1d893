/*
 * cancel - SIGINT and SIGTERM ask to stop at the next safe point.
 */
#ifndef BASE_CANCEL_H
#define BASE_CANCEL_H

#include <stdbool.h>

/* cancel_install(): handle SIGINT and SIGTERM from now on; SIGPIPE is ignored. */
void cancel_install(void);

/* cancel_on_second(text): what a second signal prints (async-signal-safe, kept by reference) to say
 * what would be left behind; the program goes on. NULL: the default sentence. */
void cancel_on_second(const char *text);

bool cancel_requested(void);

/* cancel_mask(true) makes cancel_requested() false until cancel_mask(false): inside recovery
 * nothing may be cut short. Calls nest. */
void cancel_mask(bool masked);

#endif

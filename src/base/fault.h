/*
 * fault - named points at which a test may kill the program or make a call fail.
 *
 * Compiled in only with FAULTS=1. The variable DEPLOY_DB_FAULT holds "point:action" with action
 * "kill" (SIGKILL to ourselves), "fail", "sleep" (pause there until killed) or "stop" (SIGSTOP to
 * ourselves, once: go on after SIGCONT); "point@3:action" waits for the third time. The crash matrix lists
 * every point.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#ifdef FAULTS
int fault_hit(const char *point);
#define FAULT(point) fault_hit(point)
#else
#define FAULT(point) 0
#endif

#endif

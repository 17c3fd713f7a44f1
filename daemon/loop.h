/*
 * loop.h - turns of one role: sample, fill, step, flush, wait.  Floor 4.
 *
 * In a process of its own a role runs in loop_run; on one thread (-1, tests,
 * scenarios) one.h calls loop_turn for each role in a fixed order.
 */
#ifndef LOOP_H
#define LOOP_H

#include "role.h"

/*
 * One turn without waiting: what super says is obeyed, the rest is the
 * role's.  *wait_ms is lowered to the role's wish; *stop is set on MSG_STOP.
 */
NODISCARD enum err loop_turn(struct role *r, struct instant now,
			     int64_t *wait_ms, bool *stop);

/* The role's init; not 0 is the exit status for the process. */
int loop_start(struct role *r);

/*
 * After loop_start: until MSG_STOP or the end of super's link; exit status for the process.
 * A child that lost its supervisor leaves.
 */
int loop_run(struct role *r);

#endif

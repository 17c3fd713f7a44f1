/*
 * one.h - all roles on one thread, in a fixed order.  Floor 4.
 *
 * The debug mode (-1), the scenario runner and tests: the same role code as
 * in processes of their own, joined by links in memory.  Role order: fetch,
 * parse, core, publish; the
 * web role has no place here.
 */
#ifndef ONE_H
#define ONE_H

#include "role.h"

struct one {
	struct role role[PEER_COUNT];	/* by enum peer; super's is unused */
	struct link *end[PEER_COUNT];	/* super's ends */
	bool alive[PEER_COUNT];
};

/* Links everything and calls every role's init. */
NODISCARD enum err one_start(struct one *o, struct instant now);
/* Sets what a role knows; before one_start, for every role. */
void one_role(struct one *o, const struct role_ops *ops,
	      const struct bundle *bundle, const struct clock *clock);
/* One turn of every living role. */
NODISCARD enum err one_turn(struct one *o, struct instant now,
			    int64_t *wait_ms);
/* As kill -9: the role forgets all but what it stored. */
NODISCARD enum err one_kill(struct one *o, enum peer peer);
/* As super starts a role that died. */
NODISCARD enum err one_restart(struct one *o, enum peer peer,
			       struct instant now);
void one_stop(struct one *o);

#endif

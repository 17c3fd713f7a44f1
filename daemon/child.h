/*
 * child.h - what super and a role's own process share.  Floor 4.
 */
#ifndef CHILD_H
#define CHILD_H

#include "role.h"
#include "super.h"

#define FD_LINK 3   /* a role's link to super */
#define FD_BUNDLE 4 /* the files it may know */

/* By enum peer; super's own is NULL. */
extern const struct role_ops *const ROLES[PEER_COUNT];

/* In the child, before exec: these two and stderr are all it keeps. */
void child_fds(int link, int bundle);
/* Those super hears, blocked and in a descriptor. */
int child_signals(void);
struct clock child_clock(struct clock_os *os, const struct super_options *o);

#endif

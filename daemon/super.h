/*
 * super.h - the supervisor: starts the roles, joins them, restarts the dead.
 * Floor 4.
 *
 * It holds pidfds, the control listener and the roles' bundles; it opens no
 * network connection, no database, and parses nothing but its own
 * configuration.
 */
#ifndef SUPER_H
#define SUPER_H

#include "boot.h"
#include "clock.h"

#define SUPER_RESTART_MS 100 /* between a role's death and its next start */
#define SUPER_PING_MS 2000
#define SUPER_STOP_MS 5000 /* for the roles to leave by themselves */

struct super_options {
	int64_t as_of_ms; /* TIME_NONE: the machine's own time */
	int once;
	int one; /* all roles in this process, on this thread */
};

/* Until SIGTERM or SIGINT; exit status. */
int super_run(struct boot *boot, const struct super_options *o);

/* A role's own process: -r NAME, link on descriptor 3, bundle on 4. */
int super_role(const char *name, const struct super_options *o);

#endif

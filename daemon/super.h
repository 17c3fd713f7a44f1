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

#define SUPER_RESTART_MS 100 /* before a dead role starts again, first */
#define SUPER_RESTART_MAX_MS 30000 /* it doubles up to here */
#define SUPER_STABLE_MS 60000 /* who lived so long begins anew */
#define SUPER_PING_MS 500
#define SUPER_INIT_MS 600000 /* for a role to become ready */
#define SUPER_BUILD_MS 3600000 /* for the index role to build */
#define SUPER_SLEPT_MS 5000  /* a turn so long was no turn of ours */
#define SUPER_ERRORS_MAX 65536u
#define SUPER_STOP_MS 5000 /* for the roles to leave by themselves */

struct super_options {
	struct boot_files files; /* for reload; a role's own has none */
	int64_t as_of_ms; /* TIME_NONE: the machine's own time */
	int once;
	int one; /* all roles in this process, on this thread */
};

/* Until SIGTERM or SIGINT; exit status. */
int super_run(struct boot *boot, const struct super_options *o);

/* The wait before the next start: the last one doubled, within bounds. */
int64_t super_backoff(int64_t last_ms, int64_t lived_ms);

/* A role's own process: -r NAME, link on descriptor 3, bundle on 4. */
int super_role(const char *name, const struct super_options *o);

#endif

/*
 * cmd.h - the commands of `creditalarm` that run in its own process.
 * Floor 4.  Everything else is asked of the daemon (core/say.h).
 *
 * Each gets the words behind the program's own options, the command's name
 * first, and returns an exit status of contract section 1.
 */
#ifndef CMD_H
#define CMD_H

#include "boot.h"

#define CONF_DEFAULT "/etc/creditalarm/creditalarm.yaml"

struct cmd_globals {
	const char *conf; /* -c FILE; NULL: not given */
	int json;
};

int cmd_tail(int argc, char **argv);
int cmd_key(const struct cmd_globals *g, int argc, char **argv);
int cmd_match(int argc, char **argv);
int cmd_backup(const struct cmd_globals *g, int argc, char **argv);
int cmd_restore(const struct cmd_globals *g, int argc, char **argv);
int cmd_feed_parse(const struct bundle *b, int argc, char **argv);

#endif

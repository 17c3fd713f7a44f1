/*
 * cmd_feed.h - creditalarm feed parse.  Floor 4.
 */
#ifndef CMD_FEED_H
#define CMD_FEED_H

#include "bundle.h"

/*
 * feed parse NAME FILE... [--now TIME]: offline; one notice a line to stdout,
 * rejects to stderr.  argv[0] is NAME.  0, 2 usage, 65 when a document as a
 * whole is refused (the others are still printed), 74, 78.
 */
int cmd_feed_parse(const struct bundle *b, int argc, char **argv);

#endif

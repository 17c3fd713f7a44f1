/*
 * ask.h - asking the running daemon, for commands of `creditalarm`.
 * Floor 4.
 */
#ifndef ASK_H
#define ASK_H

#include "cmd.h"
#include "say.h"

/* The configuration named, or the default one, its texts in a (made here, the
 * caller's to free when 0 comes back or not); exit status. */
int ask_conf(const struct cmd_globals *g, struct arena *a, struct conf *out);
/* Sends it, with an open file (-1: none), prints the answer; its exit
 * status, or 69 when nobody answers. */
int ask(const struct conf *conf, const struct say_request *q, int file);

#endif

/*
 * listener.h - the control socket, super's side of it.  Floor 4.
 *
 * Who connects is read from the socket and passed to core, connection and
 * all; nothing is read from it here.
 */
#ifndef LISTENER_H
#define LISTENER_H

#include "conf.h"
#include "role.h"

/* Mode 0660; what stood at the path is removed.  -1 and errno. */
int listener_open(const struct conf *conf);
/* Everybody who waits, to core. */
void listener_pass(int listener, struct link *core);

#endif

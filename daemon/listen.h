/*
 * listen.h - the operators' control socket: mode 0660, and who called.
 * Floor 4.
 */
#ifndef LISTEN_H
#define LISTEN_H

#include "str.h"

/* A listening socket at path, the caller's; -1 and errno. */
int listen_open(struct str path);
/* The next operator's connection, with who it is; -1 when there is none. */
int listen_accept(int listener, uint32_t *uid, uint32_t *gid);

#endif

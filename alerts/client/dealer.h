/*
 * dealer.h - one CURVE connection of a subscriber.  Floor 2 (alerts).
 *
 * A ZeroMQ DEALER with a fresh random routing id.  Sends never block; a
 * frame for a connection that does not stand is ERR_AGAIN.
 */
#ifndef DEALER_H
#define DEALER_H

#include "keys.h"

#define DEALER_FRAMES_MAX 2u
#define DEALER_LINGER_MS 1000

struct dealer;

NODISCARD enum err dealer_open(const char *endpoint,
			       const uint8_t server[KEYS_SIZE],
			       const struct keys_pair *own,
			       struct dealer **out);
/* Waits at most DEALER_LINGER_MS for what was sent; NULL is fine. */
void dealer_close(struct dealer *d);
NODISCARD enum err dealer_send(struct dealer *d, struct str frame);
/* Frames die at the next recv; count may be above DEALER_FRAMES_MAX. */
NODISCARD enum err dealer_recv(struct dealer *d,
			       struct str frame[DEALER_FRAMES_MAX],
			       size_t *count);
/* Until something can be received, at most that long. */
void dealer_wait(struct dealer *d, int64_t ms);
int dealer_fd(const struct dealer *d);

#endif

/*
 * publish.h - the role that speaks to subscribers.  Floor 2 (alerts).
 *
 * Sessions live here and nowhere else: who is connected, how much credit is
 * left, what was sent.  Everything that must outlive the process is core's
 * (serve.h): publish asks for entries, cursors and keys over its link and
 * touches neither files nor the database.  It may be killed at any moment.
 *
 * From its bundle: creditalarm.yaml, key/server.
 */
#ifndef PUBLISH_H
#define PUBLISH_H

#include "bus.h"
#include "role.h"

#define PUBLISH_SESSIONS_MAX 20000u
#define PUBLISH_NACKS_MAX 64u	/* remembered of one session */
#define PUBLISH_NACK_TRIES 3u	/* then an entry is parked */
#define PUBLISH_RETRY_MS_MAX 3600000u
#define PUBLISH_EARLY_MAX 4096u /* bytes kept between HELLO and WELCOME */
#define PUBLISH_STATES_MAX 64u	/* unanswered of one session */
#define PUBLISH_SILENCE 3	/* heartbeats without a word end a session */
#define PUBLISH_CURSOR_MS 1000	/* cursors are stored at most this late */
#define PUBLISH_TALLY_MS 1000	/* core hears of numbers at most this late */

extern const struct role_ops publish_role;

/*
 * Gives the role another bus than libzmq on push.endpoint; before init, and
 * for every later init of that role too.  One role per process has one.
 */
void publish_port(struct role *r, struct bus bus);
/* Where the role's own libzmq bus is bound; NULL when it has none. */
const char *publish_endpoint(const struct role *r);

#endif

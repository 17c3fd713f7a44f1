/*
 * metrics.h - what core tells the web role: counters, nobody's data.  Floor 4.
 */
#ifndef METRICS_H
#define METRICS_H

#include "core.h"

#define METRICS_TELL_MS 1000
#define METRICS_TEXT_MAX (768u << 10) /* fits a frame */

#define METRICS_FEEDS_MAX 300u /* enabled ones with numbers of their own */

void metrics_latency(struct latency *l, int64_t ms);
/* A poll of that feed is over. */
void metrics_poll(struct core *c, const struct doc *d, struct instant now);
/* Sends MSG_COUNTERS when it is time and the web role is there. */
void metrics_tell(struct core *c, struct instant now);

#endif

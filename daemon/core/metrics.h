/*
 * metrics.h - what core tells the web role: counters, nobody's data.  Floor 4.
 */
#ifndef METRICS_H
#define METRICS_H

#include "core.h"

#define METRICS_TELL_MS 1000
#define METRICS_TEXT_MAX (768u << 10) /* fits a frame */

/* Sends MSG_COUNTERS when it is time and the web role is there. */
void metrics_tell(struct core *c, struct instant now);

#endif

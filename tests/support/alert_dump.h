/*
 * alert_dump.h - events for tests/golden/check_schema.py.
 */
#ifndef ALERT_DUMP_H
#define ALERT_DUMP_H

#include "str.h"

/* Writes build/alerts/NAME-STREAM-SEQ.json, over what is there. */
void alert_dump(const char *name, struct str stream, int seq, struct str body);

#endif

/*
 * log.h - one line per happening, for two audiences.  Floor 0.
 *
 * log_op speaks to the operator of this daemon, log_feed to the owner of a
 * bad source.  A line is "<n>stage.what key=value ...": journald reads the
 * priority and adds the time.  No customer names or exposures above DEBUG.
 */
#ifndef LOG_H
#define LOG_H

#include "err.h"

enum log_level {
	LOG_ERR = 3,
	LOG_WARN = 4,
	LOG_NOTICE = 5,
	LOG_INFO = 6,
	LOG_DEBUG = 7,
};

/* Lines above the level are dropped; the default is LOG_NOTICE. */
void log_level(enum log_level op, enum log_level feed);
/* The role's name, put before every event. */
void log_name(const char *name);
void log_op(enum log_level level, const char *event, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
void log_feed(enum log_level level, const char *event, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

#endif

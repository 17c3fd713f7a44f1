/*
 * notify.h - what the service manager is told.  Floor 4.
 *
 * Only the supervisor speaks to it.  Without a service manager every call
 * does nothing.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdint.h>

/* How often it wants to hear from us, in ms; 0 when it does not. */
int64_t notify_watchdog_ms(void);
/* status is one line for `systemctl status`. */
void notify_ready(const char *status);
/* Only the line. */
void notify_status(const char *status);
void notify_reloading(void);
void notify_stopping(void);
void notify_alive(void);

#endif

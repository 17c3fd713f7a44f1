/*
 * notify.c - the only file that knows libsystemd.
 */
#include "notify.h"

#include <inttypes.h>
#include <systemd/sd-daemon.h>

#include "clock.h"

int64_t
notify_watchdog_ms(void)
{
	uint64_t us = 0;

	return sd_watchdog_enabled(0, &us) > 0 ? (int64_t)(us / 1000) : 0;
}

void
notify_ready(const char *status)
{
	(void)sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void
notify_status(const char *status)
{
	(void)sd_notifyf(0, "STATUS=%s", status);
}

/* Since version 253 the manager asks when the reload began. */
void
notify_reloading(void)
{
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
			 clock_os_monotonic_us());
}

void
notify_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}

void
notify_alive(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}

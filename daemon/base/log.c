/*
 * log.c - lines to stderr with journald's priority prefix.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define LOG_LINE_SIZE 1024u

static enum log_level level_op = LOG_NOTICE;
static enum log_level level_feed = LOG_NOTICE;
static const char *role_name = "creditalarm";

void
log_level(enum log_level op, enum log_level feed)
{
	level_op = op;
	level_feed = feed;
}

void
log_name(const char *name)
{
	role_name = name;
}

/*
 * One write per line, so lines of several processes do not mix; control
 * characters from outside are shown as '?', so nobody forges a second line.
 */
PRINTF_LIKE(3, 0)
static void
log_line(enum log_level level, const char *event, const char *fmt, va_list ap)
{
	char line[LOG_LINE_SIZE];
	int n = snprintf(line, sizeof(line), "<%d>%s %s ", (int)level,
			 role_name, event);
	int m;

	if (n < 0 || (size_t)n >= sizeof(line))
		return;
	m = vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	if (m < 0)
		return;
	n = n + m < (int)sizeof(line) - 1 ? n + m : (int)sizeof(line) - 2;
	for (int i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F)
			line[i] = '?';
	line[n] = '\n';
	if (write(STDERR_FILENO, line, (size_t)n + 1) < 0)
		return; /* nobody to tell */
}

void
log_op(enum log_level level, const char *event, const char *fmt, ...)
{
	va_list ap;

	if (level > level_op)
		return;
	va_start(ap, fmt);
	log_line(level, event, fmt, ap);
	va_end(ap);
}

void
log_feed(enum log_level level, const char *event, const char *fmt, ...)
{
	va_list ap;

	if (level > level_feed)
		return;
	va_start(ap, fmt);
	log_line(level, event, fmt, ap);
	va_end(ap);
}

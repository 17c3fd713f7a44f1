/*
 * log.c - lines to stderr with journald's priority prefix.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define LOG_LINE_SIZE 1024u
#define LOG_FORMAT_SIZE 512u

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
 * fmt with every quotation mark as mark.  The arguments are those of fmt, so
 * the compiler, who checked them there, need not do so again.
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
PRINTF_LIKE(3, 0)
static int
render(char out[LOG_LINE_SIZE], char mark, const char *fmt, va_list ap)
{
	char own[LOG_FORMAT_SIZE];
	size_t n = 0;
	va_list copy;
	int len;

	for (; fmt[n] != 0; n++) {
		must(n < sizeof(own) - 1);
		own[n] = fmt[n] == '"' ? mark : fmt[n];
	}
	own[n] = 0;
	va_copy(copy, ap);
	len = vsnprintf(out, LOG_LINE_SIZE, own, copy);
	va_end(copy);
	return len < (int)LOG_LINE_SIZE ? len : (int)LOG_LINE_SIZE - 1;
}
#pragma GCC diagnostic pop

/*
 * A quotation mark or backslash from outside is escaped and a control
 * character shown as '?', so nobody forges a second line, or a key=value in
 * ours.  Which marks are ours is seen by writing them in two ways.  One write
 * per line, so lines of several processes do not mix.
 */
PRINTF_LIKE(3, 0)
static void
log_line(enum log_level level, const char *event, const char *fmt, va_list ap)
{
	char a[LOG_LINE_SIZE];
	char b[LOG_LINE_SIZE];
	char line[LOG_LINE_SIZE];
	int m = render(a, 1, fmt, ap);
	int n = snprintf(line, sizeof(line), "<%d>%s %s ", (int)level,
			 role_name, event);

	if (n < 0 || (size_t)n >= sizeof(line) || render(b, 2, fmt, ap) != m)
		return;
	for (int i = 0; i < m && n < (int)sizeof(line) - 3; i++) {
		unsigned char c = (unsigned char)a[i];

		if (a[i] != b[i])
			c = '"';
		else if (c == '"' || c == '\\')
			line[n++] = '\\';
		else if (c < 0x20 || c == 0x7F)
			c = '?';
		line[n++] = (char)c;
	}
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

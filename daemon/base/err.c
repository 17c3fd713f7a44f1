/*
 * err.c - the words and the policy of every error code.
 */
#include "err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum err_class
err_class(enum err err)
{
#define ERR_CLASS(code, class, text)                                           \
	case code:                                                             \
		return class;
	switch (err) {
		ERR_TABLE(ERR_CLASS)
	case ERR_COUNT:
	default:
		break;
	}
#undef ERR_CLASS
	must(err < ERR_COUNT);
	return ERR_FATAL;
}

const char *
err_text(enum err err)
{
#define ERR_TEXT(code, class, text)                                            \
	case code:                                                             \
		return text;
	switch (err) {
		ERR_TABLE(ERR_TEXT)
	case ERR_COUNT:
	default:
		break;
	}
#undef ERR_TEXT
	return "unknown error";
}

enum err
diag_set(struct diag *d, enum err err, unsigned line, const char *fmt, ...)
{
	va_list ap;

	if (d == NULL || d->why[0] != '\0')
		return err;
	d->line = line;
	va_start(ap, fmt);
	(void)vsnprintf(d->why, sizeof(d->why), fmt, ap);
	va_end(ap);
	return err;
}

void
must_fail(const char *expr, const char *file, int line, const char *func)
{
	(void)fprintf(stderr, "<2>bug.must expr=\"%s\" at=%s:%d func=%s\n",
		      expr, file, line, func);
	abort();
}

/*
 * book_report.c - what an import has to tell.
 */
#include "book_report.h"

#include <stdarg.h>
#include <stdio.h>

void
book_report_init(struct book_report *r)
{
	*r = (struct book_report){ 0 };
	buf_init(&r->faults, BOOK_REPORT_MAX);
	buf_init(&r->warnings, BOOK_REPORT_MAX);
}

void
book_report_free(struct book_report *r)
{
	buf_free(&r->faults);
	buf_free(&r->warnings);
}

/* Values are shown in messages: nothing in them may act on a terminal. */
static void
put_shown(struct buf *b, struct str s)
{
	bool utf8 = str_utf8(s);

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		/* U+0080 to U+009F are controls too. */
		if (utf8 && c == 0xC2 && i + 1 < s.n &&
		    (unsigned char)s.p[i + 1] < 0xA0)
			i++;
		else if (c >= 0x20 && c != 0x7F && (c < 0x80 || utf8)) {
			buf_byte(b, c);
			continue;
		}
		buf_byte(b, '?');
	}
}

void
book_report_fault(struct book_report *r, struct str place, struct str field,
		  const char *why)
{
	struct buf *b = &r->faults;

	if (r->fault_count++ >= BOOK_FAULTS_MAX)
		return;
	put_shown(b, place);
	buf_put(b, S(": "));
	put_shown(b, field);
	buf_put(b, S(": "));
	put_shown(b, str_of(why));
	buf_byte(b, '\n');
}

void
book_report_warn(struct book_report *r, const char *fmt, ...)
{
	char text[BOOK_WARNING_SIZE];
	va_list ap;

	if (r->warning_count++ >= BOOK_WARNINGS_MAX)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put_shown(&r->warnings, str_of(text));
	buf_byte(&r->warnings, '\n');
}

/*
 * book_report.h - what an import has to tell.  Floor 3, private to the store.
 */
#ifndef BOOK_REPORT_H
#define BOOK_REPORT_H

#include "book_import.h"

#define BOOK_WARNING_SIZE 512u /* bytes of one; the rest is cut */

/* Both count all and tell as many as their limit allows. */
void book_report_fault(struct book_report *r, struct str place,
		       struct str field, const char *why);
void book_report_warn(struct book_report *r, const char *fmt, ...)
    PRINTF_LIKE(2, 3);

#endif

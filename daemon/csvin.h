/*
 * csvin.h - RFC 4180 rows from a descriptor, in bounded memory.  Floor 4.
 *
 * A row's fields live in the reader until the next row.  ERR_ABSENT at the
 * end, ERR_IO when reading fails, ERR_INPUT (with the line) for a quote that
 * never closes or a row beyond the limits.  A byte order mark is skipped.
 */
#ifndef CSVIN_H
#define CSVIN_H

#include "str.h"

#define CSVIN_ROW_MAX (1u << 20)
#define CSVIN_FIELDS_MAX 32u

struct csvin; /* opaque, owned by the caller until csvin_free */

struct csvin_row {
	struct str field[CSVIN_FIELDS_MAX];
	unsigned n;
	unsigned line; /* of its first field, 1-based */
};

struct csvin *csvin_new(int fd); /* borrows fd; NULL: no memory */
void csvin_free(struct csvin *c);
NODISCARD enum err csvin_next(struct csvin *c, struct csvin_row *out,
			      struct diag *d);

#endif

/*
 * mparts.h - the names inside a written name.  Private to match.
 *
 * Registries and courts write two names in one field: "A Ltd f/k/a B Ltd",
 * "John Smith t/a Smith Furniture", "A (formerly B)".  Each is a name of its
 * own beside the whole.  What joins them is looked for as it is written, in
 * the raw name, because folding makes "t/a" and "dba" words like any other.
 * No allocation; the parts are slices of the name, of which as much is read
 * as is folded of one (MFOLD_BYTES_MAX).
 */
#ifndef MPARTS_H
#define MPARTS_H

#include "str.h"

#define MPARTS_MAX 4u /* names inside one; the others are part of the last */

/* How many parts; 0 when the name is one name. */
unsigned mparts(struct str name, struct str part[MPARTS_MAX]);

#endif

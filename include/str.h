/*
 * str.h - borrowed slices of bytes, and the one total number parser.  Floor 0.
 *
 * A str never owns and is not NUL-terminated; it lives as long as its source
 * says.  No function here allocates.
 */
#ifndef STR_H
#define STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct str {
	const char *p;
	size_t n;
};

#define S(lit) ((struct str){ "" lit, sizeof(lit) - 1 })
#define STR_NONE ((struct str){ NULL, 0 })
#define STR_ARG(s) (int)(s).n, ((s).p == NULL ? "" : (s).p)

/* Borrows a NUL-terminated string; NULL gives the empty str. */
struct str str_of(const char *z);
bool str_eq(struct str a, struct str b);
/* Byte order; shorter first on a common prefix. */
int str_cmp(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Index of the first byte c, or s.n. */
size_t str_find(struct str s, char c);
bool str_contains(struct str s, struct str needle);
/* The part before the first sep; *rest moves behind it (empty at the end). */
struct str str_cut(struct str *rest, char sep);
/* Without blanks, tabs, CR and LF at both ends. */
struct str str_trim(struct str s);
/* Bytes [from, from+n) cut to what s has. */
struct str str_sub(struct str s, size_t from, size_t n);

/* Digits only, no sign, no blanks, at most max; *out untouched on failure. */
NODISCARD enum err str_to_u64(struct str s, uint64_t max, uint64_t *out);
/* An optional '-' then digits; |value| at most max. */
NODISCARD enum err str_to_i64(struct str s, int64_t max, int64_t *out);
/* Lower-case hex of exactly 2*n characters into n bytes. */
NODISCARD enum err str_to_bytes(struct str s, uint8_t *out, size_t n);
/* True when s is well-formed UTF-8 without NUL. */
bool str_utf8(struct str s);
/* Code points in well-formed UTF-8; other bytes count one each. */
size_t str_chars(struct str s);
#define STR_ID_MAX 64u /* characters of an id of ours */

/* [A-Za-z0-9_-]{1,STR_ID_MAX}: the shape of every id of ours. */
bool str_is_id(struct str s);

/*
 * Copies s and a NUL into dst[size]; ERR_LIMIT (dst empty) when it does not
 * fit.  For fixed fields of structs and for third-party boundaries.
 */
NODISCARD enum err str_copy(char *dst, size_t size, struct str s);

#endif

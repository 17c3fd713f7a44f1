/*
 * fold.c - Unicode forms by ICU.
 */
#include "fold.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#define FOLD_UNITS_MAX (4 * FOLD_NAME_MAX)

/*
 * UTF-8 to normalised UTF-16; *n is the count of units.  *out is this
 * thread's own and dies at the next call.
 */
static enum err
normalise(const UNormalizer2 *norm, struct str s, UChar **out, int32_t *n)
{
	static _Thread_local UChar wide[FOLD_NAME_MAX + 1];
	static _Thread_local UChar units[FOLD_UNITS_MAX];
	UErrorCode code = U_ZERO_ERROR;
	int32_t len = 0;

	if (s.n > FOLD_NAME_MAX)
		return ERR_LIMIT;
	(void)u_strFromUTF8(wide, (int32_t)FOLD_NAME_MAX, &len, s.p,
			    (int32_t)s.n, &code);
	if (U_FAILURE(code))
		return ERR_INPUT;
	*n = unorm2_normalize(norm, wide, len, units, (int32_t)FOLD_UNITS_MAX,
			      &code);
	*out = units;
	return U_FAILURE(code) ? ERR_LIMIT : ERR_OK;
}

/*
 * The code point at *i, moved behind it.  The normaliser's output is
 * well-formed, so a lead surrogate always has its trail.  (ICU's own macro
 * does not pass our conversion warnings.)
 */
static uint32_t
next_point(const UChar *units, int32_t *i)
{
	uint32_t c = units[(*i)++];

	if (c >= 0xD800 && c < 0xDC00)
		c = 0x10000 + ((c - 0xD800) << 10) +
		    ((uint32_t)units[(*i)++] - 0xDC00);
	return c;
}

static void
put_point(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_byte(b, (uint8_t)c);
		return;
	}
	if (c < 0x800) {
		buf_byte(b, (uint8_t)(0xC0 | c >> 6));
	} else if (c < 0x10000) {
		buf_byte(b, (uint8_t)(0xE0 | c >> 12));
		buf_byte(b, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
	} else {
		buf_byte(b, (uint8_t)(0xF0 | c >> 18));
		buf_byte(b, (uint8_t)(0x80 | (c >> 12 & 0x3F)));
		buf_byte(b, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
	}
	buf_byte(b, (uint8_t)(0x80 | (c & 0x3F)));
}

static void
put_units(struct buf *b, const UChar *units, int32_t n)
{
	for (int32_t i = 0; i < n;)
		put_point(b, next_point(units, &i));
}

static enum err
with(const UNormalizer2 *(*get)(UErrorCode *), struct buf *b, struct str s)
{
	UErrorCode code = U_ZERO_ERROR;
	const UNormalizer2 *norm = get(&code);
	UChar *units;
	int32_t n = 0;
	enum err err;

	must(U_SUCCESS(code));
	err = normalise(norm, s, &units, &n);
	if (err != ERR_OK)
		return err;
	put_units(b, units, n);
	return b->err;
}

enum err
fold_nfkc(struct buf *b, struct str s)
{
	return with(unorm2_getNFKCInstance, b, s);
}

enum err
fold_nfc(struct buf *b, struct str s)
{
	return with(unorm2_getNFCInstance, b, s);
}

/* Letters, digits and marks make words; all else parts them. */
static bool
in_word(uint32_t c)
{
	int8_t type = u_charType((UChar32)c);

	return u_isalnum((UChar32)c) || type == U_NON_SPACING_MARK ||
	       type == U_COMBINING_SPACING_MARK || type == U_LETTER_NUMBER ||
	       type == U_OTHER_NUMBER;
}

enum err
fold_name(struct buf *b, struct str name)
{
	UChar *units;
	UErrorCode code = U_ZERO_ERROR;
	const UNormalizer2 *norm = unorm2_getNFKCCasefoldInstance(&code);
	int32_t n = 0;
	bool gap = false;
	bool any = false;
	enum err err;

	must(U_SUCCESS(code));
	err = normalise(norm, name, &units, &n);
	for (int32_t i = 0; err == ERR_OK && i < n;) {
		uint32_t c = next_point(units, &i);

		if (!in_word(c)) {
			gap = any;
			continue;
		}
		if (gap)
			buf_byte(b, ' ');
		gap = false;
		any = true;
		put_point(b, c);
	}
	return err == ERR_OK ? b->err : err;
}

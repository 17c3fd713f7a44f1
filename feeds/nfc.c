/*
 * nfc.c - ICU's normaliser behind a check that mostly says no.
 */
#include "nfc.h"

#include <stdlib.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

/* Lead bytes below 0xCC encode code points below U+0300. */
static bool
plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0xCC)
			return false;
	return true;
}

static enum err
put_units(struct buf *b, const UChar *units, int32_t n)
{
	UErrorCode code = U_ZERO_ERROR;
	int32_t len = 0;
	char *utf8 = malloc((size_t)n * 3 + 1);

	if (utf8 == NULL)
		return ERR_LIMIT;
	(void)u_strToUTF8(utf8, n * 3 + 1, &len, units, n, &code);
	if (U_SUCCESS(code))
		buf_put(b, (struct str){ utf8, (size_t)len });
	free(utf8);
	return U_FAILURE(code) ? ERR_INPUT : b->err;
}

/* wide has room for s; out for what NFC makes of it at most (x 3). */
static enum err
normalise(struct buf *b, struct str s, UChar *wide, UChar *out)
{
	UErrorCode code = U_ZERO_ERROR;
	const UNormalizer2 *nfc = unorm2_getNFCInstance(&code);
	int32_t n = 0;
	int32_t m;

	(void)u_strFromUTF8(wide, (int32_t)s.n + 1, &n, s.p, (int32_t)s.n,
			    &code);
	if (U_FAILURE(code))
		return ERR_INPUT;
	if (unorm2_quickCheck(nfc, wide, n, &code) == UNORM_YES) {
		buf_put(b, s);
		return b->err;
	}
	m = unorm2_normalize(nfc, wide, n, out, 3 * (int32_t)s.n + 1, &code);
	if (U_FAILURE(code))
		return ERR_INPUT;
	return put_units(b, out, m);
}

enum err
nfc_put(struct buf *b, struct str s)
{
	UChar *wide;
	UChar *out;
	enum err err = ERR_LIMIT;

	if (s.n > NFC_MAX)
		return ERR_LIMIT;
	if (plain(s)) {
		buf_put(b, s);
		return b->err;
	}
	wide = calloc(s.n + 1, sizeof(*wide));
	out = calloc(3 * s.n + 1, sizeof(*out));
	if (wide != NULL && out != NULL)
		err = normalise(b, s, wide, out);
	free(wide);
	free(out);
	return err;
}

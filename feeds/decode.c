/*
 * decode.c - the only file of feeds/ that knows ICU's converters.
 */
#include "decode.h"

#include <string.h>
#include <strings.h>
#include <unicode/ucnv.h>

/* Names as documents write them; ICU knows them by the same. */
static const char *const single_byte[] = {
	"iso-8859-1", "iso-8859-2",   "iso-8859-15",  "windows-1250",
	"windows-1251", "windows-1252",
};

static bool
same_word(struct str s, const char *z)
{
	return s.n == strlen(z) && strncasecmp(s.p, z, s.n) == 0;
}

static const char *
single_byte_name(struct str encoding)
{
	if (same_word(encoding, "latin1"))
		return single_byte[0];
	for (size_t i = 0; i < sizeof(single_byte) / sizeof(*single_byte); i++)
		if (same_word(encoding, single_byte[i]))
			return single_byte[i];
	return NULL;
}

static bool
is_utf8_name(struct str s)
{
	return s.n == 0 || same_word(s, "utf-8") || same_word(s, "utf8") ||
	       same_word(s, "us-ascii") || same_word(s, "ascii");
}

bool
decode_known(struct str encoding)
{
	return is_utf8_name(encoding) || single_byte_name(encoding) != NULL;
}

void
decode_init(struct decode *d, struct str encoding, bool xml)
{
	*d = (struct decode){ .forced = encoding, .xml = xml };
}

static enum err
table_make(struct decode *d, const char *name, struct diag *why)
{
	UErrorCode status = U_ZERO_ERROR;
	UConverter *c = ucnv_open(name, &status);

	if (U_FAILURE(status))
		return diag_set(why, ERR_INPUT, 1, "no converter for %s", name);
	for (int i = 0; i < 256; i++) {
		char byte = (char)i;
		UChar u[2] = { 0, 0 };

		status = U_ZERO_ERROR;
		(void)ucnv_toUChars(c, u, 2, &byte, 1, &status);
		d->table[i] = U_FAILURE(status) ? 0xFFFD : u[0];
	}
	ucnv_close(c);
	d->table_used = true;
	return ERR_OK;
}

static void
body_put(const struct decode *d, struct str bytes, struct buf *out)
{
	if (!d->table_used) {
		buf_put(out, bytes);
		return;
	}
	for (size_t i = 0; i < bytes.n; i++) {
		uint16_t c = d->table[(uint8_t)bytes.p[i]];

		if (c < 0x80) {
			buf_byte(out, (uint8_t)c);
		} else if (c < 0x800) {
			buf_byte(out, (uint8_t)(0xC0 | c >> 6));
			buf_byte(out, (uint8_t)(0x80 | (c & 0x3F)));
		} else {
			buf_byte(out, (uint8_t)(0xE0 | c >> 12));
			buf_byte(out, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
			buf_byte(out, (uint8_t)(0x80 | (c & 0x3F)));
		}
	}
}

/* The value of encoding="..." in an XML declaration, or empty. */
static struct str
declared(struct str head)
{
	static const struct str word = { "encoding", 8 };
	size_t end = 0;

	if (!str_starts(head, S("<?xml")))
		return STR_NONE;
	while (end < head.n && head.p[end] != '>')
		end++;
	head = str_sub(head, 0, end);
	for (size_t i = 0; i + word.n < head.n; i++) {
		struct str s = str_sub(head, i, head.n - i);
		char quote;

		if (!str_starts(s, word))
			continue;
		s = str_trim(str_sub(s, word.n, s.n));
		if (s.n < 2 || *s.p != '=')
			return STR_NONE;
		s = str_trim(str_sub(s, 1, s.n));
		if (s.n < 2 || (*s.p != '"' && *s.p != '\''))
			return STR_NONE;
		quote = *s.p;
		s = str_sub(s, 1, s.n);
		/* Cut off in the middle it may be another's beginning. */
		return str_find(s, quote) == s.n ? STR_NONE :
						   str_cut(&s, quote);
	}
	return STR_NONE;
}

static enum err
start(struct decode *d, struct buf *out, struct diag *why)
{
	struct str head = { d->head, d->head_n };
	struct str encoding = d->forced;
	bool bom = str_starts(head, S("\xEF\xBB\xBF"));
	enum err err;

	d->started = true;
	if (str_starts(head, S("\xFE\xFF")) ||
	    str_starts(head, S("\xFF\xFE")) || memchr(head.p, 0, head.n))
		return diag_set(why, ERR_INPUT, 1,
				"neither UTF-8 nor a single-byte encoding");
	if (bom) {
		head = str_sub(head, 3, head.n);
		encoding = STR_NONE;
	} else if (encoding.n == 0 && d->xml) {
		encoding = declared(head);
	}
	if (!is_utf8_name(encoding)) {
		const char *name = single_byte_name(encoding);

		if (name == NULL)
			return diag_set(why, ERR_INPUT, 1,
					"encoding %.*s is not known",
					STR_ARG(str_sub(encoding, 0, 40)));
		err = table_make(d, name, why);
		if (err != ERR_OK)
			return err;
	}
	body_put(d, head, out);
	return ERR_OK;
}

/* Enough is there to know the encoding. */
static bool
head_whole(const struct decode *d)
{
	struct str head = { d->head, d->head_n };

	if (d->head_n == DECODE_HEAD_MAX)
		return true;
	if (d->head_n < 5)
		return false;
	if (!d->xml || !str_starts(head, S("<?xml")))
		return true;
	return str_find(head, '>') < head.n;
}

enum err
decode_push(struct decode *d, struct str bytes, struct buf *out,
	    struct diag *why)
{
	enum err err;

	while (!d->started && bytes.n > 0) {
		d->head[d->head_n++] = *bytes.p;
		bytes = str_sub(bytes, 1, bytes.n);
		if (!head_whole(d))
			continue;
		err = start(d, out, why);
		if (err != ERR_OK)
			return err;
	}
	body_put(d, bytes, out);
	return out->err;
}

enum err
decode_end(struct decode *d, struct buf *out, struct diag *why)
{
	enum err err = ERR_OK;

	if (!d->started)
		err = start(d, out, why);
	return err != ERR_OK ? err : out->err;
}

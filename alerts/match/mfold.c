/*
 * mfold.c - decoding, words, phrases, numbers.  Unspaced runs: mrun.c.
 */
#include "mfold.h"

#include <string.h>

#include "mfold_priv.h"
#include "mrom.h"

#define REPAIRED_LETTERS_MIN 4u
#define EACH(b) (UINT64_C(0x0101010101010101) * (b))

/* The next code point at s[i]; 0xFFFFFFFF for a byte that is none. */
static uint32_t
decode(struct str s, size_t *i)
{
	const uint8_t *p = (const uint8_t *)s.p + *i;
	size_t left = s.n - *i;
	uint32_t c = p[0];
	size_t n = c < 0x80 ? 1 : c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };

	if (n == 1) {
		(*i)++;
		return c;
	}
	if (c < 0xC2 || c > 0xF4 || left < n) {
		(*i)++;
		return UINT32_MAX;
	}
	c &= 0x7Fu >> n;
	for (size_t k = 1; k < n; k++) {
		if ((p[k] & 0xC0) != 0x80) {
			(*i)++;
			return UINT32_MAX;
		}
		c = c << 6 | (p[k] & 0x3Fu);
	}
	*i += n;
	if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
		return UINT32_MAX;
	return c;
}

static void
put_char(struct mchars *c, uint32_t cp, size_t at)
{
	if (c->n == MFOLD_CHARS_MAX)
		return;
	c->cp[c->n] = cp;
	c->at[c->n] = (uint16_t)at;
	c->any |= cp;
	c->n++;
}

/* The ASCII at i, which is what most names are; returns where it ends. */
static size_t
put_ascii(struct mchars *c, struct str raw, size_t i)
{
	size_t n = c->n;
	uint32_t any = 0;
	bool nought = false;
	uint64_t eight;

	for (; i + 8 <= raw.n && n + 8 <= MFOLD_CHARS_MAX; i += 8, n += 8) {
		memcpy(&eight, raw.p + i, 8);
		if ((eight & EACH(0x80)) != 0)
			break;
		for (unsigned k = 0; k < 8; k++) {
			c->cp[n + k] = (uint8_t)raw.p[i + k];
			c->at[n + k] = (uint16_t)(i + k);
		}
		any = 0x7F;
		/* Is any of them 0x30 or 0x31?  A false yes costs time only. */
		eight = (eight ^ EACH('0')) & EACH(0x7E);
		nought |= ((eight - EACH(1)) & EACH(0x80)) != 0;
	}
	for (; i < raw.n && n < MFOLD_CHARS_MAX; i++, n++) {
		uint8_t b = (uint8_t)raw.p[i];

		if (b >= 0x80)
			break;
		c->cp[n] = b;
		c->at[n] = (uint16_t)i;
		any |= b;
		nought |= (b | 1) == '1';
	}
	c->n = n;
	c->any |= any;
	c->nought |= nought;
	return i;
}

/* Squared and bracketed abbreviations of CJK legal forms, written out. */
static bool
put_squared(struct mchars *c, uint32_t cp, size_t at)
{
	static const uint32_t kk[] = { 0x682A, 0x5F0F, 0x4F1A, 0x793E };
	static const uint32_t yk[] = { 0x6709, 0x9650, 0x4F1A, 0x793E };
	static const uint32_t ju[] = { 0xC8FC, 0xC2DD, 0xD68C, 0xC0AC };
	static const uint32_t yu[] = { 0xC720, 0xD55C, 0xD68C, 0xC0AC };
	const uint32_t *form = cp == 0x3231 || cp == 0x682A ? kk :
			       cp == 0x3232 || cp == 0x6709 ? yk :
			       cp == 0x321C || cp == 0xC8FC ? ju :
			       cp == 0xC720		    ? yu :
							      NULL;

	if (form == NULL)
		return false;
	put_char(c, ' ', at);
	for (size_t i = 0; i < 4; i++)
		put_char(c, form[i], at);
	put_char(c, ' ', at);
	return true;
}

/* Is the i-th character alone in brackets, as in (주)? */
static bool
in_brackets(const struct mchars *c, uint32_t next)
{
	uint32_t before = c->n == 0 ? 0 : c->cp[c->n - 1];

	return (before == '(' || before == 0xFF08) &&
	       (next == ')' || next == 0xFF09);
}

/* Hiragana is read as katakana; the iteration marks repeat. */
static uint32_t
same_kana(const struct mchars *c, uint32_t cp)
{
	if (cp >= 0x3041 && cp <= 0x3096)
		return cp + 0x60;
	if (cp == 0x3005 && c->n > 0)
		return c->cp[c->n - 1];
	return cp;
}

static void
decode_all(struct str raw, struct mchars *c, struct mname *out)
{
	size_t i = 0;

	c->n = 0;
	c->any = 0;
	c->nought = false;
	if (raw.n > MFOLD_BYTES_MAX) {
		raw.n = MFOLD_BYTES_MAX;
		out->cut = true;
	}
	while ((i = put_ascii(c, raw, i)) < raw.n) {
		size_t at = i;
		uint32_t cp = decode(raw, &i);
		size_t peek = i;

		if (cp == UINT32_MAX) {
			/* A sequence cut by our own limit is not bad. */
			if (!out->cut || at + 4 <= raw.n)
				out->bad = true;
			continue;
		}
		if (mtab_script(cp) == MS_IGNORE)
			continue;
		if (c->n == MFOLD_CHARS_MAX) {
			out->cut = true;
			break;
		}
		if ((cp == 0x3231 || cp == 0x3232 || cp == 0x321C ||
		     (cp >= 0x6000 && i < raw.n &&
		      in_brackets(c, decode(raw, &peek)))) &&
		    put_squared(c, cp, at))
			continue;
		put_char(c, same_kana(c, cp), at);
	}
	c->at[c->n] = (uint16_t)i;
}

/* Latin letter that a Cyrillic or Greek one is drawn like, or 0. */
static char
looks_like(uint32_t cp)
{
	static const struct {
		uint16_t cp;
		char latin;
	} twin[] = {
		{ 0x410, 'a' }, { 0x430, 'a' }, { 0x412, 'b' }, { 0x415, 'e' },
		{ 0x435, 'e' }, { 0x41A, 'k' }, { 0x43A, 'k' }, { 0x41C, 'm' },
		{ 0x41D, 'h' }, { 0x41E, 'o' }, { 0x43E, 'o' }, { 0x420, 'p' },
		{ 0x440, 'p' }, { 0x421, 'c' }, { 0x441, 'c' }, { 0x422, 't' },
		{ 0x425, 'x' }, { 0x445, 'x' }, { 0x443, 'y' }, { 0x423, 'y' },
		{ 0x406, 'i' }, { 0x456, 'i' }, { 0x405, 's' }, { 0x455, 's' },
		{ 0x408, 'j' }, { 0x458, 'j' }, { 0x391, 'a' }, { 0x392, 'b' },
		{ 0x395, 'e' }, { 0x397, 'h' }, { 0x399, 'i' }, { 0x39A, 'k' },
		{ 0x39C, 'm' }, { 0x39D, 'n' }, { 0x39F, 'o' }, { 0x3A1, 'p' },
		{ 0x3A4, 't' }, { 0x3A5, 'y' }, { 0x3A7, 'x' }, { 0x3BF, 'o' },
	};

	for (size_t i = 0; i < sizeof(twin) / sizeof(twin[0]); i++)
		if (twin[i].cp == cp)
			return twin[i].latin;
	return 0;
}

static uint32_t
cyrillic_twin(uint32_t cp)
{
	static const char latin[] = "aeocpxykmthbi";
	static const uint16_t cyrl[] = { 0x430, 0x435, 0x43E, 0x441, 0x440,
					 0x445, 0x443, 0x43A, 0x43C, 0x442,
					 0x43D, 0x432, 0x456 };
	const char *hit;

	if (cp >= 'A' && cp <= 'Z')
		cp += 32;
	hit = cp < 0x80 && cp != 0 ? strchr(latin, (int)cp) : NULL;
	return hit == NULL ? cp : cyrl[hit - latin];
}

/* One word in two alphabets is one alphabet and its look-alikes. */
static void
repair(struct mchars *c, size_t from, size_t to)
{
	size_t foreign = 0, twins = 0, latin = 0;

	for (size_t i = from; i < to; i++) {
		enum mscript s = mtab_script(c->cp[i]);

		latin += s == MS_LATIN;
		foreign += s == MS_CYRL || s == MS_GREEK;
	}
	if (latin == 0 || foreign == 0)
		return;
	for (size_t i = from; i < to; i++)
		twins += looks_like(c->cp[i]) != 0;
	for (size_t i = from; i < to; i++) {
		char t = looks_like(c->cp[i]);

		if (twins == foreign && t != 0)
			c->cp[i] = (uint32_t)t;
		else if (twins != foreign)
			c->cp[i] = cyrillic_twin(c->cp[i]);
	}
}

static bool
latin_letter(uint32_t cp)
{
	return (cp | 32) >= 'a' && (cp | 32) <= 'z';
}

/*
 * Nought and one between the letters of a word are what a scanner made of O
 * and L: M0tor, E1mar.  Not in words too short to be sure of: S1C, B1B.
 */
static void
repair_digits(struct mchars *c)
{
	for (size_t i = 0, end; c->nought && i < c->n; i = end + 1) {
		size_t letters = 0, digits = 0;

		for (end = i; end < c->n; end++)
			if (latin_letter(c->cp[end]))
				letters++;
			else if (c->cp[end] == '0' || c->cp[end] == '1')
				digits++;
			else
				break;
		if (digits == 0 || letters < REPAIRED_LETTERS_MIN)
			continue;
		for (size_t k = i + 1; k + 1 < end; k++)
			if (latin_letter(c->cp[k - 1]) &&
			    latin_letter(c->cp[k + 1])) {
				if (c->cp[k] == '0')
					c->cp[k] = 'o';
				else if (c->cp[k] == '1' &&
					 (c->cp[k + 1] | 32) != 's')
					c->cp[k] = 'l'; /* not in Cyber1st */
			}
	}
}

struct mw *
mfold_new_word(struct mwords *ws, struct mname *out)
{
	struct mw *w;

	if (ws->n == MFOLD_WORDS_MAX) {
		out->cut = true;
		return NULL;
	}
	w = &ws->w[ws->n++];
	*w = (struct mw){ .off = (uint16_t)out->text_n };
	return w;
}

void
mfold_put_text(struct mname *out, struct mw *w, struct str s)
{
	if (w->len + s.n > MFOLD_TOKEN_LEN_MAX ||
	    out->text_n + s.n > MFOLD_TEXT_MAX)
		return;
	if (s.n == 1)
		out->text[out->text_n] = s.p[0];
	else
		memcpy(out->text + out->text_n, s.p, s.n);
	out->text_n += (unsigned)s.n;
	w->len = (uint8_t)(w->len + s.n);
}

void
mfold_end_word(struct mname *out, struct mw *w)
{
	w->h = mtab_hash_bytes(out->text + w->off, w->len);
}

static bool
spaced(enum mscript s)
{
	return s >= MS_LATIN && s <= MS_DEVA && s != MS_DIGIT;
}

/* The end of the word that starts at i: letters of spaced scripts. */
static size_t
word_end(const struct mchars *c, size_t i)
{
	size_t k = i;

	while (k < c->n) {
		enum mscript s = mtab_script(c->cp[k]);

		if (!spaced(s) &&
		    !(s == MS_JOIN && k + 1 < c->n &&
		      spaced(mtab_script(c->cp[k + 1]))))
			break;
		k++;
	}
	return k;
}

/* Words of scripts that are not read letter by letter; 0 for the others. */
static size_t
read_word(const uint32_t *cp, size_t n, enum mscript s, char *dst, size_t size)
{
	size_t letters;

	if (s == MS_DEVA)
		return mrom_hindi(cp, n, dst, size);
	if (s == MS_ARMN)
		return mrom_armenian(cp, n, dst, size);
	if (s != MS_GEOR)
		return 0;
	/* Two names of letters are as often a word. */
	letters = mletter_word(cp, n, dst, size);
	return letters >= 3 ? letters : 0;
}

/* A word of no more than ASCII letters; i when the one there has others. */
static size_t
put_plain(const struct mchars *c, size_t i, struct mwords *ws,
	  struct mname *out)
{
	char *to = out->text + out->text_n;
	size_t n = 0;
	struct mw *w;

	if (out->text_n + MFOLD_TOKEN_LEN_MAX > MFOLD_TEXT_MAX)
		return i;
	for (; i + n < c->n && latin_letter(c->cp[i + n]); n++) {
		if (n == MFOLD_TOKEN_LEN_MAX)
			return i;
		to[n] = (char)(c->cp[i + n] | 32);
	}
	if (n == 0 || (i + n < c->n && (c->cp[i + n] >= 0x80 ||
					mtab_script(c->cp[i + n]) == MS_JOIN)))
		return i;
	w = mfold_new_word(ws, out);
	if (w == NULL)
		return i + n;
	w->script = MS_LATIN;
	w->raw = c->at[i];
	w->raw_n = (uint16_t)(c->at[i + n] - c->at[i]);
	w->chars = (uint8_t)n;
	w->len = (uint8_t)n;
	out->text_n += (unsigned)n;
	mfold_end_word(out, w);
	return i + n;
}

static size_t
put_spaced(struct mchars *c, size_t i, struct mwords *ws, struct mname *out)
{
	size_t end = word_end(c, i), n;
	struct mw *w = mfold_new_word(ws, out);
	char text[MFOLD_TOKEN_LEN_MAX];

	if (w == NULL)
		return end;
	repair(c, i, end);
	w->script = (uint8_t)mtab_script(c->cp[i]);
	w->raw = c->at[i];
	w->raw_n = (uint16_t)(c->at[end] - c->at[i]);
	n = read_word(c->cp + i, end - i, (enum mscript)w->script, text,
		      sizeof(text));
	if (n > 0) {
		w->chars = end - i < 255 ? (uint8_t)(end - i) : 255;
		mfold_put_text(out, w, (struct str){ text, n });
		mfold_end_word(out, w);
		return end;
	}
	for (size_t k = i; k < end; k++) {
		/* A possessive is the name of the same owner. */
		if (mtab_script(c->cp[k]) == MS_JOIN) {
			if (k + 2 == end && (c->cp[k + 1] | 32) == 's')
				break;
			continue;
		}
		w->chars++;
		mfold_put_text(out, w, mtab_latin(c->cp[k]));
	}
	mfold_end_word(out, w);
	if (w->len == 0)
		ws->n--;
	return end;
}

static size_t
put_digits(const struct mchars *c, size_t i, struct mwords *ws,
	   struct mname *out)
{
	struct mw *w = mfold_new_word(ws, out);
	size_t end = i;

	while (end < c->n && mtab_script(c->cp[end]) == MS_DIGIT)
		end++;
	if (w == NULL)
		return end;
	w->script = MS_DIGIT;
	w->kind = MK_NUMBER;
	w->raw = c->at[i];
	w->raw_n = (uint16_t)(c->at[end] - c->at[i]);
	for (size_t k = i; k < end; k++) {
		struct str d = mtab_latin(c->cp[k]);

		if (w->len == 0 && str_eq(d, S("0")) && k + 1 < end)
			continue;
		mfold_put_text(out, w, d);
	}
	w->chars = 2;
	mfold_end_word(out, w);
	/* 1st, 2nd, 3rd, 4th */
	if (end + 2 <= c->n && word_end(c, end) == end + 2) {
		uint32_t a = c->cp[end] | 32, b = c->cp[end + 1] | 32;

		if ((a == 's' && b == 't') || (a == 'n' && b == 'd') ||
		    (a == 'r' && b == 'd') || (a == 't' && b == 'h'))
			end += 2;
	}
	return end;
}

static void
put_and(size_t at, struct mwords *ws, struct mname *out)
{
	struct mw *w = mfold_new_word(ws, out);

	if (w == NULL)
		return;
	w->raw = (uint16_t)at;
	w->raw_n = 1;
	w->and = 1;
}

static void
cut_words(struct mchars *c, enum mview view, struct mwords *ws,
	  struct mname *out)
{
	bool chinese = mrun_is_chinese(c, out);
	enum mview han = chinese && view == MV_MAIN ? MV_PINYIN : view;

	for (size_t i = 0; i < c->n;) {
		enum mscript s = mtab_script(c->cp[i]);
		size_t end;

		out->scripts |= 1u << s;
		if (s == MS_LATIN && (end = put_plain(c, i, ws, out)) > i)
			i = end;
		else if (spaced(s))
			i = put_spaced(c, i, ws, out);
		else if (s == MS_DIGIT)
			i = put_digits(c, i, ws, out);
		else if (s >= MS_HAN && s <= MS_THAI)
			i = mrun_put(c, i, han, ws, out);
		else if (c->cp[i] == '&' || c->cp[i] == '+')
			put_and(c->at[i++], ws, out);
		else
			i++;
	}
	out->two_views = !chinese && (out->scripts & 1u << MS_HAN) != 0;
	out->japanese = out->japanese || (out->scripts & 1u << MS_KANA) != 0;
}

static bool
is_letter(const struct mwords *ws, unsigned i)
{
	return i < ws->n && ws->w[i].chars == 1 && !ws->w[i].tagged &&
	       !ws->w[i].and && ws->w[i].script != MS_DIGIT;
}

/* Is there a full stop between words i and i+1? */
static bool
dotted(const struct mwords *ws, const struct mname *out, unsigned i)
{
	size_t from = (size_t)ws->w[i].raw + ws->w[i].raw_n;

	return memchr(out->raw.p + from, '.', ws->w[i + 1].raw - from) != NULL;
}

/* Where the letters that start at i and belong together end. */
static unsigned
letters_end(const struct mwords *ws, const struct mname *out, unsigned i)
{
	unsigned k = i + 1;
	bool dots;

	if (!is_letter(ws, i) || !is_letter(ws, k))
		return k;
	dots = dotted(ws, out, i);
	while (is_letter(ws, k) && dotted(ws, out, k - 1) == dots) {
		if (!dots && is_letter(ws, k + 1) && dotted(ws, out, k))
			break;
		k++;
	}
	return k;
}

/* A.B.C. is ABC. */
static void
join_letters(struct mwords *ws, struct mname *out)
{
	unsigned n = 0;

	while (n < ws->n && !is_letter(ws, n))
		n++;
	for (unsigned i = n; i < ws->n;) {
		unsigned k = letters_end(ws, out, i);
		struct mw w = ws->w[i];

		if (k - i >= 2) {
			w.off = (uint16_t)out->text_n;
			w.len = 0;
			w.chars = (uint8_t)(k - i);
			w.raw_n = (uint16_t)(ws->w[k - 1].raw +
					     ws->w[k - 1].raw_n - w.raw);
			for (unsigned j = i; j < k; j++)
				mfold_put_text(out, &w,
					       (struct str){ out->text +
								 ws->w[j].off,
							     ws->w[j].len });
			mfold_end_word(out, &w);
		}
		ws->w[n++] = w;
		i = k;
	}
	ws->n = n;
}

static bool
is_word(const struct mwords *ws, const struct mname *out, unsigned i,
	const char *text)
{
	return str_eq((struct str){ out->text + ws->w[i].off, ws->w[i].len },
		      str_of(text));
}

/*
 * Where kanji were read as Chinese and kana as what they are, the form of a
 * Japanese company ends in the word after it: zhu shi hui shefurekuto.
 */
static void
split_form(struct mwords *ws, struct mname *out)
{
	for (unsigned i = 2; i < ws->n; i++) {
		struct mw *w = &ws->w[i];

		if (w->len < 6 || memcmp(out->text + w->off, "she", 3) != 0 ||
		    !is_word(ws, out, i - 1, "hui") ||
		    !(is_word(ws, out, i - 2, "shi") ||
		      is_word(ws, out, i - 2, "zhushi") ||
		      is_word(ws, out, i - 2, "xian") ||
		      is_word(ws, out, i - 2, "tong")))
			continue;
		w->off = (uint16_t)(w->off + 3);
		w->len = (uint8_t)(w->len - 3);
		mfold_end_word(out, w);
	}
}

bool
mfold_has_view(const struct mname *m, enum mview view, uint16_t country)
{
	bool china = (m->scripts & 1u << MS_HAN) != 0 && !m->japanese;

	switch (view) {
	case MV_MAIN:
		return true;
	case MV_PINYIN:
		return m->two_views;
	case MV_HONGKONG:
		if (country == MFOLD_COUNTRY('H', 'K') ||
		    country == MFOLD_COUNTRY('M', 'O'))
			return china;
		/* Overseas firms are spelled so as well. */
		return china && m->traditional &&
		       country != MFOLD_COUNTRY('C', 'N') &&
		       country != MFOLD_COUNTRY('T', 'W') &&
		       country != MFOLD_COUNTRY('J', 'P') &&
		       country != MFOLD_COUNTRY('K', 'R');
	case MV_TAIWAN:
		return china && (country == MFOLD_COUNTRY('T', 'W') ||
				 (country == 0 && m->traditional));
	case MV_COUNT:
		break;
	}
	return false;
}

/* No name yet: all but the text, which is written before it is read. */
static void
clear(struct mname *out, struct str raw)
{
	memset(out, 0, offsetof(struct mname, text));
	out->raw = raw;
}

void
mfold_name(struct str raw, enum mview view, struct mname *out)
{
	UNSET struct mchars c;
	UNSET struct mwords ws;

	clear(out, raw);
	ws.n = 0;
	decode_all(raw, &c, out);
	repair_digits(&c);
	cut_words(&c, view, &ws, out);
	join_letters(&ws, out);
	split_form(&ws, out);
	mphrase_put(&ws, out);
}

size_t
mfold_run(struct str s, uint32_t *cp, size_t max)
{
	UNSET struct mchars c;
	UNSET struct mname out;

	clear(&out, s);
	decode_all(s, &c, &out);
	if (c.n > max)
		return 0;
	for (size_t i = 0; i < c.n; i++) {
		if (mtab_script(c.cp[i]) < MS_HAN ||
		    mtab_script(c.cp[i]) > MS_THAI)
			return 0;
		cp[i] = c.cp[i];
	}
	return c.n;
}

size_t
mfold_words(struct str s, uint64_t *h, size_t max)
{
	UNSET struct mchars c;
	UNSET struct mwords ws;
	UNSET struct mname out;
	size_t n = 0;

	clear(&out, s);
	ws.n = 0;
	decode_all(s, &c, &out);
	for (size_t i = 0; i < c.n; i++)
		if (mtab_script(c.cp[i]) >= MS_HAN &&
		    mtab_script(c.cp[i]) <= MS_THAI)
			return 0;
	cut_words(&c, MV_MAIN, &ws, &out);
	join_letters(&ws, &out);
	for (unsigned i = 0; i < ws.n; i++) {
		if (ws.w[i].and)
			continue;
		if (n == max)
			return 0;
		h[n++] = ws.w[i].h;
	}
	return n;
}

/*
 * mphrase.c - words into tokens: legal forms, concepts, numbers.
 */
#include "mfold_priv.h"

#include <string.h>

#define STEM_MIN 3u /* letters of an Arabic word behind what is glued to it */

/* What was found at each word: how many words it takes and what it is. */
struct found {
	uint8_t legal_len;
	uint8_t legal;
	uint8_t concept_len;
	uint16_t concept;
};

static bool
is_function(unsigned concept)
{
	return concept != 0 && mtab_concept(concept)->kind == MC_FUNCTION;
}

/* The longest phrases that start at word i. */
static void
look_up(const struct mwords *ws, unsigned i, struct found *f)
{
	uint64_t h = 2;

	*f = (struct found){ 0 };
	if (ws->w[i].and)
		return;
	if (ws->w[i].tagged) {
		f->legal = ws->w[i].legal;
		f->legal_len = f->legal != 0;
		f->concept = ws->w[i].concept;
		f->concept_len = f->concept != 0;
		if (f->legal || f->concept)
			return;
	}
	for (unsigned k = i, n = 1; k < ws->n && n <= MTAB_PHRASE_MAX; k++) {
		const struct mword *w;

		if (ws->w[k].and)
			continue;
		h = mtab_mix(h, ws->w[k].h);
		w = mtab_phrase(h);
		if (w == NULL)
			return;
		if (w->whole && w->legal != 0 && !ws->w[i].syllable) {
			f->legal = w->legal;
			f->legal_len = (uint8_t)(k + 1 - i);
		}
		if (w->whole && w->concept != 0 &&
		    !(ws->w[i].syllable && is_function(w->concept))) {
			f->concept = w->concept;
			f->concept_len = (uint8_t)(k + 1 - i);
		}
		n++;
	}
}

/* The concept of a word with or without the article; 0 for none. */
static uint16_t
with_article(struct str stem)
{
	char text[2 + MFOLD_TOKEN_LEN_MAX] = "al";
	const struct mword *w;

	if (stem.n < STEM_MIN || stem.n > MFOLD_TOKEN_LEN_MAX)
		return 0;
	memcpy(text + 2, stem.p, stem.n);
	w = mtab_phrase(mtab_mix(2, mtab_hash_bytes(text, 2 + stem.n)));
	if (w == NULL || !w->whole || w->concept == 0)
		w = mtab_phrase(mtab_mix(2, mtab_hash_bytes(stem.p, stem.n)));
	return w == NULL || !w->whole || is_function(w->concept) ? 0 :
								    w->concept;
}

/*
 * An Arabic word that no table has may be one behind "and the", "for the",
 * "in the" or "the", which are written together with it.
 */
static void
look_behind(const struct mw *w, const char *text, struct found *f)
{
	static const char *const before[] = { "wal", "ll", "bal", "al", "w" };
	struct str s = { text + w->off, w->len };

	if (w->script != MS_ARAB || w->and || f->legal_len > 0 ||
	    f->concept_len > 0)
		return;
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		struct str b = str_of(before[i]);

		if (!str_starts(s, b))
			continue;
		f->concept = with_article(str_sub(s, b.n, s.n));
		f->concept_len = f->concept != 0;
		if (f->concept != 0)
			return;
	}
}

/* Forms that count only at an edge are dropped elsewhere. */
static void
settle_edges(struct found *f, unsigned n)
{
	bool start[MFOLD_WORDS_MAX + 1] = { true };
	bool end[MFOLD_WORDS_MAX + 1];

	for (unsigned i = 0; i < n; i++) {
		if (start[i] && f[i].legal_len > 0)
			start[i + f[i].legal_len] = true;
	}
	memset(end, 0, sizeof(end));
	end[n] = true;
	for (unsigned i = n; i-- > 0;)
		end[i] = f[i].legal_len > 0 && end[i + f[i].legal_len];
	for (unsigned i = 0; i < n; i++) {
		enum mlegal_where where;

		if (f[i].legal_len == 0)
			continue;
		where = mtab_legal(f[i].legal)->where;
		if ((where == MW_START && !start[i]) ||
		    (where == MW_END && !end[i]) ||
		    (where == MW_EDGE && !start[i] && !end[i]))
			f[i].legal_len = 0;
	}
}

static void
put_form(const struct mwords *ws, unsigned i, unsigned len, unsigned legal,
	 struct mname *out)
{
	const struct mw *last = &ws->w[i + len - 1];
	uint16_t raw = ws->w[i].raw;
	uint16_t raw_n = (uint16_t)(last->raw + last->raw_n - raw);

	if (mtab_legal(legal)->class == ML_STATUS) {
		out->status = raw;
		out->status_n = raw_n;
		return;
	}
	out->classes |= 1u << mtab_legal(legal)->class;
	if (out->forms == MFOLD_FORMS_MAX)
		return;
	out->form[out->forms++] = (struct mform){
		.legal = (uint8_t)legal,
		.raw = raw,
		.raw_n = raw_n,
	};
}

static void
put_token(const struct mwords *ws, unsigned i, unsigned len, unsigned concept,
	  struct mname *out)
{
	const struct mw *w = &ws->w[i];
	const struct mw *last = &ws->w[i + len - 1];
	struct mtok *t;

	if (out->n == MFOLD_TOKENS_MAX) {
		out->cut = true;
		return;
	}
	t = &out->tok[out->n++];
	*t = (struct mtok){ .th = w->h,
			    .off = w->off,
			    .n = w->len,
			    .raw = w->raw,
			    .raw_n = (uint16_t)(last->raw + last->raw_n -
						w->raw),
			    .script = w->script,
			    .kind = w->kind,
			    .glued = w->tagged,
			    .concept = (uint16_t)concept };
	if (len > 1) {
		/* The words of a phrase may lie apart in text; join them. */
		struct mw all = { .off = (uint16_t)out->text_n };

		for (unsigned k = i; k < i + len; k++)
			mfold_put_text(out, &all,
				       (struct str){ out->text + ws->w[k].off,
						     ws->w[k].len });
		mfold_end_word(out, &all);
		t->off = all.off;
		t->n = all.len;
		t->th = all.h;
	}
	t->h = t->th;
	if (concept == 0)
		return;
	t->h = mtab_mix(3, concept);
	if (mtab_concept(concept)->kind == MC_FUNCTION) {
		t->h = t->th;
		t->concept = 0;
		return;
	}
	switch (mtab_concept(concept)->kind) {
	case MC_PLACE:
		t->kind = MK_PLACE;
		break;
	case MC_NUMBER: {
		struct str v = mtab_concept(concept)->name;

		t->kind = MK_NUMBER;
		t->concept = 0;
		t->off = (uint16_t)out->text_n;
		if (out->text_n + v.n <= MFOLD_TEXT_MAX) {
			memcpy(out->text + out->text_n, v.p, v.n);
			out->text_n += (unsigned)v.n;
			t->n = (uint8_t)v.n;
		}
		t->th = mtab_hash_bytes(v.p, v.n);
		t->h = mtab_mix(5, t->th);
		break;
	}
	case MC_GENERAL:
	case MC_FUNCTION:
	case MC_NONE:
		t->kind = MK_CONCEPT;
		break;
	}
}

/* The value of a roman numeral up to 39, or 0. */
static unsigned
roman(struct str s)
{
	unsigned v = 0, last = 100;

	for (size_t i = 0; i < s.n; i++) {
		unsigned d = s.p[i] == 'x' ? 10 :
			     s.p[i] == 'v' ? 5 :
			     s.p[i] == 'i' ? 1 :
					     0;

		if (d == 0)
			return 0;
		v += d > last ? d - 2 * last : d;
		last = d;
	}
	return s.n <= 6 ? v : 0;
}

static void
set_number(struct mname *out, struct mtok *t, unsigned v)
{
	char d[8];
	unsigned n = 0;

	do
		d[n++] = (char)('0' + v % 10);
	while ((v /= 10) > 0);
	if (out->text_n + n > MFOLD_TEXT_MAX)
		return;
	t->off = (uint16_t)out->text_n;
	t->n = (uint8_t)n;
	while (n > 0)
		out->text[out->text_n++] = d[--n];
	t->kind = MK_NUMBER;
	t->concept = 0;
	t->th = mtab_hash_bytes(out->text + t->off, t->n);
	t->h = mtab_mix(5, t->th);
}

static unsigned
value(const struct mname *out, const struct mtok *t)
{
	uint64_t v = 0;

	if (t->kind != MK_NUMBER ||
	    str_to_u64(mfold_text(out, t), 100000, &v) != ERR_OK)
		return 0;
	return (unsigned)v;
}

/* Roman numerals; "forty" "four" is 44. */
static void
settle_numbers(struct mname *out)
{
	unsigned n = 0;

	for (unsigned i = 0; i < out->n; i++) {
		struct mtok *t = &out->tok[i];
		unsigned v;

		if (t->kind == MK_NUMBER && t->concept == 0)
			t->h = mtab_mix(5, t->th);
		if (t->kind != MK_WORD || t->glued || t->n > 6 ||
		    (t->n == 1 && (i == 0 || i + 1 != out->n)))
			continue;
		v = roman(mfold_text(out, t));
		if (v > 0)
			set_number(out, t, v);
	}
	for (unsigned i = 0; i < out->n; i++) {
		unsigned v = value(out, &out->tok[i]);
		unsigned w = i + 1 < out->n ? value(out, &out->tok[i + 1]) : 0;

		out->tok[n] = out->tok[i];
		if (v >= 20 && v < 100 && v % 10 == 0 && w > 0 && w < 10) {
			out->tok[n].raw_n = (uint16_t)(out->tok[i + 1].raw +
						       out->tok[i + 1].raw_n -
						       out->tok[i].raw);
			set_number(out, &out->tok[n], v + w);
			i++;
		}
		n++;
	}
	out->n = n;
}

/* Everything was legal form or function word: then it is the name. */
static void
put_rest(const struct mwords *ws, struct mname *out)
{
	for (unsigned i = 0; i < ws->n; i++)
		if (!ws->w[i].and && ws->w[i].len > 0)
			put_token(ws, i, 1, 0, out);
	out->forms = 0;
	out->classes = 0;
	out->status_n = 0;
}

void
mphrase_put(struct mwords *ws, struct mname *out)
{
	UNSET struct found f[MFOLD_WORDS_MAX];

	for (unsigned i = 0; i < ws->n; i++) {
		look_up(ws, i, &f[i]);
		look_behind(&ws->w[i], out->text, &f[i]);
	}
	settle_edges(f, ws->n);
	for (unsigned i = 0; i < ws->n;) {
		if (ws->w[i].and) {
			i++;
		} else if (f[i].legal_len > 0 &&
			   f[i].legal_len >= f[i].concept_len) {
			put_form(ws, i, f[i].legal_len, f[i].legal, out);
			i += f[i].legal_len;
		} else if (f[i].concept_len > 0) {
			unsigned next = i + f[i].concept_len;

			/* A last letter is a name or a number. */
			if (!is_function(f[i].concept) ||
			    (ws->w[i].len == 1 && next == i + 1 && out->n > 0 &&
			     (next == ws->n || f[next].legal_len > 0)))
				put_token(ws, i, f[i].concept_len,
					  f[i].concept, out);
			i += f[i].concept_len;
		} else {
			if (ws->w[i].len > 0)
				put_token(ws, i, 1, 0, out);
			i++;
		}
	}
	if (out->n == 0)
		put_rest(ws, out);
	settle_numbers(out);
}

bool
mphrase_is_legal(struct str t)
{
	const struct mword *w =
	    mtab_phrase(mtab_mix(2, mtab_hash_bytes(t.p, t.n)));

	return w != NULL && w->whole && w->legal != 0;
}

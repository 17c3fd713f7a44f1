/*
 * mrun.c - unspaced letters (Han, kana, Hangul, Thai) into words.
 *
 * The cheapest way through the run: words of the tables cost little, letters
 * no table knows cost more and stick together.  What is left over is read
 * aloud: kana by Hepburn without long vowels, Hangul by the revised
 * romanisation, Thai by syllables (mthai.c), Han by a Japanese reading or as
 * Chinese.
 */
#include "mfold_priv.h"

#include <string.h>

#include "mrom.h"

#define RUN_CHARS_MAX 96u
#define WORD_CHARS_MAX 14u

/* Costs of the way through a run; only their order matters. */
enum {
	COST_LEGAL = 100,
	COST_CONCEPT = 350,
	COST_CONCEPT_HANGUL = 450, /* of two syllables */
	COST_CONCEPT_SHORT = 1100,
	COST_LETTERS = 350,
	COST_LETTER = 110,
	COST_READING = 450,
	COST_READING_ONE = 1000,
	COST_UNKNOWN = 280,
	COST_UNKNOWN_HAN = 700,
	COST_UNKNOWN_START = 550,
};

enum step_kind { STEP_NONE, STEP_UNKNOWN, STEP_WORD, STEP_LETTERS };

struct step {
	uint32_t cost;
	const struct mword *word;
	uint8_t kind;
	uint8_t len;
};

struct lattice {
	struct step best[RUN_CHARS_MAX + 1];
	const uint32_t *cp;
	size_t n;
	enum mview view; /* MV_MAIN: Japanese readings */
};

static const char *const kana_text[] = {
	"a", "a", "i", "i", "u", "u", "e", "e", "o", "o", "ka", "ga", "ki",
	"gi", "ku", "gu", "ke", "ge", "ko", "go", "sa", "za", "shi", "ji",
	"su", "zu", "se", "ze", "so", "zo", "ta", "da", "chi", "ji", "", "tsu",
	"zu", "te", "de", "to", "do", "na", "ni", "nu", "ne", "no", "ha", "ba",
	"pa", "hi", "bi", "pi", "fu", "bu", "pu", "he", "be", "pe", "ho", "bo",
	"po", "ma", "mi", "mu", "me", "mo", "ya", "ya", "yu", "yu", "yo", "yo",
	"ra", "ri", "ru", "re", "ro", "wa", "wa", "i", "e", "o", "n", "vu",
	"ka", "ke",
};

static bool
is_vowel(char c)
{
	return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u';
}

/* ou, oo, uu, and a doubled vowel are one long vowel, written short. */
static size_t
shorten(char *s, size_t n)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		char last = k == 0 ? 0 : s[k - 1];

		if (is_vowel(s[i]) && s[i] == last && s[i] != 'i')
			continue;
		if (s[i] == 'u' && last == 'o')
			continue;
		s[k++] = s[i];
	}
	return k;
}

size_t
mfold_kana(const uint32_t *cp, size_t n, char *dst, size_t size)
{
	size_t k = 0;
	bool twice = false;

	for (size_t i = 0; i < n && k + 5 < size; i++) {
		uint32_t c = cp[i];
		bool small = c == 0x30A1 || c == 0x30A3 || c == 0x30A5 ||
			     c == 0x30A7 || c == 0x30A9 || c == 0x30E3 ||
			     c == 0x30E5 || c == 0x30E7;
		const char *t;

		if (c == 0x30C3) {
			twice = true;
			continue;
		}
		if (c < 0x30A1 || c > 0x30F6)
			continue;
		t = kana_text[c - 0x30A1];
		if (small && k > 0 && is_vowel(dst[k - 1]) && i > 0) {
			bool sibilant;

			k--;
			sibilant = k > 0 && (dst[k - 1] == 'h' ||
					     dst[k - 1] == 'j') &&
				   (k < 2 || dst[k - 2] == 's' ||
				    dst[k - 2] == 'c' || dst[k - 1] == 'j');
			if (t[0] == 'y' && sibilant)
				t++;
		}
		if (twice && *t != 0 && !is_vowel(*t))
			dst[k++] = *t == 'c' ? 't' : *t;
		twice = false;
		while (*t != 0)
			dst[k++] = *t++;
	}
	return shorten(dst, k);
}

static const char *const lead[] = { "g", "kk", "n", "d",  "tt", "r", "m",
				    "b", "pp", "s", "ss", "",	"j", "jj",
				    "ch", "k", "t", "p",  "h" };
static const char *const vowel[] = { "a",  "ae", "ya", "yae", "eo", "e",  "yeo",
				     "ye", "o",	 "wa", "wae", "oe", "yo", "u",
				     "wo", "we", "wi", "yu",  "eu", "ui", "i" };
static const char *const tail[] = { "",	 "k", "k", "k", "n", "n", "n",
				    "t", "l", "k", "m", "l", "l", "l",
				    "p", "l", "m", "p", "p", "t", "t",
				    "ng", "t", "t", "k", "t", "p", "t" };
/* Before a vowel the tail is spoken as its own sound. */
static const char *const liaison[] = { "",   "g",  "kk", "ks", "n",  "nj", "n",
				       "d",  "r",  "lg", "lm", "lb", "ls", "lt",
				       "lp", "r",  "m",	 "b",  "ps", "s",  "ss",
				       "ng", "j",  "ch", "k",  "t",  "p",  "" };

static size_t
append(char *dst, size_t k, size_t size, const char *t)
{
	while (*t != 0 && k < size)
		dst[k++] = *t++;
	return k;
}

static size_t
hangul(const uint32_t *cp, size_t n, char *dst, size_t size)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t s = cp[i] - 0xAC00;
		uint32_t next = i + 1 < n ? cp[i + 1] - 0xAC00 : UINT32_MAX;
		uint32_t end = s % 28;

		if (cp[i] < 0xAC00 || cp[i] > 0xD7A3)
			continue;
		/* l and r are one letter; doubled it is l. */
		if (s / 588 == 5 && k > 0 && dst[k - 1] == 'l')
			k = append(dst, k, size, "l");
		else
			k = append(dst, k, size, lead[s / 588]);
		k = append(dst, k, size, vowel[s % 588 / 28]);
		if (next < 11172 && next / 588 == 11)
			k = append(dst, k, size, liaison[end]);
		else
			k = append(dst, k, size, tail[end]);
	}
	return k;
}

bool
mrun_is_chinese(const struct mchars *c, struct mname *out)
{
	bool company = false;

	if (c->any < 0x800)
		return false; /* none of all these */
	for (size_t i = 0; i < c->n; i++) {
		uint32_t a = c->cp[i], b = i + 1 < c->n ? c->cp[i + 1] : 0;

		if ((mtab_script(a) == MS_KANA && a != 0x30FB) ||
		    (b == 0x793E && (a == 0x4F1A || a == 0x6703))) {
			out->japanese = true;
			return false;
		}
		out->traditional |= mtab_is_traditional(a);
		/* company, group, factory, science-technology */
		if ((a == 0x516C && b == 0x53F8) ||
		    (a == 0x96C6 && b == 0x56E2) || a == 0x5382 ||
		    (a == 0x79D1 && b == 0x6280) || a == 0x4E1A ||
		    a == 0x56FD || a == 0x4E2D)
			company = company || a != 0x4E2D;
	}
	return company;
}

static void
relax(struct lattice *l, size_t from, size_t len, uint32_t cost,
      struct step step)
{
	struct step *to = &l->best[from + len];

	cost += l->best[from].cost;
	if (to->kind != STEP_NONE && to->cost <= cost)
		return;
	*to = step;
	to->cost = cost;
	to->len = (uint8_t)len;
}

static uint32_t
word_cost(const struct lattice *l, const struct mword *w, size_t len,
	  enum mscript script)
{
	if (w->legal != 0)
		return COST_LEGAL;
	if (w->concept != 0) {
		if (len >= 3 || (len == 2 && script == MS_HAN))
			return COST_CONCEPT;
		if (len == 2 && script == MS_HANG)
			return COST_CONCEPT_HANGUL;
		/* Two letters of Thai are not a syllable of two sounds. */
		return COST_CONCEPT_SHORT +
		       (len == 1		   ? 700u :
			script == MS_THAI ? 400u :
						   0u);
	}
	if (l->view != MV_MAIN || w->reading == 0)
		return UINT32_MAX;
	return (len == 1 ? COST_READING_ONE : COST_READING) + 6u * w->cost;
}

static void
try_words(struct lattice *l, size_t i)
{
	enum mscript script = mtab_script(l->cp[i]);
	uint64_t h = 1;

	for (size_t k = i; k < l->n && k - i < WORD_CHARS_MAX; k++) {
		const struct mword *w;
		uint32_t cost;

		h = mtab_mix(h, l->cp[k]);
		w = mtab_run(h);
		if (w == NULL)
			return;
		if (!w->whole)
			continue;
		cost = word_cost(l, w, k + 1 - i, script);
		if (cost != UINT32_MAX)
			relax(l, i, k + 1 - i, cost,
			      (struct step){ .kind = STEP_WORD, .word = w });
	}
}

/* Two and more letter names in a row are an abbreviation read aloud. */
static void
try_letters(struct lattice *l, size_t i)
{
	size_t at = i;
	unsigned count = 0;

	for (;;) {
		size_t len;

		(void)mletter_at(l->cp + at, l->n - at, &len);
		if (len == 0)
			break;
		at += len;
		count++;
		if (count >= 2)
			relax(l, i, at - i,
			      COST_LETTERS + COST_LETTER * count,
			      (struct step){ .kind = STEP_LETTERS });
	}
}

static void
try_unknown(struct lattice *l, size_t i)
{
	bool han = mtab_script(l->cp[i]) == MS_HAN;
	bool start = i == 0 || l->best[i].kind != STEP_UNKNOWN;

	uint32_t cost = han ? COST_UNKNOWN_HAN : COST_UNKNOWN;

	if (start)
		cost += COST_UNKNOWN_START;
	relax(l, i, 1, cost, (struct step){ .kind = STEP_UNKNOWN });
}

static void
put_reading(struct str kana, struct mw *w, struct mname *out)
{
	uint32_t cp[32];
	char text[64];
	size_t n = mfold_run(kana, cp, 32);

	n = mfold_kana(cp, n, text, sizeof(text));
	mfold_put_text(out, w, (struct str){ text, n });
}

static struct str
han_latin(const struct lattice *l, size_t i)
{
	struct str s = STR_NONE;

	if (l->view == MV_HONGKONG)
		s = mtab_han(l->cp[i], MSP_HONGKONG);
	else if (l->view == MV_TAIWAN)
		s = mtab_han(l->cp[i], MSP_TAIWAN);
	return s.n > 0 ? s : mtab_latin(l->cp[i]);
}

/* The letters [i, i+len) of the run read aloud into w. */
static void
read_aloud(const struct lattice *l, size_t i, size_t len, struct mw *w,
	   struct mname *out)
{
	size_t end = i + len;

	while (i < end) {
		enum mscript s = mtab_script(l->cp[i]);
		size_t k = i;
		char text[160];
		size_t n = 0;

		while (k < end && mtab_script(l->cp[k]) == s)
			k++;
		if (s == MS_KANA)
			n = mfold_kana(l->cp + i, k - i, text, sizeof(text));
		else if (s == MS_HANG)
			n = hangul(l->cp + i, k - i, text, sizeof(text));
		else if (s == MS_THAI)
			n = mrom_thai(l->cp + i, k - i, text, sizeof(text));
		else
			for (size_t j = i; j < k && n + 12 < sizeof(text); j++) {
				struct str t = han_latin(l, j);

				memcpy(text + n, t.p, t.n < 12 ? t.n : 12);
				n += t.n < 12 ? t.n : 12;
			}
		if (n > MFOLD_TOKEN_LEN_MAX - w->len)
			n = MFOLD_TOKEN_LEN_MAX - w->len;
		mfold_put_text(out, w, (struct str){ text, n });
		i = k;
	}
}

static void
put_letters(const struct lattice *l, size_t i, size_t len, struct mw *w,
	    struct mname *out)
{
	size_t end = i + len;

	while (i < end) {
		size_t used;
		char c = mletter_at(l->cp + i, l->n - i, &used);

		if (used == 0)
			break;
		if (c != '&')
			mfold_put_text(out, w, (struct str){ &c, 1 });
		i += used;
	}
}

/* Word [i, i+len) of the run, found as step says. */
static void
put_word(const struct lattice *l, size_t i, size_t len,
	 const struct step *step, struct mw *w, struct mname *out)
{
	w->script = (uint8_t)mtab_script(l->cp[i]);
	w->chars = 2;
	w->tagged = 1;
	w->syllable = l->view >= MV_HONGKONG && w->script == MS_HAN &&
		      step->kind == STEP_UNKNOWN;
	if (step->kind == STEP_WORD) {
		w->concept = step->word->concept;
		w->legal = step->word->legal;
	}
	if (step->kind == STEP_LETTERS)
		put_letters(l, i, len, w, out);
	else if (step->kind == STEP_WORD && step->word->reading != 0 &&
		 l->view == MV_MAIN)
		put_reading(mtab_reading(step->word), w, out);
	else
		read_aloud(l, i, len, w, out);
	mfold_end_word(out, w);
}

/* Is the letter before at in one unknown word with the one at `at`? */
static bool
sticks(const struct lattice *l, size_t at)
{
	if (at == 0 || l->best[at].kind != STEP_UNKNOWN)
		return false;
	/* Outside pinyin every syllable is a word. */
	return l->view < MV_HONGKONG || mtab_script(l->cp[at]) != MS_HAN ||
	       mtab_script(l->cp[at - 1]) != MS_HAN;
}

/* Marks where the words of the best way start; returns how many. */
static size_t
trace(const struct lattice *l, uint8_t *start)
{
	size_t count = 0;
	size_t at = l->n;

	while (at > 0) {
		size_t len = l->best[at].len;

		/* unknown letters in a row are one word */
		if (l->best[at].kind == STEP_UNKNOWN)
			while (sticks(l, at - len))
				len++;
		at -= len;
		start[count++] = (uint8_t)at;
	}
	return count;
}

size_t
mrun_put(const struct mchars *c, size_t i, enum mview view,
	 struct mwords *ws, struct mname *out)
{
	struct lattice l = { .cp = c->cp + i, .view = view };
	uint8_t start[RUN_CHARS_MAX + 1];
	size_t words;

	while (i + l.n < c->n && l.n < RUN_CHARS_MAX) {
		enum mscript s = mtab_script(l.cp[l.n]);

		if (s < MS_HAN || s > MS_THAI)
			break;
		out->scripts |= 1u << s;
		l.n++;
	}
	for (size_t k = 0; k < l.n; k++) {
		enum mscript s = mtab_script(l.cp[k]);

		try_words(&l, k);
		if (s != MS_HAN)
			try_letters(&l, k);
		try_unknown(&l, k);
	}
	words = trace(&l, start);
	for (size_t k = words; k-- > 0;) {
		size_t end = k == 0 ? l.n : start[k - 1];
		struct mw *w = mfold_new_word(ws, out);

		if (w == NULL)
			break;
		w->raw = c->at[i + start[k]];
		w->raw_n = (uint16_t)(c->at[i + end] - w->raw);
		put_word(&l, start[k], end - start[k], &l.best[end], w, out);
		if (w->len == 0 && w->legal == 0)
			ws->n--;
	}
	return i + l.n;
}

/*
 * mthai.c - Thai into Latin letters, syllable by syllable.
 *
 * Vowels are written before, above, below and behind their consonant, or not
 * at all: "ko" + "r" is korn.  Consonants without a vowel are paired from
 * the end: an odd one is said with a short a.
 */
#include "mrom.h"

#include <string.h>

#define CHARS_MAX 96u

/* One letter; tone marks are gone. */
struct letter {
	uint16_t cp;
	bool closed; /* under a karan: closes a syllable or is not said */
};

struct thai {
	struct letter x[CHARS_MAX];
	size_t n;
	char *dst;
	size_t k, size;
};

enum {
	KO = 0xE01,
	NGO = 0xE07,
	SO_SO = 0xE0B,
	DO = 0xE14,
	TO = 0xE15,
	THO = 0xE17,
	NO = 0xE19,
	MO = 0xE21,
	YO = 0xE22,
	RO = 0xE23,
	RUE = 0xE24,
	LO = 0xE25,
	LUE = 0xE26,
	WO = 0xE27,
	SO_SALA = 0xE28,
	SO_SUA = 0xE2A,
	HO = 0xE2B,
	O = 0xE2D,
	SARA_A = 0xE30,
	MAI_HAN = 0xE31, /* a, then a consonant */
	SARA_AA = 0xE32,
	SARA_AM = 0xE33,
	SARA_II = 0xE35,
	SARA_UEE = 0xE37,
	SARA_I = 0xE34,
	SARA_U = 0xE38,
	SARA_UU = 0xE39,
	SARA_E = 0xE40,
	SARA_AE = 0xE41,
	SARA_O = 0xE42,
	SARA_AI = 0xE44,
	LONG_A = 0xE45,
	MAI_TAI = 0xE47, /* shortens */
	KARAN = 0xE4C,
};

/* First and last sound of the consonants from ko kai on. */
static const struct {
	char first[4];
	char last[3];
} sound[] = {
	{ "k", "k" },  { "k", "k" },  { "k", "k" },   { "k", "k" },
	{ "k", "k" },  { "k", "k" },  { "ng", "ng" }, { "ch", "t" },
	{ "ch", "t" }, { "ch", "t" }, { "s", "s" },   { "ch", "t" },
	{ "y", "n" },  { "d", "t" },  { "t", "t" },   { "th", "t" },
	{ "th", "t" }, { "th", "t" }, { "n", "n" },   { "d", "t" },
	{ "t", "t" },  { "th", "t" }, { "th", "t" },  { "th", "t" },
	{ "n", "n" },  { "b", "p" },  { "p", "p" },   { "p", "p" },
	{ "f", "f" },  { "p", "p" },  { "f", "f" },   { "p", "p" },
	{ "m", "m" },  { "y", "i" },  { "r", "n" },   { "rue", "" },
	{ "l", "l" },  { "lue", "" }, { "w", "o" },   { "s", "t" },
	{ "s", "t" },  { "s", "s" },  { "h", "" },    { "l", "l" },
	{ "", "" },    { "h", "" },
};

static void
put(struct thai *t, const char *s)
{
	while (*s != 0 && t->k < t->size)
		t->dst[t->k++] = *s++;
}

static uint16_t
at(const struct thai *t, size_t i)
{
	return i < t->n ? t->x[i].cp : 0;
}

static bool
consonant(const struct thai *t, size_t i)
{
	uint16_t c = at(t, i);

	return i < t->n && c >= KO && c <= 0xE2E && c != RUE && c != LUE &&
	       !t->x[i].closed;
}

/* A vowel behind, above or below its consonant. */
static bool
sign(const struct thai *t, size_t i)
{
	uint16_t c = at(t, i);

	return (c >= SARA_A && c <= SARA_UU) || c == LONG_A || c == MAI_TAI ||
	       c == RUE;
}

static bool
leading(uint16_t c)
{
	return c >= SARA_E && c <= SARA_AI;
}

/* o ang as a vowel, not as the bearer of one. */
static bool
o_vowel(const struct thai *t, size_t i)
{
	return at(t, i) == O && !t->x[i].closed && !sign(t, i + 1);
}

/* Two consonants that are said as one. */
static bool
cluster(const struct thai *t, size_t i)
{
	uint16_t a = at(t, i), b = at(t, i + 1);
	bool glide = b == RO || b == LO || b == WO;

	if (!consonant(t, i) || !consonant(t, i + 1))
		return false;
	if (a == HO) /* silent: raises the tone */
		return b == NGO || b == NO || b == MO || b == YO || b == RO ||
		       b == LO || b == WO || b == 0xE0D;
	if (b == WO)
		return a <= 0xE05;
	if (b == RO && (a == SO_SALA || a == SO_SUA || a == SO_SO))
		return true;
	return glide && (a <= 0xE05 || a == DO || a == TO || a == THO ||
			 (a >= 0xE1A && a <= 0xE1F));
}

/* w between two consonants is ua. */
static bool
w_vowel(const struct thai *t, size_t i)
{
	return at(t, i) == WO && consonant(t, i) && consonant(t, i + 1) &&
	       !sign(t, i + 2) && !o_vowel(t, i + 2);
}

static bool
vowel_at(const struct thai *t, size_t i)
{
	return sign(t, i) || o_vowel(t, i) || w_vowel(t, i) ||
	       (at(t, i) == RO && at(t, i + 1) == RO);
}

/* Has the consonant at i, or its cluster, a vowel behind it? */
static bool
voiced(const struct thai *t, size_t i)
{
	return vowel_at(t, i + 1) || (cluster(t, i) && vowel_at(t, i + 2));
}

/* Consonants from i on that have no vowel. */
static size_t
bare(const struct thai *t, size_t i)
{
	size_t n = 0;

	while (consonant(t, i + n) && !voiced(t, i + n))
		n++;
	return n;
}

/* chat(i), kiat(i), sombat(i): the end of a name behind a long vowel. */
static bool
mute_end(const struct thai *t, size_t i, bool needed)
{
	uint16_t before = i > 0 ? at(t, i - 1) : 0;

	return at(t, i) == TO && i + 2 == t->n &&
	       (at(t, i + 1) == SARA_I || at(t, i + 1) == SARA_U) &&
	       (needed || before == SARA_AA || before == SARA_II ||
		before == SARA_UU || before == RO ||
		(i > 1 && leading(at(t, i - 2))));
}

/* The last consonant of a syllable whose vowel ended at i. */
static size_t
put_last(struct thai *t, size_t i, bool needed)
{
	size_t n = bare(t, i);
	uint16_t c = at(t, i), next = at(t, i + 1);

	/* samart, kiart: the r is written, and silent. */
	if (c == RO && n > 0 && (next == TO || next == 0xE16)) {
		put(t, "r");
		c = at(t, ++i);
		n = bare(t, i);
		needed = true;
	}
	if (mute_end(t, i, needed)) {
		put(t, "t");
		return i + 2;
	}
	if (n == 0 || c == O)
		return i;
	/* mit(r), samut(r): the r behind a last stop is not said. */
	if (n >= 2 && at(t, i + 1) == RO &&
	    (needed || c == DO || c == TO || c == THO)) {
		put(t, sound[c - KO].last);
		return i + 2;
	}
	if (n % 2 == 0 && !needed && c != YO && c != WO)
		return i;
	put(t, sound[c - KO].last);
	return i + 1;
}

static size_t
put_first(struct thai *t, size_t i, bool two)
{
	uint16_t c = at(t, i);

	if (two && c == THO && i == 0 && at(t, 1) == RO &&
	    (at(t, 2) == SARA_AA || at(t, 2) == MAI_HAN)) {
		put(t, "s"); /* sai, sap */
		return i + 2;
	}
	if (!two || c != HO)
		put(t, sound[c - KO].first);
	if (two)
		put(t, sound[at(t, i + 1) - KO].first);
	return i + (two ? 2 : 1);
}

/* The vowel written around the consonants that end at i, begun with e. */
static size_t
put_e(struct thai *t, size_t i)
{
	uint16_t c = at(t, i), next = at(t, i + 1);

	if (c == SARA_II && next == YO) {
		put(t, "ia");
		i += 2;
		return at(t, i) == SARA_A ? i + 1 : put_last(t, i, false);
	}
	if (c == SARA_UEE && next == O) {
		put(t, "uea");
		return put_last(t, i + 2, false);
	}
	if (c == SARA_AA) {
		put(t, next == SARA_A ? "o" : "ao");
		return i + (next == SARA_A ? 2 : 1);
	}
	if (o_vowel(t, i) || c == SARA_I) {
		put(t, "oe");
		i++;
		return at(t, i) == SARA_A ? i + 1 : put_last(t, i, false);
	}
	if (c == YO && consonant(t, i) && !voiced(t, i)) {
		put(t, "oei");
		return i + 1;
	}
	put(t, "e");
	if (c == SARA_A)
		return i + 1;
	return put_last(t, c == MAI_TAI ? i + 1 : i, c == MAI_TAI);
}

/* Do the two consonants at i share the vowel v written before them? */
static bool
shares(const struct thai *t, size_t i, uint16_t v)
{
	bool more = consonant(t, i + 2) && !voiced(t, i + 2);

	if (!cluster(t, i))
		return false;
	if (at(t, i) == HO)
		return true;
	if (v == SARA_E) /* delta, pheng: a vowel sign or a last letter */
		return more || sign(t, i + 2);
	if (sign(t, i + 2)) /* poly: the second has a vowel of its own */
		return at(t, i + 2) == SARA_A || at(t, i + 2) == MAI_TAI;
	return at(t, i + 1) != WO || more; /* kaeo: the w closes */
}

/* A syllable whose vowel is written first. */
static size_t
put_leading(struct thai *t, size_t i)
{
	uint16_t v = at(t, i);
	bool two = shares(t, i + 1, v);

	if (!consonant(t, i + 1))
		return i + 1;
	/* charoen: the first one is said with a short a. */
	if (v == SARA_E && !two && at(t, i + 2) == RO &&
	    at(t, i + 3) == SARA_I) {
		i = put_first(t, i + 1, false);
		put(t, "a");
		i--; /* so that the second one is at i + 1 */
	}
	i = put_first(t, i + 1, two);
	if (v == SARA_E)
		return put_e(t, i);
	if (v >= 0xE43) {
		put(t, "ai");
		/* thai is written with a y that is not said again. */
		return at(t, i) == YO && consonant(t, i) && !voiced(t, i) ?
			   i + 1 :
			   i;
	}
	put(t, v == SARA_AE ? "ae" : "o");
	if (at(t, i) == SARA_A)
		return i + 1;
	return put_last(t, at(t, i) == MAI_TAI ? i + 1 : i,
			at(t, i) == MAI_TAI);
}

/* The vowel sign at i, whose consonants are said already. */
static size_t
put_sign(struct thai *t, size_t i)
{
	static const char *const text[] = { "a",  "a",	"a", "am", "i",
					    "i", "ue", "ue", "u",  "u" };
	uint16_t c = at(t, i), next = at(t, i + 1);

	if (c == RUE) {
		put(t, "rue");
		return put_last(t, i + 1, false);
	}
	if (c == MAI_TAI || c == LONG_A) {
		put(t, c == LONG_A ? "a" : "o");
		i += c == MAI_TAI && next == O ? 2 : 1;
		return put_last(t, i, c == MAI_TAI);
	}
	if (c == MAI_HAN && next == WO && !sign(t, i + 2)) {
		put(t, "ua");
		return i + (at(t, i + 2) == SARA_A ? 3 : 2);
	}
	put(t, text[c - SARA_A]);
	if (c == SARA_A || c == SARA_AM)
		return i + 1;
	if (c == SARA_UEE && o_vowel(t, i + 1))
		return put_last(t, i + 2, false);
	return put_last(t, i + 1, c == MAI_HAN);
}

static size_t
put_bare(struct thai *t, size_t i)
{
	size_t n = bare(t, i);
	bool two = n >= 3 && n % 2 == 1 && cluster(t, i);

	if (n == 1 || (n % 2 == 1 && !two) ||
	    *sound[at(t, i + 1) - KO].last == 0) {
		i = put_first(t, i, false);
		if (i < t->n && !leading(at(t, i)))
			put(t, "a");
		return i;
	}
	i = put_first(t, i, two);
	put(t, at(t, i) == RO ? "orn" : "o");
	if (at(t, i) != RO)
		put(t, sound[at(t, i) - KO].last);
	return i + 1;
}

static size_t
put_consonant(struct thai *t, size_t i)
{
	bool two = cluster(t, i) && vowel_at(t, i + 2) &&
		   !vowel_at(t, i + 1);

	if (!two && !vowel_at(t, i + 1))
		return put_bare(t, i);
	i = put_first(t, i, two);
	if (sign(t, i))
		return put_sign(t, i);
	if (at(t, i) == RO) {
		size_t n = bare(t, i + 2);

		put(t, n % 2 == 1 ? "a" : "an");
		return n % 2 == 1 ? put_last(t, i + 2, true) : i + 2;
	}
	put(t, at(t, i) == WO ? "ua" : "o");
	return put_last(t, i + 1, at(t, i) == WO);
}

/* What of a letter under a karan is heard: of loan words, the end. */
static const char *
closed_sound(uint16_t c)
{
	switch (c) {
	case KO:
		return "k";
	case 0xE0B:
	case 0xE2A:
		return "s";
	case 0xE14:
	case THO:
		return "t";
	case 0xE1F:
		return "f";
	case RO:
		return "r";
	case LO:
		return "l";
	default:
		return "";
	}
}

/* A karan at the end of what was read: of which letters it takes the sound. */
static void
close_last(struct thai *t)
{
	size_t n = t->n;

	if (n > 0 && sign(t, n - 1))
		n--;
	if (n == 0 || !consonant(t, n - 1))
		return;
	/* chan(tr), sat(tr), lak(sn): two at once. */
	if (n >= 3 && consonant(t, n - 2) && consonant(t, n - 3)) {
		uint16_t c = at(t, n - 2), before = at(t, n - 3);

		if (c != NGO && c != NO && c != MO && c != RO && c != LO &&
		    c != O && before != O && before != WO) {
			t->n = n - 2;
			return;
		}
	}
	if (*closed_sound(at(t, n - 1)) == 0) {
		t->n = n - 1;
		return;
	}
	t->n = n;
	t->x[n - 1].closed = true;
}

static void
take(struct thai *t, const uint32_t *cp, size_t n)
{
	for (size_t i = 0; i < n && t->n < CHARS_MAX; i++) {
		if (cp[i] == KARAN)
			close_last(t);
		else if ((cp[i] >= KO && cp[i] <= SARA_UU &&
			  cp[i] != 0xE2F) ||
			 (cp[i] >= SARA_E && cp[i] <= LONG_A) ||
			 cp[i] == MAI_TAI)
			t->x[t->n++] =
			    (struct letter){ (uint16_t)cp[i], false };
	}
}

/* Initials: consonants only, and none that ends a spoken word. */
static bool
initials(const struct thai *t)
{
	for (size_t i = 0; i < t->n; i++) {
		uint16_t c = at(t, i);

		if (!consonant(t, i) || c == RO || c == LO || c == WO ||
		    c == NO || c == MO || c == NGO || c == O)
			return false;
	}
	return t->n >= 2 && t->n <= 4;
}

size_t
mrom_thai(const uint32_t *cp, size_t n, char *dst, size_t size)
{
	UNSET struct thai t;

	t.n = t.k = 0;
	t.dst = dst;
	t.size = size;
	take(&t, cp, n);
	if (initials(&t)) {
		for (size_t i = 0; i < t.n && t.k < size; i++)
			dst[t.k++] = sound[at(&t, i) - KO].first[0];
		return t.k;
	}
	for (size_t i = 0; i < t.n;) {
		uint16_t c = at(&t, i);

		if (t.x[i].closed) {
			put(&t, closed_sound(c));
			i++;
		} else if (leading(c)) {
			i = put_leading(&t, i);
		} else if (c == RUE || c == LUE) {
			put(&t, c == RUE ? "rue" : "lue");
			i = put_last(&t, i + 1, false);
		} else if (consonant(&t, i)) {
			i = put_consonant(&t, i);
		} else {
			i++; /* a vowel without its consonant */
		}
	}
	return t.k;
}

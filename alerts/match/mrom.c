/*
 * mrom.c - Devanagari and Armenian into Latin letters.  Thai: mthai.c.
 */
#include "mrom.h"

#include <string.h>

#define SYLLABLES_MAX 64u
#define VIRAMA 0x94Du
#define NUKTA 0x93Cu

static size_t
append(char *dst, size_t k, size_t size, const char *t)
{
	while (*t != 0 && k < size)
		dst[k++] = *t++;
	return k;
}

/* Consonants with the sound of a vowel or none. */
struct syllable {
	char onset[16];
	uint8_t n;	    /* letters of it */
	uint8_t consonants; /* of it */
	const char *vowel;  /* "" none */
	bool schwa;	    /* the vowel nobody wrote */
	char nasal;	    /* n or m behind the vowel, 0 none */
	bool glide;	    /* the last consonant is y, r or v in a cluster */
};

static const char *
hindi_consonant(uint32_t cp, bool nukta)
{
	static const char *const text[] = {
		"k", "kh", "g", "gh", "n", "ch", "chh", "j", "jh", "n", "t",
		"th", "d", "dh", "n", "t", "th", "d", "dh", "n", "n", "p",
		"ph", "b", "bh", "m", "y", "r", "r", "l", "l", "l", "v", "sh",
		"sh", "s", "h",
	};
	static const char *const dotted[] = { "q", "kh", "gh", "z",
					      "r", "rh", "f",  "y" };

	if (cp >= 0x958 && cp <= 0x95F)
		return dotted[cp - 0x958];
	if (cp < 0x915 || cp > 0x939)
		return NULL;
	if (nukta)
		switch (cp) {
		case 0x91C:
			return "z";
		case 0x92B:
			return "f";
		case 0x921:
			return "r";
		case 0x922:
			return "rh";
		default:
			break;
		}
	return text[cp - 0x915];
}

/* The vowel of a letter or of a sign; NULL when it is none. */
static const char *
hindi_vowel(uint32_t cp)
{
	static const char *const text[] = { "a", "a", "i", "i",	 "u", "u",
					    "ri", "l", "e", "e", "e", "ai",
					    "o", "o", "o", "au" };

	if (cp >= 0x905 && cp <= 0x914)
		return text[cp - 0x905];
	if (cp >= 0x93E && cp <= 0x94C) {
		static const char *const sign[] = { "a", "i", "i", "u", "u",
						    "ri", "ri", "e", "e", "e",
						    "ai", "o", "o", "o", "au" };

		return sign[cp - 0x93E];
	}
	return cp == 0x972 ? "e" : NULL;
}

static char
hindi_nasal(uint32_t next)
{
	/* m before p, b, bh, m; before ph, which is mostly f, n */
	return next == 0x92A || (next >= 0x92C && next <= 0x92E) ? 'm' : 'n';
}

/* The syllable at i; returns where it ends. */
static size_t
hindi_syllable(const uint32_t *cp, size_t n, size_t i, struct syllable *s)
{
	const char *v;

	*s = (struct syllable){ .vowel = "" };
	while (i < n) {
		bool nukta = i + 1 < n && cp[i + 1] == NUKTA;
		const char *c = hindi_consonant(cp[i], nukta);

		if (c == NULL)
			break;
		/* jna is said gya. */
		if (cp[i] == 0x91E && s->n > 0 && s->onset[s->n - 1] == 'j') {
			s->onset[s->n - 1] = 'g';
			c = "y";
		}
		s->n = (uint8_t)append(s->onset, s->n, sizeof(s->onset), c);
		s->consonants++;
		s->glide = s->consonants > 1 &&
			   (*c == 'y' || *c == 'r' || *c == 'v');
		s->schwa = true;
		i += nukta ? 2 : 1;
		if (i >= n || cp[i] != VIRAMA)
			break;
		s->schwa = false;
		i++;
	}
	v = i < n ? hindi_vowel(cp[i]) : NULL;
	/* A vowel letter starts a syllable of its own. */
	if (v != NULL && (cp[i] >= 0x93E || s->consonants == 0) &&
	    cp[i] != 0x972) {
		s->vowel = v;
		s->schwa = false;
		i++;
	} else if (s->schwa) {
		s->vowel = "a";
	}
	if (i < n && (cp[i] == 0x901 || cp[i] == 0x902)) {
		s->nasal = hindi_nasal(i + 1 < n ? cp[i + 1] : 0);
		i++;
	}
	if (s->n == 0 && *s->vowel == 0 && s->nasal == 0)
		i++; /* no letter of ours */
	return i;
}

/* The short a that Hindi does not speak: at the end, and between VC_CV. */
static void
hindi_schwas(struct syllable *s, size_t n)
{
	struct syllable *last = &s[n - 1];

	if (last->schwa && last->nasal == 0 && n > 1 && !last->glide &&
	    !(last->onset[0] == 'y' && s[n - 2].vowel[0] == 'i'))
		last->vowel = "";
	for (size_t i = n - 1; i-- > 1;)
		if (s[i].schwa && s[i].nasal == 0 && s[i].consonants == 1 &&
		    *s[i - 1].vowel != 0 && s[i - 1].nasal == 0 &&
		    s[i + 1].consonants == 1 && *s[i + 1].vowel != 0)
			s[i].vowel = "";
}

size_t
mrom_hindi(const uint32_t *cp, size_t n, char *dst, size_t size)
{
	UNSET struct syllable s[SYLLABLES_MAX];
	size_t count = 0, k = 0;

	for (size_t i = 0; i < n && count < SYLLABLES_MAX;) {
		i = hindi_syllable(cp, n, i, &s[count]);
		if (s[count].n > 0 || *s[count].vowel != 0 ||
		    s[count].nasal != 0)
			count++;
	}
	if (count == 0)
		return 0;
	hindi_schwas(s, count);
	for (size_t i = 0; i < count; i++) {
		for (size_t c = 0; c < s[i].n && k < size; c++)
			dst[k++] = s[i].onset[c];
		k = append(dst, k, size, s[i].vowel);
		if (s[i].nasal != 0 && k < size)
			dst[k++] = s[i].nasal;
	}
	return k;
}

size_t
mrom_armenian(const uint32_t *cp, size_t n, char *dst, size_t size)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		/* Small letters lie 48 behind the capitals. */
		uint32_t c = cp[i] <= 0x556 ? cp[i] + 48 : cp[i];
		uint32_t next = i + 1 >= n	  ? 0 :
				cp[i + 1] <= 0x556 ? cp[i + 1] + 48 :
						     cp[i + 1];
		struct str t = mtab_latin(cp[i]);

		if (c == 0x578 && next == 0x582) {
			t = S("u");
			i++;
		} else if (i == 0 && c == 0x578 && next != 0x57E) {
			t = S("vo");
		} else if (i == 0 && c == 0x565) {
			t = S("ye");
		}
		for (size_t j = 0; j < t.n && k < size; j++)
			dst[k++] = t.p[j];
	}
	return k;
}

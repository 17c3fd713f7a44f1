/*
 * mkey.c - keys of names and of tokens.
 */
#include "mkey.h"

#include <string.h>

#include "mphon.h"

#define SALT_SET UINT64_C(0x5E701)
#define SALT_GLUE UINT64_C(0x61C3)
#define SALT_SOUND UINT64_C(0x50D5)
#define SALT_ACRONYM UINT64_C(0xAC07)
#define SALT_WORDS UINT64_C(0x30CD)
#define SALT_PAIR UINT64_C(0x9A17)
#define SALT_ID UINT64_C(0x1D1D)
#define SALT_SOFT UINT64_C(0x50F7)
#define SALT_SKEL UINT64_C(0x5CE1)
#define SALT_DELETE UINT64_C(0xDE1E)

static uint64_t
salted(uint64_t salt, const char *p, size_t n)
{
	uint64_t h = mtab_mix(salt, mtab_hash_bytes(p, n));

	return h == 0 ? 1 : h;
}

/* The letters without blanks, of the words only or of everything, softly. */
static size_t
glue(const struct mname *m, bool words, char *dst, size_t size)
{
	UNSET char text[MPHON_MAX + UINT8_MAX];
	size_t n = 0;

	for (unsigned i = 0; i < m->n; i++) {
		if (words && m->tok[i].kind != MK_WORD)
			continue;
		if (n + m->tok[i].n > MPHON_MAX)
			break;
		n += mfold_copy(text + n, m, &m->tok[i]);
	}
	return mphon_soft((struct str){ text, n }, dst, size);
}

size_t
mkey_glue(const struct mname *m, char *dst, size_t size)
{
	return glue(m, false, dst, size);
}

uint64_t
mkey_words(const struct mname *m)
{
	UNSET char soft[MPHON_MAX], skel[MPHON_MAX];
	size_t n = glue(m, true, soft, sizeof(soft));

	n = mphon_loose((struct str){ soft, n }, skel, sizeof(skel));
	return n < 3 ? 0 : salted(SALT_WORDS, skel, n);
}

static uint64_t
key_set(const struct mname *m)
{
	UNSET uint64_t h[MFOLD_TOKENS_MAX];
	uint64_t all = SALT_SET;
	unsigned n = 0;

	for (unsigned i = 0; i < m->n; i++) {
		uint64_t v = m->tok[i].h;
		unsigned k = n;

		while (k > 0 && h[k - 1] > v)
			k--;
		if (k > 0 && h[k - 1] == v)
			continue;
		for (unsigned j = n++; j > k; j--)
			h[j] = h[j - 1];
		h[k] = v;
	}
	for (unsigned i = 0; i < n; i++)
		all = mtab_mix(all, h[i]);
	return all;
}

static uint64_t
key_acronym(const struct mname *m)
{
	char text[MFOLD_TOKENS_MAX];
	unsigned n = 0;

	for (unsigned i = 0; i < m->n; i++)
		if (m->tok[i].kind != MK_NUMBER && m->tok[i].n > 0)
			text[n++] = m->text[m->tok[i].off];
	return n < 3 || n > 7 ? 0 : salted(SALT_ACRONYM, text, n);
}

void
mkey_name(const struct mname *m, struct mkeys *out)
{
	UNSET char soft[MPHON_MAX], skel[MPHON_MAX];
	size_t n;

	memset(out, 0, sizeof(*out));
	if (m->n == 0)
		return;
	out->key[MK_SET] = key_set(m);
	n = mkey_glue(m, soft, sizeof(soft));
	if (n >= 3)
		out->key[MK_GLUE] = salted(SALT_GLUE, soft, n);
	n = mphon_loose((struct str){ soft, n }, skel, sizeof(skel));
	if (n >= 3)
		out->key[MK_SOUND] = salted(SALT_SOUND, skel, n);
	out->key[MK_ACRONYM] = key_acronym(m);
	if ((m->scripts & MKEY_LOOSE) != 0)
		out->key[MK_WORDS] = mkey_words(m);
}

uint64_t
mkey_acronym(struct str letters)
{
	return salted(SALT_ACRONYM, letters.p, letters.n);
}

uint64_t
mkey_pair(uint64_t a, uint64_t b)
{
	return mtab_mix(mtab_mix(SALT_PAIR, a < b ? a : b), a < b ? b : a);
}

uint64_t
mkey_id(struct str scheme, struct str value)
{
	return mtab_mix(salted(SALT_ID, scheme.p, scheme.n),
			mtab_hash_bytes(value.p, value.n));
}

static size_t
sounds_of(struct str token, uint64_t *out)
{
	UNSET char soft[MPHON_MAX], skel[MPHON_MAX];
	size_t n = mphon_soft(token, soft, sizeof(soft));
	size_t k = 0;

	if (n < 3)
		return 0;
	out[k++] = salted(SALT_SOFT, soft, n);
	n = mphon_skel((struct str){ soft, n }, skel, sizeof(skel));
	if (n >= 3)
		out[k++] = salted(SALT_SKEL, skel, n);
	return k;
}

size_t
mkey_variants(struct str token, uint64_t *out, size_t *sounds)
{
	UNSET char text[MFOLD_TOKEN_LEN_MAX];
	size_t k = sounds_of(token, out);

	*sounds = k;
	if (token.n < 4 || token.n > MFOLD_TOKEN_LEN_MAX)
		return k;
	out[k++] = salted(SALT_DELETE, token.p, token.n);
	for (size_t i = 0; i < token.n && k < MKEY_VARIANTS_MAX; i++) {
		if (i > 0 && token.p[i] == token.p[i - 1])
			continue;
		memcpy(text, token.p, i);
		memcpy(text + i, token.p + i + 1, token.n - i - 1);
		out[k++] = salted(SALT_DELETE, text, token.n - 1);
	}
	return k;
}

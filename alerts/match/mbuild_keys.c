/*
 * mbuild_keys.c - the tables by which tokens and names are found: variants of
 * tokens, keys of names, and how many names share theirs.
 */
#include <stdlib.h>
#include <string.h>

#include "mbuild_priv.h"

#define COMMON_MIN 4096u /* names of only such tokens are kept by pairs */

struct entry {
	uint32_t bucket;
	uint32_t value; /* token, 4 bits of the key above it */
};

/* How many of the bits of a bucket deal it out. */
static unsigned
parts_of(unsigned bits)
{
	return bits < MBUILD_PART_BITS ? bits : MBUILD_PART_BITS;
}

/* Every variant of every token, dealt out by the upper bits of its bucket. */
static bool
list_variants(const struct mbuild *b, unsigned bits, struct mvec *part)
{
	const uint32_t *text = b->tok_text.p;
	const uint8_t *letters = b->letters.p;
	unsigned rest = bits - parts_of(bits);
	UNSET uint64_t key[MKEY_VARIANTS_MAX];

	for (uint32_t i = 0; i < b->token.n; i++) {
		struct str t = { (const char *)letters + text[i] + 1,
				 letters[text[i]] };
		size_t sounds, n = mkey_variants(t, key, &sounds);

		for (size_t k = 0; k < n; k++) {
			uint32_t bucket = (uint32_t)(key[k] >> (64 - bits));
			struct entry *e =
			    mvec_more(&part[bucket >> rest], sizeof(*e));

			if (e == NULL)
				return false;
			e->bucket = bucket;
			e->value = i | (uint32_t)(key[k] & 15) << 28;
		}
	}
	return true;
}

/* Puts the entries of a part in order behind the at ones that are. */
static void
put_entries(struct mtables *t, const struct mvec *part, unsigned p, size_t at)
{
	const struct entry *e = part->p;
	size_t n = part->n / sizeof(*e);
	size_t buckets = (size_t)1 << (t->var_bits - parts_of(t->var_bits));
	uint32_t *base = t->var_base;

	for (size_t i = 0; i < n; i++)
		base[e[i].bucket]++;
	for (size_t i = p * buckets; i < (p + 1) * buckets; i++) {
		at += base[i];
		base[i] = (uint32_t)at;
	}
	/* base[i] is an end; filling makes it a start. */
	for (size_t i = 0; i < n; i++)
		t->var[--base[e[i].bucket]] = e[i].value;
}

static enum err
make_variants(struct mtables *t)
{
	unsigned bits = mbuild_bits((uint64_t)t->b->token.n * 4 + 16);
	size_t buckets = (size_t)1 << bits, at = 0;
	struct mvec *part = calloc(MBUILD_PARTS, sizeof(*part));
	bool ok = part != NULL && list_variants(t->b, bits, part);

	for (unsigned p = 0; ok && p < MBUILD_PARTS; p++)
		t->vars += part[p].n / sizeof(struct entry);
	t->var_bits = bits;
	if (ok) {
		t->var_base = calloc(buckets + 1, 4);
		t->var = malloc(t->vars * 4 + 4);
		ok = t->var_base != NULL && t->var != NULL;
	}
	for (unsigned p = 0; part != NULL && p < 1u << parts_of(bits); p++) {
		if (ok)
			put_entries(t, &part[p], p, at);
		at += part[p].n / sizeof(struct entry);
		mvec_free(&part[p]);
	}
	if (ok)
		t->var_base[buckets] = (uint32_t)t->vars;
	free(part);
	return ok ? ERR_OK : ERR_LIMIT;
}

/* The rarest tokens of a row, rarest first; returns how many. */
static unsigned
rarest(const uint32_t *id, unsigned ids, uint32_t top[3])
{
	unsigned n = 0;

	for (unsigned k = 0; k < ids; k++) {
		unsigned at = n < 3 ? n : 3;

		while (at > 0 && top[at - 1] < id[k])
			at--;
		if (at == 3)
			continue;
		for (unsigned j = n < 2 ? n : 2; j > at; j--)
			top[j] = top[j - 1];
		top[at] = id[k];
		n += n < 3;
	}
	return n;
}

/* Names of common tokens only are also found by their rarest pairs. */
static enum err
add_pairs(struct mbuild *b)
{
	const uint32_t *df = b->tok_df.p;
	const uint64_t *h = b->tok_h.p;
	const uint32_t *ids = b->ids.p;
	const struct mrow_meta *m = b->meta.p;
	bool ok = true;

	for (uint64_t r = 0; ok && r < b->rows; ids += m[r].n, r++) {
		uint32_t top[3] = { 0, 0, 0 };
		unsigned n = rarest(ids, m[r].n, top), pairs = 0;
		uint64_t pair[3];

		if (n < 2 || df[top[0]] < COMMON_MIN)
			continue;
		for (unsigned x = 0; x < n; x++)
			for (unsigned y = x + 1; y < n; y++)
				pair[pairs++] = mkey_pair(h[top[x]], h[top[y]]);
		ok = mbuild_keys(b, pair, pairs, r);
	}
	return ok ? ERR_OK : ERR_LIMIT;
}

/* A long bucket by country; inside a country in no order of age. */
static bool
by_country(const struct mrow_meta *m, struct mseg_key *key, uint32_t n)
{
	uint32_t at[MSEG_COUNTRIES_MAX + 1] = { 0 };
	struct mseg_key *sorted = malloc((size_t)n * sizeof(*sorted));

	if (sorted == NULL)
		return false;
	for (uint32_t i = n; i > 1; i--) {
		uint32_t k = (uint32_t)(mtab_mix(key[i - 1].row, 7) % i);
		struct mseg_key one = key[k];

		key[k] = key[i - 1];
		key[i - 1] = one;
	}
	for (uint32_t i = 0; i < n; i++)
		at[m[key[i].row].country + 1]++;
	for (unsigned c = 0; c < MSEG_COUNTRIES_MAX; c++)
		at[c + 1] += at[c];
	for (uint32_t i = 0; i < n; i++)
		sorted[at[m[key[i].row].country]++] = key[i];
	memcpy(key, sorted, (size_t)n * sizeof(*sorted));
	free(sorted);
	return true;
}

/* Puts the keys of a part in order behind the at ones that are. */
static void
put_keys(struct mtables *t, const struct mvec *part, unsigned p, size_t at)
{
	const struct mkey_row *k = part->p;
	size_t n = part->n / sizeof(*k);
	size_t buckets = (size_t)1 << (t->key_bits - MBUILD_PART_BITS);
	unsigned shift = 32 - t->key_bits;
	uint32_t *base = t->key_base;

	for (size_t i = 0; i < n; i++)
		base[k[i].h >> shift]++;
	for (size_t i = p * buckets; i < (p + 1) * buckets; i++) {
		at += base[i];
		base[i] = (uint32_t)at;
	}
	for (size_t i = n; i-- > 0;) {
		uint32_t to = --base[k[i].h >> shift];

		t->key[to] = (struct mseg_key){ k[i].row, k[i].tag };
	}
}

static enum err
make_keys(struct mtables *t)
{
	struct mvec *part = t->b->key;
	size_t n = 0, at = 0, buckets;
	const uint32_t *base;

	for (unsigned p = 0; p < MBUILD_PARTS; p++)
		n += part[p].n / sizeof(struct mkey_row);
	t->keys = n;
	t->key_bits = mbuild_bits(n / 6 + 16);
	if (t->key_bits < MBUILD_PART_BITS)
		t->key_bits = MBUILD_PART_BITS;
	buckets = (size_t)1 << t->key_bits;
	t->key_base = calloc(buckets + 1, 4);
	t->key = malloc((n + 1) * sizeof(*t->key));
	if (t->key_base == NULL || t->key == NULL || n >= UINT32_MAX)
		return ERR_LIMIT;
	for (unsigned p = 0; p < MBUILD_PARTS; p++) {
		put_keys(t, &part[p], p, at);
		at += part[p].n / sizeof(struct mkey_row);
		mvec_free(&part[p]);
	}
	base = t->key_base;
	t->key_base[buckets] = (uint32_t)n;
	for (size_t i = 0; i < buckets; i++)
		if (base[i + 1] - base[i] > MSEG_KEY_ORDERED &&
		    !by_country(t->b->meta.p, t->key + base[i],
				base[i + 1] - base[i]))
			return ERR_LIMIT;
	return ERR_OK;
}

/*
 * How many of a part are not alone: a set of those met, each without the
 * upper bits that all of them share, and 1 or 2 in their place below.
 */
static uint64_t
shared_in(const struct mvec *part, uint64_t *slot, unsigned bits)
{
	const uint64_t *h = part->p;
	size_t mask = ((size_t)1 << bits) - 1;
	uint64_t shared = 0;

	memset(slot, 0, (mask + 1) * sizeof(*slot));
	for (size_t i = 0; i < part->n / sizeof(*h); i++) {
		uint64_t v = h[i] << MBUILD_PART_BITS;
		size_t at = (size_t)(v >> (64 - bits));
		uint64_t met;

		while (slot[at] != 0 && (slot[at] ^ v) >= MBUILD_PARTS)
			at = (at + 1) & mask;
		met = slot[at] & (MBUILD_PARTS - 1);
		shared += met == 0 ? 0 : met == 1 ? 2 : 1;
		slot[at] = v | (met == 0 ? 1 : 2);
	}
	return shared;
}

/* How many first names share their set of tokens with another. */
static enum err
count_shared(struct mtables *t)
{
	struct mvec *part = t->b->set;
	size_t most = 0;
	uint64_t *slot;
	unsigned bits;

	for (unsigned p = 0; p < MBUILD_PARTS; p++)
		if (part[p].n / 8 > most)
			most = part[p].n / 8;
	bits = mbuild_bits(most * 2);
	slot = malloc(((size_t)1 << bits) * sizeof(*slot));
	if (slot == NULL)
		return ERR_LIMIT;
	for (unsigned p = 0; p < MBUILD_PARTS; p++) {
		t->shared_set += shared_in(&part[p], slot, bits);
		mvec_free(&part[p]);
	}
	free(slot);
	return ERR_OK;
}

void *
mtables_make(void *ctx)
{
	struct mtables *t = ctx;

	t->err = make_variants(t);
	if (t->err == ERR_OK)
		t->err = add_pairs(t->b);
	if (t->err == ERR_OK)
		t->err = make_keys(t);
	if (t->err == ERR_OK)
		t->err = count_shared(t);
	return NULL;
}

void
mtables_free(struct mtables *t)
{
	free(t->var_base);
	free(t->var);
	free(t->key_base);
	free(t->key);
}

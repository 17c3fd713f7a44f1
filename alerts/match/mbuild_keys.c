/*
 * mbuild_keys.c - the tables by which tokens and names are found: variants of
 * tokens, keys of names, and how many names share theirs.
 */
#include <stdlib.h>
#include <string.h>

#include "mbuild_priv.h"

#define COMMON_MIN 4096u /* names of only such tokens are kept by pairs */
#define DEAL 65536u

struct entry {
	uint32_t bucket;
	uint32_t value; /* token, 4 bits of the key above it */
};

/* Every variant of every token. */
static bool
list_variants(const struct mbuild *b, unsigned bits, struct mvec *out)
{
	const uint32_t *text = b->tok_text.p;
	const uint8_t *letters = b->letters.p;
	UNSET uint64_t key[MKEY_VARIANTS_MAX];

	for (uint32_t i = 0; i < b->token.n; i++) {
		struct str t = { (const char *)letters + text[i] + 1,
				 letters[text[i]] };
		size_t sounds, n = mkey_variants(t, key, &sounds);
		struct entry *e = mvec_more(out, n * sizeof(*e));

		if (e == NULL)
			return false;
		for (size_t k = 0; k < n; k++) {
			e[k].bucket = (uint32_t)(key[k] >> (64 - bits));
			e[k].value = i | (uint32_t)(key[k] & 15) << 28;
		}
	}
	return true;
}

static enum err
make_variants(struct mtables *t)
{
	unsigned bits = mbuild_bits((uint64_t)t->b->token.n * 4 + 16);
	size_t buckets = (size_t)1 << bits;
	struct mvec all = { 0 };
	const struct entry *e;
	uint32_t *base;

	if (!list_variants(t->b, bits, &all)) {
		mvec_free(&all);
		return ERR_LIMIT;
	}
	e = all.p;
	t->vars = all.n / sizeof(*e);
	t->var_bits = bits;
	t->var_base = base = calloc(buckets + 1, 4);
	t->var = malloc(t->vars * 4 + 4);
	if (base != NULL && t->var != NULL) {
		for (size_t i = 0; i < t->vars; i++)
			base[e[i].bucket]++;
		for (size_t i = 1; i < buckets; i++)
			base[i] += base[i - 1];
		/* base[i] is an end; filling makes it a start. */
		for (size_t i = 0; i < t->vars; i++)
			t->var[--base[e[i].bucket]] = e[i].value;
		base[buckets] = (uint32_t)t->vars;
	}
	mvec_free(&all);
	return t->var_base == NULL || t->var == NULL ? ERR_LIMIT : ERR_OK;
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

static enum err
make_keys(struct mtables *t)
{
	const struct mkey_row *k = t->b->key.p;
	size_t n = t->b->key.n / sizeof(*k);
	unsigned bits = mbuild_bits(n / 6 + 16);
	size_t buckets = (size_t)1 << bits;
	uint32_t *base = calloc(buckets + 1, 4);
	struct mseg_key *key = malloc((n + 1) * sizeof(*key));

	t->key_base = base;
	t->key = key;
	t->key_bits = bits;
	t->keys = n;
	if (base == NULL || key == NULL || n >= UINT32_MAX)
		return ERR_LIMIT;
	for (size_t i = 0; i < n; i++)
		base[k[i].h >> (32 - bits)]++;
	for (size_t i = 1; i < buckets; i++)
		base[i] += base[i - 1];
	for (size_t i = n; i-- > 0;) {
		uint32_t at = --base[k[i].h >> (32 - bits)];

		key[at] = (struct mseg_key){ k[i].row, k[i].tag };
	}
	base[buckets] = (uint32_t)n;
	for (size_t i = 0; i < buckets; i++)
		if (base[i + 1] - base[i] > MSEG_KEY_LONG &&
		    !by_country(t->b->meta.p, key + base[i],
				base[i + 1] - base[i]))
			return ERR_LIMIT;
	mvec_free(&t->b->key);
	return ERR_OK;
}

static int
by_value(const void *a, const void *b)
{
	uint64_t x, y;

	memcpy(&x, a, 8);
	memcpy(&y, b, 8);
	return x < y ? -1 : x > y;
}

/* Sorts h[from, to) and counts the ones that are not alone. */
static uint64_t
shared_in(uint64_t *h, size_t from, size_t to)
{
	uint64_t shared = 0;

	if (to - from > 1)
		qsort(h + from, to - from, 8, by_value);
	for (size_t i = from; i < to; i++)
		shared += (i > from && h[i] == h[i - 1]) ||
			  (i + 1 < to && h[i] == h[i + 1]);
	return shared;
}

/*
 * How many first names share their set of tokens with another: dealt out by
 * their upper bits first, because sorting 83 million at once takes a minute.
 */
static enum err
count_shared(struct mtables *t)
{
	const uint64_t *h = t->b->set.p;
	size_t n = t->b->set.n / 8, at = 0;
	size_t *start = calloc(DEAL + 1, sizeof(*start));
	uint64_t *dealt = calloc(n + 1, sizeof(*dealt));

	if (start == NULL || dealt == NULL) {
		free(start);
		free(dealt);
		return ERR_LIMIT;
	}
	for (size_t i = 0; i < n; i++)
		start[(h[i] >> 48) + 1]++;
	for (size_t i = 0; i < DEAL; i++)
		start[i + 1] += start[i];
	for (size_t i = 0; i < n; i++)
		dealt[start[h[i] >> 48]++] = h[i];
	for (size_t i = 0; i < DEAL; i++) {
		t->shared_set += shared_in(dealt, at, start[i]);
		at = start[i];
	}
	free(start);
	free(dealt);
	mvec_free(&t->b->set);
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

/*
 * mdelta.c - chained hash tables over a growing list of rows.
 */
#include "mdelta.h"

#include <stdlib.h>
#include <string.h>

#include "mbuild_priv.h"
#include "mkey.h"
#include "mparts.h"

#define BUCKETS 65536u
#define NONE UINT32_MAX
#define PAIRS_MAX 15u /* of six words that are no names */
#define TEXT_MAX ((size_t)MDELTA_NAMES_MAX * 2048u)

struct entry {
	uint64_t key;
	uint32_t row;
	uint32_t next;
};

struct gone {
	uint64_t key; /* of the id */
	uint32_t mark;
	uint32_t next;
};

struct row {
	uint32_t id, id_n, name, name_n, ids, ids_n, addr, addr_n;
	uint32_t first; /* row of its obligor */
	uint16_t country;
	uint8_t flags;
	bool dead;
};

struct mdelta {
	struct mvec text;
	struct mvec row;   /* struct row */
	struct mvec entry; /* struct entry: keys of rows */
	struct mvec gone;  /* struct gone: obligors that are hidden */
	uint32_t head[BUCKETS];
	uint32_t gone_head[BUCKETS];
};

struct mdelta *
mdelta_new(void)
{
	struct mdelta *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	memset(d->head, 0xFF, sizeof(d->head));
	memset(d->gone_head, 0xFF, sizeof(d->gone_head));
	return d;
}

void
mdelta_free(struct mdelta *d)
{
	if (d == NULL)
		return;
	mvec_free(&d->text);
	mvec_free(&d->row);
	mvec_free(&d->entry);
	mvec_free(&d->gone);
	free(d);
}

size_t
mdelta_names(const struct mdelta *d)
{
	return d->row.n / sizeof(struct row);
}

static struct str
text_at(const struct mdelta *d, uint32_t at, uint32_t n)
{
	return (struct str){ (const char *)d->text.p + at, n };
}

static bool
chain(struct mdelta *d, uint64_t key, uint32_t row)
{
	uint32_t at = (uint32_t)(d->entry.n / sizeof(struct entry));
	struct entry *e = mvec_more(&d->entry, sizeof(*e));
	uint32_t *h = &d->head[key >> 48 & (BUCKETS - 1)];

	if (e == NULL)
		return false;
	*e = (struct entry){ key, row, *h };
	*h = at;
	return true;
}

static uint64_t
id_key(struct str obligor_id)
{
	return mtab_mix(17, mtab_hash_bytes(obligor_id.p, obligor_id.n));
}

bool
mdelta_removed(const struct mdelta *d)
{
	return d->gone.n > 0;
}

bool
mdelta_may_hide(const struct mdelta *d, uint32_t mark)
{
	const struct gone *g = d->gone.p;

	for (uint32_t at = d->gone_head[mark & (BUCKETS - 1)]; at != NONE;
	     at = g[at].next)
		if (g[at].mark == mark)
			return true;
	return false;
}

bool
mdelta_hides(const struct mdelta *d, struct str obligor_id)
{
	uint64_t key = id_key(obligor_id);
	const struct gone *g = d->gone.p;
	uint32_t mark = mseg_mark_of(obligor_id);

	for (uint32_t at = d->gone_head[mark & (BUCKETS - 1)]; at != NONE;
	     at = g[at].next)
		if (g[at].key == key)
			return true;
	return false;
}

static bool
hide(struct mdelta *d, struct str obligor_id)
{
	uint32_t at = (uint32_t)(d->gone.n / sizeof(struct gone));
	uint32_t mark = mseg_mark_of(obligor_id);
	uint32_t *head = &d->gone_head[mark & (BUCKETS - 1)];
	struct gone *g = mvec_more(&d->gone, sizeof(*g));

	if (g == NULL)
		return false;
	*g = (struct gone){ id_key(obligor_id), mark, *head };
	*head = at;
	return true;
}

/* Rows of the obligor in the delta itself die. */
static void
kill_rows(struct mdelta *d, struct str obligor_id)
{
	struct row *r = d->row.p;
	size_t n = mdelta_names(d);

	for (size_t i = 0; i < n; i++)
		if (str_eq(text_at(d, r[i].id, r[i].id_n), obligor_id))
			r[i].dead = true;
}

enum err
mdelta_remove(struct mdelta *d, struct str obligor_id)
{
	if (mdelta_hides(d, obligor_id)) {
		kill_rows(d, obligor_id);
		return ERR_OK;
	}
	if (d->gone.n / sizeof(struct gone) >= MDELTA_REMOVED_MAX)
		return ERR_LIMIT;
	return hide(d, obligor_id) ? ERR_OK : ERR_LIMIT;
}

static bool
keep(struct mdelta *d, struct str s, size_t max, uint32_t *at, uint32_t *n)
{
	void *p;

	if (s.n > max)
		s.n = max;
	*at = (uint32_t)d->text.n;
	*n = (uint32_t)s.n;
	if (d->text.n + s.n > TEXT_MAX)
		return false;
	p = mvec_more(&d->text, s.n);
	if (p != NULL && s.n > 0)
		memcpy(p, s.p, s.n);
	return p != NULL || s.n == 0;
}

/* Every key under which a query may look for this name. */
/*
 * Two general words or places together: names of nothing else are found by
 * them, as in a segment.  Returns how many keys.
 */
static size_t
pair_keys(const struct mname *m, uint64_t out[PAIRS_MAX])
{
	size_t n = 0;

	for (unsigned i = 0; i < m->n; i++)
		for (unsigned k = 0; k < i && n < PAIRS_MAX; k++)
			if (m->tok[i].kind != MK_WORD &&
			    m->tok[k].kind != MK_WORD)
				out[n++] = mkey_pair(m->tok[i].h, m->tok[k].h);
	return n;
}

static bool
put_keys(struct mdelta *d, const struct mname *m, uint32_t row)
{
	uint64_t v[MKEY_VARIANTS_MAX], pair[PAIRS_MAX];
	struct mkeys keys;
	size_t pairs;
	bool ok = true;

	mkey_name(m, &keys);
	for (unsigned k = 0; k < MKEY_KINDS && ok; k++)
		ok = keys.key[k] == 0 ||
		     chain(d, keys.key[k], row);
	for (unsigned i = 0; i < m->n && ok; i++) {
		size_t sounds;
		size_t n = m->tok[i].kind == MK_WORD ?
			       mkey_variants(mfold_text(m, &m->tok[i]), v,
					     &sounds) :
			       0;

		ok = m->tok[i].kind != MK_WORD ||
		     chain(d, m->tok[i].h, row);
		for (size_t k = 0; k < n && ok; k++)
			ok = chain(d, v[k], row);
	}
	pairs = pair_keys(m, pair);
	for (size_t k = 0; k < pairs && ok; k++)
		ok = chain(d, pair[k], row);
	return ok;
}

static bool
put_name(struct mdelta *d, struct row r, struct str name)
{
	const uint8_t flags = r.flags;
	UNSET struct mname m;

	for (unsigned v = 0; v < MV_COUNT; v++) {
		uint32_t at = (uint32_t)mdelta_names(d);
		struct row *to;

		if (v > 0 &&
		    !mfold_has_view(&m, (enum mview)v, r.country))
			continue;
		mfold_name(name, (enum mview)v, &m);
		if (v == 0 &&
		    !keep(d, name, MFOLD_BYTES_MAX, &r.name, &r.name_n))
			return false;
		r.flags = flags | mrow_flag((enum mview)v);
		to = mvec_more(&d->row, sizeof(*to));
		if (to == NULL)
			return false;
		*to = r;
		if (!put_keys(d, &m, at))
			return false;
	}
	return true;
}

/* The name, and the names inside it as aliases. */
static bool
put_names(struct mdelta *d, struct row r, struct str name)
{
	struct str part[MPARTS_MAX];
	unsigned n = mparts(name, part);
	bool ok = put_name(d, r, name);

	r.flags = MR_ALIAS;
	for (unsigned i = 0; i < n && ok; i++)
		ok = put_name(d, r, part[i]);
	return ok;
}

static bool
put_ids(struct mdelta *d, struct str ids, uint32_t row)
{
	while (ids.n > 0) {
		struct str value = str_cut(&ids, '|');
		struct str scheme = str_cut(&value, ':');

		if (value.n > 0 && !chain(d, mkey_id(scheme, value), row))
			return false;
	}
	return true;
}

enum err
mdelta_put(struct mdelta *d, const struct mbuild_obligor *o, struct diag *why)
{
	uint32_t first = (uint32_t)mdelta_names(d);
	struct row r = { .first = first, .country = mseg_country(o->country) };
	struct str rest = o->aliases;
	char alias[MFOLD_BYTES_MAX];
	size_t n;
	bool ok;

	if (o->obligor_id.n == 0 || o->obligor_id.n > 64)
		return diag_set(why, ERR_INPUT, 0, "obligor_id: 1 to 64 bytes");
	if (first >= MDELTA_NAMES_MAX)
		return diag_set(why, ERR_LIMIT, 0,
				"the delta is full: build a new index");
	if (mdelta_remove(d, o->obligor_id) != ERR_OK)
		return diag_set(why, ERR_LIMIT, 0,
				"too many changes: build a new index");
	ok = keep(d, o->obligor_id, 64, &r.id, &r.id_n) &&
	     keep(d, o->ids, MBUILD_IDS_MAX, &r.ids, &r.ids_n) &&
	     keep(d, o->address, MBUILD_ADDRESS_MAX, &r.addr, &r.addr_n) &&
	     put_names(d, r, o->name) && put_ids(d, o->ids, first);
	r.flags = MR_ALIAS;
	for (unsigned i = 0; ok && i < MBUILD_ALIASES_MAX &&
			     mbuild_alias(&rest, alias, sizeof(alias), &n);
	     i++)
		if (n > 0)
			ok = put_names(d, r, (struct str){ alias, n });
	return ok ? ERR_OK : diag_set(why, ERR_LIMIT, 0, "no memory");
}

size_t
mdelta_find_key(const struct mdelta *d, uint64_t key, uint32_t *out,
		size_t max)
{
	const struct entry *e = d->entry.p;
	const struct row *r = d->row.p;
	size_t n = 0;

	for (uint32_t at = d->head[key >> 48 & (BUCKETS - 1)];
	     at != NONE && n < max; at = e[at].next)
		if (e[at].key == key && !r[e[at].row].dead)
			out[n++] = e[at].row;
	return n;
}

/* Counts how often each row was named; the most named first. */
static size_t
rank(const uint32_t *row, size_t n, uint32_t *out, size_t max)
{
	size_t kept = 0;
	uint16_t times[MDELTA_HITS_MAX];
	uint32_t seen[MDELTA_HITS_MAX];
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		size_t at = 0;

		while (at < k && seen[at] != row[i])
			at++;
		if (at == k) {
			if (k == MDELTA_HITS_MAX)
				continue;
			seen[k] = row[i];
			times[k++] = 0;
		}
		times[at]++;
	}
	while (kept < max && kept < k) {
		size_t best = kept;

		for (size_t i = kept + 1; i < k; i++)
			if (times[i] > times[best])
				best = i;
		out[kept] = seen[best];
		seen[best] = seen[kept];
		times[best] = times[kept];
		kept++;
	}
	return kept;
}

size_t
mdelta_find(const struct mdelta *d, const struct mname *m, uint32_t *out,
	    size_t max)
{
	uint64_t v[MKEY_VARIANTS_MAX], pair[PAIRS_MAX];
	uint32_t hit[MDELTA_HITS_MAX];
	struct mkeys keys;
	size_t n = 0, pairs;

	mkey_name(m, &keys);
	if ((m->scripts & ~MFOLD_LATIN) == 0)
		keys.key[MK_WORDS] = mkey_words(m);
	for (unsigned k = 0; k < MKEY_KINDS; k++)
		if (keys.key[k] != 0 && n < MDELTA_HITS_MAX)
			n += mdelta_find_key(d, keys.key[k], hit + n,
					     MDELTA_HITS_MAX - n);
	for (unsigned i = 0; i < m->n; i++) {
		size_t sounds;
		size_t c = m->tok[i].kind == MK_WORD ?
			       mkey_variants(mfold_text(m, &m->tok[i]), v,
					     &sounds) :
			       0;

		if (n < MDELTA_HITS_MAX && m->tok[i].kind == MK_WORD)
			n += mdelta_find_key(d, m->tok[i].h, hit + n,
					     MDELTA_HITS_MAX - n);
		for (size_t k = 0; k < c && n < MDELTA_HITS_MAX; k++)
			n += mdelta_find_key(d, v[k], hit + n,
					     MDELTA_HITS_MAX - n);
	}
	/* The commonest last: they may be more than are looked at. */
	pairs = pair_keys(m, pair);
	for (size_t k = 0; k < pairs && n < MDELTA_HITS_MAX; k++)
		n += mdelta_find_key(d, pair[k], hit + n,
				     MDELTA_HITS_MAX - n);
	return rank(hit, n, out, max);
}

bool
mdelta_row(const struct mdelta *d, uint32_t row, struct mdelta_row *out)
{
	const struct row *r;

	if (row >= mdelta_names(d))
		return false;
	r = (const struct row *)d->row.p + row;
	if (r->dead)
		return false;
	*out = (struct mdelta_row){
		.obligor_id = text_at(d, r->id, r->id_n),
		.name = text_at(d, r->name, r->name_n),
		.ids = text_at(d, r->ids, r->ids_n),
		.address = text_at(d, r->addr, r->addr_n),
		.first = r->first,
		.country = r->country,
		.flags = r->flags,
	};
	return true;
}

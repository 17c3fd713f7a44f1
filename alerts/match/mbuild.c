/*
 * mbuild.c - obligors in, folded rows out; mbuild_out.c writes the sections.
 */
#include "mbuild.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mbuild_priv.h"

#define BATCH_ITEMS 16384u
#define BATCH_TEXT (16u << 20)
#define COLD_FLUSH (4u << 20)
#define SLOTS_MIN (1u << 16)
#define OBLIGOR_ID_MAX 64u

/* One folded row of a worker. */
struct frow {
	uint64_t key[MKEY_KINDS];
	uint32_t item;
	uint16_t classes;
	uint8_t flags;
	uint8_t n;
};

struct worker {
	const struct mbuild *b;
	size_t from, to;
	struct mvec row;  /* struct frow */
	struct mvec h;	  /* u64 per token */
	struct mvec text; /* length byte and letters per token */
	bool failed;
};

void *
mvec_more(struct mvec *v, size_t n)
{
	if (v->n + n > v->size) {
		size_t size = v->size < 4096 ? 4096 : v->size;
		void *p;

		while (size < v->n + n)
			size += size / 2;
		p = realloc(v->p, size);
		if (p == NULL)
			return NULL;
		v->p = p;
		v->size = size;
	}
	v->n += n;
	return (char *)v->p + v->n - n;
}

void
mvec_free(struct mvec *v)
{
	free(v->p);
	memset(v, 0, sizeof(*v));
}

static bool
put(struct mvec *v, const void *p, size_t n)
{
	void *to = mvec_more(v, n);

	if (to == NULL)
		return false;
	if (n > 0)
		memcpy(to, p, n);
	return true;
}

/* One view of one name into the worker's vectors. */
static bool
fold_row(struct worker *w, uint32_t item, const struct mname *m, uint8_t flags)
{
	struct mkeys keys;
	struct frow r = { .item = item, .flags = flags };

	mkey_name(m, &keys);
	memcpy(r.key, keys.key, sizeof(r.key));
	r.classes = (uint16_t)m->classes;
	r.n = (uint8_t)m->n;
	if (!put(&w->row, &r, sizeof(r)))
		return false;
	for (unsigned i = 0; i < m->n; i++) {
		struct str t = mfold_text(m, &m->tok[i]);
		uint8_t n = (uint8_t)t.n;

		if (!put(&w->h, &m->tok[i].h, 8) || !put(&w->text, &n, 1) ||
		    !put(&w->text, t.p, t.n))
			return false;
	}
	return true;
}

static void *
fold_range(void *ctx)
{
	struct worker *w = ctx;
	const struct mitem *item = w->b->item.p;
	const char *text = w->b->text.p;

	for (size_t i = w->from; i < w->to && !w->failed; i++) {
		struct str name = { text + item[i].name, item[i].name_n };
		uint8_t alias = item[i].alias ? MR_ALIAS : 0;
		UNSET struct mname m;

		mfold_name(name, MV_MAIN, &m);
		w->failed = !fold_row(w, (uint32_t)i, &m, alias);
		if (w->failed || !m.two_views)
			continue;
		mfold_name(name, MV_PINYIN, &m);
		w->failed = !fold_row(w, (uint32_t)i, &m, alias | MR_PINYIN);
	}
	return NULL;
}

static struct mdict_slot *
find_slot(struct mdict_slot *slot, size_t slots, uint64_t h)
{
	size_t at = (size_t)(h >> 3) & (slots - 1);

	while (slot[at].used && slot[at].h != h)
		at = (at + 1) & (slots - 1);
	return &slot[at];
}

static bool
grow_dict(struct mbuild *b)
{
	size_t slots = b->slots == 0 ? SLOTS_MIN : b->slots * 2;
	struct mdict_slot *slot = calloc(slots, sizeof(*slot));

	if (slot == NULL)
		return false;
	for (size_t i = 0; i < b->slots; i++)
		if (b->slot[i].used)
			*find_slot(slot, slots, b->slot[i].h) = b->slot[i];
	free(b->slot);
	b->slot = slot;
	b->slots = slots;
	return true;
}

/* The provisional id of a token, entered when new. */
static bool
enter(struct mbuild *b, uint64_t h, const char *letters, uint32_t *id)
{
	struct mdict_slot *s;
	uint32_t off = (uint32_t)b->letters.n, one = 0;

	if ((size_t)b->tokens * 5 >= b->slots * 3 && !grow_dict(b))
		return false;
	s = find_slot(b->slot, b->slots, h);
	if (!s->used) {
		if (b->tokens + 1 >= MSEG_TOKENS_MAX ||
		    b->letters.n + 256 > UINT32_MAX)
			return false;
		*s = (struct mdict_slot){ .h = h, .id = b->tokens++, .used = 1 };
		if (!put(&b->tok_h, &h, 8) || !put(&b->tok_df, &one, 4) ||
		    !put(&b->tok_text, &off, 4) ||
		    !put(&b->letters, letters, 1 + (size_t)(uint8_t)*letters))
			return false;
	}
	*id = s->id;
	return true;
}

static bool
put_varint(struct mvec *v, uint32_t n)
{
	uint8_t byte[5];
	size_t k = 0;

	while (n >= 128) {
		byte[k++] = (uint8_t)(n | 128);
		n >>= 7;
	}
	byte[k++] = (uint8_t)n;
	return put(v, byte, k);
}

static size_t
varint_len(size_t n)
{
	return n < 128 ? 1 : n < 16384 ? 2 : 3;
}

static bool
put_field(struct mvec *v, const char *p, size_t n)
{
	return put_varint(v, (uint32_t)n) && put(v, p, n);
}

static bool
put_cold(struct mbuild *b, const struct mitem *i)
{
	const char *t = b->text.p;
	size_t before = b->out.n, all;
	uint64_t at = b->cold_n + b->out.n;

	if (b->rows % MSEG_BLOCK == 0 && !put(&b->cold_base, &at, 8))
		return false;
	all = varint_len(i->id_n) + i->id_n + varint_len(i->name_n) +
	      i->name_n + varint_len(i->ids_n) + i->ids_n +
	      varint_len(i->addr_n) + i->addr_n;
	if (!put_varint(&b->out, (uint32_t)all) ||
	    !put_field(&b->out, t + i->id, i->id_n) ||
	    !put_field(&b->out, t + i->name, i->name_n) ||
	    !put_field(&b->out, t + i->ids, i->ids_n) ||
	    !put_field(&b->out, t + i->addr, i->addr_n))
		return false;
	must(b->out.n - before == all + varint_len(all));
	return b->out.n < COLD_FLUSH || mbuild_flush_cold(b) == ERR_OK;
}

static bool
put_key(struct mbuild *b, uint64_t key)
{
	struct mkey_row k = { (uint32_t)(key >> 32), (uint32_t)b->rows };

	return key == 0 || put(&b->key, &k, sizeof(k));
}

/* Keys of the ids in "scheme:value|...". */
static bool
put_ids(struct mbuild *b, struct str ids)
{
	while (ids.n > 0) {
		struct str value = str_cut(&ids, '|');
		struct str scheme = str_cut(&value, ':');

		if (value.n > 0 && !put_key(b, mkey_id(scheme, value)))
			return false;
	}
	return true;
}

/* Takes one folded row; h and text move on behind its tokens. */
static bool
take_row(struct mbuild *b, const struct frow *r, const uint64_t **h,
	 const char **text)
{
	const struct mitem *i = (const struct mitem *)b->item.p + r->item;
	struct mrow_meta meta = { .country = i->country,
				  .classes = r->classes,
				  .flags = r->flags,
				  .n = r->n };
	uint32_t *df;

	if (b->rows + 1 >= MSEG_ROWS_MAX)
		return false;
	for (unsigned k = 0; k < r->n; k++) {
		uint32_t id;

		if (!enter(b, (*h)[k], *text, &id) || !put(&b->ids, &id, 4))
			return false;
		df = (uint32_t *)b->tok_df.p + id;
		(*df)++;
		*text += 1 + (uint8_t)**text;
	}
	*h += r->n;
	for (unsigned k = 0; k < MKEY_KINDS; k++)
		if (!put_key(b, r->key[k]))
			return false;
	if ((r->flags & MR_PINYIN) == 0 &&
	    !put_ids(b, (struct str){ (char *)b->text.p + i->ids, i->ids_n }))
		return false;
	if ((r->flags & (MR_PINYIN | MR_ALIAS)) == 0 &&
	    !put(&b->set, &r->key[MK_SET], 8))
		return false;
	if (!put(&b->meta, &meta, sizeof(meta)) || !put_cold(b, i))
		return false;
	b->rows++;
	return true;
}

/* Folds the batch on all threads, then takes the rows in order. */
static enum err
run_batch(struct mbuild *b)
{
	struct worker *w = calloc(b->threads, sizeof(*w));
	pthread_t thread[MBUILD_THREADS_MAX];
	size_t n = b->item.n / sizeof(struct mitem);
	bool ok = w != NULL;

	for (unsigned t = 0; ok && t < b->threads; t++) {
		w[t].b = b;
		w[t].from = n * t / b->threads;
		w[t].to = n * (t + 1) / b->threads;
		if (t > 0)
			ok = pthread_create(&thread[t], NULL, fold_range,
					    &w[t]) == 0;
		if (!ok)
			fold_range(&w[t]);
	}
	if (ok)
		fold_range(&w[0]);
	for (unsigned t = 1; ok && t < b->threads; t++)
		(void)pthread_join(thread[t], NULL);
	for (unsigned t = 0; ok && t < b->threads; t++) {
		const struct frow *r = w[t].row.p;
		const uint64_t *h = w[t].h.p;
		const char *text = w[t].text.p;
		size_t rows = w[t].row.n / sizeof(*r);

		ok = !w[t].failed;
		for (size_t i = 0; ok && i < rows; i++)
			ok = take_row(b, &r[i], &h, &text);
	}
	for (unsigned t = 0; w != NULL && t < b->threads; t++) {
		mvec_free(&w[t].row);
		mvec_free(&w[t].h);
		mvec_free(&w[t].text);
	}
	free(w);
	b->item.n = 0;
	b->text.n = 0;
	if (!ok && b->err == ERR_OK)
		b->err = ERR_LIMIT;
	return b->err;
}

static char *
join(const char *a, const char *z)
{
	size_t n = strlen(a) + strlen(z) + 1;
	char *p = malloc(n);

	if (p != NULL)
		(void)snprintf(p, n, "%s%s", a, z);
	return p;
}

enum err
mbuild_new(const char *path, unsigned threads, struct mbuild **out,
	   struct diag *d)
{
	struct mbuild *b = calloc(1, sizeof(*b));
	char head[MSEG_HEADER] = { 0 };

	if (b == NULL)
		return diag_set(d, ERR_LIMIT, 0, "no memory");
	mtab_get();
	b->fd = -1;
	b->threads = threads == 0		    ? 1 :
		     threads > MBUILD_THREADS_MAX ? MBUILD_THREADS_MAX :
						    threads;
	b->path = join(path, "");
	b->tmp = join(path, ".tmp");
	b->cold_sum = msum_new();
	if (b->path == NULL || b->tmp == NULL || b->cold_sum == NULL) {
		mbuild_free(b);
		return diag_set(d, ERR_LIMIT, 0, "no memory");
	}
	b->fd = open(b->tmp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (b->fd < 0 || mbuild_write(b, head, sizeof(head)) != ERR_OK) {
		mbuild_free(b);
		return diag_set(d, ERR_IO, 0, "%s.tmp cannot be written", path);
	}
	*out = b;
	return ERR_OK;
}

static uint32_t
keep(struct mbuild *b, struct str s, size_t max, uint32_t *n)
{
	size_t at = b->text.n;

	if (s.n > max)
		s.n = max;
	if (!put(&b->text, s.p, s.n)) {
		b->err = ERR_LIMIT;
		s.n = 0;
	}
	*n = (uint32_t)s.n;
	return (uint32_t)at;
}

static void
add_name(struct mbuild *b, struct mitem item, struct str name)
{
	item.name = keep(b, name, MFOLD_BYTES_MAX, &item.name_n);
	if (!put(&b->item, &item, sizeof(item)))
		b->err = ERR_LIMIT;
}

/* The next part of an aliases field, unescaped into dst. */
static bool
next_alias(struct str *rest, char *dst, size_t size, size_t *n)
{
	bool escaped = false;

	if (rest->n == 0)
		return false;
	for (*n = 0; rest->n > 0; *rest = str_sub(*rest, 1, rest->n)) {
		char c = rest->p[0];

		if (!escaped && c == '|') {
			*rest = str_sub(*rest, 1, rest->n);
			return true;
		}
		if (!escaped && c == '\\') {
			escaped = true;
			continue;
		}
		escaped = false;
		if (*n < size)
			dst[(*n)++] = c;
	}
	return true;
}

enum err
mbuild_add(struct mbuild *b, const struct mbuild_obligor *o, struct diag *d)
{
	struct mitem item = { .country = mseg_country(o->country) };
	struct str rest = o->aliases;
	char alias[MFOLD_BYTES_MAX];
	size_t n;

	if (b->err != ERR_OK)
		return diag_set(d, b->err, 0, "the index cannot grow further");
	if (o->obligor_id.n == 0 || o->obligor_id.n > OBLIGOR_ID_MAX)
		return diag_set(d, ERR_INPUT, 0, "obligor_id: 1 to %u bytes",
				OBLIGOR_ID_MAX);
	item.id = keep(b, o->obligor_id, OBLIGOR_ID_MAX, &item.id_n);
	item.ids = keep(b, o->ids, MBUILD_IDS_MAX, &item.ids_n);
	item.addr = keep(b, o->address, MBUILD_ADDRESS_MAX, &item.addr_n);
	add_name(b, item, o->name);
	item.alias = 1;
	for (unsigned i = 0; i < MBUILD_ALIASES_MAX &&
			     next_alias(&rest, alias, sizeof(alias), &n);
	     i++)
		if (n > 0)
			add_name(b, item, (struct str){ alias, n });
	b->obligors++;
	if (b->item.n >= BATCH_ITEMS * sizeof(item) ||
	    b->text.n >= BATCH_TEXT)
		(void)run_batch(b);
	if (b->err != ERR_OK)
		return diag_set(d, b->err, 0, "the index cannot grow further");
	return ERR_OK;
}

enum err
mbuild_end(struct mbuild *b, struct mbuild_stats *st, struct diag *d)
{
	enum err err = run_batch(b);

	if (err == ERR_OK)
		err = mbuild_sections(b);
	if (err != ERR_OK)
		return diag_set(d, err, 0, "the index cannot be written: %s",
				err_text(err));
	if (fsync(b->fd) != 0 || rename(b->tmp, b->path) != 0)
		return diag_set(d, ERR_IO, 0, "%s cannot be written", b->path);
	free(b->tmp);
	b->tmp = NULL;
	*st = (struct mbuild_stats){ .rows = b->rows,
				     .obligors = b->obligors,
				     .tokens = b->tokens,
				     .shared_set = b->head.shared_set,
				     .bytes = b->head.size };
	for (unsigned i = 0; i < SEG_COUNT; i++)
		st->part[i] = b->head.section[i].n;
	return ERR_OK;
}

void
mbuild_free(struct mbuild *b)
{
	struct mvec *all[] = { &b->text,    &b->item,	 &b->meta,
			       &b->ids,	    &b->key,	 &b->set,
			       &b->tok_h,   &b->tok_df,	 &b->tok_text,
			       &b->letters, &b->cold_base, &b->out };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		mvec_free(all[i]);
	if (b->cold_sum != NULL)
		(void)msum_end(b->cold_sum);
	if (b->fd >= 0)
		(void)close(b->fd);
	if (b->tmp != NULL)
		(void)unlink(b->tmp);
	free(b->slot);
	free(b->tmp);
	free(b->path);
	free(b);
}

/*
 * mbuild_fold.c - names folded by several threads while the next ones are
 * read.
 *
 * Two batches: one is filled by the caller, the other is folded in slices by
 * the threads, and by the caller when it has to wait.  Slices are taken in
 * order, so the index does not depend on the number of threads.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "mbuild_priv.h"

struct mfolder {
	struct mbuild *b;
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	pthread_t thread[MBUILD_THREADS_MAX];
	unsigned threads;
	struct mbatch *first; /* the older batch that is out, or NULL */
	bool stop;
};

static size_t
varint_len(size_t n)
{
	return n < 128 ? 1 : n < 16384 ? 2 : 3;
}

static uint8_t *
put_field(uint8_t *to, const char *p, size_t n)
{
	to += mseg_put_varint(to, (uint32_t)n);
	if (n > 0)
		memcpy(to, p, n);
	return to + n;
}

/* Returns the bytes of the record; 0 when memory is out. */
static uint32_t
put_cold(struct mvec *v, const char *t, const struct mitem *i)
{
	size_t all = varint_len(i->id_n) + i->id_n + varint_len(i->name_n) +
		     i->name_n + varint_len(i->ids_n) + i->ids_n +
		     varint_len(i->addr_n) + i->addr_n;
	uint8_t *to = mvec_more(v, varint_len(all) + all);

	if (to == NULL)
		return 0;
	to += mseg_put_varint(to, (uint32_t)all);
	to = put_field(to, t + i->id, i->id_n);
	to = put_field(to, t + i->name, i->name_n);
	to = put_field(to, t + i->ids, i->ids_n);
	(void)put_field(to, t + i->addr, i->addr_n);
	return (uint32_t)(varint_len(all) + all);
}

static bool
put_key(struct mslice *s, struct mfolded *r, uint64_t key)
{
	if (key == 0 || r->keys == UINT8_MAX)
		return true;
	r->keys++;
	return mvec_put(&s->key, &key, 8);
}

/* The keys of the name itself, which are few. */
static bool
put_keys(struct mslice *s, struct mfolded *r, const struct mname *m)
{
	struct mkeys keys;
	uint64_t *to = mvec_more(&s->key, sizeof(keys.key));

	if (to == NULL)
		return false;
	mkey_name(m, &keys);
	r->set = keys.key[MK_SET];
	for (unsigned k = 0; k < MKEY_KINDS; k++)
		if (keys.key[k] != 0)
			to[r->keys++] = keys.key[k];
	s->key.n -= ((size_t)MKEY_KINDS - r->keys) * sizeof(*to);
	return true;
}

/* Keys of the ids in "scheme:value|...". */
static bool
put_ids(struct mslice *s, struct mfolded *r, struct str ids)
{
	while (ids.n > 0) {
		struct str value = str_cut(&ids, '|');
		struct str scheme = str_cut(&value, ':');

		if (value.n > 0 && !put_key(s, r, mkey_id(scheme, value)))
			return false;
	}
	return true;
}

/* The tokens; *told: their forms and letters tell all of them. */
static bool
put_tokens(struct mslice *s, const struct mname *m, bool *told)
{
	struct mwritten *w = mvec_more(&s->written, m->n * sizeof(*w));
	uint64_t *h = mvec_more(&s->h, m->n * sizeof(*h));
	size_t all = 0;
	char *to;

	for (unsigned i = 0; i < m->n; i++)
		all += 1 + (size_t)m->tok[i].n;
	to = mvec_more(&s->letters, all + MFOLD_TOKEN_LEN_MAX);
	*told = true;
	if (w == NULL || h == NULL || to == NULL)
		return false;
	s->letters.n -= MFOLD_TOKEN_LEN_MAX;
	for (unsigned i = 0; i < m->n; i++) {
		const struct mtok *t = &m->tok[i];
		struct str l = mfold_text(m, t);
		uint16_t form = mseg_form_of(t);
		struct mtok again = mseg_formed(form, l);

		w[i].form = form;
		w[i].print = (uint32_t)(mtab_mix(t->th, form) >> 32) | 1;
		h[i] = t->h;
		*told = *told && again.h == t->h && again.th == t->th &&
			t->concept <= MSEG_CONCEPT_MASK &&
			t->script < 16 && t->kind < 4 &&
			l.n <= MFOLD_TOKEN_LEN_MAX;
		*to++ = (char)l.n;
		to += mfold_copy(to, m, t);
	}
	return true;
}

/* One view of one name. */
static bool
put_row(struct mslice *s, const struct mitem *item, const struct mname *m,
	uint8_t flags)
{
	const char *text = s->batch->text.p;
	struct mfolded r = {
		.mark = mseg_mark_of((struct str){ text + item->id,
						   item->id_n }),
		.scripts = (uint16_t)m->scripts,
		.meta = { .country = item->country,
			  .classes = (uint16_t)m->classes,
			  .flags = flags,
			  .n = (uint8_t)m->n },
	};
	bool told;

	if (!put_keys(s, &r, m))
		return false;
	if ((flags & MR_VIEWS) == 0 &&
	    !put_ids(s, &r, (struct str){ text + item->ids, item->ids_n }))
		return false;
	r.cold_n = put_cold(&s->cold, text, item);
	if (r.cold_n == 0 || !put_tokens(s, m, &told))
		return false;
	if ((m->scripts & ~MFOLD_LATIN) != 0)
		r.meta.flags |= MR_SCRIPTS;
	if (!told)
		r.meta.flags |= MR_TEXT;
	return mvec_put(&s->row, &r, sizeof(r));
}

static void
fold_slice(struct mslice *s)
{
	const struct mitem *item = s->batch->item.p;
	const char *text = s->batch->text.p;
	UNSET struct mname m;

	for (size_t i = s->from; i < s->to && !s->failed; i++) {
		struct str name = { text + item[i].name, item[i].name_n };
		uint8_t alias = item[i].alias ? MR_ALIAS : 0;

		mfold_name(name, MV_MAIN, &m);
		s->failed = !put_row(s, &item[i], &m, alias);
		for (unsigned v = 1; v < MV_COUNT && !s->failed; v++) {
			enum mview view = (enum mview)v;

			if (!mfold_has_view(&m, view, item[i].country))
				continue;
			mfold_name(name, view, &m);
			s->failed = !put_row(s, &item[i], &m,
					     alias | mrow_flag(view));
		}
	}
}

static struct mbatch *
other_of(struct mbuild *b, const struct mbatch *batch)
{
	return &b->batch[batch == b->batch];
}

/* A slice nobody has begun, of the older batch first. */
static struct mslice *
free_slice(const struct mfolder *f)
{
	struct mbatch *batch = f->first;

	for (unsigned k = 0; batch != NULL && batch->out && k < 2; k++) {
		for (unsigned i = 0; i < MBUILD_SLICES; i++)
			if (batch->slice[i].state == SLICE_FREE)
				return &batch->slice[i];
		batch = other_of(f->b, batch);
	}
	return NULL;
}

/* With the lock held: folds one slice, the lock free meanwhile. */
static void
work_on(struct mfolder *f, struct mslice *s)
{
	s->state = SLICE_BEGUN;
	must(pthread_mutex_unlock(&f->lock) == 0);
	fold_slice(s);
	must(pthread_mutex_lock(&f->lock) == 0);
	s->state = SLICE_DONE;
	must(pthread_cond_signal(&f->done) == 0);
}

static void *
run(void *ctx)
{
	struct mfolder *f = ctx;

	mtab_get(); /* while the first names are read */
	must(pthread_mutex_lock(&f->lock) == 0);
	while (!f->stop) {
		struct mslice *s = free_slice(f);

		if (s != NULL)
			work_on(f, s);
		else
			must(pthread_cond_wait(&f->work, &f->lock) == 0);
	}
	must(pthread_mutex_unlock(&f->lock) == 0);
	return NULL;
}

bool
mfolder_start(struct mbuild *b)
{
	struct mfolder *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return false;
	b->folder = f;
	b->fill = &b->batch[0];
	f->b = b;
	must(pthread_mutex_init(&f->lock, NULL) == 0 &&
	     pthread_cond_init(&f->work, NULL) == 0 &&
	     pthread_cond_init(&f->done, NULL) == 0);
	for (unsigned k = 0; k < 2; k++)
		for (unsigned i = 0; i < MBUILD_SLICES; i++)
			b->batch[k].slice[i].batch = &b->batch[k];
	/* Fewer threads than asked for are only slower. */
	while (f->threads + 1 < b->threads &&
	       pthread_create(&f->thread[f->threads], NULL, run, f) == 0)
		f->threads++;
	return true;
}

/* Takes every slice of a batch in order, folding while it has to wait. */
static void
drain(struct mfolder *f, struct mbatch *batch)
{
	mtab_get();
	must(pthread_mutex_lock(&f->lock) == 0);
	for (unsigned i = 0; i < MBUILD_SLICES; i++) {
		struct mslice *s = &batch->slice[i];

		while (s->state != SLICE_DONE) {
			struct mslice *other = free_slice(f);

			if (other != NULL)
				work_on(f, other);
			else
				must(pthread_cond_wait(&f->done, &f->lock) ==
				     0);
		}
		must(pthread_mutex_unlock(&f->lock) == 0);
		(void)mbuild_take(f->b, s);
		must(pthread_mutex_lock(&f->lock) == 0);
	}
	batch->out = false;
	f->first = other_of(f->b, batch)->out ? other_of(f->b, batch) : NULL;
	batch->item.n = 0;
	batch->text.n = 0;
	must(pthread_mutex_unlock(&f->lock) == 0);
}

/* Gives out the batch that was filled. */
static void
give(struct mfolder *f, struct mbatch *batch)
{
	size_t n = batch->item.n / sizeof(struct mitem);

	must(pthread_mutex_lock(&f->lock) == 0);
	for (unsigned i = 0; i < MBUILD_SLICES; i++) {
		struct mslice *s = &batch->slice[i];

		s->from = n * i / MBUILD_SLICES;
		s->to = n * (i + 1) / MBUILD_SLICES;
		s->state = SLICE_FREE;
		s->failed = false;
		s->row.n = s->h.n = s->letters.n = s->key.n = s->cold.n = 0;
		s->written.n = 0;
	}
	batch->out = true;
	if (f->first == NULL)
		f->first = batch;
	must(pthread_cond_broadcast(&f->work) == 0);
	must(pthread_mutex_unlock(&f->lock) == 0);
}

void
mfolder_next(struct mbuild *b)
{
	struct mbatch *other = other_of(b, b->fill);

	give(b->folder, b->fill);
	if (other->out)
		drain(b->folder, other);
	b->fill = other;
}

enum err
mfolder_end(struct mbuild *b)
{
	mfolder_next(b);
	drain(b->folder, other_of(b, b->fill));
	return b->err;
}

void
mfolder_stop(struct mbuild *b)
{
	struct mfolder *f = b->folder;

	if (f == NULL)
		return;
	must(pthread_mutex_lock(&f->lock) == 0);
	f->stop = true;
	must(pthread_cond_broadcast(&f->work) == 0);
	must(pthread_mutex_unlock(&f->lock) == 0);
	for (unsigned t = 0; t < f->threads; t++)
		(void)pthread_join(f->thread[t], NULL);
	for (unsigned k = 0; k < 2; k++) {
		struct mbatch *batch = &b->batch[k];

		mvec_free(&batch->text);
		mvec_free(&batch->item);
		for (unsigned i = 0; i < MBUILD_SLICES; i++) {
			mvec_free(&batch->slice[i].row);
			mvec_free(&batch->slice[i].h);
			mvec_free(&batch->slice[i].written);
			mvec_free(&batch->slice[i].letters);
			mvec_free(&batch->slice[i].key);
			mvec_free(&batch->slice[i].cold);
		}
	}
	(void)pthread_mutex_destroy(&f->lock);
	(void)pthread_cond_destroy(&f->work);
	(void)pthread_cond_destroy(&f->done);
	free(f);
	b->folder = NULL;
}

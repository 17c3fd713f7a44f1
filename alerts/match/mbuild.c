/*
 * mbuild.c - obligors in, tokens numbered and rows kept; mbuild_fold.c folds
 * the names, mbuild_out.c writes the sections.
 */
#include "mbuild.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mbig.h"
#include "mbuild_priv.h"
#include "mparts.h"

#define SLOTS_AHEAD 24u /* tokens asked for before they are entered */
#define BATCH_ITEMS 16384u
#define BATCH_TEXT (16u << 20)
#define COLD_FLUSH (4u << 20)
#define SLOTS_MIN (1u << 16)
#define VEC_MIN 8192u
#define VEC_MAPPED (128 << 10)
#define VEC_DOUBLED (1u << 20)
#define OBLIGOR_ID_MAX 64u

void *
mvec_grow(struct mvec *v, size_t n)
{
	size_t size = v->size < VEC_MIN ? VEC_MIN : v->size;
	void *p;

	while (size < v->n + n)
		size += size < VEC_DOUBLED ? size : size / 2;
	p = realloc(v->p, size);
	if (p == NULL)
		return NULL;
	v->p = p;
	v->size = size;
	v->n += n;
	return (char *)v->p + v->n - n;
}

void
mvec_free(struct mvec *v)
{
	free(v->p);
	memset(v, 0, sizeof(*v));
}

bool
mvec_put(struct mvec *v, const void *p, size_t n)
{
	void *to = mvec_more(v, n);

	if (to == NULL)
		return false;
	if (n > 0)
		memcpy(to, p, n);
	return true;
}

/* What a slice hands over, as it is taken. */
struct intake {
	const uint64_t *h;
	const struct mwritten *written;
	const char *letters;
};

static size_t
slot_at(const struct mdict *d, uint64_t h)
{
	return (size_t)(h >> 3) & (d->slots - 1);
}

static void
ask_slots(const struct mdict *d, const uint64_t *h, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		__builtin_prefetch(&d->slot[slot_at(d, h[i])]);
}

static struct mdict_slot *
find_slot(const struct mdict *d, uint64_t h)
{
	size_t at = slot_at(d, h);

	while (d->slot[at].print != 0 && d->slot[at].h != h)
		at = (at + 1) & (d->slots - 1);
	return &d->slot[at];
}

static bool
grow_dict(struct mdict *d)
{
	struct mdict big = { .slots = d->slots == 0 ? SLOTS_MIN :
						      d->slots * 2,
			     .n = d->n };

	big.slot = mbig_zero(big.slots * sizeof(*big.slot));
	if (big.slot == NULL)
		return false;
	for (size_t i = 0; i < d->slots; i++)
		if (d->slot[i].print != 0)
			*find_slot(&big, d->slot[i].h) = d->slot[i];
	free(d->slot);
	*d = big;
	return true;
}

/* The slot of h, made when new; NULL when there is no room. */
static struct mdict_slot *
enter(struct mdict *d, uint64_t h, uint32_t print, bool *new)
{
	struct mdict_slot *s;

	if ((size_t)d->n * 5 >= d->slots * 3 && !grow_dict(d))
		return NULL;
	s = find_slot(d, h);
	*new = s->print == 0;
	if (*new && d->n + 1 >= MSEG_TOKENS_MAX)
		return NULL;
	if (*new)
		*s = (struct mdict_slot){ h, d->n++, print };
	return s;
}

/* Letters with their length byte; false when there is no room. */
static bool
put_letters(struct mbuild *b, const char *letters, uint32_t *off)
{
	*off = (uint32_t)b->letters.n;
	return b->letters.n + 256 <= UINT32_MAX &&
	       mvec_put(&b->letters, letters, 1 + (size_t)(uint8_t)*letters);
}

/* The provisional id of a token; *usual: written as it was met first. */
static bool
enter_token(struct mbuild *b, uint64_t h, struct mwritten w,
	    const char *letters, uint32_t *id, bool *usual)
{
	bool new;
	struct mdict_slot *s = enter(&b->token, h, w.print, &new);
	uint32_t off;

	if (s == NULL)
		return false;
	*id = s->id;
	*usual = s->print == w.print;
	return !new || (put_letters(b, letters, &off) &&
			mvec_put(&b->tok_h, &h, 8) &&
			mvec_put(&b->tok_text, &off, 4) &&
			mvec_put(&b->tok_form, &w.form, 2));
}

/* Adds place and form of a token to the tail of its row. */
static bool
put_form(struct mbuild *b, unsigned place, uint64_t h, struct mwritten w,
	 const char *letters)
{
	bool new;
	struct mdict_slot *s =
	    enter(&b->forms, mtab_mix(h, w.print), 1, &new);
	struct mseg_form f = { .form = w.form };
	uint8_t byte[1 + MSEG_VARINT_MAX] = { (uint8_t)place };

	return s != NULL &&
	       (!new || (put_letters(b, letters, &f.text) &&
			 mvec_put(&b->form, &f, sizeof(f)))) &&
	       mvec_put(&b->tail, byte, 1 + mseg_put_varint(byte + 1, s->id));
}

/* Ids of a row's tokens, and its tail; in moves on behind them. */
static bool
take_tokens(struct mbuild *b, struct mfolded *r, struct intake *in)
{
	uint32_t *id = mvec_more(&b->ids, r->meta.n * 4u);
	size_t tail = b->tail.n, forms;

	if (id == NULL || (r->meta.flags & MR_SCRIPTS &&
			   !mvec_put(&b->tail, &r->scripts, 2)))
		return false;
	forms = b->tail.n;
	for (unsigned k = 0; k < r->meta.n; k++) {
		uint8_t length = 0;
		bool usual;

		if (!enter_token(b, in->h[k], in->written[k], in->letters,
				 &id[k], &usual))
			return false;
		if (!usual && forms == b->tail.n &&
		    !mvec_put(&b->tail, &length, 1))
			return false;
		if (!usual && !put_form(b, k, in->h[k], in->written[k],
					in->letters))
			return false;
		in->letters += 1 + (uint8_t)*in->letters;
	}
	if (b->tail.n > forms) {
		r->meta.flags |= MR_FORMS;
		((uint8_t *)b->tail.p)[forms] = (uint8_t)(b->tail.n - forms - 1);
	}
	r->meta.tail = (uint8_t)(b->tail.n - tail);
	in->h += r->meta.n;
	in->written += r->meta.n;
	return true;
}

bool
mbuild_keys(struct mbuild *b, const uint64_t *key, unsigned n, uint64_t row)
{
	for (unsigned i = 0; i < n; i++) {
		struct mvec *part = &b->key[key[i] >> (64 - MBUILD_PART_BITS)];
		struct mkey_row *k = mvec_more(part, sizeof(*k));

		if (k == NULL)
			return false;
		*k = (struct mkey_row){ (uint32_t)(key[i] >> 32),
					(uint32_t)row, (uint16_t)key[i] };
	}
	return true;
}

static bool
take_keys(struct mbuild *b, const struct mfolded *r, const uint64_t **key)
{
	if (!mbuild_keys(b, *key, r->keys, b->rows))
		return false;
	*key += r->keys;
	return (r->meta.flags & (MR_VIEWS | MR_ALIAS)) != 0 ||
	       mvec_put(&b->set[r->set >> (64 - MBUILD_PART_BITS)], &r->set, 8);
}

/* Takes the rows of a folded slice, in order. */
static bool
take_slice(struct mbuild *b, const struct mslice *s)
{
	struct intake in = { s->h.p, s->written.p, s->letters.p };
	size_t left = s->h.n / 8;
	const uint64_t *key = s->key.p;
	struct mseg_block block = { .cold = b->cold_n + b->out.n };

	for (size_t i = 0; i < s->row.n / sizeof(struct mfolded); i++) {
		struct mfolded r = ((const struct mfolded *)s->row.p)[i];

		if (b->token.slots > 0 && SLOTS_AHEAD + r.meta.n <= left)
			ask_slots(&b->token, in.h + SLOTS_AHEAD, r.meta.n);
		if (b->rows + 1 >= MSEG_ROWS_MAX ||
		    (b->rows % MSEG_BLOCK == 0 &&
		     !mvec_put(&b->block, &block, sizeof(block))) ||
		    !take_tokens(b, &r, &in) || !take_keys(b, &r, &key) ||
		    !mvec_put(&b->meta, &r.meta, sizeof(r.meta)) ||
		    !mvec_put(&b->mark, &r.mark, sizeof(r.mark)))
			return false;
		b->head.scripts |= r.scripts;
		left -= r.meta.n;
		block.cold += r.cold_n;
		b->rows++;
	}
	return mvec_put(&b->out, s->cold.p, s->cold.n) &&
	       (b->out.n < COLD_FLUSH || mbuild_flush_cold(b) == ERR_OK);
}

enum err
mbuild_take(struct mbuild *b, const struct mslice *s)
{
	if (b->err == ERR_OK && (s->failed || !take_slice(b, s)) &&
	    b->err == ERR_OK)
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

/* Everything but the file; NULL when memory is out. */
static struct mbuild *
begin(unsigned threads)
{
	struct mbuild *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->fd = -1;
	b->threads = threads == 0		    ? 1 :
		     threads > MBUILD_THREADS_MAX ? MBUILD_THREADS_MAX :
						    threads;
	b->cold_sum = msum_new();
	if (b->cold_sum != NULL && mfolder_start(b))
		return b;
	mbuild_free(b);
	return NULL;
}

enum err
mbuild_new(const char *path, unsigned threads, struct mbuild **out,
	   struct diag *d)
{
	struct mbuild *b = begin(threads);
	char head[MSEG_HEADER] = { 0 };

	if (b == NULL)
		return diag_set(d, ERR_LIMIT, 0, "no memory");
	b->path = join(path, "");
	b->tmp = join(path, ".tmp");
	if (b->path == NULL || b->tmp == NULL) {
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

enum err
mbuild_new_fd(int fd, const struct mseg_stamp *stamp, struct mbuild **out,
	      struct diag *d)
{
	struct mbuild *b = begin(1);
	char head[MSEG_HEADER] = { 0 };

	if (b == NULL)
		return diag_set(d, ERR_LIMIT, 0, "no memory");
	b->head.stamp = *stamp;
	b->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (b->fd < 0 || mbuild_write(b, head, sizeof(head)) != ERR_OK) {
		mbuild_free(b);
		return diag_set(d, ERR_IO, 0, "the index cannot be written");
	}
	*out = b;
	return ERR_OK;
}

static uint32_t
keep(struct mbuild *b, struct str s, size_t max, uint32_t *n)
{
	size_t at = b->fill->text.n;

	if (s.n > max)
		s.n = max;
	if (!mvec_put(&b->fill->text, s.p, s.n)) {
		b->err = ERR_LIMIT;
		s.n = 0;
	}
	*n = (uint32_t)s.n;
	return (uint32_t)at;
}

static void
add_name(struct mbuild *b, const struct mitem *of, struct str name)
{
	struct mitem *item = mvec_more(&b->fill->item, sizeof(*item));

	if (item == NULL) {
		b->err = ERR_LIMIT;
		return;
	}
	*item = *of;
	item->name = keep(b, name, MFOLD_BYTES_MAX, &item->name_n);
}

_Static_assert((1 + MBUILD_ALIASES_MAX) * (1 + MPARTS_MAX) * MV_COUNT <=
		   MSEG_OBLIGOR_ROWS_MAX,
	       "an obligor of more rows than mseg_first looks at");

/* The name, and the names inside it as aliases. */
static void
add_names(struct mbuild *b, struct mitem *item, struct str name)
{
	struct str part[MPARTS_MAX];
	unsigned n = mparts(name, part);

	add_name(b, item, name);
	item->alias = 1;
	for (unsigned i = 0; i < n; i++)
		add_name(b, item, part[i]);
}

bool
mbuild_alias(struct str *rest, char *dst, size_t size, size_t *n)
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
	UNSET char alias[MFOLD_BYTES_MAX];
	size_t n;

	if (b->err != ERR_OK)
		return diag_set(d, b->err, 0, "the index cannot grow further");
	if (o->obligor_id.n == 0 || o->obligor_id.n > OBLIGOR_ID_MAX)
		return diag_set(d, ERR_INPUT, 0, "obligor_id: 1 to %u bytes",
				OBLIGOR_ID_MAX);
	/* What is taken for a part goes back as the part is done; not for an
	 * index of nobody, which core makes. */
	if (b->obligors == 0)
		(void)mallopt(M_MMAP_THRESHOLD, VEC_MAPPED);
	item.id = keep(b, o->obligor_id, OBLIGOR_ID_MAX, &item.id_n);
	item.ids = keep(b, o->ids, MBUILD_IDS_MAX, &item.ids_n);
	item.addr = keep(b, o->address, MBUILD_ADDRESS_MAX, &item.addr_n);
	add_names(b, &item, o->name);
	for (unsigned i = 0; i < MBUILD_ALIASES_MAX &&
			     mbuild_alias(&rest, alias, sizeof(alias), &n);
	     i++)
		if (n > 0)
			add_names(b, &item, (struct str){ alias, n });
	b->obligors++;
	if (b->fill->item.n >= BATCH_ITEMS * sizeof(item) ||
	    b->fill->text.n >= BATCH_TEXT)
		mfolder_next(b);
	if (b->err != ERR_OK)
		return diag_set(d, b->err, 0, "the index cannot grow further");
	return ERR_OK;
}

enum err
mbuild_end(struct mbuild *b, struct mbuild_stats *st, struct diag *d)
{
	enum err err = mfolder_end(b);

	if (err == ERR_OK)
		err = mbuild_sections(b);
	if (err != ERR_OK)
		return diag_set(d, err, 0, "the index cannot be written: %s",
				err_text(err));
	if (fsync(b->fd) != 0 ||
	    (b->path != NULL && rename(b->tmp, b->path) != 0))
		return diag_set(d, ERR_IO, 0, "%s cannot be written",
				b->path == NULL ? "the index" : b->path);
	free(b->tmp);
	b->tmp = NULL;
	*st = (struct mbuild_stats){ .rows = b->rows,
				     .obligors = b->obligors,
				     .tokens = b->token.n,
				     .shared_set = b->head.shared_set,
				     .bytes = b->head.size };
	for (unsigned i = 0; i < SEG_COUNT; i++)
		st->part[i] = b->head.section[i].n;
	return ERR_OK;
}

void
mbuild_free(struct mbuild *b)
{
	struct mvec *all[] = { &b->meta,     &b->ids,	  &b->tail,
			       &b->mark,
			       &b->tok_h,
			       &b->tok_df,   &b->tok_text, &b->tok_form,
			       &b->form,     &b->letters, &b->block,
			       &b->out };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		mvec_free(all[i]);
	for (unsigned i = 0; i < MBUILD_PARTS; i++) {
		mvec_free(&b->key[i]);
		mvec_free(&b->set[i]);
	}
	mfolder_stop(b);
	if (b->cold_sum != NULL)
		(void)msum_end(b->cold_sum);
	if (b->fd >= 0)
		(void)close(b->fd);
	if (b->tmp != NULL)
		(void)unlink(b->tmp);
	free(b->token.slot);
	free(b->forms.slot);
	free(b->tmp);
	free(b->path);
	free(b);
}

/*
 * mbuild_out.c - the sections of a segment, from the folded rows.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mbig.h"
#include "mbuild_priv.h"

#define POST_MAX 32768u	 /* longer posting lists are not kept */
#define SPLIT_MIN MSEG_SPLIT_MIN
#define SPLIT_LEN_MAX 32768u
#define NONE_KEPT UINT32_MAX
#define TOKENS_AHEAD 32u
#define ROWS_AHEAD 20u /* rows whose slots are asked for before */

enum err
mbuild_write(struct mbuild *b, const void *p, size_t n)
{
	const char *from = p;

	while (n > 0) {
		ssize_t w = write(b->fd, from, n);

		if (w <= 0)
			return b->err = ERR_IO;
		from += w;
		n -= (size_t)w;
		b->at += (uint64_t)w;
	}
	return ERR_OK;
}

enum err
mbuild_flush_cold(struct mbuild *b)
{
	if (b->out.n > 0)
		msum_put(b->cold_sum, b->out.p, b->out.n);
	b->cold_n += b->out.n;
	if (mbuild_write(b, b->out.p, b->out.n) != ERR_OK)
		return b->err;
	b->out.n = 0;
	return ERR_OK;
}

/* Everything behind the cold part is summed as it is written. */
static enum err
put_bytes(struct mbuild *b, const void *p, size_t n)
{
	if (n > 0)
		msum_put(b->cold_sum, p, n);
	return mbuild_write(b, p, n);
}

static enum err
pad(struct mbuild *b)
{
	static const char zero[MSEG_ALIGN];

	return put_bytes(b, zero, (MSEG_ALIGN - b->at % MSEG_ALIGN) % MSEG_ALIGN);
}

static enum err
section(struct mbuild *b, enum mseg_section sec, const void *p, size_t n)
{
	enum err err = pad(b);

	b->head.section[sec].off = b->at;
	b->head.section[sec].n = n;
	return err == ERR_OK ? put_bytes(b, p, n) : err;
}

unsigned
mbuild_bits(uint64_t n)
{
	unsigned bits = 4;

	while ((UINT64_C(1) << bits) < n)
		bits++;
	return bits;
}

/* How many names have a token, while its number is provisional. */
static enum err
count_names(struct mbuild *b)
{
	const uint32_t *ids = b->ids.p;
	size_t n = b->ids.n / 4, size = (size_t)b->token.n * 4;
	uint32_t *df = mvec_more(&b->tok_df, size);

	if (df == NULL)
		return ERR_LIMIT;
	memset(df, 0, size);
	for (size_t i = 0; i < n; i++) {
		if (i + TOKENS_AHEAD < n)
			__builtin_prefetch(&df[ids[i + TOKENS_AHEAD]], 1);
		df[ids[i]]++;
	}
	return ERR_OK;
}

/* rank[provisional] = id by falling df: a counting sort. */
static enum err
rank_tokens(struct mbuild *b, uint32_t **rank)
{
	const uint32_t *df = b->tok_df.p;
	uint32_t n = b->token.n, big = 0;
	uint32_t *count;
	uint64_t at = 0;

	for (uint32_t i = 0; i < n; i++)
		if (df[i] > big)
			big = df[i];
	count = calloc((size_t)big + 2, 4);
	*rank = malloc((size_t)n * 4 + 4);
	if (count == NULL || *rank == NULL) {
		free(count);
		return ERR_LIMIT;
	}
	for (uint32_t i = 0; i < n; i++)
		count[df[i]]++;
	for (uint32_t v = big + 1; v-- > 0;) {
		uint32_t c = count[v];

		count[v] = (uint32_t)at;
		at += c;
	}
	for (uint32_t i = 0; i < n; i++)
		(*rank)[i] = count[df[i]]++;
	free(count);
	return ERR_OK;
}

/* Token ids become ranks; df and hash follow. */
static enum err
apply_rank(struct mbuild *b, const uint32_t *rank)
{
	uint32_t *ids = b->ids.p;
	size_t n = b->ids.n / 4;
	uint32_t *df = malloc((size_t)b->token.n * 4 + 4);
	uint64_t *h = malloc((size_t)b->token.n * 8 + 8);
	uint32_t *text = malloc((size_t)b->token.n * 4 + 4);
	uint16_t *form = malloc((size_t)b->token.n * 2 + 2);
	bool ok = df != NULL && h != NULL && text != NULL && form != NULL;

	free(b->token.slot);
	b->token.slot = NULL;
	b->token.slots = 0;
	for (size_t i = 0; ok && i < n; i++)
		ids[i] = rank[ids[i]];
	for (uint32_t i = 0; ok && i < b->token.n; i++) {
		df[rank[i]] = ((uint32_t *)b->tok_df.p)[i];
		h[rank[i]] = ((uint64_t *)b->tok_h.p)[i];
		text[rank[i]] = ((uint32_t *)b->tok_text.p)[i];
		form[rank[i]] = ((uint16_t *)b->tok_form.p)[i];
	}
	free(b->tok_df.p);
	free(b->tok_h.p);
	free(b->tok_text.p);
	free(b->tok_form.p);
	b->tok_df.p = df;
	b->tok_h.p = h;
	b->tok_text.p = text;
	b->tok_form.p = form;
	return ok ? ERR_OK : ERR_LIMIT;
}

static enum err
put_row(const struct mrow_meta *m, const uint32_t *ids, const uint8_t *tail,
	struct mvec *row, uint8_t *len)
{
	UNSET uint8_t rec[UINT8_MAX];
	size_t n = 3;
	void *to;

	rec[0] = m->flags;
	memcpy(rec + 1, &m->classes, 2);
	must(n + m->tail + m->n * MSEG_VARINT_MAX <= sizeof(rec));
	if (m->tail > 0)
		memcpy(rec + n, tail, m->tail);
	n += m->tail;
	for (unsigned i = 0; i < m->n; i++)
		n += mseg_put_varint(rec + n, ids[i]);
	to = mvec_more(row, n);
	if (to == NULL)
		return ERR_LIMIT;
	memcpy(to, rec, n);
	*len = (uint8_t)n;
	return ERR_OK;
}

static enum err
write_rows(struct mbuild *b)
{
	struct mvec row = { 0 };
	struct mseg_block *block = b->block.p;
	const struct mrow_meta *m = b->meta.p;
	const uint32_t *ids = b->ids.p;
	const uint8_t *tails = b->tail.p;
	size_t tail = 0;
	enum err err = ERR_OK;

	for (uint64_t r = 0; r < b->rows && err == ERR_OK; r++) {
		struct mseg_block *k = &block[r / MSEG_BLOCK];

		if (r % MSEG_BLOCK == 0)
			k->row = row.n;
		err = put_row(&m[r], ids, m[r].tail > 0 ? tails + tail : NULL,
			      &row, &k->len[r % MSEG_BLOCK]);
		k->home[r % MSEG_BLOCK] = m[r].country;
		ids += m[r].n;
		tail += m[r].tail;
	}
	if (b->rows % MSEG_BLOCK == 0)
		block[b->rows / MSEG_BLOCK].row = row.n;
	if (err == ERR_OK)
		err = section(b, SEG_BLOCK, b->block.p, b->block.n);
	if (err == ERR_OK)
		err = section(b, SEG_ROW, row.p, row.n);
	mvec_free(&b->block);
	mvec_free(&row);
	return err;
}

static enum err
write_dict(struct mbuild *b)
{
	unsigned bits = mbuild_bits((uint64_t)b->token.n * 8 / 5 + 16);
	uint64_t mask = (UINT64_C(1) << bits) - 1;
	uint64_t *slot = malloc((mask + 1) * 8);
	const uint64_t *h = b->tok_h.p;
	enum err err = ERR_LIMIT;

	if (slot != NULL) {
		memset(slot, 0xFF, (mask + 1) * 8);
		for (uint32_t i = 0; i < b->token.n; i++) {
			uint64_t at = h[i] & mask;

			while (slot[at] != UINT64_MAX)
				at = (at + 1) & mask;
			slot[at] = (h[i] >> 28) << 28 | i;
		}
		b->head.slot_bits = bits;
		err = section(b, SEG_SLOT, slot, (mask + 1) * 8);
	}
	free(slot);
	if (err == ERR_OK)
		err = section(b, SEG_TEXT, b->letters.p, b->letters.n);
	if (err == ERR_OK)
		err = section(b, SEG_FORM, b->form.p, b->form.n);
	return err;
}

/* Lists of rows, encoded as count and gaps. */
static bool
put_list(struct mvec *post, const uint32_t *row, uint32_t n)
{
	uint8_t *p = mvec_more(post, 5 + (size_t)n * 5);
	size_t k;
	uint32_t last = 0;

	if (p == NULL)
		return false;
	k = mseg_put_varint(p, n);
	for (uint32_t i = 0; i < n; i++) {
		k += mseg_put_varint(p + k, row[i] - last);
		last = row[i];
	}
	post->n -= 5 + (size_t)n * 5 - k;
	return true;
}

/* Rows of every token with df <= POST_MAX, token after token. */
static enum err
scatter(struct mbuild *b, uint64_t **start, uint32_t **rows)
{
	const uint32_t *df = b->tok_df.p;
	const uint32_t *ids = b->ids.p;
	const struct mrow_meta *m = b->meta.p;
	uint64_t at = 0;

	*start = mbig_new(((size_t)b->token.n + 1) * 8);
	if (*start == NULL)
		return ERR_LIMIT;
	for (uint32_t i = 0; i < b->token.n; i++) {
		(*start)[i] = at;
		at += df[i] <= POST_MAX ? df[i] : 0;
	}
	(*start)[b->token.n] = at;
	*rows = mbig_new(at * 4);
	if (*rows == NULL)
		return ERR_LIMIT;
	for (uint64_t r = 0; r < b->rows; ids += m[r].n, r++)
		for (unsigned k = 0; k < m[r].n; k++)
			if (df[ids[k]] <= POST_MAX)
				(*rows)[(*start)[ids[k]]++] = (uint32_t)r;
	return ERR_OK;
}

/*
 * Slots of (token, country).  Until its list is written, post of a slot is
 * its number in the order they were met.
 */
struct split_job {
	struct mbuild *b;
	struct mseg_split *slot;
	uint64_t mask;
	uint64_t used;
	uint32_t tokens; /* ids below this are common enough */
	struct mvec list; /* struct split_list by number */
	uint32_t *hit; /* the number, for every common token of every row */
	uint32_t *rows; /* list after list */
};

struct split_list {
	uint32_t n;
	uint32_t end; /* in rows, so far; NONE_KEPT: too many */
};

static struct mseg_split *
split_slot(const struct split_job *j, uint32_t token, uint16_t country)
{
	uint64_t at = mtab_mix(token, country) & j->mask;

	while (j->slot[at].used && (j->slot[at].token != token ||
				    j->slot[at].country != country))
		at = (at + 1) & j->mask;
	return &j->slot[at];
}

static bool
split_grow(struct split_job *j)
{
	struct split_job big = *j;

	if (j->used * 2 <= j->mask)
		return true;
	big.mask = j->mask * 2 + 1;
	big.slot = mbig_zero((big.mask + 1) * sizeof(*big.slot));
	if (big.slot == NULL)
		return false;
	for (uint64_t i = 0; i <= j->mask; i++)
		if (j->slot[i].used)
			*split_slot(&big, j->slot[i].token,
				    j->slot[i].country) = j->slot[i];
	free(j->slot);
	*j = big;
	return true;
}

static bool
split_count(struct split_job *j, uint32_t token, uint16_t country,
	    uint32_t *number)
{
	struct mseg_split *s = split_slot(j, token, country);
	struct split_list one = { 1, 0 };

	if (s->used) {
		*number = (uint32_t)s->post;
		((struct split_list *)j->list.p)[*number].n++;
		return true;
	}
	*number = (uint32_t)j->used;
	*s = (struct mseg_split){ .token = token,
				  .country = country,
				  .used = 1,
				  .post = j->used++ };
	return mvec_put(&j->list, &one, sizeof(one)) && split_grow(j);
}

/* Asks for the slots of a row. */
static void
split_ask(const struct split_job *j, const uint32_t *ids,
	  const struct mrow_meta *m)
{
	for (unsigned k = 0; k < m->n; k++) {
		uint64_t at = mtab_mix(ids[k], m->country) & j->mask;

		if (ids[k] < j->tokens)
			__builtin_prefetch(&j->slot[at]);
	}
}

/* Counts every row and common token of it; the slots are asked for before. */
static bool
split_rows(struct split_job *j)
{
	const uint32_t *ids = j->b->ids.p, *soon = ids;
	const struct mrow_meta *m = j->b->meta.p;
	uint32_t *hit = j->hit;
	uint64_t ahead = 0;

	for (uint64_t r = 0; r < j->b->rows; ids += m[r].n, r++) {
		for (; ahead < j->b->rows && ahead < r + ROWS_AHEAD; ahead++) {
			split_ask(j, soon, &m[ahead]);
			soon += m[ahead].n;
		}
		for (unsigned k = 0; m[r].country != 0 && k < m[r].n; k++)
			if (ids[k] < j->tokens &&
			    !split_count(j, ids[k], m[r].country, hit++))
				return false;
	}
	return true;
}

/* The rows of every list that is kept, in order. */
static bool
split_fill(struct split_job *j)
{
	const uint32_t *ids = j->b->ids.p, *hit = j->hit;
	const struct mrow_meta *m = j->b->meta.p;
	struct split_list *list = j->list.p;
	uint32_t at = 0;

	for (uint64_t i = 0; i < j->used; i++) {
		bool kept = list[i].n <= SPLIT_LEN_MAX;

		list[i].end = kept ? at : NONE_KEPT;
		at += kept ? list[i].n : 0;
	}
	j->rows = mbig_new((size_t)at * 4);
	if (j->rows == NULL)
		return false;
	for (uint64_t r = 0; r < j->b->rows; ids += m[r].n, r++)
		for (unsigned k = 0; m[r].country != 0 && k < m[r].n; k++)
			if (ids[k] < j->tokens) {
				struct split_list *l = &list[*hit++];

				if (l->end != NONE_KEPT)
					j->rows[l->end++] = (uint32_t)r;
			}
	return true;
}

/* Writes the lists; their slots say where. */
static enum err
split_lists(struct split_job *j, struct mvec *post)
{
	const struct split_list *list = j->list.p;

	for (uint64_t i = 0; i <= j->mask; i++) {
		struct mseg_split *s = &j->slot[i];
		struct split_list l;

		if (!s->used || list == NULL)
			continue;
		l = list[s->post];
		s->post = l.end == NONE_KEPT ? UINT64_MAX : post->n;
		if (l.end != NONE_KEPT &&
		    !put_list(post, j->rows + (l.end - l.n), l.n))
			return ERR_LIMIT;
	}
	return ERR_OK;
}

static enum err
write_split(struct mbuild *b, struct mvec *post)
{
	struct split_job j = { .b = b, .mask = 1023 };
	const uint32_t *df = b->tok_df.p;
	enum err err = ERR_LIMIT;
	uint64_t hits = 0;

	for (; j.tokens < b->token.n && df[j.tokens] > SPLIT_MIN; j.tokens++)
		hits += df[j.tokens];
	j.slot = mbig_zero((j.mask + 1) * sizeof(*j.slot));
	j.hit = malloc(hits * 4 + 4);
	if (j.slot != NULL && j.hit != NULL && hits < NONE_KEPT &&
	    split_rows(&j) && split_fill(&j))
		err = split_lists(&j, post);
	if (err == ERR_OK) {
		b->head.split_bits = mbuild_bits(j.mask + 1);
		err = section(b, SEG_SPLIT, j.slot,
			      (j.mask + 1) * sizeof(*j.slot));
	}
	mvec_free(&j.list);
	free(j.slot);
	free(j.hit);
	free(j.rows);
	return err;
}

static enum err
write_posts(struct mbuild *b)
{
	struct mseg_token *tok = malloc((size_t)b->token.n * sizeof(*tok) + 1);
	const uint32_t *df = b->tok_df.p;
	const uint32_t *text = b->tok_text.p;
	const uint16_t *form = b->tok_form.p;
	struct mvec post = { 0 };
	uint64_t *start = NULL;
	uint32_t *rows = NULL;
	enum err err = tok == NULL ? ERR_LIMIT : scatter(b, &start, &rows);

	for (uint32_t i = 0; err == ERR_OK && i < b->token.n; i++) {
		uint64_t at = df[i] > POST_MAX ? MSEG_NO_POST : post.n;

		tok[i] = (struct mseg_token){ .df = df[i],
					      .text = text[i],
					      .post = (uint32_t)at,
					      .post_high = (uint16_t)(at >> 32),
					      .form = form[i] };
		if (at != MSEG_NO_POST &&
		    !put_list(&post, rows + start[i] - df[i], df[i]))
			err = ERR_LIMIT;
	}
	free(start);
	free(rows);
	if (err == ERR_OK)
		err = section(b, SEG_TOKEN, tok,
			      (size_t)b->token.n * sizeof(*tok));
	free(tok);
	if (err == ERR_OK)
		err = write_split(b, &post);
	if (err == ERR_OK)
		err = section(b, SEG_POST, post.p, post.n);
	mvec_free(&post);
	return err;
}

static enum err
write_tables(struct mbuild *b, const struct mtables *t)
{
	size_t vars = (((size_t)1 << t->var_bits) + 1) * 4;
	size_t keys = (((size_t)1 << t->key_bits) + 1) * 4;
	enum err err = section(b, SEG_VAR_BASE, t->var_base, vars);

	b->head.var_bits = t->var_bits;
	b->head.key_bits = t->key_bits;
	b->head.shared_set = t->shared_set;
	if (err == ERR_OK)
		err = section(b, SEG_VAR, t->var, t->vars * 4);
	if (err == ERR_OK)
		err = section(b, SEG_KEY_BASE, t->key_base, keys);
	if (err == ERR_OK)
		err = section(b, SEG_KEY, t->key, t->keys * sizeof(*t->key));
	return err;
}

static enum err
write_head(struct mbuild *b, uint64_t cold_sum, uint64_t sum)
{
	char page[MSEG_HEADER] = { 0 };

	b->head.magic = MSEG_MAGIC;
	b->head.version = MSEG_VERSION;
	b->head.table_version = MTAB_VERSION;
	b->head.table_hash = mtab_hash();
	b->head.size = b->at;
	b->head.rows = b->rows;
	b->head.obligors = b->obligors;
	b->head.tokens = b->token.n;
	b->head.checksum = mtab_mix(cold_sum, sum);
	b->head.head_sum = msum_head(b->head);
	memcpy(page, &b->head, sizeof(b->head));
	return pwrite(b->fd, page, sizeof(page), 0) == sizeof(page) ? ERR_OK :
								      ERR_IO;
}

/* Rows, tokens and postings, while another thread makes the other tables. */
static enum err
write_lists(struct mbuild *b)
{
	struct mtables t = { .b = b };
	pthread_t thread = 0;
	bool started = b->threads > 1 &&
		       pthread_create(&thread, NULL, mtables_make, &t) == 0;
	enum err err = write_rows(b);

	if (err == ERR_OK)
		err = write_dict(b);
	if (err == ERR_OK)
		err = write_posts(b);
	if (started)
		(void)pthread_join(thread, NULL);
	else
		(void)mtables_make(&t);
	if (err == ERR_OK)
		err = t.err;
	if (err == ERR_OK)
		err = write_tables(b, &t);
	mtables_free(&t);
	return err;
}

enum err
mbuild_sections(struct mbuild *b)
{
	struct mseg_block end = { 0 };
	uint64_t cold_sum;
	uint32_t *rank = NULL;
	enum err err = mbuild_flush_cold(b);

	if (err != ERR_OK)
		return err;
	mvec_free(&b->out);
	end.cold = b->cold_n;
	if (b->rows % MSEG_BLOCK == 0 &&
	    !mvec_put(&b->block, &end, sizeof(end)))
		return ERR_LIMIT;
	b->head.section[SEG_COLD].off = MSEG_HEADER;
	b->head.section[SEG_COLD].n = b->cold_n;
	cold_sum = msum_end(b->cold_sum);
	b->cold_sum = msum_new();
	if (b->cold_sum == NULL)
		return ERR_LIMIT;
	err = count_names(b);
	if (err == ERR_OK)
		err = rank_tokens(b, &rank);
	if (err == ERR_OK)
		err = apply_rank(b, rank);
	free(rank);
	if (err == ERR_OK)
		err = write_lists(b);
	mvec_free(&b->ids);
	mvec_free(&b->meta);
	if (err == ERR_OK)
		err = section(b, SEG_MARK, b->mark.p, b->mark.n);
	if (err == ERR_OK) {
		uint64_t sum = msum_end(b->cold_sum);

		b->cold_sum = NULL;
		err = write_head(b, cold_sum, sum);
	}
	return err;
}

/*
 * mseg.c - opening and reading segments.
 */
#include "mseg.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mseg_sum.h"
#include "mweight.h"

#define COLD_MAPPED_MAX (UINT64_C(1) << 31)
#define SUM_CHUNK (1u << 20)
#define KEY_READ 4096u /* entries of a bucket that are read */

/* Sums the cold section by reading it, a megabyte at a time. */
struct cold_job {
	int fd;
	uint64_t off, n;
	uint64_t sum;
	bool ok;
};

static void *
sum_cold(void *ctx)
{
	struct cold_job *j = ctx;
	static _Thread_local char chunk[SUM_CHUNK];
	struct msum *s = msum_new();

	j->ok = s != NULL;
	for (uint64_t done = 0; j->ok && done < j->n;) {
		uint64_t want = j->n - done;
		ssize_t n = pread(j->fd, chunk,
				  want < SUM_CHUNK ? (size_t)want : SUM_CHUNK,
				  (off_t)(j->off + done));

		j->ok = n > 0;
		if (!j->ok)
			break;
		msum_put(s, chunk, (size_t)n);
		done += (uint64_t)n;
	}
	if (s != NULL)
		j->sum = msum_end(s);
	return NULL;
}

static enum err
check_head(const struct mseg_head *h, uint64_t size, struct diag *d)
{
	uint64_t rows = h->rows;

	if (h->magic != MSEG_MAGIC)
		return diag_set(d, ERR_INPUT, 0, "not a match index");
	if (h->version != MSEG_VERSION)
		return diag_set(d, ERR_INPUT, 0,
				"index version %u, this program reads %u",
				h->version, MSEG_VERSION);
	if (h->head_sum != msum_head(*h))
		return diag_set(d, ERR_CORRUPT, 0, "index header is damaged");
	if (h->table_version != MTAB_VERSION || h->table_hash != mtab_hash())
		return diag_set(d, ERR_INPUT, 0,
				"index was built with other tables");
	if (h->size != size)
		return diag_set(d, ERR_CORRUPT, 0,
				"index has %llu bytes, its header says %llu",
				(unsigned long long)size,
				(unsigned long long)h->size);
	for (unsigned i = 0; i < SEG_COUNT; i++)
		if (h->section[i].off < MSEG_HEADER ||
		    h->section[i].off % MSEG_ALIGN != 0 ||
		    h->section[i].off > size ||
		    h->section[i].n > size - h->section[i].off)
			return diag_set(d, ERR_CORRUPT, 0,
					"index section %u lies outside", i);
	if (rows > MSEG_ROWS_MAX || h->tokens > MSEG_TOKENS_MAX ||
	    h->slot_bits > 34 || h->var_bits > 32 || h->key_bits > 32 ||
	    h->split_bits > 32 ||
	    h->section[SEG_BLOCK].n !=
		(rows / MSEG_BLOCK + 1) * sizeof(struct mseg_block) ||
	    h->section[SEG_SLOT].n != UINT64_C(8) << h->slot_bits ||
	    h->section[SEG_SPLIT].n != UINT64_C(16) << h->split_bits ||
	    h->section[SEG_TOKEN].n != h->tokens * 16 ||
	    h->section[SEG_FORM].n % 8 != 0 ||
	    h->section[SEG_MARK].n != rows * 4 ||
	    h->section[SEG_VAR_BASE].n !=
		((UINT64_C(1) << h->var_bits) + 1) * 4 ||
	    h->section[SEG_KEY_BASE].n !=
		((UINT64_C(1) << h->key_bits) + 1) * 4)
		return diag_set(d, ERR_CORRUPT, 0, "index sizes disagree");
	return ERR_OK;
}

static enum err
verify(struct mseg *s, struct diag *d)
{
	const struct mseg_head *h = &s->head;
	struct cold_job job = { .fd = s->fd,
				.off = h->section[SEG_COLD].off,
				.n = h->section[SEG_COLD].n };
	uint64_t from = h->section[SEG_COLD].off + h->section[SEG_COLD].n;
	uint64_t sum;
	pthread_t thread;
	bool joined = pthread_create(&thread, NULL, sum_cold, &job) == 0;

	if (!joined)
		(void)sum_cold(&job);
	sum = msum_of(s->map + (from - s->cold_off), h->size - from);
	if (joined)
		(void)pthread_join(thread, NULL);
	if (!job.ok)
		return diag_set(d, ERR_IO, 0, "index cannot be read");
	if (mtab_mix(job.sum, sum) != h->checksum)
		return diag_set(d, ERR_CORRUPT, 0,
				"index checksum does not fit");
	return ERR_OK;
}

static enum err
map_file(struct mseg *s, struct diag *d)
{
	const struct mseg_head *h = &s->head;
	bool all = h->size <= COLD_MAPPED_MAX;
	uint64_t cold_end = h->section[SEG_COLD].off + h->section[SEG_COLD].n;
	uint64_t from = all ? 0 : cold_end & ~UINT64_C(4095);
	void *p;

	p = mmap(NULL, h->size - from, PROT_READ, MAP_SHARED, s->fd,
		 (off_t)from);
	if (p == MAP_FAILED)
		return diag_set(d, ERR_IO, 0, "index cannot be mapped");
	s->map = p;
	s->map_n = h->size - from;
	s->cold_off = from;
	(void)madvise(p, s->map_n, MADV_WILLNEED);
	for (unsigned i = 0; i < SEG_COUNT; i++)
		if (i != SEG_COLD || all) {
			if (h->section[i].off < from)
				return diag_set(d, ERR_CORRUPT, 0,
						"index sections overlap");
			s->sec[i] = s->map + (h->section[i].off - from);
		}
	return ERR_OK;
}

/* What stands in out->fd, which is out's from here on. */
static enum err
open_taken(struct mseg *out, struct diag *d)
{
	struct stat st;
	enum err err = ERR_OK;

	mtab_get();
	if (fstat(out->fd, &st) != 0)
		err = diag_set(d, ERR_IO, 0, "index cannot be read");
	else if (pread(out->fd, &out->head, sizeof(out->head), 0) !=
		 (ssize_t)sizeof(out->head))
		err = diag_set(d, ERR_INPUT, 0, "not a match index");
	if (err == ERR_OK)
		err = check_head(&out->head, (uint64_t)st.st_size, d);
	if (err == ERR_OK)
		err = map_file(out, d);
	if (err == ERR_OK)
		err = verify(out, d);
	if (err == ERR_OK)
		mweight_fill(out);
	else
		mseg_close(out);
	return err;
}

enum err
mseg_open(const char *path, struct mseg *out, struct diag *d)
{
	memset(out, 0, sizeof(*out));
	out->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (out->fd < 0)
		return diag_set(d, ERR_IO, 0, "%s cannot be opened", path);
	return open_taken(out, d);
}

enum err
mseg_open_fd(int fd, struct mseg *out, struct diag *d)
{
	memset(out, 0, sizeof(*out));
	out->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (out->fd < 0)
		return diag_set(d, ERR_IO, 0, "index cannot be read");
	return open_taken(out, d);
}

void
mseg_close(struct mseg *s)
{
	if (s->map != NULL)
		(void)munmap((void *)(uintptr_t)s->map, s->map_n);
	if (s->fd >= 0)
		(void)close(s->fd);
	memset(s, 0, sizeof(*s));
	s->fd = -1;
}

void
mseg_rest(const struct mseg *s)
{
	if (s->map != NULL)
		(void)madvise((void *)(uintptr_t)s->map, s->map_n,
			      MADV_DONTNEED);
}

static uint64_t
get64(const struct mseg *s, enum mseg_section sec, uint64_t i)
{
	uint64_t v;

	memcpy(&v, s->sec[sec] + i * 8, 8);
	return v;
}

static uint32_t
get32(const struct mseg *s, enum mseg_section sec, uint64_t i)
{
	uint32_t v;

	memcpy(&v, s->sec[sec] + i * 4, 4);
	return v;
}

void
mseg_slot_prefetch(const struct mseg *s, uint64_t h)
{
	uint64_t mask = (UINT64_C(1) << s->head.slot_bits) - 1;

	__builtin_prefetch(s->sec[SEG_SLOT] + (h & mask) * 8);
}

uint32_t
mseg_token(const struct mseg *s, uint64_t h)
{
	uint64_t mask = (UINT64_C(1) << s->head.slot_bits) - 1;
	uint64_t tag = h >> 28;

	for (uint64_t at = h & mask, left = mask; left > 0;
	     at = (at + 1) & mask, left--) {
		uint64_t v = get64(s, SEG_SLOT, at);
		uint32_t id = (uint32_t)(v & 0xFFFFFFF);

		if (v == UINT64_MAX)
			break;
		if (v >> 28 == tag && id < s->head.tokens)
			return id;
	}
	return UINT32_MAX;
}

struct mseg_token
mseg_token_at(const struct mseg *s, uint32_t id)
{
	struct mseg_token t = { .post = UINT32_MAX, .post_high = UINT16_MAX };

	if (id < s->head.tokens)
		memcpy(&t, s->sec[SEG_TOKEN] + (uint64_t)id * 16, 16);
	return t;
}

/* The length byte and letters at off. */
static struct str
letters_at(const struct mseg *s, uint64_t off)
{
	uint64_t n = s->head.section[SEG_TEXT].n;
	const uint8_t *p = s->sec[SEG_TEXT];

	if (off >= n || p[off] > n - off - 1)
		return STR_NONE;
	return (struct str){ (const char *)p + off + 1, p[off] };
}

struct str
mseg_text(const struct mseg *s, uint32_t id)
{
	return letters_at(s, mseg_token_at(s, id).text);
}

static struct str
post_at(const struct mseg *s, uint64_t off)
{
	uint64_t n = s->head.section[SEG_POST].n;

	if (off >= n)
		return STR_NONE;
	return (struct str){ (const char *)s->sec[SEG_POST] + off,
			     (size_t)(n - off) };
}

struct str
mseg_post(const struct mseg *s, uint32_t token)
{
	struct mseg_token t = mseg_token_at(s, token);

	return post_at(s, (uint64_t)t.post_high << 32 | t.post);
}

struct str
mseg_post_in(const struct mseg *s, uint32_t token, uint16_t country)
{
	uint64_t mask = (UINT64_C(1) << s->head.split_bits) - 1;
	uint64_t at = mtab_mix(token, country) & mask;

	for (uint64_t left = mask; left > 0; at = (at + 1) & mask, left--) {
		struct mseg_split e;

		memcpy(&e, s->sec[SEG_SPLIT] + at * 16, 16);
		if (!e.used)
			break;
		if (e.token == token && e.country == country)
			return post_at(s, e.post);
	}
	return STR_NONE;
}

uint32_t
mseg_post_prefetch(const struct mseg *s, uint32_t token, uint16_t country)
{
	struct mseg_token t = mseg_token_at(s, token);
	uint64_t off = (uint64_t)t.post_high << 32 | t.post;
	uint64_t mask = (UINT64_C(1) << s->head.split_bits) - 1;

	if (off < s->head.section[SEG_POST].n)
		__builtin_prefetch(s->sec[SEG_POST] + off);
	if (country != 0 && t.df > MSEG_SPLIT_MIN)
		__builtin_prefetch(s->sec[SEG_SPLIT] +
				   (mtab_mix(token, country) & mask) * 16);
	return t.df;
}

/* Offset and length of a row in SEG_ROW; both 0 when out of range. */
static uint64_t
row_at(const struct mseg *s, uint32_t row, unsigned *n)
{
	const uint64_t even = UINT64_C(0x00FF00FF00FF00FF);
	const uint8_t *b = mseg_block_of(s, row);
	const uint8_t *len = b + offsetof(struct mseg_block, len);
	unsigned at = row % MSEG_BLOCK, i = 0;
	uint64_t off;

	memcpy(&off, b, 8);
	/* Eight lengths at once: sums of two, then of all, by multiplying. */
	if (at >= 8) {
		uint64_t v;

		memcpy(&v, len, 8);
		v = (v & even) + (v >> 8 & even);
		off += v * UINT64_C(0x0001000100010001) >> 48;
		i = 8;
	}
	for (; i < at; i++)
		off += len[i];
	*n = len[at];
	if (off > s->head.section[SEG_ROW].n ||
	    *n > s->head.section[SEG_ROW].n - off)
		off = *n = 0;
	return off;
}

void
mseg_row_prefetch2(const struct mseg *s, uint32_t row)
{
	unsigned n;

	if (row < s->head.rows)
		__builtin_prefetch(s->sec[SEG_ROW] + row_at(s, row, &n));
}

void
mseg_mark_prefetch(const struct mseg *s, uint32_t row)
{
	if (row < s->head.rows)
		__builtin_prefetch(s->sec[SEG_MARK] + row * UINT64_C(4));
}

uint32_t
mseg_mark(const struct mseg *s, uint32_t row)
{
	return row < s->head.rows ? get32(s, SEG_MARK, row) : 0;
}

/* What stands between the classes and the tokens. */
static const uint8_t *
read_tail(const uint8_t *p, const uint8_t *end, struct mrow *out)
{
	if (out->flags & MR_SCRIPTS && end - p >= 2) {
		memcpy(&out->scripts, p, 2);
		p += 2;
	}
	if (out->flags & MR_FORMS && p < end && p[0] < end - p) {
		out->form_n = p[0];
		out->form = p + 1;
		p += 1 + p[0];
	}
	return p;
}

void
mseg_row(const struct mseg *s, uint32_t row, struct mrow *out)
{
	const uint8_t *p, *end;
	unsigned n;
	uint64_t off;

	out->n = 0;
	out->country = 0;
	out->classes = 0;
	out->scripts = 1u << MS_LATIN;
	out->flags = 0;
	out->form_n = 0;
	out->form = s->sec[SEG_ROW]; /* of no bytes, but somewhere */
	if (row >= s->head.rows)
		return;
	out->country = mseg_row_country(s, row);
	off = row_at(s, row, &n);
	if (n < MSEG_ROW_HEAD)
		return;
	p = s->sec[SEG_ROW] + off;
	end = p + n;
	out->flags = p[0];
	memcpy(&out->classes, p + 1, 2);
	p = read_tail(p + MSEG_ROW_HEAD, end, out);
	while (p < end && out->n < MFOLD_TOKENS_MAX)
		out->tok[out->n++] = mseg_varint(&p, end);
}

uint32_t
mseg_first(const struct mseg *s, uint32_t row)
{
	unsigned n, left = MSEG_OBLIGOR_ROWS_MAX;

	while (--left > 0 && row > 0 && row < s->head.rows) {
		uint64_t off = row_at(s, row, &n);

		if (n == 0 || (s->sec[SEG_ROW][off] & MR_LATER) == 0)
			break;
		row--;
	}
	return row;
}

/* Puts token i of the name, written in a form. */
static void
put_token(const struct mseg *s, struct mname *out, unsigned i, uint16_t form,
	  uint32_t text)
{
	struct str t = letters_at(s, text);

	if (t.n > MFOLD_TOKEN_LEN_MAX)
		t.n = MFOLD_TOKEN_LEN_MAX;
	if ((form & MSEG_CONCEPT_MASK) >= (int)mtab_concepts())
		form &= (uint16_t)~MSEG_CONCEPT_MASK;
	out->tok[i] = mseg_formed(form, t);
	out->tok[i].off = (uint16_t)out->text_n;
	if (t.n > 0)
		memcpy(out->text + out->text_n, t.p, t.n);
	out->text_n += (unsigned)t.n;
}

bool
mseg_name(const struct mseg *s, const struct mrow *r, struct mname *out)
{
	uint32_t forms = (uint32_t)(s->head.section[SEG_FORM].n / 8);
	const uint8_t *p = r->form, *end = p + r->form_n;
	uint32_t put = 0;

	memset(out, 0, offsetof(struct mname, tok));
	memset(&out->form, 0, offsetof(struct mname, text) -
				  offsetof(struct mname, form));
	out->n = r->n;
	out->classes = r->classes;
	out->scripts = r->scripts;
	if (r->flags & MR_TEXT)
		return false;
	while (p < end) {
		unsigned at = *p++;
		uint32_t i = mseg_varint(&p, end);
		struct mseg_form f;

		if (at >= r->n || i >= forms || put >> at & 1)
			continue;
		memcpy(&f, s->sec[SEG_FORM] + i * UINT64_C(8), 8);
		put_token(s, out, at, f.form, f.text);
		put |= 1u << at;
	}
	for (unsigned i = 0; i < r->n; i++) {
		struct mseg_token t;

		if (put >> i & 1)
			continue;
		t = mseg_token_at(s, r->tok[i]);
		put_token(s, out, i, t.form, t.text);
	}
	return true;
}

/* Length-prefixed field; ok is cleared when it does not fit. */
static struct str
field(const uint8_t **p, const uint8_t *end, bool *ok)
{
	uint32_t n = mseg_varint(p, end);
	struct str s = { (const char *)*p, n };

	if (n > (size_t)(end - *p)) {
		*ok = false;
		return STR_NONE;
	}
	*p += n;
	return s;
}

/* Offset of a block's texts in SEG_COLD. */
static uint64_t
cold_at(const struct mseg *s, uint64_t block)
{
	uint64_t off;

	memcpy(&off,
	       s->sec[SEG_BLOCK] + block * sizeof(struct mseg_block) +
		   offsetof(struct mseg_block, cold),
	       8);
	return off;
}

/* Where the block of row ends: no more is read than that. */
static uint64_t
cold_end(const struct mseg *s, uint32_t row)
{
	uint64_t all = s->head.section[SEG_COLD].n;
	uint64_t block = row / MSEG_BLOCK, end;

	if (block == s->head.rows / MSEG_BLOCK)
		return all;
	end = cold_at(s, block + 1);
	return end > all || end < cold_at(s, block) ? all : end;
}

enum err
mseg_cold(const struct mseg *s, uint32_t row, char *buf, size_t n,
	  struct mcold *out)
{
	uint64_t off, all = s->head.section[SEG_COLD].n;
	const uint8_t *p, *end;
	bool ok = true;

	if (row >= s->head.rows)
		return ERR_ABSENT;
	off = cold_at(s, row / MSEG_BLOCK);
	if (off > all)
		return ERR_CORRUPT;
	if (s->sec[SEG_COLD] != NULL) {
		p = s->sec[SEG_COLD] + off;
		end = s->sec[SEG_COLD] + all;
	} else {
		uint64_t left = cold_end(s, row) - off;
		ssize_t got = pread(s->fd, buf, n < left ? n : (size_t)left,
				    (off_t)(s->head.section[SEG_COLD].off +
					    off));

		if (got <= 0)
			return ERR_IO;
		p = (const uint8_t *)buf;
		end = p + got;
	}
	for (uint32_t i = row % MSEG_BLOCK; i > 0 && ok; i--)
		(void)field(&p, end, &ok);
	if (ok) {
		struct str rec = field(&p, end, &ok);

		if (ok) {
			p = (const uint8_t *)rec.p;
			end = p + rec.n;
		}
	}
	out->obligor_id = ok ? field(&p, end, &ok) : STR_NONE;
	out->name = ok ? field(&p, end, &ok) : STR_NONE;
	out->ids = ok ? field(&p, end, &ok) : STR_NONE;
	out->address = ok ? field(&p, end, &ok) : STR_NONE;
	return ok ? ERR_OK : ERR_CORRUPT;
}

/* Bucket bounds of a two-array table; false when they are not sane. */
static bool
bucket(const struct mseg *s, enum mseg_section base, enum mseg_section list,
       unsigned size, uint64_t i, uint32_t *from, uint32_t *to)
{
	*from = get32(s, base, i);
	*to = get32(s, base, i + 1);
	return *from <= *to &&
	       (uint64_t)*to * size <= s->head.section[list].n;
}

void
mseg_variants_prefetch(const struct mseg *s, uint64_t key)
{
	if (s->head.var_bits != 0)
		__builtin_prefetch(s->sec[SEG_VAR_BASE] +
				   (key >> (64 - s->head.var_bits)) * 4);
}

void
mseg_token_prefetch(const struct mseg *s, uint32_t id)
{
	if (id < s->head.tokens)
		__builtin_prefetch(s->sec[SEG_TOKEN] + (uint64_t)id * 16);
}

void
mseg_text_prefetch(const struct mseg *s, uint32_t id)
{
	uint64_t off = mseg_token_at(s, id).text;

	if (off < s->head.section[SEG_TEXT].n)
		__builtin_prefetch(s->sec[SEG_TEXT] + off);
}

void
mseg_variants_prefetch2(const struct mseg *s, uint64_t key)
{
	uint32_t from, to;

	if (s->head.var_bits != 0 &&
	    bucket(s, SEG_VAR_BASE, SEG_VAR, 4, key >> (64 - s->head.var_bits),
		   &from, &to))
		__builtin_prefetch(s->sec[SEG_VAR] + (uint64_t)from * 4);
}

size_t
mseg_variants(const struct mseg *s, uint64_t key, const uint32_t **first)
{
	uint32_t from, to;

	if (s->head.var_bits == 0 ||
	    !bucket(s, SEG_VAR_BASE, SEG_VAR, 4, key >> (64 - s->head.var_bits),
		    &from, &to))
		return 0;
	*first = (const uint32_t *)(const void *)(s->sec[SEG_VAR]) + from;
	return to - from;
}

static struct mseg_key
key_at(const struct mseg *s, uint64_t i)
{
	struct mseg_key k;

	memcpy(&k, s->sec[SEG_KEY] + i * sizeof(k), sizeof(k));
	return k;
}

/* The first entry of a long bucket whose row is of the country or behind. */
static uint32_t
first_of(const struct mseg *s, uint32_t from, uint32_t to, uint16_t country)
{
	while (from < to) {
		uint32_t mid = from + (to - from) / 2;

		if (mseg_row_country(s, key_at(s, mid).row) < country)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

/* Bounds of the entries of a key; false when there are none. */
static bool
key_bucket(const struct mseg *s, uint64_t key, uint32_t *from, uint32_t *to)
{
	return key != 0 && s->head.key_bits != 0 &&
	       bucket(s, SEG_KEY_BASE, SEG_KEY, sizeof(struct mseg_key),
		      key >> (64 - s->head.key_bits), from, to);
}

void
mseg_keys_prefetch(const struct mseg *s, uint64_t key)
{
	if (s->head.key_bits != 0)
		__builtin_prefetch(s->sec[SEG_KEY_BASE] +
				   (key >> (64 - s->head.key_bits)) * 4);
}

void
mseg_keys_prefetch2(const struct mseg *s, uint64_t key)
{
	uint32_t from, to;

	if (key_bucket(s, key, &from, &to))
		__builtin_prefetch(s->sec[SEG_KEY] +
				   from * (uint64_t)sizeof(struct mseg_key));
}

/* Rows filed under the low bits of a key in a part of its bucket. */
static size_t
rows_of(const struct mseg *s, uint16_t low, uint32_t from, uint32_t to,
	uint32_t *out, size_t max)
{
	size_t n = 0;

	for (uint32_t i = from; i < to && n < max; i++) {
		struct mseg_key k = key_at(s, i);

		if (k.tag == low)
			out[n++] = k.row;
	}
	return n;
}

/* Of too many, those of every country in their share: the bucket is in the
 * order of countries. */
static size_t
sample_of(const struct mseg *s, uint16_t low, uint32_t from, uint32_t to,
	  uint32_t *out)
{
	uint32_t step = to - from > KEY_READ ? (to - from) / KEY_READ : 1;
	size_t all = 0, n = 0, part = 0;

	for (uint64_t i = from; i < to; i += step)
		all += key_at(s, i).tag == low;
	for (uint64_t i = from; i < to && n < MSEG_KEYED_MAX; i += step) {
		struct mseg_key k = key_at(s, i);

		if (k.tag != low)
			continue;
		part += all < MSEG_KEYED_MAX ? all : MSEG_KEYED_MAX;
		if (part < all)
			continue;
		part -= all;
		out[n++] = k.row;
	}
	return n;
}

size_t
mseg_keys(const struct mseg *s, uint64_t key, uint16_t country,
	  struct mseg_keyed *out)
{
	uint16_t low = (uint16_t)key;
	uint32_t from, to, first, last, *row = out->row;
	size_t max = MSEG_KEYED_MAX, n;

	out->home = 0;
	out->told = false;
	if (!key_bucket(s, key, &from, &to))
		return 0;
	if (to - from <= MSEG_KEY_ORDERED || country == 0)
		return sample_of(s, low, from, to, row);
	first = first_of(s, from, to, country);
	last = first_of(s, first, to, (uint16_t)(country + 1));
	n = rows_of(s, low, first, last, row, max);
	out->home = n;
	out->told = true;
	if (to - from > MSEG_KEY_LONG)
		return n;
	n += rows_of(s, low, from, first, row + n, max - n);
	return n + rows_of(s, low, last, to, row + n, max - n);
}

size_t
mseg_keys_id(const struct mseg *s, uint64_t key, struct mseg_keyed *out)
{
	uint32_t from, to;

	out->home = 0;
	out->told = false;
	if (!key_bucket(s, key, &from, &to))
		return 0;
	return rows_of(s, (uint16_t)key, from, to, out->row,
		       MSEG_KEYED_MAX);
}

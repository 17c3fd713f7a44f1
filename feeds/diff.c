/*
 * diff.c - sorted pairs of hashes; the only file that knows xxHash, but for
 * the body hash in fetch.c.
 */
#include "diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "buf.h"
#include "log.h"

#define MAGIC "CADIFF2"
#define OUT_COUNT 2048u /* pairs in one write */
#define FIRST_SIZE 1024u

struct pair {
	uint8_t key[16];
	uint8_t content[16];
};

struct header {
	char magic[8];
	uint64_t count;	  /* pairs */
	uint64_t records; /* in the document */
	uint64_t said;	  /* bytes of texts behind the pairs */
	uint64_t sum;	  /* XXH3-64 of what follows, seeded with records */
};

_Static_assert(sizeof(struct pair) == 32, "a pair is 32 bytes in the file");
_Static_assert(sizeof(struct header) == 40, "and the header 40");

struct diff {
	uint64_t seed;
	void *map; /* owned; the old file or NULL */
	size_t map_size;
	const struct pair *old;
	size_t old_count;
	int64_t previous;
	struct pair *pair; /* owned; this document's, then sorted */
	size_t count;
	size_t size;
	enum diff_keep keep;
	bool track;
	bool hold;
	struct str old_said;
	struct buf said;    /* key, u16 length, text; length 0: rejected */
	struct buf carried; /* of the old, in the same form */
};

uint64_t
diff_seed(struct str a, struct str b, uint64_t more)
{
	uint64_t h = XXH3_64bits_withSeed(a.p == NULL ? "" : a.p, a.n, more);

	return XXH3_64bits_withSeed(b.p == NULL ? "" : b.p, b.n, h);
}

/* A state that does not check is none. */
static void
old_open(struct diff *d, int fd)
{
	struct stat st;
	const struct header *h;

	if (fstat(fd, &st) != 0 || st.st_size < (off_t)sizeof(*h))
		return;
	d->map_size = (size_t)st.st_size;
	d->map = mmap(NULL, d->map_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (d->map == MAP_FAILED) {
		d->map = NULL;
		log_op(LOG_WARN, "diff.map", "errno=%d", errno);
		return;
	}
	h = d->map;
	if (memcmp(h->magic, MAGIC, sizeof(h->magic)) != 0 ||
	    h->count > DIFF_RECORDS_MAX ||
	    h->said > DIFF_SAID_MAX ||
	    h->count * sizeof(struct pair) + sizeof(*h) + h->said !=
		d->map_size ||
	    h->records > INT64_MAX ||
	    XXH3_64bits_withSeed(h + 1, d->map_size - sizeof(*h),
				 h->records) != h->sum) {
		log_op(LOG_WARN, "diff.damaged",
		       "bytes=%zu, every record counts as new", d->map_size);
		return;
	}
	d->old = (const struct pair *)(const void *)(h + 1);
	d->old_count = h->count;
	d->old_said = (struct str){ (const char *)(d->old + h->count),
				    h->said };
	d->previous = (int64_t)h->records;
}

enum err
diff_new(int old_fd, uint64_t seed, struct diff **out)
{
	struct diff *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return ERR_LIMIT;
	d->seed = seed;
	d->previous = -1;
	buf_init(&d->said, DIFF_SAID_MAX);
	buf_init(&d->carried, DIFF_SAID_MAX);
	if (old_fd >= 0)
		old_open(d, old_fd);
	*out = d;
	return ERR_OK;
}

void
diff_free(struct diff *d)
{
	if (d == NULL)
		return;
	if (d->map != NULL)
		(void)munmap(d->map, d->map_size);
	free(d->pair);
	buf_free(&d->said);
	buf_free(&d->carried);
	free(d);
}

int64_t
diff_previous(const struct diff *d)
{
	return d->previous;
}

static void
hash_to(uint8_t out[16], struct str s, uint64_t seed)
{
	XXH128_canonical_t c;

	XXH128_canonicalFromHash(
	    &c, XXH3_128bits_withSeed(s.p == NULL ? "" : s.p, s.n, seed));
	memcpy(out, c.digest, 16);
}

/* The first old pair with a key not below. */
static size_t
old_first(const struct diff *d, const uint8_t key[16])
{
	size_t low = 0;
	size_t high = d->old_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (memcmp(d->old[mid].key, key, 16) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static enum diff_outcome
compare(const struct diff *d, const struct pair *p)
{
	size_t i = old_first(d, p->key);
	enum diff_outcome out = DIFF_NEW;

	for (; i < d->old_count && memcmp(d->old[i].key, p->key, 16) == 0;
	     i++) {
		if (memcmp(d->old[i].content, p->content, 16) == 0)
			return DIFF_SAME;
		out = DIFF_CHANGED;
	}
	return out;
}

enum err
diff_record(struct diff *d, struct str key, struct str content,
	    enum diff_outcome *out)
{
	struct pair *p;

	if (d->count == DIFF_RECORDS_MAX)
		return ERR_LIMIT;
	if (d->count == d->size) {
		size_t size = d->size == 0 ? FIRST_SIZE : d->size * 2;

		if (size > DIFF_RECORDS_MAX)
			size = DIFF_RECORDS_MAX;
		p = realloc(d->pair, size * sizeof(*p));
		if (p == NULL)
			return ERR_LIMIT;
		d->pair = p;
		d->size = size;
	}
	p = &d->pair[d->count++];
	hash_to(p->key, key, 0);
	hash_to(p->content, content, d->seed);
	*out = compare(d, p);
	return ERR_OK;
}

static void
said_put(struct buf *b, const uint8_t key[16], struct str text, bool track)
{
	if (!track)
		return;
	for (size_t i = 0; i < 16; i++)
		buf_byte(b, key[i]);
	buf_be16(b, (uint16_t)text.n);
	buf_put(b, text);
}

void
diff_forget(struct diff *d)
{
	must(d->count > 0);
	said_put(&d->said, d->pair[d->count - 1].key, STR_NONE, d->track);
	d->count--;
}

void
diff_track(struct diff *d)
{
	d->track = true;
}

void
diff_said(struct diff *d, struct str text)
{
	must(d->count > 0);
	said_put(&d->said, d->pair[d->count - 1].key,
		 str_sub(text, 0, DIFF_TEXT_MAX), d->track);
}

void
diff_hold(struct diff *d)
{
	d->hold = true;
}

static int
by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct pair));
}

static bool
same_key(const struct pair *a, const struct pair *b)
{
	return memcmp(a->key, b->key, 16) == 0;
}

/* Keys met more than once, and pairs met more than once squeezed out. */
static uint32_t
squeeze(struct diff *d)
{
	uint32_t duplicates = 0;
	size_t n = 0;

	for (size_t i = 0; i < d->count; i++) {
		if (n > 0 && same_key(&d->pair[n - 1], &d->pair[i]))
			duplicates++;
		if (n == 0 || by_bytes(&d->pair[n - 1], &d->pair[i]) != 0)
			d->pair[n++] = d->pair[i];
	}
	d->count = n;
	return duplicates;
}

/* Walks both sorted lists: old keys that the document does not have. */
static size_t
vanished(const struct diff *d)
{
	size_t gone = 0;
	size_t j = 0;

	for (size_t i = 0; i < d->old_count; i++) {
		if (i > 0 && same_key(&d->old[i - 1], &d->old[i]))
			continue;
		while (j < d->count &&
		       memcmp(d->pair[j].key, d->old[i].key, 16) < 0)
			j++;
		if (j == d->count || !same_key(&d->pair[j], &d->old[i]))
			gone++;
	}
	return gone;
}

void
diff_end(struct diff *d, enum diff_keep keep, struct diff_counts *out)
{
	struct diff_counts c = { 0 };

	if (d->count > 0)
		qsort(d->pair, d->count, sizeof(*d->pair), by_bytes);
	c.duplicates = squeeze(d);
	for (size_t i = 0; i < d->count; i++)
		if (compare(d, &d->pair[i]) != DIFF_SAME)
			c.changed++;
	if (keep == DIFF_REPLACE)
		c.vanished = (uint32_t)vanished(d);
	d->keep = keep;
	*out = c;
}

/* ---- what was said ---- */

/* The next entry of a list of texts; false at its end. */
static bool
said_next(struct rd *r, struct str *key, struct str *text)
{
	if (r->rest.n == 0)
		return false;
	*key = rd_bytes(r, 16);
	*text = rd_bytes(r, rd_be16(r));
	return r->err == ERR_OK;
}

static uint64_t
record_hash(struct str text)
{
	(void)str_cut(&text, '\t');
	return XXH3_64bits(text.p == NULL ? "" : text.p, text.n);
}

static uint64_t
key_hash(struct str key)
{
	return XXH3_64bits(key.p, key.n);
}

static int
by_number(const void *pa, const void *pb)
{
	uint64_t a = *(const uint64_t *)pa;
	uint64_t b = *(const uint64_t *)pb;

	return a < b ? -1 : a > b;
}

struct numbers {
	uint64_t *p; /* owned */
	size_t n;
	size_t max;
};

static bool
has_number(const struct numbers *s, uint64_t v)
{
	return s->n > 0 && bsearch(&v, s->p, s->n, sizeof(v), by_number);
}

/* The record stands in this document as it stood before. */
static bool
stands(const struct diff *d, struct str key)
{
	size_t low = 0;
	size_t high = d->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (memcmp(d->pair[mid].key, key.p, 16) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < d->count && memcmp(d->pair[low].key, key.p, 16) == 0;
	     low++)
		if (compare(d, &d->pair[low]) == DIFF_SAME)
			return true;
	return false;
}

/* Hashes of the records in a list, or of the keys of rejected ones. */
static void
collect(struct str list, bool rejected, struct numbers *out)
{
	struct rd r = rd_of(list);
	struct str key;
	struct str text;

	while (said_next(&r, &key, &text) && out->n < out->max)
		if (rejected == (text.n == 0))
			out->p[out->n++] = rejected ? key_hash(key) :
						      record_hash(text);
}

static enum err
numbers_new(struct numbers *s, size_t bytes)
{
	s->max = bytes / 18 + 1;
	s->p = calloc(s->max, sizeof(*s->p));
	return s->p == NULL ? ERR_LIMIT : ERR_OK;
}

/* Old texts of records that stand, were rejected or cannot be judged. */
static void
carry(struct diff *d, const struct numbers *rejected)
{
	struct rd r = rd_of(d->old_said);
	struct str key;
	struct str text;

	while (said_next(&r, &key, &text))
		if (d->hold || has_number(rejected, key_hash(key)) ||
		    stands(d, key))
			said_put(&d->carried, (const uint8_t *)key.p, text,
				 true);
}

enum err
diff_gone(struct diff *d, void *self,
	  enum err (*gone)(void *self, struct str text))
{
	struct numbers rejected = { 0 };
	struct numbers now = { 0 };
	struct rd r = rd_of(d->old_said);
	struct str key;
	struct str text;
	enum err err = numbers_new(&rejected, d->said.n);

	if (err == ERR_OK)
		err = numbers_new(&now, d->said.n + d->old_said.n);
	if (err == ERR_OK) {
		collect(buf_str(&d->said), true, &rejected);
		qsort(rejected.p, rejected.n, sizeof(*rejected.p), by_number);
		carry(d, &rejected);
		collect(buf_str(&d->said), false, &now);
		collect(buf_str(&d->carried), false, &now);
		qsort(now.p, now.n, sizeof(*now.p), by_number);
	}
	while (err == ERR_OK && said_next(&r, &key, &text))
		if (!has_number(&now, record_hash(text)))
			err = gone(self, text);
	free(rejected.p);
	free(now.p);
	return err;
}

/* Pairs on their way into the file. */
struct writer {
	int fd;
	struct pair pair[OUT_COUNT];
	size_t n;
	uint64_t count;
	XXH3_state_t *sum;
	enum err err;
};

static enum err
write_all(int fd, const void *p, size_t n)
{
	const char *at = p;

	while (n > 0) {
		ssize_t got = write(fd, at, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			log_op(LOG_ERR, "diff.write", "errno=%d", errno);
			return ERR_IO;
		}
		at += got;
		n -= (size_t)got;
	}
	return ERR_OK;
}

static void
flush(struct writer *w)
{
	if (w->err == ERR_OK && w->n > 0) {
		(void)XXH3_64bits_update(w->sum, w->pair,
					 w->n * sizeof(*w->pair));
		w->err = write_all(w->fd, w->pair, w->n * sizeof(*w->pair));
	}
	w->n = 0;
}

static void
put(struct writer *w, const struct pair *p)
{
	if (w->n == OUT_COUNT)
		flush(w);
	w->pair[w->n++] = *p;
	w->count++;
}

/* Old pairs whose key the document does not have, between its own. */
static void
put_merged(const struct diff *d, struct writer *w)
{
	size_t j = 0;

	for (size_t i = 0; i < d->old_count; i++) {
		while (j < d->count &&
		       memcmp(d->pair[j].key, d->old[i].key, 16) < 0)
			put(w, &d->pair[j++]);
		if (j == d->count || !same_key(&d->pair[j], &d->old[i]))
			put(w, &d->old[i]);
	}
	while (j < d->count)
		put(w, &d->pair[j++]);
}

/* This document's texts and the carried ones, without the rejected. */
static void
put_said(struct diff *d, struct writer *w, struct header *h)
{
	struct rd r = rd_of(buf_str(&d->said));
	struct str key;
	struct str text;

	while (said_next(&r, &key, &text))
		if (text.n > 0)
			said_put(&d->carried, (const uint8_t *)key.p, text,
				 true);
	if (w->err == ERR_OK)
		w->err = d->said.err != ERR_OK ? d->said.err :
						 d->carried.err;
	if (w->err != ERR_OK || d->carried.n == 0)
		return;
	h->said = d->carried.n;
	(void)XXH3_64bits_update(w->sum, d->carried.p, d->carried.n);
	w->err = write_all(w->fd, d->carried.p, d->carried.n);
}

enum err
diff_write(struct diff *d, int fd, uint64_t records)
{
	struct writer *w = calloc(1, sizeof(*w));
	struct header h = { .magic = MAGIC, .records = records };
	enum err err = ERR_LIMIT;

	if (w != NULL)
		w->sum = XXH3_createState();
	if (w == NULL || w->sum == NULL)
		goto out;
	w->fd = fd;
	(void)XXH3_64bits_reset_withSeed(w->sum, records);
	w->err = write_all(fd, &h, sizeof(h));
	/* Too much history: keep this document; the rest is new again. */
	if (d->keep == DIFF_MERGE &&
	    d->old_count + d->count <= DIFF_RECORDS_MAX)
		put_merged(d, w);
	else
		for (size_t i = 0; i < d->count; i++)
			put(w, &d->pair[i]);
	flush(w);
	put_said(d, w, &h);
	err = w->err;
	h.count = w->count;
	h.sum = XXH3_64bits_digest(w->sum);
	if (err == ERR_OK && pwrite(fd, &h, sizeof(h), 0) != sizeof(h))
		err = ERR_IO;
out:
	if (w != NULL && w->sum != NULL)
		(void)XXH3_freeState(w->sum);
	free(w);
	return err;
}

/*
 * serve_keys.c - who may read which stream, and how far streams are signed.
 */
#include <stdlib.h>
#include <string.h>

#include "serve_priv.h"

#define KEYS_ARENA_SIZE (128u << 20) /* BUS_KEYS_MAX rows of subscribers */
#define KEYS_FRAME_MAX MSG_MAX

/* ---- streams ---- */

/* Where name is, or belongs. */
static size_t
stream_at(const struct serve *s, struct str name, bool *hit)
{
	size_t lo = 0;
	size_t hi = s->stream_count;

	*hit = false;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = str_cmp(str_of(s->stream[mid]->name), name);

		if (c == 0) {
			*hit = true;
			return mid;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static enum err
is_signed(struct serve *s, struct str name, uint64_t seq, bool *out)
{
	struct entry *e = NULL;
	size_t n = 0;
	size_t mark = arena_mark(&s->arena);
	enum err err = store_entries(s->store, name, seq, 1, &s->arena, &e, &n);

	if (err == ERR_OK)
		*out = n == 1 && e[0].key_id >= 0;
	arena_rewind(&s->arena, mark);
	return err;
}

/*
 * Signatures are stored in order, so the signed entries come before all
 * others: the last of them is found by halving.
 */
static enum err
signed_head(struct serve *s, struct str name, uint64_t oldest, uint64_t head,
	    uint64_t *out)
{
	uint64_t lo = oldest == 0 ? 0 : oldest - 1; /* signed, or before all */
	uint64_t hi = head;                         /* nothing signed above */

	while (lo < hi) {
		uint64_t mid = hi - (hi - lo) / 2;
		bool good = false;
		enum err err = is_signed(s, name, mid, &good);

		if (err != ERR_OK)
			return err;
		if (good)
			lo = mid;
		else
			hi = mid - 1;
	}
	*out = lo;
	return ERR_OK;
}

static enum err
stream_grow(struct serve *s)
{
	size_t size = s->stream_size == 0 ? 64 : s->stream_size * 2;
	struct serve_stream **p;

	if (s->stream_count < s->stream_size)
		return ERR_OK;
	if (s->stream_count == SERVE_STREAMS_MAX)
		return ERR_LIMIT;
	p = realloc(s->stream, size * sizeof(struct serve_stream *));
	if (p == NULL)
		return ERR_LIMIT;
	s->stream = p;
	s->stream_size = size;
	return ERR_OK;
}

static enum err
stream_load(struct serve *s, struct str name, struct serve_stream *st)
{
	uint64_t head = 0;
	enum err err = store_stream_range(s->store, name, &st->oldest, &head);

	if (err == ERR_OK)
		err = signed_head(s, name, st->oldest, head, &st->head);
	if (err == ERR_OK)
		err = str_copy(st->name, sizeof(st->name), name);
	st->pending = st->asked = st->start = st->head;
	return err;
}

enum err
serve_stream(struct serve *s, struct str name, struct serve_stream **out)
{
	bool hit;
	size_t at = stream_at(s, name, &hit);
	struct serve_stream *st;
	enum err err;

	if (hit) {
		*out = s->stream[at];
		return ERR_OK;
	}
	err = stream_grow(s);
	if (err != ERR_OK)
		return err;
	st = calloc(1, sizeof(*st));
	if (st == NULL)
		return ERR_LIMIT;
	err = stream_load(s, name, st);
	if (err != ERR_OK) {
		free(st);
		return err;
	}
	memmove(s->stream + at + 1, s->stream + at,
		(s->stream_count - at) * sizeof(struct serve_stream *));
	s->stream[at] = st;
	s->stream_count++;
	serve_touch(s, st); /* publish is told the head of what is new */
	*out = st;
	return ERR_OK;
}

void
serve_touch(struct serve *s, struct serve_stream *st)
{
	if (st->is_touched)
		return;
	st->is_touched = 1;
	st->touched = s->touched;
	s->touched = st;
}

/* ---- keys ---- */

static int
key_cmp(const void *a, const void *b)
{
	const struct serve_key *x = a;
	const struct serve_key *y = b;

	return memcmp(x->curve, y->curve, KEYS_SIZE);
}

const struct serve_key *
serve_key(struct serve *s, struct str curve, struct instant now)
{
	struct serve_key want = { 0 };
	const struct serve_key *k;

	if (curve.n != KEYS_SIZE || s->key_count == 0)
		return NULL;
	memcpy(want.curve, curve.p, KEYS_SIZE);
	k = bsearch(&want, s->key, s->key_count, sizeof(want), key_cmp);
	if (k != NULL && k->expires_ms != TIME_NONE &&
	    k->expires_ms <= clock_steady(&s->steady, now))
		return NULL;
	return k;
}

/* A row that cannot be a key of ours is left out, not trusted. */
static bool
key_of(const struct subscriber *sub, struct serve_key *k)
{
	if (sub->revoked_at != TIME_NONE ||
	    str_to_bytes(sub->curve_key, k->curve, KEYS_SIZE) != ERR_OK ||
	    str_to_bytes(sub->seal_key, k->seal, KEYS_SIZE) != ERR_OK ||
	    !wire_stream_ok(sub->stream) ||
	    str_copy(k->stream, sizeof(k->stream), sub->stream) != ERR_OK)
		return false;
	k->expires_ms = sub->expires_at;
	return true;
}

static enum err
keys_read(struct serve *s, struct arena *a)
{
	struct subscriber *sub = NULL;
	struct serve_key *key = NULL;
	size_t n = 0;
	size_t count = 0;
	enum err err = store_subscribers(s->store, a, &sub, &n);

	if (err != ERR_OK)
		return err;
	if (n > BUS_KEYS_MAX)
		return ERR_LIMIT;
	if (n > 0) {
		key = calloc(n, sizeof(*key));
		if (key == NULL)
			return ERR_LIMIT;
		for (size_t i = 0; i < n; i++)
			count += key_of(&sub[i], &key[count]);
		qsort(key, count, sizeof(*key), key_cmp);
	}
	free(s->key);
	s->key = key;
	s->key_count = count;
	return ERR_OK;
}

/* One frame of at most SERVE_KEYS_CHUNK keys from `from` on. */
static enum err
keys_say(struct serve *s, size_t from)
{
	size_t left = s->key_count - from;
	size_t n = left < SERVE_KEYS_CHUNK ? left : SERVE_KEYS_CHUNK;
	struct buf b;
	enum err err;

	buf_init(&b, KEYS_FRAME_MAX);
	buf_byte(&b, from == 0);
	buf_byte(&b, n == left);
	buf_be32(&b, (uint32_t)n);
	for (size_t i = from; i < from + n; i++) {
		const struct serve_key *k = &s->key[i];

		buf_put(&b, (struct str){ (const char *)k->curve, KEYS_SIZE });
		buf_put(&b, (struct str){ (const char *)k->seal, KEYS_SIZE });
		buf_be64(&b, (uint64_t)k->expires_ms);
		buf_blob(&b, str_of(k->stream));
	}
	err =
	    b.err == ERR_OK ? serve_say(s, MSG_PUSH_KEYS, buf_str(&b)) : b.err;
	buf_free(&b);
	return err;
}

enum err
serve_keys_load(struct serve *s)
{
	struct serve_stream *st;
	struct arena a;
	size_t from = 0;
	enum err err = arena_init(&a, KEYS_ARENA_SIZE);

	if (err != ERR_OK)
		return err;
	err = keys_read(s, &a);
	arena_fini(&a);
	for (size_t i = 0; err == ERR_OK && i < s->key_count; i++)
		err = serve_stream(s, str_of(s->key[i].stream), &st);
	while (err == ERR_OK) {
		err = keys_say(s, from);
		from += SERVE_KEYS_CHUNK;
		if (from >= s->key_count)
			break;
	}
	return err;
}

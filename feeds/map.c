/*
 * map.c - the only file that knows libjq.
 */
#include "map.h"

#include <jq.h>
#include <jv.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "jscan.h"
#include "json.h"
#include "nfc.h"
#include "prepare.h"
#include "split.h"
#include "vocab.h"

static const char *const prologue =
    ".feed as $feed|.file as $file|.fetched_at as $fetched_at|.record|(";

static const char *const notice_keys[] = {
	"source",      "record",       "action",	 "subject",
	"kind",	       "stage",	       "native",	 "native_text",
	"names",       "ids",	       "country",	 "countries",
	"jurisdiction", "place",       "port",		 "address",
	"natural_person", "occurred_on", "effective_on", "deadline_on",
	"published_at", "recorded_at", "case_no",	 "amount",
	"currency",    "value_old",    "value_new",	 "scale",
	"rates",       "certainty",    "url",		 "redistribution",
};

struct map {
	const struct feed *feed;
	struct map_tables tables;
	jq_state *jq; /* owned */
	timer_t timer;
	bool timer_made;
	struct arena tables_arena; /* the vocab */
	struct vocab vocab;
	struct arena arena; /* the notice at hand */
	struct buf text;
	struct buf value;
	char why[DIAG_WHY_SIZE]; /* what jq said last */
};

/*
 * The program that runs on this thread now; jq_halt only sets fields that
 * the interpreter looks at before every instruction, so it may be called
 * from a signal handler, but only once per run.
 */
static jq_state *volatile running;
static volatile sig_atomic_t spent;

static void
on_budget(int sig)
{
	(void)sig;
	if (running == NULL || spent)
		return;
	spent = 1;
	jq_halt(running, jv_invalid(), jv_invalid());
}

static enum err
timer_make(struct map *m)
{
	struct sigaction act = { .sa_handler = on_budget,
				 .sa_flags = SA_RESTART };
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID,
			       .sigev_signo = SIGVTALRM };

	ev._sigev_un._tid = gettid();
	if (sigaction(SIGVTALRM, &act, NULL) != 0 ||
	    timer_create(CLOCK_THREAD_CPUTIME_ID, &ev, &m->timer) != 0)
		return ERR_IO;
	m->timer_made = true;
	return ERR_OK;
}

static void
timer_set(struct map *m, long ms)
{
	struct itimerspec at = {
		.it_value = { .tv_sec = ms / 1000,
			      .tv_nsec = ms % 1000 * 1000000 },
	};

	must(timer_settime(m->timer, 0, &at, NULL) == 0);
}

/* Keeps the first line of what jq says about the program or the record. */
static void
on_message(void *self, jv msg)
{
	struct map *m = self;
	struct str s;

	if (jv_get_kind(msg) == JV_KIND_STRING && m->why[0] == 0) {
		s = str_of(jv_string_value(msg));
		s = str_cut(&s, '\n');
		if (str_copy(m->why, sizeof(m->why),
			     str_sub(s, 0, sizeof(m->why) - 1)) != ERR_OK)
			m->why[0] = 0;
	}
	jv_free(msg);
}

static enum err
compile(struct map *m, struct str program, struct diag *d)
{
	struct buf text;
	int ok = 0;

	m->jq = jq_init();
	if (m->jq == NULL)
		return ERR_LIMIT;
	jq_set_error_cb(m->jq, on_message, m);
	jq_set_attr(m->jq, jv_string("JQ_LIBRARY_PATH"), jv_array());
	buf_init(&text, MAP_PROGRAM_MAX + 256);
	buf_put(&text, str_of(prologue));
	buf_put(&text, program);
	buf_put(&text, S("\n)"));
	buf_byte(&text, 0);
	if (text.err == ERR_OK)
		ok = jq_compile(m->jq, text.p);
	buf_free(&text);
	if (ok == 0)
		return diag_set(d, ERR_CONFIG, 0, "%s",
				m->why[0] == 0 ? "does not compile" : m->why);
	return ERR_OK;
}

enum err
map_new(const struct feed *f, struct str program, struct str vocab,
	const struct map_tables *t, struct map **out, struct diag *d)
{
	struct map *m = NULL;
	enum err err = map_words_check(program, d);

	if (err != ERR_OK)
		return ERR_CONFIG;
	if (program.n > MAP_PROGRAM_MAX)
		return diag_set(d, ERR_CONFIG, 0, "more than %u bytes",
				MAP_PROGRAM_MAX);
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return ERR_LIMIT;
	m->feed = f;
	m->tables = *t;
	buf_init(&m->text, 4 * SPLIT_RECORD_MAX);
	buf_init(&m->value, 4 * SPLIT_RECORD_MAX);
	err = arena_init(&m->tables_arena, vocab.n * 8 + 4096);
	if (err == ERR_OK)
		err = arena_init(&m->arena, MAP_ARENA_SIZE);
	if (err == ERR_OK)
		err = vocab_get(vocab, t->kinds, &m->tables_arena, &m->vocab,
				d);
	if (err == ERR_OK)
		err = timer_make(m);
	if (err == ERR_OK)
		err = compile(m, program, d);
	if (err != ERR_OK) {
		map_free(m);
		return diag_set(d, ERR_CONFIG, 0, "%s", err_text(err));
	}
	*out = m;
	return ERR_OK;
}

void
map_free(struct map *m)
{
	if (m == NULL)
		return;
	if (m->jq != NULL)
		jq_teardown(&m->jq);
	if (m->timer_made)
		(void)timer_delete(m->timer);
	arena_fini(&m->arena);
	arena_fini(&m->tables_arena);
	buf_free(&m->text);
	buf_free(&m->value);
	free(m);
}

/* ---- the record on its way in ---- */

static jv
jstr(struct str s)
{
	return jv_string_sized(s.p == NULL ? "" : s.p, (int)s.n);
}

static struct str
strj(jv v)
{
	return (struct str){ jv_string_value(v),
			     (size_t)jv_string_length_bytes(jv_copy(v)) };
}

/* A prepared value in place of v, which is taken. */
static jv
prepared_text(struct map *m, jv v, struct str step, struct diag *d)
{
	jv out;

	buf_clear(&m->value);
	if (prepare_do(step, strj(v), m->tables.ids, &m->value, d) != ERR_OK)
		return v;
	out = jv_parse_sized(m->value.p, (int)m->value.n);
	if (!jv_is_valid(out)) {
		jv_free(out);
		(void)diag_set(d, ERR_INPUT, 0, "a value does not fit");
		return v;
	}
	jv_free(v);
	return out;
}

/*
 * Walks a dotted path; an array on the way stands for each of its elements,
 * an object at the end for its "#text".
 */
static jv
prepared(struct map *m, jv v, const struct feed_prepare *p, struct str path,
	 struct diag *d)
{
	jv_kind kind = jv_get_kind(v);
	struct str name;
	jv key;
	jv at;

	if (d->why[0] != 0)
		return v;
	if (kind == JV_KIND_ARRAY) {
		int n = jv_array_length(jv_copy(v));

		for (int i = 0; i < n; i++) {
			at = jv_array_get(jv_copy(v), i);
			if (jv_get_kind(at) != JV_KIND_ARRAY)
				at = prepared(m, at, p, path, d);
			v = jv_array_set(v, i, at);
		}
		return v;
	}
	if (path.n == 0 && kind == JV_KIND_STRING)
		return prepared_text(m, v, p->step, d);
	if (kind != JV_KIND_OBJECT)
		return v;
	name = path.n == 0 ? S("#text") : str_cut(&path, '.');
	key = jstr(name);
	if (!jv_object_has(jv_copy(v), jv_copy(key))) {
		jv_free(key);
		return v;
	}
	at = jv_object_get(jv_copy(v), jv_copy(key));
	return jv_object_set(v, key, prepared(m, at, p, path, d));
}

/* The record as jq sees it, or an invalid value and the reason. */
static jv
record_of(struct map *m, const struct map_input *in, struct diag *d)
{
	struct json *doc = NULL;
	struct buf at;
	jv v;

	buf_clear(&m->text);
	if (jscan_strict(in->json, &m->text, d) != ERR_OK ||
	    json_read(buf_str(&m->text), &doc, d) != ERR_OK)
		return jv_invalid();
	json_free(doc);
	v = jv_parse_sized(m->text.p, (int)m->text.n);
	if (jv_get_kind(v) != JV_KIND_OBJECT) {
		jv_free(v);
		(void)diag_set(d, ERR_INPUT, 0, "not a JSON object");
		return jv_invalid();
	}
	for (size_t i = 0; i < m->feed->prepare_count; i++) {
		const struct feed_prepare *p = &m->feed->prepare[i];

		v = prepared(m, v, p, p->field, d);
		if (d->why[0] != 0) {
			jv_free(v);
			return jv_invalid();
		}
	}
	buf_init(&at, 64);
	time_put(&at, in->fetched_at);
	v = jv_object_set(jv_object(), jv_string("record"), v);
	v = jv_object_set(v, jv_string("feed"), jstr(m->feed->name));
	v = jv_object_set(v, jv_string("file"), jstr(in->file));
	v = jv_object_set(v, jv_string("fetched_at"), jstr(buf_str(&at)));
	buf_free(&at);
	return v;
}

/* ---- the program ---- */

static void
jq_why(jv error, struct diag *d)
{
	jv msg = jv_invalid_get_msg(error);

	if (jv_get_kind(msg) == JV_KIND_STRING)
		(void)diag_set(d, ERR_INPUT, 0, "map: %.*s",
			       STR_ARG(str_sub(strj(msg), 0, 160)));
	else if (jv_get_kind(msg) != JV_KIND_NULL)
		(void)diag_set(d, ERR_INPUT, 0, "map: error");
	jv_free(msg);
}

/* Stops the timer; what of the budget was used, in us. */
static uint64_t
timer_stop(struct map *m)
{
	struct itimerspec left;
	uint64_t us;

	must(timer_gettime(m->timer, &left) == 0);
	timer_set(m, 0);
	us = (uint64_t)left.it_value.tv_sec * 1000000 +
	     (uint64_t)left.it_value.tv_nsec / 1000;
	return us > MAP_BUDGET_MS * 1000u ? 0 : MAP_BUDGET_MS * 1000u - us;
}

/* Every object the program gives for the input (taken), or the reason. */
static jv
run(struct map *m, jv input, uint64_t *cpu_us, struct diag *d)
{
	jv all = jv_array();
	jv v;

	spent = 0;
	jq_start(m->jq, input, 0);
	running = m->jq;
	timer_set(m, MAP_BUDGET_MS);
	for (;;) {
		v = jq_next(m->jq);
		if (!jv_is_valid(v))
			break;
		all = jv_array_append(all, v);
		if (jv_array_length(jv_copy(all)) > (int)MAP_NOTICES_MAX) {
			v = jv_invalid();
			(void)diag_set(d, ERR_LIMIT, 0,
				       "map: more than %u notices",
				       MAP_NOTICES_MAX);
			break;
		}
	}
	running = NULL;
	*cpu_us += timer_stop(m);
	if (spent)
		(void)diag_set(d, ERR_LIMIT, 0,
			       "map: more than %d ms of CPU time",
			       MAP_BUDGET_MS);
	jq_why(v, d);
	/* Lets go of the rest of a run that was cut off. */
	jq_start(m->jq, jv_null(), 0);
	return all;
}

/*
 * libjq 1.6 forgets to free the key it stands at when the walk over an object
 * ends early, by an error or by first(): a feed could have us grow by a key a
 * record.  The keys of an input belong to its objects alone once the results
 * are freed and the program is reset, so what is counted beyond that is given
 * back.  (Keys a program makes itself stay lost; a libjq without the bug
 * leaves nothing to do.)  The input is taken.
 */
static void
input_free(jv v)
{
	if (jv_get_kind(v) == JV_KIND_ARRAY) {
		int n = jv_array_length(jv_copy(v));

		for (int i = 0; i < n; i++)
			input_free(jv_array_get(jv_copy(v), i));
	} else if (jv_get_kind(v) == JV_KIND_OBJECT) {
		for (int i = jv_object_iter(v); jv_object_iter_valid(v, i);
		     i = jv_object_iter_next(v, i)) {
			jv key = jv_object_iter_key(v, i);

			/* One is the object's, one is ours. */
			for (int n = jv_get_refcnt(key); n > 2; n--)
				jv_free(key);
			jv_free(key);
			input_free(jv_object_iter_value(v, i));
		}
	}
	jv_free(v);
}

/* ---- objects on their way out ---- */

static bool
has(jv v, const char *key)
{
	jv at = jv_object_get(jv_copy(v), jv_string(key));
	bool yes = jv_is_valid(at) && jv_get_kind(at) != JV_KIND_NULL;

	jv_free(at);
	return yes;
}

static jv
add(jv v, const char *key, struct str s)
{
	if (s.n == 0 || has(v, key))
		return v;
	return jv_object_set(v, jv_string(key), jstr(s));
}

static enum err
keys_check(jv v, struct diag *d)
{
	enum err err = ERR_OK;

	for (int i = jv_object_iter(v); jv_object_iter_valid(v, i);
	     i = jv_object_iter_next(v, i)) {
		jv key = jv_object_iter_key(v, i);
		bool known = false;

		for (size_t k = 0;
		     k < sizeof(notice_keys) / sizeof(*notice_keys); k++)
			if (str_eq(strj(key), str_of(notice_keys[k])))
				known = true;
		if (!known)
			err = diag_set(d, ERR_INPUT, 0,
				       "'%.*s' is not a key of a notice",
				       STR_ARG(str_sub(strj(key), 0, 40)));
		jv_free(key);
	}
	return err;
}

/* Copies a string member into dst; empty when it is none or too long. */
static struct str
member(jv v, const char *key, char *dst, size_t size)
{
	jv at = jv_object_get(jv_copy(v), jv_string(key));

	dst[0] = 0;
	if (jv_get_kind(at) == JV_KIND_STRING &&
	    str_copy(dst, size, strj(at)) != ERR_OK)
		dst[0] = 0;
	jv_free(at);
	return str_of(dst);
}

/* kind, stage and subject by the vocab where the program gave none. */
static jv
with_kind(struct map *m, jv v, struct map_counts *c, struct diag *d)
{
	char native[MAP_NATIVE_MAX + 1];
	char kind[80];
	const struct vocab_row *row = NULL;
	const struct kind *k;
	struct str s = member(v, "native", native, sizeof(native));

	if (!has(v, "kind")) {
		row = vocab_find(&m->vocab, s);
		if (row == NULL)
			c->unknown++;
		v = add(v, "kind", row == NULL ? S("UNKNOWN") : row->kind);
	}
	if (row != NULL) {
		v = add(v, "stage", row->stage);
		v = add(v, "subject", row->subject);
	}
	s = member(v, "kind", kind, sizeof(kind));
	k = m->tables.kinds->count == 0 ? NULL :
					  kinds_find(m->tables.kinds, s);
	if (m->tables.kinds->count > 0 && k == NULL &&
	    !str_eq(s, S("UNKNOWN")))
		(void)diag_set(d, ERR_INPUT, 0, "kind: %.*s is no kind",
			       STR_ARG(s));
	if (k != NULL && !str_eq(k->subject, S("any")))
		v = add(v, "subject", k->subject);
	return add(v, "subject", S("buyer"));
}

static jv
with_defaults(struct map *m, jv v, const struct map_input *in, int no)
{
	struct buf b;

	buf_init(&b, NOTICE_FIELD_MAX + 16);
	buf_put(&b, in->key);
	if (no > 1)
		buf_printf(&b, "#%d", no);
	v = jv_object_set(v, jv_string("source"), jstr(m->feed->name));
	v = add(v, "record", buf_str(&b));
	buf_clear(&b);
	time_put(&b, in->fetched_at);
	v = add(v, "recorded_at", buf_str(&b));
	buf_free(&b);
	v = add(v, "action", str_of(action_text(in->action)));
	v = add(v, "certainty", str_of(certainty_text(m->feed->certainty)));
	return add(v, "redistribution",
		   str_of(redistribution_text(m->feed->redistribution)));
}

/* Ids in canonical form; one that does not fit its scheme is dropped. */
static void
canon_ids(struct map *m, struct notice *n, struct map_counts *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->id_count; i++) {
		char canon[ID_VALUE_MAX];
		struct notice_id id = n->ids[i];
		struct diag why = { 0 };

		if (m->tables.ids->count > 0) {
			if (idscheme_canon(m->tables.ids, id.scheme, id.value,
					   canon, &why) != ERR_OK) {
				c->bad_ids++;
				continue;
			}
			id.value = arena_str(&m->arena, str_of(canon));
			if (id.value.p == NULL) {
				c->bad_ids++;
				continue;
			}
		}
		n->ids[kept++] = id;
	}
	n->id_count = kept;
}

/* v is taken. */
static enum err
notice_of(struct map *m, jv v, struct notice *out, struct map_counts *c,
	  struct diag *d)
{
	struct map_counts before = *c;
	enum err err = ERR_INPUT;
	jv text;

	v = with_kind(m, v, c, d);
	text = jv_dump_string(v, 0);
	buf_clear(&m->text);
	if (d->why[0] == 0)
		err = nfc_put(&m->text, strj(text));
	jv_free(text);
	if (err == ERR_OK)
		err = notice_get(buf_str(&m->text), &m->arena, out, d);
	if (err == ERR_OK) {
		canon_ids(m, out, c);
		err = notice_check(out, d);
	}
	if (err != ERR_OK) {
		*c = before;
		(void)diag_set(d, err, 0, "%s", err_text(err));
	}
	return err;
}

static enum err
hand_over(struct map *m, jv v, const struct map_input *in, int no,
	  const struct map_sink *sink, struct map_counts *c)
{
	struct diag why = { 0 };
	struct notice n = { 0 };
	enum err err = ERR_INPUT;

	if (jv_get_kind(v) != JV_KIND_OBJECT) {
		jv_free(v);
		(void)diag_set(&why, err, 0, "map: gave what is no object");
	} else if (keys_check(v, &why) != ERR_OK) {
		jv_free(v);
	} else {
		arena_rewind(&m->arena, 0);
		err = notice_of(m, with_defaults(m, v, in, no), &n, c, &why);
	}
	if (err == ERR_OK) {
		c->notices++;
		return sink->notice(sink->self, &n);
	}
	c->rejects++;
	sink->reject(sink->self, why.why);
	return ERR_OK;
}

enum err
map_record(struct map *m, const struct map_input *in,
	   const struct map_sink *sink, struct map_counts *counts)
{
	struct diag why = { 0 };
	jv input = record_of(m, in, &why);
	enum err err = ERR_OK;
	jv all;
	int n;

	if (!jv_is_valid(input)) {
		jv_free(input);
		counts->rejects++;
		sink->reject(sink->self, why.why);
		return ERR_OK;
	}
	m->why[0] = 0;
	all = run(m, jv_copy(input), &counts->cpu_us, &why);
	if (why.why[0] != 0) {
		jv_free(all);
		input_free(input);
		counts->rejects++;
		sink->reject(sink->self, why.why);
		return ERR_OK;
	}
	n = jv_array_length(jv_copy(all));
	for (int i = 0; i < n && err == ERR_OK; i++)
		err = hand_over(m, jv_array_get(jv_copy(all), i), in, i + 1,
				sink, counts);
	jv_free(all);
	input_free(input);
	return err;
}

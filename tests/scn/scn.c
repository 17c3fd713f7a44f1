/*
 * scn.c - the scenario runner; see docs/SCENARIOS.md for the verbs.
 */
#include "scn.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core.h"
#include "define.h"
#include "log.h"

#define TURNS_MAX 400

static int
fail(struct scn *s, const char *fmt, ...) PRINTF_LIKE(2, 3);

static int
fail(struct scn *s, const char *fmt, ...)
{
	va_list ap;

	(void)fprintf(stderr, "%s:%u: ", s->file, s->line);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	return 1;
}

/* ---- set-up ---- */

/* ACCEPT-NAMES FEED: its definition says so. */
static void
accept_names(struct scn *s, struct buf *b, const char *name)
{
	struct str no = S("\nname_accept: no");
	struct str feed = str_sub(str_of(name), 8, 200);
	struct str text = buf_str(b);
	char want[256];
	struct buf new;
	size_t at = 0;

	(void)snprintf(want, sizeof(want), "ACCEPT-NAMES %.*s\n",
		       STR_ARG(str_sub(feed, 0, feed.n < 5 ? 0 : feed.n - 5)));
	if (!str_contains(buf_str(&s->text), str_of(want)))
		return;
	while (at < text.n && !str_eq(str_sub(text, at, no.n), no))
		at++;
	buf_init(&new, 16u << 20);
	buf_put(&new, str_sub(text, 0, at));
	buf_put(&new, S("\nname_accept: yes"));
	buf_put(&new, str_sub(text, at + no.n, text.n));
	buf_free(b);
	*b = new;
}

/* Definitions ship switched off; a scenario switches on what it serves. */
static void
switch_on(void *ctx, struct buf *b, const char *name)
{
	struct scn *s = ctx;
	struct str text = buf_str(b);
	struct str off = S("\nenabled: no");
	struct str feed = str_sub(str_of(name), 8, 200);
	char want[256];

	(void)snprintf(want, sizeof(want), " %.*s ",
		       STR_ARG(str_sub(feed, 0, feed.n < 5 ? 0 : feed.n - 5)));
	if (!str_ends(feed, S(".yaml")) ||
	    !str_contains(buf_str(&s->text), str_of(want)))
		return;
	for (size_t i = 0; i + off.n <= text.n; i++)
		if (str_eq(str_sub(text, i, off.n), off))
			memcpy(b->p + i, "\n# switched on", off.n);
	accept_names(s, b, name);
}

/* OPERATOR NAME: uid:N ROLE...: lines of the configuration. */
static void
put_operators(struct scn *s, struct buf *b)
{
	size_t n = 0;

	for (struct str rest = buf_str(&s->text); rest.n > 0;) {
		struct str line = str_trim(str_cut(&rest, '\n'));

		if (str_starts(line, S("OPERATOR ")))
			buf_printf(b, "%s  %.*s\n",
				   n++ == 0 ? "operators:\n" : "",
				   STR_ARG(str_sub(line, 9, line.n)));
	}
}

static int
set_up(struct scn *s)
{
	struct one_rig *r = &s->rig;
	struct buf b;

	buf_init(&b, 4096);
	buf_put(&b, S("instance: scn\nlog:\n  level: 3\n"
		      "contact:\n  claims_tel: \"83165355\"\n"));
	put_operators(s, &b);
	buf_byte(&b, 0);
	one_rig_init(r, "scn", buf_str(&b).p);
	buf_free(&b);
	return !one_rig_dir(r, "etc", "", NULL, NULL) ||
	       !one_rig_dir(r, "etc/vocab", "vocab/", NULL, NULL) ||
	       !one_rig_dir(r, "etc/feeds.d", "feeds.d/", switch_on, s);
}

static void
tear_down(struct scn *s)
{
	for (size_t i = 0; i < s->people; i++)
		for (size_t k = 0; k < s->person[i].got; k++)
			buf_free(&s->person[i].alert[k].body);
	one_rig_fini(&s->rig);
}

static int
start(struct scn *s)
{
	if (s->rig.started || one_rig_start(&s->rig) == ERR_OK)
		return 0;
	return fail(s, "the daemon does not start");
}

/* ---- people ---- */

static void
person_send(struct scn_person *p, const struct wire_frame *f)
{
	struct buf b;
	struct str one;

	buf_init(&b, WIRE_CLIENT_FRAME_MAX);
	wire_put(&b, f);
	one = buf_str(&b);
	(void)!bus_mem_send(p->client, &one, 1);
	buf_free(&b);
}

static int
take_alert(struct scn *s, struct scn_person *p, const struct str frame[2])
{
	struct wire_frame ack = { .letter = WIRE_ACK };
	struct scn_alert *a = &p->alert[p->got];
	struct str body;
	struct diag d = { 0 };
	struct buf clear;

	if (p->got == SCN_ALERTS_MAX)
		return fail(s, "%s has too many alerts", p->name);
	buf_init(&clear, SEALED_MAX);
	if (seal_open(&p->reader, str_of(p->exporter), frame, &a->header,
		      &clear, &body, &d) != ERR_OK)
		return fail(s, "%s cannot open an alert: %s", p->name, d.why);
	buf_init(&a->body, WIRE_BODY_MAX);
	buf_put(&a->body, body);
	buf_free(&clear);
	p->got++;
	ack.u.ack.epoch = a->header.epoch;
	ack.u.ack.cum_seq = a->header.seq;
	ack.u.ack.add_credit = 1;
	person_send(p, &ack);
	return 0;
}

/* Everything that waits for this person. */
static int
person_read(struct scn *s, struct scn_person *p)
{
	struct str frame[BUS_FRAMES_MAX];
	size_t n = 0;

	while (bus_mem_recv(p->client, frame, &n) == ERR_OK) {
		struct wire_frame f = { .letter = WIRE_BYE };
		struct diag d = { 0 };

		if (n == 2) {
			if (take_alert(s, p, frame) != 0)
				return 1;
			continue;
		}
		if (wire_get_server(frame[0], &f, &d) != ERR_OK)
			return fail(s, "%s got nonsense: %s", p->name, d.why);
		if (f.letter == WIRE_WELCOME) {
			p->welcome = 1;
			p->epoch = f.u.welcome.epoch;
		} else if (f.letter == WIRE_BEAT) {
			p->beats++;
		} else if (f.letter == WIRE_ERROR &&
			   f.u.error.code == WIRE_E_HELLO_FIRST) {
			p->welcome = 0;
		}
	}
	return 0;
}

/* A living client says something at least as often as it hears a BEAT, and
 * HELLO again after the daemon forgot it. */
static void
person_beat(struct scn_person *p)
{
	struct wire_frame f = { .letter = WIRE_PING };

	if (!p->welcome) {
		f.letter = WIRE_HELLO;
		f.u.hello = (struct wire_hello){ .version = WIRE_VERSION,
						 .credit = 64,
						 .after_seq = WIRE_CURSOR,
						 .consumer = S("scn") };
	}
	person_send(p, &f);
}

static struct scn_person *
person(struct scn *s, struct str name)
{
	for (size_t i = 0; i < s->people; i++)
		if (str_eq(str_of(s->person[i].name), name))
			return &s->person[i];
	return NULL;
}

/* ---- time ---- */

/* Turns until nobody has anything to say to anybody. */
static int
settle(struct scn *s)
{
	for (int i = 0; i < TURNS_MAX && (i < 2 || !one_rig_quiet(&s->rig)); i++) {
		int64_t wait_ms = 1000;

		if (one_turn(&s->rig.one, s->rig.sim.at, &wait_ms) != ERR_OK)
			return fail(s, "a role failed");
		for (size_t k = 0; k < s->people; k++)
			if (person_read(s, &s->person[k]) != 0)
				return 1;
	}
	return 0;
}

static int
pass(struct scn *s, int64_t ms)
{
	int64_t grain = ms > 600000 ? 4000 : 250;

	if (settle(s) != 0)
		return 1;
	while (ms > 0) {
		int64_t step = ms < grain ? ms : grain;

		s->rig.sim.at.mono_ms += step;
		s->rig.sim.at.wall_ms += step;
		ms -= step;
		for (size_t k = 0; k < s->people; k++)
			person_beat(&s->person[k]);
		if (settle(s) != 0)
			return 1;
	}
	return 0;
}

/* ---- verbs ---- */

/* kind: what is replaced; else empty.  want: how the command ends. */
static int
verb_book(struct scn *s, struct str dir_name, struct str kind, int want)
{
	struct say_request q = { .words = kind.n > 0 ? 5 : want == 0 ? 2 : 3,
				 .word = { S("book"), S("import"),
					   S("--force"), S("--replace"),
					   kind } };
	static char name[SAY_FILES_MAX][512];
	struct dirent **e = NULL;
	struct buf out;
	char dir[256];
	int status;
	int n;

	if (start(s) != 0 || str_copy(dir, sizeof(dir), dir_name) != ERR_OK)
		return 1;
	n = scandir(dir, &e, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		struct stat st;
		int fd;

		if (str_ends(str_of(e[i]->d_name), S(".csv")) &&
		    q.files < SAY_FILES_MAX) {
			(void)snprintf(name[q.files], sizeof(name[0]),
				       "%s/%s", dir, e[i]->d_name);
			fd = open(name[q.files], O_RDONLY | O_CLOEXEC);
			must(fd >= 0 && fstat(fd, &st) == 0);
			q.file[q.files] = (struct say_file){
				str_of(name[q.files]), fd, (size_t)st.st_size
			};
			q.files++;
		}
		free(e[i]);
	}
	free(e);
	buf_init(&out, 1u << 20);
	status = one_rig_say(&s->rig, &q, &out);
	for (size_t i = 0; i < q.files; i++)
		(void)close(q.file[i].fd);
	buf_free(&out);
	return status == want ? 0 : fail(s, "the import ended with %d", status);
}

static int
verb_subscribe(struct scn *s, struct str name, struct str exporter)
{
	struct scn_person *p = &s->person[s->people];
	uint8_t routing[16] = { 1 };

	if (start(s) != 0 || s->people == SCN_PEOPLE_MAX ||
	    str_copy(p->name, sizeof(p->name), name) != ERR_OK ||
	    str_copy(p->exporter, sizeof(p->exporter), exporter) != ERR_OK)
		return fail(s, "bad subscriber");
	if (one_rig_subscriber(&s->rig, exporter, &p->keys, &p->reader) != 0)
		return fail(s, "the subscriber was not added");
	if (settle(s) != 0)
		return 1;
	routing[1] = (uint8_t)(s->people + 1);
	p->client = bus_mem_client(s->rig.bus, p->keys.curve.pub,
				   (struct str){ (const char *)routing,
						 sizeof(routing) });
	s->people++;
	person_beat(p);
	if (settle(s) != 0)
		return 1;
	return p->welcome ? 0 : fail(s, "%s is not welcome", p->name);
}

static const char *
feed_url(struct scn *s, struct str name, struct arena *a)
{
	struct feeds feeds = { 0 };
	struct buf errors;
	const struct feed *f = NULL;

	buf_init(&errors, 65536);
	if (feeds_define(&s->rig.all, a, &feeds, &errors) == ERR_OK)
		f = feeds_find(&feeds, name);
	buf_free(&errors);
	return f == NULL || f->url_count == 0 ? NULL :
						arena_str(a, f->urls[0]).p;
}

static int
verb_serve(struct scn *s, struct str feed, struct str file)
{
	struct arena a;
	struct buf b;
	char path[300];
	const char *url;
	int bad = 0;

	if (arena_init(&a, 8u << 20) != ERR_OK)
		return 1;
	url = feed_url(s, feed, &a);
	buf_init(&b, 64u << 20);
	if (url == NULL || str_copy(path, sizeof(path), file) != ERR_OK)
		bad = fail(s, "no feed '%.*s'", STR_ARG(feed));
	else if (file.n == 0)
		net_sim_stall(s->rig.net, str_of(url));
	else if (!str_eq(file, S("nothing")) &&
		 buf_read_file(&b, path) != ERR_OK)
		bad = fail(s, "%s cannot be read", path);
	else
		net_sim_serve(s->rig.net, str_of(url), buf_str(&b));
	buf_free(&b);
	arena_fini(&a);
	return bad;
}

/* data.exposure.if_shipped.uninsured */
static struct str
value_at(const struct json *doc, struct str path, char room[64])
{
	const struct json *v = doc;

	while (path.n > 0 && v != NULL) {
		char key[128];
		uint64_t i = 0;

		(void)!str_copy(key, sizeof(key), str_cut(&path, '.'));
		if (str_to_u64(str_of(key), 1000, &i) == ERR_OK)
			v = json_at(v, (size_t)i);
		else
			v = json_get(v, key);
	}
	if (v == NULL)
		return S("(absent)");
	if (json_str(v).p != NULL)
		return json_str(v);
	if (json_absent(v))
		return S("null");
	(void)snprintf(room, 64, "%lld", (long long)json_int(v));
	return str_of(room);
}

static struct scn_var *
var(struct scn *s, struct str name)
{
	for (size_t i = 0; i < s->vars; i++)
		if (str_eq(str_of(s->var[i].name), name))
			return &s->var[i];
	if (s->vars == SCN_VARS_MAX)
		return NULL;
	(void)!str_copy(s->var[s->vars].name, sizeof(s->var[0].name), name);
	return &s->var[s->vars++];
}

/* key=value; value $X is what ?X took before; key~text: contains. */
static int
check_one(struct scn *s, const struct json *doc, struct str want)
{
	char room[64];
	bool contains = str_find(want, '~') < str_find(want, '=');
	struct str path = str_cut(&want, contains ? '~' : '=');
	struct str got = value_at(doc, path, room);
	struct scn_var *v = NULL;

	if (want.n > 1 && (want.p[0] == '$' || want.p[0] == '?'))
		v = var(s, str_sub(want, 1, want.n));
	if (v != NULL && want.p[0] == '?')
		return str_copy(v->value, sizeof(v->value), got) == ERR_OK ?
			   0 :
			   1;
	if (v != NULL)
		want = str_of(v->value);
	if (contains ? str_contains(got, want) : str_eq(got, want))
		return 0;
	return fail(s, "%.*s is '%.*s', not '%.*s'", STR_ARG(path),
		    STR_ARG(got), STR_ARG(want));
}

static int
check_all(struct scn *s, struct str json, struct str rest)
{
	struct diag d = { 0 };
	struct json *doc = NULL;
	int bad = 0;

	if (json_read(json, &doc, &d) != ERR_OK)
		return fail(s, "not JSON: %s", d.why);
	while (rest.n > 0 && !bad) {
		struct str word = str_cut(&rest, ' ');

		if (word.n > 0)
			bad = check_one(s, doc, word);
	}
	json_free(doc);
	return bad;
}

static int
verb_expect(struct scn *s, struct str who, struct str rest)
{
	struct scn_person *p = person(s, who);
	struct str what = str_cut(&rest, ' ');
	static const char *const types[] = { "", "first", "later",
					     "retraction", "drill" };
	struct scn_alert *a;

	if (p == NULL)
		return fail(s, "who is %.*s?", STR_ARG(who));
	if (str_eq(what, S("BEAT"))) {
		int beats = p->beats;

		p->beats = 0;
		return beats > 0 ? 0 : fail(s, "no BEAT");
	}
	if (p->seen == p->got)
		return fail(s, "%s got no alert", p->name);
	a = &p->alert[p->seen++];
	if (!str_eq(what, str_of(types[a->header.type])))
		return fail(s, "a %s revision, not %.*s",
			    types[a->header.type], STR_ARG(what));
	return check_all(s, buf_str(&a->body), rest);
}

static int
verb_nothing(struct scn *s, struct str who)
{
	struct scn_person *p = person(s, who);

	if (p == NULL)
		return fail(s, "who is %.*s?", STR_ARG(who));
	if (p->seen < p->got)
		return fail(s, "%s got %zu alerts more: %.*s", p->name,
			    p->got - p->seen,
			    STR_ARG(str_sub(buf_str(&p->alert[p->seen].body), 0,
					    600)));
	return 0;
}

static int
verb_state(struct scn *s, struct str who, struct str rest)
{
	static const char *const words[] = { "",	  "gw_received",
					     "channel_sent", "delivered",
					     "read",	  "acked",
					     "acted",	  "snoozed",
					     "failed" };
	struct scn_person *p = person(s, who);
	struct wire_frame f = { .letter = WIRE_STATE };
	struct str word = str_cut(&rest, ' ');

	if (p == NULL || p->got == 0)
		return fail(s, "nothing to report on");
	for (uint8_t i = 1; i <= 8; i++)
		if (str_eq(word, str_of(words[i])))
			f.u.state.state = i;
	if (f.u.state.state == 0)
		return fail(s, "no state '%.*s'", STR_ARG(word));
	f.u.state.epoch = p->alert[p->got - 1].header.epoch;
	f.u.state.seq = p->alert[p->got - 1].header.seq;
	f.u.state.at_us = (uint64_t)s->rig.sim.at.wall_ms * 1000;
	f.u.state.actor = S("clerk-1");
	f.u.state.code = rest;
	person_send(p, &f);
	return settle(s);
}

/*
 * KILL ROLE: now.  KILL core before-push: at the moment core has told publish
 * something that publish has not read yet, that is between commit and push.
 */
static int
verb_kill(struct scn *s, struct str role, struct str when)
{
	struct role *core = &s->rig.one.role[PEER_CORE];
	enum peer p = str_eq(role, S("fetch"))	 ? PEER_FETCH :
		      str_eq(role, S("parse"))	 ? PEER_PARSE :
		      str_eq(role, S("core"))	 ? PEER_CORE :
						   PEER_PUBLISH;

	if (str_eq(when, S("before-push"))) {
		int turns = 0;

		s->rig.one.alive[PEER_PUBLISH] = false;
		while (link_waiting(core->link[PEER_PUBLISH]) == 0) {
			int64_t wait_ms = 0;

			if (turns++ > TURNS_MAX)
				return fail(s, "core told publish nothing");
			s->rig.sim.at.mono_ms += 250;
			s->rig.sim.at.wall_ms += 250;
			if (one_turn(&s->rig.one, s->rig.sim.at, &wait_ms) != ERR_OK)
				return fail(s, "a role failed");
		}
		s->rig.one.alive[PEER_PUBLISH] = true;
	}
	if (one_kill(&s->rig.one, p) != ERR_OK)
		return fail(s, "kill");
	if (one_rig_restart(&s->rig, p) != ERR_OK)
		return fail(s, "restart");
	return settle(s);
}

/* "COMMAND" of *rest; $X in it is what ?X took. */
static int
ask(struct scn *s, struct str *rest, struct buf *out)
{
	struct say_request q = { .json = 1, .uid = (uint32_t)s->uid };
	struct str words;

	(void)str_cut(rest, '"');
	words = str_cut(rest, '"');
	while (words.n > 0 && q.words < SAY_WORDS_MAX) {
		struct str word = str_cut(&words, ' ');
		struct scn_var *v = NULL;

		if (str_starts(word, S("$")))
			v = var(s, str_sub(word, 1, word.n));
		q.word[q.words++] = v == NULL ? word : str_of(v->value);
	}
	return one_rig_say(&s->rig, &q, out);
}

/* SAY "review accept $Q" 1: an operator does; the exit status, if not 0. */
static int
verb_say(struct scn *s, struct str rest)
{
	uint64_t want = 0;
	struct buf out;
	int got;

	buf_init(&out, 1u << 20);
	got = ask(s, &rest, &out);
	buf_free(&out);
	rest = str_trim(rest);
	if (rest.n > 0 && str_to_u64(rest, 255, &want) != ERR_OK)
		return fail(s, "SAY \"COMMAND\" [STATUS]");
	if (got != (int)want)
		return fail(s, "exit status %d", got);
	return settle(s);
}

/* EXPECT-SAID "feed show bureau" state=stale: as an operator reads it. */
static int
verb_said(struct scn *s, struct str rest)
{
	struct buf out;
	int bad;

	buf_init(&out, 1u << 20);
	bad = ask(s, &rest, &out);
	if (bad == 0)
		bad = check_all(s, str_trim(buf_str(&out)), rest);
	buf_free(&out);
	return bad;
}

/* 60s, 5m, 26h, 2d; 0 when it is none. */
static int64_t
span(struct str word)
{
	uint64_t n = 0;
	char u = word.n > 0 ? word.p[word.n - 1] : ' ';
	int64_t unit = u == 's' ? 1000 : u == 'm' ? 60000 :
		       u == 'h' ? 3600000 : u == 'd' ? DAY_MS : 0;

	(void)!str_to_u64(str_sub(word, 0, word.n - 1), 100000, &n);
	return (int64_t)n * unit;
}

/* Both clocks go on in small steps, jump at once, or the wall's alone. */
static int
verb_time(struct scn *s, struct str word, struct str rest)
{
	bool back = str_starts(rest, S("-"));
	int64_t ms = span(back ? str_sub(rest, 1, rest.n) : rest);

	if (ms == 0 || (back && !str_eq(word, S("STEP"))))
		return fail(s, "PASS, SUSPEND or STEP 60s, 5m, 26h, 2d");
	if (start(s) != 0)
		return 1;
	if (str_eq(word, S("PASS")))
		return pass(s, ms);
	s->rig.sim.at.wall_ms += back ? -ms : ms;
	s->rig.sim.at.mono_ms += str_eq(word, S("SUSPEND")) ? ms : 0;
	return settle(s);
}

static int
verb(struct scn *s, struct str line)
{
	struct str rest = line;
	struct str word = str_cut(&rest, ' ');

	if (str_eq(word, S("AT")))
		return time_get(rest, &s->rig.sim.at.wall_ms) == ERR_OK ?
			   0 :
			   fail(s, "AT needs a time with its zone");
	if (word.n > 2 && str_contains(S("PASS STEP SUSPEND"), word))
		return verb_time(s, word, rest);
	if (str_eq(word, S("BOOK")))
		return verb_book(s, rest, STR_NONE, 0);
	if (str_eq(word, S("SAY")))
		return verb_say(s, rest);
	if (str_eq(word, S("EXPECT-SAID")))
		return verb_said(s, rest);
	if (str_eq(word, S("EXPECT-NOTHING")))
		return verb_nothing(s, rest);
	word = str_cut(&rest, ' '); /* the first argument */
	if (str_starts(line, S("ACCEPT-NAMES ")) ||
	    str_starts(line, S("OPERATOR ")))
		return 0; /* heard at set-up */
	if (str_starts(line, S("AS ")))
		return str_to_u64(word, UINT32_MAX - 1, &s->uid) == ERR_OK ?
			   0 :
			   fail(s, "AS UID");
	if (str_starts(line, S("SERVE ")))
		return rest.n == 0 ? fail(s, "SERVE FEED FILE") :
				     verb_serve(s, word, rest);
	if (str_starts(line, S("BOOK-REPLACE ")))
		return verb_book(s, rest, word, 0);
	if (str_starts(line, S("BOOK-REFUSED ")))
		return verb_book(s, word, STR_NONE, 65);
	if (str_starts(line, S("STALL ")))
		return verb_serve(s, word, STR_NONE);
	if (str_starts(line, S("SUBSCRIBE ")))
		return verb_subscribe(s, word, rest);
	if (str_starts(line, S("STATE ")))
		return verb_state(s, word, rest);
	if (str_starts(line, S("KILL ")))
		return verb_kill(s, word, rest);
	if (str_starts(line, S("EXPECT ")))
		return verb_expect(s, word, rest);
	return fail(s, "no verb in '%.*s'", STR_ARG(line));
}

int
scn_run(const char *path)
{
	struct scn *s = calloc(1, sizeof(*s));
	int bad;

	if (s == NULL)
		return 1;
	s->file = path;
	buf_init(&s->text, 1u << 20);
	bad = buf_read_file(&s->text, path) != ERR_OK ?
		  fail(s, "cannot be read") :
		  set_up(s);
	for (struct str rest = buf_str(&s->text); rest.n > 0 && !bad;) {
		struct str line = str_trim(str_cut(&rest, '\n'));

		s->line++;
		if (line.n > 0 && line.p[0] != '#')
			bad = verb(s, line);
	}
	/* Nothing may be left that no line expected. */
	for (size_t i = 0; i < s->people && !bad; i++)
		bad = verb_nothing(s, str_of(s->person[i].name));
	tear_down(s);
	buf_free(&s->text);
	free(s);
	return bad;
}

int
main(int argc, char **argv)
{
	int failed = 0;

	log_level(LOG_ERR, LOG_ERR);
	for (int i = 1; i < argc; i++) {
		int bad = scn_run(argv[i]);

		(void)printf("%s %s\n", bad ? "FAIL" : "ok", argv[i]);
		failed += bad != 0;
	}
	return failed == 0 ? 0 : 1;
}

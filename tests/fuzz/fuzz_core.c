/*
 * fuzz_core.c - what core hears: notices, frames of the other roles, the
 * operators' connections.  A core is dear, so CORE_INPUTS inputs meet the
 * same one, on memory, with the demo book; each has links of its own.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "book_import.h"
#include "fuzz.h"
#include "say.h"
#include "scratch.h"

#define NOW_MS 1672103520000 /* 2022-12-27T01:12Z */
#define STEPS_MAX 12 /* of one input */
#define CORE_INPUTS 200

/* ---- a notice ---- */

void
fuzz_notice(struct str in)
{
	static struct arena a;
	struct notice n;
	struct notice again;
	struct diag d = { 0 };
	struct buf b;
	struct buf c;

	if (a.p == NULL)
		must(arena_init(&a, 4u << 20) == ERR_OK);
	arena_rewind(&a, 0);
	if (notice_get(in, &a, &n, &d) != ERR_OK) {
		must(d.why[0] != '\0');
		return;
	}
	must(notice_check(&n, &d) == ERR_OK);
	buf_init(&b, 4 * NOTICE_JSON_MAX);
	buf_init(&c, 4 * NOTICE_JSON_MAX);
	notice_put(&b, &n);
	if (b.n <= NOTICE_JSON_MAX) {
		must(notice_get(buf_str(&b), &a, &again, &d) == ERR_OK);
		notice_put(&c, &again);
		must(str_eq(buf_str(&b), buf_str(&c)));
	}
	buf_free(&b);
	buf_free(&c);
}

/* ---- frames of any peer, and what core puts aside of them ---- */

static void
take_all(struct link *l, struct staging *st)
{
	struct msg m;
	enum err err;

	while ((err = link_take(l, &m)) == ERR_OK) {
		must(m.body.n <= MSG_MAX);
		for (size_t i = 0; i < MSG_FDS_MAX; i++)
			if (m.fd[i] >= 0)
				(void)close(m.fd[i]);
		if (m.type == MSG_NOTICE)
			must((staging_put(st, m.body) == ERR_OK) ==
			     (m.body.n <= NOTICE_JSON_MAX));
	}
	must(err == ERR_AGAIN || err == ERR_PEER);
}

void
fuzz_frames(struct str in)
{
	uint8_t way = fuzz_byte(&in);
	size_t slice = way % 61u + 1;
	struct link *l = NULL;
	struct staging st;
	struct str notice;
	uint64_t staged;
	int pair[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	must(link_socket(pair[1], &l) == ERR_OK);
	staging_init(&st);
	for (size_t at = 0; at < in.n; at += slice) {
		struct str s = str_sub(in, at, slice);

		if (send(pair[0], s.p, s.n, MSG_NOSIGNAL) != (ssize_t)s.n)
			break;
		if (link_fill(l) != ERR_OK)
			break;
		take_all(l, &st);
	}
	staged = st.count;
	while (staging_take(&st, &notice) == ERR_OK)
		staged--;
	must(staged == 0);
	staging_free(&st);
	link_free(l);
	(void)close(pair[0]);
}

/* ---- a core ---- */

struct rig {
	struct role role;
	struct clock_sim sim;
	struct clock clock;
	struct link *end[PEER_COUNT]; /* the others' */
	uint64_t doc; /* the last one core opened */
	unsigned steps;
	unsigned inputs;
};

static void
add(struct bundle *b, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "etc/%s", name);
	bundle_add(b, str_of(name), fuzz_file(path));
}

static const struct bundle *
files(void)
{
	static struct bundle b;

	if (b.bytes.n > 0)
		return &b;
	bundle_init(&b);
	bundle_add(&b, S("creditalarm.yaml"),
		   S("instance: fuzz\nstate_dir: \":memory:\"\n"));
	bundle_add(&b, S("key/token"),
		   S("000102030405060708090a0b0c0d0e0f"
		     "101112131415161718191a1b1c1d1e1f"));
	add(&b, "kinds.tsv");
	add(&b, "idschemes.tsv");
	add(&b, "texts.tsv");
	add(&b, "duties.tsv");
	add(&b, "feeds.d/bureau.yaml");
	add(&b, "feeds.d/bureau.jq");
	add(&b, "vocab/bureau.tsv");
	add(&b, "vocab/gleif.tsv");
	add(&b, "feeds.d/gleif.yaml");
	add(&b, "feeds.d/gleif.jq");
	return &b;
}

/* One text the import takes in one go; every kind begins with its header. */
static void
book(struct core *c)
{
	static const char *const kinds[] = { "schemes",	 "exporters",
					     "policies", "obligors",
					     "follows",	 "shipments" };
	static struct book_file file[6];
	const struct book_options opt = { .schemes = &c->schemes };
	struct book_report r;

	for (size_t i = 0; i < 6 && file[i].bytes.n == 0; i++) {
		char path[256];

		(void)snprintf(path, sizeof(path), "tests/demo/book/%s.csv",
			       kinds[i]);
		file[i].name = str_of(kinds[i]);
		file[i].bytes = fuzz_file(path);
	}
	book_report_init(&r);
	must(book_import(c->store, file, 6, &opt,
			 (struct instant){ 0, NOW_MS }, &r) == ERR_OK);
	book_report_free(&r);
}

/* The peers come back as after a restart. */
static void
rig_join(struct rig *g)
{
	static const enum peer others[] = { PEER_SUPER, PEER_FETCH, PEER_PARSE,
					    PEER_PUBLISH };

	for (size_t i = 0; i < 4; i++) {
		enum peer p = others[i];

		link_free(g->role.link[p]);
		link_free(g->end[p]);
		must(link_pair(&g->end[p], &g->role.link[p]) == ERR_OK);
		if (p != PEER_SUPER)
			core_role.relink(&g->role, p);
	}
	g->steps = 0;
}

static struct rig *
rig(void)
{
	static struct rig g;

	if (g.inputs++ % CORE_INPUTS == 0) {
		core_role.fini(&g.role);
		g.role.ops = &core_role;
		g.role.bundle = files();
		g.role.clock = &g.clock;
		g.clock = clock_sim(&g.sim);
		g.sim.at = (struct instant){ 1000, NOW_MS };
		must(core_role.init(&g.role, g.sim.at) == ERR_OK);
		book(g.role.state);
	}
	g.sim.at.wall_ms = NOW_MS;
	rig_join(&g);
	return &g;
}

/* What core says to its peers; parse learns the number of its document. */
static void
hear(struct rig *g)
{
	for (int p = 0; p < PEER_COUNT; p++) {
		struct msg m;

		while (link_take(g->end[p], &m) == ERR_OK) {
			struct rd r = rd_of(m.body);

			if (p == PEER_PARSE && m.type == MSG_DOC_OPEN)
				g->doc = rd_be64(&r);
			for (size_t i = 0; i < MSG_FDS_MAX; i++)
				if (m.fd[i] >= 0)
					(void)close(m.fd[i]);
		}
	}
}

static void
step(struct rig *g)
{
	struct core *c = g->role.state;
	int64_t wait = 0;

	if (g->steps++ >= STEPS_MAX)
		return;
	must(core_role.step(&g->role, g->sim.at, &wait) == ERR_OK);
	must(!store_in_transaction(c->store));
	hear(g);
	g->sim.at.mono_ms += 100;
	g->sim.at.wall_ms += 100;
}

static void
say_frame(struct rig *g, enum peer p, uint8_t type, struct str body)
{
	(void)link_send(g->end[p], type, str_sub(body, 0, MSG_MAX), NULL, 0);
}

static void
poll_end(struct rig *g, struct str in)
{
	uint8_t verdict = fuzz_byte(&in) % 4;
	uint8_t which = fuzz_byte(&in);
	struct buf b;

	buf_init(&b, MSG_MAX);
	buf_blob(&b, which & 1 ? S("gleif") : S("bureau"));
	buf_be64(&b, g->doc);
	buf_byte(&b, verdict);
	buf_be32(&b, 200);
	buf_be64(&b, in.n);
	for (int i = 0; i < 4; i++)
		buf_blob(&b, in);
	buf_be64(&b, which & 2 ? 60000 : 0);
	say_frame(g, PEER_FETCH, MSG_POLL, buf_str(&b));
	buf_free(&b);
}

static void
doc_end(struct rig *g, struct str in)
{
	uint8_t verdict = fuzz_byte(&in) % 4;
	struct buf b;

	buf_init(&b, MSG_MAX);
	buf_be64(&b, g->doc);
	buf_byte(&b, verdict);
	for (int i = 0; i < 6; i++)
		buf_be32(&b, fuzz_byte(&in));
	buf_blob(&b, in);
	buf_blob(&b, in);
	say_frame(g, PEER_PARSE, MSG_DOC_END, buf_str(&b));
	buf_free(&b);
}

static void
doc_notice(struct rig *g, struct str json)
{
	struct buf b;

	buf_init(&b, MSG_MAX);
	buf_be64(&b, g->doc);
	buf_put(&b, json);
	say_frame(g, PEER_PARSE, MSG_NOTICE, buf_str(&b));
	buf_free(&b);
}

static void
ask(struct rig *g, struct str name)
{
	struct buf b;

	buf_init(&b, MSG_MAX);
	buf_blob(&b, name);
	say_frame(g, PEER_FETCH, MSG_POLL_ASK, buf_str(&b));
	buf_free(&b);
	step(g);
}

/* One line of the script: a letter, then what that one reads. */
static void
act(struct rig *g, struct str line)
{
	switch (fuzz_byte(&line)) {
	case 'a':
		ask(g, line);
		break;
	case 'b':
		doc_notice(g, STR_NONE); /* wrong on purpose: no JSON */
		break;
	case 'n':
		doc_notice(g, line);
		break;
	case 'p':
		poll_end(g, line);
		break;
	case 'e':
		doc_end(g, line);
		break;
	case 'F':
		say_frame(g, PEER_FETCH, fuzz_byte(&line), line);
		break;
	case 'P':
		say_frame(g, PEER_PARSE, fuzz_byte(&line), line);
		break;
	case 'U':
		say_frame(g, PEER_PUBLISH,
			  (uint8_t)(MSG_PUSH_FIRST + fuzz_byte(&line) % 32),
			  line);
		break;
	case 'd':
		core_role.relink(&g->role, PEER_PARSE);
		break;
	case 'w':
		g->sim.at.wall_ms += (int64_t)fuzz_byte(&line) * DAY_MS;
		break;
	default:
		step(g);
		break;
	}
}

void
fuzz_core(struct str in)
{
	struct rig *g = rig();

	while (in.n > 0)
		act(g, str_cut(&in, '\n'));
	step(g);
	step(g);
}

/* ---- an operator's connection ---- */

/* Words, a newline, then files: name, newline, content, form feed. */
static size_t
request(struct str in, int json, struct buf *out, int fd[SAY_FILES_MAX])
{
	struct say_request q = { .json = json };
	struct str words = str_cut(&in, '\n');
	struct buf body;

	while (words.n > 0 && q.words < SAY_WORDS_MAX)
		q.word[q.words++] = str_cut(&words, ' ');
	while (in.n > 0 && q.files < SAY_FILES_MAX) {
		struct str bytes = str_cut(&in, '\f');

		q.file[q.files].name = str_cut(&bytes, '\n');
		fd[q.files++] = scratch_fd(bytes);
	}
	buf_init(&body, 4u << 20);
	say_put(&body, &q);
	buf_blob(out, buf_str(&body));
	buf_free(&body);
	return q.files;
}

/* The first bytes, and the files with them. */
static void
send_first(int to, struct str part, int *fd, size_t files)
{
	union {
		char room[CMSG_SPACE(SAY_FILES_MAX * sizeof(int))];
		struct cmsghdr align;
	} c = { 0 };
	struct iovec iov = { (void *)(uintptr_t)part.p, part.n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (files > 0) {
		m.msg_control = c.room;
		m.msg_controllen = CMSG_SPACE(files * sizeof(int));
		c.align.cmsg_level = SOL_SOCKET;
		c.align.cmsg_type = SCM_RIGHTS;
		c.align.cmsg_len = CMSG_LEN(files * sizeof(int));
		memcpy(CMSG_DATA(&c.align), fd, files * sizeof(int));
	}
	(void)!sendmsg(to, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	for (size_t i = 0; i < files; i++)
		(void)close(fd[i]);
}

void
fuzz_control(struct str in)
{
	uint8_t way = fuzz_byte(&in);
	struct rig *g = rig();
	int fd[SAY_FILES_MAX];
	struct buf b;
	int pair[2];
	size_t files = 0;

	buf_init(&b, 8u << 20);
	if (way & 1)
		buf_put(&b, in);
	else
		files = request(in, way & 2, &b, fd);
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	control_accept(g->role.state, pair[1], 0, 0);
	send_first(pair[0], str_sub(buf_str(&b), 0, 4), fd, files);
	for (size_t at = 4; at < b.n; at += 65536) {
		struct str part = str_sub(buf_str(&b), at, 65536);

		if (send(pair[0], part.p, part.n,
			 MSG_NOSIGNAL | MSG_DONTWAIT) <= 0)
			break;
		step(g);
	}
	step(g);
	(void)close(pair[0]);
	step(g);
	step(g);
	buf_free(&b);
}

/*
 * test_limits_more.c - limits of key files, of the index and the book, of
 * operators' connections, of decoding and of what a feed said before.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "book_rig.h"
#include "bus_mem.h"
#include "core.h"
#include "decode.h"
#include "diff.h"
#include "keys.h"
#include "limits_rig.h"
#include "mdelta.h"
#include "mseg.h"
#include "mtab.h"
#include "say.h"
#include "scratch.h"
#include "split.h"
#include "stream.h"

TestSuite(limits_more, .init = limits_up, .fini = limits_down);

/* ---- keys ---- */

Test(limits_more, bytes_of_a_key_file)
{
	for (size_t more = 0; more < 2; more++) {
		char dir[SCRATCH_PATH_SIZE];
		char path[2 * SCRATCH_PATH_SIZE];
		struct buf b;

		scratch_dir(dir, "keys");
		(void)snprintf(path, sizeof(path), "%s/k", dir);
		cr_assert_eq(keys_file_write(
				 path, limits_fill(KEYS_FILE_MAX + more, '#'),
				 NULL), ERR_OK);
		buf_init(&b, KEYS_FILE_MAX);
		cr_assert_eq(keys_file_read(path, &b, &limits_diag),
			     more == 0 ? ERR_OK : ERR_LIMIT);
		buf_free(&b);
		scratch_remove(dir);
	}
}

Test(limits_more, keys_of_an_allow_list)
{
	struct bus_mem *m = bus_mem_new();
	struct bus bus = bus_mem_port(m);
	uint8_t *keys = calloc(BUS_KEYS_MAX + 1, BUS_KEY_SIZE);

	cr_assert_not_null(keys);
	cr_assert_eq(bus.allow(bus.self, keys, BUS_KEYS_MAX), ERR_OK);
	cr_assert_eq(bus.allow(bus.self, keys, BUS_KEYS_MAX + 1), ERR_LIMIT);
	free(keys);
	bus_mem_free(m);
}

/* ---- the index ---- */

static uint64_t
rows_with_aliases(size_t n)
{
	struct mseg_stamp stamp = { 0 };
	struct mbuild_obligor o = { .obligor_id = S("B1"), .name = S("Zorro") };
	struct mbuild_stats st = { 0 };
	struct mbuild *b = NULL;
	int fd = memfd_create("names", MFD_CLOEXEC);

	mtab_get();
	o.aliases = limits_many("", "Alias x", n, "|");
	cr_assert_eq(mbuild_new_fd(fd, &stamp, &b, &limits_diag), ERR_OK, "%s",
		     limits_diag.why);
	cr_assert_eq(mbuild_add(b, &o, &limits_diag), ERR_OK);
	cr_assert_eq(mbuild_end(b, &st, &limits_diag), ERR_OK, "%s",
		     limits_diag.why);
	mbuild_free(b);
	(void)close(fd);
	return st.rows;
}

Test(limits_more, aliases_of_an_obligor_in_the_index)
{
	cr_assert_eq(rows_with_aliases(MBUILD_ALIASES_MAX - 1),
		     MBUILD_ALIASES_MAX);
	cr_assert_eq(rows_with_aliases(MBUILD_ALIASES_MAX),
		     MBUILD_ALIASES_MAX + 1);
	cr_assert_eq(rows_with_aliases(MBUILD_ALIASES_MAX + 1),
		     MBUILD_ALIASES_MAX + 1);
}

/* As many beside a segment as in it: who is found is the same. */
static size_t
names_with_aliases(size_t n)
{
	struct mbuild_obligor o = { .obligor_id = S("B1"), .name = S("Zorro") };
	struct mdelta *d = mdelta_new();
	size_t names;

	cr_assert_not_null(d);
	o.aliases = limits_many("", "Alias x", n, "|");
	cr_assert_eq(mdelta_put(d, &o, &limits_diag), ERR_OK);
	names = mdelta_names(d);
	mdelta_free(d);
	return names;
}

Test(limits_more, aliases_of_an_obligor_beside_the_index)
{
	mtab_get();
	cr_assert_eq(names_with_aliases(MBUILD_ALIASES_MAX),
		     MBUILD_ALIASES_MAX + 1);
	cr_assert_eq(names_with_aliases(MBUILD_ALIASES_MAX + 1),
		     MBUILD_ALIASES_MAX + 1);
}

Test(limits_more, what_is_kept_beside_a_name)
{
	mtab_get();
	for (size_t more = 0; more < 2; more++) {
		struct mdelta *d = mdelta_new();
		struct mdelta_row row;
		struct mbuild_obligor o = { .obligor_id = S("B1"),
					    .name = S("Zorro") };

		o.address = limits_fill(MBUILD_ADDRESS_MAX + more, 'a');
		o.ids = limits_fill(MBUILD_IDS_MAX + more, 'i');
		cr_assert_eq(mdelta_put(d, &o, &limits_diag), ERR_OK);
		cr_assert(mdelta_row(d, 0, &row));
		cr_assert_eq(row.address.n, MBUILD_ADDRESS_MAX);
		cr_assert_eq(row.ids.n, MBUILD_IDS_MAX);
		mdelta_free(d);
	}
}

Test(limits_more, removals_beside_a_segment)
{
	struct mdelta *d = mdelta_new();

	for (size_t i = 0; i <= MDELTA_REMOVED_MAX; i++) {
		char id[24];

		(void)snprintf(id, sizeof(id), "B%zu", i);
		cr_assert_eq(mdelta_remove(d, str_of(id)),
			     i < MDELTA_REMOVED_MAX ? ERR_OK : ERR_LIMIT);
	}
	/* Removed already, it takes no more room. */
	cr_assert_eq(mdelta_remove(d, S("B0")), ERR_OK);
	mdelta_free(d);
}

/* ---- operators ---- */

static struct role role;
static struct core *core;

/* Is the connection still there after a turn? */
static size_t
connections(void)
{
	int fds[CORE_CONTROLS_MAX];

	(void)control_step(core, (struct instant){ 0 });
	return control_fds(core, fds, CORE_CONTROLS_MAX);
}

static int
operator(void)
{
	int pair[2];

	core = calloc(1, sizeof(*core));
	cr_assert_not_null(core);
	core->role = &role;
	cr_assert_eq(control_init(core), ERR_OK);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	control_accept(core, pair[1], 0, 0);
	return pair[0];
}

static void
operator_leaves(int fd)
{
	(void)close(fd);
	control_fini(core);
	free(core);
}

Test(limits_more, bytes_of_a_request)
{
	for (uint32_t more = 0; more < 2; more++) {
		int fd = operator();
		struct str part = limits_fill(65536, 'x'); /* says it is long */

		for (size_t n = 0; n < SAY_REQUEST_MAX; n += part.n) {
			cr_assert_eq(write(fd, part.p, part.n),
				     (ssize_t)part.n);
			cr_assert_eq(connections(), 1);
		}
		if (more > 0)
			cr_assert_eq(write(fd, "x", 1), 1);
		cr_assert_eq(connections(), 1 - more);
		operator_leaves(fd);
	}
}

Test(limits_more, descriptors_of_a_request)
{
	for (size_t more = 0; more < 2; more++) {
		int fd = operator();
		size_t n = SAY_FDS_MAX + more;
		int fds[SAY_FDS_MAX + 1];
		_Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof(fds))];
		char byte = 0;
		struct iovec iov = { &byte, 1 };
		struct msghdr m = { .msg_iov = &iov,
				    .msg_iovlen = 1,
				    .msg_control = room,
				    .msg_controllen =
					CMSG_SPACE(n * sizeof(int)) };
		struct cmsghdr *h = CMSG_FIRSTHDR(&m);

		memset(room, 0, sizeof(room));
		for (size_t i = 0; i < n; i++)
			fds[i] = fd;
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(h), fds, n * sizeof(int));
		cr_assert_eq(sendmsg(fd, &m, 0), 1);
		cr_assert_eq(connections(), 1 - more);
		operator_leaves(fd);
	}
}

/* ---- documents ---- */

/* Whether an encoding whose last quote is byte n of the document counts. */
static bool
declared_at(size_t n)
{
	struct str doc = limits_fill(n + 3, ' ');
	char *p = (char *)(uintptr_t)doc.p;
	struct str head = S("<?xml version=\"1.0\"");
	struct str tail = S("encoding=\"ISO-8859-1\"?>\xE9");
	struct decode d;
	struct buf out;
	bool latin;

	memcpy(p, head.p, head.n);
	memcpy(p + n + 3 - tail.n, tail.p, tail.n);
	buf_init(&out, 65536);
	decode_init(&d, STR_NONE, true);
	latin = decode_push(&d, doc, &out, &limits_diag) == ERR_OK &&
		str_ends(buf_str(&out), S("\xC3\xA9"));
	buf_free(&out);
	return latin;
}

Test(limits_more, where_a_declaration_ends)
{
	cr_assert(declared_at(DECODE_HEAD_MAX));
	cr_assert_not(declared_at(DECODE_HEAD_MAX + 1));
}

static enum err
names_of(size_t n)
{
	const struct feed f = { .container = CONTAINER_XML,
				.record = S("//r") };
	const struct split_sink sink = { 0 };
	struct str body = limits_many("<d>", "<n", n, "/>");
	struct split *s = NULL;
	enum err err;

	cr_assert_eq(split_new(&f, 0, &sink, &s, &limits_diag), ERR_OK);
	err = split_push(s, body, &limits_diag);
	if (err == ERR_OK)
		err = split_push(s, S("</d>"), &limits_diag);
	if (err == ERR_OK)
		err = split_end(s, &limits_diag);
	split_free(s);
	return err;
}

/* The parser has some names of its own: how many, and no more, is the
 * difference. */
Test(limits_more, names_of_an_xml_document)
{
	size_t n = SPLIT_DICT_MAX - 64;

	while (n <= SPLIT_DICT_MAX && names_of(n) == ERR_OK)
		n++;
	cr_assert_leq(n, SPLIT_DICT_MAX);
	cr_assert_gt(n, SPLIT_DICT_MAX - 64);
	cr_assert(str_contains(str_of(limits_diag.why),
			       S("more than 16384 different names")), "%s",
		  limits_diag.why);
}

/* What a feed said: 18 bytes beside each text. */
Test(limits_more, what_a_feed_said)
{
	struct str text = limits_fill(DIFF_TEXT_MAX + 1, 't');
	size_t each = 18 + DIFF_TEXT_MAX;
	size_t n = DIFF_SAID_MAX / each;
	size_t rest = DIFF_SAID_MAX - n * each;

	for (size_t more = 0; more < 2; more++) {
		struct diff *d = NULL;
		enum diff_outcome o;
		int fd = memfd_create("said", MFD_CLOEXEC);
		struct diff_counts counts;

		cr_assert_eq(diff_new(-1, 1, &d), ERR_OK);
		diff_track(d);
		for (size_t i = 0; i <= n; i++) {
			char key[24];

			(void)snprintf(key, sizeof(key), "%zu", i);
			cr_assert_eq(diff_record(d, str_of(key), S("x"), &o),
				     ERR_OK);
			/* One byte too long: cut. */
			diff_said(d, i < n ? text :
					     str_sub(text, 0,
						     rest - 18 + more));
		}
		diff_end(d, DIFF_REPLACE, &counts);
		cr_assert_eq(diff_write(d, fd, (int64_t)n) == ERR_OK,
			     more == 0);
		diff_free(d);
		(void)close(fd);
	}
}

Test(limits_more, whole_lines_that_wait)
{
	struct stream s;
	struct str line = limits_fill(STREAM_AHEAD_MAX, '{');

	stream_init(&s, (struct instant){ 0 });
	((char *)(uintptr_t)line.p)[STREAM_AHEAD_MAX - 1] = '\n';
	cr_assert_eq(stream_push(&s, line, (struct instant){ 0 },
				 &limits_diag), ERR_OK);
	cr_assert_not(stream_full(&s));
	cr_assert_eq(stream_push(&s, S("{\n"), (struct instant){ 0 },
				 &limits_diag), ERR_OK);
	cr_assert(stream_full(&s));
	stream_free(&s);
}

/* ---- the book ---- */

TestSuite(limits_book, .init = book_rig_setup, .fini = book_rig_teardown);

static size_t
lines_in(const struct buf *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += b->p[i] == '\n';
	return n;
}

Test(limits_book, faults_told_one_by_one)
{
	for (size_t more = 0; more < 2; more++) {
		struct buf csv;

		buf_init(&csv, 1u << 20);
		buf_put(&csv, S("exporter_id,obligor_id\n"));
		for (size_t i = 0; i < BOOK_FAULTS_MAX + more; i++)
			buf_printf(&csv, "NOBODY-%zu,OB-AE-0001\n", i);
		buf_byte(&csv, 0);
		cr_assert_eq(book_rig_one(csv.p), ERR_INPUT);
		cr_assert_eq(rig.r.fault_count, BOOK_FAULTS_MAX + more);
		cr_assert_eq(lines_in(&rig.r.faults), BOOK_FAULTS_MAX + more);
		cr_assert_eq(str_ends(buf_str(&rig.r.faults),
				      S("101 faults in all, 100 shown\n")),
			     more == 1);
		buf_free(&csv);
	}
}

/* Of a hundred rows a replace may take thirty, and not thirty-one. */
Test(limits_book, percent_a_replace_may_remove)
{
	cr_assert_eq(BOOK_SHRINK_PCT_MAX, 30);
	for (int left = 100; left >= 69; left -= left == 100 ? 31 : -1) {
		struct book_options opt = { .replace = S("follows") };
		struct book_text text = { "f.csv", NULL };
		struct buf csv;

		buf_init(&csv, 65536);
		buf_put(&csv, S("obligor_id,type,name,country\n"));
		for (int i = 0; left == 100 && i < 100; i++)
			buf_printf(&csv, "X%d,buyer,X%d,DE\n", i, i);
		buf_byte(&csv, 0);
		if (left == 100)
			ok(book_rig_one(csv.p));
		buf_clear(&csv);
		buf_put(&csv, S("exporter_id,obligor_id\n"));
		for (int i = 0; i < left; i++)
			buf_printf(&csv, "EXP-SZ-0002,X%d\n", i);
		buf_byte(&csv, 0);
		text.csv = csv.p;
		opt.force = left == 100;
		cr_assert_eq(book_rig_run(opt, &text, 1),
			     100 - left > BOOK_SHRINK_PCT_MAX ? ERR_REFUSED :
								ERR_OK,
			     "%d left", left);
		buf_free(&csv);
		if (left == 70)
			break;
	}
}

/* Pairs of policies that cover one day, each pair its own. */
Test(limits_book, warnings_told_one_by_one)
{
	for (size_t n = BOOK_WARNINGS_MAX; n <= BOOK_WARNINGS_MAX + 1; n++) {
		struct buf csv;

		buf_init(&csv, 65536);
		buf_put(&csv, S("policy_id,scheme_id,exporter_id,status,"
				"picked_up_on,issued_on,cover_from,cover_to\n"));
		for (size_t i = 0; i < 2 * n; i++) {
			int32_t day = date_of(2031, 1, 1) + (int32_t)i / 2;

			buf_printf(&csv, "W%zu,SZ2022,EXP-SZ-0002,received,,,",
				   i);
			date_put(&csv, day);
			buf_byte(&csv, ',');
			date_put(&csv, day);
			buf_byte(&csv, '\n');
		}
		buf_byte(&csv, 0);
		ok(book_rig_one(csv.p));
		cr_assert_eq(rig.r.warning_count, BOOK_WARNINGS_MAX);
		cr_assert_eq(lines_in(&rig.r.warnings), BOOK_WARNINGS_MAX);
		buf_free(&csv);
	}
}

/*
 * test_limits_edge.c - limits of operators, of the book's and matcher's input,
 * of the wire and of keys; test_limits.c has the others.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "book_csv.h"
#include "bundle.h"
#include "conf.h"
#include "csvin.h"
#include "define.h"
#include "duty.h"
#include "feed_rig.h"
#include "idscheme.h"
#include "jscan.h"
#include "keys.h"
#include "limits_rig.h"
#include "mdelta.h"
#include "money.h"
#include "nfc.h"
#include "prepare.h"
#include "role.h"
#include "say.h"
#include "split.h"
#include "staging.h"
#include "texts.h"
#include "vocab.h"
#include "wire.h"
#include "xmlgate.h"
#include "yamlr.h"

TestSuite(limits_edge, .init = limits_up, .fini = limits_down);

/* ---- operators ---- */

static enum err
request(uint16_t words, uint16_t files)
{
	struct say_request q;
	struct buf b;
	enum err err;

	buf_init(&b, 65536);
	buf_byte(&b, 0);
	buf_be16(&b, words);
	for (uint16_t i = 0; i < words; i++)
		buf_blob(&b, S("w"));
	buf_be16(&b, files);
	for (uint16_t i = 0; i < files; i++)
		buf_blob(&b, S("f"));
	err = say_get(buf_str(&b), &q);
	buf_free(&b);
	return err;
}

Test(limits_edge, words_and_files_of_a_request)
{
	cr_assert_eq(request(SAY_WORDS_MAX, SAY_FILES_MAX), ERR_OK);
	cr_assert_eq(request(SAY_WORDS_MAX + 1, 0), ERR_LIMIT);
	cr_assert_eq(request(1, SAY_FILES_MAX + 1), ERR_LIMIT);
}

Test(limits_edge, operators_at_one_time)
{
	struct role role = { 0 };
	struct core *c = calloc(1, sizeof(*c));
	int fds[64];
	char byte;
	int pair[2];

	cr_assert_not_null(c);
	c->role = &role;
	cr_assert_eq(control_init(c), ERR_OK);
	for (size_t i = 0; i <= CORE_CONTROLS_MAX; i++) {
		cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		control_accept(c, pair[1], 0, 0);
		cr_assert_eq(control_fds(c, fds, 64),
			     i < CORE_CONTROLS_MAX ? i + 1 : CORE_CONTROLS_MAX);
	}
	/* The last was shut in its face. */
	cr_assert_eq(read(pair[0], &byte, 1), 0);
	cr_assert_eq(c->count.controls, CORE_CONTROLS_MAX);
	control_fini(c);
	free(c);
}

/* ---- book and match ---- */

Test(limits_edge, fields_of_a_book_row)
{
	for (size_t more = 0; more < 2; more++) {
		struct str text = limits_many("", "f", BOOK_CSV_FIELDS_MAX - 1 + more,
				       ",");
		struct book_csv c = { text, 1 };
		struct book_csv_row row;

		cr_assert_eq(book_csv_next(&c, &limits_arena, &row, &limits_diag),
			     more == 0 ? ERR_OK : ERR_LIMIT);
	}
}

static enum err
csv_row(struct str text)
{
	int fd = memfd_create("csv", MFD_CLOEXEC);
	struct csvin *c = csvin_new(fd);
	struct csvin_row row;
	enum err err;

	cr_assert_not_null(c);
	limits_diag = (struct diag){ 0 };
	cr_assert_eq(write(fd, text.p, text.n), (ssize_t)text.n);
	cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
	err = csvin_next(c, &row, &limits_diag);
	csvin_free(c);
	(void)close(fd);
	return err;
}

Test(limits_edge, fields_of_an_index_row)
{
	cr_assert_eq(csv_row(limits_many("", "f", CSVIN_FIELDS_MAX - 1, ",")), ERR_OK,
		     "%s", limits_diag.why);
	cr_assert_eq(csv_row(limits_many("", "f", CSVIN_FIELDS_MAX, ",")), ERR_INPUT);
}

Test(limits_edge, bytes_of_an_index_row)
{
	struct str row = limits_fill(CSVIN_ROW_MAX + 2, 'x');
	char *p = (char *)(uintptr_t)row.p;

	p[CSVIN_ROW_MAX] = '\n';
	cr_assert_eq(csv_row(str_sub(row, 0, CSVIN_ROW_MAX + 1)), ERR_OK,
		     "%s", limits_diag.why);
	cr_assert_eq(csv_row(str_sub(row, 0, CSVIN_ROW_MAX)), ERR_OK, "%s",
		     limits_diag.why);
	p[CSVIN_ROW_MAX] = 'x';
	p[CSVIN_ROW_MAX + 1] = '\n';
	cr_assert_eq(csv_row(row), ERR_INPUT);
}

Test(limits_edge, names_beside_a_segment, .timeout = 60)
{
	struct mdelta *d = mdelta_new();

	cr_assert_not_null(d);
	for (size_t i = 0; i <= MDELTA_NAMES_MAX; i++) {
		char id[24];
		struct mbuild_obligor o = { .name = S("Hatoya Trading") };

		(void)snprintf(id, sizeof(id), "B%zu", i);
		o.obligor_id = str_of(id);
		cr_assert_eq(mdelta_put(d, &o, &limits_diag),
			     i < MDELTA_NAMES_MAX ? ERR_OK : ERR_LIMIT, "%s",
			     limits_diag.why);
	}
	cr_assert_eq(mdelta_names(d), MDELTA_NAMES_MAX);
	mdelta_free(d);
}

/* ---- wire and keys ---- */

Test(limits_edge, values_of_a_filter)
{
	struct wire_filter f;
	struct str values = limits_many("country=", "A", WIRE_FILTER_VALUES_MAX - 1,
				 ",");
	struct buf b;

	buf_init(&b, WIRE_FILTER_MAX);
	buf_put(&b, values);
	buf_put(&b, S("AA"));
	cr_assert_eq(wire_get_filter(buf_str(&b), &f, &limits_diag), ERR_OK, "%s",
		     limits_diag.why);
	buf_put(&b, S(",AB"));
	cr_assert_eq(wire_get_filter(buf_str(&b), &f, &limits_diag), ERR_LIMIT);
	buf_free(&b);
}

Test(limits_edge, names_of_streams)
{
	cr_assert(wire_stream_ok(limits_fill(WIRE_STREAM_MAX - 1, 'a')));
	cr_assert(!wire_stream_ok(limits_fill(WIRE_STREAM_MAX, 'a')));
	for (size_t more = 0; more < 2; more++) {
		struct str name = limits_fill(WIRE_STREAM_MAX + more, 'a');

		memcpy((char *)(uintptr_t)name.p, "@", 1);
		cr_assert_eq(wire_stream_ok(name), more == 0);
	}
}

/* Of a longer word the rest is not there; frames may grow. */
Test(limits_edge, text_of_an_error)
{
	for (size_t more = 0; more < 2; more++) {
		struct wire_frame f;
		struct buf b;

		buf_init(&b, 1024);
		buf_byte(&b, WIRE_ERROR);
		buf_be16(&b, WIRE_E_INTERNAL);
		buf_put(&b, limits_fill(WIRE_TEXT_MAX + more, 'x'));
		cr_assert_eq(wire_get_server(buf_str(&b), &f, &limits_diag), ERR_OK,
			     "%s", limits_diag.why);
		cr_assert_eq(f.u.error.text.n, WIRE_TEXT_MAX);
		buf_free(&b);
	}
}

Test(limits_edge, signing_keys_of_a_line)
{
	const char *part = ".AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

	for (size_t more = 0; more < 2; more++) {
		struct keys_server s;
		struct buf b;

		buf_init(&b, KEYS_LINE_MAX);
		buf_put(&b, S("casrv1"));
		for (size_t i = 0; i < 2 + KEYS_SIGN_MAX + more; i++)
			buf_put(&b, str_of(part));
		cr_assert_eq(keys_casrv_get(buf_str(&b), &s, &limits_diag) == ERR_OK,
			     more == 0, "%s", limits_diag.why);
		buf_free(&b);
	}
}

/*
 * test_parse_file.c - parse reads a file that core handed over (mode drop).
 */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "feed_room.h"
#include "log.h"

#define YAML                                                                   \
	"name: t\ndirectory: /in/t\ncontainer: ndjson\nrecord_key: [k]\n"      \
	"mode: drop\ninterval: 60s\ndecoded_max: 64KiB\n"                      \
	"certainty: reported\nredistribution: full\nmap: t.jq\n"
#define JQ "{native: .v, place: $file}"
#define LIMIT 65536u

static struct feed_room room;
static uint8_t verdict;
static struct buf guard;
static struct buf notices;

static void
setup(void)
{
	log_level(LOG_ERR, LOG_ERR);
	feed_room_init(&room, YAML, JQ, 0);
	buf_init(&guard, 256);
	buf_init(&notices, 16u << 20);
}

static void
teardown(void)
{
	feed_room_free(&room);
	buf_free(&guard);
	buf_free(&notices);
}

TestSuite(parse_file, .init = setup, .fini = teardown);

static void
open_doc(uint64_t doc)
{
	struct buf b;

	buf_init(&b, 256);
	buf_be64(&b, doc);
	buf_blob(&b, S("t"));
	buf_be64(&b, 1700000000000u);
	buf_byte(&b, 0);
	cr_assert(link_send(room.core_parse, MSG_DOC_OPEN, buf_str(&b), NULL,
			    0));
	buf_free(&b);
}

static int
file_of(struct str s)
{
	int fd = memfd_create("body", MFD_CLOEXEC);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, s.p, s.n), (ssize_t)s.n);
	cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void
hand_over(uint64_t doc, struct str name, int fd)
{
	struct buf b;

	buf_init(&b, 512);
	buf_be64(&b, doc);
	buf_blob(&b, name);
	cr_assert(link_send(room.core_parse, MSG_DOC_FILE, buf_str(&b), &fd,
			    1));
	buf_free(&b);
}

/* Steps until the document ends; how many did. */
static unsigned
run(unsigned turns)
{
	unsigned ends = 0;
	int64_t wait = 0;
	struct msg m;

	for (unsigned i = 0; i < turns; i++) {
		cr_assert_eq(parse_role.step(&room.parse, room.sim.at, &wait),
			     ERR_OK);
		while (link_take(room.core_parse, &m) == ERR_OK) {
			struct rd r = rd_of(m.body);

			(void)rd_be64(&r);
			if (m.type == MSG_NOTICE)
				buf_put(&notices, r.rest);
			if (m.type != MSG_DOC_END)
				continue;
			verdict = rd_u8(&r);
			for (int k = 0; k < 6; k++)
				(void)rd_be32(&r);
			buf_clear(&guard);
			buf_put(&guard, rd_blob(&r));
			ends++;
		}
	}
	return ends;
}

Test(parse_file, its_records_are_notices_with_its_name)
{
	open_doc(1);
	hand_over(1, S("\xE6\x8B\xA6.ndjson"),
		  file_of(S("{\"k\":1,\"v\":\"a\"}\n{\"k\":2,\"v\":\"b\"}\n")));
	cr_assert_eq(run(3), 1);
	cr_assert_eq(verdict, DOC_ACCEPTED);
	cr_assert(str_contains(buf_str(&notices),
			       S("\"place\":\"\xE6\x8B\xA6.ndjson\"")));
	cr_assert(str_contains(buf_str(&notices), S("\"record\":\"2\"")));
	open_doc(2);
	hand_over(2, S("empty"), file_of(S("")));
	cr_assert_eq(run(3), 1);
	cr_assert_eq(verdict, DOC_ACCEPTED);
	open_doc(3);
	hand_over(3, S("page"), file_of(S("<html>\n")));
	cr_assert_eq(run(3), 1);
	cr_assert_eq(verdict, DOC_REFUSED);
}

Test(parse_file, one_at_the_limit_and_one_byte_more)
{
	struct buf b;

	buf_init(&b, LIMIT + 1);
	buf_put(&b, S("{\"k\":1,\"v\":\"a\"}\n"));
	while (b.n < LIMIT)
		buf_byte(&b, '\n');
	open_doc(1);
	hand_over(1, S("a"), file_of(buf_str(&b)));
	cr_assert_eq(run(20), 1);
	cr_assert_eq(verdict, DOC_ACCEPTED);
	buf_byte(&b, '\n');
	open_doc(2);
	hand_over(2, S("a"), file_of(buf_str(&b)));
	cr_assert_eq(run(20), 1);
	cr_assert_eq(verdict, DOC_REFUSED);
	cr_assert(str_eq(buf_str(&guard), S("decoded_max")));
	buf_free(&b);
}

Test(parse_file, what_cannot_be_read_is_refused)
{
	int fd[2];

	cr_assert_eq(pipe(fd), 0);
	(void)close(fd[0]);
	open_doc(1);
	hand_over(1, S("a"), fd[1]); /* not open for reading */
	cr_assert_eq(run(3), 1);
	cr_assert_eq(verdict, DOC_REFUSED);
	cr_assert(str_eq(buf_str(&guard), S("read")));
}

Test(parse_file, fetch_has_no_part_in_it)
{
	struct buf b;
	struct msg m;
	int64_t wait = 0;

	feed_room_run(&room, 10000);
	cr_assert_eq(room.asks, 0, "fetch asks for no watched directory");
	open_doc(1);
	hand_over(1, S("a"), file_of(S("{\"k\":1,\"v\":\"a\"}\n")));
	parse_role.relink(&room.parse, PEER_FETCH);
	buf_init(&b, 64);
	buf_be64(&b, 1);
	buf_put(&b, S("{\"k\":9,\"v\":\"forged\"}\n"));
	cr_assert(link_send(room.fetch.link[PEER_PARSE], MSG_DOC_BYTES,
			    buf_str(&b), NULL, 0));
	buf_free(&b);
	/* Bytes for a document that is core's are no slip. */
	cr_assert_eq(parse_role.step(&room.parse, room.sim.at, &wait),
		     ERR_PEER);
	while (link_take(room.core_parse, &m) == ERR_OK)
		cr_assert_eq(m.type, MSG_DOC_BEGIN);
}

Test(parse_file, a_file_of_no_document_is_closed)
{
	int64_t wait = 0;
	int fd = file_of(S("x"));

	hand_over(7, S("a"), fd);
	cr_assert_eq(run(2), 0);
	open_doc(1);
	hand_over(1, S("a"), file_of(S("")));
	hand_over(1, S("a"), file_of(S("")));
	cr_assert_eq(parse_role.step(&room.parse, room.sim.at, &wait),
		     ERR_PEER, "two files for one document");
}

Test(parse_file, bytes_of_a_name_at_the_limit_and_one_more)
{
	char name[PARSE_FILE_NAME_MAX + 1];
	int64_t wait = 0;

	memset(name, 'n', sizeof(name));
	open_doc(1);
	hand_over(1, (struct str){ name, PARSE_FILE_NAME_MAX },
		  file_of(S("{\"k\":1,\"v\":\"a\"}\n")));
	cr_assert_eq(run(3), 1);
	cr_assert_eq(verdict, DOC_ACCEPTED);
	open_doc(2);
	hand_over(2, (struct str){ name, sizeof(name) }, file_of(S("")));
	cr_assert_eq(parse_role.step(&room.parse, room.sim.at, &wait),
		     ERR_PEER);
}

/*
 * Segments that were forged: their sums fit, what they say does not.  They
 * may be refused or answer wrongly, and no worse.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mbuild.h"
#include "mdelta.h"
#include "mid.h"
#include "mquery.h"
#include "mseg_sum.h"

#define OTHERS 700u /* more than are compared whole */
#define STEPS 40u   /* places of a section that are changed */

static struct mqscratch *scratch;
static char *whole;
static size_t whole_n;

static void
add(struct mbuild *b, const char *id, const char *name, const char *country,
    const char *ids)
{
	struct mbuild_obligor o = { .obligor_id = str_of(id),
				    .name = str_of(name),
				    .country = str_of(country),
				    .ids = str_of(ids) };
	struct diag d = { 0 };

	cr_assert_eq(mbuild_add(b, &o, &d), ERR_OK, "%s", d.why);
}

static void
build(unsigned others)
{
	int fd = memfd_create("whole", MFD_CLOEXEC);
	struct mseg_stamp stamp = { 0 };
	struct diag d = { 0 };
	struct mbuild_stats st;
	struct mbuild *b = NULL;

	cr_assert_geq(fd, 0);
	cr_assert_eq(mbuild_new_fd(fd, &stamp, &b, &d), ERR_OK, "%s", d.why);
	add(b, "B1", "Завод Гидропресс", "RU", "");
	add(b, "B2", "Hatoya Trading Bank Factory", "JP", "duns:123456789");
	add(b, "B3", "Hydropress Plant", "RU", "");
	add(b, "B4", "華新實業", "TW", "");
	/* One obligor in two rows, and one in rows of several names. */
	add(b, "B5", "Tessaly Orchards Ltd", "GB", "duns:987654321");
	add(b, "B5", "Tessaly Orchard Ltd", "GB", "duns:987654321");
	for (unsigned i = 0; i < others; i++) {
		char id[16], name[64];

		(void)snprintf(id, sizeof(id), "X%u", i);
		(void)snprintf(name, sizeof(name), "Q%c%cr%clo Machinery Bank",
			       'a' + (int)(i % 26), 'a' + (int)(i / 26),
			       'a' + (int)(i % 7));
		add(b, id, name, i % 3 ? "DE" : "AT", "");
	}
	cr_assert_eq(mbuild_end(b, &st, &d), ERR_OK, "%s", d.why);
	mbuild_free(b);
	whole_n = (size_t)lseek(fd, 0, SEEK_END);
	whole = malloc(whole_n);
	cr_assert_not_null(whole);
	cr_assert_eq(pread(fd, whole, whole_n, 0), (ssize_t)whole_n);
	(void)close(fd);
}

static void
setup(void)
{
	mid_get();
	scratch = mquery_scratch_new();
	cr_assert_not_null(scratch);
	build(OTHERS);
}

static void
teardown(void)
{
	mquery_scratch_free(scratch);
	free(whole);
}

TestSuite(match_seg, .init = setup, .fini = teardown);

/* Opens the bytes, their sums made to fit. */
static enum err
open_forged(struct mseg *out)
{
	int fd = memfd_create("forged", MFD_CLOEXEC);
	struct diag d = { 0 };
	struct mseg_head h;
	uint64_t from;
	enum err err;

	memcpy(&h, whole, sizeof(h));
	from = h.section[SEG_COLD].off + h.section[SEG_COLD].n;
	h.checksum = mtab_mix(msum_of(whole + h.section[SEG_COLD].off,
				      h.section[SEG_COLD].n),
			      msum_of(whole + from, whole_n - from));
	h.head_sum = msum_head(h);
	memcpy(whole, &h, sizeof(h));
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, whole, whole_n), (ssize_t)whole_n);
	err = mseg_open_fd(fd, out, &d);
	cr_assert(err == ERR_OK || d.why[0] != '\0');
	(void)close(fd);
	return err;
}

static void
ask_all(const struct mseg *seg, struct mresult *r)
{
	static const char *const name[] = {
		"Hatoya Trading Factory Plant", "Гидропресс завод",
		"Hydropress Bank", "華新實業", "Qabrclo Machinery",
		"Tessaly Orchards Ltd",
	};
	const struct str skip[] = { S("X1") };
	struct mlimits limits = MQUERY_LIMITS;

	limits.all = true;
	for (unsigned i = 0; i < 2 * sizeof(name) / sizeof(name[0]); i++) {
		struct mask ask = { .names = 1, .ids = 1 };

		ask.name[0] = str_of(name[i / 2]);
		ask.id[0] = (struct mask_id){ S("duns"), S("987654321") };
		ask.country = i & 1 ? S("DE") : STR_NONE;
		ask.skip = skip;
		ask.skips = i & 1;
		mquery_run(seg, NULL, scratch, &ask, &limits, r);
		cr_assert_leq(r->n, MQUERY_CANDIDATES_MAX);
	}
}

static void
ask_forged(void)
{
	struct mresult r;
	struct mseg seg;

	if (open_forged(&seg) != ERR_OK)
		return;
	ask_all(&seg, &r);
	mseg_close(&seg);
}

/* The head as it stands in the file. */
static struct mseg_head
head(void)
{
	struct mseg_head h;

	memcpy(&h, whole, sizeof(h));
	return h;
}

/* Every record of the section has the bytes at that place. */
static void
forge(enum mseg_section sec, size_t record, size_t at, const void *p, size_t n)
{
	struct mseg_head h = head();

	for (uint64_t i = 0; i + record <= h.section[sec].n; i += record)
		memcpy(whole + h.section[sec].off + i + at, p, n);
}

Test(match_seg, a_concept_that_no_table_has)
{
	const uint16_t form = MK_CONCEPT << 14 | MS_CYRL << 10 |
			      MSEG_CONCEPT_MASK;

	cr_assert_lt(mtab_concepts(), 1u + MSEG_CONCEPT_MASK);
	forge(SEG_TOKEN, sizeof(struct mseg_token),
	      offsetof(struct mseg_token, form), &form, sizeof(form));
	forge(SEG_FORM, sizeof(struct mseg_form),
	      offsetof(struct mseg_form, form), &form, sizeof(form));
	ask_forged();
}

Test(match_seg, rows_that_are_not_there)
{
	const uint32_t row[] = { OTHERS + 100, UINT32_C(0x80000001),
				 UINT32_MAX };

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		forge(SEG_KEY, sizeof(struct mseg_key),
		      offsetof(struct mseg_key, row), &row[i], 4);
		ask_forged();
	}
}

/* With a delta that has none either, but hides somebody. */
Test(match_seg, rows_of_a_delta_that_has_none)
{
	const uint32_t row = UINT32_C(0x80000001);
	struct mlimits limits = MQUERY_LIMITS;
	struct mask ask = { .names = 1, .ids = 1 };
	struct mdelta *delta = mdelta_new();
	struct mresult r;
	struct mseg seg;

	cr_assert_not_null(delta);
	cr_assert_eq(mdelta_remove(delta, S("X1")), ERR_OK);
	forge(SEG_KEY, sizeof(struct mseg_key), offsetof(struct mseg_key, row),
	      &row, 4);
	cr_assert_eq(open_forged(&seg), ERR_OK);
	ask.name[0] = S("Tessaly Orchards Ltd");
	ask.id[0] = (struct mask_id){ S("duns"), S("987654321") };
	mquery_run(&seg, delta, scratch, &ask, &limits, &r);
	cr_assert_leq(r.n, MQUERY_CANDIDATES_MAX);
	mseg_close(&seg);
	mdelta_free(delta);
}

/* Every table as small as a header can say. */
Test(match_seg, tables_of_one_place)
{
	struct mseg_head h = head();

	h.var_bits = 0;
	h.section[SEG_VAR_BASE].n = 8;
	h.key_bits = 0;
	h.section[SEG_KEY_BASE].n = 8;
	h.slot_bits = 0;
	h.section[SEG_SLOT].n = 8;
	h.split_bits = 0;
	h.section[SEG_SPLIT].n = 16;
	memcpy(whole, &h, sizeof(h));
	ask_forged();
}

Test(match_seg, sections_begin_where_they_are_written)
{
	struct mseg_head h = head(), bad = h;
	struct mseg seg;

	bad.section[SEG_VAR].off += 2;
	bad.section[SEG_VAR].n -= 4;
	memcpy(whole, &bad, sizeof(bad));
	cr_assert_eq(open_forged(&seg), ERR_CORRUPT);
	memcpy(whole, &h, sizeof(h));
	cr_assert_eq(open_forged(&seg), ERR_OK);
	mseg_close(&seg);
}

Test(match_seg, any_byte_of_what_a_row_tells)
{
	static const enum mseg_section sec[] = { SEG_BLOCK, SEG_ROW, SEG_TOKEN,
						 SEG_TEXT,  SEG_FORM };
	struct mseg_head h = head();

	for (size_t k = 0; k < sizeof(sec) / sizeof(sec[0]); k++) {
		size_t n = h.section[sec[k]].n;

		cr_assert_gt(n, 0u, "section %d", (int)sec[k]);
		for (size_t i = 0; i < STEPS; i++) {
			/* The firms asked for stand at the beginning. */
			size_t at = i < STEPS / 2 ? i % n : n * i / STEPS;
			char *p = whole + h.section[sec[k]].off + at;
			char was = *p;

			*p = (char)(i & 1 ? 0xFF : was ^ 0x70);
			ask_forged();
			*p = was;
		}
	}
}

Test(match_seg, an_obligor_in_two_rows_is_one_answer)
{
	struct mresult r;
	struct mseg seg;
	unsigned n = 0;

	cr_assert_eq(open_forged(&seg), ERR_OK);
	ask_all(&seg, &r);
	for (unsigned i = 0; i < r.n; i++)
		n += str_eq(r.answer[i].obligor_id, S("B5"));
	cr_assert_eq(n, 1u);
	cr_assert(str_eq(r.answer[0].obligor_id, S("B5")));
	cr_assert(r.answer[0].by_id);
	cr_assert_eq(r.answer[0].verdict, MQ_ACCEPT);
	mseg_close(&seg);
}

/* Every row says that it is behind the first of its obligor. */
static void
forge_aliases(void)
{
	struct mseg_head h = head();
	char *rows = whole + h.section[SEG_ROW].off;

	for (uint64_t i = 0; i < h.rows; i += MSEG_BLOCK) {
		struct mseg_block block;
		uint64_t off;

		memcpy(&block,
		       whole + h.section[SEG_BLOCK].off +
			   i / MSEG_BLOCK * sizeof(block),
		       sizeof(block));
		off = block.row;
		for (unsigned k = 0; k < MSEG_BLOCK && i + k < h.rows; k++) {
			rows[off] |= MR_ALIAS;
			off += block.len[k];
		}
	}
}

Test(match_seg, an_obligor_of_more_rows_than_there_can_be)
{
	const uint32_t max = MSEG_OBLIGOR_ROWS_MAX;
	struct mseg seg;

	free(whole);
	build(3 * max);
	forge_aliases();
	cr_assert_eq(open_forged(&seg), ERR_OK);
	cr_assert_eq(mseg_first(&seg, max - 1), 0u);
	cr_assert_eq(mseg_first(&seg, max), 1u);
	cr_assert_eq(mseg_first(&seg, 3 * max), 2 * max + 1);
	mseg_close(&seg);
	ask_forged();
}

static void
count_pair(void *ctx, struct str id, uint64_t core, const float *f)
{
	unsigned *pairs = ctx;

	(void)id;
	(void)core;
	(void)f;
	++*pairs;
}

/* Asks for Hydropress Plant while an obligor is hidden; how many compared. */
static unsigned
ask_hiding(const char *id, struct mresult *r)
{
	struct mask ask = { .names = 1, .country = S("RU") };
	struct mlimits limits = MQUERY_LIMITS;
	struct mdelta *delta = mdelta_new();
	struct mseg seg;
	unsigned pairs = 0;

	cr_assert_not_null(delta);
	cr_assert_eq(mdelta_remove(delta, str_of(id)), ERR_OK);
	cr_assert_eq(open_forged(&seg), ERR_OK);
	ask.name[0] = S("Hydropress Plant");
	mquery_watch(scratch, count_pair, &pairs);
	mquery_run(&seg, delta, scratch, &ask, &limits, r);
	mquery_watch(scratch, NULL, NULL);
	mseg_close(&seg);
	mdelta_free(delta);
	return pairs;
}

Test(match_seg, who_is_hidden_is_known_without_its_text)
{
	struct mseg_head h = head();
	struct mresult r;
	unsigned all = ask_hiding("ZZZ", &r);

	cr_assert(str_eq(r.answer[0].obligor_id, S("B3")));
	(void)ask_hiding("B3", &r);
	cr_assert(r.n == 0 || !str_eq(r.answer[0].obligor_id, S("B3")));
	/* No text can be read: as many are compared. */
	memset(whole + h.section[SEG_COLD].off, 0xFF, h.section[SEG_COLD].n);
	cr_assert_eq(ask_hiding("ZZZ", &r), all);
	cr_assert_gt(all, 0u);
}

Test(match_seg, a_mark_alone_hides_nobody)
{
	const uint32_t mark = mseg_mark_of(S("ZZZ"));
	struct mresult r;

	forge(SEG_MARK, sizeof(mark), 0, &mark, sizeof(mark));
	(void)ask_hiding("ZZZ", &r);
	cr_assert(str_eq(r.answer[0].obligor_id, S("B3")));
}

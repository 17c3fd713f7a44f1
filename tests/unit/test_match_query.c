/*
 * From obligors to answers: a small book is built, opened and asked.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mbuild.h"
#include "mdelta.h"
#include "mid.h"
#include "mkey.h"
#include "mquery.h"
#include "mscore.h"

#define CROWD 110u

static char path[64];
static struct mseg seg;
static struct mqscratch *scratch;
static struct mresult result;

static const struct mbuild_obligor book[] = {
	{ .obligor_id = { "B1", 2 },
	  .name = { "Zavod Imeni Vorontsova OOO", 26 },
	  .country = { "RU", 2 } },
	{ .obligor_id = { "B2", 2 },
	  .name = { "Hatoya Trading Co., Ltd.", 24 },
	  .aliases = { "Hatoya Shoji|Old \\| Name", 23 },
	  .country = { "JP", 2 },
	  .ids = { "duns:123456789", 14 } },
	{ .obligor_id = { "B3", 2 },
	  .name = { "Meridiano Shipping S.A.", 23 },
	  .country = { "PA", 2 },
	  .ids = { "duns:987654321|imo:9074729", 26 } },
	{ .obligor_id = { "B4", 2 },
	  .name = { "Kestrel Fund XII L.P.", 21 },
	  .country = { "US", 2 } },
	{ .obligor_id = { "B5", 2 },
	  .name = { "First North Eastern Quorvan Oil Gas Tessel Ursine "
		    "Dredge Barge Wharf Pylon Harbour Tug 8 SA", 91 },
	  .country = { "PA", 2 } },
	{ .obligor_id = { "B8", 2 },
	  .name = { "Blossom Bidco Co., Ltd.", 23 },
	  .country = { "JP", 2 } },
	{ .obligor_id = { "B6", 2 },
	  .name = { "შპს მაგთიკომი", 37 },
	  .country = { "GE", 2 } },
	{ .obligor_id = { "B7", 2 },
	  .name = { "रिलायंस इंडस्ट्रीज लिमिटेड", 74 },
	  .country = { "IN", 2 } },
};

static void
build(const char *to, unsigned threads, unsigned copies)
{
	struct diag d = { 0 };
	struct mbuild_stats st;
	struct mbuild *b = NULL;

	cr_assert_eq(mbuild_new(to, threads, &b, &d), ERR_OK, "%s", d.why);
	for (size_t i = 0; i < sizeof(book) / sizeof(book[0]); i++)
		cr_assert_eq(mbuild_add(b, &book[i], &d), ERR_OK);
	/* A word of many abroad: more than are read, the one at home last. */
	for (unsigned i = 0; i <= CROWD; i++) {
		char id[16], name[64];
		struct mbuild_obligor o = { .country = i < CROWD ? S("DE") :
								   S("KE") };

		snprintf(id, sizeof(id), "C%u", i);
		snprintf(name, sizeof(name), "Zorvanta %cu%cipel",
			 'a' + (int)(i % 26), 'b' + (int)(i / 26));
		o.obligor_id = str_of(id);
		o.name = str_of(name);
		cr_assert_eq(mbuild_add(b, &o, &d), ERR_OK);
	}
	/* Others, so that the book is not compared whole. */
	for (unsigned i = 0; i < copies; i++) {
		char id[16], name[64];
		struct mbuild_obligor o = { .country = S("DE") };

		snprintf(id, sizeof(id), "X%u", i);
		snprintf(name, sizeof(name), "Q%c%c%cr%clo Maschinenbau GmbH",
			 'a' + (int)(i % 26), 'a' + (int)(i / 26 % 26),
			 'a' + (int)(i / 676 % 26), 'a' + (int)(i % 7));
		o.obligor_id = str_of(id);
		o.name = str_of(name);
		cr_assert_eq(mbuild_add(b, &o, &d), ERR_OK);
	}
	cr_assert_eq(mbuild_end(b, &st, &d), ERR_OK, "%s", d.why);
	mbuild_free(b);
}

static void
setup_with(unsigned copies)
{
	struct diag d = { 0 };

	mid_get();
	snprintf(path, sizeof(path), "build/match-%ld.idx", (long)getpid());
	build(path, 2, copies);
	cr_assert_eq(mseg_open(path, &seg, &d), ERR_OK, "%s", d.why);
	scratch = mquery_scratch_new();
	cr_assert_not_null(scratch);
}

static void
setup(void)
{
	setup_with(3000);
}

static void
teardown(void)
{
	mquery_scratch_free(scratch);
	mseg_close(&seg);
	unlink(path);
}

static const struct manswer *
ask_in(const struct mdelta *delta, const char *name, const char *country)
{
	struct mask ask = { .names = 1 };
	struct mlimits limits = MQUERY_LIMITS;

	limits.all = true;
	ask.name[0] = str_of(name);
	ask.country = str_of(country);
	mquery_run(&seg, delta, scratch, &ask, &limits, &result);
	return result.n == 0 ? NULL : &result.answer[0];
}

static void
first_is(const char *name, const char *country, const char *id)
{
	const struct manswer *a = ask_in(NULL, name, country);

	cr_assert_not_null(a, "%s", name);
	cr_assert(str_eq(a->obligor_id, str_of(id)), "%s: %.*s", name,
		  STR_ARG(a->obligor_id));
	cr_assert_lt(a->score, 1000, "a name alone is never certain");
	cr_assert_gt(a->whys, 0u);
}

TestSuite(match_query, .init = setup, .fini = teardown);

Test(match_query, finds)
{
	first_is("Vorontsova Zavod", "RU", "B1");
	first_is("ООО «Завод имени Воронцова»", "RU", "B1");
	first_is("HATOYA TRADING", "JP", "B2");
	first_is("株式会社ハトヤ商事", "JP", "B2");
	first_is("Hatoya Shoji", "JP", "B2");
	first_is("Old | Name", "", "B2");
	first_is("Merdiano Shipping", "PA", "B3");
	first_is("ブロッサムビッドコー株式会社", "JP", "B8");
}

Test(match_query, the_country_counts_before_rows_are_read)
{
	first_is("Zorvanta Xyloqua", "KE", "C110");
}

Test(match_query, latin_letters_find_other_scripts_by_consonants)
{
	struct mdelta *delta = mdelta_new();
	struct diag d = { 0 };
	struct mbuild_obligor o = { .obligor_id = S("D1"),
				    .name = S("ბორჯომელი"),
				    .country = S("GE") };

	cr_assert_neq(seg.head.scripts & MKEY_LOOSE, 0u);
	first_is("Magticom LLC", "GE", "B6");
	first_is("Reliance Industries Ltd", "IN", "B7");
	/* The general words may be others. */
	first_is("Reliance", "IN", "B7");
	cr_assert_eq(mdelta_put(delta, &o, &d), ERR_OK);
	cr_assert(str_eq(ask_in(delta, "Borjo Mely Trading", "GE")->obligor_id,
			 S("D1")));
	mdelta_free(delta);
}

static bool
says(const struct manswer *a, const char *what)
{
	for (unsigned i = 0; i < a->whys; i++)
		for (size_t k = 0; k < a->why[i].n; k++)
			if (str_starts(str_sub(a->why[i], k, a->why[i].n),
				       str_of(what)))
				return true;
	return false;
}

Test(match_query, a_former_name_finds_and_is_for_a_reviewer)
{
	const char *old = "Graustark Wool (formerly Zavod Imeni Vorontsova)";
	const struct manswer *a;

	first_is(old, "RU", "B1");
	a = &result.answer[0];
	cr_assert_eq(a->verdict, MQ_REVIEW, "%d", a->score);
	cr_assert(says(a, "'Zavod Imeni Vorontsova', one of the names given"));
	/* The same words as a name of their own are accepted. */
	a = ask_in(NULL, "Zavod Imeni Vorontsova", "RU");
	cr_assert_eq(a->verdict, MQ_ACCEPT, "%d", a->score);
}

Test(match_query, a_related_concept_is_for_a_reviewer)
{
	const struct manswer *a;

	first_is("Meridiano Marine S.A.", "PA", "B3");
	a = &result.answer[0];
	cr_assert(says(a, "'Marine' ~ 'Shipping' (related concept)"));
	cr_assert_geq(a->score, 600);
	cr_assert_eq(a->verdict, MQ_REVIEW, "%d", a->score);
	/* Nothing relates these. */
	a = ask_in(NULL, "Meridiano Bakery S.A.", "PA");
	cr_assert_not(says(a, "concept"));
}

Test(match_query, words_of_an_insolvency_do_not_count)
{
	int score = ask_in(NULL, "Meridiano Shipping S.A.", "PA")->score;
	const struct manswer *a =
	    ask_in(NULL, "Meridiano Shipping S.A. en liquidación", "PA");

	cr_assert_eq(a->score, score);
	cr_assert(says(a, "'en liquidación' (insolvency, not part"));
}

/* What speaks against a long name is told behind all of its words. */
Test(match_query, a_long_name_keeps_its_warnings)
{
	const struct manswer *a = ask_in(
	    NULL, "First North Eastern Quorvan Oil Gas Tessel Ursine Dredge "
		  "Barge Wharf Pylon Harbour Tug 7 SA in liquidation", "PA");

	cr_assert(str_eq(a->obligor_id, S("B5")));
	cr_assert(says(a, "'Pylon' = 'Pylon'"));
	cr_assert(says(a, "'in liquidation' (insolvency"));
	cr_assert(says(a, "(legal form"));
	cr_assert(says(a, "the numbers differ"));
}

/*
 * The forest was fitted on books of some sizes.  A split at the very size of
 * one of them would score a book of one more name as if it were ten times as
 * large.
 */
Test(match_query, a_book_of_some_names_more_is_scored_alike)
{
	static const float size[] = { 6000, 100000, 1000000 };

	for (unsigned t = 0; t < mmodel.trees; t++)
		for (unsigned i = 0; i < MSCORE_NODES; i++)
			for (unsigned k = 0; k < 3; k++)
				cr_assert(mmodel.tree[t].feature[i] !=
						  MF_BOOK ||
					      fabsf(mmodel.tree[t].at[i] -
						    log2f(size[k])) > 0.2f,
					  "tree %u, node %u", t, i);
}

Test(match_query, the_larger_the_book_the_less_is_stated)
{
	float f[MF_COUNT] = { 0 };

	f[MF_BOOK] = log2f(6000);
	cr_assert_float_eq(mscore_stated(2, f), 2.1f, 1e-5f);
	f[MF_BOOK] = MSCORE_BOOK;
	cr_assert_float_eq(mscore_stated(2, f), 2.1f, 1e-5f);
	f[MF_BOOK] = MSCORE_BOOK + 3; /* a million */
	cr_assert_float_eq(mscore_stated(2, f), 1.8f, 1e-5f);
	f[MF_SCRIPT] = 1;
	cr_assert_float_eq(mscore_stated(2, f), 1.6f, 1e-5f);
}

Test(match_query, nobody)
{
	const struct manswer *a = ask_in(NULL, "Ululani Brontosaurus", "");

	cr_assert(a == NULL || a->score < 300);
	a = ask_in(NULL, "", "");
	cr_assert_null(a);
	a = ask_in(NULL, "\xFF\xFE", "");
	cr_assert_null(a);
}

static const struct manswer *
ask_ids(const char *scheme, const char *value, const char *scheme2,
	const char *value2, const char *name)
{
	struct mask ask = { .ids = 1 };
	struct mlimits limits = MQUERY_LIMITS;

	ask.id[0] = (struct mask_id){ str_of(scheme), str_of(value) };
	if (scheme2 != NULL)
		ask.id[ask.ids++] =
		    (struct mask_id){ str_of(scheme2), str_of(value2) };
	if (name != NULL)
		ask.name[ask.names++] = str_of(name);
	mquery_run(&seg, NULL, scratch, &ask, &limits, &result);
	return result.n == 0 ? NULL : &result.answer[0];
}

Test(match_query, a_hard_id_decides)
{
	const struct manswer *a = ask_ids("duns", "987654321", NULL, NULL, NULL);

	cr_assert_not_null(a);
	cr_assert(str_eq(a->obligor_id, S("B3")));
	cr_assert_eq(a->score, 1000);
	cr_assert_eq(a->verdict, MQ_ACCEPT);
	cr_assert(a->by_id);
	/* ... whatever the name */
	a = ask_ids("duns", "987654321", NULL, NULL, "Hatoya Trading");
	cr_assert(str_eq(a->obligor_id, S("B3")));
	cr_assert_eq(a->verdict, MQ_ACCEPT);
}

Test(match_query, ids_of_two_obligors_go_to_review)
{
	const struct manswer *a =
	    ask_ids("duns", "123456789", "imo", "9074729", NULL);

	cr_assert_eq(result.n, 2u);
	cr_assert_eq(a->verdict, MQ_REVIEW);
	cr_assert_eq(result.answer[1].verdict, MQ_REVIEW);
}

Test(match_query, unknown_id_gives_nothing)
{
	cr_assert_null(ask_ids("duns", "555555555", NULL, NULL, NULL));
}

Test(match_query, numbers_are_never_fuzzy)
{
	const struct manswer *a = ask_in(NULL, "Kestrel Fund XIII L.P.", "US");

	cr_assert(a == NULL || a->verdict != MQ_ACCEPT);
}

Test(match_query, delta)
{
	struct mdelta *delta = mdelta_new();
	struct mbuild_obligor o = { .obligor_id = S("N1"),
				    .name = S("Wolkenkuckuck Import GmbH"),
				    .country = S("DE"),
				    .ids = S("duns:111111111") };
	struct diag d = { 0 };
	const struct manswer *a;

	cr_assert_not_null(delta);
	cr_assert_eq(mdelta_put(delta, &o, &d), ERR_OK);
	a = ask_in(delta, "Wolkenkuckuck Import", "DE");
	cr_assert_not_null(a);
	cr_assert(str_eq(a->obligor_id, S("N1")));
	/* misspelt */
	a = ask_in(delta, "Wolkenkukuck Import", "DE");
	cr_assert(a != NULL && str_eq(a->obligor_id, S("N1")));
	/* changed: the old name is gone */
	o.name = S("Zypressenhain Import GmbH");
	cr_assert_eq(mdelta_put(delta, &o, &d), ERR_OK);
	a = ask_in(delta, "Wolkenkuckuck Import", "DE");
	cr_assert(a == NULL || !str_eq(a->obligor_id, S("N1")) ||
		  a->score < 300);
	a = ask_in(delta, "Zypressenhain Import", "DE");
	cr_assert(a != NULL && str_eq(a->obligor_id, S("N1")));
	/* a name inside the name */
	o.name = S("Zypressenhain Import GmbH t/a Ulmenhof Handel");
	cr_assert_eq(mdelta_put(delta, &o, &d), ERR_OK);
	a = ask_in(delta, "Ulmenhof Handel", "DE");
	cr_assert(a != NULL && str_eq(a->obligor_id, S("N1")));
	/* places and general words only, and not all of them */
	o.name = S("日本ギア工業株式会社");
	o.country = S("JP");
	cr_assert_eq(mdelta_put(delta, &o, &d), ERR_OK);
	a = ask_in(delta, "Nippon Gear", "JP");
	cr_assert(a != NULL && str_eq(a->obligor_id, S("N1")));
	/* removed from the segment */
	cr_assert_eq(mdelta_remove(delta, S("B2")), ERR_OK);
	a = ask_in(delta, "HATOYA TRADING", "JP");
	cr_assert(a == NULL || !str_eq(a->obligor_id, S("B2")));
	a = ask_in(NULL, "HATOYA TRADING", "JP");
	cr_assert(a != NULL && str_eq(a->obligor_id, S("B2")));
	mdelta_free(delta);
}

/* The bytes of a file, malloc'd. */
static char *
slurp(const char *p, size_t *n)
{
	FILE *f = fopen(p, "r");
	char *s = malloc(1u << 24);

	cr_assert_not_null(f);
	*n = fread(s, 1, 1u << 24, f);
	fclose(f);
	return s;
}

static void
spill(const char *p, const char *s, size_t n)
{
	FILE *f = fopen(p, "w");

	cr_assert_not_null(f);
	cr_assert_eq(fwrite(s, 1, n, f), n);
	fclose(f);
}

Test(match_query, the_segment_does_not_depend_on_threads)
{
	char other[80];
	size_t n, k;
	char *a, *b;

	snprintf(other, sizeof(other), "%s.1", path);
	build(other, 1, 3000);
	a = slurp(path, &n);
	b = slurp(other, &k);
	cr_assert_eq(n, k);
	cr_assert_eq(memcmp(a, b, n), 0);
	free(a);
	free(b);
	unlink(other);
}

Test(match_query, damaged_files_are_refused)
{
	char other[80];
	struct diag d = { 0 };
	struct mseg s;
	size_t n;
	char *a = slurp(path, &n);

	snprintf(other, sizeof(other), "%s.bad", path);
	for (size_t at = 0; at < n; at += 1 + n / 40) {
		a[at] ^= 0x40;
		spill(other, a, n);
		d = (struct diag){ 0 };
		/* Behind struct mseg_head the first page is only padding. */
		if (at < sizeof(struct mseg_head) || at >= MSEG_HEADER) {
			cr_assert_neq(mseg_open(other, &s, &d), ERR_OK,
				      "byte %zu", at);
			cr_assert_neq(d.why[0], 0);
		}
		a[at] ^= 0x40;
	}
	spill(other, a, n / 2);
	cr_assert_neq(mseg_open(other, &s, &d), ERR_OK);
	spill(other, "", 0);
	cr_assert_neq(mseg_open(other, &s, &d), ERR_OK);
	spill(other, "hello", 5);
	cr_assert_neq(mseg_open(other, &s, &d), ERR_OK);
	free(a);
	unlink(other);
	cr_assert_neq(mseg_open("/nonexistent/idx", &s, &d), ERR_OK);
}

Test(match_query, an_abandoned_build_leaves_the_old_file)
{
	struct diag d = { 0 };
	struct mbuild *b = NULL;
	size_t n, k;
	char *a = slurp(path, &n), *z;
	char tmp[80];

	cr_assert_eq(mbuild_new(path, 1, &b, &d), ERR_OK);
	cr_assert_eq(mbuild_add(b, &book[0], &d), ERR_OK);
	mbuild_free(b);
	z = slurp(path, &k);
	cr_assert_eq(n, k);
	cr_assert_eq(memcmp(a, z, n), 0);
	snprintf(tmp, sizeof(tmp), "%s.tmp", path);
	cr_assert_neq(access(tmp, F_OK), 0);
	free(a);
	free(z);
}

Test(match_query, an_empty_book_answers_nothing)
{
	struct diag d = { 0 };
	struct mbuild_stats st;
	struct mbuild *b = NULL;

	mseg_close(&seg);
	cr_assert_eq(mbuild_new(path, 1, &b, &d), ERR_OK);
	cr_assert_eq(mbuild_end(b, &st, &d), ERR_OK, "%s", d.why);
	mbuild_free(b);
	cr_assert_eq(mseg_open(path, &seg, &d), ERR_OK, "%s", d.why);
	cr_assert_null(ask_in(NULL, "Hatoya", ""));
}

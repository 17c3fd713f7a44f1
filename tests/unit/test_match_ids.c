/*
 * Hard ids in a segment: whoever has one is found, whatever else the index
 * keeps beside it.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mbuild.h"
#include "mid.h"
#include "mkey.h"
#include "mquery.h"

#define ALIKE 9000u /* rows of one name: more than are read of a bucket */
#define FOUND 12u   /* ids whose bucket is that name's */
#define ALIASES 20u /* names of an obligor, each with its id */
#define KEY_BITS 13u
#define NAMED 40u /* obligors of a name: more than are compared at the end */

static struct mbuild *b;
static struct mseg seg;
static int fd = -1;

static void
begin(void)
{
	struct mseg_stamp stamp = { 0 };
	struct diag d = { 0 };

	mid_get();
	fd = memfd_create("ids", MFD_CLOEXEC);
	cr_assert_geq(fd, 0);
	cr_assert_eq(mbuild_new_fd(fd, &stamp, &b, &d), ERR_OK, "%s", d.why);
}

static void
add(const char *id, const char *name, const char *aliases, const char *ids)
{
	struct mbuild_obligor o = { .obligor_id = str_of(id),
				    .name = str_of(name),
				    .aliases = str_of(aliases),
				    .country = S("DE"),
				    .ids = str_of(ids) };
	struct diag d = { 0 };

	cr_assert_eq(mbuild_add(b, &o, &d), ERR_OK, "%s", d.why);
}

static void
end(void)
{
	struct mbuild_stats st;
	struct diag d = { 0 };

	cr_assert_eq(mbuild_end(b, &st, &d), ERR_OK, "%s", d.why);
	mbuild_free(b);
	cr_assert_eq(mseg_open_fd(fd, &seg, &d), ERR_OK, "%s", d.why);
}

static void
teardown(void)
{
	mseg_close(&seg);
	(void)close(fd);
}

TestSuite(match_ids, .init = begin, .fini = teardown);

/* Who has the value, by it alone or with a name. */
static void
ask(const char *value, const char *name, struct mresult *out)
{
	struct mqscratch *scratch = mquery_scratch_new();
	struct mask a = { .ids = 1 };
	struct mlimits limits = MQUERY_LIMITS;

	cr_assert_not_null(scratch);
	if (name != NULL)
		a.name[a.names++] = str_of(name);
	a.id[0] = (struct mask_id){ S("duns"), str_of(value) };
	mquery_run(&seg, NULL, scratch, &a, &limits, out);
	mquery_scratch_free(scratch);
}

/* The next number whose bucket is that of the name. */
static unsigned
next_beside(uint64_t key, unsigned from)
{
	for (unsigned v = from + 1;; v++) {
		char value[16];
		uint64_t k;

		(void)snprintf(value, sizeof(value), "%09u", v);
		k = mkey_id(S("duns"), str_of(value));
		if (k >> (64 - KEY_BITS) == key >> (64 - KEY_BITS))
			return v;
	}
}

Test(match_ids, beside_the_key_of_a_common_name)
{
	struct str common = S("Tessaly Orchards");
	unsigned value = 100000000, at[FOUND];
	struct mname name;
	struct mkeys keys;
	char id[16], ids[32];

	mtab_get();
	mfold_name(common, MV_MAIN, &name);
	mkey_name(&name, &keys);
	for (unsigned i = 0; i < ALIKE; i++) {
		(void)snprintf(id, sizeof(id), "X%u", i);
		add(id, common.p, "", "");
	}
	for (unsigned i = 0; i < FOUND; i++) {
		at[i] = value = next_beside(keys.key[MK_SET], value);
		(void)snprintf(id, sizeof(id), "F%u", i);
		(void)snprintf(ids, sizeof(ids), "duns:%09u", value);
		add(id, "Quillon Maritime Works", "", ids);
	}
	end();
	cr_assert_eq(seg.head.key_bits, KEY_BITS);
	for (unsigned i = 0; i < FOUND; i++) {
		struct mresult r;

		(void)snprintf(ids, sizeof(ids), "%09u", at[i]);
		ask(ids, NULL, &r);
		cr_assert_eq(r.n, 1, "the id of F%u", i);
		cr_assert_eq(r.answer[0].verdict, MQ_ACCEPT);
	}
}

Test(match_ids, two_obligors_however_many_names_one_of_them_has)
{
	char aliases[ALIASES * 24] = "";
	struct mresult r;
	size_t n = 0;

	for (unsigned i = 0; i < ALIASES; i++)
		n += (size_t)snprintf(aliases + n, sizeof(aliases) - n,
				      "%sQuillon Yard %c", i == 0 ? "" : "|",
				      'a' + (int)i);
	add("B1", "Quillon Maritime Works", aliases, "duns:123456789");
	add("B2", "Hatoya Shoji", "", "duns:123456789");
	end();
	ask("123456789", NULL, &r);
	cr_assert_eq(r.n, 2);
	cr_assert_eq(r.answer[0].verdict, MQ_REVIEW);
	cr_assert_eq(r.answer[1].verdict, MQ_REVIEW);
}

Test(match_ids, two_obligors_however_many_are_named_alike)
{
	struct mresult r;
	unsigned by_id = 0;

	for (unsigned i = 0; i < NAMED; i++) {
		char id[16], name[32];

		(void)snprintf(id, sizeof(id), "X%u", i);
		(void)snprintf(name, sizeof(name), "Quillon %c%co",
			       'b' + (int)i % 16, 'a' + (int)i / 16);
		add(id, name, "", "");
	}
	add("B1", "Hatoya Shoji", "", "duns:123456789");
	add("B2", "Meridiano Bank", "", "duns:123456789");
	end();
	ask("123456789", "Quillon", &r);
	for (unsigned i = 0; i < r.n; i++) {
		by_id += r.answer[i].by_id;
		cr_assert_neq(r.answer[i].verdict, MQ_ACCEPT);
	}
	cr_assert_eq(by_id, 2);
}

/* Asked without a country, no country is left out for its letters. */
Test(match_ids, a_sample_has_every_country_in_its_share)
{
	static const char *const country[] = { "AE", "DE", "US", "ZA" };
	static struct mseg_keyed keyed;
	static struct mname m;
	unsigned of[4] = { 0 };
	struct mkeys keys;
	char id[16];
	size_t n;

	for (unsigned i = 0; i < 2400; i++) {
		struct mbuild_obligor o = { .name = S("Quorvex Belmar") };
		struct diag d = { 0 };

		(void)snprintf(id, sizeof(id), "N%u", i);
		o.obligor_id = str_of(id);
		o.country = str_of(country[i / 600]);
		cr_assert_eq(mbuild_add(b, &o, &d), ERR_OK);
	}
	end();
	mfold_name(S("Quorvex Belmar"), MV_MAIN, &m);
	mkey_name(&m, &keys);
	n = mseg_keys(&seg, keys.key[MK_SET], 0, &keyed);
	cr_assert_eq(n, MSEG_KEYED_MAX);
	for (size_t i = 0; i < n; i++)
		of[keyed.row[i] / 600]++;
	for (unsigned i = 0; i < 4; i++)
		cr_assert_eq(of[i], MSEG_KEYED_MAX / 4, "%u of %s", of[i],
			     country[i]);
}

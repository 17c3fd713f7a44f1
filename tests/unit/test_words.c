/*
 * Files and tables: YAML, configuration, bundles, id schemes, name keys,
 * hashes, notices, kinds.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bundle.h"
#include "conf.h"
#include "fold.h"
#include "hash.h"
#include "idscheme.h"
#include "kinds.h"
#include "notice.h"
#include "yamlr.h"

static struct arena arena;

static void
up(void)
{
	cr_assert_eq(arena_init(&arena, 8u << 20), ERR_OK);
}

static void
down(void)
{
	arena_fini(&arena);
}

TestSuite(words, .init = up, .fini = down);

Test(words, yaml_nodes_know_their_lines)
{
	struct yamlr *root = NULL;
	struct diag d = { 0 };
	const struct yamlr *n;

	cr_assert_eq(yamlr_get(S("a: 1\nb:\n  c: \"x y\"\n  d: [p, q]\n"),
			       &arena, &root, &d),
		     ERR_OK, "%s", d.why);
	n = yamlr_find(root, S("b"));
	cr_assert_not_null(n);
	cr_assert_eq(n->type, YAMLR_MAP);
	n = yamlr_find(n, S("c"));
	cr_assert(str_eq(n->text, S("x y")));
	cr_assert_eq(n->line, 3);
	n = yamlr_find(yamlr_find(root, S("b")), S("d"));
	cr_assert_eq(n->type, YAMLR_SEQ);
	cr_assert(str_eq(n->first->next->text, S("q")));
}

Test(words, yaml_refuses_what_configuration_never_needs)
{
	static const char *const bad[] = {
		"a: &x 1\nb: *x\n", "a: !!int 1\n", "a: 1\n---\nb: 2\n",
		"a: 1\na: 2\n",	    "- 1\n- 2\n",  "a: [1\n",
		"? [x]\n: 1\n",	    "just words\n", "a: |\n  x\n  y\n",
		"a: x\n\n  y\n",    "\"k\\ny\": 1\n",	"a: \"\\u0085\"\n",
		"a: \"\\u2028\"\n",  "a: \"\\x7f\"\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct yamlr *root = NULL;
		struct diag d = { 0 };

		cr_assert_eq(yamlr_get(str_of(bad[i]), &arena, &root, &d),
			     ERR_CONFIG, "case %zu", i);
		cr_assert_gt(d.line, 0, "case %zu: %s", i, d.why);
	}
}

Test(words, yaml_depth_at_max_and_one_more)
{
	struct yamlr *root = NULL;

	/* The document is a map. */
	for (unsigned n = YAMLR_DEPTH_MAX - 1; n <= YAMLR_DEPTH_MAX; n++) {
		struct diag d = { 0 };
		struct buf b;

		buf_init(&b, 1000);
		buf_put(&b, S("a: "));
		for (unsigned i = 0; i < n; i++)
			buf_byte(&b, '[');
		for (unsigned i = 0; i < n; i++)
			buf_byte(&b, ']');
		cr_assert_eq(yamlr_get(buf_str(&b), &arena, &root, &d),
			     n < YAMLR_DEPTH_MAX ? ERR_OK : ERR_CONFIG,
			     "%u", n);
		buf_free(&b);
	}
}

Test(words, units)
{
	int64_t v = 0;

	cr_assert_eq(yamlr_duration(S("26h"), &v), ERR_OK);
	cr_assert_eq(v, 26 * 3600000);
	cr_assert_neq(yamlr_duration(S("26"), &v), ERR_OK, "no unit");
	cr_assert_neq(yamlr_duration(S("h"), &v), ERR_OK);
	cr_assert_neq(yamlr_duration(S("1 h"), &v), ERR_OK);
	cr_assert_eq(yamlr_size(S("64KiB"), &v), ERR_OK);
	cr_assert_eq(v, 65536);
	cr_assert_neq(yamlr_size(S("64KB"), &v), ERR_OK);
}

Test(words, configuration_tells_every_error_at_once)
{
	struct conf c;
	struct buf errors;
	const char text[] = "instance: x\nnonsense: 1\npush:\n"
			    "  heartbeat: 5\n  credit_max: 0\n"
			    "log:\n  level: 9\n";

	buf_init(&errors, 10000);
	cr_assert_eq(conf_get(str_of(text), S("a.yaml"), &arena, &c, &errors),
		     ERR_CONFIG);
	cr_assert(str_contains(buf_str(&errors), S("a.yaml:2: nonsense: ")));
	cr_assert(str_contains(buf_str(&errors),
			       S("a.yaml:4: push.heartbeat: ")));
	cr_assert(str_contains(buf_str(&errors),
			       S("a.yaml:5: push.credit_max: ")));
	cr_assert(str_contains(buf_str(&errors), S("a.yaml:7: log.level: ")));
	buf_free(&errors);
}

Test(words, the_effective_configuration_reads_back)
{
	struct conf c;
	struct conf again;
	struct buf errors;
	struct buf text;

	buf_init(&errors, 10000);
	buf_init(&text, 100000);
	cr_assert_eq(conf_get(S("push:\n  heartbeat: 7s\n"
				"state_dir: 'a\"b\\c'\n"),
			      S("a.yaml"), &arena, &c, &errors),
		     ERR_OK);
	cr_assert_eq(c.push_heartbeat, 7000);
	conf_put(&text, &c);
	cr_assert_eq(conf_get(buf_str(&text), S("b.yaml"), &arena, &again,
			      &errors),
		     ERR_OK, "%.*s", STR_ARG(buf_str(&errors)));
	cr_assert_eq(again.push_heartbeat, 7000);
	cr_assert(str_eq(again.state_dir, c.state_dir));
	buf_free(&errors);
	buf_free(&text);
}

Test(words, operators_are_found_by_user_then_group)
{
	struct conf c;
	struct buf errors;
	struct buf text;
	const char yaml[] = "operators:\n  desk: gid:120 viewer reviewer\n"
			    "  li: uid:7 approver\n  wang: uid:8 reviewer\n";
	const char bad[] = "operators:\n  a: uid:x reviewer\n  b: uid:1\n"
			   "  c: uid:1 king\n  d d: uid:1 viewer\n"
			   "  e: 5 viewer\n  f: uid:4294967295 viewer\n";

	buf_init(&errors, 10000);
	buf_init(&text, 100000);
	cr_assert_eq(conf_get(str_of(yaml), S("a.yaml"), &arena, &c, &errors),
		     ERR_OK, "%.*s", STR_ARG(buf_str(&errors)));
	cr_assert_eq(c.operators.count, 3);
	cr_assert(str_eq(operators_find(&c.operators, 7, 120)->name, S("li")));
	cr_assert(
	    str_eq(operators_find(&c.operators, 9, 120)->name, S("desk")));
	cr_assert_null(operators_find(&c.operators, 9, 8));
	cr_assert_eq(operators_find(&c.operators, 8, 0)->roles,
		     OPERATOR_REVIEWER);
	conf_put(&text, &c);
	cr_assert(str_ends(buf_str(&text), str_of(yaml)));
	cr_assert_eq(conf_get(str_of(bad), S("b.yaml"), &arena, &c, &errors),
		     ERR_CONFIG);
	for (unsigned line = 2; line <= 7; line++) {
		char at[32];

		(void)snprintf(at, sizeof(at), "b.yaml:%u: operators.", line);
		cr_assert(str_contains(buf_str(&errors), str_of(at)), "%s",
			  at);
	}
	buf_free(&errors);
	buf_free(&text);
}

Test(words, a_bundle_survives_its_descriptor)
{
	struct bundle b;
	struct bundle back;
	int fd = -1;

	bundle_init(&b);
	bundle_init(&back);
	bundle_add(&b, S("one"), S("first"));
	bundle_add(&b, S("two"), S(""));
	cr_assert_eq(bundle_fd(&b, &fd), ERR_OK);
	cr_assert_lt(write(fd, "x", 1), 0, "sealed");
	cr_assert_eq(bundle_read(&back, fd), ERR_OK);
	cr_assert(str_eq(bundle_find(&back, S("one")), S("first")));
	cr_assert_eq(bundle_find(&back, S("two")).n, 0);
	cr_assert_null(bundle_find(&back, S("three")).p);
	(void)close(fd);
	bundle_free(&b);
	bundle_free(&back);
}

static struct idschemes
schemes(void)
{
	struct idschemes t = { 0 };
	struct diag d = { 0 };
	struct buf b;

	buf_init(&b, 65536);
	cr_assert_eq(buf_read_file(&b, "etc/idschemes.tsv"), ERR_OK);
	cr_assert_eq(idschemes_get(buf_str(&b), &arena, &t, &d), ERR_OK, "%s",
		     d.why);
	buf_free(&b);
	return t;
}

static const char *
canon(const char *scheme, const char *value)
{
	static char dst[ID_VALUE_MAX];
	struct idschemes t = schemes();
	struct diag d = { 0 };

	return idscheme_canon(&t, str_of(scheme), str_of(value), dst, &d) ==
		       ERR_OK ?
		   dst :
		   "refused";
}

Test(words, ids_have_one_form)
{
	/* The LEI is GLEIF's own, a public fact; check digits by ISO 7064. */
	cr_assert_str_eq(canon("lei", "506700ge1g29325qx363"),
			 "506700GE1G29325QX363");
	cr_assert_str_eq(canon("lei", "506700GE1G29325QX364"), "refused");
	cr_assert_str_eq(canon("lei", "506700GE1G29325QX36"), "refused");
	cr_assert_str_eq(canon("bic", "deutdeff"), "DEUTDEFFXXX");
	cr_assert_str_eq(canon("bic", "DEUTDEFF500"), "DEUTDEFF500");
	cr_assert_str_eq(canon("bic", "DEUTZZFF"), "refused");
	cr_assert_str_eq(canon("gb-coh", "762530"), "00762530");
	cr_assert_str_eq(canon("gb-coh", "SC123456"), "SC123456");
	cr_assert_str_eq(canon("fr-siren", "732 829 320"), "732829320");
	cr_assert_str_eq(canon("fr-siren", "732 829 321"), "refused");
	cr_assert_str_eq(canon("duns", "12-345-6789"), "123456789");
	cr_assert_str_eq(canon("sinosure", "are/000123"), "ARE000123");
	cr_assert_str_eq(canon("\xEF\xBC\xA1", "x"), "refused");
	cr_assert_str_eq(canon("duns", "\xEF\xBC\x91\xEF\xBC\x92"
				       "3456789"),
			 "123456789", "full-width digits by NFKC");
}

Test(words, the_social_credit_code_is_checked)
{
	cr_assert(uscc_ok(S("91350100M000100Y43")));
	cr_assert(!uscc_ok(S("91350100M000100Y44")));
	cr_assert(!uscc_ok(S("91350100M000100Y4")));
	cr_assert(!uscc_ok(S("91350100I000100Y43")), "no letter I");
}

Test(words, one_name_one_key)
{
	struct buf a;
	struct buf b;

	buf_init(&a, 4096);
	buf_init(&b, 4096);
	cr_assert_eq(fold_name(&a, S("  M\xC3\x9CLLER & S\xC3\xB6hne, GmbH.")),
		     ERR_OK);
	cr_assert(str_eq(buf_str(&a), S("m\xC3\xBCller s\xC3\xB6hne gmbh")));
	cr_assert_eq(fold_name(&b, S("Mu\xCC\x88ller S\xC3\xB6hne (GMBH)")),
		     ERR_OK);
	cr_assert(str_eq(buf_str(&a), buf_str(&b)), "%.*s",
		  STR_ARG(buf_str(&b)));
	buf_clear(&b);
	cr_assert_eq(fold_name(&b, S("\xEF\xBC\xA1\xEF\xBC\xA2 \xF0\xA0\x80\x80")),
		     ERR_OK);
	cr_assert(str_eq(buf_str(&b), S("ab \xF0\xA0\x80\x80")));
	buf_clear(&b);
	cr_assert_eq(fold_name(&b, S("a\xFF")), ERR_INPUT);
	buf_free(&a);
	buf_free(&b);
}

Test(words, name_length_at_max_and_one_more)
{
	char name[FOLD_NAME_MAX + 1];
	struct buf b;

	memset(name, 'a', sizeof(name));
	buf_init(&b, 8192);
	cr_assert_eq(fold_name(&b, (struct str){ name, FOLD_NAME_MAX }),
		     ERR_OK);
	cr_assert_eq(fold_name(&b, (struct str){ name, FOLD_NAME_MAX + 1 }),
		     ERR_LIMIT);
	buf_free(&b);
}

Test(words, ids_of_ours_are_recomputable)
{
	/* python3: hashlib.blake2b(b"abc", digest_size=16).hexdigest() */
	char id[2 * HASH_ID_SIZE + 1];
	char uuid[37];

	hash_id(S("abc"), id);
	cr_assert_str_eq(id, "cf4ab791c62b8d2b2109c90275287816");
	hash_uuid(id, uuid);
	cr_assert_str_eq(uuid, "cf4ab791-c62b-8d2b-a109-c90275287816");
}

static const char NOTICE[] =
    "{\"source\":\"s\",\"record\":\"r1\",\"action\":\"NEW\",\"subject\":"
    "\"buyer\",\"kind\":\"DISSOLVED\",\"stage\":null,\"native\":\"X\","
    "\"native_text\":null,\"names\":[{\"text\":\"A Ltd\",\"type\":\"legal\","
    "\"lang\":null}],\"ids\":[{\"scheme\":\"lei\",\"value\":\"V\"}],"
    "\"country\":\"AE\",\"countries\":[],\"jurisdiction\":null,\"place\":null,"
    "\"port\":null,\"address\":null,\"natural_person\":null,"
    "\"occurred_on\":\"2022-12-20\",\"effective_on\":null,\"deadline_on\":null,"
    "\"published_at\":\"2022-12-27T01:00:00.000Z\",\"recorded_at\":null,"
    "\"case_no\":null,\"amount\":\"1000.00\",\"currency\":\"HKD\","
    "\"value_old\":null,\"value_new\":null,\"scale\":null,\"rates\":[],"
    "\"certainty\":\"reported\",\"url\":null,\"redistribution\":\"full\"}";

Test(words, a_notice_is_read_as_it_was_written)
{
	struct notice n;
	struct diag d = { 0 };
	struct buf b;

	buf_init(&b, NOTICE_JSON_MAX);
	cr_assert_eq(notice_get(str_of(NOTICE), &arena, &n, &d), ERR_OK, "%s",
		     d.why);
	notice_put(&b, &n);
	cr_assert(str_eq(buf_str(&b), str_of(NOTICE)), "%.*s",
		  STR_ARG(buf_str(&b)));
	buf_free(&b);
}

/* The notice with one value replaced, and what is said about it. */
static enum err
with(const char *from, const char *to, struct diag *d)
{
	static char text[sizeof(NOTICE) + 4096];
	struct notice n;
	const char *at = strstr(NOTICE, from);

	cr_assert_not_null(at, "%s", from);
	(void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - NOTICE),
		       NOTICE, to, at + strlen(from));
	*d = (struct diag){ 0 };
	return notice_get(str_of(text), &arena, &n, d);
}

Test(words, a_wrong_notice_names_the_field)
{
	static const char *const wrong[][3] = {
		{ "\"NEW\"", "\"NEU\"", "action" },
		{ "\"AE\"", "\"UAE\"", "country" },
		{ "\"2022-12-20\"", "\"2022-02-30\"", "occurred_on" },
		{ "01:00:00.000Z", "01:00:00", "published_at" },
		{ "\"1000.00\"", "\"1,000\"", "amount" },
		{ "\"1000.00\"", "\"1000.001\"", "HKD" },
		{ "\"s\"", "null", "source" },
		{ "\"r1\"", "\"\"", "record" },
		{ "\"legal\"", "\"real\"", "names" },
		{ "\"DISSOLVED\"", "7", "kind" },
		{ "\"V\"", "\"\"", "ids" },
		{ "\"buyer\"", "\"seller\"", "subject" },
	};
	struct diag d;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		cr_assert_eq(with(wrong[i][0], wrong[i][1], &d), ERR_INPUT,
			     "case %zu", i);
		cr_assert_not_null(strstr(d.why, wrong[i][2]), "case %zu: %s",
				   i, d.why);
	}
}

Test(words, notice_fields_at_max_and_one_more)
{
	static char value[NOTICE_FIELD_MAX + 4];
	struct diag d;

	for (size_t n = NOTICE_FIELD_MAX; n <= NOTICE_FIELD_MAX + 1; n++) {
		memset(value, 'x', sizeof(value));
		value[0] = '"';
		value[n + 1] = '"';
		value[n + 2] = '\0';
		cr_assert_eq(with("\"r1\"", value, &d),
			     n == NOTICE_FIELD_MAX ? ERR_OK : ERR_LIMIT);
	}
}

Test(words, kinds_columns_are_all_needed)
{
	struct kinds k = { 0 };
	struct diag d = { 0 };

	cr_assert_eq(kinds_get(S("A\tbuyer\topened\tf\tX\tp\tz\te\n"), &arena,
			       &k, &d),
		     ERR_OK, "%s", d.why);
	cr_assert_eq(k.count, 1);
	cr_assert_eq(kinds_find(&k, S("A"))->stage, STAGE_OPENED);
	cr_assert_null(kinds_find(&k, S("B")));
	cr_assert_eq(kinds_get(S("A\tbuyer\topened\tf\tX\tp\tz\n"), &arena, &k,
			       &d),
		     ERR_CONFIG);
	d = (struct diag){ 0 };
	cr_assert_eq(kinds_get(S("A\tbuyer\tsoon\tf\tX\tp\tz\te\n"), &arena,
			       &k, &d),
		     ERR_CONFIG);
	cr_assert_not_null(strstr(d.why, "soon"));
}

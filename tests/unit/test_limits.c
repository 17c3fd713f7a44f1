/*
 * test_limits.c - quantities from outside at their maximum and one beyond,
 * where no suite of the room has it already.  docs/LIMITS.md names every
 * limit and its test; tests/limits.py holds the two together.
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

TestSuite(limits, .init = limits_up, .fini = limits_down);

/* ---- notices ---- */

static enum err
notice_with(size_t names, size_t ids, size_t countries, size_t text)
{
	struct notice n = {
		.source = S("s"), .record = S("r"), .kind = S("UNKNOWN"),
		.natural_person = -1, .occurred_on = DATE_NONE,
		.effective_on = DATE_NONE, .deadline_on = DATE_NONE,
		.published_at = TIME_NONE, .recorded_at = 1000,
		.name_count = names, .id_count = ids,
		.country_count = countries, .native_text = limits_fill(text, 'x'),
	};

	n.names = arena_array(&limits_arena, struct notice_name, names + 1);
	n.ids = arena_array(&limits_arena, struct notice_id, ids + 1);
	n.countries = arena_array(&limits_arena, struct str, countries + 1);
	for (size_t i = 0; i < names; i++)
		n.names[i] = (struct notice_name){ S("N"), S("legal"),
						   STR_NONE };
	for (size_t i = 0; i < ids; i++)
		n.ids[i] = (struct notice_id){ S("duns"), S("1") };
	for (size_t i = 0; i < countries; i++)
		n.countries[i] = S("DE");
	limits_diag = (struct diag){ 0 };
	return notice_check(&n, &limits_diag);
}

Test(limits, notice_lists)
{
	cr_assert_eq(notice_with(NOTICE_NAMES_MAX, 0, 0, 1), ERR_OK, "%s",
		     limits_diag.why);
	cr_assert_neq(notice_with(NOTICE_NAMES_MAX + 1, 0, 0, 1), ERR_OK);
	cr_assert_eq(notice_with(1, NOTICE_IDS_MAX, 0, 1), ERR_OK, "%s",
		     limits_diag.why);
	cr_assert_neq(notice_with(1, NOTICE_IDS_MAX + 1, 0, 1), ERR_OK);
	cr_assert_eq(notice_with(1, 0, NOTICE_COUNTRIES_MAX, 1), ERR_OK, "%s",
		     limits_diag.why);
	cr_assert_neq(notice_with(1, 0, NOTICE_COUNTRIES_MAX + 1, 1), ERR_OK);
	cr_assert_eq(notice_with(1, 0, 0, NOTICE_TEXT_MAX), ERR_OK, "%s",
		     limits_diag.why);
	cr_assert_neq(notice_with(1, 0, 0, NOTICE_TEXT_MAX + 1), ERR_OK);
}

/* As core reads it: the JSON as a whole, blanks included. */
Test(limits, notice_bytes)
{
	struct str head = S("{\"source\":\"s\",\"record\":\"r\","
			    "\"action\":\"NEW\",\"subject\":\"buyer\","
			    "\"kind\":\"UNKNOWN\",\"certainty\":\"official\","
			    "\"redistribution\":\"full\","
			    "\"recorded_at\":\"2022-12-27T01:12:03Z\"}");

	for (size_t more = 0; more < 2; more++) {
		size_t n = NOTICE_JSON_MAX + more;
		struct str json = limits_fill(n, ' ');
		struct staging st;
		struct notice out;
		struct str back;

		memcpy((char *)(uintptr_t)json.p, head.p, head.n);
		cr_assert_eq(notice_get(json, &limits_arena, &out, &limits_diag),
			     more == 0 ? ERR_OK : ERR_LIMIT, "%s", limits_diag.why);
		staging_init(&st);
		cr_assert_eq(staging_put(&st, json),
			     more == 0 ? ERR_OK : ERR_LIMIT);
		if (more == 0) {
			cr_assert_eq(staging_take(&st, &back), ERR_OK);
			cr_assert(str_eq(back, json));
		}
		staging_free(&st);
	}
}

Test(limits, money_digits)
{
	int64_t v;

	cr_assert_eq(money_get(limits_fill(MONEY_DIGITS_MAX, '9'), S("JPY"), &v,
			       &limits_diag), ERR_OK);
	cr_assert_neq(money_get(limits_fill(MONEY_DIGITS_MAX + 1, '9'), S("JPY"), &v,
				&limits_diag), ERR_OK);
}

Test(limits, nfc_bytes)
{
	struct buf b;

	buf_init(&b, NFC_MAX + 16);
	cr_assert_eq(nfc_put(&b, limits_fill(NFC_MAX, 'a')), ERR_OK);
	buf_clear(&b);
	cr_assert_eq(nfc_put(&b, limits_fill(NFC_MAX + 1, 'a')), ERR_LIMIT);
	buf_free(&b);
}

/* ---- tables ---- */

Test(limits, kinds_rows)
{
	struct kinds k;
	const char *rest = "\tbuyer\t-\t-\t-\t-\ta\tb\n";

	cr_assert_eq(kinds_get(limits_many("", "K", KINDS_MAX, rest), &limits_arena, &k,
			       &limits_diag), ERR_OK, "%s", limits_diag.why);
	cr_assert_eq(k.count, KINDS_MAX);
	cr_assert_eq(kinds_get(limits_many("", "K", KINDS_MAX + 1, rest), &limits_arena, &k,
			       &limits_diag), ERR_CONFIG);
}

Test(limits, idschemes_rows)
{
	struct idschemes t;
	const char *rest = "\t0\tX9\tnone\n";

	cr_assert_eq(idschemes_get(limits_many("", "k", IDSCHEMES_MAX, rest), &limits_arena,
				   &t, &limits_diag), ERR_OK, "%s", limits_diag.why);
	cr_assert_eq(idschemes_get(limits_many("", "k", IDSCHEMES_MAX + 1, rest),
				   &limits_arena, &t, &limits_diag), ERR_CONFIG);
}

Test(limits, id_values)
{
	struct idschemes t;
	char dst[ID_VALUE_MAX];

	cr_assert_eq(idschemes_get(S("any\t0\tR63\tnone\n"), &limits_arena, &t, &limits_diag),
		     ERR_OK, "%s", limits_diag.why);
	cr_assert_eq(idscheme_canon(&t, S("any"), limits_fill(ID_VALUE_MAX - 1, 'A'),
				    dst, &limits_diag), ERR_OK, "%s", limits_diag.why);
	cr_assert_neq(idscheme_canon(&t, S("any"), limits_fill(ID_VALUE_MAX, 'A'),
				     dst, &limits_diag), ERR_OK);
}

/* A last line without its newline is a row too. */
Test(limits, vocab_rows)
{
	const struct kinds none = { 0 };
	struct vocab v;

	cr_assert_eq(vocab_get(limits_many("", "n", VOCAB_ROWS_MAX - 1, "\tK\n"),
			       &none, &limits_arena, &v, &limits_diag), ERR_OK, "%s",
		     limits_diag.why);
	cr_assert_eq(vocab_get(limits_many("", "n", VOCAB_ROWS_MAX, "\tK\n"), &none,
			       &limits_arena, &v, &limits_diag), ERR_CONFIG);
}

Test(limits, duties_rows)
{
	struct duties t;
	const char *rest = "\tinsolvency\t10\tno\n";

	cr_assert_eq(duties_get(limits_many("", "p", DUTIES_MAX, rest), &limits_arena, &t,
				&limits_diag), ERR_OK, "%s", limits_diag.why);
	cr_assert_eq(duties_get(limits_many("", "p", DUTIES_MAX + 1, rest), &limits_arena,
				&t, &limits_diag), ERR_CONFIG);
}

/* The shipped table filled up; the last of them is the line at hand. */
Test(limits, texts_rows)
{
	const struct kinds none = { 0 };
	struct str ours = limits_file("etc/texts.tsv");
	struct texts t;
	size_t rows;

	cr_assert_eq(texts_get(ours, &none, &limits_arena, &t, &limits_diag), ERR_OK, "%s",
		     limits_diag.why);
	rows = TEXTS_MAX - t.count;
	cr_assert_eq(texts_get(limits_many(ours.p, "x.", rows, "\ta\tb\n"), &none,
			       &limits_arena, &t, &limits_diag), ERR_OK, "%s", limits_diag.why);
	cr_assert_eq(t.count, TEXTS_MAX);
	cr_assert_eq(texts_get(limits_many(ours.p, "x.", rows + 1, "\ta\tb\n"),
			       &none, &limits_arena, &t, &limits_diag), ERR_CONFIG);
}

Test(limits, texts_line)
{
	const struct kinds none = { 0 };
	struct str ours = limits_file("etc/texts.tsv");

	for (size_t more = 0; more < 2; more++) {
		struct texts t;
		struct buf b;

		buf_init(&b, 1u << 20);
		buf_put(&b, ours);
		buf_put(&b, S("x.y\ta\t"));
		buf_put(&b, limits_fill(TEXTS_ROW_MAX - 6 + more, 'b'));
		cr_assert_eq(texts_get(buf_str(&b), &none, &limits_arena, &t, &limits_diag),
			     more == 0 ? ERR_OK : ERR_CONFIG, "%s", limits_diag.why);
		buf_free(&b);
	}
}

/* ---- configuration and definitions ---- */

Test(limits, yaml_values)
{
	struct yamlr *root;

	/* The document itself and the list are two more. */
	cr_assert_eq(yamlr_get(limits_many("a:\n", "- ", YAMLR_NODES_MAX - 2, "\n"),
			       &limits_arena, &root, &limits_diag), ERR_OK, "%s", limits_diag.why);
	arena_rewind(&limits_arena, 0);
	cr_assert_neq(yamlr_get(limits_many("a:\n", "- ", YAMLR_NODES_MAX - 1, "\n"),
				&limits_arena, &root, &limits_diag), ERR_OK);
}

Test(limits, yaml_text)
{
	for (size_t more = 0; more < 2; more++) {
		struct yamlr *root;
		struct buf b;

		buf_init(&b, 4u << 20);
		buf_put(&b, S("a: "));
		buf_put(&b, limits_fill(YAMLR_TEXT_MAX + more, 'x'));
		buf_byte(&b, '\n');
		cr_assert_eq(yamlr_get(buf_str(&b), &limits_arena, &root, &limits_diag) ==
				 ERR_OK, more == 0, "%s", limits_diag.why);
		buf_free(&b);
	}
}

static size_t
lines_of(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '\n';
	return n;
}

Test(limits, errors_of_a_configuration)
{
	for (size_t more = 0; more < 2; more++) {
		size_t n = CONF_ERRORS_MAX + more;
		struct conf c;
		struct buf errors;

		buf_init(&errors, 1u << 20);
		cr_assert_eq(conf_get(limits_many("", "k", n, ": 1\n"), S("c"),
				      &limits_arena, &c, &errors), ERR_CONFIG);
		/* One beyond is counted in a line of its own. */
		cr_assert_eq(lines_of(buf_str(&errors)), n);
		cr_assert_eq(str_contains(buf_str(&errors), S("k100:")), false);
		buf_free(&errors);
	}
}

Test(limits, operators_of_a_configuration)
{
	for (size_t more = 0; more < 2; more++) {
		struct conf c;
		struct buf errors;

		buf_init(&errors, 1u << 20);
		cr_assert_eq(conf_get(limits_many("operators:\n", "  k",
						  OPERATORS_MAX + more,
						  ": uid:1 viewer\n"),
				      S("c"), &limits_arena, &c, &errors),
			     more == 0 ? ERR_OK : ERR_CONFIG);
		buf_free(&errors);
	}
}

#define DEF                                                                    \
	"name: t\nrecord_key: [k]\nmode: snapshot\n"                           \
	"certainty: official\nredistribution: full\nmap: t.jq\n"
#define URL "urls: [\"https://t.example/\"]\n"
#define XML "container: xml\nrecord: //r\n"
#define EVERY "interval: 60s\n"

static enum err
define(const char *name, struct str yaml, size_t *count)
{
	struct bundle b;
	struct feeds f = { 0 };
	struct buf errors;
	enum err err;
	char path[128];

	bundle_init(&b);
	buf_init(&errors, FEEDS_ERRORS_MAX);
	(void)snprintf(path, sizeof(path), "feeds.d/%s.yaml", name);
	bundle_add(&b, str_of(path), yaml);
	bundle_add(&b, S("feeds.d/t.jq"), S("."));
	err = feeds_define(&b, &limits_arena, &f, &errors);
	cr_assert_eq(err == ERR_OK, errors.n == 0);
	if (count != NULL)
		*count = f.count;
	buf_free(&errors);
	bundle_free(&b);
	return err;
}

Test(limits, urls_of_a_feed)
{
	const char *head = DEF XML EVERY "urls:\n";
	const char *item = "- https://t.example/";

	cr_assert_eq(define("t", limits_many(head, item, FEED_URLS_MAX, "\n"), NULL),
		     ERR_OK);
	cr_assert_eq(define("t", limits_many(head, item, FEED_URLS_MAX + 1, "\n"),
			    NULL), ERR_CONFIG);
}

/* A definition with one line more: a key, a head and x to that length. */
static enum err
with_text(const char *key, const char *head, size_t n)
{
	struct buf b;
	enum err err;

	buf_init(&b, 65536);
	buf_printf(&b, DEF XML EVERY "%s%s", key, head);
	buf_put(&b, limits_fill(n - strlen(head), 'x'));
	buf_put(&b, strcmp(key, "urls: [") == 0 ? S("]\n") : S("\n" URL));
	err = define("t", buf_str(&b), NULL);
	buf_free(&b);
	return err;
}

Test(limits, bytes_of_a_url_a_proxy_and_a_user_agent)
{
	for (size_t more = 0; more < 2; more++) {
		enum err want = more == 0 ? ERR_OK : ERR_CONFIG;

		cr_assert_eq(with_text("urls: [", "https://t.example/",
				       FEED_URL_MAX + more), want, "%s",
			     limits_diag.why);
		cr_assert_eq(with_text("proxy: ", "http://",
				       FEED_URL_MAX + more), want);
		cr_assert_eq(with_text("user_agent: ", "",
				       FEED_AGENT_MAX + more), want);
	}
}

Test(limits, prepared_fields_of_a_feed)
{
	const char *head = DEF XML EVERY URL "prepare:\n";

	cr_assert_eq(define("t", limits_many(head, "  f", FEED_PREPARE_MAX,
				      ": html\n"), NULL), ERR_OK);
	cr_assert_eq(define("t", limits_many(head, "  f", FEED_PREPARE_MAX + 1,
				      ": html\n"), NULL), ERR_CONFIG);
}

Test(limits, null_tokens_of_a_table)
{
	const char *head = DEF "container: csv\n" EVERY URL
			       "csv:\n  \"null\":\n";

	cr_assert_eq(define("t", limits_many(head, "    - n", FEED_NULLS_MAX, "\n"),
			    NULL), ERR_OK);
	cr_assert_eq(define("t", limits_many(head, "    - n", FEED_NULLS_MAX + 1,
				      "\n"), NULL), ERR_CONFIG);
}

/* Each name joins a url of its own. */
Test(limits, joins_of_a_feed)
{
	for (size_t more = 0; more < 2; more++) {
		size_t n = FEED_JOIN_MAX + more;
		struct str urls = limits_many(DEF "container: csv\n" EVERY
					   "csv:\n  header: none\n"
					   "  columns: [k, a]\nurls:\n",
				       "- https://t.example/", n + 1, "\n");
		struct buf b;

		buf_init(&b, 65536);
		buf_put(&b, urls);
		buf_put(&b, limits_many("join:\n", "  j", n, ": [k, b]\n"));
		cr_assert_eq(define("t", buf_str(&b), NULL),
			     more == 0 ? ERR_OK : ERR_CONFIG);
		buf_free(&b);
	}
}

Test(limits, headers_of_a_feed)
{
	for (size_t more = 0; more < 2; more++) {
		struct buf b;

		buf_init(&b, 65536);
		buf_put(&b, S(DEF XML EVERY URL "headers:\n"));
		for (size_t i = 0; i < FEED_HEADERS_MAX + more; i++)
			buf_printf(&b, "  X-H%zu: v\n", i);
		cr_assert_eq(define("t", buf_str(&b), NULL),
			     more == 0 ? ERR_OK : ERR_CONFIG);
		buf_free(&b);
	}
}

Test(limits, path_of_a_watched_directory)
{
	for (size_t more = 0; more < 2; more++) {
		struct str path = limits_fill(FEED_DIRECTORY_MAX - 1 + more, 'd');
		struct str def = S(DEF XML EVERY);
		struct buf b;

		buf_init(&b, 65536);
		while (def.n > 0) {
			struct str line = str_cut(&def, '\n');

			if (!str_starts(line, S("mode:")))
				buf_printf(&b, "%.*s\n", STR_ARG(line));
		}
		buf_printf(&b, "mode: drop\ndirectory: /%.*s\n",
			   STR_ARG(path));
		cr_assert_eq(define("t", buf_str(&b), NULL),
			     more == 0 ? ERR_OK : ERR_CONFIG, "%s",
			     limits_diag.why);
		buf_free(&b);
	}
}

Test(limits, interval_of_a_feed)
{
	cr_assert_eq(define("t", S(DEF XML URL "interval: 366d\n"), NULL),
		     ERR_OK);
	cr_assert_eq(FEEDS_INTERVAL_MS_MAX, 366LL * 86400000);
	cr_assert_eq(define("t", S(DEF XML URL "interval: 31622401s\n"),
			    NULL), ERR_CONFIG);
	cr_assert_eq(define("t", S(DEF XML URL "interval: 31622400s\n"),
			    NULL), ERR_OK);
}

Test(limits, name_of_a_feed)
{
	for (size_t more = 0; more < 2; more++) {
		struct str name = limits_fill(STR_ID_MAX + more, 'n');
		struct buf b;

		buf_init(&b, 65536);
		buf_printf(&b, "name: %.*s\n", STR_ARG(name));
		buf_put(&b, str_sub(S(DEF), 8, sizeof(DEF)));
		buf_put(&b, S(XML EVERY URL));
		cr_assert_eq(define(name.p, buf_str(&b), NULL),
			     more == 0 ? ERR_OK : ERR_CONFIG);
		buf_free(&b);
	}
}

Test(limits, feeds_of_a_daemon)
{
	for (size_t more = 0; more < 2; more++) {
		struct feeds f = { 0 };
		struct bundle b;
		struct buf errors;
		enum err err;

		bundle_init(&b);
		buf_init(&errors, FEEDS_ERRORS_MAX);
		arena_rewind(&limits_arena, 0);
		bundle_add(&b, S("feeds.d/t.jq"), S("."));
		for (size_t i = 0; i < FEED_MAX + more; i++) {
			char path[64];
			char yaml[512];

			(void)snprintf(path, sizeof(path),
				       "feeds.d/f%zu.yaml", i);
			(void)snprintf(yaml, sizeof(yaml), "name: f%zu\n%s", i,
				       &(DEF XML EVERY URL)[8]);
			bundle_add(&b, str_of(path), str_of(yaml));
		}
		err = feeds_define(&b, &limits_arena, &f, &errors);
		cr_assert_eq(err, more == 0 ? ERR_OK : ERR_CONFIG, "%.*s",
			     STR_ARG(str_sub(buf_str(&errors), 0, 200)));
		cr_assert_eq(f.count, FEED_MAX);
		bundle_free(&b);
		buf_free(&errors);
	}
}

Test(limits, program_of_a_map)
{
	const struct feed f = { .name = S("t") };
	const struct map_tables none = { 0 };

	for (size_t more = 0; more < 2; more++) {
		struct str program = limits_fill(MAP_PROGRAM_MAX + more, ' ');
		struct map *m = NULL;

		memcpy((char *)(uintptr_t)program.p, ".", 1);
		cr_assert_eq(map_new(&f, program, STR_NONE, &none, &m,
				     &limits_diag) == ERR_OK, more == 0, "%s",
			     limits_diag.why);
		map_free(m);
	}
}

/* ---- documents ---- */

static enum err
gate(const char *begin, size_t n, const char *end)
{
	struct xmlgate g;
	enum err err;

	xmlgate_init(&g);
	limits_diag = (struct diag){ 0 };
	err = xmlgate_push(&g, str_of(begin), &limits_diag);
	if (err == ERR_OK)
		err = xmlgate_push(&g, limits_fill(n, 'x'), &limits_diag);
	if (err == ERR_OK)
		err = xmlgate_push(&g, str_of(end), &limits_diag);
	return err;
}

/* What ends a section counts to it. */
Test(limits, xml_sections)
{
	cr_assert_eq(gate("<a><!--", XMLGATE_SECTION_MAX - 3, "-->"), ERR_OK);
	cr_assert_eq(gate("<a><!--", XMLGATE_SECTION_MAX - 2, "-->"),
		     ERR_LIMIT);
	cr_assert_eq(gate("<a><![CDATA[", XMLGATE_SECTION_MAX - 3, "]]>"),
		     ERR_OK);
	cr_assert_eq(gate("<a><![CDATA[", XMLGATE_SECTION_MAX - 2, "]]>"),
		     ERR_LIMIT);
	cr_assert_eq(gate("<a><?p ", XMLGATE_SECTION_MAX - 4, "?>"), ERR_OK);
	cr_assert_eq(gate("<a><?p ", XMLGATE_SECTION_MAX - 3, "?>"),
		     ERR_LIMIT);
}

Test(limits, steps_of_a_path)
{
	struct str path = limits_many("", "/a", SPLIT_PATH_MAX, "");

	cr_assert_eq(split_path_check(CONTAINER_XML, path, &limits_diag), ERR_OK);
	cr_assert_eq(split_path_check(CONTAINER_JSON, path, &limits_diag), ERR_OK);
	path = limits_many("", "/a", SPLIT_PATH_MAX + 1, "");
	cr_assert_neq(split_path_check(CONTAINER_XML, path, &limits_diag), ERR_OK);
	cr_assert_neq(split_path_check(CONTAINER_JSON, path, &limits_diag), ERR_OK);
}

/* The parser's own few words are in its dictionary too. */
Test(limits, columns_of_a_definition)
{
	const char *head = DEF "container: csv\n" EVERY URL
			       "csv:\n  header: none\n  columns:\n    - k\n";

	cr_assert_eq(define("t", limits_many(head, "    - c",
					     FEED_COLUMNS_MAX - 1, "\n"), NULL),
		     ERR_OK, "%s", limits_diag.why);
	cr_assert_eq(define("t", limits_many(head, "    - c", FEED_COLUMNS_MAX,
					     "\n"), NULL), ERR_CONFIG);
}

Test(limits, arrays_in_arrays_on_the_way_to_a_key)
{
	for (unsigned more = 0; more < 2; more++) {
		unsigned n = JSCAN_DEPTH_MAX - 1 + more;
		struct buf json;
		struct buf out;

		buf_init(&json, 4096);
		buf_init(&out, 4096);
		buf_put(&json, S("{\"a\":"));
		buf_put(&json, limits_fill(n, '['));
		buf_put(&json, S("\"v\""));
		buf_put(&json, limits_fill(n, ']'));
		buf_byte(&json, '}');
		cr_assert_eq(jscan_text(buf_str(&json), S("a"), &out) ==
				 ERR_OK, more == 0);
		buf_free(&json);
		buf_free(&out);
	}
}

Test(limits, prepared_html)
{
	struct buf out;

	buf_init(&out, 4u << 20);
	cr_assert_eq(prepare_do(S("html"), limits_fill(PREPARE_TEXT_MAX, 'x'), NULL,
				&out, &limits_diag), ERR_OK);
	buf_clear(&out);
	cr_assert_neq(prepare_do(S("html"), limits_fill(PREPARE_TEXT_MAX + 1, 'x'),
				 NULL, &out, &limits_diag), ERR_OK);
	buf_free(&out);
}

/* ---- between the roles ---- */

Test(limits, bundle_files_and_names)
{
	for (size_t way = 0; way < 4; way++) {
		size_t files = way == 1 ? BUNDLE_FILES_MAX + 1 :
					  BUNDLE_FILES_MAX;
		size_t name = way == 3 ? BUNDLE_NAME_MAX + 1 : BUNDLE_NAME_MAX;
		int fd = memfd_create("b", MFD_CLOEXEC);
		struct bundle b;
		struct buf raw;

		buf_init(&raw, 8u << 20);
		for (size_t i = 0; i < (way < 2 ? files : 1); i++) {
			buf_blob(&raw, way < 2 ? S("n") : limits_fill(name, 'n'));
			buf_blob(&raw, STR_NONE);
		}
		cr_assert_eq(write(fd, raw.p, raw.n), (ssize_t)raw.n);
		bundle_init(&b);
		cr_assert_eq(bundle_read(&b, fd) == ERR_OK, way % 2 == 0);
		bundle_free(&b);
		buf_free(&raw);
		(void)close(fd);
	}
}

Test(limits, bundle_bytes)
{
	struct str half = limits_fill((32u << 20) - 9, 'x');
	struct bundle b;
	int fd = -1;

	/* Two lengths and a name of one byte. */
	bundle_init(&b);
	bundle_add(&b, S("n"), half);
	bundle_add(&b, S("m"), half);
	cr_assert_eq(BUNDLE_MAX, 2u * (9 + half.n));
	cr_assert_eq(b.bytes.n, BUNDLE_MAX);
	cr_assert_eq(bundle_fd(&b, &fd), ERR_OK);
	(void)close(fd);
	bundle_add(&b, S("o"), STR_NONE);
	cr_assert_eq(bundle_fd(&b, &fd), ERR_LIMIT);
	bundle_free(&b);
}

static enum err
frame(uint32_t n, uint8_t fds)
{
	struct link *l = NULL;
	struct buf b;
	struct msg m;
	enum err err;
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	cr_assert_eq(link_socket(pair[1], &l), ERR_OK);
	buf_init(&b, 16);
	buf_be32(&b, n);
	buf_byte(&b, 1);
	buf_byte(&b, fds);
	cr_assert_eq(write(pair[0], b.p, b.n), (ssize_t)b.n);
	cr_assert_eq(link_fill(l), ERR_OK);
	err = link_take(l, &m);
	buf_free(&b);
	link_free(l);
	(void)close(pair[0]);
	return err;
}

/* A frame of the largest size is waited for, a larger one is a broken peer,
 * before a byte of it has come. */
Test(limits, frames)
{
	cr_assert_eq(frame(MSG_MAX, 0), ERR_AGAIN);
	cr_assert_eq(frame(MSG_MAX + 1, 0), ERR_PEER);
	/* Descriptors are promised before they are counted. */
	cr_assert_eq(frame(8, MSG_FDS_MAX), ERR_AGAIN);
	cr_assert_eq(frame(8, MSG_FDS_MAX + 1), ERR_PEER);
}

/*
 * fuzz_conf.c - what an insurer edits: the configuration, definitions of
 * feeds, tables.  All errors at once, each with a place and a reason.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "bundle.h"
#include "conf.h"
#include "define.h"
#include "duty.h"
#include "fuzz.h"
#include "idscheme.h"
#include "kinds.h"
#include "texts.h"
#include "vocab.h"

/* "FILE:LINE: KEY: reason\n", one or more. */
static void
errors_are_lines(struct str errors)
{
	must(errors.n > 0 && str_ends(errors, S("\n")));
	while (errors.n > 0) {
		struct str line = str_cut(&errors, '\n');

		must(str_contains(line, S(": ")));
	}
}

static struct arena *
arena(void)
{
	static struct arena a;

	if (a.p == NULL)
		must(arena_init(&a, 16u << 20) == ERR_OK);
	arena_rewind(&a, 0);
	return &a;
}

void
fuzz_conf(struct str in)
{
	struct conf c = { 0 };
	struct conf again = { 0 };
	struct buf errors;
	struct buf text;
	struct arena *a = arena();
	enum err err;

	buf_init(&errors, 1u << 20);
	buf_init(&text, 1u << 20);
	err = conf_get(in, S("c.yaml"), a, &c, &errors);
	must((err == ERR_OK) == (errors.n == 0));
	if (err != ERR_OK) {
		errors_are_lines(buf_str(&errors));
	} else {
		/* What we print of it we read again, and it is the same. */
		conf_put(&text, &c);
		must(text.err == ERR_OK);
		err = conf_get(buf_str(&text), S("c.yaml"), a, &again,
			       &errors);
		must(err == ERR_OK);
		must(conf_kept(&c, &again, S("c.yaml"), &errors) == ERR_OK);
	}
	buf_free(&text);
	buf_free(&errors);
}

void
fuzz_define(struct str in)
{
	struct bundle b;
	struct feeds f = { 0 };
	struct buf errors;
	enum err err;

	bundle_init(&b);
	bundle_add(&b, S("feeds.d/t.yaml"), in);
	bundle_add(&b, S("feeds.d/t.jq"), S("."));
	bundle_add(&b, S("vocab/t.tsv"), S("a\tb\n"));
	buf_init(&errors, FEEDS_ERRORS_MAX);
	err = feeds_define(&b, arena(), &f, &errors);
	must((err == ERR_OK) == (errors.n == 0));
	must((err == ERR_OK) == (f.count == 1));
	if (err != ERR_OK)
		errors_are_lines(buf_str(&errors));
	buf_free(&errors);
	bundle_free(&b);
}

void
fuzz_tables(struct str in)
{
	static struct kinds ours;
	static struct arena kept;
	struct diag d = { 0 };
	struct arena *a = arena();
	struct kinds kinds = { 0 };
	struct idschemes ids = { 0 };
	struct vocab vocab = { 0 };
	struct texts texts = { 0 };
	struct duties duties = { 0 };
	enum err err = ERR_OK;

	if (kept.p == NULL) {
		must(arena_init(&kept, 1u << 20) == ERR_OK);
		must(kinds_get(fuzz_file("etc/kinds.tsv"), &kept, &ours,
			       &d) == ERR_OK);
	}
	switch (fuzz_byte(&in) % 5) {
	case 0:
		err = kinds_get(in, a, &kinds, &d);
		break;
	case 1:
		err = idschemes_get(in, a, &ids, &d);
		for (size_t i = 0; err == ERR_OK && i < ids.count; i++) {
			char canon[ID_VALUE_MAX];
			struct diag why = { 0 };

			(void)!idscheme_canon(&ids, ids.row[i].name,
					      S("5493001KJTIIGC8Y1R12"),
					      canon, &why);
		}
		break;
	case 2:
		err = vocab_get(in, &ours, a, &vocab, &d);
		break;
	case 3:
		err = texts_get(in, &ours, a, &texts, &d);
		break;
	default:
		err = duties_get(in, a, &duties, &d);
		break;
	}
	must(err == ERR_OK || d.why[0] != '\0');
}

/* A role reads the files it may know from a descriptor. */
void
fuzz_bundle(struct str in)
{
	int fd = memfd_create("bundle", MFD_CLOEXEC);
	struct bundle b;
	struct str name;
	struct str text;
	size_t n = 0;

	must(fd >= 0);
	must(in.n == 0 || write(fd, in.p, in.n) == (ssize_t)in.n);
	bundle_init(&b);
	if (bundle_read(&b, fd) == ERR_OK)
		while (bundle_at(&b, n, &name, &text) == ERR_OK) {
			must(name.n > 0 && name.n <= BUNDLE_NAME_MAX);
			must(bundle_find(&b, name).p != NULL);
			n++;
		}
	must(n <= BUNDLE_FILES_MAX);
	bundle_free(&b);
	(void)close(fd);
}

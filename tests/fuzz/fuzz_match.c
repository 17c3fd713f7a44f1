/*
 * fuzz_match.c - any bytes as a name, as a question, as a segment file.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cmd.h"
#include "fuzz.h"
#include "json.h"
#include "mbuild.h"
#include "mid.h"
#include "mkey.h"
#include "mphon.h"
#include "mquery.h"
#include "mseg_sum.h"

/*
 * Folding, keys and variants of any bytes must end, stay inside their bounds
 * and agree with themselves.
 */
void
fuzz_match_fold(struct str in)
{
	static struct mname a, b;

	mtab_get();
	for (int v = 0; v < MV_COUNT; v++) {
		struct mkeys x, y;

		mfold_name(in, (enum mview)v, &a);
		mfold_name(in, (enum mview)v, &b);
		mkey_name(&a, &x);
		mkey_name(&b, &y);
		must(a.n <= MFOLD_TOKENS_MAX && a.text_n <= MFOLD_TEXT_MAX);
		must(memcmp(&x, &y, sizeof(x)) == 0);
		for (unsigned i = 0; i < a.n; i++) {
			const struct mtok *t = &a.tok[i];
			uint64_t key[MKEY_VARIANTS_MAX];
			size_t sounds = 0;
			size_t n;

			must(t->off + t->n <= a.text_n);
			must((size_t)t->raw + t->raw_n <= in.n);
			n = mkey_variants(mfold_text(&a, t), key, &sounds);
			must(sounds <= n && n <= MKEY_VARIANTS_MAX);
		}
	}
}

/* ---- a small segment ---- */

static void
add(struct mbuild *b, const char *id, const char *name, const char *country,
    const char *ids)
{
	struct mbuild_obligor o = { .obligor_id = str_of(id),
				    .name = str_of(name),
				    .country = str_of(country),
				    .ids = str_of(ids) };
	struct diag d = { 0 };

	must(mbuild_add(b, &o, &d) == ERR_OK);
}

/* The bytes of a segment of 300 names, and a file that stands meanwhile. */
static struct str
segment(char path[64])
{
	static struct str bytes;
	struct diag d = { 0 };
	struct mbuild_stats st;
	struct mbuild *b = NULL;

	(void)snprintf(path, 64, "build/fuzz-%ld.idx", (long)getpid());
	if (bytes.n > 0)
		return bytes;
	mid_get();
	must(mbuild_new(path, 1, &b, &d) == ERR_OK);
	add(b, "B1", "Zavod Imeni Vorontsova OOO", "RU", "");
	add(b, "B2", "Hatoya Trading Co., Ltd.", "JP", "duns:123456789");
	add(b, "B3", "Meridiano Shipping S.A.", "PA", "imo:9074729");
	for (unsigned i = 0; i < 300; i++) {
		char id[16];
		char name[64];

		(void)snprintf(id, sizeof(id), "X%u", i);
		(void)snprintf(name, sizeof(name),
			       "Q%c%cr%clo Maschinenbau GmbH",
			       'a' + (int)(i % 26), 'a' + (int)(i / 26),
			       'a' + (int)(i % 7));
		add(b, id, name, i % 3 ? "DE" : "AT", "");
	}
	must(mbuild_end(b, &st, &d) == ERR_OK);
	mbuild_free(b);
	bytes = fuzz_file(path);
	return bytes;
}

/* The answers on a descriptor: a line of JSON for every line asked. */
static void
answers_are_lines(int fd, struct str in)
{
	struct buf b;
	struct str rest;
	size_t asked = 0;
	size_t given = 0;

	buf_init(&b, 64u << 20);
	must(lseek(fd, 0, SEEK_SET) == 0);
	must(buf_read_fd(&b, fd) == ERR_OK);
	while (in.n > 0)
		asked += str_cut(&in, '\n').n > 0;
	for (rest = buf_str(&b); rest.n > 0; given++) {
		struct json *doc = NULL;
		struct diag d = { 0 };

		must(json_read(str_cut(&rest, '\n'), &doc, &d) == ERR_OK);
		json_free(doc);
	}
	must(asked == given);
	buf_free(&b);
}

/* The command itself, with its input and output on memory. */
void
fuzz_match_query(struct str in)
{
	static char words[6][64] = { "match", "query", "--all" };
	char *argv[7] = { words[0], words[1], words[2], words[3], words[4] };
	int asked = memfd_create("asked", MFD_CLOEXEC);
	int given = memfd_create("given", MFD_CLOEXEC);
	int out = dup(STDOUT_FILENO);
	int status;

	(void)segment(words[3]);
	must(asked >= 0 && given >= 0 && out >= 0);
	must(in.n == 0 || write(asked, in.p, in.n) == (ssize_t)in.n);
	must(lseek(asked, 0, SEEK_SET) == 0);
	(void)snprintf(words[4], sizeof(words[4]), "/proc/self/fd/%d", asked);
	must(dup2(given, STDOUT_FILENO) >= 0);
	status = cmd_match(5, argv);
	must(dup2(out, STDOUT_FILENO) >= 0);
	must(status == 0 || status == 65);
	answers_are_lines(given, in);
	(void)close(asked);
	(void)close(given);
	(void)close(out);
}

/* Everything an open segment is asked. */
static void
use(struct mseg *s)
{
	static struct mqscratch *scratch;
	static const char *const names[] = { "Hatoya Shoji", "Qabrclo GmbH",
					     "Meridiano Shiping SA",
					     "Maschinenbau" };
	struct mlimits limits = MQUERY_LIMITS;
	struct mresult r;

	if (scratch == NULL)
		scratch = mquery_scratch_new();
	must(scratch != NULL);
	for (size_t i = 0; i < 4; i++) {
		struct mask ask = { .names = 1, .ids = 1 };

		ask.name[0] = str_of(names[i]);
		ask.id[0] = (struct mask_id){ S("duns"), S("123456789") };
		ask.country = i & 1 ? S("DE") : STR_NONE;
		mquery_run(s, NULL, scratch, &ask, &limits, &r);
		must(r.n <= MQUERY_CANDIDATES_MAX);
	}
	for (uint32_t row = 0; row < 64; row++) {
		char text[MSEG_COLD_RECORD_MAX];
		struct mcold cold;
		struct mrow mrow;

		if (row >= s->head.rows)
			break;
		mseg_row(s, row, &mrow);
		must(mrow.n <= MFOLD_TOKENS_MAX);
		(void)!mseg_cold(s, row, text, sizeof(text), &cold);
	}
}

/* As a builder would have summed these bytes. */
static void
sum_again(char *p, size_t n)
{
	struct mseg_head h;
	uint64_t from;

	memcpy(&h, p, sizeof(h));
	from = h.section[SEG_COLD].off + h.section[SEG_COLD].n;
	if (h.section[SEG_COLD].off <= n && from <= n &&
	    h.section[SEG_COLD].off <= from)
		h.checksum = mtab_mix(msum_of(p + h.section[SEG_COLD].off,
					      h.section[SEG_COLD].n),
				      msum_of(p + from, n - from));
	h.head_sum = msum_head(h);
	memcpy(p, &h, sizeof(h));
}

/*
 * Bytes changed at places the input names.  As it is, such a file must be
 * refused; with the sums made to fit it may answer wrongly and no worse.
 */
void
fuzz_match_seg(struct str in)
{
	char path[64];
	struct str good = segment(path);
	uint8_t way = fuzz_byte(&in);
	size_t n = way & 2 && good.n > 64 ? good.n - fuzz_byte(&in) : good.n;
	char *p = malloc(good.n);
	int fd = memfd_create("seg", MFD_CLOEXEC);
	struct diag d = { 0 };
	struct mseg seg;
	enum err err;

	must(p != NULL && fd >= 0);
	memcpy(p, good.p, good.n);
	while (in.n >= 4) {
		size_t at = fuzz_byte(&in);

		at = at << 8 | fuzz_byte(&in);
		at = (at << 8 | fuzz_byte(&in)) % good.n;
		p[at] = (char)fuzz_byte(&in);
	}
	if (way & 1)
		sum_again(p, n);
	must(write(fd, p, n) == (ssize_t)n);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = mseg_open(path, &seg, &d);
	/* What the sums do not cover is the empty end of the header. */
	must(err != ERR_OK || way & 1 ||
	     (n == good.n && memcmp(p, good.p, sizeof(seg.head)) == 0 &&
	      memcmp(p + MSEG_HEADER, good.p + MSEG_HEADER, n - MSEG_HEADER) ==
		  0));
	must(err == ERR_OK || d.why[0] != '\0');
	if (err == ERR_OK) {
		use(&seg);
		mseg_close(&seg);
	}
	free(p);
	(void)close(fd);
}

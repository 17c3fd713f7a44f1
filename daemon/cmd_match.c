/*
 * cmd_match.c - `match index` and `match query`, offline (contract 1, 4).
 *
 * index: an obligors CSV becomes one segment; nothing else is read.  Bad rows
 * are printed (at most 100, then a count) and nothing is left, exit 65.  An id
 * that was there before is printed too; its names are the obligor's as well,
 * for what was read before is in the index already.
 * query: JSON Lines in, one answer line out for every line in, in order.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "csvin.h"
#include "idset.h"
#include "json.h"
#include "mbuild.h"
#include "mid.h"
#include "mquery.h"

#define EXIT_USAGE 2
#define EXIT_DATA 65
#define EXIT_IO 74
#define ERRORS_SHOWN 100u
#define LINE_MAX_BYTES (1u << 24) /* of one query */
#define BATCH_LINES 2048u
#define BATCH_BYTES (8u << 20)
#define ANSWER_MAX (1u << 20)
#define THREADS_MAX 64u

enum column {
	COL_ID,
	COL_TYPE,
	COL_NAME,
	COL_ALIASES,
	COL_COUNTRY,
	COL_JURISDICTION,
	COL_IDS,
	COL_ADDRESS,
	COL_NATURAL,
	COL_COUNT,
};

static const char *const column_name[COL_COUNT] = {
	"obligor_id", "type",	      "name", "aliases", "country",
	"jurisdiction", "ids", "address", "natural_person",
};

struct indexer {
	const char *file;
	struct mbuild *build;
	int at[COL_COUNT]; /* field of a column, -1 absent */
	unsigned long bad;
	struct idset ids;
	unsigned long again; /* rows whose id was there before */
};

static void
bad_row(struct indexer *x, unsigned long line, const char *column,
	const char *why)
{
	if (x->bad++ < ERRORS_SHOWN)
		(void)fprintf(stderr, "%s:%lu: %s: %s\n", x->file, line, column,
			      why);
}

/* A second row of an obligor: told, and entered. */
static void
note_id(struct indexer *x, unsigned long line, struct str id)
{
	if (idset_put(&x->ids, id) && x->again++ < ERRORS_SHOWN)
		(void)fprintf(stderr,
			      "%s:%lu: obligor_id: '%.*s' was in a row before; "
			      "the names of both are its names\n",
			      x->file, line, STR_ARG(id));
}

/* What was printed of many, counted; and the table is no longer needed. */
static void
end_rows(struct indexer *x)
{
	if (x->bad > ERRORS_SHOWN)
		(void)fprintf(stderr, "%s: %lu bad rows in all\n", x->file,
			      x->bad);
	if (x->again > ERRORS_SHOWN)
		(void)fprintf(stderr,
			      "%s: %lu rows in all with an obligor_id that was "
			      "there before\n",
			      x->file, x->again);
	if (idset_full(&x->ids))
		(void)fprintf(stderr,
			      "%s: no memory to look for ids that are there "
			      "twice\n",
			      x->file);
	idset_free(&x->ids);
}

static bool
read_header(struct indexer *x, const struct csvin_row *r)
{
	for (unsigned c = 0; c < COL_COUNT; c++)
		x->at[c] = -1;
	for (unsigned i = 0; i < r->n; i++) {
		unsigned c = 0;

		while (c < COL_COUNT &&
		       !str_eq(r->field[i], str_of(column_name[c])))
			c++;
		if (c == COL_COUNT || x->at[c] >= 0) {
			(void)fprintf(stderr, "%s:1: %.*s: unknown column\n",
				      x->file, STR_ARG(r->field[i]));
			return false;
		}
		x->at[c] = (int)i;
	}
	for (unsigned c = COL_ID; c <= COL_NAME; c++)
		if (x->at[c] < 0) {
			(void)fprintf(stderr, "%s:1: %s: required column\n",
				      x->file, column_name[c]);
			return false;
		}
	return true;
}

/* The ids that are ids, canonical, as "scheme:value|...". */
static struct str
canonical_ids(struct str ids, char *dst, size_t size)
{
	size_t n = 0;

	while (ids.n > 0) {
		struct str value = str_cut(&ids, '|');
		struct str scheme = str_trim(str_cut(&value, ':'));
		char canon[ID_VALUE_MAX];
		bool hard;

		if (mid_canon(scheme, str_trim(value), canon, &hard) != ERR_OK)
			continue;
		if (n + scheme.n + strlen(canon) + 2 > size)
			break;
		if (n > 0)
			dst[n++] = '|';
		memcpy(dst + n, scheme.p, scheme.n);
		n += scheme.n;
		dst[n++] = ':';
		memcpy(dst + n, canon, strlen(canon));
		n += strlen(canon);
	}
	return (struct str){ dst, n };
}

static struct str
column(const struct indexer *x, const struct csvin_row *r, enum column c)
{
	return x->at[c] < 0 || (unsigned)x->at[c] >= r->n ?
		   STR_NONE :
		   r->field[x->at[c]];
}

static void
index_row(struct indexer *x, const struct csvin_row *r)
{
	char ids[MBUILD_IDS_MAX];
	struct diag d = { 0 };
	struct mbuild_obligor o = {
		.obligor_id = column(x, r, COL_ID),
		.name = column(x, r, COL_NAME),
		.aliases = column(x, r, COL_ALIASES),
		.country = column(x, r, COL_COUNTRY),
		.address = column(x, r, COL_ADDRESS),
	};

	o.ids = canonical_ids(column(x, r, COL_IDS), ids, sizeof(ids));
	if (!str_is_id(o.obligor_id))
		bad_row(x, r->line, "obligor_id", "not [A-Za-z0-9_-]{1,64}");
	else if (o.name.n == 0)
		bad_row(x, r->line, "name", "required");
	else if (!str_utf8(o.name))
		bad_row(x, r->line, "name", "not UTF-8");
	else if (o.country.n > 0 && mseg_country(o.country) == 0)
		bad_row(x, r->line, "country", "not ISO 3166-1 alpha-2");
	else if (mbuild_add(x->build, &o, &d) != ERR_OK)
		bad_row(x, r->line, "obligor_id", d.why);
	else
		note_id(x, r->line, o.obligor_id);
}

static void
print_stats(const struct mbuild_stats *st)
{
	static const char *const name[SEG_COUNT] = {
		"row directory",   "rows",	"cold text",
		"token slots",	   "tokens",	"token text",
		"token forms",	   "postings",	"by country",
		"variant buckets", "variants",	"key buckets",
		"keys",		   "ids",
	};
	double rows = st->rows == 0 ? 1 : (double)st->rows;

	(void)fprintf(stderr,
		      "%llu names of %llu obligors, %llu tokens, %llu bytes, "
		      "%.1f a name; %llu (%.1f %%) share a core key\n",
		      (unsigned long long)st->rows,
		      (unsigned long long)st->obligors,
		      (unsigned long long)st->tokens,
		      (unsigned long long)st->bytes, (double)st->bytes / rows,
		      (unsigned long long)st->shared_set,
		      100.0 * (double)st->shared_set /
			  (st->obligors == 0 ? 1.0 : (double)st->obligors));
	for (unsigned i = 0; i < SEG_COUNT; i++)
		(void)fprintf(stderr, "  %-16s %12llu bytes %7.2f a name\n",
			      name[i], (unsigned long long)st->part[i],
			      (double)st->part[i] / rows);
}

static int
run_index(struct indexer *x, int fd, const char *out, unsigned threads,
	  bool verbose)
{
	struct csvin *in = csvin_new(fd);
	struct csvin_row row;
	struct diag d = { 0 };
	struct mbuild_stats st;
	enum err err = ERR_OK;
	int status = 0;

	if (in == NULL || mbuild_new(out, threads, &x->build, &d) != ERR_OK) {
		(void)fprintf(stderr, "creditalarm: %s\n", d.why);
		csvin_free(in);
		return EXIT_IO;
	}
	err = csvin_next(in, &row, &d);
	if (err == ERR_OK && !read_header(x, &row))
		status = EXIT_DATA;
	while (status == 0 && err == ERR_OK) {
		err = csvin_next(in, &row, &d);
		if (err == ERR_OK)
			index_row(x, &row);
	}
	if (status == 0 && err == ERR_IO)
		status = EXIT_IO;
	else if (status == 0 && (err != ERR_ABSENT || x->bad > 0))
		status = EXIT_DATA;
	if (status != 0 && err != ERR_OK && err != ERR_ABSENT)
		(void)fprintf(stderr, "%s:%u: %s\n", x->file, d.line, d.why);
	end_rows(x);
	if (status == 0 && mbuild_end(x->build, &st, &d) != ERR_OK) {
		(void)fprintf(stderr, "creditalarm: %s\n", d.why);
		status = EXIT_IO;
	}
	if (status == 0 && verbose)
		print_stats(&st);
	mbuild_free(x->build);
	csvin_free(in);
	return status;
}

/* ---- query ---- */

struct line {
	struct str text;
	bool bad;
};

struct job {
	const struct mseg *seg;
	struct mqscratch *scratch; /* owned */
	const struct mlimits *limits;
	struct line *line;
	size_t from, to;
	struct buf out;
};

/* The strings of the ask; false when there is nothing to match. */
static bool
read_ask(const struct json *doc, struct mask *ask,
	 char canon[MQUERY_IDS_MAX][ID_VALUE_MAX])
{
	const struct json *names = json_arr(doc, "names");
	const struct json *ids = json_arr(doc, "ids");
	struct str name = json_get_str(doc, "name");

	memset(ask, 0, sizeof(*ask));
	if (name.n > 0)
		ask->name[ask->names++] = name;
	for (size_t i = 0; names != NULL && i < json_len(names); i++) {
		const struct json *v = json_at(names, i);
		struct str n = json_is_obj(v) ? json_get_str(v, "text") :
						json_str(v);

		if (n.n > 0 && ask->names < MQUERY_NAMES_MAX)
			ask->name[ask->names++] = n;
	}
	for (size_t i = 0; ids != NULL && i < json_len(ids); i++) {
		const struct json *v = json_at(ids, i);
		struct str scheme = json_get_str(v, "scheme");
		bool hard;

		if (ask->ids == MQUERY_IDS_MAX ||
		    mid_canon(scheme, json_get_str(v, "value"),
			      canon[ask->ids], &hard) != ERR_OK)
			continue;
		ask->id[ask->ids].scheme = scheme;
		ask->id[ask->ids].value = str_of(canon[ask->ids]);
		ask->ids++;
	}
	ask->country = json_get_str(doc, "country");
	ask->address = json_get_str(doc, "address");
	return ask->names > 0 || ask->ids > 0;
}

static void
put_answer(const struct mresult *r, struct jsonw *w)
{
	jsonw_arr(w, "candidates");
	for (unsigned i = 0; i < r->n; i++) {
		const struct manswer *a = &r->answer[i];

		jsonw_obj(w, NULL);
		jsonw_str(w, "obligor_id", a->obligor_id);
		jsonw_int(w, "score", a->score);
		jsonw_str(w, "verdict",
			  str_of(mquery_verdict_text(a->verdict)));
		jsonw_str(w, "method", a->by_id ? S("id") : S("name"));
		jsonw_arr(w, "why");
		for (unsigned k = 0; k < a->whys; k++)
			jsonw_str(w, NULL, a->why[k]);
		jsonw_end_arr(w);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

static void
answer(struct job *j, struct line *line)
{
	struct json *doc = NULL;
	struct diag d = { 0 };
	struct jsonw w = jsonw_of(&j->out);
	UNSET char canon[MQUERY_IDS_MAX][ID_VALUE_MAX];
	struct mask ask;
	UNSET struct mresult r;

	jsonw_obj(&w, NULL);
	if (json_read(line->text, &doc, &d) != ERR_OK || !json_is_obj(doc)) {
		line->bad = true;
		jsonw_null(&w, "q");
		jsonw_str(&w, "error",
			  d.why[0] != 0 ? str_of(d.why) : S("not an object"));
	} else {
		struct str q = json_get_str(doc, "q");

		jsonw_str_or_null(&w, "q", q);
		line->bad = q.n == 0 || !read_ask(doc, &ask, canon);
		if (line->bad) {
			jsonw_str(&w, "error",
				  q.n == 0 ? S("q is required") :
					     S("nothing to match: name, names "
					       "or ids"));
		} else {
			mquery_run(j->seg, NULL, j->scratch, &ask, j->limits,
				   &r);
			put_answer(&r, &w);
		}
	}
	jsonw_end_obj(&w);
	buf_byte(&j->out, '\n');
	json_free(doc);
}

static void *
run_job(void *ctx)
{
	struct job *j = ctx;

	for (size_t i = j->from; i < j->to; i++)
		answer(j, &j->line[i]);
	return NULL;
}

/* Splits the text into lines; returns the bytes used. */
static size_t
split(char *p, size_t n, bool end, struct line *line, size_t *lines)
{
	size_t at = 0;

	*lines = 0;
	while (at < n && *lines < BATCH_LINES) {
		char *nl = memchr(p + at, '\n', n - at);
		size_t stop = nl == NULL ? n : (size_t)(nl - p);

		if (nl == NULL && !end)
			break;
		if (stop > at)
			line[(*lines)++] =
			    (struct line){ { p + at, stop - at }, false };
		at = nl == NULL ? n : stop + 1;
	}
	return at;
}

static enum err
run_batch(struct job *job, unsigned threads, size_t lines, bool *bad)
{
	pthread_t thread[THREADS_MAX];
	bool started[THREADS_MAX] = { false };
	enum err err = ERR_OK;

	for (unsigned t = 0; t < threads; t++) {
		job[t].from = lines * t / threads;
		job[t].to = lines * (t + 1) / threads;
		buf_clear(&job[t].out);
		if (t > 0)
			started[t] = pthread_create(&thread[t], NULL, run_job,
						    &job[t]) == 0;
	}
	run_job(&job[0]);
	for (unsigned t = 0; t < threads; t++) {
		if (started[t])
			(void)pthread_join(thread[t], NULL);
		else if (t > 0)
			run_job(&job[t]);
		if (err == ERR_OK)
			err = job[t].out.err == ERR_OK ?
				  buf_write_fd(buf_str(&job[t].out),
					       STDOUT_FILENO) :
				  ERR_IO;
	}
	for (size_t i = 0; i < lines; i++)
		*bad = *bad || job[0].line[i].bad;
	return err;
}

static int
query_lines(int fd, struct job *job, unsigned threads)
{
	size_t size = LINE_MAX_BYTES + 1, n = 0;
	char *text = malloc(size);
	struct line *line = calloc(BATCH_LINES, sizeof(*line));
	bool end = false, bad = false;
	int status = 0;

	for (unsigned t = 0; t < threads; t++)
		job[t].line = line;
	while (text != NULL && line != NULL && status == 0) {
		size_t lines, used;

		/* At least one whole line, however it comes. */
		while (!end && n < size &&
		       (n < BATCH_BYTES || memchr(text, '\n', n) == NULL)) {
			ssize_t got = read(fd, text + n, size - n);

			if (got < 0 && errno == EINTR)
				continue;
			if (got < 0)
				status = EXIT_IO;
			end = got <= 0;
			n += got > 0 ? (size_t)got : 0;
			if (n > 0 && text[n - 1] == '\n')
				break;
		}
		used = split(text, n, end, line, &lines);
		if (used == 0 && n == size) {
			(void)fprintf(stderr,
				      "creditalarm: a line of more than %u "
				      "bytes\n",
				      LINE_MAX_BYTES);
			status = EXIT_DATA;
		}
		if (lines > 0 &&
		    run_batch(job, threads, lines, &bad) != ERR_OK)
			status = EXIT_IO;
		memmove(text, text + used, n - used);
		n -= used;
		if (end && n == 0)
			break;
	}
	if (text == NULL || line == NULL)
		status = EXIT_IO;
	free(text);
	free(line);
	return status != 0 ? status : bad ? EXIT_DATA : 0;
}

static int
run_query(const char *index, int fd, unsigned threads, bool all)
{
	struct mlimits limits = MQUERY_LIMITS;
	struct job job[THREADS_MAX];
	struct diag d = { 0 };
	struct mseg seg;
	int status = EXIT_IO;
	bool ok = true;

	limits.all = all;
	mid_get();
	memset(job, 0, sizeof(job));
	if (mseg_open(index, &seg, &d) != ERR_OK) {
		(void)fprintf(stderr, "creditalarm: %s: %s\n", index, d.why);
		return EXIT_IO;
	}
	for (unsigned t = 0; t < threads; t++) {
		job[t].seg = &seg;
		job[t].limits = &limits;
		job[t].scratch = mquery_scratch_new();
		ok = ok && job[t].scratch != NULL;
		buf_init(&job[t].out, (size_t)ANSWER_MAX * BATCH_LINES);
	}
	if (ok)
		status = query_lines(fd, job, threads);
	for (unsigned t = 0; t < threads; t++) {
		mquery_scratch_free(job[t].scratch);
		buf_free(&job[t].out);
	}
	mseg_close(&seg);
	return status;
}

static int
usage(void)
{
	(void)fputs("usage: creditalarm match index [--threads N] [--stats] "
		    "FILE.csv -o INDEX\n"
		    "       creditalarm match query [--all] [--threads N] "
		    "INDEX [FILE]\n",
		    stderr);
	return EXIT_USAGE;
}

static int
open_input(const char *file)
{
	if (file == NULL || strcmp(file, "-") == 0)
		return dup(STDIN_FILENO);
	return open(file, O_RDONLY | O_CLOEXEC);
}

struct options {
	const char *word[2];
	unsigned words;
	const char *out;
	unsigned threads;
	bool all, stats;
};

static bool
read_options(int argc, char **argv, struct options *o)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	*o = (struct options){ .threads = 0 };
	for (int i = 2; i < argc; i++) {
		bool more = i + 1 < argc;
		uint64_t n = 0;

		if (strcmp(argv[i], "--all") == 0) {
			o->all = true;
		} else if (strcmp(argv[i], "--stats") == 0) {
			o->stats = true;
		} else if (strcmp(argv[i], "-o") == 0 && more) {
			o->out = argv[++i];
		} else if (strcmp(argv[i], "--threads") == 0 && more) {
			if (str_to_u64(str_of(argv[++i]), THREADS_MAX, &n) !=
				ERR_OK ||
			    n == 0)
				return false;
			o->threads = (unsigned)n;
		} else if ((argv[i][0] == '-' && argv[i][1] != 0) ||
			   o->words == 2) {
			return false;
		} else {
			o->word[o->words++] = argv[i];
		}
	}
	if (o->threads == 0 && strcmp(argv[1], "index") == 0)
		o->threads = cpus < 1 ? 1 : cpus > 8 ? 8 : (unsigned)cpus;
	if (o->threads == 0)
		o->threads = 1;
	return true;
}

int
cmd_match(int argc, char **argv)
{
	struct indexer x = { .file = NULL };
	struct options o;
	bool index;
	int fd, status;

	if (argc < 3 || !read_options(argc, argv, &o))
		return usage();
	index = strcmp(argv[1], "index") == 0;
	if ((!index && strcmp(argv[1], "query") != 0) || o.words == 0 ||
	    (index && (o.out == NULL || o.words != 1)) ||
	    (!index && o.out != NULL))
		return usage();
	x.file = index ? o.word[0] : o.words > 1 ? o.word[1] : "-";
	fd = open_input(x.file);
	if (fd < 0) {
		(void)fprintf(stderr, "creditalarm: %s: %s\n", x.file,
			      strerror(errno));
		return EXIT_IO;
	}
	mid_get();
	status = index ? run_index(&x, fd, o.out, o.threads, o.stats) :
			 run_query(o.word[0], fd, o.threads, o.all);
	(void)close(fd);
	return status;
}

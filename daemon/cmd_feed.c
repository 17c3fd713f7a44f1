/*
 * cmd_feed.c - one document through the whole of feeds/, without a daemon.
 *
 * feed parse NAME FILE... [--now TIME]: one notice a line to stdout, rejects
 * to stderr.  The files of a feed with join are one document, in the order of
 * its urls; otherwise every file is one.  0, 2 usage, 65 when a document as a whole is refused (the other
 * files are still printed), 74, 78.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "cmd.h"
#include "tables.h"

#define EXIT_USAGE 2
#define EXIT_DATA 65
#define EXIT_IO 74
#define EXIT_CONF 78
#define FILES_MAX 1000
#define READ_SIZE 4096u
#define LINES_MAX (1u << 30) /* bytes of notices of one document */
#define ERRORS_MAX (64u << 10)

struct run {
	const char *file;
	struct buf lines; /* kept back until the document stands */
};

static enum err
on_notice(void *self, const struct notice *n)
{
	struct run *r = self;

	notice_put(&r->lines, n);
	buf_byte(&r->lines, '\n');
	return r->lines.err;
}

static void
on_reject(void *self, unsigned line, struct str record, const char *why)
{
	struct run *r = self;

	(void)fprintf(stderr, "%s:%u: record %.*s: %s\n", r->file, line,
		      STR_ARG(record.n == 0 ? S("?") : record), why);
}

/* False when the file cannot be read. */
static bool
push_file(struct doc *d, const char *file)
{
	char bytes[READ_SIZE];
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : 1;

	while (n > 0) {
		n = read(fd, bytes, sizeof(bytes));
		if (n > 0)
			doc_push(d, (struct str){ bytes, (size_t)n });
		else if (n < 0 && errno == EINTR)
			n = 1;
	}
	if (n < 0)
		(void)fprintf(stderr, "creditalarm: %s: %s\n", file,
			      strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return n == 0;
}

/* Every file into the document, in order. */
static bool
push_files(struct doc *d, struct run *run, char *const *file, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		run->file = file[i];
		if (i > 0)
			doc_part(d, str_of(file[i]));
		if (!push_file(d, file[i]))
			return false;
	}
	/* What is found out at the end is about the records. */
	run->file = file[0];
	return true;
}

static int
parse_doc(const struct doc_conf *conf, char *const *file, size_t count,
	  int64_t now_ms)
{
	struct run run = { .file = file[0] };
	const struct doc_sink sink = { .self = &run,
				       .notice = on_notice,
				       .reject = on_reject };
	const struct doc_input in = { .file = str_of(file[0]),
				      .fetched_at = now_ms,
				      .old_fd = -1 };
	struct doc_result result = { .verdict = DOC_REFUSED };
	struct doc *doc = NULL;
	int status = EXIT_IO;

	buf_init(&run.lines, LINES_MAX);
	if (doc_new(conf, &in, &sink, &doc) != ERR_OK)
		goto out;
	if (!push_files(doc, &run, file, count))
		goto out;
	doc_end(doc, -1, &result);
	if (result.verdict != DOC_ACCEPTED) {
		(void)fprintf(stderr, "%s:1: %s: %s\n", file[0], result.guard,
			      result.detail);
		status = EXIT_DATA;
		goto out;
	}
	if (fwrite(run.lines.p, 1, run.lines.n, stdout) == run.lines.n &&
	    fflush(stdout) == 0)
		status = 0;
out:
	doc_free(doc);
	buf_free(&run.lines);
	return status;
}

static int
usage(void)
{
	(void)fprintf(stderr, "usage: creditalarm feed parse NAME FILE... "
			      "[--now TIME]\n");
	return EXIT_USAGE;
}

static int
parse_files(struct tables *t, const struct bundle *b, const char *name,
	    char *const *files, int64_t now_ms)
{
	size_t count = 0;
	size_t step = 1;
	struct buf errors;
	int feed = tables_find(t, str_of(name));
	int worst = 0;

	if (feed < 0) {
		(void)fprintf(stderr, "creditalarm: there is no feed %s\n",
			      name);
		return EXIT_USAGE;
	}
	while (files[count] != NULL)
		count++;
	buf_init(&errors, ERRORS_MAX);
	if (tables_map(t, b, (size_t)feed, &errors) != ERR_OK) {
		(void)fwrite(errors.p, 1, errors.n, stderr);
		worst = EXIT_CONF;
	}
	buf_free(&errors);
	if (t->feeds.feed[feed].join_count > 0)
		step = count;
	for (size_t i = 0; worst != EXIT_CONF && i < count; i += step) {
		int status = parse_doc(&t->doc[feed], files + i, step, now_ms);

		if (status > worst)
			worst = status;
	}
	return worst;
}

int
cmd_feed_parse(const struct bundle *b, int argc, char **argv)
{
	char *file[FILES_MAX + 1];
	struct clock_os os;
	struct clock clock = clock_os(&os, TIME_NONE);
	int64_t now_ms = clock_now(&clock).wall_ms;
	struct tables t;
	struct buf errors;
	int count = 0;
	int status;

	/* The words "feed" and "parse" stand before NAME. */
	argc -= 2;
	argv += 2;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--now") == 0) {
			if (i + 1 == argc ||
			    time_get(str_of(argv[++i]), &now_ms) != ERR_OK)
				return usage();
		} else if (argv[i][0] == '-' && argv[i][1] != 0) {
			return usage();
		} else if (count == FILES_MAX) {
			return usage();
		} else {
			file[count++] = argv[i];
		}
	}
	if (argc < 2 || count == 0)
		return usage();
	file[count] = NULL;
	/* libjq would include $HOME/.jq and read the zone of the machine. */
	if (setenv("HOME", "", 1) != 0 || setenv("TZ", "UTC0", 1) != 0)
		return EXIT_IO;
	buf_init(&errors, ERRORS_MAX);
	/* Another feed's mistake is told but does not stop this one. */
	if (tables_init(&t, b, TABLES_MAPS_NONE, &errors) != ERR_OK)
		(void)fwrite(errors.p, 1, errors.n, stderr);
	buf_free(&errors);
	status = t.doc == NULL ? EXIT_CONF :
				 parse_files(&t, b, argv[0], file, now_ms);
	tables_fini(&t);
	return status;
}

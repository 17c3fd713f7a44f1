/*
 * creditalarm.c - the operator's command (contract section 1).
 *
 * Commands that need no daemon run here (cmd.h); the others travel over the
 * control socket with the files they name.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"

#define EXIT_USAGE 2
#define EXIT_IO 74
#define EXIT_CONFIG 78

static int
usage(void)
{
	(void)fputs(
	    "usage: creditalarm [-c FILE] [--json] COMMAND\n"
	    "  status | reload\n"
	    "  backup FILE | restore FILE [--epoch N]\n"
	    "  feed list | show NAME | poll NAME | parse NAME FILE... "
	    "[--now TIME]\n"
	    "  book import FILE... [--check] [--replace KIND] [--force]\n"
	    "  book export KIND | stats\n"
	    "  exposure [--exporter ID] [--obligor ID] [--country CC] "
	    "[--as-of DATE]\n"
	    "  lookup NAME [--country CC] [--id SCHEME:VALUE]...\n"
	    "  alert list | show ID\n"
	    "  review list | accept ID | reject ID --why TEXT\n"
	    "  subscriber add --exporter ID --key CAPUB [--expires DATE]\n"
	    "  subscriber list | revoke ID\n"
	    "  match index FILE.csv -o INDEX | query [--all] [--threads N] INDEX "
	    "[FILE]\n"
	    "  key generate -o FILE | server\n"
	    "  tail --key FILE --server ENDPOINT --server-key CASRV ...\n",
	    stderr);
	return EXIT_USAGE;
}

/* ---- words and files ---- */

/* All of `from`, from where it stands, written to `to`. */
static bool
copy_file(int from, int to)
{
	static char part[65536];

	for (;;) {
		ssize_t n = read(from, part, sizeof(part));
		ssize_t done = 0;

		if (n == 0)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
		while (done < n) {
			ssize_t k = write(to, part + done,
					  (size_t)(n - done));

			if (k < 0 && errno != EINTR)
				return false;
			done += k > 0 ? k : 0;
		}
	}
}

/* A file without a name; -1. */
static int
scratch(void)
{
	FILE *f = tmpfile();
	int fd;

	if (f == NULL)
		return -1;
	fd = fcntl(fileno(f), F_DUPFD_CLOEXEC, 0);
	(void)fclose(f);
	return fd;
}

/* The daemon takes regular files alone: what comes through a pipe is put
 * into one first. */
static int
open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int copy;

	if (fd < 0 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
		return fd;
	copy = scratch();
	if (copy >= 0 && !copy_file(fd, copy))
		copy = -1;
	(void)close(fd);
	return copy;
}

/* Nobody calls it: that it is there asks for progress. */
static void
wanted(void *self, const char *phase, uint64_t done, uint64_t all)
{
	(void)self;
	(void)phase;
	(void)done;
	(void)all;
}

/* `book import` sends the files it names along. */
static int
attach(struct say_request *q)
{
	for (size_t i = 2; i < q->words; i++) {
		struct say_file *f = &q->file[q->files];

		if (str_starts(q->word[i], S("--"))) {
			i += str_eq(q->word[i], S("--replace"));
			continue;
		}
		if (q->files == SAY_FILES_MAX)
			return EXIT_USAGE;
		*f = (struct say_file){ .name = q->word[i],
					.fd = open_regular(q->word[i].p) };
		if (f->fd < 0) {
			(void)fprintf(stderr,
				      "creditalarm: %s cannot be read\n",
				      q->word[i].p);
			return EXIT_IO;
		}
		q->files++;
	}
	if (isatty(STDERR_FILENO))
		q->progress = wanted;
	return 0;
}

/* Answers as long as the book go straight into stdout when that is a file,
 * else through one. */
static int
attach_out(struct say_request *q)
{
	struct stat st;

	q->spills = 1;
	q->out_fd = fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode) ?
			    STDOUT_FILENO :
			    scratch();
	if (q->out_fd >= 0)
		return 0;
	(void)fputs("creditalarm: no room for a scratch file\n", stderr);
	return EXIT_IO;
}

static int
copy_answer(const struct say_request *q)
{
	if (!q->spills || q->out_fd == STDOUT_FILENO)
		return 0;
	if (lseek(q->out_fd, 0, SEEK_SET) == 0 &&
	    copy_file(q->out_fd, STDOUT_FILENO))
		return 0;
	(void)fputs("creditalarm: the answer cannot be written\n", stderr);
	return EXIT_IO;
}

static bool
says(const struct say_request *q, const char *first, const char *second)
{
	return q->words > 0 && str_eq(q->word[0], str_of(first)) &&
	       (second == NULL ||
		(q->words > 1 && str_eq(q->word[1], str_of(second))));
}

/* The words with their files to the daemon, its answer to us. */
static int
carry(const struct conf *conf, struct say_request *q)
{
	int status = 0;

	if (says(q, "book", "import"))
		status = attach(q);
	else if (says(q, "book", "export") || says(q, "exposure", NULL))
		status = attach_out(q);
	if (status == 0)
		status = ask(conf, q);
	return status == 0 ? copy_answer(q) : status;
}

static int
remote(const struct cmd_globals *g, int argc, char **argv)
{
	struct say_request q = { .json = g->json };
	struct arena a;
	struct conf conf;
	int status = ask_conf(g, &a, &conf);

	if (status == 0 && argc > (int)SAY_WORDS_MAX)
		status = EXIT_USAGE;
	for (int i = 0; status == 0 && i < argc; i++)
		q.word[q.words++] = str_of(argv[i]);
	if (status == 0)
		status = carry(&conf, &q);
	arena_fini(&a);
	return status;
}

static int
feed_parse(const struct cmd_globals *g, int argc, char **argv)
{
	const struct boot_files files = {
		.conf = g->conf == NULL ? CONF_DEFAULT : g->conf,
	};
	struct boot boot;
	struct buf errors;
	int status;

	buf_init(&errors, 1u << 20);
	if (boot_load(&boot, &files, &errors) != ERR_OK) {
		(void)fwrite(errors.p, 1, errors.n, stderr);
		status = EXIT_CONFIG;
	} else {
		status = cmd_feed_parse(&boot.all, argc, argv);
	}
	buf_free(&errors);
	boot_free(&boot);
	return status;
}

int
main(int argc, char **argv)
{
	struct cmd_globals g = { 0 };
	int i = 1;

	(void)umask(077);
	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--json") == 0)
			g.json = 1;
		else if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
			g.conf = argv[++i];
		else
			return usage();
	}
	argc -= i;
	argv += i;
	if (argc < 1)
		return usage();
	if (strcmp(argv[0], "tail") == 0)
		return cmd_tail(argc, argv);
	if (strcmp(argv[0], "key") == 0)
		return cmd_key(&g, argc, argv);
	if (strcmp(argv[0], "backup") == 0)
		return cmd_backup(&g, argc, argv);
	if (strcmp(argv[0], "restore") == 0)
		return cmd_restore(&g, argc, argv);
	if (strcmp(argv[0], "match") == 0)
		return cmd_match(argc, argv);
	if (argc > 1 && strcmp(argv[0], "feed") == 0 &&
	    strcmp(argv[1], "parse") == 0)
		return feed_parse(&g, argc, argv);
	return remote(&g, argc, argv);
}

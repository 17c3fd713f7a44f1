/*
 * creditalarm.c - the operator's command (contract section 1).
 *
 * Commands that need no daemon run here (cmd.h); the others travel over the
 * control socket with the files they name.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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
	    "  book import FILE... [--check] [--replace KIND [--force]]\n"
	    "  book export KIND | stats\n"
	    "  exposure [--exporter ID] [--obligor ID] [--country CC] "
	    "[--as-of DATE]\n"
	    "  lookup NAME [--country CC] [--id SCHEME:VALUE]...\n"
	    "  alert list | show ID\n"
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

struct files {
	struct buf text[SAY_FILES_MAX];
	size_t count;
};

/* `book import` sends the files it names along. */
static int
attach(struct files *f, struct say_request *q)
{
	for (size_t i = 2; i < q->words; i++) {
		struct buf *b = &f->text[f->count];

		if (str_starts(q->word[i], S("--"))) {
			i += str_eq(q->word[i], S("--replace"));
			continue;
		}
		if (f->count == SAY_FILES_MAX)
			return EXIT_USAGE;
		f->count++;
		buf_init(b, SAY_REQUEST_MAX);
		if (buf_read_file(b, q->word[i].p) != ERR_OK) {
			(void)fprintf(stderr,
				      "creditalarm: %s cannot be read\n",
				      q->word[i].p);
			return EXIT_IO;
		}
		q->file[q->files++] =
		    (struct say_file){ q->word[i], buf_str(b) };
	}
	return 0;
}

static int
remote(const struct cmd_globals *g, int argc, char **argv)
{
	struct say_request q = { .json = g->json };
	static struct files files;
	struct arena a;
	struct conf conf;
	int status = ask_conf(g, &a, &conf);

	if (status == 0 && argc > (int)SAY_WORDS_MAX)
		status = EXIT_USAGE;
	for (int i = 0; status == 0 && i < argc; i++)
		q.word[q.words++] = str_of(argv[i]);
	if (status == 0 && argc > 2 && strcmp(argv[0], "book") == 0 &&
	    strcmp(argv[1], "import") == 0)
		status = attach(&files, &q);
	if (status == 0)
		status = ask(&conf, &q, -1);
	for (size_t i = 0; i < files.count; i++)
		buf_free(&files.text[i]);
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

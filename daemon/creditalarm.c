/*
 * creditalarm.c - the operator's command (contract section 1).
 *
 * Commands that need no daemon run here (cmd.h); the others travel over the
 * control socket with the files they name.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmd.h"
#include "say.h"

#define EXIT_USAGE 2
#define EXIT_UNREACHED 69
#define EXIT_IO 74
#define EXIT_CONFIG 78
#define REACH_SECONDS 5
#define CONF_DEFAULT "/etc/creditalarm/creditalarm.yaml"

static int
usage(void)
{
	(void)fputs(
	    "usage: creditalarm [-c FILE] [--json] COMMAND\n"
	    "  status | reload\n"
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

/* ---- the control socket ---- */

static int
reach(const struct conf *conf)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = REACH_SECONDS };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (str_copy(at.sun_path, sizeof(at.sun_path), conf->control_socket) !=
		ERR_OK ||
	    connect(fd, (const struct sockaddr *)&at, sizeof(at)) < 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static bool
send_all(int fd, struct str s)
{
	while (s.n > 0) {
		ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		s = str_sub(s, (size_t)n, s.n);
	}
	return true;
}

static bool
read_all(int fd, char *p, size_t n)
{
	while (n > 0) {
		ssize_t got = recv(fd, p, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	return true;
}

static bool
copy_out(int fd, uint32_t n, FILE *to)
{
	char part[8192];

	while (n > 0) {
		size_t want = n < sizeof(part) ? n : sizeof(part);

		if (!read_all(fd, part, want))
			return false;
		(void)fwrite(part, 1, want, to);
		n -= (uint32_t)want;
	}
	return true;
}

/* Prints the answer's frames; the exit status is in the last. */
static int
print_answer(int fd)
{
	for (;;) {
		char head[5];
		struct rd r = rd_of((struct str){ head, sizeof(head) });
		uint8_t stream;
		uint32_t n;

		if (!read_all(fd, head, sizeof(head)))
			break;
		stream = rd_u8(&r);
		n = rd_be32(&r);
		if (stream == 0)
			return (int)n;
		if (!copy_out(fd, n, stream == 1 ? stdout : stderr))
			break;
	}
	(void)fputs("creditalarm: the daemon went away\n", stderr);
	return EXIT_UNREACHED;
}

static int
ask(const struct conf *conf, const struct say_request *q)
{
	struct buf body;
	struct buf head;
	int status = EXIT_IO;
	int fd;

	buf_init(&body, SAY_REQUEST_MAX);
	buf_init(&head, 16);
	say_put(&body, q);
	if (body.err != ERR_OK) {
		(void)fputs("creditalarm: the files are too large\n", stderr);
		buf_free(&body);
		return EXIT_IO;
	}
	buf_be32(&head, (uint32_t)body.n);
	fd = reach(conf);
	if (fd < 0 || !send_all(fd, buf_str(&head)) ||
	    !send_all(fd, buf_str(&body))) {
		(void)fprintf(stderr,
			      "creditalarm: the daemon cannot be reached at "
			      "%.*s\n",
			      STR_ARG(conf->control_socket));
		status = EXIT_UNREACHED;
	} else {
		status = print_answer(fd);
	}
	if (fd >= 0)
		(void)close(fd);
	buf_free(&head);
	buf_free(&body);
	return status;
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
	struct buf text;
	struct buf errors;
	const char *path = g->conf == NULL ? CONF_DEFAULT : g->conf;
	int status = EXIT_CONFIG;

	buf_init(&text, 1u << 20);
	buf_init(&errors, 1u << 20);
	if (arena_init(&a, 1u << 20) != ERR_OK)
		return EXIT_IO;
	if (argc > (int)SAY_WORDS_MAX)
		status = EXIT_USAGE;
	else if (buf_read_file(&text, path) != ERR_OK)
		(void)fprintf(stderr, "creditalarm: %s cannot be read\n", path);
	else if (conf_get(buf_str(&text), str_of(path), &a, &conf, &errors) !=
		 ERR_OK)
		(void)fwrite(errors.p, 1, errors.n, stderr);
	else
		status = 0;
	for (int i = 0; status == 0 && i < argc; i++)
		q.word[q.words++] = str_of(argv[i]);
	if (status == 0 && argc > 2 && strcmp(argv[0], "book") == 0 &&
	    strcmp(argv[1], "import") == 0)
		status = attach(&files, &q);
	if (status == 0)
		status = ask(&conf, &q);
	for (size_t i = 0; i < files.count; i++)
		buf_free(&files.text[i]);
	buf_free(&text);
	buf_free(&errors);
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
	if (strcmp(argv[0], "match") == 0)
		return cmd_match(argc, argv);
	if (argc > 1 && strcmp(argv[0], "feed") == 0 &&
	    strcmp(argv[1], "parse") == 0)
		return feed_parse(&g, argc, argv);
	return remote(&g, argc, argv);
}

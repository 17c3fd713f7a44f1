/*
 * creditalarm.c - the operator's command (contract section 1).
 *
 * Commands that need no daemon run here (cmd.h); the others travel over the
 * control socket with the files they name.
 */
#include <errno.h>
#include <fcntl.h>
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

/* The bytes, and with the first of them the descriptors. */
static bool
send_all(int fd, struct str s, const int *file, size_t files)
{
	_Alignas(struct cmsghdr)
	char room[CMSG_SPACE(SAY_FDS_MAX * sizeof(int))] = { 0 };
	struct iovec iov;
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (files > 0) {
		struct cmsghdr *h = (struct cmsghdr *)(void *)room;

		m.msg_control = room;
		m.msg_controllen = CMSG_SPACE(files * sizeof(int));
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(files * sizeof(int));
		memcpy(CMSG_DATA(h), file, files * sizeof(int));
	}
	while (s.n > 0) {
		ssize_t n;

		iov.iov_base = (void *)(uintptr_t)s.p;
		iov.iov_len = s.n;
		n = sendmsg(fd, &m, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		m.msg_control = NULL;
		m.msg_controllen = 0;
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

/* A bar of the phase at hand, over the one before; only on a terminal. */
static bool
show_progress(int fd, uint32_t n)
{
	static const char bar[] = "##############################";
	char body[2 * 8 + SAY_PHASE_MAX];
	struct rd r = rd_of((struct str){ body, n });
	uint64_t done;
	uint64_t all;
	struct str phase;
	int tenths;

	if (n > sizeof(body) || !read_all(fd, body, n))
		return false;
	done = rd_be64(&r);
	all = rd_be64(&r);
	phase = rd_bytes(&r, r.rest.n);
	if (all == 0 || done > all)
		done = all = 1;
	tenths = (int)((double)done * 1000 / (double)all);
	(void)fprintf(stderr, "\r\033[K%-16.*s [%-30.*s] %3d.%d %%",
		      STR_ARG(phase), tenths * 30 / 1000, bar, tenths / 10,
		      tenths % 10);
	(void)fflush(stderr);
	return true;
}

static void
clear_progress(const struct say_request *q)
{
	if (q->progress != NULL)
		(void)fputs("\r\033[K", stderr);
}

/* Prints the answer's frames; the exit status is in the last. */
static int
print_answer(int fd, const struct say_request *q)
{
	for (;;) {
		char head[5];
		struct rd r = rd_of((struct str){ head, sizeof(head) });
		uint8_t stream;
		uint32_t n;
		bool good;

		if (!read_all(fd, head, sizeof(head)))
			break;
		stream = rd_u8(&r);
		n = rd_be32(&r);
		if (stream != 3)
			clear_progress(q);
		if (stream == 0)
			return (int)n;
		good = stream == 3 ?
			       show_progress(fd, n) :
			       copy_out(fd, n, stream == 1 ? stdout : stderr);
		if (!good)
			break;
	}
	(void)fputs("creditalarm: the daemon went away\n", stderr);
	return EXIT_UNREACHED;
}

static int
ask(const struct conf *conf, const struct say_request *q)
{
	int file[SAY_FDS_MAX];
	size_t files = 0;
	struct buf body;
	struct buf head;
	int status;
	int fd;

	buf_init(&body, SAY_REQUEST_MAX);
	buf_init(&head, 16);
	say_put(&body, q);
	buf_be32(&head, (uint32_t)body.n);
	for (; files < q->files; files++)
		file[files] = q->file[files].fd;
	if (q->spills)
		file[files++] = q->out_fd;
	fd = reach(conf);
	if (body.err != ERR_OK) {
		(void)fputs("creditalarm: too many words\n", stderr);
		status = EXIT_USAGE;
	} else if (fd < 0 || !send_all(fd, buf_str(&head), file, files) ||
		   !send_all(fd, buf_str(&body), NULL, 0)) {
		(void)fprintf(stderr,
			      "creditalarm: the daemon cannot be reached at "
			      "%.*s\n",
			      STR_ARG(conf->control_socket));
		status = EXIT_UNREACHED;
	} else {
		status = print_answer(fd, q);
	}
	if (fd >= 0)
		(void)close(fd);
	buf_free(&head);
	buf_free(&body);
	return status;
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

	return f == NULL ? -1 : fileno(f);
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
	if (status == 0)
		status = carry(&conf, &q);
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

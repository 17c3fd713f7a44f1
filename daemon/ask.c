/*
 * ask.c - the other end of core/control.c.
 */
#include "ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define EXIT_USAGE 2
#define EXIT_UNREACHED 69
#define EXIT_IO 74
#define EXIT_CONFIG 78
#define REACH_SECONDS 5
#define CONF_SIZE_MAX (1u << 20)

int
ask_conf(const struct cmd_globals *g, struct arena *a, struct conf *out)
{
	const char *path = g->conf == NULL ? CONF_DEFAULT : g->conf;
	struct buf text;
	struct buf errors;
	int status = EXIT_CONFIG;

	if (arena_init(a, CONF_SIZE_MAX) != ERR_OK)
		return EXIT_IO;
	buf_init(&text, CONF_SIZE_MAX);
	buf_init(&errors, CONF_SIZE_MAX);
	if (buf_read_file(&text, path) != ERR_OK)
		(void)fprintf(stderr, "creditalarm: %s cannot be read\n", path);
	else if (conf_get(buf_str(&text), str_of(path), a, out, &errors) !=
		 ERR_OK)
		(void)fwrite(errors.p, 1, errors.n, stderr);
	else
		status = 0;
	buf_free(&text);
	buf_free(&errors);
	return status;
}

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

int
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

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

/* A few bytes, and with the first of them a descriptor (-1: none). */
static bool
send_with(int fd, struct str s, int file)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	/* iovec takes no const; sendmsg changes nothing. */
	struct iovec part = { (void *)(uintptr_t)s.p, s.n };
	struct msghdr m = { .msg_iov = &part,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	if (file < 0)
		return send_all(fd, s);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &file, sizeof(file));
	return sendmsg(fd, &m, MSG_NOSIGNAL) == (ssize_t)s.n;
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

int
ask(const struct conf *conf, const struct say_request *q, int file)
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
	if (fd < 0 || !send_with(fd, buf_str(&head), file) ||
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


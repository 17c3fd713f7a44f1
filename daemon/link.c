/*
 * link.c - framed messages with descriptors between two roles.
 *
 * A frame is u32 length of the body, u8 type, u8 count of descriptors, body.
 * Over a socket the descriptors travel with the frame's first byte, so they
 * have always arrived when the frame is whole.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "role.h"

#define LINK_HEAD_SIZE 6u
#define LINK_OUT_MAX (16u << 20) /* bytes that may wait for a slow peer */
/* What waits, what is gone but not yet moved away, and one more frame. */
#define LINK_BUF_MAX                                                           \
	(LINK_OUT_MAX + LINK_OUT_MAX / 2 + MSG_MAX + LINK_HEAD_SIZE)
#define LINK_FDS_MAX 256u
#define LINK_READ_SIZE 65536u

struct parcel {
	uint64_t at; /* byte of the outgoing stream it travels with */
	int fd[MSG_FDS_MAX];
	size_t count;
};

struct link {
	int fd; /* -1 in memory */
	struct link *twin; /* in memory; NULL when it is gone */
	struct buf out;
	size_t out_from; /* bytes of out already gone */
	uint64_t sent; /* bytes gone since the beginning */
	struct parcel parcel[LINK_FDS_MAX];
	size_t parcel_count;
	struct buf in;
	size_t in_from; /* bytes of in already taken */
	int fds[LINK_FDS_MAX]; /* arrived, not yet taken */
	size_t fd_count;
	bool broken;
};

static void
link_init(struct link *l, int fd)
{
	l->fd = fd;
	buf_init(&l->out, LINK_BUF_MAX);
	buf_init(&l->in, LINK_BUF_MAX);
}

enum err
link_pair(struct link **a, struct link **b)
{
	struct link *x = calloc(1, sizeof(*x));
	struct link *y = calloc(1, sizeof(*y));

	if (x == NULL || y == NULL) {
		free(x);
		free(y);
		return ERR_LIMIT;
	}
	link_init(x, -1);
	link_init(y, -1);
	x->twin = y;
	y->twin = x;
	*a = x;
	*b = y;
	return ERR_OK;
}

enum err
link_socket(int fd, struct link **out)
{
	struct link *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		(void)close(fd);
		return ERR_LIMIT;
	}
	link_init(l, fd);
	*out = l;
	return ERR_OK;
}

static void
close_all(const int *fd, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fd[i] >= 0)
			(void)close(fd[i]);
}

void
link_free(struct link *l)
{
	if (l == NULL)
		return;
	if (l->twin != NULL)
		l->twin->twin = NULL;
	if (l->fd >= 0)
		(void)close(l->fd);
	for (size_t i = 0; i < l->parcel_count; i++)
		close_all(l->parcel[i].fd, l->parcel[i].count);
	close_all(l->fds, l->fd_count);
	buf_free(&l->out);
	buf_free(&l->in);
	free(l);
}

bool
link_up(const struct link *l)
{
	return l != NULL && !l->broken && (l->fd >= 0 || l->twin != NULL);
}

int
link_fd(const struct link *l)
{
	return l->fd;
}

bool
link_pending(const struct link *l)
{
	return l->out.n > l->out_from;
}

size_t
link_waiting(const struct link *l)
{
	if (!link_up(l))
		return 0;
	return l->fd >= 0 ? l->out.n - l->out_from :
			    l->twin->in.n - l->twin->in_from;
}

size_t
link_room(const struct link *l)
{
	size_t used = link_waiting(l);

	return !link_up(l) || used >= LINK_OUT_MAX ? 0 : LINK_OUT_MAX - used;
}

static void
frame_put(struct buf *b, uint8_t type, size_t fd_count, struct str body)
{
	buf_be32(b, (uint32_t)body.n);
	buf_byte(b, type);
	buf_byte(b, (uint8_t)fd_count);
	buf_put(b, body);
}

/* Descriptors of a frame about to be queued at the end of out. */
static bool
parcel_put(struct link *l, const int *fds, size_t n)
{
	struct parcel *p;

	if (n == 0)
		return true;
	if (l->parcel_count == LINK_FDS_MAX)
		return false;
	p = &l->parcel[l->parcel_count++];
	p->at = l->sent + (l->out.n - l->out_from);
	p->count = n;
	memcpy(p->fd, fds, n * sizeof(*fds));
	return true;
}

/* Forgets what is gone, when that is most of the buffer. */
static void
compact(struct buf *b, size_t *from)
{
	if (*from > 0 && (*from == b->n || *from > LINK_OUT_MAX / 2)) {
		buf_drop(b, *from);
		*from = 0;
	}
}

bool
link_send(struct link *l, uint8_t type, struct str body, const int *fds,
	  size_t fd_count)
{
	bool sent = false;

	must(body.n <= MSG_MAX);
	must(fd_count <= MSG_FDS_MAX);
	if (!link_up(l) || link_room(l) == 0)
		goto out;
	if (l->fd >= 0) {
		compact(&l->out, &l->out_from);
		if (!parcel_put(l, fds, fd_count))
			goto out;
		frame_put(&l->out, type, fd_count, body);
		must(l->out.err == ERR_OK);
		return true;
	}
	if (l->twin->fd_count + fd_count > LINK_FDS_MAX)
		goto out;
	for (size_t i = 0; i < fd_count; i++)
		l->twin->fds[l->twin->fd_count++] = fds[i];
	compact(&l->twin->in, &l->twin->in_from);
	frame_put(&l->twin->in, type, fd_count, body);
	must(l->twin->in.err == ERR_OK);
	return true;
out:
	close_all(fds, fd_count);
	return sent;
}

enum err
link_take(struct link *l, struct msg *out)
{
	struct rd r;
	uint32_t n;
	uint8_t type;
	uint8_t fd_count;

	if (l == NULL)
		return ERR_AGAIN;
	r = rd_of(str_sub(buf_str(&l->in), l->in_from, l->in.n));
	n = rd_be32(&r);
	type = rd_u8(&r);
	fd_count = rd_u8(&r);
	if (r.err != ERR_OK)
		return l->broken ? ERR_PEER : ERR_AGAIN;
	if (n > MSG_MAX || fd_count > MSG_FDS_MAX)
		return ERR_PEER;
	if (r.rest.n < n)
		return l->broken ? ERR_PEER : ERR_AGAIN;
	if (fd_count > l->fd_count)
		return ERR_PEER;
	*out = (struct msg){ .type = type, .body = str_sub(r.rest, 0, n) };
	for (size_t i = 0; i < MSG_FDS_MAX; i++)
		out->fd[i] = i < fd_count ? l->fds[i] : -1;
	l->fd_count -= fd_count;
	memmove(l->fds, l->fds + fd_count, l->fd_count * sizeof(l->fds[0]));
	l->in_from += LINK_HEAD_SIZE + n;
	return ERR_OK;
}

static void
parcel_drop(struct link *l)
{
	close_all(l->parcel[0].fd, l->parcel[0].count);
	l->parcel_count--;
	memmove(l->parcel, l->parcel + 1,
		l->parcel_count * sizeof(l->parcel[0]));
}

/* Sends bytes up to the next parcel, or with the parcel that is due. */
static ssize_t
flush_some(struct link *l)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int) * MSG_FDS_MAX)];
	} control;
	struct iovec iov = { l->out.p + l->out_from, l->out.n - l->out_from };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	bool due = l->parcel_count > 0 && l->parcel[0].at == l->sent;
	size_t next = due ? 1 : 0;
	ssize_t n;

	if (l->parcel_count > next &&
	    l->parcel[next].at - l->sent < iov.iov_len)
		iov.iov_len = (size_t)(l->parcel[next].at - l->sent);
	if (due) {
		size_t bytes = sizeof(int) * l->parcel[0].count;

		memset(&control, 0, sizeof(control));
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(bytes);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(bytes);
		memcpy(CMSG_DATA(&control.head), l->parcel[0].fd, bytes);
	}
	n = sendmsg(l->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n > 0 && due)
		parcel_drop(l);
	return n;
}

enum err
link_flush(struct link *l)
{
	while (l->fd >= 0 && !l->broken && link_pending(l)) {
		ssize_t n = flush_some(l);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return ERR_OK;
		if (n <= 0) {
			l->broken = true;
			return ERR_PEER;
		}
		l->out_from += (size_t)n;
		l->sent += (uint64_t)n;
		compact(&l->out, &l->out_from);
	}
	return ERR_OK;
}

/* Descriptors of one recvmsg to the end of the queue. */
static bool
take_fds(struct link *l, struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL;
	     c = CMSG_NXTHDR(m, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		int fd[LINK_FDS_MAX];

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
		    n > LINK_FDS_MAX)
			continue;
		memcpy(fd, CMSG_DATA(c), n * sizeof(int));
		if (l->fd_count + n > LINK_FDS_MAX) {
			close_all(fd, n);
			return false;
		}
		memcpy(l->fds + l->fd_count, fd, n * sizeof(int));
		l->fd_count += n;
	}
	return (m->msg_flags & MSG_CTRUNC) == 0;
}

enum err
link_fill(struct link *l)
{
	while (l->fd >= 0 && !l->broken &&
	       l->in.n - l->in_from < LINK_OUT_MAX) {
		static _Thread_local char bytes[LINK_READ_SIZE];
		union {
			struct cmsghdr head;
			char room[CMSG_SPACE(sizeof(int) * LINK_FDS_MAX)];
		} control;
		struct iovec iov = { bytes, sizeof(bytes) };
		struct msghdr m = { .msg_iov = &iov,
				    .msg_iovlen = 1,
				    .msg_control = &control,
				    .msg_controllen = sizeof(control) };
		ssize_t n = recvmsg(l->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return ERR_OK;
		if (n <= 0 || !take_fds(l, &m)) {
			l->broken = true;
			return ERR_PEER;
		}
		compact(&l->in, &l->in_from);
		buf_put(&l->in, (struct str){ bytes, (size_t)n });
		must(l->in.err == ERR_OK);
	}
	return ERR_OK;
}

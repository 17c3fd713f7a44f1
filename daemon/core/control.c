/*
 * control.c - operators' connections.
 *
 * A request is u32 length, u8 flags (1 JSON, 2 progress is looked at, 4 a
 * file takes the answer), u16 words, a blob each, u16 files, the name of each;
 * with it go the descriptors of the files, and of the one for the answer
 * last.  The answer is frames of u8 stream (1 stdout, 2 stderr, 3 progress),
 * u32 length, bytes; then u8 0, u32 exit status.  Progress is u64 done, u64
 * all, a word.  One request a connection.  Who is asking is known by
 * SO_PEERCRED, which super read.  With `backup` the file for the answer is
 * the one to write; its answer takes turns, as that of `exposure` does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup.h"
#include "log.h"
#include "say.h"

#define FLAG_JSON 1u
#define FLAG_PROGRESS 2u
#define FLAG_SPILLS 4u

struct conn {
	int fd; /* -1: free */
	int file[SAY_FDS_MAX]; /* owned; as they came */
	size_t files;
	uint32_t uid;
	uint32_t gid;
	struct buf in;
	struct buf out;
	size_t sent;
	struct backup *backup; /* it waits for */
	struct say_turns *turns; /* the same */
	struct say_request asked; /* of turns */
	struct buf words;	  /* asked's, where they stay */
	int answered;
};

struct control {
	struct conn conn[CORE_CONTROLS_MAX];
};

enum err
control_init(struct core *c)
{
	c->control = calloc(1, sizeof(*c->control));
	if (c->control == NULL)
		return ERR_LIMIT;
	for (size_t i = 0; i < CORE_CONTROLS_MAX; i++)
		c->control->conn[i].fd = -1;
	return ERR_OK;
}

static void
conn_close(struct conn *k)
{
	(void)close(k->fd);
	k->fd = -1;
	for (size_t i = 0; i < k->files; i++)
		(void)close(k->file[i]);
	k->files = 0;
	backup_end(k->backup);
	k->backup = NULL;
	say_turns_end(k->turns);
	k->turns = NULL;
	buf_free(&k->words);
	buf_free(&k->in);
	buf_free(&k->out);
}

void
control_fini(struct core *c)
{
	if (c->control == NULL)
		return;
	for (size_t i = 0; i < CORE_CONTROLS_MAX; i++)
		if (c->control->conn[i].fd >= 0)
			conn_close(&c->control->conn[i]);
	free(c->control);
	c->control = NULL;
}

void
control_accept(struct core *c, int fd, uint32_t uid, uint32_t gid)
{
	for (size_t i = 0; i < CORE_CONTROLS_MAX; i++) {
		struct conn *k = &c->control->conn[i];

		if (k->fd >= 0)
			continue;
		*k = (struct conn){ .fd = fd, .uid = uid, .gid = gid };
		buf_init(&k->in, SAY_REQUEST_MAX);
		buf_init(&k->out, SAY_ANSWER_MAX + 64);
		c->count.controls++;
		return;
	}
	log_op(LOG_WARN, "control.full", "max=%u", CORE_CONTROLS_MAX);
	(void)close(fd);
}

size_t
control_fds(const struct core *c, int *fds, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < CORE_CONTROLS_MAX && n < max; i++)
		if (c->control->conn[i].fd >= 0)
			fds[n++] = c->control->conn[i].fd;
	return n;
}

void
say_put(struct buf *b, const struct say_request *q)
{
	buf_byte(b, (uint8_t)((q->json != 0 ? FLAG_JSON : 0) |
			      (q->progress != NULL ? FLAG_PROGRESS : 0) |
			      (q->spills != 0 ? FLAG_SPILLS : 0)));
	buf_be16(b, (uint16_t)q->words);
	for (size_t i = 0; i < q->words; i++)
		buf_blob(b, q->word[i]);
	buf_be16(b, (uint16_t)q->files);
	for (size_t i = 0; i < q->files; i++)
		buf_blob(b, q->file[i].name);
}

static void
put_stream(struct buf *b, uint8_t stream, struct str text)
{
	if (text.n == 0)
		return;
	buf_byte(b, stream);
	buf_blob(b, text);
}

/* A frame for whoever looks on; one who does not keep up misses some. */
static void
progress(void *self, const char *phase, uint64_t done, uint64_t all)
{
	struct conn *k = self;
	struct buf frame;
	struct buf b;
	ssize_t n;

	if (k->out.n > 0)
		return;
	buf_init(&b, 2 * 8 + SAY_PHASE_MAX);
	buf_init(&frame, 64 + SAY_PHASE_MAX);
	buf_be64(&b, done);
	buf_be64(&b, all);
	buf_put(&b, str_sub(str_of(phase), 0, SAY_PHASE_MAX));
	put_stream(&frame, 3, buf_str(&b));
	n = send(k->fd, frame.p, frame.n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0)
		buf_put(&k->out, str_sub(buf_str(&frame), (size_t)n, frame.n));
	buf_free(&frame);
	buf_free(&b);
}

enum err
say_get(struct str s, struct say_request *q)
{
	struct rd r = rd_of(s);
	uint8_t flags = rd_u8(&r);

	*q = (struct say_request){ 0 };
	q->json = flags & FLAG_JSON;
	q->spills = flags & FLAG_SPILLS;
	q->progress = (flags & FLAG_PROGRESS) != 0 ? progress : NULL;
	q->words = rd_be16(&r);
	if (q->words > SAY_WORDS_MAX)
		return ERR_LIMIT;
	for (size_t i = 0; i < q->words; i++)
		q->word[i] = rd_blob(&r);
	q->files = rd_be16(&r);
	if (q->files > SAY_FILES_MAX)
		return ERR_LIMIT;
	for (size_t i = 0; i < q->files; i++)
		q->file[i].name = rd_blob(&r);
	return rd_end(&r);
}

void
say_answer(struct buf *b, struct str out, struct str err, int status)
{
	put_stream(b, 1, out);
	put_stream(b, 2, err);
	buf_byte(b, 0);
	buf_be32(b, (uint32_t)status);
}

/* An import is one transaction and may take its time. */
void
core_busy(struct core *c)
{
	struct link *super = c->role->link[PEER_SUPER];
	struct buf b;

	buf_init(&b, 16);
	buf_be32(&b, CORE_BUSY_S);
	if (link_send(super, MSG_BUSY, buf_str(&b), NULL, 0))
		(void)link_flush(super);
	buf_free(&b);
}

/* Super reads the files, so super answers, on the connection itself. */
static void
pass_on(struct core *c, struct conn *k)
{
	int fd = fcntl(k->fd, F_DUPFD_CLOEXEC, 3);
	struct buf b;

	if (fd < 0)
		return;
	buf_init(&b, 16);
	buf_be32(&b, k->uid);
	(void)link_send(c->role->link[PEER_SUPER], MSG_RELOAD, buf_str(&b),
			&fd, 1);
	buf_free(&b);
}

/* The descriptors to what they are for; a message for each that is not a
 * regular file. */
static bool
take_files(struct conn *k, struct say_request *q, struct buf *err)
{
	struct stat st;

	if (k->files != q->files + (q->spills != 0)) {
		buf_put(err, S("creditalarm: malformed request\n"));
		return false;
	}
	for (size_t i = 0; i < k->files; i++) {
		bool good = fstat(k->file[i], &st) == 0 &&
			    S_ISREG(st.st_mode) && st.st_size >= 0;

		if (!good) {
			buf_printf(err,
				   "creditalarm: %.*s: not a regular file\n",
				   STR_ARG(i < q->files ? q->file[i].name :
							  S("stdout")));
			return false;
		}
		if (i == q->files) {
			q->out_fd = k->file[i];
			break;
		}
		q->file[i].fd = k->file[i];
		q->file[i].size = (size_t)st.st_size;
	}
	return true;
}

/* The answer, or that it cannot be had; its status. */
static int
whole(const struct say_request *q, struct buf *out, struct buf *err,
      int status)
{
	if (out->err == ERR_OK && say_spill(q, out, 1) != ERR_OK) {
		buf_put(err, S("creditalarm: the answer cannot be written\n"));
		buf_clear(out);
		status = 1;
	}
	if (out->err != ERR_OK) {
		buf_clear(out);
		buf_put(err, S("creditalarm: the answer is too long\n"));
		status = 1;
	}
	return status;
}

static int
answer_request(struct core *c, struct conn *k, struct say_request *q,
	       struct instant now, struct buf *out, struct buf *err)
{
	q->uid = k->uid;
	q->gid = k->gid;
	q->self = k;
	if (!take_files(k, q, err))
		return 2;
	if (q->words > 0 && str_eq(q->word[0], S("exposure"))) {
		/* More may come in; it is not read, but must not move this. */
		k->asked = *q;
		k->words = k->in;
		buf_init(&k->in, SAY_REQUEST_MAX);
		return say_turns_begin(c, &k->asked, now, err, &k->turns);
	}
	if (k->files > 0)
		core_busy(c);
	return whole(q, out, err, say(c, q, now, out, err));
}

static void
turns_turn(struct conn *k)
{
	struct buf out;
	struct buf err;
	int status = 0;

	buf_init(&out, 1);
	buf_init(&err, 1024);
	if (!say_turns_step(k->turns, &out, &err, &status)) {
		status = whole(&k->asked, &out, &err, status);
		say_answer(&k->out, buf_str(&out), buf_str(&err), status);
		say_turns_end(k->turns);
		k->turns = NULL;
		k->answered = 1;
	}
	buf_free(&out);
	buf_free(&err);
}

/* Begins the copy; what goes wrong at once is answered at once. */
static int
backup_ask(struct core *c, struct conn *k, struct buf *err)
{
	struct diag d = { 0 };
	int fd = k->files == 1 ? k->file[0] : -1;
	enum err e = ERR_REFUSED;

	k->files = fd < 0 ? k->files : 0;
	for (size_t i = 0; i < CORE_CONTROLS_MAX; i++)
		if (c->control->conn[i].backup != NULL)
			(void)diag_set(&d, e, 0, "another one is running");
	if (d.why[0] != '\0' && fd >= 0)
		(void)close(fd);
	else if (fd < 0)
		e = diag_set(&d, ERR_INPUT, 0, "no file came with it");
	else
		e = backup_begin(c, fd, &k->backup, &d);
	if (e != ERR_OK)
		buf_printf(err, "creditalarm: backup: %s\n",
			   d.why[0] == '\0' ? err_text(e) : d.why);
	return e == ERR_OK ? 0 : 1;
}

static void
backup_turn(struct conn *k)
{
	struct diag d = { 0 };
	enum err e = backup_step(k->backup, &d);
	struct buf err;

	if (e == ERR_AGAIN)
		return;
	buf_init(&err, 1024);
	if (e != ERR_OK)
		buf_printf(&err, "creditalarm: backup: %s\n",
			   d.why[0] == '\0' ? err_text(e) : d.why);
	say_answer(&k->out, STR_NONE, buf_str(&err), e == ERR_OK ? 0 : 1);
	buf_free(&err);
	backup_end(k->backup);
	k->backup = NULL;
	k->answered = 1;
}

static void
answer(struct core *c, struct conn *k, struct str body, struct instant now)
{
	struct say_request q;
	struct buf out;
	struct buf err;
	int status = 2;

	k->answered = 1;
	if (say_get(body, &q) == ERR_OK && q.words == 1 &&
	    str_eq(q.word[0], S("reload"))) {
		pass_on(c, k);
		return;
	}
	buf_init(&out, SAY_ANSWER_MAX / 2);
	buf_init(&err, SAY_ANSWER_MAX / 4);
	if (say_get(body, &q) != ERR_OK)
		buf_put(&err, S("creditalarm: malformed request\n"));
	else if (q.words == 1 && str_eq(q.word[0], S("backup")))
		status = backup_ask(c, k, &err);
	else
		status = answer_request(c, k, &q, now, &out, &err);
	/* What takes turns is answered by the last. */
	k->answered = k->backup == NULL && k->turns == NULL;
	if (k->answered)
		say_answer(&k->out, buf_str(&out), buf_str(&err), status);
	buf_free(&out);
	buf_free(&err);
}

/* Keeps the descriptors that came; false when they are too many. */
static bool
take_fds(struct conn *k, struct msghdr *m)
{
	bool fits = (m->msg_flags & MSG_CTRUNC) == 0;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h != NULL;
	     h = CMSG_NXTHDR(m, h)) {
		size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(h) + i * sizeof(int),
			       sizeof(fd));
			fits = fits && k->files < SAY_FDS_MAX;
			if (fits)
				k->file[k->files++] = fd;
			else
				(void)close(fd);
		}
	}
	return fits;
}

/* As recv, with descriptors kept. */
static ssize_t
receive(struct conn *k, char *p, size_t size)
{
	_Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof(k->file))];
	struct iovec iov = { p, size };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = room,
			    .msg_controllen = sizeof(room) };
	ssize_t n = recvmsg(k->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	return n < 0 || take_fds(k, &m) ? n : 0;
}

/* Reads what is there; false when the peer is gone. */
static bool
fill(struct conn *k)
{
	static char bytes[65536];
	size_t limit = 64;

	while (limit-- > 0) {
		ssize_t n = receive(k, bytes, sizeof(bytes));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n <= 0)
			return false;
		buf_put(&k->in, (struct str){ bytes, (size_t)n });
		if (k->in.err != ERR_OK)
			return false;
	}
	return true;
}

/* False when everything is sent, or nobody is there to take it. */
static bool
drain(struct conn *k)
{
	while (k->sent < k->out.n) {
		ssize_t n = send(k->fd, k->out.p + k->sent, k->out.n - k->sent,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			return true;
		if (n <= 0)
			return false;
		k->sent += (size_t)n;
	}
	return false;
}

bool
control_step(struct core *c, struct instant now)
{
	bool busy = false;

	for (size_t i = 0; i < CORE_CONTROLS_MAX; i++) {
		struct conn *k = &c->control->conn[i];
		struct rd r;
		uint32_t n;

		if (k->fd < 0)
			continue;
		if (!k->answered && !fill(k)) {
			conn_close(k);
			continue;
		}
		if (k->backup != NULL) {
			backup_turn(k);
			busy = true;
		} else if (k->turns != NULL) {
			turns_turn(k);
			busy = true;
		}
		r = rd_of(buf_str(&k->in));
		n = rd_be32(&r);
		if (!k->answered && k->backup == NULL && k->turns == NULL &&
		    r.err == ERR_OK && r.rest.n >= n) {
			answer(c, k, str_sub(r.rest, 0, n), now);
			busy = true;
		}
		if (k->answered && !drain(k))
			conn_close(k);
		else
			busy = busy || k->answered;
	}
	return busy;
}

/*
 * listener.c - operators knock here.
 */
#include "listener.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int
listener_open(const struct conf *conf)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char dir[sizeof(at.sun_path)];
	char *slash;
	int fd;

	if (str_copy(at.sun_path, sizeof(at.sun_path), conf->control_socket) !=
	    ERR_OK)
		return -1;
	memcpy(dir, at.sun_path, sizeof(dir));
	slash = strrchr(dir, '/');
	if (slash != NULL && slash != dir) {
		*slash = '\0';
		(void)mkdir(dir, 0750);
	}
	(void)unlink(at.sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	(void)umask(0117);
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ||
	    listen(fd, 16) < 0) {
		(void)close(fd);
		fd = -1;
	}
	(void)umask(077);
	return fd;
}

/* The next operator, with who it is; -1 when there is none. */
static int
accept_control(int listener, struct ucred *who)
{
	socklen_t n = sizeof(*who);
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return -1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, who, &n) < 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

void
listener_pass(int listener, struct link *core)
{
	struct ucred who = { 0 };
	struct buf b;
	int fd;

	while ((fd = accept_control(listener, &who)) >= 0) {
		buf_init(&b, 16);
		buf_be32(&b, who.uid);
		buf_be32(&b, who.gid);
		(void)link_send(core, MSG_CONTROL, buf_str(&b), &fd, 1);
		buf_free(&b);
	}
}

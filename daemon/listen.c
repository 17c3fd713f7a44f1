/*
 * listen.c - a unix socket in a folder of its own.
 */
#include "listen.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int
listen_open(struct str path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char dir[sizeof(at.sun_path)];
	char *slash;
	int fd;

	if (str_copy(at.sun_path, sizeof(at.sun_path), path) != ERR_OK)
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

int
listen_accept(int listener, uint32_t *uid, uint32_t *gid)
{
	struct ucred who = { 0 };
	socklen_t n = sizeof(who);
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return -1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0) {
		(void)close(fd);
		return -1;
	}
	*uid = who.uid;
	*gid = who.gid;
	return fd;
}

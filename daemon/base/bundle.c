/*
 * bundle.c - named files in one sealed memory file.
 */
#include "bundle.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

void
bundle_init(struct bundle *b)
{
	buf_init(&b->bytes, BUNDLE_MAX);
}

void
bundle_free(struct bundle *b)
{
	/* It may have carried keys. */
	buf_wipe(&b->bytes);
}

void
bundle_add(struct bundle *b, struct str name, struct str content)
{
	must(name.n > 0 && name.n <= BUNDLE_NAME_MAX);
	buf_blob(&b->bytes, name);
	buf_blob(&b->bytes, content);
}

enum err
bundle_at(const struct bundle *b, size_t i, struct str *name,
	  struct str *content)
{
	struct rd r = rd_of(buf_str(&b->bytes));

	for (size_t at = 0; r.rest.n > 0 && r.err == ERR_OK; at++) {
		struct str n = rd_blob(&r);
		struct str c = rd_blob(&r);

		if (at == i && r.err == ERR_OK) {
			*name = n;
			*content = c;
			return ERR_OK;
		}
	}
	return ERR_ABSENT;
}

struct str
bundle_find(const struct bundle *b, struct str name)
{
	struct rd r = rd_of(buf_str(&b->bytes));

	while (r.rest.n > 0 && r.err == ERR_OK) {
		struct str n = rd_blob(&r);
		struct str c = rd_blob(&r);

		if (r.err == ERR_OK && str_eq(n, name))
			return c;
	}
	return STR_NONE;
}

enum err
bundle_read(struct bundle *b, int fd)
{
	enum err err;
	struct rd r;
	size_t count = 0;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return ERR_IO;
	err = buf_read_fd(&b->bytes, fd);
	if (err != ERR_OK)
		return err;
	r = rd_of(buf_str(&b->bytes));
	while (r.rest.n > 0 && r.err == ERR_OK) {
		struct str name = rd_blob(&r);

		(void)rd_blob(&r);
		if (name.n == 0 || name.n > BUNDLE_NAME_MAX ||
		    ++count > BUNDLE_FILES_MAX)
			return ERR_INPUT;
	}
	return rd_end(&r);
}

enum err
bundle_fd(const struct bundle *b, int *out)
{
	struct str rest = buf_str(&b->bytes);
	int fd;

	if (b->bytes.err != ERR_OK)
		return b->bytes.err;
	fd = memfd_create("bundle", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return ERR_IO;
	while (rest.n > 0) {
		ssize_t n = write(fd, rest.p, rest.n);

		if (n <= 0) {
			(void)close(fd);
			return ERR_IO;
		}
		rest = str_sub(rest, (size_t)n, rest.n);
	}
	if (fcntl(fd, F_ADD_SEALS,
		  F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) <
		0 ||
	    lseek(fd, 0, SEEK_SET) < 0) {
		(void)close(fd);
		return ERR_IO;
	}
	*out = fd;
	return ERR_OK;
}

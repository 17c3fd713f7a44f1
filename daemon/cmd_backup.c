/*
 * cmd_backup.c - creditalarm backup FILE, creditalarm restore FILE.
 *
 * backup opens FILE.part and hands it to the daemon, which fills it; then it
 * is read through once, synced, and gets its name.  restore needs no daemon
 * and refuses to work beside one.  Neither touches the keys.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "clock.h"
#include "json.h"
#include "store.h"

#define EXIT_USAGE 2
#define EXIT_DATA 65
#define EXIT_IO 74
#define EXIT_CONFIG 78
#define STREAMS_SHOWN 20
#define ARENA_SIZE (256u << 20)
#define REPORT_MAX (64u << 20)

static int
complain(const char *what, const char *why)
{
	(void)fprintf(stderr, "creditalarm: %s: %s\n", what, why);
	return EXIT_IO;
}

/* What went wrong, by whose fault. */
static int
status_of(enum err err)
{
	switch (err) {
	case ERR_OK:
		return 0;
	case ERR_INPUT:
		return EXIT_DATA;
	case ERR_REFUSED:
		return 1;
	case ERR_LIMIT:
	case ERR_ABSENT:
	case ERR_NET:
	case ERR_STORE:
	case ERR_IO:
	case ERR_AGAIN:
	case ERR_CONFIG:
	case ERR_CORRUPT:
	case ERR_PEER:
	case ERR_COUNT:
	default:
		return EXIT_IO;
	}
}

static void
report_json(struct buf *b, const char *file, const struct store_copy_of *c,
	    const char *kept)
{
	struct jsonw w = jsonw_of(b);

	jsonw_obj(&w, NULL);
	jsonw_str(&w, "file", str_of(file));
	jsonw_int(&w, "bytes", c->bytes);
	jsonw_int(&w, "schema", c->schema);
	jsonw_int(&w, "epoch", (int64_t)c->epoch);
	jsonw_int(&w, "open_alerts", c->open_alerts);
	if (kept != NULL)
		jsonw_str_or_null(&w, "replaced", str_of(kept));
	jsonw_arr(&w, "streams");
	for (size_t i = 0; i < c->streams; i++) {
		jsonw_obj(&w, NULL);
		jsonw_str(&w, "stream", c->stream[i].stream);
		jsonw_int(&w, "head", (int64_t)c->stream[i].head);
		jsonw_end_obj(&w);
	}
	jsonw_end_arr(&w);
	jsonw_end_obj(&w);
	buf_byte(b, '\n');
}

static void
report_text(struct buf *b, const char *file, const struct store_copy_of *c)
{
	buf_printf(b,
		   "%s: %" PRId64 " bytes, schema %" PRId64 ", epoch %" PRIu64
		   ", %" PRId64 " alerts open, %zu streams\n",
		   file, c->bytes, c->schema, c->epoch, c->open_alerts,
		   c->streams);
	for (size_t i = 0; i < c->streams && i < STREAMS_SHOWN; i++)
		buf_printf(b, "  %-24.*s head %" PRIu64 "\n",
			   STR_ARG(c->stream[i].stream), c->stream[i].head);
	if (c->streams > STREAMS_SHOWN)
		buf_printf(b, "  and %zu more (--json shows all)\n",
			   c->streams - STREAMS_SHOWN);
}

/* ---- backup ---- */

/* The file to fill; nobody else fills it.  -1 and a complaint. */
static int
part_open(const char *part)
{
	struct stat st;
	int fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		(void)complain(part, strerror(errno));
		return -1;
	}
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    flock(fd, LOCK_EX | LOCK_NB) == 0 && ftruncate(fd, 0) == 0 &&
	    fchmod(fd, 0600) == 0)
		return fd;
	(void)complain(part, errno == EWOULDBLOCK ?
				     "another backup writes it" :
				     strerror(errno));
	(void)close(fd);
	return -1;
}

/* Its name is durable too. */
static bool
name_it(const char *part, const char *file)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(file, '/');
	struct str name = slash == NULL ? S(".") :
			  slash == file ?
					  S("/") :
					  str_sub(str_of(file), 0,
						  (size_t)(slash - file));
	int fd = str_copy(dir, sizeof(dir), name) == ERR_OK ?
			 open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) :
			 -1;
	bool good = fd >= 0 && rename(part, file) == 0 && fsync(fd) == 0;

	if (fd >= 0)
		(void)close(fd);
	return good;
}

static int
filled(const struct cmd_globals *g, const char *part, const char *file)
{
	struct store_copy_of c;
	struct diag d = { 0 };
	struct arena a;
	struct buf out;
	enum err err = arena_init(&a, ARENA_SIZE);

	if (err == ERR_OK)
		err = store_examine(part, &a, &c, &d);
	if (err != ERR_OK) {
		(void)complain(part, d.why[0] == '\0' ? err_text(err) : d.why);
		arena_fini(&a);
		return 1;
	}
	if (!name_it(part, file)) {
		arena_fini(&a);
		return complain(file, strerror(errno));
	}
	buf_init(&out, REPORT_MAX);
	if (g->json) {
		report_json(&out, file, &c, NULL);
	} else {
		report_text(&out, file, &c);
		buf_put(&out, S("The keys (push.key_file) are not in it: keep "
				"a copy of them elsewhere.\n"));
	}
	(void)fwrite(out.p, 1, out.n, stdout);
	buf_free(&out);
	arena_fini(&a);
	return 0;
}

int
cmd_backup(const struct cmd_globals *g, int argc, char **argv)
{
	struct say_request q = { .words = 1, .word = { S("backup") } };
	char part[PATH_MAX];
	struct arena a;
	struct conf conf;
	int status;
	int fd;

	if (argc != 2 || argv[1][0] == '-' || argv[1][0] == '\0') {
		(void)fputs("usage: creditalarm backup FILE\n", stderr);
		return EXIT_USAGE;
	}
	if (snprintf(part, sizeof(part), "%s.part", argv[1]) >=
	    (int)sizeof(part))
		return complain(argv[1], "the name is too long");
	status = ask_conf(g, &a, &conf);
	if (status == 0) {
		fd = part_open(part);
		status = fd < 0 ? EXIT_IO : ask(&conf, &q, fd);
		if (status == 0)
			status = filled(g, part, argv[1]);
		if (status != 0 && fd >= 0)
			(void)unlink(part);
		if (fd >= 0)
			(void)close(fd);
	}
	arena_fini(&a);
	return status;
}

/* ---- restore ---- */

static int
restored(const struct cmd_globals *g, const char *file,
	 const struct store_restored *r)
{
	struct buf out;

	buf_init(&out, REPORT_MAX);
	if (g->json) {
		report_json(&out, file, &r->now, r->kept);
	} else {
		report_text(&out, file, &r->now);
		buf_printf(&out, "Restored as epoch %" PRIu64 ".", r->now.epoch);
		if (r->kept[0] != '\0')
			buf_printf(&out, "  The store it replaced is %s.",
				   r->kept);
		buf_put(&out, S("\nEvery subscriber is told GONE and takes a "
				"snapshot.\n"));
	}
	(void)fwrite(out.p, 1, out.n, stdout);
	buf_free(&out);
	return 0;
}

static int
restore(const struct cmd_globals *g, const struct conf *conf, const char *file,
	uint64_t epoch)
{
	struct store_restored r = { 0 };
	struct diag d = { 0 };
	struct arena a;
	struct clock_os os;
	struct clock clock = clock_os(&os, TIME_NONE);
	char dir[PATH_MAX];
	enum err err = str_copy(dir, sizeof(dir), conf->state_dir);

	if (err != ERR_OK || str_eq(conf->state_dir, S(":memory:"))) {
		(void)complain("state_dir", "it is no folder");
		return EXIT_CONFIG;
	}
	if (arena_init(&a, ARENA_SIZE) != ERR_OK)
		return complain(file, "no memory");
	err = store_restore(file, dir, epoch, clock_now(&clock).wall_ms, &a,
			    &r, &d);
	if (err == ERR_OK)
		(void)restored(g, file, &r);
	else
		(void)complain(file, d.why[0] == '\0' ? err_text(err) : d.why);
	arena_fini(&a);
	return status_of(err);
}

int
cmd_restore(const struct cmd_globals *g, int argc, char **argv)
{
	uint64_t epoch = 0;
	struct arena a;
	struct conf conf;
	int status;

	if ((argc != 2 && argc != 4) || argv[1][0] == '-' ||
	    (argc == 4 &&
	     (strcmp(argv[2], "--epoch") != 0 ||
	      str_to_u64(str_of(argv[3]), INT64_MAX, &epoch) != ERR_OK ||
	      epoch == 0))) {
		(void)fputs("usage: creditalarm restore FILE [--epoch N]\n",
			    stderr);
		return EXIT_USAGE;
	}
	status = ask_conf(g, &a, &conf);
	if (status == 0)
		status = restore(g, &conf, argv[1], epoch);
	arena_fini(&a);
	return status;
}

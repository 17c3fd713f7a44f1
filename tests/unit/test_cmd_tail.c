/*
 * test_cmd_tail.c - creditalarm tail and key, each run in a child process
 * against the real publish role on the loopback.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd.h"
#include "json.h"
#include "push_world.h"
#include "scratch.h"

#define ARGS_MAX 24
#define TURNS 600
#define TURN_MS 20

static struct world w;
static char dir[SCRATCH_PATH_SIZE];
static char key_path[80];
static char out_path[80];
static char server_line[KEYS_LINE_MAX];

static void
setup(void)
{
	char yaml[160];
	struct buf b;

	(void)snprintf(yaml, sizeof(yaml),
		       "push:\n  heartbeat: 1s\n"
		       "  endpoint: \"tcp://127.0.0.1:%d\"\n",
		       20000 + getpid() % 20000);
	world_init(&w, yaml, 0);
	scratch_dir(dir, "tail");
	(void)snprintf(key_path, sizeof(key_path), "%s/key", dir);
	(void)snprintf(out_path, sizeof(out_path), "%s/out", dir);
	buf_init(&b, KEYS_LINE_MAX);
	keys_casrv_put(&b, &w.server);
	cr_assert_eq(str_copy(server_line, sizeof(server_line), buf_str(&b)),
		     ERR_OK);
	buf_free(&b);
}

static void
teardown(void)
{
	world_fini(&w);
	(void)unlink(key_path);
	(void)unlink(out_path);
	(void)rmdir(dir);
}

TestSuite(cmd_tail, .init = setup, .fini = teardown);

static void
write_key(const struct keys *k)
{
	struct buf b;

	buf_init(&b, KEYS_FILE_MAX);
	keys_put(&b, k);
	cr_assert_eq(keys_file_write(key_path, buf_str(&b), NULL), ERR_OK);
	buf_wipe(&b);
}

/* Runs tail with stdout in out_path while the world turns; exit status. */
static int
tail(const char *const *more)
{
	const char *endpoint = publish_endpoint(&w.role);
	const char *first[] = { "tail",	   "--key",	   key_path,   "--server",
				endpoint, "--server-key", server_line };
	char *argv[ARGS_MAX];
	int argc = 0;
	int status = 0;
	pid_t child;

	for (size_t i = 0; i < sizeof(first) / sizeof(*first); i++)
		argv[argc++] = (char *)first[i];
	while (*more != NULL)
		argv[argc++] = (char *)*more++;
	child = fork();
	cr_assert_geq(child, 0);
	if (child == 0) {
		if (freopen(out_path, "w", stdout) == NULL ||
		    freopen("/dev/null", "w", stderr) == NULL)
			_exit(99);
		_exit(cmd_tail(argc, argv));
	}
	for (int i = 0; i < TURNS; i++) {
		world_run(&w);
		if (waitpid(child, &status, WNOHANG) == child)
			return WEXITSTATUS(status);
		(void)poll(NULL, 0, TURN_MS);
	}
	cr_assert_fail("tail did not end");
	return -1;
}
#define TAIL(...) tail((const char *const[]){ __VA_ARGS__, NULL })

static struct buf
output(void)
{
	struct buf b;

	buf_init(&b, 1u << 20);
	cr_assert_eq(buf_read_file(&b, out_path), ERR_OK);
	return b;
}

Test(cmd_tail, prints_acknowledges_and_ends)
{
	struct keys k;
	struct buf b;
	struct str rest;

	world_subscribe(&w, WORLD_STREAM, &k, TIME_NONE);
	write_key(&k);
	(void)world_alert(&w, WORLD_STREAM, 4, ALERT_OPEN,
			  "{\"id\":\"a/1\",\n \"data\":{}}");
	(void)world_alert(&w, WORLD_STREAM, 1, ALERT_OPEN, "{}");
	cr_assert_eq(TAIL("--count", "2"), 0);
	b = output();
	rest = buf_str(&b);
	cr_assert(str_eq(
	    str_cut(&rest, '\n'),
	    S("{\"wire\":{\"stream\":\"EX-SZ-001\",\"epoch\":1,\"seq\":1,"
	      "\"type\":\"first\",\"severity\":\"CRITICAL\","
	      "\"redelivered\":false,\"snapshot\":false,"
	      "\"time\":\"2022-12-27T01:12:03.214Z\",\"verified\":true},"
	      "\"event\":{\"id\":\"a/1\",  \"data\":{}}}")));
	cr_assert(str_contains(str_cut(&rest, '\n'), S("\"INFO\"")));
	cr_assert_eq(rest.n, 0);
	buf_free(&b);
	/* Acknowledged: nothing is left, so a third does not come. */
	for (int i = 0; i < 5; i++)
		world_run(&w);
	cr_assert_eq(TAIL("--count", "1", "--timeout", "1"), 1);
	b = output();
	cr_assert_eq(b.n, 0);
	buf_free(&b);
	/* Another consumer and --no-ack: as often as one likes. */
	cr_assert_eq(TAIL("--count", "2", "--consumer", "x", "--no-ack"), 0);
	cr_assert_eq(TAIL("--count", "2", "--consumer", "x", "--no-ack"), 0);
	cr_assert_eq(TAIL("--count", "1", "--consumer", "x", "--after", "1"),
		     0);
	b = output();
	cr_assert(str_contains(buf_str(&b), S("\"seq\":2")));
	buf_free(&b);
}

Test(cmd_tail, unknown_key_is_69)
{
	struct keys k;

	seal_keys_generate(&k, 0);
	write_key(&k);
	cr_assert_eq(TAIL("--count", "1"), 69);
}

Test(cmd_tail, bad_words)
{
	struct keys k;

	seal_keys_generate(&k, 0);
	write_key(&k);
	cr_assert_eq(TAIL("--count"), 2);
	cr_assert_eq(TAIL("--colour", "red"), 2);
	cr_assert_eq(TAIL("--count", "many"), 2);
	cr_assert_eq(TAIL("--filter", "colour=red"), 2);
	cr_assert_eq(TAIL("--consumer", "a/b"), 2);
	cr_assert_eq(TAIL("--server-key", "casrv1.x"), 2);
	cr_assert_eq(chmod(key_path, 0640), 0);
	cr_assert_eq(TAIL("--count", "1"), 78);
	cr_assert_eq(unlink(key_path), 0);
	cr_assert_eq(TAIL("--count", "1"), 78);
}

static int
key(const char *const *words)
{
	struct cmd_globals g = { 0 };
	char *argv[ARGS_MAX];
	int argc = 0;
	int status = 0;
	pid_t child;

	while (*words != NULL)
		argv[argc++] = (char *)*words++;
	child = fork();
	cr_assert_geq(child, 0);
	if (child == 0) {
		if (freopen(out_path, "w", stdout) == NULL ||
		    freopen("/dev/null", "w", stderr) == NULL)
			_exit(99);
		status = cmd_key(&g, argc, argv);
		(void)fflush(stdout);
		_exit(status);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	return WEXITSTATUS(status);
}
#define KEY(...) key((const char *const[]){ "key", __VA_ARGS__, NULL })

Test(cmd_tail, keys_are_made_and_shown)
{
	uint8_t curve[KEYS_SIZE], seal[KEYS_SIZE];
	struct keys_server srv;
	struct stat st;
	struct buf b, made;

	cr_assert_eq(KEY("generate", "-o", key_path), 0);
	b = output();
	cr_assert_eq(keys_capub_get(buf_str(&b), curve, seal, NULL), ERR_OK);
	buf_free(&b);
	cr_assert_eq(stat(key_path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0600);
	cr_assert_eq(KEY("generate", "-o", key_path), 74, "never over one");
	cr_assert_eq(KEY("server", "--key", key_path), 78, "not a server's");
	cr_assert_eq(unlink(key_path), 0);
	cr_assert_eq(KEY("generate", "--server", "-o", key_path), 0);
	made = output();
	cr_assert_eq(keys_casrv_get(buf_str(&made), &srv, NULL), ERR_OK);
	cr_assert_eq(KEY("server", "--key", key_path), 0);
	b = output();
	cr_assert(str_eq(buf_str(&b), buf_str(&made)));
	buf_free(&b);
	buf_free(&made);
	cr_assert_eq(KEY("generate"), 2);
	cr_assert_eq(KEY("lock"), 2);
	cr_assert_eq(chmod(key_path, 0644), 0);
	cr_assert_eq(KEY("server", "--key", key_path), 78);
}

/*
 * test_log.c - what stands in a line, whatever a source calls itself.
 */
#include <criterion/criterion.h>

#include <string.h>
#include <unistd.h>

#include "log.h"

/* What fn writes to stderr. */
static size_t
caught(char *out, size_t size, void (*fn)(void))
{
	int p[2];
	int saved = dup(STDERR_FILENO);
	ssize_t n;

	cr_assert_eq(pipe(p), 0);
	cr_assert_geq(dup2(p[1], STDERR_FILENO), 0);
	fn();
	(void)dup2(saved, STDERR_FILENO);
	(void)close(saved);
	(void)close(p[1]);
	n = read(p[0], out, size - 1);
	(void)close(p[0]);
	out[n < 0 ? 0 : n] = 0;
	return n < 0 ? 0 : (size_t)n;
}

static void
forged(void)
{
	log_name("t");
	log_op(LOG_ERR, "x.y", "feed=%s why=\"%s\" n=%d", "f",
	       "a\" b=\"c\\ \x01\x02\r\n<3>core fake\x7F\xFF\xE4\xBD\xA0", 7);
}

Test(log, nobody_forges_a_line_or_a_value)
{
	char line[2048];

	(void)caught(line, sizeof(line), forged);
	cr_assert_str_eq(line, "<3>t x.y feed=f why=\"a\\\" b=\\\"c\\\\ ????"
			       "<3>core fake?\xFF\xE4\xBD\xA0\" n=7\n");
}

static void
endless(void)
{
	static char big[5000];

	memset(big, '"', sizeof(big) - 1);
	log_op(LOG_ERR, "x.y", "why=\"%s\"", big);
}

Test(log, a_line_has_an_end)
{
	char line[8192];
	size_t n = caught(line, sizeof(line), endless);

	cr_assert_leq(n, 1024);
	cr_assert_eq(line[n - 1], '\n');
	cr_assert_eq(strchr(line, '\n') - line, (long)n - 1);
}

static void
quiet(void)
{
	log_level(LOG_WARN, LOG_WARN);
	log_op(LOG_NOTICE, "x.y", "%s", "z");
	log_feed(LOG_NOTICE, "x.y", "%s", "z");
}

Test(log, above_the_level_nothing_is_said)
{
	char line[64];

	cr_assert_eq(caught(line, sizeof(line), quiet), 0);
}

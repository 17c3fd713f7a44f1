/*
 * cmd_tail.c - creditalarm tail: alerts of a stream as JSON Lines.
 *
 * A line is printed, then acknowledged; what does not verify is reported on
 * stderr and never printed.
 */
#include <stdio.h>
#include <string.h>

#include "alert.h"
#include "clock.h"
#include "cmd.h"
#include "creditalarm.h"
#include "json.h"

#define EXIT_NO 1
#define EXIT_USAGE 2
#define EXIT_UNREACHED 69
#define EXIT_OUT 74
#define EXIT_KEY 78
#define REACH_MS 5000
#define TURN_MS 200
#define LINE_MAX_SIZE (ALERT_BODY_MAX + 4096u)
#define WHOLE_SECONDS_MAX 31536000u

struct tail {
	struct calarm_conf conf;
	int no_ack;
	uint64_t count;      /* 0: for ever */
	uint64_t timeout_ms; /* 0: for ever */
	uint64_t printed;
};

static int
usage(const char *why)
{
	(void)fprintf(stderr, "creditalarm: tail: %s\n", why);
	(void)fputs("usage: creditalarm tail --key FILE --server ENDPOINT "
		    "--server-key CASRV\n"
		    "  [--stream S] [--filter F] [--consumer NAME] "
		    "[--after SEQ] [--no-ack] [--count N] [--timeout S]\n",
		    stderr);
	return EXIT_USAGE;
}

/* An option with a word; false when it is none of ours. */
static bool
word_option(struct tail *t, const char *name, const char *value)
{
	struct {
		const char *name;
		const char **slot;
	} words[] = {
		{ "--key", &t->conf.key_file },
		{ "--server", &t->conf.server },
		{ "--server-key", &t->conf.server_key },
		{ "--stream", &t->conf.stream },
		{ "--filter", &t->conf.filter },
		{ "--consumer", &t->conf.consumer },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(name, words[i].name) == 0) {
			*words[i].slot = value;
			return true;
		}
	return false;
}

static bool
number_option(struct tail *t, const char *name, const char *value)
{
	struct str v = str_of(value);

	if (strcmp(name, "--after") == 0)
		return str_to_u64(v, UINT64_MAX - 1, &t->conf.after_seq) ==
		       ERR_OK;
	if (strcmp(name, "--count") == 0)
		return str_to_u64(v, UINT64_MAX, &t->count) == ERR_OK &&
		       t->count > 0;
	if (strcmp(name, "--timeout") == 0 &&
	    str_to_u64(v, WHOLE_SECONDS_MAX, &t->timeout_ms) == ERR_OK &&
	    t->timeout_ms > 0) {
		t->timeout_ms *= 1000;
		return true;
	}
	return false;
}

static int
options(struct tail *t, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--no-ack") == 0) {
			t->no_ack = 1;
			continue;
		}
		if (i + 1 == argc)
			return usage("an option without its value");
		if (!word_option(t, argv[i], argv[i + 1]) &&
		    !number_option(t, argv[i], argv[i + 1]))
			return usage(argv[i]);
		i++;
	}
	if (t->conf.key_file == NULL || t->conf.server == NULL ||
	    t->conf.server_key == NULL)
		return usage("--key, --server and --server-key are required");
	return 0;
}

static struct str
type_word(int type)
{
	static const char *const words[] = { "first", "later", "retraction",
					     "drill" };

	must(type >= 1 && type <= 4);
	return str_of(words[type - 1]);
}

/* A line feed in JSON can only be a blank: one event, one line. */
static void
one_line(struct buf *b, struct str event)
{
	for (size_t i = 0; i < event.n; i++)
		buf_byte(b, event.p[i] == '\n' || event.p[i] == '\r'
				? (uint8_t)' '
				: (uint8_t)event.p[i]);
}

static bool
print(const struct calarm_alert *a)
{
	struct buf line, event;
	struct jsonw w;
	bool good;

	buf_init(&line, LINE_MAX_SIZE);
	buf_init(&event, LINE_MAX_SIZE);
	one_line(&event, (struct str){ a->event, a->event_len });
	w = jsonw_of(&line);
	jsonw_obj(&w, NULL);
	jsonw_obj(&w, "wire");
	jsonw_str(&w, "stream", str_of(a->stream));
	jsonw_int(&w, "epoch", (int64_t)a->epoch);
	jsonw_int(&w, "seq", (int64_t)a->seq);
	jsonw_str(&w, "type", type_word(a->type));
	jsonw_str(&w, "severity",
		  str_of(severity_text((enum severity)a->severity)));
	jsonw_bool(&w, "redelivered", a->redelivered != 0);
	jsonw_bool(&w, "snapshot", a->snapshot != 0);
	jsonw_time(&w, "time", (int64_t)(a->time_us / 1000));
	jsonw_bool(&w, "verified", true);
	jsonw_end_obj(&w);
	jsonw_raw(&w, "event", buf_str(&event));
	jsonw_end_obj(&w);
	buf_byte(&line, '\n');
	good = line.err == ERR_OK && event.err == ERR_OK &&
	       fwrite(line.p, 1, line.n, stdout) == line.n &&
	       fflush(stdout) == 0;
	buf_free(&line);
	buf_free(&event);
	return good;
}

/* 0 to go on, or -1 - the exit status. */
static int
take(struct tail *t, struct calarm *h, const struct calarm_alert *a)
{
	if (!print(a)) {
		(void)fputs("creditalarm: cannot write\n", stderr);
		return -1 - EXIT_OUT;
	}
	if (!t->no_ack)
		(void)calarm_ack(h, a->seq);
	t->printed++;
	return t->count != 0 && t->printed >= t->count ? -1 : 0;
}

/* The server ended it: an unknown or revoked key counts as not reached. */
static int
refused(const struct calarm *h)
{
	(void)fprintf(stderr, "creditalarm: server: %s\n", calarm_why(h));
	return calarm_code(h) == 4010 ? EXIT_UNREACHED : EXIT_NO;
}

static int
run(struct tail *t, struct calarm *h)
{
	struct clock_os os;
	struct clock clock = clock_os(&os, TIME_NONE);
	int64_t start_ms = clock_now(&clock).mono_ms;
	bool reached = false;

	for (;;) {
		struct calarm_alert a;
		enum calarm_result r = calarm_next(h, TURN_MS, &a);
		int64_t ms = clock_now(&clock).mono_ms - start_ms;
		int step = 0;

		reached = reached || calarm_connected(h) != 0;
		if (r == CALARM_ALERT)
			step = take(t, h, &a);
		else if (r == CALARM_UNVERIFIED)
			(void)fprintf(stderr,
				      "creditalarm: %s seq %llu does not "
				      "verify: %s\n",
				      a.stream, (unsigned long long)a.seq,
				      calarm_why(h));
		else if (r < 0)
			return refused(h);
		if (step < 0)
			return -1 - step;
		if (!reached && ms >= REACH_MS) {
			(void)fputs("creditalarm: server not reached, or key "
				    "refused\n",
				    stderr);
			return EXIT_UNREACHED;
		}
		if (t->timeout_ms != 0 && ms >= (int64_t)t->timeout_ms)
			return t->count == 0 ? 0 : EXIT_NO;
	}
}

int
cmd_tail(int argc, char **argv)
{
	struct tail t = { .conf = { .consumer = "tail",
				    .after_seq = CALARM_CURSOR } };
	char why[CALARM_WHY_SIZE] = "";
	struct calarm *h = NULL;
	enum calarm_result r;
	int status = options(&t, argc, argv);

	if (status != 0)
		return status;
	r = calarm_open(&t.conf, &h, why);
	if (r != CALARM_OK) {
		(void)fprintf(stderr, "creditalarm: %s\n", why);
		return r == CALARM_KEY ? EXIT_KEY : EXIT_USAGE;
	}
	status = run(&t, h);
	calarm_close(&h);
	return status;
}

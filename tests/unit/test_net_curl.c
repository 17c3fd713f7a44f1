/*
 * test_net_curl.c - libcurl behind net.h, against a small server of our own
 * on loopback.
 */
#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net_curl.h"

static const char server[] =
    "import http.server, sys, time, gzip\n"
    "class H(http.server.BaseHTTPRequestHandler):\n"
    "  protocol_version = 'HTTP/1.1'\n"
    "  def log_message(self, *a): pass\n"
    "  def do_GET(self):\n"
    "    p = self.path\n"
    "    body = b'x' * 100000\n"
    "    if p == '/redirect':\n"
    "      self.send_response(302)\n"
    "      self.send_header('ETag', '\"wrong\"')\n"
    "      self.send_header('Location', '/plain')\n"
    "      self.send_header('Content-Length', '0')\n"
    "      self.end_headers(); return\n"
    "    if p.startswith('/hop/') and p != '/hop/0':\n"
    "      self.send_response(302)\n"
    "      self.send_header('Location', '/hop/%d' % (int(p[5:]) - 1))\n"
    "      self.send_header('Content-Length', '0')\n"
    "      self.end_headers(); return\n"
    "    if p.startswith('/head/'):\n"
    "      self.wfile.write(b'HTTP/1.1 200 OK\\r\\n')\n"
    "      rest = int(p[6:]) - 17 - 19 - 2\n"
    "      while rest > 0:\n"
    "        n = rest if rest < 2000 else 1000\n"
    "        self.wfile.write(b'X: ' + b'y' * (n - 5) + b'\\r\\n')\n"
    "        rest -= n\n"
    "      self.wfile.write(b'Content-Length: 0\\r\\n\\r\\n'); return\n"
    "    if p == '/loop' or p == '/away':\n"
    "      self.send_response(302)\n"
    "      self.send_header('Location', p if p == '/loop' else 'file:///etc/passwd')\n"
    "      self.send_header('Content-Length', '0')\n"
    "      self.end_headers(); return\n"
    "    if p == '/tag' and self.headers.get('If-None-Match') == '\"t1\"':\n"
    "      self.send_response(304); self.end_headers(); return\n"
    "    self.send_response(404 if p == '/none' else 200)\n"
    "    if p in ('/tag', '/plain'):\n"
    "      self.send_header('ETag', '\"t1\"')\n"
    "      self.send_header('Last-Modified', 'Tue, 27 Dec 2022 01:12:03 GMT')\n"
    "    if p.startswith('/retry/'):\n"
    "      self.send_header('Retry-After', p[7:].replace('_', ' '))\n"
    "    if p == '/bomb':\n"
    "      body = gzip.compress(b'x' * 5000000)\n"
    "      self.send_header('Content-Encoding', 'gzip')\n"
    "    n = len(body) + (1000 if p == '/cut' else 0)\n"
    "    self.send_header('Content-Length', str(n))\n"
    "    self.end_headers()\n"
    "    if p == '/slow': time.sleep(5)\n"
    "    self.wfile.write(body)\n"
    "    if p == '/cut': self.close_connection = True\n"
    "sys.stderr = open('/dev/null', 'w')\n"
    "s = http.server.ThreadingHTTPServer(('127.0.0.1', 0), H)\n"
    "print(s.server_port, flush=True)\n"
    "s.serve_forever()\n";

static pid_t pid;
static uint64_t port;
static struct net net;

static void
setup(void)
{
	int fd[2];
	char line[32] = "";

	cr_assert_eq(pipe(fd), 0);
	pid = fork();
	if (pid == 0) {
		(void)dup2(fd[1], STDOUT_FILENO);
		(void)execl("/usr/bin/python3", "python3", "-c", server,
			    (char *)NULL);
		_exit(1);
	}
	(void)close(fd[1]);
	cr_assert(read(fd[0], line, sizeof(line) - 1) > 0);
	(void)close(fd[0]);
	cr_assert_eq(str_to_u64(str_trim(str_of(line)), 65535, &port), ERR_OK);
	cr_assert_eq(net_curl_new(&net), ERR_OK);
}

static void
teardown(void)
{
	net_curl_free(&net);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

TestSuite(net_curl, .init = setup, .fini = teardown, .timeout = 20);

struct seen {
	unsigned heads;
	int status;
	int64_t retry_ms;
	int64_t bytes;
	enum net_event_type last;
	char etag[64];
	char last_modified[64];
	char detail[DIAG_WHY_SIZE];
};

static struct net_request
request(char url[128], const char *path)
{
	(void)snprintf(url, 128, "http://127.0.0.1:%lu%s", port, path);
	return (struct net_request){ .id = 1,
				     .url = str_of(url),
				     .user_agent = S("test/1"),
				     .timeout_ms = 10000,
				     .wire_max = 1 << 20,
				     .decoded_max = 1 << 20,
				     .allow_private = 1 };
}

/* Runs one transfer to its end. */
static void
run(const struct net_request *q, struct seen *s)
{
	/* 27 Dec 2022 01:12:03 GMT */
	struct instant now = { 0, 1672103523000 };
	struct net_event ev = { 0 };

	*s = (struct seen){ .last = NET_HEAD };
	cr_assert_eq(net.start(net.self, q, now), ERR_OK);
	while (s->last != NET_DONE && s->last != NET_FAILED) {
		struct pollfd pfd[8];
		int fds[8];
		int64_t wait = 100;
		size_t n;

		if (net.next(net.self, now, &ev) == ERR_AGAIN) {
			n = net.fds(net.self, fds, 8, &wait);
			for (size_t i = 0; i < n; i++)
				pfd[i] = (struct pollfd){ fds[i], POLLIN, 0 };
			(void)poll(pfd, n, (int)wait);
			continue;
		}
		cr_assert_eq(ev.id, q->id);
		s->last = ev.type;
		s->status = ev.status;
		if (ev.type == NET_HEAD) {
			s->heads++;
			s->retry_ms = ev.retry_ms;
			(void)snprintf(s->etag, 64, "%.*s", STR_ARG(ev.etag));
			(void)snprintf(s->last_modified, 64, "%.*s",
				       STR_ARG(ev.last_modified));
		}
		if (ev.type == NET_BYTES) {
			cr_assert_leq(ev.bytes.n, NET_CHUNK_MAX);
			s->bytes += (int64_t)ev.bytes.n;
		}
		(void)snprintf(s->detail, sizeof(s->detail), "%s", ev.detail);
	}
	cr_assert_eq(net.next(net.self, now, &ev), ERR_AGAIN);
}

Test(net_curl, a_body_and_its_validators)
{
	char url[128];
	struct net_request q = request(url, "/plain");
	struct seen s;

	run(&q, &s);
	cr_assert_eq(s.last, NET_DONE, "%s", s.detail);
	cr_assert_eq(s.heads, 1);
	cr_assert_eq(s.status, 200);
	cr_assert_eq(s.bytes, 100000);
	cr_assert_str_eq(s.etag, "\"t1\"");
	cr_assert_str_eq(s.last_modified, "Tue, 27 Dec 2022 01:12:03 GMT");
}

/* Seconds or a date; what cannot be read is as if it was not there. */
Test(net_curl, how_long_a_server_asks_to_wait)
{
	static const struct {
		const char *path;
		int64_t want;
	} row[] = {
		{ "/plain", TIME_NONE },
		{ "/retry/120", 120000 },
		{ "/retry/0", 0 },
		{ "/retry/315360000", 315360000000 },
		{ "/retry/99999999999999999999", TIME_NONE },
		{ "/retry/-5", TIME_NONE },
		{ "/retry/soon", TIME_NONE },
		{ "/retry/Tue,_27_Dec_2022_01:42:03_GMT", 1800000 },
		{ "/retry/Tue,_27_Dec_2022_01:12:02_GMT", 0 },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		char url[128];
		struct net_request q = request(url, row[i].path);
		struct seen s;

		run(&q, &s);
		cr_assert_eq(s.last, NET_DONE, "%s", s.detail);
		cr_assert_eq(s.retry_ms, row[i].want, "%s: %lld",
			     row[i].path, (long long)s.retry_ms);
	}
}

Test(net_curl, not_modified)
{
	char url[128];
	struct net_request q = request(url, "/tag");
	struct seen s;

	q.etag = S("\"t1\"");
	run(&q, &s);
	cr_assert_eq(s.last, NET_DONE);
	cr_assert_eq(s.heads, 1);
	cr_assert_eq(s.status, 304);
	cr_assert_eq(s.bytes, 0);
	/* A validator that would make a second header is not sent. */
	q.etag = S("\"t1\"\r\nX: y");
	run(&q, &s);
	cr_assert_eq(s.status, 200);
}

Test(net_curl, redirects_within_reason)
{
	char url[128];
	struct net_request q = request(url, "/redirect");
	struct seen s;

	run(&q, &s);
	cr_assert_eq(s.last, NET_DONE, "%s", s.detail);
	cr_assert_eq(s.heads, 1);
	cr_assert_eq(s.status, 200);
	cr_assert_str_eq(s.etag, "\"t1\"");
	q = request(url, "/loop");
	run(&q, &s);
	cr_assert_eq(s.last, NET_FAILED);
	q = request(url, "/away");
	run(&q, &s);
	cr_assert_eq(s.last, NET_FAILED);
	cr_assert_eq(s.bytes, 0);
}

Test(net_curl, private_addresses_are_refused_at_the_socket)
{
	char url[128];
	struct net_request q = request(url, "/plain");
	struct seen s;

	q.allow_private = 0;
	run(&q, &s);
	cr_assert_eq(s.last, NET_FAILED);
	/* Not even https gets there. */
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%lu/", port);
	q.url = str_of(url);
	run(&q, &s);
	cr_assert_eq(s.last, NET_FAILED);
	cr_assert_str_eq(s.detail, "a private address");
	(void)snprintf(url, sizeof(url), "https://[::ffff:127.0.0.1]:%lu/",
		       port);
	q.url = str_of(url);
	run(&q, &s);
	cr_assert_str_eq(s.detail, "a private address");
	(void)snprintf(url, sizeof(url), "https://[::1]:%lu/", port);
	q.url = str_of(url);
	run(&q, &s);
	cr_assert_str_eq(s.detail, "a private address");
	q.url = S("file:///etc/passwd");
	q.allow_private = 1;
	run(&q, &s);
	cr_assert_eq(s.last, NET_FAILED);
}

Test(net_curl, limits_at_the_limit_and_one_less)
{
	char url[128];
	struct net_request q = request(url, "/plain");
	struct seen s;

	q.decoded_max = 100000;
	q.wire_max = 100000;
	run(&q, &s);
	cr_assert_eq(s.last, NET_DONE, "%s", s.detail);
	q.decoded_max = 99999;
	run(&q, &s);
	cr_assert_eq(s.last, NET_FAILED);
	cr_assert_str_eq(s.detail, "more than decoded_max bytes");
	/* Five megabytes in five kilobytes. */
	q = request(url, "/bomb");
	run(&q, &s);
	cr_assert_eq(s.last, NET_FAILED);
	cr_assert_str_eq(s.detail, "more than decoded_max bytes");
	cr_assert_leq(s.bytes, 1 << 20);
}

Test(net_curl, a_cut_body_and_a_slow_server_fail)
{
	char url[128];
	struct net_request q = request(url, "/cut");
	struct seen s;

	run(&q, &s);
	cr_assert_eq(s.last, NET_FAILED);
	q = request(url, "/slow");
	q.timeout_ms = 300;
	run(&q, &s);
	cr_assert_eq(s.last, NET_FAILED);
	q = request(url, "/none");
	run(&q, &s);
	cr_assert_eq(s.status, 404);
}

Test(net_curl, a_cancelled_transfer_says_nothing_more)
{
	char url[128];
	struct net_request q = request(url, "/plain");
	struct instant now = { 0 };
	struct net_event ev;
	struct seen s;

	cr_assert_eq(net.start(net.self, &q, now), ERR_OK);
	while (net.next(net.self, now, &ev) != ERR_OK || ev.type != NET_BYTES)
		(void)poll(NULL, 0, 1);
	net.cancel(net.self, 1);
	for (int i = 0; i < 20; i++) {
		cr_assert_eq(net.next(net.self, now, &ev), ERR_AGAIN);
		(void)poll(NULL, 0, 1);
	}
	run(&q, &s);
	cr_assert_eq(s.last, NET_DONE);
}

Test(net_curl, redirects_at_the_limit_and_one_more)
{
	char url[128];
	char path[32];
	struct seen s;

	for (int more = 0; more < 2; more++) {
		struct net_request q;

		(void)snprintf(path, sizeof(path), "/hop/%d",
			       NET_REDIRECTS_MAX + more);
		q = request(url, path);
		run(&q, &s);
		cr_assert_eq(s.last, more == 0 ? NET_DONE : NET_FAILED, "%s",
			     s.detail);
	}
}

Test(net_curl, headers_at_the_limit_and_one_more_byte)
{
	char url[128];
	char path[32];
	struct seen s;

	for (unsigned more = 0; more < 2; more++) {
		struct net_request q;

		(void)snprintf(path, sizeof(path), "/head/%u",
			       NET_HEADER_MAX + more);
		q = request(url, path);
		run(&q, &s);
		cr_assert_eq(s.last, more == 0 ? NET_DONE : NET_FAILED, "%s",
			     s.detail);
		if (more > 0)
			cr_assert(str_contains(str_of(s.detail), S("65536")),
				  "%s", s.detail);
	}
}

Test(net_curl, transfers_at_the_limit_and_one_more)
{
	char url[128];
	struct net_request q = request(url, "/slow");
	struct instant now = { 0 };

	for (uint64_t i = 1; i <= NET_TRANSFERS_MAX; i++) {
		q.id = i;
		cr_assert_eq(net.start(net.self, &q, now), ERR_OK);
	}
	q.id = NET_TRANSFERS_MAX + 1;
	cr_assert_eq(net.start(net.self, &q, now), ERR_LIMIT);
	for (uint64_t i = 1; i <= NET_TRANSFERS_MAX; i++)
		net.cancel(net.self, i);
	cr_assert_eq(net.start(net.self, &q, now), ERR_OK);
}

/*
 * net_curl.c - the only file that knows libcurl.
 *
 * libcurl pushes, net.h pulls: what one round of reading brought is kept per
 * transfer, and the transfer rests until all of it was taken.  It is never
 * paused from within the write callback: libcurl would keep the rest of what
 * it unpacked and copy all of it at every piece, seconds for a gzip bomb.
 */
#include "net_curl.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "feed.h"
#include "log.h"

#define CONNECT_MS_MAX 15000L
#define STALL_S_MAX 60L /* without a byte */
#define HTTP_OK 200
#define FIELD_SIZE 1024u
#define URL_MORE 128u /* a stream's cursor behind it */
#define WAIT_WRITE_MS 10
#define WAIT_ACTIVE_MS 200
#define HEADER_LIMIT "more than 65536 bytes of header"
#define AHEAD_MAX (8u << 20) /* unpacked from one round of reading */

_Static_assert(NET_HEADER_MAX == 65536, "HEADER_LIMIT tells it");
_Static_assert(URL_MORE > 1 + STR_ID_MAX + 1 + 20 + 1, "a cursor fits");

struct transfer {
	struct net_curl *net;
	uint64_t id; /* 0: free */
	CURL *easy;
	struct curl_slist *headers;
	struct buf chunk;
	size_t chunk_from; /* taken already */
	size_t lent_n;	   /* of it, with the caller */
	char etag[FIELD_SIZE];
	char last_modified[FIELD_SIZE];
	char error[CURL_ERROR_SIZE];
	const char *limit; /* why we cut it off */
	int64_t decoded;
	int64_t decoded_max;
	int64_t wire_max;
	size_t header_n; /* of all responses, interim and trailing too */
	int allow_private;
	int64_t retry_ms; /* as the server asked; TIME_NONE: nothing */
	bool held;
	bool paused;
	bool head_ready; /* all of it came, and it is 200 */
	bool head_told;
	bool done;
	CURLcode code;
};

struct net_curl {
	CURLM *multi;
	int64_t wall_ms; /* of the call at hand, for dates in headers */
	struct transfer transfer[NET_TRANSFERS_MAX];
	struct transfer *lent; /* its chunk is with the caller */
	size_t turn;	       /* nobody waits behind a fast one */
};

/* ---- callbacks of libcurl ---- */

static size_t
on_body(char *p, size_t size, size_t n, void *self)
{
	struct transfer *t = self;
	int64_t more = (int64_t)(size * n);

	t->decoded += more;
	if (t->decoded > t->decoded_max) {
		t->limit = "more than decoded_max bytes";
		return 0;
	}
	buf_put(&t->chunk, (struct str){ p, (size_t)more });
	if (t->chunk.err != ERR_OK)
		t->limit = "unpacks to far more than it is";
	return t->chunk.err == ERR_OK ? (size_t)more : 0;
}

/* The value of header name in line, or STR_NONE. */
static struct str
header_value(struct str line, const char *name)
{
	struct str key = str_cut(&line, ':');

	if (key.n != strlen(name) || strncasecmp(key.p, name, key.n) != 0)
		return STR_NONE;
	return str_trim(line);
}

static void
keep(char dst[FIELD_SIZE], struct str s)
{
	if (s.p != NULL && str_copy(dst, FIELD_SIZE, s) != ERR_OK)
		dst[0] = 0;
}

/* Retry-After: seconds, or a date. */
static int64_t
retry_after(struct str value, int64_t wall_ms)
{
	char text[64];
	uint64_t seconds = 0;
	int64_t at;

	if (str_to_u64(value, INT32_MAX, &seconds) == ERR_OK)
		return (int64_t)seconds * 1000;
	if (value.n == 0 || str_copy(text, sizeof(text), value) != ERR_OK)
		return TIME_NONE;
	at = (int64_t)curl_getdate(text, NULL);
	if (at < 0)
		return TIME_NONE;
	return at * 1000 <= wall_ms ? 0 : at * 1000 - wall_ms;
}

static size_t
on_header(char *p, size_t size, size_t n, void *self)
{
	struct transfer *t = self;
	struct str line = { p, size * n };
	struct str value;
	long status = 0;

	t->header_n += line.n;
	if (t->header_n > NET_HEADER_MAX) {
		t->limit = HEADER_LIMIT;
		return 0;
	}
	/* A new response, after a redirect: what came before is not ours. */
	if (str_starts(line, S("HTTP/"))) {
		t->etag[0] = 0;
		t->last_modified[0] = 0;
		t->retry_ms = TIME_NONE;
	}
	keep(t->etag, header_value(line, "etag"));
	keep(t->last_modified, header_value(line, "last-modified"));
	if (str_trim(line).n == 0) {
		(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE,
					&status);
		t->head_ready = status == HTTP_OK;
	}
	value = header_value(line, "retry-after");
	if (value.p != NULL)
		t->retry_ms = retry_after(value, t->net->wall_ms);
	return line.n;
}

static int
on_progress(void *self, curl_off_t total, curl_off_t now, curl_off_t up_total,
	    curl_off_t up)
{
	struct transfer *t = self;

	(void)total, (void)up_total, (void)up;
	if (now <= t->wire_max)
		return 0;
	t->limit = "more than wire_max bytes";
	return 1;
}

static bool
private_v4(uint32_t a)
{
	static const struct {
		uint32_t net;
		int bits;
	} table[] = {
		{ 0x00000000, 8 },  { 0x0A000000, 8 },	{ 0x64400000, 10 },
		{ 0x7F000000, 8 },  { 0xA9FE0000, 16 }, { 0xAC100000, 12 },
		{ 0xC0000000, 24 }, { 0xC0A80000, 16 }, { 0xC6120000, 15 },
		{ 0xE0000000, 3 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if ((a ^ table[i].net) >> (32 - table[i].bits) == 0)
			return true;
	return false;
}

static bool
private_v6(const uint8_t a[16])
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0,
					    0, 0, 0, 0, 0xFF, 0xFF };
	static const uint8_t nat64[12] = { 0, 0x64, 0xFF, 0x9B };
	uint32_t v4 = (uint32_t)a[12] << 24 | (uint32_t)a[13] << 16 |
		      (uint32_t)a[14] << 8 | a[15];

	if (memcmp(a, mapped, 12) == 0 || memcmp(a, nat64, 12) == 0)
		return private_v4(v4);
	/* Global unicast is 2000::/3; 6to4 (2002::/16) hides an IPv4. */
	if (a[0] == 0x20 && a[1] == 0x02)
		return true;
	return (a[0] & 0xE0) != 0x20;
}

static bool
is_private(const struct sockaddr *addr)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (addr->sa_family == AF_INET) {
		memcpy(&v4, addr, sizeof(v4));
		return private_v4(ntohl(v4.sin_addr.s_addr));
	}
	if (addr->sa_family != AF_INET6)
		return true;
	memcpy(&v6, addr, sizeof(v6));
	return private_v6(v6.sin6_addr.s6_addr);
}

/* The address that will be connected to, whatever the name said. */
static curl_socket_t
on_socket(void *self, curlsocktype type, struct curl_sockaddr *addr)
{
	struct transfer *t = self;

	if (type != CURLSOCKTYPE_IPCXN)
		return CURL_SOCKET_BAD;
	if (!t->allow_private && is_private(&addr->addr)) {
		t->limit = "a private address";
		return CURL_SOCKET_BAD;
	}
	return socket(addr->family, addr->socktype | SOCK_CLOEXEC,
		      addr->protocol);
}

/* ---- one transfer ---- */

static void
transfer_free(struct transfer *t)
{
	if (t->easy != NULL) {
		(void)curl_multi_remove_handle(t->net->multi, t->easy);
		curl_easy_cleanup(t->easy);
	}
	curl_slist_free_all(t->headers);
	if (t->net->lent == t)
		t->net->lent = NULL;
	buf_free(&t->chunk);
	*t = (struct transfer){ .net = t->net };
}

/* "Name: " and a value that cannot make a second header; or the whole. */
static bool
header_add(struct transfer *t, const char *name, struct str value)
{
	char line[FIELD_SIZE + 128];
	struct curl_slist *list;

	if (value.n == 0 || value.n > FIELD_SIZE + 80)
		return true;
	for (size_t i = 0; i < value.n; i++)
		if ((unsigned char)value.p[i] < 0x20)
			return true;
	(void)snprintf(line, sizeof(line), "%s%.*s", name, STR_ARG(value));
	list = curl_slist_append(t->headers, line);
	explicit_bzero(line, sizeof(line));
	if (list == NULL)
		return false;
	t->headers = list;
	return true;
}

static bool
headers_add(struct transfer *t, const struct net_request *r)
{
	for (size_t i = 0; i < r->header_count; i++)
		if (!header_add(t, "", r->headers[i]))
			return false;
	return header_add(t, "If-None-Match: ", r->etag) &&
	       header_add(t, "If-Modified-Since: ", r->last_modified) &&
	       header_add(t, "", r->secret);
}

/* Every option or none: a transfer without one of these is not safe. */
#define SET(option, value)                                                     \
	(ok = ok && curl_easy_setopt(t->easy, option, value) == CURLE_OK)

static bool
set_safety(struct transfer *t, const struct net_request *r)
{
	/* Who asked for https never ends up in the clear. */
	bool clear = r->allow_private && str_starts(r->url, S("http://"));
	const char *protocols = clear ? "https,http" : "https";
	struct curl_blob pem = { .data = (void *)(uintptr_t)r->ca_pem.p,
				 .len = r->ca_pem.n,
				 .flags = CURL_BLOB_COPY };
	bool ok = true;

	SET(CURLOPT_PROTOCOLS_STR, protocols);
	SET(CURLOPT_REDIR_PROTOCOLS_STR, protocols);
	/* A key goes to no other place than it is for. */
	SET(CURLOPT_FOLLOWLOCATION, r->user.n > 0 || r->secret.n > 0 ? 0L :
								       1L);
	SET(CURLOPT_MAXREDIRS, (long)NET_REDIRECTS_MAX);
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
	SET(CURLOPT_OPENSOCKETDATA, t);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS_MAX);
	/* Who opened a stream watches it himself. */
	if (!r->stream) {
		SET(CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
		SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
		SET(CURLOPT_LOW_SPEED_TIME, STALL_S_MAX);
	}
	if (r->ca_pem.n > 0)
		SET(CURLOPT_CAINFO_BLOB, &pem);
	return ok;
}

/* A key of the source, and the way out of this network. */
static bool
set_way(struct transfer *t, const struct net_request *r)
{
	char user[FIELD_SIZE + 1];
	char password[FIELD_SIZE + 1];
	char proxy[FEED_URL_MAX + 1];
	bool ok = str_copy(user, sizeof(user), r->user) == ERR_OK &&
		  str_copy(password, sizeof(password), r->password) ==
		      ERR_OK &&
		  str_copy(proxy, sizeof(proxy), r->proxy) == ERR_OK;

	/* Empty: none, whatever the environment says. */
	SET(CURLOPT_PROXY, proxy);
	SET(CURLOPT_NOPROXY, "");
	SET(CURLOPT_HTTPPROXYTUNNEL, 1L);
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	if (r->user.n > 0) {
		SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		SET(CURLOPT_USERNAME, user);
		SET(CURLOPT_PASSWORD, password);
	}
	explicit_bzero(user, sizeof(user));
	explicit_bzero(password, sizeof(password));
	return ok;
}

static bool
set_rest(struct transfer *t, const char *url, const char *agent)
{
	bool ok = true;

	SET(CURLOPT_URL, url);
	SET(CURLOPT_USERAGENT, agent);
	SET(CURLOPT_HTTPHEADER, t->headers);
	SET(CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, t);
	SET(CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(CURLOPT_XFERINFODATA, t);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_ERRORBUFFER, t->error);
	SET(CURLOPT_PRIVATE, t);
	return ok;
}

static enum err
net_start(void *self, const struct net_request *r, struct instant now)
{
	struct net_curl *n = self;
	struct transfer *t = NULL;
	char url[FEED_URL_MAX + URL_MORE];
	char agent[FEED_AGENT_MAX + 1];

	n->wall_ms = now.wall_ms;
	for (size_t i = 0; i < NET_TRANSFERS_MAX && t == NULL; i++)
		if (n->transfer[i].id == 0)
			t = &n->transfer[i];
	if (t == NULL)
		return ERR_LIMIT;
	if (str_copy(url, sizeof(url), r->url) != ERR_OK ||
	    str_copy(agent, sizeof(agent), r->user_agent) != ERR_OK)
		return ERR_INPUT;
	t->id = r->id;
	t->decoded_max = r->stream ? INT64_MAX : r->decoded_max;
	t->wire_max = r->stream ? INT64_MAX : r->wire_max;
	t->retry_ms = TIME_NONE;
	t->allow_private = r->allow_private;
	buf_init(&t->chunk, AHEAD_MAX);
	t->easy = curl_easy_init();
	if (t->easy == NULL || !headers_add(t, r) || !set_safety(t, r) ||
	    !set_way(t, r) || !set_rest(t, url, agent) ||
	    curl_multi_add_handle(n->multi, t->easy) != CURLM_OK) {
		transfer_free(t);
		return ERR_NET;
	}
	return ERR_OK;
}

static void
net_cancel(void *self, uint64_t id)
{
	struct net_curl *n = self;

	for (size_t i = 0; i < NET_TRANSFERS_MAX; i++)
		if (id != 0 && n->transfer[i].id == id)
			transfer_free(&n->transfer[i]);
}

static void
net_hold(void *self, uint64_t id, bool held)
{
	struct net_curl *n = self;

	for (size_t i = 0; i < NET_TRANSFERS_MAX; i++)
		if (id != 0 && n->transfer[i].id == id)
			n->transfer[i].held = held;
}

/* ---- events ---- */

/* Who brought something rests until it was taken. */
static void
rest(struct net_curl *n)
{
	for (size_t i = 0; i < NET_TRANSFERS_MAX; i++) {
		struct transfer *t = &n->transfer[i];

		if (t->id == 0 || t->done || t->paused || t->chunk.n == 0)
			continue;
		t->paused = true;
		(void)curl_easy_pause(t->easy, CURLPAUSE_RECV);
	}
}

static void
perform(struct net_curl *n)
{
	CURLMsg *m;
	int running = 0;
	int left = 0;

	(void)curl_multi_perform(n->multi, &running);
	for (;;) {
		struct transfer *t = NULL;

		m = curl_multi_info_read(n->multi, &left);
		if (m == NULL)
			break;
		if (m->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t) !=
			CURLE_OK ||
		    t == NULL)
			continue;
		t->done = true;
		t->code = m->data.result;
	}
	rest(n);
}

/* The chunk lent at the last call is given back and the body flows on. */
static void
give_back(struct net_curl *n)
{
	struct transfer *t = n->lent;

	n->lent = NULL;
	if (t == NULL)
		return;
	t->chunk_from += t->lent_n;
	if (t->chunk_from < t->chunk.n)
		return;
	buf_clear(&t->chunk);
	t->chunk_from = 0;
	if (t->paused && !t->done) {
		t->paused = false;
		(void)curl_easy_pause(t->easy, CURLPAUSE_CONT);
	}
}

static void
tell_end(struct transfer *t, struct net_event *out)
{
	const char *why = t->limit;

	if (t->code == CURLE_OK && why == NULL) {
		out->type = NET_DONE;
	} else {
		out->type = NET_FAILED;
		/* libcurl's own cap of one line says only this. */
		if (why == NULL && t->code == CURLE_OUT_OF_MEMORY)
			why = "a header line over 100 KiB, or no memory";
		if (why == NULL)
			why = t->error[0] != 0 ? t->error :
						 curl_easy_strerror(t->code);
		(void)snprintf(out->detail, sizeof(out->detail), "%s", why);
	}
	transfer_free(t);
}

/* What this transfer has to say; false when nothing. */
static bool
tell(struct net_curl *n, struct transfer *t, struct net_event *out)
{
	long status = 0;
	bool failed = t->done && (t->code != CURLE_OK || t->limit != NULL);

	bool head = t->head_ready && !t->head_told;

	if (t->id == 0 || t->held || (t->chunk.n == 0 && !t->done && !head))
		return false;
	*out = (struct net_event){ .id = t->id };
	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	out->status = (int)status;
	if (!t->head_told && !failed) {
		t->head_told = true;
		out->type = NET_HEAD;
		out->etag = str_of(t->etag);
		out->last_modified = str_of(t->last_modified);
		out->retry_ms = t->retry_ms;
		return true;
	}
	if (t->chunk.n > 0 && !failed) {
		out->type = NET_BYTES;
		out->bytes = str_sub(buf_str(&t->chunk), t->chunk_from,
				     NET_CHUNK_MAX);
		t->lent_n = out->bytes.n;
		n->lent = t;
		return true;
	}
	tell_end(t, out);
	return true;
}

static bool
tell_any(struct net_curl *n, struct net_event *out)
{
	for (size_t i = 0; i < NET_TRANSFERS_MAX; i++) {
		size_t at = (n->turn + i) % NET_TRANSFERS_MAX;

		if (tell(n, &n->transfer[at], out)) {
			n->turn = at + 1;
			return true;
		}
	}
	return false;
}

static enum err
net_next(void *self, struct instant now, struct net_event *out)
{
	struct net_curl *n = self;

	n->wall_ms = now.wall_ms;
	give_back(n);
	if (tell_any(n, out))
		return ERR_OK;
	perform(n);
	return tell_any(n, out) ? ERR_OK : ERR_AGAIN;
}

static size_t
net_fds(void *self, int *fds, size_t max, int64_t *wait_ms)
{
	struct net_curl *n = self;
	fd_set in;
	fd_set out;
	fd_set bad;
	int top = -1;
	long timer = -1;
	size_t count = 0;
	bool active = false;
	int64_t wait = *wait_ms;

	for (size_t i = 0; i < NET_TRANSFERS_MAX; i++)
		active = active || n->transfer[i].id != 0;
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&bad);
	(void)curl_multi_fdset(n->multi, &in, &out, &bad, &top);
	(void)curl_multi_timeout(n->multi, &timer);
	if (timer >= 0 && timer < wait)
		wait = timer;
	if (active && wait > WAIT_ACTIVE_MS)
		wait = WAIT_ACTIVE_MS;
	for (int fd = 0; fd <= top; fd++) {
		if (FD_ISSET(fd, &in) && count < max)
			fds[count++] = fd;
		/* The loop wakes on reading only. */
		if (FD_ISSET(fd, &out) && wait > WAIT_WRITE_MS)
			wait = WAIT_WRITE_MS;
	}
	/* The resolver's thread has no descriptor to wake on. */
	if (active && top < 0 && wait > WAIT_WRITE_MS)
		wait = WAIT_WRITE_MS;
	*wait_ms = wait;
	return count;
}

enum err
net_curl_new(struct net *out)
{
	struct net_curl *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return ERR_LIMIT;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		n->multi = curl_multi_init();
	if (n->multi == NULL) {
		free(n);
		return ERR_NET;
	}
	for (size_t i = 0; i < NET_TRANSFERS_MAX; i++)
		n->transfer[i].net = n;
	*out = (struct net){ .start = net_start,
			     .cancel = net_cancel,
			     .hold = net_hold,
			     .next = net_next,
			     .fds = net_fds,
			     .self = n };
	return ERR_OK;
}

void
net_curl_free(struct net *net)
{
	struct net_curl *n = net->self;

	if (n == NULL)
		return;
	for (size_t i = 0; i < NET_TRANSFERS_MAX; i++)
		if (n->transfer[i].id != 0)
			transfer_free(&n->transfer[i]);
	(void)curl_multi_cleanup(n->multi);
	free(n);
	curl_global_cleanup();
	*net = (struct net){ 0 };
}

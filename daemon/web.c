/*
 * web.c - the only file that knows libmicrohttpd.
 *
 * No thread: libmicrohttpd gives one epoll descriptor to the role's loop and
 * works inside step.
 */
#include "web.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "conf.h"
#include "log.h"

#define CONF_ARENA_SIZE (1u << 20)
#define CONF_ERRORS_SIZE 65536u
#define TEXT "text/plain; charset=utf-8"
#define OPENMETRICS                                                            \
	"application/openmetrics-text; version=1.0.0; charset=utf-8"

struct web {
	struct role *role;
	struct MHD_Daemon *http; /* owned */
	struct arena arena;
	struct conf conf;
	struct buf text; /* the last counters */
	struct buf why;
	bool ready;
	int64_t heard_ms; /* mono; INT64_MIN before the first */
	int64_t now_ms;
};

static enum MHD_Result
reply(struct MHD_Connection *k, unsigned status, const char *type,
      struct str body)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(
	    body.n, (void *)(uintptr_t)body.p, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result done;

	if (r == NULL)
		return MHD_NO;
	(void)MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	(void)MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL,
				      "no-store");
	(void)MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	done = MHD_queue_response(k, status, r);
	MHD_destroy_response(r);
	return done;
}

static enum MHD_Result
answer(void *self, struct MHD_Connection *k, const char *url,
       const char *method, const char *version, const char *upload,
       size_t *upload_size, void **state)
{
	struct web *w = self;
	bool heard = w->heard_ms != INT64_MIN &&
		     w->now_ms - w->heard_ms <= WEB_STALE_MS;

	(void)version, (void)upload, (void)state;
	if (*upload_size > 0)
		return MHD_NO;
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return reply(k, MHD_HTTP_METHOD_NOT_ALLOWED, TEXT,
			     S("only GET\n"));
	if (strcmp(url, "/healthz") == 0)
		return reply(k, MHD_HTTP_OK, TEXT, S("ok\n"));
	if (strcmp(url, "/metrics") != 0 && strcmp(url, "/readyz") != 0)
		return reply(k, MHD_HTTP_NOT_FOUND, TEXT, S("not here\n"));
	if (!heard)
		return reply(k, MHD_HTTP_SERVICE_UNAVAILABLE, TEXT,
			     S("core does not answer\n"));
	if (strcmp(url, "/metrics") == 0)
		return reply(k, MHD_HTTP_OK, OPENMETRICS, buf_str(&w->text));
	return w->ready ? reply(k, MHD_HTTP_OK, TEXT, S("ready\n")) :
			  reply(k, MHD_HTTP_SERVICE_UNAVAILABLE, TEXT,
				buf_str(&w->why));
}

enum err
web_address(struct str at, struct sockaddr_storage *out)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	bool six = str_starts(at, S("["));
	struct str host = at;
	struct str rest;
	char text[64];
	uint64_t port = 0;

	if (six)
		host = str_sub(at, 1, at.n);
	rest = host;
	host = str_cut(&rest, six ? ']' : ':');
	if (six && str_starts(rest, S(":")))
		rest = str_sub(rest, 1, rest.n);
	if (str_copy(text, sizeof(text), host) != ERR_OK ||
	    str_to_u64(rest, 65535, &port) != ERR_OK || port == 0)
		return ERR_CONFIG;
	v4.sin_port = htons((uint16_t)port);
	v6.sin6_port = htons((uint16_t)port);
	if (inet_pton(six ? AF_INET6 : AF_INET, text,
		      six ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr) != 1)
		return ERR_CONFIG;
	*out = (struct sockaddr_storage){ 0 };
	if (six)
		memcpy(out, &v6, sizeof(v6));
	else
		memcpy(out, &v4, sizeof(v4));
	return ERR_OK;
}

static enum err
listen_on(struct web *w)
{
	struct sockaddr_storage at;
	unsigned flags = MHD_USE_EPOLL;

	if (web_address(w->conf.web_endpoint, &at) != ERR_OK) {
		log_op(LOG_ERR, "web.endpoint", "why=\"not ADDRESS:PORT\"");
		return ERR_CONFIG;
	}
	if (at.ss_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	w->http = MHD_start_daemon(
	    flags, 0, NULL, NULL, answer, w, MHD_OPTION_SOCK_ADDR, &at,
	    MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
	    MHD_OPTION_CONNECTION_LIMIT, WEB_CONNECTIONS_MAX,
	    MHD_OPTION_CONNECTION_TIMEOUT, WEB_IDLE_S,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)WEB_REQUEST_MAX,
	    MHD_OPTION_END);
	if (w->http == NULL) {
		log_op(LOG_ERR, "web.listen", "endpoint=%.*s why=\"%s\"",
		       STR_ARG(w->conf.web_endpoint), strerror(errno));
		return ERR_NET;
	}
	return ERR_OK;
}

static void web_fini(struct role *r);

static enum err
web_init(struct role *r, struct instant now)
{
	struct web *w = calloc(1, sizeof(*w));
	struct buf errors;
	enum err err;

	(void)now;
	if (w == NULL)
		return ERR_LIMIT;
	r->state = w;
	w->role = r;
	w->heard_ms = INT64_MIN;
	buf_init(&w->text, MSG_MAX);
	buf_init(&w->why, 1024);
	buf_init(&errors, CONF_ERRORS_SIZE);
	err = arena_init(&w->arena, CONF_ARENA_SIZE);
	if (err == ERR_OK)
		err = conf_get(bundle_find(r->bundle, S("creditalarm.yaml")),
			       S("creditalarm.yaml"), &w->arena, &w->conf,
			       &errors);
	buf_free(&errors);
	if (err == ERR_OK)
		err = listen_on(w);
	if (err != ERR_OK)
		web_fini(r);
	return err;
}

/* Only MSG_COUNTERS comes from core. */
static enum err
take(struct web *w, const struct msg *m)
{
	struct rd r = rd_of(m->body);
	uint8_t ready = rd_u8(&r);
	struct str why = rd_blob(&r);
	struct str text = rd_blob(&r);

	if (m->type != MSG_COUNTERS || rd_end(&r) != ERR_OK)
		return ERR_PEER;
	w->ready = ready == 1;
	w->heard_ms = w->now_ms;
	buf_clear(&w->why);
	buf_put(&w->why, why);
	buf_byte(&w->why, '\n');
	buf_clear(&w->text);
	buf_put(&w->text, text);
	return ERR_OK;
}

static enum err
web_step(struct role *r, struct instant now, int64_t *wait_ms)
{
	struct web *w = r->state;
	struct link *core = r->link[PEER_CORE];
	unsigned MHD_LONG_LONG timeout = 0;
	struct msg m;

	w->now_ms = now.mono_ms;
	while (core != NULL && link_take(core, &m) == ERR_OK) {
		enum err err = take(w, &m);

		if (err != ERR_OK)
			return err;
	}
	if (MHD_run(w->http) != MHD_YES)
		return ERR_NET;
	*wait_ms = 1000;
	if (MHD_get_timeout(w->http, &timeout) == MHD_YES &&
	    timeout < (unsigned MHD_LONG_LONG)*wait_ms)
		*wait_ms = (int64_t)timeout;
	return ERR_OK;
}

static size_t
web_fds(struct role *r, int *fds, size_t max)
{
	struct web *w = r->state;
	const union MHD_DaemonInfo *info =
	    MHD_get_daemon_info(w->http, MHD_DAEMON_INFO_EPOLL_FD);

	if (info == NULL || max == 0)
		return 0;
	fds[0] = info->epoll_fd;
	return 1;
}

static void
web_fini(struct role *r)
{
	struct web *w = r->state;

	if (w == NULL)
		return;
	if (w->http != NULL)
		MHD_stop_daemon(w->http);
	buf_free(&w->text);
	buf_free(&w->why);
	arena_fini(&w->arena);
	free(w);
	r->state = NULL;
}

const struct role_ops web_role = {
	.name = "web",
	.peer = PEER_WEB,
	.init = web_init,
	.step = web_step,
	.fds = web_fds,
	.fini = web_fini,
};

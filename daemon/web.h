/*
 * web.h - the role that monitoring asks: /metrics, /healthz, /readyz.
 * Floor 4.
 *
 * It holds one listening socket and the last counters core sent; it knows no
 * customer, no key, no file.  It runs only when web.endpoint is set, and only
 * in a process of its own.
 */
#ifndef WEB_H
#define WEB_H

#include "role.h"

#define WEB_CONNECTIONS_MAX 64u
#define WEB_IDLE_S 10u
#define WEB_REQUEST_MAX 8192u /* one request's line and headers */
#define WEB_STALE_MS 10000    /* counters older than this are no answer */

struct sockaddr_storage;

/* "127.0.0.1:9630" or "[::1]:9630"; no names.  ERR_CONFIG else. */
NODISCARD enum err web_address(struct str at, struct sockaddr_storage *out);

extern const struct role_ops web_role;

#endif

/*
 * net_sim.h - the network of a simulation: scripted bodies by url.
 *
 * Time comes from now alone.  A url that nobody serves answers 404.  What is
 * served stays served until it is served something else.
 */
#ifndef NET_SIM_H
#define NET_SIM_H

#include "net.h"

struct net_sim;

struct net_sim *net_sim_new(void);
void net_sim_free(struct net_sim *s);
struct net net_sim_port(struct net_sim *s);

/* 200 with these bytes (copied); forgets what was scripted before. */
void net_sim_serve(struct net_sim *s, struct str url, struct str bytes);
/* Connects, gives head and nothing more, until the request's timeout. */
void net_sim_stall(struct net_sim *s, struct str url);
/* Changes of what a served url does. */
void net_sim_status(struct net_sim *s, struct str url, int status);
void net_sim_etag(struct net_sim *s, struct str url, struct str etag);
/* From the request to its first byte. */
void net_sim_delay(struct net_sim *s, struct str url, int64_t ms);
/* The connection breaks after n bytes of the body. */
void net_sim_break(struct net_sim *s, struct str url, size_t n);
/* Bytes in one NET_BYTES event; 0: as many as fit. */
void net_sim_slice(struct net_sim *s, size_t n);
/*
 * What it serves stays open; net_sim_send adds to every connection there is,
 * net_sim_hangup ends them (why "": in order).  The place of a stream in its
 * query does not make another url.
 */
void net_sim_stream(struct net_sim *s, struct str url);
void net_sim_send(struct net_sim *s, struct str url, struct str bytes);
void net_sim_hangup(struct net_sim *s, struct str url, const char *why);
/* The query of the last request, without its '?'. */
struct str net_sim_query(const struct net_sim *s, struct str url);
/* The Retry-After of its answers; TIME_NONE: none. */
void net_sim_retry(struct net_sim *s, struct str url, int64_t ms);
/* Requests that url has seen, and how many of them got 304. */
unsigned net_sim_requests(const struct net_sim *s, struct str url);
unsigned net_sim_unchanged(const struct net_sim *s, struct str url);

#endif

/*
 * net_curl.h - net.h over libcurl's multi interface.  Floor 2.
 *
 * https, and http only where allow_private is set.  Private, loopback and
 * link-local addresses are refused at the socket unless allow_private: a
 * redirect or a name must not reach the inside of a network.  Bytes are
 * counted after decompression in the write callback and on the wire.
 */
#ifndef NET_CURL_H
#define NET_CURL_H

#include "net.h"

NODISCARD enum err net_curl_new(struct net *out);
void net_curl_free(struct net *net);

#endif

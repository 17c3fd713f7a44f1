/*
 * define.h - reads feed definitions: a source is data.  Floor 2 (feeds).
 *
 * Every entry feeds.d/NAME.yaml (and feeds.d/unverified/NAME.yaml, off by
 * default) of the bundle becomes one struct feed.  All errors of all files
 * are told at once, each as "FILE:LINE: KEY: reason".  A key of the contract
 * that this version cannot serve is an error too, never ignored.  The map
 * itself is compiled elsewhere (map.h).
 *
 * Ownership: strs live in the arena.  map and vocab become the names of the
 * bundle's entries; ca_file stays the path it is, its text is the bundle's
 * entry ca/PATH, put there after the definitions are known.
 */
#ifndef DEFINE_H
#define DEFINE_H

#include "bundle.h"
#include "feed.h"

#define FEEDS_ERRORS_MAX (64u << 10) /* bytes of error text worth reading */
#define FEEDS_INTERVAL_MS_MIN 1000
#define FEEDS_INTERVAL_MS_MAX (366LL * 86400000)

/* ERR_CONFIG when there was any error; *out then holds the good ones. */
NODISCARD enum err feeds_define(const struct bundle *b, struct arena *a,
				struct feeds *out, struct buf *errors);

#endif

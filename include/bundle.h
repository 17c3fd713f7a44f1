/*
 * bundle.h - the files a role may know, read before it is locked in.
 * Floor 0.
 *
 * The supervisor reads configuration, feed definitions, tables, texts and
 * keys, packs for each role only what that role needs into one sealed
 * memory file, and hands it over as a descriptor: after its start no role
 * but core opens a file.
 */
#ifndef BUNDLE_H
#define BUNDLE_H

#include "buf.h"

#define BUNDLE_MAX (64u << 20)
#define BUNDLE_FILES_MAX 4096u
#define BUNDLE_NAME_MAX 255u

struct bundle {
	struct buf bytes; /* owned: blob name, blob content, ... */
};

void bundle_init(struct bundle *b);
void bundle_free(struct bundle *b);
void bundle_add(struct bundle *b, struct str name, struct str content);
/* Reads what bundle_fd wrote. */
NODISCARD enum err bundle_read(struct bundle *b, int fd);
/* A sealed memory file at offset 0; the caller's. */
NODISCARD enum err bundle_fd(const struct bundle *b, int *fd);
/* STR_NONE when there is none of that name. */
struct str bundle_find(const struct bundle *b, struct str name);
/* The i-th file, in the order added; ERR_ABSENT behind the last. */
NODISCARD enum err bundle_at(const struct bundle *b, size_t i,
			     struct str *name, struct str *content);

#endif

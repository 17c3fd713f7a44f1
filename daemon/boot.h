/*
 * boot.h - what is read before any role runs.  Floor 4.
 *
 * Reads the configuration and everything it names into one bundle, and packs
 * for each role only what that role may know: fetch the feeds and their
 * trust anchors, parse the feeds and maps, core the tables, publish the keys.
 */
#ifndef BOOT_H
#define BOOT_H

#include "bundle.h"
#include "conf.h"
#include "msg.h"

struct boot {
	struct arena arena;
	struct conf conf;
	struct bundle all;
};

/* Every error as "FILE:LINE: KEY: reason\n" in errors; ERR_CONFIG then. */
NODISCARD enum err boot_load(struct boot *b, const char *conf_path,
			     struct buf *errors);
void boot_free(struct boot *b);
/* What the role may know; the caller's. */
void boot_bundle(const struct boot *b, enum peer role, struct bundle *out);

#endif

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

/* Where it all begins. */
struct boot_files {
	const char *conf;
	const char *key; /* NULL: push.key_file; a service manager's copy */
};

/* Every error as "FILE:LINE: KEY: reason\n" in errors; ERR_CONFIG then. */
NODISCARD enum err boot_load(struct boot *b, const struct boot_files *f,
			     struct buf *errors);
/*
 * Also what the roles will make of it: every feed's map is compiled, which
 * takes some 20 ms each.  For -n and reload; at a normal start the roles find
 * what is wrong, and where it is one feed the others go on.
 */
NODISCARD enum err boot_check(const struct boot *b, struct buf *errors);
/*
 * Everything afresh and checked, for a daemon that runs with `now`; fresh is
 * the caller's to free, whatever comes back.
 */
NODISCARD enum err boot_again(const struct boot *now,
			      const struct boot_files *f, struct boot *fresh,
			      struct buf *errors);
void boot_free(struct boot *b);
/* What the role may know; the caller's. */
void boot_bundle(const struct boot *b, enum peer role, struct bundle *out);

#endif

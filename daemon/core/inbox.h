/*
 * inbox.h - a directory into which other programs rename files.  Floor 4.
 *
 * A file is taken by renaming it into DIR/work, read there, and settled by
 * renaming it into DIR/done or DIR/refused: whatever is renamed over its
 * name meanwhile is another file, for another look.  After a crash what is
 * in work is looked at first; whoever reads it must not mind a second time.
 *
 * Only regular files are looked at, never links, pipes or devices: those
 * stay where they are and are counted.  Names that begin with a dot or end
 * with .tmp or .part are still being written.
 *
 * A directory may vanish and return at any time: it is opened at each look.
 * In a process that is locked in, one that is not the directory of the start
 * may be out of reach; then `fenced` is set, and only a new start helps.
 */
#ifndef INBOX_H
#define INBOX_H

#include "clock.h"
#include "str.h"

#define INBOX_PATH_MAX 400u
#define INBOX_NAME_MAX 200u	/* bytes of a name that is read */
#define INBOX_LIST_MAX 256u	/* files of one look */
#define INBOX_SCAN_MAX 200000u	/* entries seen in one look */
#define INBOX_NOTE_MAX (512u << 10)
#define INBOX_CALM_MS 10000 /* no new start for a fence before */

enum inbox_place { INBOX_DIR, INBOX_WORK, INBOX_DONE, INBOX_REFUSED,
		   INBOX_PLACES };

struct inbox {
	char path[INBOX_PATH_MAX + 1];
	const char *const *results; /* suffixes of ours, NULL at the end */
	int fd[INBOX_PLACES];	    /* -1 while closed */
	int64_t start_ms;	    /* mono, as the next */
	int64_t open_ms;	    /* of the last look */
	uint64_t dev, ino;	    /* of the directory at the start; 0 none */
	int good;		    /* it could be opened then */
	int fenced;
	size_t odd; /* neither file nor folder, at the last look */
};

/* The files of one look, in the order of their names. */
struct inbox_list {
	size_t count;
	int more; /* there are others behind the last one */
	uint16_t order[INBOX_LIST_MAX];
	char slot[INBOX_LIST_MAX][256];
};

/* Opens it once, so that its folders are made before the fences stand. */
void inbox_init(struct inbox *in, struct str path, const char *const *results,
		struct instant now);
/* ERR_IO with the reason; closes what was open before. */
NODISCARD enum err inbox_open(struct inbox *in, struct instant now,
			      struct diag *d);
void inbox_close(struct inbox *in);

NODISCARD enum err inbox_list(struct inbox *in, enum inbox_place place,
			      struct inbox_list *l, struct diag *d);
struct str inbox_at(const struct inbox_list *l, size_t i);
/* What tells whether a file changed: inode, size, time; 0s when absent. */
void inbox_mark(const struct inbox *in, struct str name, int64_t mark[4]);

/*
 * Moves DIR/name into work; what it is called there is in taken.
 * ERR_REFUSED: it is there, but under a name that may not be read; ERR_AGAIN:
 * it was not moved, and d says why (gone, or work has one of that name).
 */
NODISCARD enum err inbox_take(struct inbox *in, struct str name,
			      char taken[INBOX_NAME_MAX + 1], struct diag *d);
/*
 * A file in work for reading, the caller's; *size is what it has now.
 * ERR_REFUSED or ERR_LIMIT: not for us, and d says why.  ERR_ABSENT: gone.
 */
NODISCARD enum err inbox_read(struct inbox *in, struct str taken,
			      int64_t size_max, int *fd, int64_t *size,
			      struct diag *d);
/* Out of work for good; a note of any bytes goes beside it as NAME.why. */
NODISCARD enum err inbox_settle(struct inbox *in, enum inbox_place place,
				struct str taken, struct str note,
				struct instant now);
/* DIR/NAMEsuffix with that text, whole or not at all. */
NODISCARD enum err inbox_say(struct inbox *in, struct str name,
			     const char *suffix, struct str text);
void inbox_unsay(struct inbox *in, struct str name, const char *suffix);

#endif

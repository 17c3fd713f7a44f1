/*
 * parse.h - the role that reads hostile bytes.  Floor 2 (feeds).
 *
 * Core opens a document and hands over two descriptors (the feed's old diff
 * state to read, the new one to write; alone, a descriptor is the new one);
 * fetch sends its bytes, or core hands over the file they are in (DOC_FILE,
 * mode drop); core gets DOC_BEGIN, notices, DOC_END.  The role opens nothing.
 * Backpressure: while core's link is full nothing is taken.
 */
#ifndef PARSE_H
#define PARSE_H

#include "role.h"

/*
 * Open at once: what core has on its way (64), and some that core gave up
 * while their end was still in fetch's link.
 */
#define PARSE_DOCS_MAX 96u
#define PARSE_QUEUE_MAX (64u << 20) /* bytes of notices of one slice */
#define PARSE_SLICE 4096u	/* bytes between two looks at the link */
#define PARSE_SLICE_MIN 64u	/* the same where a slice takes long */
#define PARSE_STEP_MS 100	/* then others have their turn */
#define PARSE_REJECT_LINES_MAX 100u /* logged of one document */
#define PARSE_FILE_NAME_MAX 255u

extern const struct role_ops parse_role;

#endif

/*
 * fuzz.h - every door through which bytes of strangers come, as a function.
 *
 * A target takes any bytes and returns; whatever is wrong ends the process
 * (must, or a sanitizer).  tests/fuzz/explore.c calls one of them for
 * libFuzzer, tests/fuzz/replay.c all of them over tests/fuzz/corpus/NAME.
 *
 * The first bytes of an input choose (fuzz_byte): which definition, how the
 * rest is sliced.  What is expensive is made once (static) and stays, and but
 * for the memory of a core (fuzz_core.c) a target leaves it as it was, so
 * that an input means the same at any place of a run.  Tests run at the root
 * of the tree.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "buf.h"

/* clang-format off */
#define FUZZ_TARGETS(X)							\
	X(split_xml)	/* XML, RSS, Atom */				\
	X(split_json)	/* one document */				\
	X(split_ndjson)							\
	X(split_csv)	/* any dialect a definition can ask for */	\
	X(stream)	/* lines of a response that never ends */	\
	X(decode)	/* encodings to UTF-8 */			\
	X(jscan)	/* one value out of JSON text */		\
	X(prepare)	/* dates, html, split, id, amount ... */	\
	X(map)		/* a record through the shipped jq programs */	\
	X(doc)		/* a document through the shipped definitions */\
	X(diff)		/* the state file of a feed */			\
	X(notice)	/* a notice's JSON, as core reads it */		\
	X(frames)	/* link.c: frames and staging */		\
	X(core)		/* core hears fetch, parse and publish */	\
	X(control)	/* what an operator's connection asks */	\
	X(conf)		/* creditalarm.yaml */				\
	X(define)	/* feed definitions */				\
	X(tables)	/* kinds, idschemes, vocab, texts, duties */	\
	X(bundle)	/* the sealed files of a role */		\
	X(wire)		/* frames of subscriber and server */		\
	X(seal)		/* the opener of sealed bodies */		\
	X(keys)		/* key files */					\
	X(keyline)	/* capub1 and casrv1 lines */			\
	X(book)		/* CSV and JSON lines, all or nothing */	\
	X(csvin)	/* CSV of `match index` */			\
	X(match_fold)	/* any bytes as a name */			\
	X(match_query)	/* a question to a segment */			\
	X(match_seg)	/* a segment file that was tampered with */
/* clang-format on */

#define FUZZ_DECLARE(name) void fuzz_##name(struct str in);
FUZZ_TARGETS(FUZZ_DECLARE)
#undef FUZZ_DECLARE

struct fuzz_target {
	const char *name;
	void (*run)(struct str in);
};
/* The last has no name. */
extern const struct fuzz_target fuzz_targets[];
/* NULL when there is none. */
const struct fuzz_target *fuzz_find(const char *name);

/* Once, before the first input: as a process of ours starts, but silent. */
void fuzz_start(void);

/* The first byte, taken off; 0 when there is none. */
uint8_t fuzz_byte(struct str *in);
/* A file of the tree, read once and never freed. */
struct str fuzz_file(const char *path);

#endif

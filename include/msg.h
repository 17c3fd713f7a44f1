/*
 * msg.h - what the roles say to each other.  Floor 0.
 *
 * One frame: u32 length of what follows, u8 type, payload.  A frame is at
 * most MSG_MAX; a peer that sends more, or a type it may not, is broken and
 * is restarted.  Payloads are big-endian fields and blobs (buf.h), listed
 * here in order; "doc" is a u64 that core gives to each poll.
 */
#ifndef MSG_H
#define MSG_H

#include "buf.h"

#define MSG_MAX (1u << 20)
#define MSG_FDS_MAX 4u
#define MSG_CHUNK_MAX 65536u /* bytes of a document in one frame */

enum peer { PEER_SUPER, PEER_FETCH, PEER_PARSE, PEER_CORE, PEER_PUBLISH,
	    PEER_WEB, PEER_INDEX, PEER_COUNT };

/* clang-format off */
enum msg_type {
	/* super <-> any */
	MSG_LINK = 1,	/* u8 peer; fd: the new end, the old one is dead */
	MSG_PING,	/* u64 nonce */
	MSG_PONG,	/* u64 nonce */
	MSG_STOP,	/* - : finish what is in hand and leave */
	MSG_READY,	/* - : init is done */
	MSG_DONE,	/* - : nothing left to do (--once) */
	MSG_BROKEN,	/* core -> super; u8 peer: it sent nonsense */
	MSG_CONTROL,	/* super -> core; u32 uid, u32 gid; fd: connection */
	MSG_RELOAD,	/* core -> super; u32 uid; fd: the connection that is
			   to hear how it went */
	MSG_BUSY,	/* core -> super; u32 seconds: no PONG for so long */
	MSG_INDEX,	/* core -> super -> index; u64 epoch, u64 book version;
			   fds: snapshot (read), segment (write) */
	MSG_INDEX_END,	/* super -> core; u8 1 written, 0 not */
	MSG_LEVEL,	/* super -> any; u8 log_level */
	MSG_HEALTH,	/* core -> super; blob why it is degraded, "": it is not */
	MSG_ROLES,	/* super -> core; u8 count, count x (u8 peer, u32 pid,
			   u32 restarts): the roles that run */
	/* core -> web */
	MSG_COUNTERS,	/* u8 ready, blob why not, blob OpenMetrics text */
	/* fetch <-> core */
	MSG_FEED_STATE,	/* core: blob feed, i64 last_try_ms, i64 last_good_ms,
			   i64 retry_at, u32 failures */
	MSG_POLL_ASK,	/* fetch: blob feed */
	MSG_POLL_GO,	/* core: blob feed, doc, blob etag, blob last_modified,
			   blob body_hash, blob cursor, u8 go_flags,
			   blob bad_hash */
	MSG_POLL_NOW,	/* core: blob feed: do not wait for the interval */
	MSG_POLL_HASH,	/* fetch: blob feed, doc, blob body_hash: what parse
			   is about to get; only with GO_CAREFUL */
	MSG_FEED_NEXT,	/* fetch: blob feed, i64 wall_ms of the next try */
	MSG_POLL,	/* fetch: blob feed, doc, u8 poll_verdict, u32 http,
			   u64 bytes, blob etag, blob last_modified,
			   blob body_hash, blob detail, u64 retry_ms: the
			   server wants peace for so long, 0 */
	/* fetch -> parse */
	MSG_DOC_BYTES,	/* doc, then at most MSG_CHUNK_MAX bytes */
	MSG_DOC_EOF,	/* doc, u8 1 whole, 0 cut off: forget it */
	MSG_DOC_PART,	/* doc: the url at hand is whole, the next begins */
	/* core -> parse */
	MSG_DOC_OPEN,	/* doc, blob feed, i64 wall_ms, u8 first;
			   fds: old diff state (read), new diff state (write) */
	MSG_DOC_FILE,	/* doc, blob file's name; fd: its bytes, which come
			   from no fetch */
	/* parse -> core */
	MSG_DOC_BEGIN,	/* doc */
	MSG_NOTICE,	/* doc, then the notice's JSON */
	MSG_DOC_END,	/* doc, u8 doc_verdict, u32 records, u32 changed,
			   u32 vanished, u32 notices, u32 rejects, u32 unknown,
			   blob guard, blob detail, blob cursor */
	/* publish <-> core: alerts/push/serve.h */
	MSG_PUSH_FIRST = 64,
	MSG_PUSH_LAST = 95,
};
/* clang-format on */

enum poll_verdict {
	POLL_NEW,	/* a body went to parse */
	POLL_UNCHANGED, /* 304, or the same body hash */
	POLL_FAILED,	/* network, TLS, HTTP status, limits: detail says */
	POLL_QUARANTINED, /* its hash is bad_hash: parse was spared it */
};

enum go_flags {
	GO_REFUSED = 1, /* the last document of this feed was refused */
	GO_CAREFUL = 2, /* parse died: tell the hash first, spare it bad_hash;
			   of a stream one line is a document */
	GO_FLAGS = 3,
};

enum doc_verdict {
	DOC_ACCEPTED,
	DOC_REFUSED,   /* a guard or a limit: guard and detail say which */
	DOC_FORGOTTEN, /* cut off by fetch */
};

#endif

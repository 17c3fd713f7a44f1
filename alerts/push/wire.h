/*
 * wire.h - every frame between publish and a subscriber.  Floor 2 (alerts).
 *
 * A codec and nothing else: put appends one frame to a buf, get reads one
 * from a str.  It knows no session, no key and no clock.  Integers are
 * big-endian.  A client's frame has exactly its length; in a server's frame
 * bytes beyond the known fields are ignored, so that fields can be added.
 *
 * Ownership: strs that get returns borrow from the frame.  What put is given
 * was checked by the caller (must); what get is given is hostile: ERR_INPUT
 * or ERR_LIMIT with a reason in d, and *out untouched.
 *
 * docs/WIRE.md is the same for people who write subscribers.
 */
#ifndef WIRE_H
#define WIRE_H

#include "buf.h"

#define WIRE_VERSION 1u
#define WIRE_MAGIC 0xCA01u
#define WIRE_HEADER_SIZE 40u
#define WIRE_BODY_MAX 65536u
#define WIRE_STREAM_MAX 65u /* '@' and an id */
#define WIRE_CONSUMER_MAX 64u
#define WIRE_FILTER_MAX 1024u
#define WIRE_ACTOR_MAX 128u
#define WIRE_CODE_MAX 64u
#define WIRE_TEXT_MAX 255u /* of an ERROR */
/* Larger than the largest client frame, HELLO: 28 + 65 + 64 + 1024 bytes. */
#define WIRE_CLIENT_FRAME_MAX 2048u
#define WIRE_ROUTING_MIN 16u
#define WIRE_ROUTING_MAX 64u

#define WIRE_CURSOR UINT64_MAX /* after_seq: my stored cursor */

/* Bits of the header's flags; the others are zero. */
#define WIRE_REDELIVERED 1u
#define WIRE_SNAPSHOT 2u

enum wire_letter {
	WIRE_HELLO = 'H',
	WIRE_ACK = 'K',
	WIRE_NACK = 'N',
	WIRE_SNAP = 'S',
	WIRE_STATE = 'R',
	WIRE_PING = 'P',
	WIRE_BYE = 'B',
	WIRE_WELCOME = 'W',
	WIRE_BEAT = 'T',
	WIRE_PONG = 'p', /* in memory only: on the wire it is 'P' too */
	WIRE_STATEOK = 'r',
	WIRE_SKIP = 'J',
	WIRE_GONE = 'G',
	WIRE_SNAPEND = 'Z',
	WIRE_ERROR = 'E',
};

enum wire_type {
	WIRE_FIRST = 1,
	WIRE_LATER = 2,
	WIRE_RETRACTION = 3,
	WIRE_DRILL = 4,
};

enum wire_state {
	WIRE_GW_RECEIVED = 1,
	WIRE_CHANNEL_SENT = 2,
	WIRE_DELIVERED = 3,
	WIRE_READ = 4,
	WIRE_ACKED = 5,
	WIRE_ACTED = 6,
	WIRE_SNOOZED = 7,
	WIRE_FAILED = 8,
};

enum wire_nack {
	WIRE_NACK_AGAIN = 1,
	WIRE_NACK_DEAD = 2,
	WIRE_NACK_SEAL = 3,
};

enum wire_code {
	WIRE_E_ROUTING = 4001,
	WIRE_E_HELLO_FIRST = 4002,
	WIRE_E_MALFORMED = 4003,
	WIRE_E_VERSION = 4004,
	WIRE_E_EPOCH = 4005,
	WIRE_E_BEYOND = 4006,
	WIRE_E_FILTER = 4007,
	WIRE_E_CONSUMER = 4008,
	WIRE_E_TAKEN = 4009,
	WIRE_E_REVOKED = 4010,
	WIRE_E_ENTITLED = 4011,
	WIRE_E_REQUESTS = 4029,
	WIRE_E_INTERNAL = 5001,
	WIRE_E_DOWN = 5003,
	WIRE_E_STORE = 5004,
};

/* ---- client ---- */

struct wire_hello {
	uint8_t version;
	uint8_t flags;
	uint32_t credit;
	uint64_t epoch;	    /* 0: knows none */
	uint64_t after_seq; /* WIRE_CURSOR: my stored cursor */
	struct str stream;  /* empty: own */
	struct str consumer;
	struct str filter;
};
struct wire_ack {
	uint64_t epoch;
	uint64_t cum_seq;
	uint32_t add_credit;
};
struct wire_nack_frame {
	uint64_t epoch;
	uint64_t seq;
	uint16_t code;
	uint32_t retry_ms;
};
struct wire_snap {
	uint64_t epoch;
};
struct wire_state_frame {
	uint64_t epoch;
	uint64_t seq;
	uint8_t state;
	uint64_t at_us;
	struct str actor;
	struct str code;
};
struct wire_ping {
	uint64_t nonce;
};

/* ---- server ---- */

struct wire_welcome {
	uint8_t version;
	uint64_t epoch;
	uint64_t oldest_seq;
	uint64_t head_seq;
	uint32_t hb_ms;
	uint32_t max_credit;
	uint16_t sign_keyid;
	struct str stream;
	uint64_t after_seq; /* the session begins behind it; WIRE_CURSOR: GONE
			     * follows */
};
struct wire_beat {
	uint64_t epoch;
	uint64_t head_seq;
	uint64_t time_us;
};
struct wire_stateok {
	uint64_t epoch;
	uint64_t seq;
	uint8_t state;
};
struct wire_skip {
	uint64_t epoch;
	uint64_t first_seq;
	uint64_t last_seq;
};
struct wire_gone {
	uint64_t oldest_seq;
};
struct wire_snapend {
	uint64_t epoch;
	uint64_t as_of_seq;
};
struct wire_error {
	uint16_t code;
	struct str text;
};

/* The first frame of an ALERT; the second is sealed (seal.h). */
struct wire_header {
	uint8_t type; /* enum wire_type */
	uint8_t flags;
	uint8_t enc; /* 0: CloudEvents JSON */
	uint8_t severity;
	uint16_t sign_keyid;
	uint64_t epoch;
	uint64_t seq;
	uint64_t time_us;
	uint32_t body_len; /* of the clear body */
	uint32_t seal_keyid;
};

/* What one frame holds; u is that of letter. */
struct wire_frame {
	enum wire_letter letter;
	union {
		struct wire_hello hello;
		struct wire_ack ack;
		struct wire_nack_frame nack;
		struct wire_snap snap;
		struct wire_state_frame state;
		struct wire_ping ping; /* PING and PONG */
		struct wire_welcome welcome;
		struct wire_beat beat;
		struct wire_stateok stateok;
		struct wire_skip skip;
		struct wire_gone gone;
		struct wire_snapend snapend;
		struct wire_error error;
	} u;
};

/*
 * One frame of a client (HELLO ACK NACK SNAP STATE PING BYE) or of the
 * server (all others).  A HELLO of another version is ERR_REFUSED, whatever
 * follows its version byte.  Lengths and the shape of fields are checked,
 * the words of consumer and filter are not: see below.
 */
NODISCARD enum err wire_get_client(struct str frame, struct wire_frame *out,
				   struct diag *d);
NODISCARD enum err wire_get_server(struct str frame, struct wire_frame *out,
				   struct diag *d);
/* Either side's; appends. */
void wire_put(struct buf *b, const struct wire_frame *f);

void wire_put_header(struct buf *b, const struct wire_header *h);
/* Exactly WIRE_HEADER_SIZE bytes of an ALERT of ours. */
NODISCARD enum err wire_get_header(struct str frame, struct wire_header *out,
				   struct diag *d);

/* [A-Za-z0-9._-]{0,64} */
bool wire_consumer_ok(struct str s);
/* An exporter's id, @gateway or "*". */
bool wire_stream_ok(struct str s);
/* 16 to 64 bytes, the first not zero. */
bool wire_routing_ok(struct str id);
/* What an ERROR says beside its code; "" for a code of another version. */
const char *wire_code_text(uint16_t code);

#define WIRE_FILTER_VALUES_MAX 64u
#define WIRE_FILTER_VALUE_MAX 64u /* bytes of one */

/*
 * A filter, checked: empty, or key=value[,value...][;key=...].  Values borrow
 * from the text.  severity means that one and above; in a list of several
 * the lowest counts.
 */
enum wire_filter_key {
	WIRE_FILTER_CLASS,
	WIRE_FILTER_KIND,
	WIRE_FILTER_COUNTRY,
	WIRE_FILTER_EXPORTER,
	WIRE_FILTER_KEYS,
};
struct wire_filter {
	uint8_t severity_min; /* 0: every one */
	struct str values[WIRE_FILTER_KEYS]; /* "AE,SA"; empty: not asked */
};
/* ERR_INPUT: unknown, empty or repeated key, empty or unknown value. */
NODISCARD enum err wire_get_filter(struct str s, struct wire_filter *out,
				   struct diag *d);
/* True when the filter does not ask for that key, or names value. */
bool wire_filter_has(const struct wire_filter *f, enum wire_filter_key key,
		     struct str value);

#endif

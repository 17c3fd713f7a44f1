"""A subscriber for creditalarmd's push wire, written from docs/WIRE.md alone.

It shares no code with the publisher, so that the two can disagree: what works
here works because the document says so.  Needs pyzmq (CURVE) and PyNaCl.

    s = Session("tcp://host:9631", "gw.key", "casrv1....", consumer="tail")
    s.connect()
    s.hello()
    while True:
        event = s.next(10.0)
        if event and event.kind == "alert":
            use(event.header, event.body)
            s.ack(event.header["seq"])

One thread owns a Session.  It keeps itself alive only while that thread is in
next() or wait_state(); a caller who stays away longer than three heartbeats
loses the session at the publisher, and the next call opens it again from the
last number received.
"""
from __future__ import annotations

import base64
import collections
import hashlib
import json
import os
import random
import re
import struct
import time
from typing import Any, Iterable, NamedTuple, Union

import nacl.exceptions
import nacl.public
import nacl.signing
import zmq
from zmq.utils.monitor import recv_monitor_message

CURSOR = 2 ** 64 - 1          # after_seq: "the cursor the publisher stores for me"
MAGIC = 0xCA01
HEADER_LEN = 40
BODY_MAX = 65536
NONCE_LEN, MAC_LEN, SIG_LEN = 24, 16, 64
FLAG_REDELIVERED, FLAG_SNAPSHOT = 1, 2
TYPES = {1: "first", 2: "revision", 3: "retraction", 4: "drill"}
SEVERITIES = {1: "INFO", 2: "MEDIUM", 3: "HIGH", 4: "CRITICAL"}
STATES = {"gw_received": 1, "channel_sent": 2, "delivered": 3, "read": 4,
          "acked": 5, "acted": 6, "snoozed": 7, "failed": 8}
NACK_RETRY, NACK_UNUSABLE, NACK_SEAL = 1, 2, 3
REPEATS = 3                   # of a number after NACK 1


class Error(Exception):
    """Something this library will not do or cannot read."""


class Refused(Error):
    """Bytes that do not verify or do not follow the document; nothing of them is used."""


class Ended(Error):
    """The publisher said something after which the session must not be opened again."""

    def __init__(self, code: int, text: str):
        super().__init__(f"{code} {text}")
        self.code = code


# --- keys -----------------------------------------------------------------

_Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
_Z85_AT = {c: i for i, c in enumerate(_Z85)}


def z85_decode(text: str) -> bytes:
    """Z85 of ZeroMQ RFC 32; refuses foreign characters and groups above 2^32-1."""
    if len(text) % 5:
        raise Error("Z85: length is not a multiple of 5")
    out = b""
    for i in range(0, len(text), 5):
        value = 0
        for c in text[i:i + 5]:
            if c not in _Z85_AT:
                raise Error("Z85: foreign character")
            value = value * 85 + _Z85_AT[c]
        if value >= 2 ** 32:
            raise Error("Z85: group out of range")
        out += struct.pack(">I", value)
    return out


def z85_encode(data: bytes) -> str:
    """The reverse of z85_decode, for whole groups of four bytes."""
    if len(data) % 4:
        raise Error("Z85: length is not a multiple of 4")
    out = ""
    for (value,) in struct.iter_unpack(">I", data):
        group = ""
        for _ in range(5):
            value, digit = divmod(value, 85)
            group = _Z85[digit] + group
        out += group
    return out


def read_zpl(path: str) -> dict[str, dict[str, str]]:
    """section -> name -> value of a two-level ZPL file."""
    sections: dict[str, dict[str, str]] = {}
    current = ""
    with open(path, encoding="utf-8") as f:
        for number, raw in enumerate(f, 1):
            line = raw.strip()
            if not line or line.startswith("#"):
                continue
            if "=" not in line:
                current = line
                sections.setdefault(current, {})
                continue
            name, value = (part.strip() for part in line.split("=", 1))
            if len(value) < 2 or value[0] != '"' or value[-1] != '"':
                raise Error(f"{path}: line {number}: the value is not in double quotes")
            if name in sections.setdefault(current, {}):
                raise Error(f"{path}: line {number}: {name} is there twice")
            sections[current][name] = value[1:-1]
    return sections


class OwnKeys:
    """A subscriber's two X25519 pairs: curve (transport) and sealing (bodies)."""

    def __init__(self, curve_secret: bytes, seal_secret: bytes):
        for key in (curve_secret, seal_secret):
            if len(key) != 32:
                raise Error("a secret key has 32 bytes")
        self.curve_secret = curve_secret
        self.curve_public = bytes(nacl.public.PrivateKey(curve_secret).public_key)
        self.seal_secret = seal_secret
        self.seal_public = bytes(nacl.public.PrivateKey(seal_secret).public_key)
        self.seal_keyid = seal_keyid(self.seal_public)

    def __repr__(self) -> str:          # never the secrets, not even in a traceback
        return f"<OwnKeys {self.line()}>"

    @classmethod
    def read(cls, path: str) -> "OwnKeys":
        """From a key file; public and secret key of a pair must belong together."""
        zpl = read_zpl(path)

        def key(section: str, name: str) -> bytes:
            try:
                data = z85_decode(zpl[section][name])
            except KeyError:
                raise Error(f"{path}: no {name} in section {section}") from None
            if len(data) != 32:
                raise Error(f"{path}: {name} has not 32 bytes")
            return data

        own = cls(key("curve", "secret-key"), key("seal", "seal-secret-key"))
        if own.curve_public != key("curve", "public-key"):
            raise Error(f"{path}: the curve keys are no pair")
        if own.seal_public != key("seal", "seal-public-key"):
            raise Error(f"{path}: the sealing keys are no pair")
        return own

    def line(self) -> str:
        """The capub1 line that goes to the publisher."""
        return key_line("capub1", [self.curve_public, self.seal_public])


class ServerKeys(NamedTuple):
    """The publisher's public keys, out of its casrv1 line."""
    curve: bytes
    seal: bytes
    signing: tuple[bytes, ...]

    @classmethod
    def parse(cls, line: str) -> "ServerKeys":
        keys = _parse_line("casrv1", line, (3, 4))
        return cls(keys[0], keys[1], tuple(keys[2:]))

    def line(self) -> str:
        return key_line("casrv1", [self.curve, self.seal, *self.signing])


def key_line(tag: str, keys: Iterable[bytes]) -> str:
    """tag.key.key...: base64url without padding."""
    return ".".join([tag, *(base64.urlsafe_b64encode(k).decode().rstrip("=") for k in keys)])


def parse_capub(line: str) -> tuple[bytes, bytes]:
    """(curve, sealing) public keys of a capub1 line."""
    curve, seal = _parse_line("capub1", line, (2,))
    return curve, seal


def _parse_line(tag: str, line: str, counts: tuple[int, ...]) -> list[bytes]:
    parts = line.strip().split(".")
    if parts[0] != tag or len(parts) - 1 not in counts:
        raise Error(f"not a {tag} line")
    keys = []
    for part in parts[1:]:
        if not re.fullmatch(r"[A-Za-z0-9_-]{43}", part):
            raise Error(f"{tag}: a key is not 43 characters of base64url")
        keys.append(base64.urlsafe_b64decode(part + "="))
    if key_line(tag, keys) != ".".join(parts):
        raise Error(f"{tag}: the last bits of a key are not zero")
    return keys


def blake2b_256(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=32).digest()


def sign_keyid(public: bytes) -> int:
    return int.from_bytes(blake2b_256(public)[:2], "big")


def seal_keyid(public: bytes) -> int:
    return int.from_bytes(blake2b_256(public)[:4], "big")


# --- frames ---------------------------------------------------------------

# Field kinds: an int is an unsigned big-endian integer of that many bytes,
# "s8"/"s16" a string behind a length of one/two bytes, "rest" what is left.
_Fields = list[tuple[str, Union[int, str]]]

CLIENT: dict[str, tuple[bytes, _Fields]] = {
    "HELLO": (b"H", [("ver", 1), ("flags", 1), ("credit", 4), ("epoch", 8), ("after_seq", 8),
                     ("stream", "s8"), ("consumer", "s8"), ("filter", "s16")]),
    "ACK": (b"K", [("epoch", 8), ("cum_seq", 8), ("add_credit", 4)]),
    "NACK": (b"N", [("epoch", 8), ("seq", 8), ("code", 2), ("retry_ms", 4)]),
    "SNAP": (b"S", [("epoch", 8)]),
    "STATE": (b"R", [("epoch", 8), ("seq", 8), ("state", 1), ("at_us", 8),
                     ("actor", "s8"), ("code", "s8")]),
    "PING": (b"P", [("nonce", 8)]),
    "BYE": (b"B", []),
}

SERVER: dict[str, tuple[bytes, _Fields]] = {
    "WELCOME": (b"W", [("ver", 1), ("epoch", 8), ("oldest_seq", 8), ("head_seq", 8), ("hb_ms", 4),
                       ("max_credit", 4), ("sign_keyid", 2), ("stream", "s8"), ("after_seq", 8)]),
    "BEAT": (b"T", [("epoch", 8), ("head_seq", 8), ("time_us", 8)]),
    "PONG": (b"P", [("nonce", 8)]),
    "STATEOK": (b"r", [("epoch", 8), ("seq", 8), ("state", 1)]),
    "SKIP": (b"J", [("epoch", 8), ("first_seq", 8), ("last_seq", 8)]),
    "GONE": (b"G", [("oldest_seq", 8)]),
    "SNAPEND": (b"Z", [("epoch", 8), ("as_of_seq", 8)]),
    "ERROR": (b"E", [("code", 2), ("text", "rest")]),
}

_HEADER: _Fields = [("magic", 2), ("type", 1), ("flags", 1), ("enc", 1), ("severity", 1),
                    ("sign_keyid", 2), ("epoch", 8), ("seq", 8), ("time_us", 8),
                    ("body_len", 4), ("seal_keyid", 4)]


def _pack(fields: _Fields, values: dict[str, Any]) -> bytes:
    unknown = set(values) - {name for name, _ in fields}
    if unknown:
        raise Error(f"no such field: {', '.join(sorted(unknown))}")
    out = b""
    for name, kind in fields:
        if name not in values:
            raise Error(f"{name} is missing")
        value = values[name]
        try:
            if isinstance(kind, int):
                out += value.to_bytes(kind, "big")
            else:
                data = value.encode("utf-8")
                if kind != "rest":
                    out += len(data).to_bytes(int(kind[1:]) // 8, "big")
                out += data
        except OverflowError:
            raise Error(f"{name} is out of range") from None
    return out


def _unpack(fields: _Fields, data: bytes, exact: bool) -> dict[str, Any]:
    values: dict[str, Any] = {}
    at = 0

    def take(n: int) -> bytes:
        nonlocal at
        if at + n > len(data):
            raise Refused("the frame is too short")
        at += n
        return data[at - n:at]

    for name, kind in fields:
        if isinstance(kind, int):
            values[name] = int.from_bytes(take(kind), "big")
        elif kind == "rest":
            values[name] = take(len(data) - at).decode("utf-8", "replace")
        else:
            length = int.from_bytes(take(int(kind[1:]) // 8), "big")
            try:
                values[name] = take(length).decode("utf-8")
            except UnicodeDecodeError:
                raise Refused(f"{name} is not UTF-8") from None
    if exact and at != len(data):
        raise Refused("the frame is too long")
    return values


def _encode(table: dict[str, tuple[bytes, _Fields]], name: str, values: dict[str, Any]) -> bytes:
    letter, fields = table[name]
    return letter + _pack(fields, values)


def encode_client(name: str, **values: Any) -> bytes:
    """A frame from subscriber to publisher, by its name in WIRE.md."""
    return _encode(CLIENT, name, values)


def encode_server(name: str, **values: Any) -> bytes:
    """A frame from publisher to subscriber (tests play the publisher)."""
    return _encode(SERVER, name, values)


def decode_client(frame: bytes) -> tuple[str, dict[str, Any]]:
    """What a publisher reads: the length must be exact, the letter known."""
    for name, (letter, fields) in CLIENT.items():
        if frame[:1] == letter:
            return name, _unpack(fields, frame[1:], True)
    raise Refused("unknown letter")


def decode_server(frame: bytes) -> Union[tuple[str, dict[str, Any]], None]:
    """What a subscriber reads: None for a letter of the future, bytes behind the fields ignored."""
    for name, (letter, fields) in SERVER.items():
        if frame[:1] == letter:
            return name, _unpack(fields, frame[1:], False)
    return None


def encode_header(**values: Any) -> bytes:
    """The 40 bytes of an ALERT header."""
    return _pack(_HEADER, {"magic": MAGIC, "enc": 0, **values})


def decode_header(data: bytes) -> dict[str, Any]:
    """An ALERT header, checked as far as it can be without keys (step 1)."""
    if len(data) != HEADER_LEN:
        raise Refused("the header has not 40 bytes")
    h = _unpack(_HEADER, data, True)
    if h["magic"] != MAGIC:
        raise Refused("unknown magic")
    if h["type"] not in TYPES:
        raise Refused("unknown type")
    if h["flags"] & ~(FLAG_REDELIVERED | FLAG_SNAPSHOT):
        raise Refused("unknown flags")
    if h["enc"] != 0:
        raise Refused("unknown encoding")
    if h["severity"] not in SEVERITIES:
        raise Refused("unknown severity")
    if h["epoch"] < 1 or h["seq"] < 1:
        raise Refused("epoch and seq begin with 1")
    if not 1 <= h["body_len"] <= BODY_MAX:
        raise Refused("body_len out of range")
    return h


def signed_bytes(stream: str, header: bytes, body: bytes) -> bytes:
    """What the signature is over: stream, header without flags and seal_keyid, digest of the body."""
    bare = header[:3] + b"\0" + header[4:36] + b"\0\0\0\0"
    return b"credit-alarm/1\0" + stream.encode("utf-8") + b"\0" + bare + blake2b_256(body)


def open_alert(stream: str, header: bytes, sealed: bytes,
               own_keys: Union[OwnKeys, Iterable[OwnKeys]],
               server_keys: ServerKeys) -> tuple[dict[str, Any], bytes]:
    """(header, body) of an ALERT for `stream` (as WELCOME named it), or Refused.

    own_keys may be several while sealing keys rotate: seal_keyid chooses.
    """
    h = decode_header(header)
    if "\0" in stream:
        raise Refused("the stream's name has a zero byte")
    owned = [own_keys] if isinstance(own_keys, OwnKeys) else list(own_keys)
    owned = [k for k in owned if k.seal_keyid == h["seal_keyid"]]
    if not owned:
        raise Refused("sealed for another key")
    if len(sealed) != NONCE_LEN + MAC_LEN + SIG_LEN + h["body_len"]:
        raise Refused("the sealed frame has not the length the header gives")
    clear = None
    for own in owned:
        box = nacl.public.Box(nacl.public.PrivateKey(own.seal_secret),
                              nacl.public.PublicKey(server_keys.seal))
        try:
            clear = box.decrypt(sealed[NONCE_LEN:], sealed[:NONCE_LEN])
            break
        except nacl.exceptions.CryptoError:
            continue
    if clear is None:
        raise Refused("the seal does not open")
    signature, body = clear[:SIG_LEN], clear[SIG_LEN:]
    candidates = [k for k in server_keys.signing if sign_keyid(k) == h["sign_keyid"]]
    if not candidates:
        raise Refused("signed with an unknown key")
    message = signed_bytes(stream, header, body)
    for key in candidates:
        try:
            nacl.signing.VerifyKey(key).verify(message, signature)
            return h, body
        except nacl.exceptions.CryptoError:
            continue
    raise Refused("the signature is wrong")


def seal_alert(stream: str, header: bytes, body: bytes, signing_seed: bytes, seal_secret: bytes,
               reader_seal_public: bytes, nonce: Union[bytes, None] = None) -> bytes:
    """The second frame of an ALERT, as a publisher makes it (tests only)."""
    signature = nacl.signing.SigningKey(signing_seed).sign(signed_bytes(stream, header, body)).signature
    nonce = os.urandom(NONCE_LEN) if nonce is None else nonce
    box = nacl.public.Box(nacl.public.PrivateKey(seal_secret), nacl.public.PublicKey(reader_seal_public))
    return nonce + box.encrypt(signature + body, nonce).ciphertext


# --- session --------------------------------------------------------------

class Event:
    """Something that happened: `kind` and the fields of the frame as attributes.

    welcome, beat, skip, gone, snapend, error, stateok, pong: the fields of WIRE.md
    (text and stream are str).
    An error has about besides: (letter, seq, state) of the frame it answers.
    alert:   header (dict), body (bytes, verified), duplicate (handed out before)
    refused: reason, seq (0 when the header could not be read): something that did
             not verify; an ALERT has been NACKed with code 3 already
    lost:    first_seq, last_seq: numbers that did not come, even when asked again
    denied:  the CURVE handshake failed: this key is not on the allow-list
    """

    def __init__(self, kind: str, **fields: Any):
        self.kind = kind
        self.__dict__.update(fields)

    def __repr__(self) -> str:
        return f"Event({self.__dict__})"

    def cloudevent(self) -> dict[str, Any]:
        """The body of an alert as JSON; Refused when it is none."""
        try:
            value = json.loads(self.body.decode("utf-8"))
        except ValueError as e:
            raise Refused(f"the body is not JSON: {e}") from None
        if not isinstance(value, dict):
            raise Refused("the body is not a JSON object")
        return value


class Session:
    """One subscription: a DEALER socket, its place in the stream, its credit.

    after: the last number the caller has, 0 for everything, None for the cursor
    the publisher stores.  The session opens itself again (HELLO, or a new socket)
    as the document says, and goes on behind the last number it handed out.
    """

    def __init__(self, endpoint: str, own_key_file: str, casrv_line: str, consumer: str = "",
                 after: Union[int, None] = None, credit: int = 100, filter: str = "",
                 epoch: int = 0):
        if not re.fullmatch(r"[A-Za-z0-9._-]{0,64}", consumer):
            raise Error("consumer is [A-Za-z0-9._-]{0,64}")
        if len(filter.encode()) > 1024:
            raise Error("filter is longer than 1,024 bytes")
        self.endpoint = endpoint
        self.own = OwnKeys.read(own_key_file)
        self.server = ServerKeys.parse(casrv_line)
        self.consumer = consumer
        self.filter = filter
        self.credit = credit
        self.epoch = epoch              # 0 until WELCOME, unless the caller knows it
        self.stream = ""                # as WELCOME gave it
        self.hb = 5.0                   # seconds; WELCOME says better
        self.window = credit            # credit after max_credit cut it
        self.position = None if after in (None, CURSOR) else after   # all up to here came, or was skipped
        self._waiting: set[int] = set() # NACKed with "again", not here yet
        self._nacked: collections.Counter[int] = collections.Counter()   # in this session
        self._acked = 0                 # highest number the caller acknowledged
        self._left = 0                  # credit the publisher still has
        self._queue: collections.deque[Event] = collections.deque()
        self._ended: Union[Ended, None] = None
        self._socket: Union[zmq.Socket, None] = None
        self._monitor: Union[zmq.Socket, None] = None
        self._open = False              # WELCOME came, nothing ended it since
        self._hello_due: Union[float, None] = None    # HELLO to be sent at this time
        self._hello_sent: Union[float, None] = None   # HELLO sent, WELCOME not here yet
        self._reopen_at: Union[float, None] = None    # socket to be made anew at this time
        self._failures = 0
        self._gone = False
        self._snapping = False          # SNAP wanted or sent, SNAPEND not here yet
        self._snap_again = False
        self._gap_at: Union[int, None] = None
        self._lag = 0                   # BEATs in a row that were ahead of us
        self._lag_limit = 2
        self._last_rx = self._last_tx = 0.0

    # -- socket

    def connect(self) -> None:
        """Make the socket; its routing id is new each time."""
        self._drop_socket()
        sock = zmq.Context.instance().socket(zmq.DEALER)
        sock.setsockopt(zmq.ROUTING_ID, bytes([random.SystemRandom().randint(1, 255)]) + os.urandom(31))
        sock.setsockopt(zmq.CURVE_SERVERKEY, self.server.curve)
        sock.setsockopt(zmq.CURVE_PUBLICKEY, self.own.curve_public)
        sock.setsockopt(zmq.CURVE_SECRETKEY, self.own.curve_secret)
        sock.setsockopt(zmq.IMMEDIATE, 1)
        sock.setsockopt(zmq.LINGER, 300)
        sock.setsockopt(zmq.RECONNECT_IVL, 1000)
        sock.setsockopt(zmq.RECONNECT_IVL_MAX, 60000)
        self._monitor = sock.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH)
        self._socket = sock
        self._open = False
        self._hello_sent = None
        self._last_rx = self._last_tx = time.monotonic()
        sock.connect(self.endpoint)

    def _drop_socket(self) -> None:
        if self._socket is not None:
            self._socket.disable_monitor()
            self._socket.close()
        self._socket = self._monitor = None
        self._open = False
        self._hello_sent = None

    def close(self) -> None:
        """Close the socket; without bye() the publisher notices by the silence."""
        self._drop_socket()
        self._hello_due = self._reopen_at = None

    def _send(self, frame: bytes) -> bool:
        if self._socket is None:
            return False
        try:
            self._socket.send(frame, zmq.DONTWAIT)
        except zmq.Again:               # no connection: what it was about comes again after HELLO
            return False
        self._last_tx = time.monotonic()
        return True

    # -- what the caller says

    def hello(self, after: Union[int, None] = None) -> None:
        """Open the session, or start it anew; `after` moves our place in the stream.

        It leaves as soon as there is a connection, which next() waits for.
        """
        if self._socket is None:
            self.connect()
        if after is not None:
            self.position = None if after == CURSOR else after
            self._waiting.clear()
            self._snapping = self._snap_again = False
        self._hello_sent = None
        self._open = False
        self._hello_due = time.monotonic()
        self._service()

    def _mine(self) -> int:
        """The highest number below which nothing is missing or asked for again."""
        if self.position is None:
            return 0
        return min([self.position, *(s - 1 for s in self._waiting)])

    def ack(self, seq: int) -> None:
        """Everything up to seq is safe here; also gives back the credit used so far.

        Never claims a number that did not come or was NACKed for later.
        """
        if not self._snapping:
            self._acked = max(self._acked, min(seq, self._mine()))
        if self._open:
            self._send_ack()

    def _send_ack(self) -> None:
        add = max(0, self.window - self._left)
        cum = 0 if self._snapping else min(self._acked, self._mine())
        if self._send(encode_client("ACK", epoch=self.epoch, cum_seq=cum, add_credit=add)):
            self._left += add

    def nack(self, seq: int, code: int = NACK_UNUSABLE, retry_ms: int = 0) -> None:
        """Not taken: 1 again after retry_ms, 2 cannot use it, 3 seal or signature wrong."""
        if code == NACK_RETRY and self.position is not None and seq <= self.position:
            self._nacked[seq] += 1
            if self._nacked[seq] <= REPEATS:
                self._waiting.add(seq)  # the one after the last repeat parks it
        if self._send(encode_client("NACK", epoch=self.epoch, seq=seq, code=code, retry_ms=retry_ms)):
            self._left = min(self.window, self._left + 1)

    def state(self, seq: int, name: str, code: str = "", actor: str = "",
              at_us: Union[int, None] = None, epoch: Union[int, None] = None) -> bool:
        """Report what became of a number; True when it left.  STATEOK comes as an event.

        epoch: that of the session, unless the caller knows the number from another.
        """
        check_state(name, code, actor)
        at = time.time_ns() // 1000 if at_us is None else at_us
        return self._send(encode_client("STATE", epoch=self.epoch if epoch is None else epoch,
                                        seq=seq, state=STATES[name], at_us=at, actor=actor, code=code))

    def wait_state(self, seq: int, name: str, code: str = "", actor: str = "",
                   timeout: float = 30.0) -> bool:
        """state(), again until STATEOK; other events stay for next().  False on time-out."""
        at_us = time.time_ns() // 1000
        deadline = time.monotonic() + timeout
        again = 0.0
        while time.monotonic() < deadline:
            if self._ended:
                raise self._ended
            if self._open and time.monotonic() >= again:
                if self.state(seq, name, code, actor, at_us):
                    again = time.monotonic() + 5.0
            seen = len(self._queue)
            self._step(min(deadline, max(again, time.monotonic() + 0.05)))
            for event in list(self._queue)[seen:]:
                if event.kind == "stateok" and (event.seq, event.state) == (seq, STATES[name]):
                    self._queue.remove(event)
                    return True
                if (event.kind == "error" and event.code in (4003, 4006)
                        and event.about == ("R", seq, STATES[name])):
                    raise Error(f"STATE {name} of {seq}: {event.code} {event.text}")
                if event.kind == "welcome":
                    again = 0.0
        return False

    def snap(self) -> None:
        """Ask for what still stands; after the event snapend, ack(as_of_seq)."""
        self._snapping = self._snap_again = True
        self._service()

    def ping(self, nonce: Union[int, None] = None) -> bool:
        return self._send(encode_client("PING", nonce=random.getrandbits(64) if nonce is None else nonce))

    def bye(self) -> None:
        """End the session; the publisher stores the cursor at once and answers nothing."""
        self._send(encode_client("BYE"))
        self._open = False
        self._hello_due = self._hello_sent = self._reopen_at = None

    # -- what comes

    def next(self, timeout: float = 0.0) -> Union[Event, None]:
        """The next event, or None after `timeout` seconds; Ended when there is no going on."""
        deadline = time.monotonic() + timeout
        while not self._queue:
            if self._ended:
                raise self._ended
            if not self._step(deadline) and time.monotonic() >= deadline:
                break
        return self._queue.popleft() if self._queue else None

    def _step(self, deadline: float) -> bool:
        """Read one message, or do what is due and wait; False when nothing came."""
        if self._socket is not None and self._read():
            return True
        self._service()
        now = time.monotonic()
        wait = max(0.0, min(deadline, self._due()) - now)
        if self._socket is None:
            time.sleep(wait)
            return False
        flags = zmq.POLLIN
        if self._hello_due is not None and self._hello_due <= now:
            flags |= zmq.POLLOUT        # HELLO waits for the connection
        poller = zmq.Poller()
        poller.register(self._socket, flags)
        poller.register(self._monitor, zmq.POLLIN)
        ready = dict(poller.poll(int(wait * 1000) + 1))
        if self._monitor in ready:
            recv_monitor_message(self._monitor)
            self._queue.append(Event("denied"))
        return self._read()

    def _read(self) -> bool:
        try:
            frames = self._socket.recv_multipart(zmq.DONTWAIT)
        except zmq.Again:
            return False
        self._last_rx = time.monotonic()
        self._handle(frames)
        return True

    def _due(self) -> float:
        """When _service has something to do next."""
        times = [time.monotonic() + 1.0]
        if self._reopen_at is not None:
            times.append(self._reopen_at)
        if self._socket is not None:
            times.append(max(self._last_rx, self._hello_sent or 0.0) + 3 * self.hb)
        if self._hello_due is not None and self._hello_due > time.monotonic():
            times.append(self._hello_due)
        if self._open:
            times.append(self._last_tx + self.hb * 0.4)
        return min(times)

    def _service(self) -> None:
        """Timers: new socket, HELLO, SNAP, PING, silence."""
        now = time.monotonic()
        if self._ended:
            return
        if self._reopen_at is not None:
            if now < self._reopen_at:
                return
            self._reopen_at = None
            self.connect()
            self._hello_due = now
        if self._socket is None:
            return
        if now - max(self._last_rx, self._hello_sent or 0.0) > 3 * self.hb:
            if self._open or self._hello_due is not None or self._hello_sent is not None:
                self._reopen()
            return
        if self._hello_due is not None and now >= self._hello_due:
            after = CURSOR if self.position is None else self._mine()
            if self._send(encode_client("HELLO", ver=1, flags=0, credit=self.credit, epoch=self.epoch,
                                        after_seq=after, stream="", consumer=self.consumer,
                                        filter=self.filter)):
                self._hello_due = None
                self._hello_sent = now
                self._open = False
        if not self._open:
            return
        if self._snap_again and self._send(encode_client("SNAP", epoch=self.epoch)):
            self._snap_again = False
            self._gone = False
        if now - self._last_tx >= self.hb * 0.4:
            self.ping()

    def _reopen(self) -> None:
        """New socket, later each time until a WELCOME comes."""
        self._drop_socket()
        pause = min(60.0, 2.0 ** min(self._failures, 6)) * random.uniform(0.5, 1.0)
        self._failures += 1
        self._hello_due = None
        self._reopen_at = time.monotonic() + pause

    def _hello_again(self, pause: float = 0.0) -> None:
        self._open = False
        self._hello_sent = None
        if self._hello_due is None:
            self._hello_due = time.monotonic() + pause
        if self._snapping:
            self._snap_again = True

    def _handle(self, frames: list[bytes]) -> None:
        if frames[0][:1] == b"\xca":
            if self._open:              # else of a session we left: it comes again
                self._alert(frames)
            return
        if len(frames) != 1:
            self._queue.append(Event("refused", reason="a control message of several frames", seq=0))
            return
        try:
            decoded = decode_server(frames[0])
        except Refused as e:
            self._queue.append(Event("refused", reason=str(e), seq=0))
            return
        if decoded is None:
            return
        name, f = decoded
        event = Event(name.lower(), **f)
        if name == "WELCOME":
            if self._hello_sent is None:
                return                  # of a HELLO before the last one
            if f["ver"] != 1 or "\0" in f["stream"]:
                self._ended = Ended(0, "a WELCOME this program does not understand")
                return
            self._welcome(f)
        elif name == "ERROR":
            event.about = error_about(f["text"])
            self._error(f["code"], f["text"], event.about)
        elif name in ("SKIP", "SNAPEND", "GONE", "BEAT") and not self._open:
            return                      # of a session we left
        elif name == "SKIP":
            if f["first_seq"] > f["last_seq"]:
                event = Event("refused", reason="a SKIP that ends before it begins", seq=0)
            elif not self._snapping and not self._advance(f["first_seq"], f["last_seq"]):
                return
        elif name == "GONE":
            self._gone = True
            self.position = None
            self._waiting.clear()
            self._acked = 0
        elif name == "SNAPEND":
            self._snapping = self._snap_again = False
            self.position = f["as_of_seq"]
            self._waiting.clear()
            self._moved()
        elif name == "BEAT":
            self._beat(f["head_seq"])
        self._queue.append(event)

    def _welcome(self, f: dict[str, Any]) -> None:
        if self.epoch and f["epoch"] != self.epoch:     # numbers do not compare any more
            self.position = None
            self._waiting.clear()
            self._acked = 0
        self.epoch = f["epoch"]
        self.stream = f["stream"]
        self.hb = max(f["hb_ms"], 50) / 1000
        self.window = min(self.credit, f["max_credit"])
        self._left = self.window
        self._nacked.clear()
        if self.position is None and f["after_seq"] != CURSOR:  # else GONE follows
            self.position = f["after_seq"]
        self._open = True
        self._hello_sent = None
        self._failures = 0
        self._gone = False
        self._lag = 0
        if self._acked:                 # an ACK may have gone down with the last session
            self._send_ack()
        self._service()

    def _alert(self, frames: list[bytes]) -> None:
        self._left = max(0, self._left - 1)
        claimed = int.from_bytes(frames[0][16:24], "big") if len(frames[0]) == HEADER_LEN else 0
        try:
            if len(frames) != 2:
                raise Refused("an ALERT has two frames")
            header, body = open_alert(self.stream, frames[0], frames[1], self.own, self.server)
        except Refused as e:
            if claimed:
                self.nack(claimed, NACK_SEAL)
                # Unverified: believed only where it fits, so that it cannot move our place.
                if self.position is not None and claimed == self.position + 1 and not self._snapping:
                    self.position = claimed
                    self._moved()
            self._queue.append(Event("refused", reason=str(e), seq=claimed))
            return
        if header["epoch"] > self.epoch:
            self._queue.append(Event("refused", reason="of a later epoch than the session", seq=0))
            return
        seq = header["seq"]
        duplicate = False
        if not self._snapping:
            if self.position is not None and seq <= self.position:
                duplicate = seq not in self._waiting
                self._waiting.discard(seq)
            elif not self._advance(seq, seq):
                return
        self._queue.append(Event("alert", header=header, body=body, duplicate=duplicate))

    def _moved(self) -> None:
        self._lag = 0
        self._lag_limit = 2
        self._gap_at = None

    def _advance(self, first: int, last: int) -> bool:
        """first..last came.  False: something before them did not, and HELLO asks again."""
        if self.position is None:       # the publisher's cursor, now known
            self.position = first - 1
        if first > self.position + 1:
            if self._gap_at != self.position:
                self._gap_at = self.position
                self._hello_again()
                return False
            self._queue.append(Event("lost", first_seq=self.position + 1, last_seq=first - 1))
        self.position = max(self.position, last)
        self._moved()
        return True

    def _beat(self, head: int) -> None:
        if self._gone or self._snapping or self.position is None or not self._left:
            self._lag = 0
        elif head <= self.position:
            self._lag = 0
        else:
            self._lag += 1
            if self._lag >= self._lag_limit:
                self._lag = 0
                self._lag_limit = min(64, 2 * self._lag_limit)
                self._hello_again()

    def _error(self, code: int, text: str, about: tuple[str, int, int]) -> None:
        if code == 4029 and about[0] == "N":
            self._waiting.discard(about[1])     # not taken: it does not come again by itself
            self._nacked[about[1]] -= 1
        elif code == 4006 and about[0] == "K":
            self._hello_again()
        elif code == 4002:
            if self._open:              # else HELLO is on its way already
                self._hello_again()
        elif code == 4005:
            self._hello_again()
        elif code in (4004, 4007, 4008, 4009, 4010, 4011):
            self._open = False
            self._ended = Ended(code, text)
        elif code in (4001, 5003):
            self._reopen()
        elif code == 5001:
            self._hello_again(5.0)


def error_about(text: str) -> tuple[str, int, int]:
    """(letter, seq, state) of the frame an ERROR answers; "", 0, 0 when it says none."""
    found = re.match(r"([A-Z])(?: ([0-9]+))?(?: ([0-9]+))?: ", text)
    if not found:
        return "", 0, 0
    return found[1], int(found[2] or 0), int(found[3] or 0)


def check_state(name: str, code: str, actor: str = "") -> None:
    """Error for a STATE the publisher would answer with 4003."""
    if name not in STATES:
        raise Error(f"no state {name}")
    if len(actor.encode()) > 128:
        raise Error("actor is longer than 128 bytes")
    if name == "acted":
        good = re.fullmatch(r"[A-Z0-9_]{1,64}", code)
    elif name == "snoozed":
        good = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", code)
    elif name == "failed":
        good = len(code.encode()) <= 64
    else:
        good = code == ""
    if not good:
        raise Error(f"a code that does not fit {name}")

#!/usr/bin/python3
"""The vectors of docs/WIRE.md, made without a line of the project's C.

wire_vectors.py c   the table tests/unit/wire_vectors.h
wire_vectors.py md  the table of docs/WIRE.md
"""
import base64
import hashlib
import struct
import sys

import nacl.bindings
import nacl.public
import nacl.signing

B2B = lambda b: hashlib.blake2b(b, digest_size=32).digest()
CURSOR = 2**64 - 1


def short(s):
    return bytes([len(s)]) + s


V = []


def add(name, *parts):
    V.append((name, b"".join(parts)))


p = struct.pack
add("HELLO", b"H", p(">BBIQQ", 1, 0, 100, 0, CURSOR), short(b""),
    short(b"tail"), p(">H", 0))
add("HELLO full", b"H", p(">BBIQQ", 1, 0, 8, 3, 41), short(b"EX-SZ-001"),
    short(b"gw-1.a"), p(">H", len(b"severity=HIGH;country=AE,SA")),
    b"severity=HIGH;country=AE,SA")
add("ACK", b"K", p(">QQI", 3, 42, 1))
add("NACK", b"N", p(">QQHI", 3, 42, 1, 5000))
add("SNAP", b"S", p(">Q", 3))
add("STATE delivered", b"R", p(">QQBQ", 3, 42, 3, 1672103523214000),
    short(b"desk-7"), short(b""))
add("STATE snoozed", b"R", p(">QQBQ", 3, 42, 7, 1672103523214000),
    short(b""), short(b"2023-01-09"))
add("STATE acted", b"R", p(">QQBQ", 3, 42, 6, 1672103523214000),
    short(b"desk-7"), short(b"A_ORDER_REPORT"))
add("PING", b"P", p(">Q", 0x0102030405060708))
add("BYE", b"B")
add("WELCOME", b"W", p(">BQQQIIH", 1, 3, 1, 42, 5000, 1000, 0xB6E8),
    short(b"EX-SZ-001"), p(">Q", 41))
add("BEAT", b"T", p(">QQQ", 3, 42, 1672103523214000))
add("PONG", b"P", p(">Q", 0x0102030405060708))
add("STATEOK", b"r", p(">QQB", 3, 42, 6))
add("SKIP", b"J", p(">QQQ", 3, 43, 45))
add("GONE", b"G", p(">Q", 40))
add("SNAPEND", b"Z", p(">QQ", 3, 42))
add("ERROR", b"E", p(">H", 4002), b"HELLO first")
add("ERROR about", b"E", p(">H", 4006), b"R 43 6: beyond what was sent")

# One whole ALERT with keys anybody can make again.
seed = lambda c: bytes([c]) * 32
srv_curve, srv_seal = (nacl.public.PrivateKey(seed(c)) for c in (1, 2))
srv_sign = nacl.signing.SigningKey(seed(3))
sub_curve, sub_seal = (nacl.public.PrivateKey(seed(c)) for c in (4, 5))
pub = lambda k: bytes(getattr(k, "public_key", None) or k.verify_key)
sign_keyid = struct.unpack(">H", B2B(pub(srv_sign))[:2])[0]
seal_keyid = struct.unpack(">I", B2B(pub(sub_seal))[:4])[0]
stream = b"EX-SZ-001"
body = ('{"specversion":"1.0","id":"demo/1","source":"urn:creditalarm:demo",'
        '"type":"creditalarm.alert.v1","subject":"EX-SZ-001"}').encode()


def header(flags, keyid):
    return p(">HBBBBHQQQII", 0xCA01, 1, flags, 0, 4, sign_keyid, 3, 42,
             1672103523214000, len(body), keyid)


signed = (b"credit-alarm/1\0" + stream + b"\0" + header(0, 0) + B2B(body))
signature = srv_sign.sign(signed).signature
nonce = bytes(range(24))
sealed = nonce + nacl.bindings.crypto_box(
    signature + body, nonce, pub(sub_seal), bytes(srv_seal))
b64 = lambda b: base64.urlsafe_b64encode(b).rstrip(b"=")
add("ALERT header", header(1, seal_keyid))
add("ALERT body", body)
add("ALERT signed bytes", signed)
add("ALERT signature", signature)
add("ALERT sealed", sealed)
LINES = [
    ("capub1", b"capub1." + b64(pub(sub_curve)) + b"." + b64(pub(sub_seal))),
    ("casrv1", b"casrv1." + b64(pub(srv_curve)) + b"." + b64(pub(srv_seal)) +
     b"." + b64(pub(srv_sign))),
]


def c_table():
    print("/* Made by tests/support/wire_vectors.py; do not edit. */")
    print("static const struct { const char *name, *hex; } "
          "wire_vectors[] = {")
    for name, b in V:
        print('\t{ "%s",' % name)
        h = b.hex()
        for i in range(0, len(h), 64):
            print('\t  "%s"' % h[i:i + 64])
        print("\t},")
    print("};")
    for name, line in LINES:
        print('static const char wire_%s[] =\n\t"%s";' % (
            name, line.decode()))


def md_table():
    for name, b in V:
        print("* %s\n\n  ```\n  %s\n  ```\n" % (name, b.hex()))
    for name, line in LINES:
        print("* %s line\n\n  ```\n  %s\n  ```\n" % (name, line.decode()))


{"c": c_table, "md": md_table}[sys.argv[1]]()

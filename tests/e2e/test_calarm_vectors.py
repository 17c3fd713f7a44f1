#!/usr/bin/env python3
"""docs/WIRE.md against calarm.py: every vector of the document, and sealing byte by byte.

The vectors are read out of the document; what they should mean stands here, so
that a document that changed, or has a vector more or less, is noticed.  Not covered by
seal or signature, and not meant to be: bits 0 and 1 of the header's byte 3 (the flags
"redelivered" and "part of a snapshot").
"""
from __future__ import annotations

import os
import re
import stat
import sys
import tempfile
from pathlib import Path
from typing import Any, Callable

import nacl.public
import nacl.signing

import calarm

WIRE = Path(__file__).resolve().parents[2] / "docs" / "WIRE.md"
STREAM = "EX-SZ-001"
TIME_US = 0x0005F0C4F08762B0
SEEDS = {n: bytes([n]) * 32 for n in range(1, 6)}
failures = 0


def check(name: str, test: Callable[[], None]) -> None:
    """Run one test and print its line."""
    global failures
    try:
        test()
        print(f"ok {name}")
    except Exception as e:          # a test that breaks is a test that failed
        failures += 1
        print(f"FAIL {name}: {type(e).__name__}: {e}")


def same(got: Any, want: Any, what: str = "value") -> None:
    if got != want:
        raise AssertionError(f"{what} is {got!r}, should be {want!r}")


def refused(what: str, test: Callable[[], Any], error: type[Exception] = calarm.Refused) -> None:
    try:
        test()
    except error:
        return
    raise AssertionError(f"{what} was accepted")


def vectors(text: str) -> dict[str, str]:
    """name -> text of each `* name` and code block of the section on vectors."""
    section = re.search(r"^## \d+\. Vectors\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    if not section:
        raise SystemExit("FAIL document: no section on vectors")
    found: dict[str, str] = {}
    for name, block in re.findall(r"^\* (.+?)\n\n\s*```\n(.*?)```", section.group(1), re.M | re.S):
        if name in found:
            raise SystemExit(f"FAIL document: vector {name} is there twice")
        found[name] = "".join(block.split())
    same(len(found), section.group(1).count("\n* "), "number of vectors that could be read")
    return found


HELLO = dict(ver=1, flags=0, credit=100, epoch=0, after_seq=2 ** 64 - 1, stream="", consumer="tail", filter="")
STATE = dict(epoch=3, seq=42, state=3, at_us=TIME_US, actor="desk-7", code="")
CLIENT = {
    "HELLO": ("HELLO", HELLO),
    "HELLO full": ("HELLO", dict(ver=1, flags=0, credit=8, epoch=3, after_seq=41, stream=STREAM,
                                 consumer="gw-1.a", filter="severity=HIGH;country=AE,SA")),
    "ACK": ("ACK", dict(epoch=3, cum_seq=42, add_credit=1)),
    "NACK": ("NACK", dict(epoch=3, seq=42, code=1, retry_ms=5000)),
    "SNAP": ("SNAP", dict(epoch=3)),
    "STATE delivered": ("STATE", STATE),
    "STATE acted": ("STATE", {**STATE, "state": 6, "code": "A_ORDER_REPORT"}),
    "STATE snoozed": ("STATE", {**STATE, "state": 7, "actor": "", "code": "2023-01-09"}),
    "PING": ("PING", dict(nonce=0x0102030405060708)),
    "BYE": ("BYE", {}),
}
SERVER = {
    "WELCOME": ("WELCOME", dict(ver=1, epoch=3, oldest_seq=1, head_seq=42, hb_ms=5000, max_credit=1000,
                                sign_keyid=0xB6E8, stream=STREAM, after_seq=41)),
    "BEAT": ("BEAT", dict(epoch=3, head_seq=42, time_us=TIME_US)),
    "PONG": ("PONG", dict(nonce=0x0102030405060708)),
    "STATEOK": ("STATEOK", dict(epoch=3, seq=42, state=6)),
    "SKIP": ("SKIP", dict(epoch=3, first_seq=43, last_seq=45)),
    "GONE": ("GONE", dict(oldest_seq=40)),
    "SNAPEND": ("SNAPEND", dict(epoch=3, as_of_seq=42)),
    "ERROR": ("ERROR", dict(code=4002, text="HELLO first")),
    "ERROR about": ("ERROR", dict(code=4006, text="R 43 6: beyond what was sent")),
}
ALERT = ["ALERT header", "ALERT body", "ALERT signed bytes", "ALERT signature", "ALERT sealed",
         "capub1 line", "casrv1 line"]


def client_vector(data: bytes, name: str, fields: dict[str, Any]) -> None:
    same(calarm.decode_client(data), (name, fields), "decoded")
    same(calarm.encode_client(name, **fields).hex(), data.hex(), "encoded")
    for n in range(len(data)):
        refused(f"its first {n} bytes", lambda: calarm.decode_client(data[:n]))
    refused("a byte more", lambda: calarm.decode_client(data + b"\0"))


def server_vector(data: bytes, name: str, fields: dict[str, Any]) -> None:
    same(calarm.decode_server(data), (name, fields), "decoded")
    same(calarm.encode_server(name, **fields).hex(), data.hex(), "encoded")
    if name != "ERROR":             # its text is the rest of the frame, however long
        same(calarm.decode_server(data + b"\0\xff"), (name, fields), "decoded with bytes behind")
        for n in range(1, len(data)):
            refused(f"its first {n} bytes", lambda: calarm.decode_server(data[:n]))


own = calarm.OwnKeys(SEEDS[4], SEEDS[5])
other = calarm.OwnKeys(SEEDS[5], SEEDS[4])


def pub(secret: bytes) -> bytes:
    return bytes(nacl.public.PrivateKey(secret).public_key)


def ed(seed: bytes) -> bytes:
    return bytes(nacl.signing.SigningKey(seed).verify_key)


server = calarm.ServerKeys(pub(SEEDS[1]), pub(SEEDS[2]), (ed(SEEDS[3]),))


def alert_vectors(v: dict[str, str]) -> None:
    header, body, sealed = (bytes.fromhex(v[f"ALERT {n}"]) for n in ("header", "body", "sealed"))
    fields = dict(magic=0xCA01, type=1, flags=1, enc=0, severity=4, sign_keyid=0xB6E8, epoch=3, seq=42,
                  time_us=TIME_US, body_len=119, seal_keyid=0xF6BFA355)

    def header_vector() -> None:
        same(calarm.decode_header(header), fields, "decoded")
        same(calarm.encode_header(**fields).hex(), header.hex(), "encoded")
        same(calarm.sign_keyid(server.signing[0]), 0xB6E8, "sign_keyid")
        same(own.seal_keyid, 0xF6BFA355, "seal_keyid")

    def signature_vector() -> None:
        signed = nacl.signing.SigningKey(SEEDS[3]).sign(bytes.fromhex(v["ALERT signed bytes"]))
        same(signed.signature.hex(), v["ALERT signature"], "signature")

    def sealed_vector() -> None:
        nonce = bytes(range(24))
        same(calarm.seal_alert(STREAM, header, body, SEEDS[3], SEEDS[2], own.seal_public, nonce).hex(),
             v["ALERT sealed"], "sealed")
        same(calarm.open_alert(STREAM, header, sealed, own, server), (fields, body), "opened")

    check("vector ALERT header", header_vector)
    check("vector ALERT body", lambda: same(
        body, b'{"specversion":"1.0","id":"demo/1","source":"urn:creditalarm:demo",'
        b'"type":"creditalarm.alert.v1","subject":"EX-SZ-001"}', "body"))
    check("vector ALERT signed bytes", lambda: same(
        calarm.signed_bytes(STREAM, header, body).hex(), v["ALERT signed bytes"], "signed bytes"))
    check("vector ALERT signature", signature_vector)
    check("vector ALERT sealed", sealed_vector)

    def lines() -> None:
        same(own.line(), v["capub1 line"], "capub1")
        same(calarm.parse_capub(v["capub1 line"]), (own.curve_public, own.seal_public), "parsed")

    def casrv() -> None:
        same(server.line(), v["casrv1 line"], "casrv1")
        same(calarm.ServerKeys.parse(v["casrv1 line"]), server, "parsed")
        for bad in ("", "casrv1", v["casrv1 line"] + "=", v["casrv1 line"][:-1], v["capub1 line"],
                    v["casrv1 line"].rsplit(".", 1)[0], v["casrv1 line"] + "." + "A" * 43 + "." + "A" * 43,
                    v["casrv1 line"][:-1] + "F"):
            refused(f"casrv1 line {bad[-12:]!r}", lambda: calarm.ServerKeys.parse(bad), calarm.Error)

    check("vector capub1 line", lines)
    check("vector casrv1 line", casrv)
    flips("vector", header, sealed)


def flips(name: str, header: bytes, sealed: bytes) -> None:
    """Every bit of header and sealed frame, one at a time."""
    def header_flips() -> None:
        for at in range(len(header)):
            for bit in range(8):
                bad = bytearray(header)
                bad[at] ^= 1 << bit
                if at == 3 and bit < 2:     # outside the signature by design
                    calarm.open_alert(STREAM, bytes(bad), sealed, own, server)
                else:
                    refused(f"bit {bit} of header byte {at} flipped",
                            lambda: calarm.open_alert(STREAM, bytes(bad), sealed, own, server))

    def sealed_flips() -> None:
        for at in range(len(sealed)):
            for bit in range(8):
                bad = bytearray(sealed)
                bad[at] ^= 1 << bit
                refused(f"bit {bit} of sealed byte {at} flipped",
                        lambda: calarm.open_alert(STREAM, header, bytes(bad), own, server))

    check(f"{name}: header bits flipped are refused (byte 3 bits 0 and 1 are not covered)", header_flips)
    check(f"{name}: sealed bits flipped are refused", sealed_flips)


def built_alert() -> None:
    """An ALERT put together here by hand, without calarm's encoders."""
    body = '{"specversion":"1.0","id":"x/7","data":{"text":{"zh":{"title":"警报"}}}}'.encode()
    keyid = int.from_bytes(calarm.hashlib.blake2b(pub(SEEDS[5]), digest_size=32).digest()[:4], "big")
    signid = calarm.hashlib.blake2b(ed(SEEDS[3]), digest_size=32).digest()[:2]

    def make(type_: int = 2, flags: int = 0, enc: int = 0, severity: int = 3, magic: bytes = b"\xca\x01",
             body: bytes = body, stream: bytes = STREAM.encode(), seed: bytes = SEEDS[3],
             seal: bytes = SEEDS[2], signid: bytes = signid, reader: bytes = pub(SEEDS[5])) -> tuple[bytes, bytes]:
        header = (magic + bytes([type_, flags, enc, severity]) + signid + (5).to_bytes(8, "big")
                  + (77).to_bytes(8, "big") + TIME_US.to_bytes(8, "big")
                  + len(body).to_bytes(4, "big") + keyid.to_bytes(4, "big"))
        message = (b"credit-alarm/1\0" + stream + b"\0" + header[:3] + b"\0" + header[4:36] + bytes(4)
                   + calarm.hashlib.blake2b(body, digest_size=32).digest())
        signature = nacl.signing.SigningKey(seed).sign(message).signature
        nonce = os.urandom(24)
        box = nacl.public.Box(nacl.public.PrivateKey(seal), nacl.public.PublicKey(reader))
        return header, nonce + box.encrypt(signature + body, nonce).ciphertext

    def opens() -> None:
        header, got = calarm.open_alert(STREAM, *make(), own, server)
        same((header["type"], header["severity"], header["epoch"], header["seq"], got), (2, 3, 5, 77, body))
        for type_ in (1, 2, 3, 4):
            for severity in (1, 2, 3, 4):
                for flags in (0, 1, 2, 3):
                    calarm.open_alert(STREAM, *make(type_, flags, 0, severity), own, server)
        for size in (1, 65536):
            calarm.open_alert(STREAM, *make(body=b"x" * size), own, server)

    def header_rules() -> None:
        """Signed and sealed as it should be, but with values the document does not know."""
        for what, alert in {
            "type 0": make(type_=0), "type 5": make(type_=5), "flag 4": make(flags=4), "flag 128": make(flags=128),
            "enc 1": make(enc=1), "severity 0": make(severity=0), "severity 5": make(severity=5),
            "magic CA02": make(magic=b"\xca\x02"), "an empty body": make(body=b""),
            "a body of 65,537 bytes": make(body=b"x" * 65537),
        }.items():
            refused(what, lambda: calarm.open_alert(STREAM, *alert, own, server))

    def strangers() -> None:
        header, sealed = make()
        for what, test in {
            "another stream": lambda: calarm.open_alert("EX-SZ-002", header, sealed, own, server),
            "an empty stream": lambda: calarm.open_alert("", header, sealed, own, server),
            "another reader": lambda: calarm.open_alert(STREAM, header, sealed, other, server),
            "no reader": lambda: calarm.open_alert(STREAM, header, sealed, [], server),
            "another publisher's seal": lambda: calarm.open_alert(STREAM, *make(seal=SEEDS[1]), own, server),
            "a box for another reader": lambda: calarm.open_alert(STREAM, *make(reader=pub(SEEDS[4])), own, server),
            "another signer": lambda: calarm.open_alert(STREAM, *make(seed=SEEDS[1]), own, server),
            "a signer not in the line": lambda: calarm.open_alert(STREAM, *make(
                seed=SEEDS[1], signid=calarm.sign_keyid(ed(SEEDS[1])).to_bytes(2, "big")), own, server),
            "signed for another stream": lambda: calarm.open_alert(STREAM, *make(stream=b"EX"), own, server),
            "two sealed frames mixed": lambda: calarm.open_alert(STREAM, make()[0], make(type_=1)[1], own, server),
        }.items():
            refused(what, test)

    def lengths() -> None:
        header, sealed = make()
        for n in range(len(sealed)):
            refused(f"{n} sealed bytes", lambda: calarm.open_alert(STREAM, header, sealed[:n], own, server))
        refused("a sealed byte more", lambda: calarm.open_alert(STREAM, header, sealed + b"\0", own, server))
        for n in range(len(header)):
            refused(f"{n} header bytes", lambda: calarm.open_alert(STREAM, header[:n], sealed, own, server))
        refused("a header byte more", lambda: calarm.open_alert(STREAM, header + b"\0", sealed, own, server))

    def rotation() -> None:
        two = calarm.ServerKeys.parse(calarm.key_line("casrv1", [*server[:2], ed(SEEDS[1]), ed(SEEDS[3])]))
        calarm.open_alert(STREAM, *make(), [other, own], two)
        calarm.open_alert(STREAM, *make(
            seed=SEEDS[1], signid=calarm.sign_keyid(ed(SEEDS[1])).to_bytes(2, "big")), own, two)

    check("built ALERT opens", opens)
    check("built ALERT: values the document does not know are refused", header_rules)
    check("built ALERT: other keys and streams are refused", strangers)
    check("built ALERT: other lengths are refused", lengths)
    check("built ALERT: two signing keys, two sealing keys", rotation)
    flips("built ALERT", *make())


def key_file() -> None:
    """The key file as the document prints it, with Z85 values."""
    same(calarm.z85_encode(bytes.fromhex("864fd26fb559f75b")), "HelloWorld", "Z85 of ZeroMQ RFC 32")
    same(calarm.z85_decode("HelloWorld").hex(), "864fd26fb559f75b", "Z85 of ZeroMQ RFC 32")
    z = calarm.z85_encode
    good = (f'# subscriber\ncurve\n    public-key = "{z(own.curve_public)}"\n    secret-key = "{z(SEEDS[4])}"\n'
            f'seal\n    seal-public-key = "{z(own.seal_public)}"\n    seal-secret-key = "{z(SEEDS[5])}"\n')
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "key")

        def read(text: str) -> calarm.OwnKeys:
            with open(path, "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, stat.S_IRUSR | stat.S_IWUSR)) as f:
                f.write(text)
            return calarm.OwnKeys.read(path)

        same(read(good).line(), own.line(), "capub1 of the file")
        if z(SEEDS[4]) in repr(read(good)):
            raise AssertionError("the secret is shown")
        for what, text in {
            "an empty file": "", "no sealing pair": good.split("seal\n")[0], "no quotes": good.replace('"', ""),
            "pairs mixed": good.replace(z(SEEDS[4]), z(SEEDS[5])), "a short key": good.replace(z(SEEDS[4]), z(SEEDS[4])[:35]),
            "a foreign character": good.replace(z(SEEDS[4]), "~" + z(SEEDS[4])[1:]),
            "a group out of range": good.replace(z(SEEDS[4]), "#####" + z(SEEDS[4])[5:]),
        }.items():
            refused(what, lambda: read(text), calarm.Error)


def main() -> int:
    v = vectors(WIRE.read_text(encoding="utf-8"))
    check("document: the vectors are those known here", lambda: same(
        sorted(v), sorted([*CLIENT, *SERVER, *ALERT]), "names"))
    for table, test in ((CLIENT, client_vector), (SERVER, server_vector)):
        for name, (frame, fields) in table.items():
            check(f"vector {name}", lambda: test(bytes.fromhex(v[name]), frame, fields))
    same(sorted({f for f, _ in CLIENT.values()}), sorted(calarm.CLIENT), "client frames with a vector")
    same(sorted({f for f, _ in SERVER.values()}), sorted(calarm.SERVER), "server frames with a vector")
    check("unknown letters: ignored from a publisher, refused from a subscriber", lambda: (
        same(calarm.decode_server(b"\x7fxyz"), None), refused("letter", lambda: calarm.decode_client(b"\x7fxyz"))))
    alert_vectors(v)
    built_alert()
    check("key file", key_file)
    print(f"{'FAIL' if failures else 'ok'} all: {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

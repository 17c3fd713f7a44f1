"""A feed can at worst make itself stale: hostile servers, by name.

One daemon polls one healthy bureau and one feed per case.  Every case is
good first, then its server turns bad; each must end with exactly the words
given here (another reason is a failure).  All the while the bureau is polled
on time, what stood before stands, and no alert changes.  Then every server
is good again, and every feed recovers.

CASES=name,name runs a few; SHOW=1 prints what every case ended with;
PATIENCE=n gives a slow build n times as long for everything.
"""
import gzip
import json
import os
import pathlib
import re
import socket
import ssl
import sys
import threading
import time
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from bad_server import (BadServer, certificate, context,  # noqa: E402
                        expired_certificate)
from house import Checks, House, ROOT  # noqa: E402

c = Checks("bad server")
PATIENCE = int(os.environ.get("PATIENCE", 1))
DEMO = ROOT / "tests/demo"
AS_OF = "2022-12-27T01:12:00Z"
BUREAU = (DEMO / "feeds/bureau-1.ndjson").read_bytes()
TIMED_OUT = r"(?i)timed? ?out"
MIB = 1 << 20

DEFINITION = """name: %(name)s
urls: ["%(url)s"]
container: %(container)s
%(record)srecord_key: [msg_no]
mode: %(mode)s
interval: 1s
timeout: %(timeout)s
wire_max: %(wire_max)s
decoded_max: %(decoded_max)s
guards:
%(guards)s  stale_after: 1h
certainty: reported
redistribution: summary
map: bureau.jq
vocab: ../vocab/bureau.tsv
prepare:
  ts: date(rfc3339)
enabled: yes
allow_private: %(private)s
ca_file: %(ca)s
"""


def record(n):
    return {"msg_no": "M-%s" % n, "typ": "WARN", "ereignis": "INSO-EROEFF",
            "subj_no": "ARE/000123", "land": "AE",
            "ereignis_am": "2022-12-23", "ts": "2022-12-27T01:05:40Z"}


def lines(ns, **more):
    return b"".join(json.dumps(dict(record(n), **more)).encode() + b"\n"
                    for n in ns)


def rec(n, inner="", attributes=""):
    return "<rec%s>%s%s</rec>" % (attributes, "".join(
        "<%s>%s</%s>" % (k, v, k) for k, v in record(n).items()), inner)


def xml(*recs, root="list", before="", after=""):
    return ("%s<%s>%s</%s>%s" % (before, root, "".join(recs), root,
                                 after)).encode()


GOOD = {"ndjson": lines(range(4)),
        "xml": xml(*(rec(n) for n in range(4)))}

# ---- the cases ----

CASES = {}


class Case:
    def __init__(self, name, act, want, container="ndjson", **keys):
        self.name, self.act, self.want = name, act, want
        self.container = container
        self.hook = keys.pop("hook", None)
        self.url = keys.pop("url", None)  # never a good state
        self.keys = keys
        CASES[name] = self


def failed(why):
    return ("failed", "-", why)


def refused(guard, why):
    return ("refused", guard, why)


def accepted(records, rejects=0):
    return ("accepted", "-", "^%d records, %d rejects$" % (records, rejects))


def body(name, data, want, container="ndjson", headers=(), **keys):
    Case(name, lambda conn: conn.reply(data, headers=headers), want,
         container, **keys)


def status(code, *headers):
    Case("status-%d" % code,
         lambda conn: conn.reply(b"no", code, headers),
         failed("^HTTP status %d$" % code))


def head_only(name, text, want, **keys):
    """These bytes, then the end."""
    Case(name, lambda conn: conn.raw(text), want, **keys)


# Time.
SLOW = {"timeout": "2s"}


def slow_header(conn):
    conn.raw("HTTP/1.1 200 OK\r\nX-Slow: ")
    conn.ever(b"x", 0.2)


def slow_body(conn):
    conn.head()
    conn.ever(b"{", 0.2)


def stall(conn):
    conn.head(200, "Content-Length: 100")
    conn.wait()


def drip_chunks(conn):
    conn.head(200, "Transfer-Encoding: chunked")
    conn.ever(b"1\r\n\n\r\n", 0.2)


def drip_continue(conn):
    conn.ever(b"HTTP/1.1 100 Continue\r\n\r\n", 0.2)


def tls_stall(raw):
    while raw.recv(4096):
        pass


Case("slow-header", slow_header, failed(TIMED_OUT), **SLOW)
Case("slow-body", slow_body, failed(TIMED_OUT), **SLOW)
Case("stall-after-headers", stall, failed(TIMED_OUT), **SLOW)
Case("drip-chunks", drip_chunks, failed(TIMED_OUT), **SLOW)
Case("drip-100-continue", drip_continue, failed(TIMED_OUT), **SLOW)
for n in range(1, 13):
    Case("hang-%d" % n, lambda conn: conn.wait(), failed(TIMED_OUT), **SLOW)
Case("silence", lambda conn: conn.wait(), failed(TIMED_OUT), **SLOW)
Case("tls-stall", None, failed(TIMED_OUT), hook=tls_stall, **SLOW)

# Size.
HEADER_MAX = failed("^more than 65536 bytes of header$")
LINE_MAX = failed("^a header line over 100 KiB, or no memory$")
WIRE_MAX = failed("^more than wire_max bytes$")
DECODED_MAX = failed("^more than decoded_max bytes$")


def endless_body(conn):
    conn.head()
    conn.ever(b" " * 16384)


def endless_chunks(conn):
    conn.head(200, "Transfer-Encoding: chunked")
    conn.ever(b"4000\r\n" + b" " * 0x4000 + b"\r\n")


def endless_header(conn):
    conn.raw("HTTP/1.1 200 OK\r\nX-Long: ")
    conn.ever(b"x" * 4096)


def endless_headers(conn):
    conn.raw("HTTP/1.1 200 OK\r\n")
    conn.ever(b"X-Again: and again\r\n" * 100)


def endless_continue(conn):
    conn.ever(b"HTTP/1.1 100 Continue\r\nX-Wait: more\r\n\r\n" * 100)


def endless_trailer(conn):
    conn.head(200, "Transfer-Encoding: chunked")
    conn.raw(b"1\r\n\n\r\n0\r\n")
    conn.ever(b"X-After: and after\r\n" * 100)


def long_header(name, size, want, field="X-Long"):
    Case(name, lambda conn: conn.reply(
        GOOD["ndjson"] + b"\n", headers=("%s: %s" % (field, "e" * size),)),
        want)


Case("endless-body", endless_body, WIRE_MAX, decoded_max="64MiB")
Case("endless-chunks", endless_chunks, WIRE_MAX, decoded_max="64MiB")
Case("endless-header", endless_header, LINE_MAX)
Case("endless-headers", endless_headers, HEADER_MAX)
Case("endless-100-continue", endless_continue, HEADER_MAX)
Case("endless-trailer", endless_trailer, HEADER_MAX)
long_header("header-60k", 60000, accepted(4))
long_header("header-66k", 66000, HEADER_MAX)
long_header("etag-60k", 60000, accepted(4), "ETag")
long_header("etag-1m", MIB, LINE_MAX, "ETag")
GZIP = ("Content-Encoding: gzip",)
body("gzip-good", gzip.compress(GOOD["ndjson"] + b"\n"), accepted(4),
     headers=GZIP)
body("gzip-bomb", gzip.compress(b" " * (24 * MIB)), DECODED_MAX,
     headers=GZIP)
body("gzip-bomb-xml", gzip.compress(b"<list>" + b" " * (24 * MIB)),
     DECODED_MAX, "xml", headers=GZIP)
body("gzip-of-gzip", gzip.compress(gzip.compress(b" " * (64 * MIB))),
     DECODED_MAX, headers=("Content-Encoding: gzip, gzip",))
body("gzip-six-deep", b"x", failed("(?i)encoding"),
     headers=("Content-Encoding: " + ", ".join(["gzip"] * 6),))
body("gzip-truncated", gzip.compress(GOOD["xml"])[:-40],
     refused("format", "(?i)not well-formed"), "xml", headers=GZIP)
body("gzip-bad-sum", gzip.compress(GOOD["ndjson"] + b"\n")[:-8] + b"12345678",
     failed("(?i)encod|write|incorrect"), headers=GZIP)
body("gzip-not", GOOD["ndjson"], failed("(?i)encod|header check|write"),
     headers=GZIP)
body("deflate-good", zlib.compress(GOOD["ndjson"] + b"\n"), accepted(4),
     headers=("Content-Encoding: deflate",))
body("br-unasked", b"\x8b\x01\x80" + GOOD["ndjson"],
     failed("(?i)encod|brotli|write"), headers=("Content-Encoding: br",))
body("encoding-unknown", GOOD["ndjson"], failed("(?i)content.encoding"),
     headers=("Content-Encoding: x-rot13",))

# Lengths and ends.
OPEN = ("HTTP/1.1 200 OK\r\nConnection: close\r\n%s\r\n\r\n")
N = len(GOOD["xml"])


def length(name, header, want, data=GOOD["xml"]):
    Case(name, lambda conn: conn.raw((OPEN % header).encode() + data), want,
         "xml")


length("length-short", "Content-Length: %d" % (N - 9),
       refused("format", "not well-formed"))
length("length-long", "Content-Length: %d" % (N + 9),
       failed("transfer closed|with 9 bytes"))
length("length-zero", "Content-Length: 0",
       refused("format", "(?i)empty"))
length("length-negative", "Content-Length: -5", failed("(?i)length"))
length("length-huge", "Content-Length: 99999999999999999999",
       accepted(4), GOOD["xml"] + b"\n")
length("length-word", "Content-Length: ten", failed("(?i)length"))
length("length-two", "Content-Length: %d\r\nContent-Length: %d" % (
    N, N - 9), refused("format", "not well-formed"))
length("chunk-size-word", "Transfer-Encoding: chunked", failed("(?i)chunk"),
       b"zz\r\n")
length("chunk-size-huge", "Transfer-Encoding: chunked",
       failed("(?i)chunk|transfer closed"), b"fffffffffffffffffff\r\n<")
length("chunk-cut", "Transfer-Encoding: chunked",
       failed("(?i)transfer closed"), b"ff\r\n<list>")
length("no-length-cut", "X-None: 0", refused("format", "not well-formed"),
       GOOD["xml"][:-20])


def reset_mid_body(conn):
    conn.head(200, "Content-Length: 100000")
    conn.raw(b" " * 1000)
    time.sleep(0.1)
    conn.reset()


def no_goodbye(conn):
    """The connection ends below TLS: a cut nobody signed."""
    conn.head()
    conn.raw(GOOD["xml"][:-20])
    time.sleep(0.1)
    sock = socket.socket(fileno=conn.sock.detach())
    sock.shutdown(socket.SHUT_RDWR)
    sock.close()


def plain_http(raw):
    raw.recv(4096)
    raw.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


Case("reset-mid-body", reset_mid_body, failed("(?i)reset|SSL|recv"))
Case("no-goodbye", no_goodbye, refused("format", "(?i)not well-formed"),
     "xml")
Case("accept-and-close", None, failed("(?i)SSL|reset|syscall"),
     hook=lambda raw: None)
Case("plain-on-tls", None, failed("(?i)SSL|version"), hook=plain_http)
head_only("empty-reply", b"", failed("(?i)empty reply"))
head_only("http-0.9", b"<list></list>\n", failed("(?i)HTTP/0.9"))
head_only("not-http", os.urandom(64).hex().encode() + b"\r\n\r\n",
          failed("(?i)HTTP/0.9"))
head_only("status-line-odd", b"HTTP/1.1 abc\r\n\r\n",
          failed("(?i)unsupported|HTTP|empty|weird|status"))
head_only("status-line-zero", b"HTTP/1.1 000 No\r\n\r\n",
          failed("(?i)HTTP|status"))
head_only("header-nul", b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
          failed("(?i)header|nul"))

# Status.
status(202)
status(203)
Case("status-204", lambda conn: conn.head(204), failed("^HTTP status 204$"))
status(206, "Content-Range: bytes 0-1/9")
Case("status-304-unasked", lambda conn: conn.head(304),
     failed("^HTTP status 304 to a request without a condition$"))
for code in (301, 400, 401, 403, 404, 410, 451, 500, 502, 503, 999):
    status(code)
status(429, "Retry-After: 315360000")
status(300, "Location: ")


# Redirects.
def redirect(name, where, want, code=302, **keys):
    Case(name, lambda conn: conn.reply(b"over there", code, (
        "Location: " + where(conn),)), want, **keys)


TOO_MANY = failed("^Maximum \\(3\\) redirects followed$")
PROTOCOL = failed("(?i)^Protocol .* not supported or disabled")
redirect("redirect-loop", lambda conn: conn.path, TOO_MANY)
redirect("redirect-growing", lambda conn: conn.path + "?more", TOO_MANY)
redirect("redirect-3", lambda conn: "/hop/2", accepted(4))
redirect("redirect-4", lambda conn: "/hop/3", TOO_MANY)
redirect("redirect-http", lambda conn: "http://localhost:%d/hop/0" %
         conn.server.port, PROTOCOL)
redirect("redirect-file", lambda conn: "file:///etc/hostname", PROTOCOL)
redirect("redirect-ftp", lambda conn: "ftp://localhost/x", PROTOCOL)
redirect("redirect-gopher", lambda conn: "gopher://localhost/x", PROTOCOL)
redirect("redirect-garbage", lambda conn: "https://[::1/", failed("(?i)url"))
redirect("redirect-long", lambda conn: conn.path + "?" + "x" * 20000, HEADER_MAX)
redirect("redirect-closed-port", lambda conn: "https://localhost:1/",
         failed("(?i)connect"))

# Addresses that are nobody's public feed: refused before a byte is sent.
PRIVATE = failed("^a private address$")
for name, host in (("name", "localhost"), ("v4", "127.0.0.1"),
                   ("v4-decimal", "2130706433"), ("v4-hex", "0x7f000001"),
                   ("v4-short", "127.1"), ("v4-zero", "0.0.0.0"),
                   ("v6", "[::1]"), ("v6-mapped", "[::ffff:127.0.0.1]"),
                   ("v6-nat64", "[64:ff9b::7f00:1]"),
                   ("link-local", "169.254.169.254"), ("ten", "10.0.0.1"),
                   ("unique-local", "[fd00::1]")):
    Case("private-" + name, None, PRIVATE, url="https://" + host,
         private="no")


# TLS.
def tls_hooks(folder, server):
    expired = expired_certificate(folder)
    other = certificate(folder, "other.example", "DNS:other.example")
    unknown = certificate(folder, "localhost")
    server.trust(expired[0])
    server.trust(other[0])
    old = context((folder / "good.crt", folder / "good.key"))
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1

    def wrap(ctx):
        return lambda raw: ctx.wrap_socket(raw, server_side=True)

    Case("tls-expired", None, failed("(?i)certificate has expired"),
         hook=wrap(context(expired)))
    Case("tls-wrong-name", None, failed("(?i)no alternative certificate"),
         hook=wrap(context(other)))
    Case("tls-unknown-ca", None, failed("(?i)self-signed certificate"),
         hook=wrap(context(unknown)))
    Case("tls-1.1", None, failed("(?i)version|unsupported protocol"),
         hook=wrap(old))


# Foreign documents.
LOGIN = b"<html><body><form>Please sign in</form></body></html>"
body("html-for-ndjson", LOGIN, refused("root", "not a JSON object"))
body("html-for-xml", LOGIN, refused("root", "is html, not list"), "xml")
body("html5-for-xml", b"<!DOCTYPE html>" + LOGIN,
     refused("format", "DOCTYPE"), "xml")
body("rss-for-xml", b"<rss><channel><item/></channel></rss>",
     refused("root", "is rss, not list"), "xml")
body("soap-for-xml", b'<s:Envelope xmlns:s="urn:x"/>',
     refused("root", "is Envelope, not list"), "xml")
body("json-for-xml", b'{"error": 1}', refused("format", "markup"), "xml")
body("text-for-xml", b"Service unavailable", refused("format", "markup"),
     "xml")
body("error-object", b'{"error": "token expired"}\n',
     refused("max_reject_pct", "1 of 1"))
body("array-for-ndjson", b"[" + GOOD["ndjson"] + b"]",
     refused("root", "not a JSON object"))

# Nothing, or less.
body("empty-xml", b"", refused("format", "(?i)empty"), "xml")
body("empty-ndjson", b"", refused("min_records", "^0 records"),
     guards="min_records: 1")
body("bom-only-xml", b"\xef\xbb\xbf", refused("format", "(?i)empty"), "xml")
body("bom-only-ndjson", b"\xef\xbb\xbf", refused("min_records", "^0 rec"),
     guards="min_records: 1")
body("blank-lines", b"\n" * 9000, refused("min_records", "^0 records"),
     guards="min_records: 1")
body("no-records", xml(), refused("min_records", "^0 records"), "xml")
body("shrunk", xml(rec(1)), refused("max_shrink_pct", "^1 records, 4"),
     "xml")
body("shrunk-by-half", xml(rec(1), rec(2)), accepted(2), "xml")
body("grown", xml(*(rec(n) for n in range(9))),
     refused("max_growth_pct", "^9 records, 4 before"), "xml",
     guards="max_growth_pct: 100")

# Encodings.
body("utf-16", GOOD["xml"].decode().encode("utf-16"),
     refused("format", "neither UTF-8"), "xml")
body("utf-16-bare", GOOD["xml"].decode().encode("utf-16-le"),
     refused("format", "neither UTF-8"), "xml")
body("utf-32", GOOD["xml"].decode().encode("utf-32"),
     refused("format", "neither UTF-8"), "xml")
body("utf-7-declared", b'<?xml version="1.0" encoding="utf-7"?>' +
     GOOD["xml"], refused("format", "encoding utf-7 is not known"), "xml")
body("encoding-lie", b'<?xml version="1.0" encoding="windows-1252"?>' +
     xml(rec(1, "<t>\u4e2d\u6587</t>"), rec(2), rec(3)), accepted(3), "xml")
body("utf-8-broken-xml", xml(rec(1)).replace(b"M-1", b"M-\xff\xfe"),
     refused("format", "(?i)not well-formed"), "xml")
body("utf-8-overlong-xml", xml(rec(1)).replace(b"M-1", b"\xc0\xbc"),
     refused("format", "(?i)not well-formed"), "xml")
body("utf-8-surrogate-xml", xml(rec(1)).replace(b"M-1", b"\xed\xa0\x80"),
     refused("format", "(?i)not well-formed"), "xml")
body("utf-8-broken-ndjson", lines([0, 1, 2]).replace(b"M-1", b"M-\xff"),
     accepted(3, 1), guards="max_reject_pct: 50")
body("nul-in-xml", xml(rec(1, "<t>a\0b</t>"), rec(2)),
     refused("format", "(?i)not well-formed|neither"), "xml")
body("nul-in-ndjson", lines([0, 1, 2]).replace(b"M-1", b"M-\0"),
     accepted(3, 1), guards="max_reject_pct: 50")

# XML.
DOCTYPE = refused("format", "DOCTYPE")


def doctype(name, subset, text="&a;"):
    body(name, xml(rec(1, "<t>%s</t>" % text),
                   before="<!DOCTYPE list [%s]>" % subset), DOCTYPE, "xml")


doctype("laughs", '<!ENTITY x "ha">' + "".join(
    '<!ENTITY %s "%s">' % (b, "&%s;" % a * 10)
    for a, b in zip("xbcdefgh", "bcdefgha")))
doctype("quadratic-entity", '<!ENTITY a "%s">' % ("a" * 50000), "&a;" * 5000)
doctype("xxe-file", '<!ENTITY a SYSTEM "file:///etc/hostname">')
doctype("xxe-http", '<!ENTITY a SYSTEM "http://127.0.0.1:1/">')
doctype("xxe-parameter", '<!ENTITY % a SYSTEM "file:///etc/hostname"> %a;',
        "x")
body("doctype-external", xml(rec(1), before='<!DOCTYPE list SYSTEM "x">'),
     DOCTYPE, "xml")
body("doctype-late", xml("<!DOCTYPE list []>", rec(1)), DOCTYPE, "xml")
body("entity-unknown", xml(rec(1, "<t>&nbsp;</t>")),
     refused("format", "(?i)nbsp"), "xml")
body("depth-64", xml(rec(1), rec(2, "<a>" * 62 + "</a>" * 62)), accepted(2),
     "xml")
body("depth-65", xml(rec(1), rec(2, "<a>" * 63 + "</a>" * 63)),
     refused("limit", "nested deeper than 64"), "xml")
body("depth-million", b"<list>" + b"<a>" * 1000000,
     refused("limit", "nested deeper than 64"), "xml")


def attributes(n):
    return "".join(' a%d="1"' % i for i in range(n))


body("attributes-128", xml(rec(1), rec(2, "", attributes(128))),
     accepted(2), "xml")
body("attributes-129", xml(rec(1), rec(2, "", attributes(129))),
     refused("limit", "more than 128 attributes"), "xml")
body("attributes-200000", xml(rec(1), rec(2, "", attributes(200000))),
     refused("limit", "more than 128 attributes"), "xml")
body("attribute-twice", xml(rec(1, "", ' a="1" a="2"')),
     refused("format", "(?i)redefined"), "xml")
body("tag-64k", xml(rec(1), rec(2, '<a b="%s"/>' % ("x" * 65000))),
     accepted(2), "xml")
body("tag-over", xml(rec(1), rec(2, '<a b="%s"/>' % ("x" * 65536))),
     refused("limit", "a tag of more than 65536 bytes"), "xml")
body("tag-endless", b"<list><" + b"a" * 3 * MIB,
     refused("limit", "a tag of more than"), "xml")
body("comment-huge", xml(rec(1), "<!--%s-->" % ("x" * 3 * MIB)),
     refused("limit", "a comment or CDATA of more"), "xml")
body("cdata-huge", xml(rec(1, "<t><![CDATA[%s]]></t>" % ("x" * 3 * MIB))),
     refused("limit", "a comment or CDATA of more"), "xml")
body("pi-huge", xml(rec(1), "<?p %s?>" % ("x" * 3 * MIB)),
     refused("limit", "a comment or CDATA of more"), "xml")
body("text-over-1m", xml(rec(1, "<t>%s</t>" % ("x" * (MIB + 1))), rec(2),
                         rec(3)), accepted(3, 1), "xml",
     guards="max_reject_pct: 50")
body("names-300", xml(rec(1, "".join("<n%d/>" % i for i in range(300))),
                      rec(2), rec(3)), accepted(3, 1), "xml",
     guards="max_reject_pct: 50")
body("names-dictionary", xml(*("<n%0200d/>" % i for i in range(60000))),
     refused("limit", "different names"), "xml",
     decoded_max="32MiB", wire_max="32MiB")
body("unclosed", xml(rec(1))[:-7], refused("format", "(?i)not well-formed"),
     "xml")
body("two-roots", GOOD["xml"] + GOOD["xml"],
     refused("format", "(?i)extra content"), "xml")
body("junk-after-root", GOOD["xml"] + b"junk",
     refused("format", "(?i)extra content"), "xml")
body("wrong-nesting", b"<list><rec><a></rec></a></list>",
     refused("format", "(?i)mismatch"), "xml")
body("control-character", xml(rec(1, "<t>\x1b[2J</t>")),
     refused("format", "(?i)not well-formed"), "xml")

# JSON lines.
body("glued", b"".join(x for x in lines(range(4)).split(b"\n")),
     accepted(4))
body("cut-object", GOOD["ndjson"] + b'{"msg_no": "M-9", "ty',
     refused("format", "the last object is cut off"))
body("line-over-1m", lines([1, 2, 3]) + lines([4], pad="x" * MIB),
     accepted(4, 1), guards="max_reject_pct: 50")
body("all-lines-over-1m", lines([4], pad="x" * MIB),
     refused("max_reject_pct", "1 of 1"))
body("deep-json", lines([1, 2]) + b'{"a":' + b"[" * 9000 + b"\n",
     accepted(3, 1), guards="max_reject_pct: 50")
body("junk-lines", lines([1, 2]) + b"and so on\n" * 7,
     refused("max_reject_pct", "7 of 9"))
body("trailing-junk", lines([1, 2, 3]).replace(b"}\n", b"} x\n", 1),
     accepted(4, 1), guards="max_reject_pct: 50")
body("one-bad-record", lines([1, 2, 3]) + lines([4], typ="NEU"),
     accepted(4, 1), guards="max_reject_pct: 50")
body("duplicate-ids", lines([1, 1, 1, 2]), accepted(4))
body("key-absent", lines([1, 2]) + b'{"typ": "WARN"}\n', accepted(3, 1),
     guards="max_reject_pct: 50")
body("key-huge", lines([1, 2, "x" * 9000]), accepted(3, 1),
     guards="max_reject_pct: 50")
body("key-twice", lines([1, 2]) + b'{"msg_no": "A", "msg_no": "B"}\n',
     accepted(3, 1), guards="max_reject_pct: 50")
body("numbers-odd", lines([1, 2]) + lines([3]).replace(
    b'"AE"', b"1e999") + lines([4]).replace(b'"AE"', b"NaN") + lines(
        [5]).replace(b'"AE"', b"-0") + lines([6]).replace(
            b'"AE"', b"9223372036854775808"), accepted(6, 4),
     guards="max_reject_pct: 80")
body("dates-odd", b"".join(lines([d], ereignis_am=d) for d in (
    "", "2022-02-30", "9999-99-99", "23.12.2022", "2022-12-23T25:61:61Z",
    "0000-00-00")) + lines([1]), accepted(7, 5), guards="max_reject_pct: 90")
body("log-forged", lines([1, 2]) + lines(
    ["x\n<3>core poll.failed feed=bureau"], typ="\x1b[31m\r\nNEU"),
     accepted(3, 1), guards="max_reject_pct: 50")

# ---- the run ----


def define(h, server, case):
    name = "x-" + case.name.replace(".", "-")
    port = server.listen(case.hook) if case.hook else server.port
    url = case.url or "https://localhost:%d" % port
    path = "/c/" + case.name
    guards = {"min_records": 1, "max_shrink_pct": 50} \
        if case.container == "xml" else {}
    guards["max_reject_pct"] = 20
    keys = dict({"timeout": "20s", "wire_max": "8MiB",
                 "decoded_max": "8MiB", "private": "yes"}, **case.keys)
    for extra in filter(None, [keys.pop("guards", "")]):
        k, _, v = extra.partition(": ")
        guards[k] = v
    if case.container == "xml":
        guards["root"] = "list"
    text = DEFINITION % dict(
        keys, name=name, url=url + path, container=case.container,
        record="record: //rec\n" if case.container == "xml" else "",
        mode="snapshot" if case.container == "xml" else "append",
        guards="".join("  %s: %s\n" % kv for kv in guards.items()),
        ca=server.ca)
    (h.dir / "etc/feeds.d" / (name + ".yaml")).write_text(text)
    with server.lock:
        if case.url is None:
            server.good[path] = GOOD[case.container]
        if case.act is not None:
            server.bad[path] = case.act
    case.feed = name


ENDS = re.compile(
    r"(poll\.failed|poll\.unchanged|doc\.refused|doc\.accepted) feed=(\S+)"
    r"(?: http=\d+)?(?: guard=(\S+))?(?: why=\"(.*)\")?"
    r"(?: records=(\d+).* rejects=(\d+))?")


def ends(h, since):
    """{feed: [(verdict, guard, why)]} of the log from there on."""
    out = {}
    with open(h.log, "rb") as f:
        f.seek(since)
        text = f.read().decode("utf-8", "replace")
    for m in ENDS.finditer(text):
        verdict, feed, guard, why, records, rejects = m.groups()
        if records is not None:
            why = "%s records, %s rejects" % (records, rejects)
        out.setdefault(feed, []).append(
            (verdict.split(".")[1], guard or "-", why or ""))
    return out


def meets(got, want):
    return got[:2] == want[:2] and re.search(want[2], got[2])


def alerts(h):
    return sorted((a["alert_id"], a["revision"], a["state"])
                  for a in h.say("alert", "list"))


def shown(h):
    return {f["name"]: f for f in h.say("feed", "list")}


def hop(server, n):
    if n == 0:
        return lambda conn: conn.reply(GOOD["ndjson"] + b"\n")
    return lambda conn: conn.reply(b"", 302, ("Location: /hop/%d" % (n - 1),))


GOOD_ENDS = (("unchanged", "-", ""),
             ("accepted", "-", "4 records, 0 rejects"))


def judge(case, got, state, before):
    """The words a case must end with, and what must stand; why not."""
    # A poll that was on its way when the server turned is still good.
    while len(got) > 1 and case.want[0] != "accepted" and \
            got[0] in GOOD_ENDS:
        got = got[1:]
    bad = [g for g in got if not meets(g, case.want) and not (
        case.want[0] == "accepted" and g[0] == "unchanged")]
    if bad or not meets(got[0], case.want):
        return "got %r, not %r" % ((bad or got)[0], case.want)
    verdict, guard, _ = case.want
    word = {"failed": "failing", "refused": "refused", "accepted": "ok"}
    if state["state"] != word[verdict]:
        return "state is %s, not %s" % (state["state"], word[verdict])
    if verdict == "refused" and (state["refused"] or {}).get("guard") != guard:
        return "refused is %r" % state["refused"]
    if verdict != "accepted" and state["records"] != before["records"]:
        return "records were %d, are %d" % (before["records"],
                                            state["records"])
    if verdict != "accepted" and state["last_good"] is not None and \
            state["last_good"] > state["last_try"]:
        return "good after the last try"
    return ""


def run(h, server):
    tls_hooks(h.dir, server)
    only = os.environ.get("CASES")
    cases = [x for x in CASES.values()
             if not only or x.name in only.split(",")]
    for case in cases:
        define(h, server, case)
    for n in range(4):
        server.bad["/hop/%d" % n] = hop(server, n)
    server.good["/bureau"] = BUREAU
    server.bad["/bureau"] = lambda conn: conn.reply(BUREAU)
    h.start()
    h.book(DEMO / "book")
    good = [x for x in cases if x.url is None]
    names = {x.feed for x in good}
    h.until(lambda: names <= {f for f, e in ends(h, 0).items()
                              if e[0][0] == "accepted"}, 60 * PATIENCE,
            "every feed to be good once")
    time.sleep(1)
    before, rung = shown(h), alerts(h)
    c.check("an alert stands", len(rung) > 0, rung)
    size = h.log.stat().st_size
    start = time.monotonic()
    server.turn()
    missing = set(x.feed for x in cases)

    def all_ended():
        missing.difference_update(ends(h, size))
        return not missing
    try:
        h.until(all_ended, 30 * PATIENCE, "every case to end")
    except RuntimeError:
        pass
    time.sleep(1)
    stop = time.monotonic()
    got, after = ends(h, size), shown(h)
    for case in cases:
        if os.environ.get("SHOW"):
            print("%s: %s" % (case.name, got.get(case.feed, [])[:2]))
        if case.feed not in got:
            c.check(case.name, False, "did not end")
        else:
            why = judge(case, got[case.feed], after[case.feed],
                        before[case.feed])
            c.check(case.name, not why, why)
    polls = [t for t in server.times("/bureau") if start - 2 < t < stop]
    gaps = [b - a for a, b in zip(polls, polls[1:])]
    c.check("the bureau was polled on time", gaps and max(gaps) < 5 * PATIENCE,
            "longest gap %.1f s" % max(gaps or [99]))
    c.equal("no alert was touched", alerts(h), rung)
    c.equal("no role died",
            re.findall(r"super\.(?:died|silent).*|bug\.must.*",
                       h.log.read_text(errors="replace")), [])
    server.back()
    left = {x.feed for x in good}

    def recovered():
        now = shown(h)
        left.difference_update([n for n in left if now[n]["state"] == "ok"])
        for n in left:
            h.run("feed", "poll", n, ok=(0, 1))
        return not left
    try:
        h.until(recovered, 20 * PATIENCE, "recovery")
    except RuntimeError:
        pass
    c.equal("every feed recovers when its server does", sorted(left), [])
    c.equal("and no alert was touched", alerts(h), rung)
    print("# %d cases, %.1f s, longest gap of the bureau %.1f s" % (
        len(cases), stop - start, max(gaps or [99])))


def main():
    h = House({"bureau": ("/bureau", 1)}, as_of=AS_OF,
              keep=bool(os.environ.get("KEEP")))
    server = BadServer(h.dir)
    # The healthy bureau lives on the same server as the bad ones.
    y = h.dir / "etc/feeds.d/bureau.yaml"
    y.write_text(y.read_text().replace(
        "localhost:%d" % h.server.port, "localhost:%d" % server.port)
        .replace(str(h.server.ca), str(server.ca)))
    try:
        run(h, server)
    finally:
        server.close()
        if os.environ.get("KEEP"):
            print("#", h.log)
        h.close()
    return 1 if c.failed else 0


sys.exit(main())

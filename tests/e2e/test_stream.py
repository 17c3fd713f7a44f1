"""A register that keeps a connection open: Companies House insolvency events.

The captured events come in slices, glued, broken off and again; then own
events flow while roles are killed.  An independent subscriber hears of every
insolvent buyer exactly once, and of nobody else.  KILLS and SEED make it
longer or repeat it.
"""
import base64
import hashlib
import json
import os
import pathlib
import random
import signal
import sys
import threading
import time
import urllib.parse
import uuid
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from house import Checks, House, ROOT  # noqa: E402
from listen import Listener  # noqa: E402

KILLS = int(os.environ.get("KILLS", "9"))
SEED = int(os.environ.get("SEED", "20210125"))
REAL = ROOT.parent / "shared/data/buyer/uk-ch-stream/insolvency.ndjson"
KEY = "not-a-real-key"
WANT = "Basic " + base64.b64encode((KEY + ":").encode()).decode()
c = Checks("stream")
dice = random.Random(SEED)


class Stream:
    """(timepoint, line) in order; connections that go on for ever."""

    def __init__(self):
        self.events = []
        self.asked = []       # the timepoint of every request, or None
        self.times = []
        self.open = 0
        self.chaos = 0.0      # chance that a piece is the last one
        self.cuts = 0         # so many times
        self.gzip = False
        self.status = 200
        self.mute = False     # no heartbeat either
        self.beats = 0
        self.over = False
        self.cond = threading.Condition()

    def add(self, timepoint, line):
        with self.cond:
            self.events.append((timepoint, line))
            self.cond.notify_all()

    def drop(self):
        """Ends every connection there is."""
        with self.cond:
            self.generation = getattr(self, "generation", 0) + 1
            self.cond.notify_all()

    def __call__(self, h):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(h.path).query)
        place = query.get("timepoint", [None])[0]
        with self.cond:
            self.asked.append(place and int(place))
            self.times.append(time.monotonic())
            generation = getattr(self, "generation", 0)
            status = self.status
            if h.headers.get("Authorization") != WANT:
                status = 401
        h.send_response(status)
        h.close_connection = True
        if status != 200:
            h.send_header("Content-Length", "0")
            if status == 429:
                h.send_header("Retry-After", "1000")
            h.end_headers()
            return
        h.send_header("Transfer-Encoding", "chunked")
        z = None
        if self.gzip and "gzip" in h.headers.get("Accept-Encoding", ""):
            h.send_header("Content-Encoding", "gzip")
            z = zlib.compressobj(6, zlib.DEFLATED, 31)
        h.end_headers()
        try:
            self.flow(h, z, int(place) if place else None, generation)
        except OSError:
            pass

    def piece(self, h, z, data):
        if z:
            data = z.compress(data) + z.flush(zlib.Z_SYNC_FLUSH)
        h.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        h.wfile.flush()

    def flow(self, h, z, place, generation):
        """Inclusive of place: the seam comes twice."""
        with self.cond:
            at = len(self.events) if place is None else next(
                (i for i, (t, _) in enumerate(self.events)
                 if t is not None and t >= place), len(self.events))
        while not self.over:
            with self.cond:
                if getattr(self, "generation", 0) != generation:
                    break
                new = b"".join(line for _, line in self.events[at:])
                at = len(self.events)
                if not new:
                    self.cond.wait(0.4)
                    if at < len(self.events) or self.mute:
                        continue
                    new = b"\r\n"
                    self.beats += 1
            while new:
                n = dice.choice((1, 7, 100, 1000, 5000, 20000))
                if self.cuts and dice.random() < self.chaos:
                    self.cuts -= 1
                    self.piece(h, z, new[:max(1, n // 2)])
                    return  # in the middle, without a last chunk
                self.piece(h, z, new[:n])
                new = new[n:]
        h.wfile.write(b"0\r\n\r\n")


def event(company, timepoint, kind="creditors-voluntary-liquidation"):
    return json.dumps({
        "resource_kind": "company-insolvency",
        "resource_uri": "/company/%s/insolvency" % company,
        "resource_id": company,
        "data": {"cases": [{"number": "1", "type": kind, "dates": [
            {"date": "2021-01-18", "type": "wound-up-on"}]}]},
        "event": {"timepoint": timepoint, "type": "changed",
                  "published_at": "2021-01-25T09:37:01"},
    }, separators=(",", ":")).encode() + b"\n"


def alert_id(obligor):
    raw = bytearray(hashlib.blake2b("\x1f".join(
        ["EXP-1", obligor, "insolvency", "1"]).encode(),
        digest_size=16).digest())
    raw[6] = raw[6] & 0x0F | 0x80
    raw[8] = raw[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(raw)))


def make_book(folder, companies):
    """{obligor: company number}"""
    folder.mkdir()
    (folder / "schemes.csv").write_text(
        (ROOT / "tests/demo/book/schemes.csv").read_text())
    (folder / "exporters.csv").write_text(
        "exporter_id,uscc,name\nEXP-1,91440300MADEM0001U,Demo\n")
    (folder / "policies.csv").write_text(
        "policy_id,scheme_id,exporter_id,status,picked_up_on,issued_on\n"
        "POL-1,SZ2021,EXP-1,effective,2021-01-02,2021-01-03\n")
    (folder / "obligors.csv").write_text(
        "obligor_id,type,name,country,ids\n" + "".join(
            "%s,buyer,Buyer %s,GB,gb-coh:%s\n" % (o, o, n)
            for o, n in companies.items()))
    (folder / "follows.csv").write_text(
        "exporter_id,obligor_id,last_order_on\n" + "".join(
            "EXP-1,%s,2021-01-01\n" % o for o in companies))
    (folder / "shipments.csv").write_text(
        "shipment_id,exporter_id,obligor_id,amount,currency,payment_term,"
        "ship_date,due_date,status\n" + "".join(
            "S-%s,EXP-1,%s,10000.00,USD,OA,2021-01-10,2021-03-10,shipped\n"
            % (o, o) for o in companies))


def feed(h):
    return [f for f in h.say("feed", "list")
            if f["name"] == "uk-ch-insolvency"][0]


def no_c_knows():
    for f in list((ROOT / "feeds").glob("*.c")) + list(
            (ROOT / "alerts").glob("*/*.c")):
        text = f.read_text().lower()
        if "companies house" in text or "uk-ch" in text:
            return False
    return True


def real_events(h, clerk, s):
    """Solvent liquidations do not ring as bankruptcy; a creditors' one does.
    """
    if not REAL.exists():
        c.skip("the captured events", "no shared data here")
        return 0
    lines = REAL.read_bytes().splitlines()
    events = [json.loads(line) for line in lines]
    for i, (line, e) in enumerate(zip(lines, events)):
        # Some glued, some with a carriage return, some after a heartbeat.
        end = (b"", b"\n", b"\r\n", b"\n\n")[i % 4]
        s.add(e["event"]["timepoint"], line + (end or b"\n" if i % 8 else b""))
        if i == 1:
            # Until one was accepted there is no place to go on from.
            h.until(lambda: feed(h).get("cursor"), 20, "the first event")
            s.chaos, s.cuts = 1.0, 2
    s.add(None, b"\n")
    top = max(e["event"]["timepoint"] for e in events)
    h.until(lambda: feed(h).get("cursor") == str(top), 60, "the last event")
    s.cuts = 0
    clerk.take(5, count=1)
    clerk.take(2)
    rung = [(e["data"]["obligor"]["id"], e["data"]["kind"])
            for _, e in clerk.alerts]
    c.check("the insolvent one rings", ("OB-I", "BUYER_INSOLVENCY") in rung,
            rung)
    c.check("the solvent one does not ring as bankruptcy",
            not any(o == "OB-S" and k in ("BUYER_INSOLVENCY",
                                          "BUYER_DISSOLVED")
                    for o, k in rung), rung)
    c.check("it was broken off and asked for again",
            len(s.asked) > 1 and any(s.asked[1:]), s.asked)
    return top


def restart(h):
    """The alarm itself is killed."""
    h.daemon.send_signal(signal.SIGKILL)
    h.daemon.wait()
    h.start()


def killed(h, clerk, s, top, buyers):
    """Own events while roles die; every buyer rings once."""
    told = len(clerk.alerts)
    s.chaos, s.cuts, s.gzip = 0.02, 6, True
    sent = {}
    for i, (obligor, company) in enumerate(buyers.items()):
        if i % 5 == 3:
            s.add(None, b"{\"garbage\": \n" if i % 2 else b"<p>busy</p>\n")
        sent[obligor] = time.monotonic()
        s.add(top + 1 + i, event(company, top + 1 + i))
        if i % 4 == 2:
            role = ("fetch", "core", "parse", "publish")[i // 4 % 4]
            pid = h.children().get(role)
            if pid:
                os.kill(pid, signal.SIGKILL)
        clerk.take(dice.random())
    restart(h)
    last = top + len(buyers)
    h.until(lambda: feed(h).get("cursor") == str(last), 120,
            "the last event")
    s.cuts = 0
    clerk.take(40, count=told + len(buyers))
    clerk.take(3)
    got = [e["data"]["obligor"]["id"] for _, e in clerk.alerts[told:]]
    c.equal("every insolvent buyer rings once", sorted(got), sorted(buyers))
    c.equal("with the ids that anyone can compute",
            sorted(e["id"].partition("/")[0]
                   for _, e in clerk.alerts[told:]),
            sorted(alert_id(o) for o in buyers))
    places = [a for a in s.asked if a is not None]
    c.check("the place only goes forward", places == sorted(places), places)
    return last


def quick(h, clerk, s, last, buyers):
    """How long from the event on the wire to the subscriber."""
    took = []
    h.until(lambda: feed(h)["state"] == "ok", 60, "the stream")
    for i, (obligor, company) in enumerate(buyers.items()):
        n = len(clerk.alerts)
        at = time.monotonic()
        s.add(last + 1 + i, event(company, last + 1 + i))
        clerk.take(10, count=n + 1)
        took.append(time.monotonic() - at)
        clerk.take(1.2)
    took.sort()
    print("     event to subscriber: median %.0f ms, worst %.0f ms" % (
        took[len(took) // 2] * 1000, took[-1] * 1000))
    c.check("an event is told within 2.5 s", took[-1] < 2.5, took)


def silence(h, s):
    n = len(s.asked)
    s.mute = True
    h.until(lambda: len(s.asked) > n, 40, "a new connection after idle")
    s.mute = False
    c.check("silence was told", "heartbeat" in h.log.read_text())
    h.until(lambda: feed(h)["state"] == "ok", 40, "the stream to be back")
    # Two at one time are all an account may have.
    s.status = 429
    s.drop()
    n = len(s.asked)
    h.until(lambda: feed(h)["http"] == 429, 60, "the answer 429")
    f = feed(h)
    c.equal("it is told what was answered", f["state"], "failing")
    c.check("and when it is tried again", f["next_try"] is not None, f)
    time.sleep(8)
    c.equal("Retry-After is kept", len(s.asked), n + 1)


c.check("no C knows the register", no_c_knows())
buyers = {"OB-%02d" % i: "090000%02d" % i for i in range(4 * KILLS)}
more = {"OB-Q%d" % i: "0800000%d" % i for i in range(6)}
h = House({"bureau": ("/bureau", 5)}, as_of="2021-01-25T10:00:00Z")
s = Stream()
try:
    make_book(h.dir / "book", {"OB-S": "10762530", "OB-I": "04914631",
                               **buyers, **more})
    h.server.serve("/bureau", b"\n")
    h.start()
    h.book(h.dir / "book")
    who = h.subscriber("EXP-1")
    h.stop()
    h.add_feed("uk-ch-insolvency", "/insolvency-cases", 1,
               ROOT / "etc/feeds.d")
    d = h.dir / "etc/feeds.d/uk-ch-insolvency.yaml"
    d.write_text(d.read_text().replace("idle: 2m", "idle: 4s"))
    secret = h.dir / "companies-house.key"
    secret.write_text(KEY + "\n")
    secret.chmod(0o600)
    h.server.serve("/insolvency-cases", s)
    h.start()
    clerk = Listener(h, who)
    h.until(lambda: feed(h)["state"] == "ok", 20, "the stream to be good")
    c.equal("it begins without a place", s.asked[0], None)
    top = real_events(h, clerk, s) or 1000
    last = killed(h, clerk, s, top, buyers)
    quick(h, clerk, s, last, more)
    silence(h, s)
finally:
    s.over = True
    h.close()
sys.exit(1 if c.failed else 0)

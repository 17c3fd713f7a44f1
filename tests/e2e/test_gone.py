"""Who leaves the book: the alert is closed once, and taken back if it was wrong.

Heard by a subscriber who shares no code with the daemon: one final revision
when the last thing that links exporter and buyer leaves, nothing more when
the buyer itself does, whoever is killed meanwhile;
and the retraction, though the book knows the buyer no more.
"""
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from house import Checks, House, ROOT  # noqa: E402
from listen import Listener  # noqa: E402

DEMO = ROOT / "tests/demo"
DATA = ROOT / "tests/scn/data"
c = Checks("gone")


def replace(kind, folder):
    h.run("book", "import", DATA / folder / (kind + ".csv"), "--replace",
          kind, "--force")


def kill(role):
    pid = h.children()[role]
    os.kill(pid, signal.SIGKILL)
    h.until(lambda: h.children().get(role, pid) != pid, 10, role)
    h.until(h.answers, 10, "an answer")


def told(listener):
    return [(e["data"]["revision"], e["data"]["state"],
             e["data"].get("end_reason")) for _, e in listener.alerts]


FIRST = [(1, "OPEN", None)]
CLOSED = FIRST + [(2, "RESOLVED", "unlinked")]
BACK = CLOSED + [(3, "RETRACTED", None)]

h = House({"bureau": ("/bureau", 1)}, as_of="2022-12-27T01:10:00Z")
try:
    h.server.serve("/bureau", b"\n")
    h.start()
    h.book(DEMO / "book")
    replace("shipments", "left")
    key = h.subscriber("EXP-SZ-0001")
    clerk = Listener(h, key)
    h.server.serve("/bureau", (DEMO / "feeds/bureau-1.ndjson").read_bytes())
    clerk.take(30, count=1)
    c.equal("told once", told(clerk), FIRST)
    replace("follows", "left-follow")
    clerk.take(15, count=2)
    c.equal("closed when the watch leaves", told(clerk), CLOSED)
    header, event = clerk.alerts[-1]
    c.equal("as a later revision of the same alert, as loud",
            (header["type"], header["severity"], event["id"]),
            (2, clerk.alerts[0][0]["severity"],
             clerk.alerts[0][1]["data"]["alert_id"] + "/2"))
    kill("core")
    replace("obligors", "left-obligor")
    kill("publish")
    clerk.take(8)
    c.equal("not again when the buyer does", told(clerk), CLOSED)
    late = Listener(h, key, consumer="late", after=0)
    late.take(5)
    c.equal("the log has both", told(late), CLOSED)
    h.server.serve("/bureau", (DATA / "bureau-refuted.ndjson").read_bytes())
    clerk.take(20, count=3)
    c.equal("and taken back, for it was wrong", told(clerk), BACK)
    header, event = clerk.alerts[-1]
    c.equal("a retraction that names who the book has no more",
            (header["type"], event["data"]["obligor"]["name"]),
            (3, "Qamar Al Bahr General Trading LLC"))
    history = h.say("alert", "show", event["data"]["alert_id"])[0]["history"]
    c.equal("the operator reads why", [r["why"] for r in history],
            ["first", "unlinked", "retracted"])
    clerk.take(4)
    c.equal("once", told(clerk), BACK)
finally:
    h.close()
sys.exit(1 if c.failed else 0)

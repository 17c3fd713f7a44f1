"""A document on which parse dies twice is not read a third time.

Parse is killed while one feed's document is in its hands, twice; another
feed's goes on as ever.  The document is shown as quarantined, is not given to
parse again, not by the next core or daemon either, and the next one, which
differs, is read.
"""
import json
import os
import pathlib
import signal
import sys
import threading
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from house import Checks, House, ROOT, free_port  # noqa: E402

c = Checks("quarantine")


class Doc:
    """A body that is held in the middle on the requests of its choice."""

    def __init__(self, body, hold=()):
        self.body = body
        self.hold = hold
        self.n = 0
        self.half = threading.Event()
        self.go = threading.Event()

    def __call__(self, h):
        self.n += 1
        h.send_response(200)
        h.send_header("Content-Length", str(len(self.body)))
        h.end_headers()
        try:
            h.wfile.write(self.body[:len(self.body) // 2])
            h.wfile.flush()
            if self.n in self.hold:
                self.half.set()
                self.go.wait(20)
            h.wfile.write(self.body[len(self.body) // 2:])
        except OSError:
            pass
        h.close_connection = True


def notice(i):
    one = json.loads((ROOT / "tests/demo/feeds/bureau-1.ndjson").read_text()
                     .splitlines()[0])
    one["msg_no"] = "R-%d" % i
    return json.dumps(one).encode() + b"\n"


def feed(name):
    return [f for f in h.say("feed", "list") if f["name"] == name][0]


def kill_parse(doc):
    """With half of the document in its hands."""
    c.check("the document is on its way", doc.half.wait(30))
    time.sleep(0.3)
    doc.half.clear()
    os.kill(h.children()["parse"], signal.SIGKILL)
    time.sleep(0.3)
    doc.go.set()
    doc.go.clear()


h = House({"bureau": ("/bureau", 1), "insurer": ("/insurer", 1)})
web = free_port()
try:
    h.write_conf("web:\n  endpoint: 127.0.0.1:%d\n" % web)
    h.server.serve("/bureau", b"\n")
    h.server.serve("/insurer", b"\n")
    h.start()
    h.until(lambda: feed("bureau")["state"] == "ok", 20, "a good document")
    before = h.server.count("/insurer")
    # Held in the middle: first time; weighed in between; second time.
    doc = Doc(notice(1) * 50, hold=(1, 3))
    h.server.serve("/bureau", doc)
    kill_parse(doc)
    c.check("one death is a failed poll", feed("bureau")["state"] in (
        "failing", "ok"), feed("bureau"))
    kill_parse(doc)
    h.until(lambda: doc.n >= 5, 30, "two more polls")
    f = feed("bureau")
    c.equal("it is quarantined", f["state"], "quarantined")
    said = h.say("status")[0]
    c.equal("status says so", (said["state"], said["reasons"]),
            ("degraded", ["documents quarantined"]))
    log = h.log.read_text()
    c.check("the operator is told which", "feed.quarantined feed=bureau hash="
            in log)
    c.equal("only once", log.count("feed.quarantined"), 1)
    page = urllib.request.urlopen("http://127.0.0.1:%d/metrics" % web,
                                  timeout=5).read().decode()
    c.check("there is a number for it",
            'creditalarm_feed_quarantined{feed="bureau"} 1' in page, page)
    parse = h.children()["parse"]
    time.sleep(3)
    c.equal("parse lives", h.children()["parse"], parse)
    c.check("the other feed goes on", h.server.count("/insurer") > before + 4)
    c.check("and is not blamed", feed("insurer")["state"] != "quarantined")
    # Whoever gave it to parse once more would find it good: nobody kills now.
    for name, again in (("core", lambda: os.kill(h.children()["core"],
                                                 signal.SIGKILL)),
                        ("daemon", lambda: (h.daemon.kill(),
                                                h.daemon.wait(),
                                                h.start()))):
        pid, polls = h.children()["core"], doc.n
        again()
        h.until(lambda: h.children().get("core", pid) != pid, 10, "core")
        h.until(h.answers, 10, "an answer")
        c.equal("the next %s knows it at once" % name, feed("bureau")["state"],
                "quarantined")
        h.until(lambda: doc.n >= polls + 3, 60, "three more polls")
        f = feed("bureau")
        c.equal("a new %s does not read it" % name,
                (f["state"], f["records"]), ("quarantined", 0))
    c.check("the start says so", "since before the start" in
            h.log.read_text())
    h.server.serve("/bureau", Doc(notice(2)))
    h.until(lambda: feed("bureau")["state"] == "ok", 30, "a changed document")
    c.equal("a changed document is read", feed("bureau")["records"], 1)
    # The operator may want it all the same.
    doc = Doc(notice(3), hold=(1, 3))
    h.server.serve("/bureau", doc)
    kill_parse(doc)
    kill_parse(doc)
    h.until(lambda: feed("bureau")["state"] == "quarantined", 30, "again")
    h.run("feed", "poll", "bureau")
    h.until(lambda: feed("bureau")["state"] == "ok", 30, "the operator's will")
    c.check("feed poll ends a quarantine", True)
finally:
    h.close()
sys.exit(1 if c.failed else 0)

"""Reload, back-off, the silent role, and what the service manager hears."""
import os
import pathlib
import re
import shutil
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from house import Checks, House, ROOT  # noqa: E402
from listen import Listener  # noqa: E402

c = Checks("reload")
DEMO = ROOT / "tests/demo"


class Manager:
    """The service manager's socket: every datagram, in order."""

    def __init__(self, folder):
        self.path = str(folder / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.said = []
        # Who speaks to a manager that does not listen, waits for it.
        threading.Thread(target=self.hear, daemon=True).start()

    def hear(self):
        while True:
            self.said.append(self.socket.recv(4096).decode())

    def count(self, word):
        return sum(1 for s in list(self.said) if word in s.split("\n"))


h = House({"bureau": ("/bureau", 1)}, as_of="2022-12-27T01:10:00Z")
m = Manager(h.dir)
os.environ["NOTIFY_SOCKET"] = m.path
os.environ["WATCHDOG_USEC"] = "3000000"


def lines(event):
    return [s for s in h.log.read_text().splitlines() if event + " " in s]


def reloaded(count):
    h.until(lambda: len(lines("super.reloaded")) == count, 10, "reload")


def provoked(number):
    """What every role says of the same happenings: {event: role}."""
    start = len(h.log.read_text())
    polls = h.server.count("/bureau")
    # A line that is none: parse; the document: core; a failed poll: fetch.
    h.server.serve("/bureau", b'{"msg_no": %d\n' % number)
    h.run("feed", "poll", "bureau")
    h.until(lambda: h.server.count("/bureau") > polls + 1, 20, "polls")
    h.server.serve("/bureau", None)
    h.run("feed", "poll", "bureau")
    h.until(lambda: h.say("feed", "list")[0]["http"] == 404, 20, "a 404")
    # A number that was never sent: publish.
    said = len(clerk.other)
    clerk.state(999, "read")
    h.until(lambda: clerk.take(0.3) is not None and any(
        e.kind == "error" for e in clerk.other[said:]), 10, "an error")
    time.sleep(0.3)
    out = {}
    for line in h.log.read_text()[start:].splitlines():
        role, _, rest = line.partition(">")[2].partition(" ")
        out[rest.split(" ")[0]] = role
    return {e: r for e, r in out.items() if e in (
        "parse.reject", "doc.refused", "poll.failed", "fetch.failed",
        "push.error")}


def level(number, reloads):
    """The level by SIGHUP alone."""
    h.write_conf("watchdog: 2s\nlog:\n  level: %d\n" % number)
    h.daemon.send_signal(signal.SIGHUP)
    # At 4 and below nobody says that it was done.
    h.until(lambda: m.count("READY=1") == reloads, 10, "READY")
    h.until(h.answers, 10, "an answer")


try:
    h.write_conf("watchdog: 2s\n")
    h.server.serve("/bureau", (DEMO / "feeds/bureau-1.ndjson").read_bytes())
    h.server.serve("/gleif", (DEMO / "feeds/gleif.xml").read_bytes())
    h.start()
    os.environ.pop("NOTIFY_SOCKET")
    os.environ.pop("WATCHDOG_USEC")
    h.until(lambda: m.count("READY=1"), 10, "READY")
    h.book(DEMO / "book")
    key = h.subscriber("EXP-SZ-0001")
    clerk = Listener(h, key)
    clerk.take(20, count=1)
    c.equal("one alert before", len(clerk.alerts), 1)
    before = h.children()

    # Good: another feed, while a session is open.
    h.add_feed("gleif", "/gleif", 1, ROOT / "etc/feeds.d")
    began = time.monotonic()
    c.equal("reload says so", h.run("reload").strip(), "reloaded")
    reloaded(1)
    took = time.monotonic() - began
    print("reload to ready: %.2f s" % took)
    c.check("the feed is known after a second or two", took < 3, took)
    c.equal("two feeds", sorted(f["name"] for f in h.say("feed", "list")),
            ["bureau", "gleif"])
    after = h.children()
    c.equal("who knows feeds began anew, publish stayed",
            sorted(r for r in after if after[r] == before[r]), ["publish"])
    h.until(lambda: h.server.count("/gleif") > 0, 10, "a poll of it")
    h.until(lambda: all(f["state"] == "ok" for f in h.say("feed", "list")),
            10, "both feeds to be good")
    h.server.serve("/bureau", (DEMO / "feeds/bureau-2.ndjson").read_bytes())
    clerk.take(15, count=2)
    c.equal("it rings for the open session", len(clerk.alerts), 2)
    c.check("the manager heard RELOADING, then READY",
            h.until(lambda: m.count("RELOADING=1") == 1 and
                    m.count("READY=1") == 2, 5, "READY again") and
            any("MONOTONIC_USEC=" in s for s in m.said), m.said)

    # Nothing changed: nobody starts again.
    h.run("reload")
    reloaded(2)
    c.equal("a reload of the same keeps every role", h.children(), after)

    # Bad: every error is said, nothing changes.
    jq = h.dir / "etc/feeds.d/gleif.jq"
    good_jq = jq.read_text()
    jq.write_text("{record: .LEI, occurred_on: now}")
    try:
        h.run("reload")
        c.check("a bad map is refused", False)
    except RuntimeError as e:
        c.check("a bad map is refused, with 78 and the file",
                "exit 78" in str(e) and "gleif" in str(e), e)
    jq.write_text(good_jq)
    for table, line in (("texts.tsv", "kind.NOBODY\tx\n"),
                        ("duties.tsv", "x\ty\n"),
                        ("kinds.tsv", "x\n")):
        path = h.dir / "etc" / table
        good = path.read_text()
        path.write_text(line)
        try:
            h.run("reload")
            c.check("a bad %s is refused" % table, False)
        except RuntimeError as e:
            c.check("a bad %s is refused by name" % table,
                    "exit 78" in str(e) and table in str(e), e)
        path.write_text(good)
    good = h.key.read_text()
    h.key.write_text("metadata\n")
    try:
        h.run("reload")
        c.check("a key file that is none is refused", False)
    except RuntimeError as e:
        c.check("a key file that is none is refused", "key_file" in str(e), e)
    h.key.write_text(good)
    feed = h.dir / "etc/feeds.d/bureau.yaml"
    good = feed.read_text()
    feed.write_text(good + "colour: red\nshape: round\n")
    h.daemon.send_signal(signal.SIGHUP)
    h.until(lambda: "shape" in "".join(lines("super.reload")), 10, "the errors")
    text = "\n".join(lines("super.reload"))
    c.check("SIGHUP with a bad feed: every error in the log",
            "colour" in text and "shape" in text, text)
    c.equal("nobody started again", h.children(), after)
    polls = h.server.count("/gleif")
    h.until(lambda: h.server.count("/gleif") > polls + 1, 10, "more polls")
    c.check("the old configuration keeps polling", True)
    c.check("refused, and the manager knows that we are READY",
            h.until(lambda: m.count("READY=1") >= 5, 5, "READY"), m.said)
    feed.write_text(good)

    h.write_conf("watchdog: 2s\ninstance: other\n")
    text = h.conf.read_text().replace("instance: demo\n", "")
    h.conf.write_text(text)
    try:
        h.run("reload")
        c.check("a key that needs a restart is refused", False)
    except RuntimeError as e:
        c.check("a key that needs a restart is refused by name",
                "exit 78" in str(e) and "instance: changes only at a restart"
                in str(e), e)
    h.write_conf("watchdog: 2s\n")
    (h.dir / "etc/feeds.d/gleif.yaml").unlink()
    h.daemon.send_signal(signal.SIGHUP)
    reloaded(3)
    c.equal("SIGHUP takes a feed away",
            [f["name"] for f in h.say("feed", "list")], ["bureau"])

    # The level of the log, in every role, also those that stay as they are.
    publish = h.children()["publish"]
    ready = m.count("READY=1")
    level(6, ready + 1)
    c.equal("level 6: every role says what it has to", provoked(6),
            {"parse.reject": "parse", "doc.refused": "core",
             "poll.failed": "core", "fetch.failed": "fetch",
             "push.error": "publish"})
    level(3, ready + 2)
    c.equal("level 3: nobody does", provoked(3), {})
    level(5, ready + 3)
    c.equal("level 5: no information", provoked(5),
            {"parse.reject": "parse", "doc.refused": "core",
             "poll.failed": "core"})
    c.equal("publish is the one of before", h.children()["publish"], publish)
    h.server.serve("/bureau", (DEMO / "feeds/bureau-2.ndjson").read_bytes())

    # The manager's watchdog: fed only while the three answer.
    fed = m.count("WATCHDOG=1")
    h.until(lambda: m.count("WATCHDOG=1") > fed + 1, 10, "watchdog pings")
    for role in ("core", "fetch", "publish", "parse"):
        pid = h.children()[role]
        os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        h.until(lambda: h.children().get(role, pid) != pid, 10,
                role + " to be replaced")
        took = time.monotonic() - began
        print("%s hung: replaced after %.1f s" % (role, took))
        c.check("a silent %s is killed and replaced" % role, took < 5, took)
        h.until(h.answers, 10, "the daemon to answer")
        time.sleep(0.5)
    c.equal("super said who was silent, once each", sorted(
        re.search("role=(\\w+)", s).group(1) for s in lines("super.silent")),
        ["core", "fetch", "parse", "publish"])
    fed = m.count("WATCHDOG=1")
    h.daemon.send_signal(signal.SIGSTOP)
    time.sleep(7)
    c.equal("a stopped super feeds nobody", m.count("WATCHDOG=1"), fed)
    roles = h.children()
    h.daemon.send_signal(signal.SIGCONT)
    time.sleep(1)
    c.equal("after its sleep nobody is taken for silent", h.children(), roles)

    # Growing back-off of one that dies again and again.
    waits = []
    for _ in range(4):
        pid = h.children()["parse"]
        os.kill(pid, signal.SIGKILL)
        h.until(lambda: h.children().get("parse", pid) != pid, 10, "parse")
    waits = [int(s.split("again_ms=")[1]) for s in lines("super.died")
             if "role=parse" in s]
    c.equal("each start of parse waits twice as long", waits,
            [100 * 2 ** i for i in range(len(waits))])
    c.check("five deaths seen", len(waits) == 5, waits)
    c.equal("stop ends with 0", h.stop(), 0)
    c.check("the manager heard STOPPING", h.until(
        lambda: m.count("STOPPING=1") == 1, 5, "STOPPING"))
    clerk.close()
finally:
    h.close()
sys.exit(1 if c.failed else 0)

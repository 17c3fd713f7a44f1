"""kill -9 at the n-th write of the decision path, for many n.

The daemon runs as one process (-1) under strace, which kills it at the entry
of the n-th call of one kind while notices flow and a subscriber listens; then
it is started again.  Every alert that is owed arrives, in order, once per
(epoch, seq), with the ids of a run nobody disturbed; the store stays whole.
POINTS in the environment says how many: 15 in `make test`, all of them with
POINTS=all.
"""
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from flood import alert_id, document, make_book  # noqa: E402
from house import Checks, House  # noqa: E402
from listen import Listener  # noqa: E402

# The calls by which the store and the diff states reach the disk.
CALLS = [("pwrite64", 96), ("fdatasync", 8), ("fsync", 2), ("linkat", 1)]
ALL = [(call, n) for call, top in CALLS for n in range(1, top + 1)]
WANTED = os.environ.get("POINTS", "15")
POINTS = ALL if WANTED == "all" else \
    ALL[::max(1, len(ALL) // int(WANTED))][:int(WANTED)]
EACH = 4  # notices that come at each point
BUYERS = EACH * len(POINTS)
c = Checks("kill points")


def may_trace():
    """Why not, or nothing."""
    if shutil.which("strace") is None:
        return "no strace"
    p = subprocess.run(["strace", "-o", os.devnull, "-e",
                        "inject=getppid:signal=KILL:when=1", "true"],
                       capture_output=True, text=True)
    return p.stderr.strip()[:100] if p.returncode else ""


def attach(daemon, call, n):
    """A poll of the feed may bring the n-th call, and the end, at once."""
    tracer = subprocess.Popen(
        ["strace", "-f", "-q", "-o", os.devnull, "-e", "trace=" + call,
         "-e", "inject=%s:signal=KILL:when=%d" % (call, n), "-p",
         str(daemon.pid)],
        stderr=subprocess.DEVNULL)
    status = pathlib.Path("/proc/%d/status" % daemon.pid)
    House.until(lambda: daemon.poll() is not None or
                "TracerPid:\t%d\n" % tracer.pid in status.read_text(),
                60, "the tracer")
    return tracer


def detach(tracer):
    if tracer.poll() is None:
        tracer.send_signal(signal.SIGTERM)
    tracer.wait()


def open_house():
    return House({"bureau": ("/bureau", 1)}, as_of="2022-12-27T01:10:00Z")


def begin(h):
    """The daemon with its book, and who listens."""
    make_book(h.dir / "book", BUYERS)
    h.server.serve("/bureau", b"\n")
    h.start("-1")
    h.book(h.dir / "book")
    return Listener(h, h.subscriber("EXP-1"))


def undisturbed():
    """The alert ids, in order, of a run that is left alone."""
    h = open_house()
    try:
        clerk = begin(h)
        h.server.serve("/bureau", document(BUYERS))
        clerk.take(60, count=BUYERS)
        h.stop()
        return [e["data"]["alert_id"] for _, e in clerk.alerts]
    finally:
        h.close()


def one_point(h, clerk, call, n, owed):
    """True when the n-th call came and killed."""
    tracer = attach(h.daemon, call, n)
    h.server.serve("/bureau", document(owed))
    end = time.monotonic() + 6
    while time.monotonic() < end and h.daemon.poll() is None:
        clerk.take(0.3)
        if len(clerk.alerts) >= owed:
            end = min(end, time.monotonic() + 1.2)  # its cursor is stored
    detach(tracer)
    if h.daemon.poll() is None:
        return False
    h.start("-1")
    clerk.take(20, count=owed)
    return True


def integrity(h):
    db = sqlite3.connect(h.dir / "state/store.db")
    try:
        return db.execute("pragma integrity_check").fetchone()[0]
    finally:
        db.close()


why = may_trace()
if why:
    c.skip("all", why)
    sys.exit(0)
h = open_house()
try:
    clerk = begin(h)
    clerk.take(1.5)
    died = {call: [] for call, _ in CALLS}
    for i, (call, n) in enumerate(POINTS):
        if one_point(h, clerk, call, n, EACH * (i + 1)):
            died[call].append(n)
    clerk.take(30, count=BUYERS)
    clerk.take(2)
    total = sum(len(v) for v in died.values())
    for call, ns in died.items():
        print("killed at %s: %d points, up to the %s" % (
            call, len(ns), max(ns, default="-")))
    c.check("%d of %d points killed" % (total, len(POINTS)),
            total >= len(POINTS) * 3 // 4)
    c.equal("every alert, in order, each once",
            [x["seq"] for x, _ in clerk.alerts],
            list(range(1, BUYERS + 1)))
    got = [e["data"]["alert_id"] for _, e in clerk.alerts]
    c.equal("with the ids anyone can compute", sorted(got),
            sorted(alert_id("OB-%03d" % i) for i in range(BUYERS)))
    c.check("nothing else", not [e for e in clerk.other if e.kind in
                                 ("refused", "lost", "gone")], clerk.other)
    c.equal("the daemon stops with 0", h.stop(), 0)
    c.equal("the store is whole", integrity(h), "ok")
finally:
    h.close()
c.equal("as in a run nobody disturbed", got, undisturbed())
sys.exit(1 if c.failed else 0)

"""The whole machine stands still for more than three heartbeats, as when it
is suspended: nobody is killed for it, sessions come back by themselves, what
is owed arrives once.  Steps of the wall clock are tests/scn/30 and 31.
"""
import os
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import flood  # noqa: E402
from house import Checks, House  # noqa: E402
from listen import Listener  # noqa: E402

c = Checks("clock")
STILL = 7  # seconds: heartbeats are 1 s, a turn of super's is never 5 s
h = House({"bureau": ("/bureau", 1)}, as_of="2022-12-27T01:10:00Z")


def everybody(number):
    """The supervisor last when they stop, first when they go on."""
    pids = list(h.children().values()) + [h.daemon.pid]
    for pid in pids if number == signal.SIGSTOP else pids[::-1]:
        os.kill(pid, number)


try:
    flood.make_book(h.dir / "book", 12)
    h.server.serve("/bureau", flood.document(4))
    h.start()
    h.book(h.dir / "book")
    clerk = Listener(h, h.subscriber("EXP-1"))
    clerk.take(30, count=4)
    before = h.children()
    for n in (8, 12):
        up = h.say("status")[0]["up_s"]
        everybody(signal.SIGSTOP)
        h.server.serve("/bureau", flood.document(n))
        began = time.monotonic()
        clerk.take(STILL)
        c.equal("standing still, nothing is told", len(clerk.alerts), n - 4)
        everybody(signal.SIGCONT)
        still = time.monotonic() - began
        clerk.take(40, count=n)
        clerk.take(2)
        c.equal("then what is owed, in order, once",
                [k["seq"] for k, _ in clerk.alerts], list(range(1, n + 1)))
        c.equal("the same processes", h.children(), before)
        c.check("the time it stood still counts",
                h.say("status")[0]["up_s"] >= up + int(still), still)
    c.equal("as anyone can compute",
            {e["data"]["alert_id"] for _, e in clerk.alerts},
            {flood.alert_id("OB-%03d" % i) for i in range(12)})
    c.equal("and nothing was refused or lost",
            [e for e in clerk.other if e.kind in ("refused", "lost", "gone")],
            [])
    times = [k["time_us"] for k, _ in clerk.alerts]
    c.equal("numbers and times ascend together", times, sorted(times))
    c.equal("the feed is well", h.say("feed", "show", "bureau")[0]["state"],
            "ok")
    c.equal("the daemon stops with 0", h.stop(), 0)
finally:
    if h.daemon is not None and h.daemon.poll() is None:
        os.kill(h.daemon.pid, signal.SIGCONT)
    h.close()
sys.exit(1 if c.failed else 0)

"""kill -9 at random moments while notices flow and a subscriber listens.

Every alert that is owed arrives, in order, once per (epoch, seq) but for what
is marked redelivered, with the id that anyone can compute.  KILLS and SEED in
the environment make it longer or repeat it.
"""
import os
import pathlib
import random
import signal
import sqlite3
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import flood  # noqa: E402
from house import Checks, House  # noqa: E402
from listen import Listener  # noqa: E402

KILLS = int(os.environ.get("KILLS", "12"))
SEED = int(os.environ.get("SEED", "20221227"))
BUYERS = 3 * KILLS
c = Checks("kill")
dice = random.Random(SEED)
h = House({"bureau": ("/bureau", 1)}, as_of="2022-12-27T01:10:00Z")


def start_again():
    """True when a new daemon answers; the orphans' lock may be in the way."""
    h.start(wait=False)
    try:
        h.until(h.answers, 5, "an answer")
        return True
    except RuntimeError:
        h.stop()
        return False


try:
    flood.make_book(h.dir / "book", BUYERS)
    h.server.serve("/bureau", b"\n")
    h.start()
    h.book(h.dir / "book")
    clerk = Listener(h, h.subscriber("EXP-1"))
    killed = {"daemon": 0, "fetch": 0, "parse": 0, "core": 0, "publish": 0}
    for i in range(KILLS):
        h.server.serve("/bureau", flood.document((i + 1) * BUYERS // KILLS))
        clerk.take(dice.uniform(0, 1.5))
        who = dice.choice(sorted(killed))
        killed[who] += 1
        if who == "daemon":
            os.kill(h.daemon.pid, signal.SIGKILL)
            h.daemon.wait()
            # The orphans leave by themselves; their successor waits for the
            # lock of the state directory.
            h.until(start_again, 20, "the daemon again")
        else:
            pid = h.children().get(who)
            if pid:
                os.kill(pid, signal.SIGKILL)
    clerk.take(60, count=BUYERS)
    clerk.take(3)
    print("killed:", killed, "alerts:", len(clerk.alerts), "of", BUYERS)
    seqs = [x["seq"] for x, _ in clerk.alerts]
    c.equal("every alert, in order, each once", seqs,
            list(range(1, BUYERS + 1)))
    c.equal("with the ids anyone can compute",
            sorted(e["data"]["alert_id"] for _, e in clerk.alerts),
            sorted(flood.alert_id("OB-%03d" % i) for i in range(BUYERS)))
    c.check("nothing else", not [e for e in clerk.other if e.kind in
                                 ("refused", "lost", "gone")], clerk.other)
    c.equal("the daemon stops with 0", h.stop(), 0)
    db = sqlite3.connect(h.dir / "state/store.db")
    c.equal("the store is whole",
            db.execute("pragma integrity_check").fetchone()[0], "ok")
    db.close()
finally:
    h.close()
sys.exit(1 if c.failed else 0)

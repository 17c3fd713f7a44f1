"""The disk fills in the middle of a large import: the whole daemon.

The command says so and nothing else, the book that was there stands whole, and
when there is room again a notice rings on it and the import goes through. The
state directory is a small file system in a mount namespace of the test's own.
"""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import flood  # noqa: E402
import house  # noqa: E402
import test_book_kill as books  # noqa: E402
from listen import Listener  # noqa: E402

SIZE = 8 << 20  # the new book needs about 12 MB beside its log
ROOM = 96 << 20
c = house.Checks("book disk")
house.own_mounts(c, __file__)

h = house.House({"bureau": ("/bureau", 1)}, as_of="2022-12-27T01:10:00Z")
state = h.dir / "state"


def told(files):
    """(exit status, what was said) of an import."""
    p = subprocess.run([h.build / "creditalarm", "-c", h.conf, "book",
                        "import", *files], capture_output=True, text=True)
    return p.returncode, p.stderr


def sized(words, size):
    return subprocess.run(["mount", "-t", "tmpfs", "-o", "%ssize=%d,mode=0700"
                           % (words, size), "none", state],
                          capture_output=True, text=True)


try:
    state.mkdir(mode=0o700)
    p = sized("", SIZE)
    if p.returncode != 0:
        c.skip("the disk", "no mount here: " + p.stderr.strip())
        sys.exit(0)
    flood.make_book(h.dir / "book", 3)
    _, files = books.write_book(h.dir, "EXP-1")
    h.server.serve("/bureau", flood.document(1))
    h.start()
    h.book(h.dir / "book")
    before = books.stats(h)
    clerk = Listener(h, h.subscriber("EXP-1"))
    c.equal("an alert before", len(clerk.take(30, count=1)), 1)
    core = h.children()["core"]
    for n in range(2):
        code, why = told(files)
        c.check("import %d says that it did not happen, and why" % n,
                code == 1 and len(why.splitlines()) == 1 and
                "the disk is full" in why,
                (code, why))
        h.until(h.answers, 20, "an answer")
        c.equal("the old book stands", books.stats(h), before)
        c.equal("by itself, without a restart", h.children()["core"], core)
    h.server.serve("/bureau", flood.document(2))
    clerk.take(40, count=2)
    c.equal("a notice rings on the old book",
            {e["data"]["alert_id"] for _, e in clerk.alerts},
            {flood.alert_id("OB-%03d" % i) for i in range(2)})
    c.equal("room is made", sized("remount,", ROOM).returncode, 0)
    code, why = told(files)
    c.equal("the same import goes through", (code, why), (0, ""))
    c.equal("it is whole", books.stats(h)["shipments"],
            before["shipments"] + books.SHIPMENTS)
    h.server.serve("/bureau", flood.document(3))
    clerk.take(40, count=3)
    c.equal("a notice rings on the new book", len(clerk.alerts), 3)
    c.equal("the daemon stops with 0", h.stop(), 0)
finally:
    h.stop()
    subprocess.run(["umount", state], capture_output=True)
    h.close()
sys.exit(1 if c.failed else 0)

"""An import that is only checked, or fails, leaves no large log behind.

A book larger than the store's cache is written into the write-ahead log while
it is checked.  What is taken back keeps its room there until the log is
emptied; the log is watched meanwhile, so that the test knows it was large.
"""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from house import Checks, House  # noqa: E402

ROWS, PARTS, PART = 1500, 64, 1000  # 96 MB; the cache has 64
LARGE, SMALL = 16 << 20, 1 << 20
c = Checks("book log")
h = House({})
log = h.dir / "state" / "store.db-wal"


def watched(*words):
    """(exit status, how large the log was at most, how large it is)."""
    p = subprocess.Popen([h.build / "creditalarm", "-c", h.conf, "book",
                          "import", *words], stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
    most = 0
    while True:
        most = max(most, log.stat().st_size if log.exists() else 0)
        try:
            return p.wait(0.02), most, log.stat().st_size
        except subprocess.TimeoutExpired:
            pass


try:
    book = h.dir / "obligors.csv"
    with open(book, "w") as f:
        f.write("obligor_id,type,name,country,aliases\n")
        for i in range(ROWS):
            f.write("OB-%d,buyer,Firm %d,AE,%s\n" % (i, i, "|".join(
                ("%d %d " % (i, k)).ljust(PART, "x") for k in range(PARTS))))
    bad = h.dir / "bad.csv"
    bad.write_bytes(book.read_bytes() + b"OB-X,buyer,,AE,\n")
    h.start("-1")
    for name, want, words in (("a check", 0, ("--check", book)),
                              ("a book with a fault", 65, (bad,))):
        code, most, now = watched(*words)
        c.equal(name + " ends as it should", code, want)
        c.check(name + " writes a large log", most > LARGE, most)
        c.check(name + " leaves a small one", now < SMALL, now)
    c.equal("nothing was taken in", h.run("book", "export", "obligors")
            .count("OB-"), 0)
    h.stop()
finally:
    h.close()
sys.exit(1 if c.failed else 0)

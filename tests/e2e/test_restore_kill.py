#!/usr/bin/python3
"""A restore that is killed at any of its operations leaves one store whole.

`creditalarm restore` runs under strace, which kills it at the entry of the
n-th call of one kind, for every n there is.  Afterwards the folder must hold
the store that stood or the one of the copy, sound, and beside it the diff
states which that store speaks of, byte by byte; a restore begun once more goes
through, and nothing is left over of the one that died.  At the calls that
change names the daemon is started too: it misses no diff state.  The same over
a store that cannot be read, whose log must never be read into the new one.
POINTS=all leaves no point out and starts the daemon at each.
"""
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import flood  # noqa: E402
from house import Checks, House  # noqa: E402

CALLS = ["openat", "write", "pwrite64", "fsync", "fdatasync", "mkdir",
         "mkdirat", "link", "linkat", "rename", "renameat", "renameat2",
         "unlink", "unlinkat", "close"]
MANY = {"openat", "write", "pwrite64", "close"}  # every fourth will do
NAMES = {"link", "linkat", "rename", "renameat", "renameat2"}
EVERYWHERE = os.environ.get("POINTS") == "all"
FIRST, ALL = 5, 9
c = Checks("restore kill")


def may_trace():
    if shutil.which("strace") is None:
        return "no strace"
    p = subprocess.run(["strace", "-o", os.devnull, "-e",
                        "inject=getppid:signal=KILL:when=1", "true"],
                       capture_output=True, text=True)
    return p.stderr.strip()[:100] if p.returncode else ""


def restore(h, copy, *tracer):
    p = subprocess.run([*tracer, h.build / "creditalarm", "-c", h.conf,
                        "--json", "restore", copy], capture_output=True,
                       text=True, timeout=60)
    return p


def store_of(path):
    """(epoch, head, {feed: generation}) of a sound store."""
    db = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
    try:
        good = db.execute("pragma integrity_check").fetchone()[0]
        assert good == "ok", good
        return (db.execute("select value from meta where name='epoch'")
                .fetchone()[0],
                db.execute("select head from stream").fetchone()[0],
                dict(db.execute("select feed, diff_gen from feed")))
    finally:
        db.close()


def diffs_of(state, epoch, gens):
    """The bytes the store's feeds had, by the rule of the header."""
    folder = state / ("diff-%d" % epoch)
    if not folder.is_dir():
        folder = state / "diff"
    return {f: (folder / ("%s.%d" % (f, g))).read_bytes()
            for f, g in gens.items() if g > 0}


def whole(state):
    epoch, head, gens = store_of(state / "store.db")
    return epoch, head, diffs_of(state, epoch, gens)


def litter(state, kept):
    """What nobody needs, beside what stands and what was kept."""
    epochs = {store_of(state / n)[0] for n in ["store.db"] + kept}
    folders = {"diff"} | {"diff-%d" % e for e in epochs}
    return [p.name for p in state.iterdir()
            if "restoring" in p.name or p.name.endswith(".part")
            or (p.name.startswith("diff") and p.name not in folders)
            or (p.name.startswith("store.db") and p.stat().st_nlink != 1)]


def daemon_misses_nothing(h):
    before = h.log.stat().st_size if h.log.exists() else 0
    h.start("-1")
    polls = h.server.count("/bureau")
    h.until(lambda: h.server.count("/bureau") > polls, 10, "a poll")
    time.sleep(0.3)
    h.stop()
    return "diff.lost" not in h.log.read_text()[before:]


def points(h, copy, was, check):
    """Kills at every call of every kind; how many there were."""
    state = h.dir / "state"
    count = 0
    for call in CALLS:
        for n in range(1, 1000,
                       4 if call in MANY and not EVERYWHERE else 1):
            shutil.rmtree(state)
            shutil.copytree(was, state)
            p = restore(h, copy, "strace", "-q", "-o", os.devnull, "-e",
                        "trace=" + call, "-e",
                        "inject=%s:signal=KILL:when=%d" % (call, n))
            if p.returncode == 0:
                break
            assert p.returncode in (-9, 137), (call, n, p)
            check("%s %d" % (call, n), call in NAMES or EVERYWHERE)
            count += 1
    return count


why = may_trace()
if why:
    c.skip("all", why)
    sys.exit(0)
h = House({"bureau": ("/bureau", 1)}, as_of="2022-12-27T01:10:00Z")
state = h.dir / "state"
try:
    flood.make_book(h.dir / "book", ALL)
    h.server.serve("/bureau", flood.document(FIRST))
    h.start("-1")
    h.book(h.dir / "book")

    def head(n):
        return lambda: sqlite3.connect("file:%s?mode=ro" % (
            state / "store.db"), uri=True).execute(
            "select max(head) from stream").fetchone()[0] == n
    h.until(head(FIRST), 20, "the first alerts")
    time.sleep(1.5)
    copy = h.dir / "copy.db"
    h.run("backup", copy)
    h.server.serve("/bureau", flood.document(ALL))
    h.until(head(ALL), 20, "the later alerts")
    time.sleep(1.5)
    h.stop()
    was = h.dir / "was"
    shutil.copytree(state, was)
    old = whole(was)
    c.equal("a store stands, with a diff state", (old[:2], list(old[2])),
            ((1, ALL), ["bureau"]))
    p = restore(h, copy)
    new = whole(state)
    c.equal("undisturbed it is the copy's", (new[:2], list(new[2])),
            ((2, FIRST), ["bureau"]))
    c.check("with another diff state", new[2] != old[2])
    c.equal("and the old one is kept", store_of(
        state / json.loads(p.stdout)["replaced"])[:2], (1, ALL))
    seen = {"old": 0, "new": 0}
    bad = []

    def check(where, start):
        """After a kill, and after a second attempt."""
        try:
            now = whole(state)
            if now not in (old, new):
                bad.append((where, "a mixture", now[:2]))
            seen["old" if now == old else "new"] += 1
            if start and not daemon_misses_nothing(h):
                bad.append((where, "a diff state was missed"))
            p = restore(h, copy)
            again = whole(state)
            kept = [q.name for q in state.iterdir() if re.fullmatch(
                r"store\.db\.before-epoch-[0-9.]+", q.name)]
            if p.returncode != 0 or again[0] <= now[0] or \
                    again[1:] != new[1:]:
                bad.append((where, "the second attempt", p, again[:2]))
            # The second keeps what stood, after the first what that kept.
            if sorted(store_of(state / k)[:2] for k in kept) != (
                    [(1, ALL)] if now == old else [(1, ALL), (2, FIRST)]):
                bad.append((where, "kept", kept))
            left = litter(state, kept)
            if left:
                bad.append((where, "left over", left))
        except (AssertionError, OSError, sqlite3.Error) as e:
            bad.append((where, repr(e)))

    n = points(h, copy, was, check)
    c.equal("%d points: one store or the other, with its diff states" % n,
            bad[:3], [])
    c.check("kills before and after the exchange (%(old)d, %(new)d)" % seen,
            n > 60 and seen["old"] > 40 and seen["new"] > 1, seen)

    # A store that cannot be read, with a log that would be another's.
    (was / "store.db").write_bytes(b"rubbish" * 1000)
    (was / "store.db-wal").write_bytes(b"its log" * 1000)
    bad.clear()

    def check_unreadable(where, start):
        log = (state / "store.db-wal").exists()
        try:
            if (state / "store.db").read_bytes().startswith(b"rubbish"):
                logs = [q for q in state.glob("*-wal")
                        if q.read_bytes().startswith(b"its log")]
                if len(logs) != 1:
                    bad.append((where, "its log is lost", logs))
            elif log or whole(state)[1:] != new[1:]:
                bad.append((where, "the old log beside the new store"))
            p = restore(h, copy)
            if p.returncode != 0 or whole(state)[1:] != new[1:]:
                bad.append((where, "the second attempt", p))
            if not [q for q in state.glob("store.db.before-epoch-*")
                    if q.read_bytes().startswith(b"rubbish")]:
                bad.append((where, "the unreadable one is gone"))
        except (AssertionError, OSError, sqlite3.Error) as e:
            bad.append((where, repr(e)))

    CALLS[:] = ["link", "linkat", "rename", "renameat", "unlink", "unlinkat",
                "fsync"]
    n = points(h, copy, was, check_unreadable)
    c.equal("%d points over a store that cannot be read" % n, bad[:3], [])
finally:
    h.close()
sys.exit(1 if c.failed else 0)

"""The drill: back up a busy daemon, go on, lose the store, restore.

No alert is lost that the feeds still say, ids are those anyone can compute,
and every subscriber learns that its place in the log is gone (epoch 2, GONE,
SNAP).  And what restore refuses, with the store left as it was.
"""
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import flood  # noqa: E402
from house import Checks, House  # noqa: E402
from listen import Listener  # noqa: E402

c = Checks("backup")
BUYERS = 24
FIRST, BETWEEN, ALL = 8, 16, BUYERS
h = House({"bureau": ("/bureau", 1)}, as_of="2022-12-27T01:10:00Z")
state = h.dir / "state"
copy = h.dir / "copy.db"


def creditalarm(*words):
    return subprocess.run([h.build / "creditalarm", "-c", h.conf,
                           *map(str, words)], capture_output=True, text=True,
                          timeout=60)


def refused(name, code, why, *words):
    p = creditalarm(*words)
    c.check("refused: " + name, p.returncode == code and why in p.stderr,
            "exit %d: %s%s" % (p.returncode, p.stdout, p.stderr))


def ids_of(alerts):
    return {e["data"]["alert_id"] for _, e in alerts}


def owed(n):
    return {flood.alert_id("OB-%03d" % i) for i in range(n)}


def inside(path):
    """What a reader of its own finds in a copy."""
    db = sqlite3.connect("file:%s?immutable=1" % path, uri=True)
    try:
        return (db.execute("pragma integrity_check").fetchone()[0],
                dict(db.execute("select stream, head from stream")),
                db.execute("select value from meta where name='epoch'")
                .fetchone()[0])
    finally:
        db.close()


def kill_all():
    os.kill(h.daemon.pid, signal.SIGKILL)
    h.daemon.wait()
    h.daemon = None
    time.sleep(1)  # the orphans leave by themselves


try:
    flood.make_book(h.dir / "book", BUYERS)
    h.server.serve("/bureau", flood.document(FIRST))
    h.start()
    h.book(h.dir / "book")
    key = h.subscriber("EXP-1")
    clerk = Listener(h, key)
    clerk.take(30, count=FIRST)
    c.equal("alerts before the backup", ids_of(clerk.alerts), owed(FIRST))

    # While it decides: the copy is one moment of it, never a mixture.
    said = None
    for n in range(FIRST + 1, BETWEEN + 1):
        h.server.serve("/bureau", flood.document(n))
        said = json.loads(creditalarm("--json", "backup", copy).stdout)
        good, heads, epoch = inside(copy)
        if good != "ok" or said["streams"] != [
                {"stream": s, "head": k} for s, k in heads.items()]:
            c.check("each copy is whole", False, (n, good, said, heads))
    c.check("each copy is whole, and is what the command says of it",
            said is not None, said)
    clerk.take(30, count=BETWEEN)
    said = json.loads(creditalarm("--json", "backup", copy).stdout)
    c.equal("the head of its stream", said["streams"],
            [{"stream": "EXP-1", "head": BETWEEN}])
    c.equal("its size", said["bytes"], copy.stat().st_size)
    c.equal("nobody else may read it", copy.stat().st_mode & 0o777, 0o600)
    text = creditalarm("backup", copy).stdout
    c.check("people are told that keys are not in it", "keys" in text, text)
    c.check("and they are not", not any(
        w in copy.read_bytes() for w in (b"secret-key", b"seal-secret")))
    c.check("nothing is left over", not copy.with_name("copy.db.part")
            .exists())
    refused("a folder that is not there", 74, "No such file", "backup",
            h.dir / "no/such/copy.db")
    refused("a folder to write", 74, "", "backup", h.dir)
    refused("restore beside a daemon", 1, "another daemon holds", "restore",
            copy)

    # More alerts, which the copy does not know; then everything is lost.
    h.server.serve("/bureau", flood.document(ALL))
    clerk.take(30, count=ALL)
    c.equal("alerts after the backup", ids_of(clerk.alerts), owed(ALL))
    clerk.take(2)
    kill_all()
    shutil.move(state, h.dir / "lost")
    refused("no folder", 74, "", "restore", copy)
    state.mkdir(mode=0o700)
    said = json.loads(creditalarm("--json", "restore", copy).stdout)
    c.equal("restored in a new epoch", (said["epoch"], said["replaced"]),
            (2, None))
    diffs = sorted(p.name.rsplit(".", 1)[0] for p in
                   (state / "diff-2").iterdir())
    c.equal("with the feed's diff state", diffs, ["bureau"])
    before = len(clerk.alerts)
    clerk.other.clear()
    h.start()
    clerk.take(20, count=before)  # returns at once
    end = time.monotonic() + 20
    while time.monotonic() < end and not any(
            e.kind == "gone" for e in clerk.other):
        clerk.take(1)
    c.check("its old place is gone", any(e.kind == "gone"
                                         for e in clerk.other), clerk.other)
    c.equal("in epoch 2", clerk.epoch, 2)
    clerk.alerts.clear()
    clerk.snap()
    clerk.take(30, count=ALL)
    clerk.take(3)
    c.equal("the snapshot and what follows: every open alert, each once",
            (ids_of(clerk.alerts), len(clerk.alerts)), (owed(ALL), ALL))
    epochs = {k["epoch"] for k, _ in clerk.alerts}
    c.equal("older ones keep their epoch, the repeated decisions have the new",
            epochs, {1, 2})
    c.equal("and no more, a stored cursor goes on from here",
            [e for e in clerk.other if e.kind in ("refused", "lost")], [])
    fresh = Listener(h, key, consumer="fresh", epoch=0)
    fresh.take(30, count=ALL)
    c.equal("a new reader gets the whole log, in order",
            [k["seq"] for k, _ in fresh.alerts], list(range(1, ALL + 1)))
    c.equal("the same ids", ids_of(fresh.alerts), owed(ALL))
    c.equal("the daemon stops with 0", h.stop(), 0)

    # A store that stands is kept; its epoch counts, and so does a lost one's.
    said = json.loads(creditalarm("--json", "restore", copy).stdout)
    c.equal("again: above the one that stood", said["epoch"], 3)
    kept = state / said["replaced"]
    c.equal("which is kept, whole", inside(kept)[::2], ("ok", 2))
    (state / "store.db").write_bytes(b"rubbish" * 1000)
    said = json.loads(creditalarm("--json", "restore", copy).stdout)
    c.equal("a store that cannot be read does not lower the epoch",
            said["epoch"], 4)
    c.check("and is kept too", (state / said["replaced"]).read_bytes()
            .startswith(b"rubbish"))
    said = json.loads(creditalarm("--json", "restore", copy, "--epoch",
                                  "40").stdout)
    c.equal("an epoch that the operator knows of", said["epoch"], 40)
    refused("one that was used", 1, "above 40", "restore", copy, "--epoch",
            "40")

    # What is no backup of ours.
    now = (state / "store.db").read_bytes()
    other = h.dir / "other.db"
    other.write_bytes(b"")
    refused("an empty file", 65, "no backup", "restore", other)
    other.write_text("this is no database " * 100)
    refused("a text", 65, "no backup", "restore", other)
    other.unlink()
    db = sqlite3.connect(other)
    db.execute("create table t (x)")
    db.close()
    refused("a foreign database", 65, "not a store of ours", "restore", other)
    refused("a file that is not there", 74, "No such file", "restore",
            h.dir / "none")

    def meddled(*sql):
        shutil.copy(copy, other)
        db = sqlite3.connect(other)
        for line in sql:
            db.execute(line)
        db.commit()
        db.close()

    meddled("pragma user_version=99")
    refused("a newer schema", 65, "newer version", "restore", other)
    meddled("create trigger t after insert on journal begin "
            "delete from alert; end")
    refused("a trigger in it", 65, "tables are not those", "restore", other)
    raw = bytearray(copy.read_bytes())
    for at in range(4096, len(raw), 3 * 4096):
        raw[at:at + 64] = b"\xa5" * 64
    other.write_bytes(raw)
    refused("a damaged one", 65, "damaged", "restore", other)
    refused("a store's own file", 65, "not a backup", "restore", kept)
    other.write_bytes(copy.read_bytes()[:-8192])
    refused("half of one", 65, "damaged", "restore", other)
    c.equal("the store is as it was",
            (state / "store.db").read_bytes() == now, True)
    left = [p.name for p in state.iterdir() if p.name.endswith(".part")]
    c.equal("nothing is left over by what failed", left, [])
    c.check("it starts", h.start() is None)
    c.equal("in the epoch said", h.say("status")[0]["push"]["epoch"], 40)
    c.equal("and stops with 0", h.stop(), 0)
finally:
    h.close()
sys.exit(1 if c.failed else 0)

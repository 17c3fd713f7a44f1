"""A new program over the store of an old one, with alerts open and a reader
half way: none lost, none repeated, the same ids and numbers.  The way back is
refused, in words.
"""
import pathlib
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import flood  # noqa: E402
from house import Checks, House, ROOT  # noqa: E402
from listen import Listener  # noqa: E402

c = Checks("upgrade")
h = House({"bureau": ("/bureau", 1)}, as_of="2022-12-27T01:10:00Z")
store = h.dir / "state/store.db"


def columns(db, where):
    return {t: [r[1] for r in db.execute(
        "pragma %s.table_info(%s)" % (where, t))] for (t,) in db.execute(
            "select name from %s.sqlite_schema where type='table'" % where)}


def make_old():
    """The same rows in the tables of schema 1."""
    new = store.with_name("new.db")
    store.rename(new)
    db = sqlite3.connect(store)
    db.executescript((ROOT / "tests/store/schema-1.sql").read_text())
    db.execute("delete from meta")
    db.execute("attach ? as new", (str(new),))
    have = columns(db, "new")
    for table, names in columns(db, "main").items():
        there = ["receipt_kind" if table == "receipts" and n == "kind" else n
                 for n in names]
        assert set(there) <= set(have[table]), table
        # What later schemas keep in meta, this one did not know.
        known = (" where name in ('epoch', 'book_version')"
                 if table == "meta" else "")
        db.execute("insert into main.%s (%s) select %s from new.%s%s" % (
            table, ", ".join(names), ", ".join(there), table, known))
    db.commit()
    db.close()
    new.unlink()


def number(path):
    db = sqlite3.connect(path)
    try:
        return (db.execute("pragma user_version").fetchone()[0],
                db.execute("pragma integrity_check").fetchone()[0])
    finally:
        db.close()


try:
    flood.make_book(h.dir / "book", 16)
    h.server.serve("/bureau", flood.document(5))
    h.start()
    h.book(h.dir / "book")
    clerk = Listener(h, h.subscriber("EXP-1"))
    clerk.take(30, count=5)
    clerk.take(2)  # its cursor is stored
    h.server.serve("/bureau", flood.document(8))
    clerk.take(30, count=8, ack=False)
    c.equal("the daemon stops with 0", h.stop(), 0)
    make_old()
    c.equal("a store of schema 1", number(store), (1, "ok"))
    h.server.serve("/bureau", flood.document(12))
    h.start()
    now = number(store)
    c.check("it is upgraded", now[0] > 1 and now[1] == "ok", now)
    kept = store.with_name("store.db.schema-1")
    c.equal("the old one stays beside it", number(kept), (1, "ok"))
    c.equal("nobody else may read that", kept.stat().st_mode & 0o777, 0o600)
    clerk.take(30, count=12)
    clerk.take(3)
    c.equal("the reader goes on: all, in order, once",
            [k["seq"] for k, _ in clerk.alerts], list(range(1, 13)))
    c.equal("in the same epoch", {k["epoch"] for k, _ in clerk.alerts}, {1})
    c.equal("with the same ids",
            {e["data"]["alert_id"] for _, e in clerk.alerts},
            {flood.alert_id("OB-%03d" % i) for i in range(12)})
    c.equal("nothing refused, lost or gone",
            [e for e in clerk.other if e.kind in ("refused", "lost", "gone")],
            [])
    c.equal("every alert is open still", len(h.say("alert", "list")), 12)
    c.equal("the daemon stops with 0 again", h.stop(), 0)

    db = sqlite3.connect(store)
    db.execute("pragma user_version=99")
    db.close()
    was = store.read_bytes()
    h.start(wait=False)
    c.equal("a newer store: the daemon leaves with 78", h.daemon.wait(20), 78)
    log = h.log.read_text()
    c.check("and says why", "schema 99" in log and "newer version" in log,
            log[-500:])
    c.check("and has not touched it", store.read_bytes() == was)
finally:
    h.close()
sys.exit(1 if c.failed else 0)

"""What `status` tells, against what was made to happen: a session, refused
entries, a duty that runs, comes near, is missed and is met, the journal.
"""
import os
import pathlib
import re
import signal
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from house import Checks, House, ROOT  # noqa: E402
from listen import Listener  # noqa: E402

c = Checks("status")
DEMO = ROOT / "tests/demo"
# Shipped and not paid: what a duty to report is about.
SHIPPED = """shipment_id,exporter_id,obligor_id,amount,currency,payment_term,\
contract_date,etd,ship_date,due_date,status
SHP-S,EXP-SZ-0001,OB-AE-0001,120000.00,USD,OA,2022-11-01,2022-11-15,\
2022-11-15,2023-02-13,shipped
"""
SHAPE = {
    "version": str, "instance": str, "time": str, "up_s": int, "state": str,
    "reasons": list,
    "feeds": {"total": int, "ok": int, "stale": int, "refused": int,
              "failing": int, "never": int, "quarantined": int,
              "disabled": int, "oldest_age_s": int},
    "book": dict,
    "index": dict,
    "alerts": {"open": {"CRITICAL": int, "HIGH": int, "MEDIUM": int,
                        "INFO": int},
               "unacked": int, "escalated": int, "review": int},
    "push": {"epoch": int, "streams": int, "consumers": int, "sessions": int,
             "max_lag": int, "nacks_24h": int},
    "live": {},
    "duties": {"running": int, "due_2wd": int, "missed": int},
    "audit": {"entries": int, "verified_at": type(None), "ok": type(None)},
    "store": {"bytes": int, "free_bytes": int},
    "roles": list,
}


def fits(value, shape, where="status"):
    """Every member of the contract, of its type, and no other."""
    if not isinstance(shape, dict):
        return [] if isinstance(value, shape) else [where]
    if not isinstance(value, dict):
        return [where]
    wrong = [where + "." + k for k in set(value) ^ set(shape)]
    for k in set(value) & set(shape):
        wrong += fits(value[k], shape[k], where + "." + k)
    return wrong


def status():
    return h.say("status")[0]


def on(day):
    """The daemon again, on that day, as if the machine had been off."""
    h.stop()
    h.as_of = day + "T01:10:00Z"
    h.start()
    h.until(lambda: status()["feeds"]["ok"] == 1, 20, "a good poll")
    return status()


h = House({"bureau": ("/bureau", 1)}, as_of="2022-12-27T01:10:00Z")
try:
    h.server.serve("/bureau", b"\n")
    h.start()
    h.until(lambda: status()["feeds"]["ok"] == 1, 20, "a good poll")
    s = status()
    c.equal("the members of the contract, no more, no less", fits(s, SHAPE),
            [])
    c.equal("all is well", (s["state"], s["reasons"]), ("ok", []))
    c.equal("nothing happened yet", (s["push"]["sessions"],
                                     s["push"]["nacks_24h"],
                                     sum(s["duties"].values())), (0, 0, 0))
    (h.dir / "shipped.csv").write_text(SHIPPED)
    h.book(DEMO / "book")
    h.run("book", "import", h.dir / "shipped.csv")
    clerk = Listener(h, h.subscriber("EXP-SZ-0001"))
    h.server.serve("/bureau", (DEMO / "feeds/bureau-1.ndjson").read_bytes() +
                   (DEMO / "feeds/bureau-2.ndjson").read_bytes())
    alerts = clerk.take(30, count=1, ack=False)
    header, event = alerts[0]
    data = event["data"]
    c.check("the alert has a duty", data["duty"] is not None, data)
    h.until(lambda: status()["push"]["sessions"] == 1, 10, "the session")
    s = status()
    c.equal("what is open, by severity", s["alerts"]["open"][
        data["severity"]], 1)
    c.equal("nobody acknowledged it", s["alerts"]["unacked"], 1)
    owed = sum(len(h.say("alert", "show", a["alert_id"])[0]["history"])
               for a in h.say("alert", "list"))
    c.equal("who acknowledged nothing is all behind", s["push"]["max_lag"],
            owed)
    c.equal("a duty runs", s["duties"],
            {"running": 1, "due_2wd": 0, "missed": 0})
    clerk.nack(header["seq"], 2)
    clerk.nack(header["seq"], 3)
    h.until(lambda: status()["push"]["nacks_24h"] == 2, 10, "two refusals")
    c.check("entries refused are counted", True)
    text = h.run("status")
    for line in (r"^credit alarm \S+, up \d+ s: ok$",
                 r"^feeds: 1, ok 1, stale 0, refused 0, failing 0, "
                 r"never read 0, quarantined 0, disabled 0$",
                 r"^alerts: .*; not acknowledged 1; to review \d+$",
                 r"^duties: running 1, due in two days 0, missed 0$",
                 r"^push: sessions 1, .*largest lag %d, refused in 24 hours 2$"
                 % owed):
        c.check("for people: " + line, re.search(line, text, re.M), text)
    for role in ("core", "publish"):
        pid = h.children()[role]
        os.kill(pid, signal.SIGKILL)
        h.until(lambda: h.children().get(role, pid) != pid, 10, role)
        h.until(h.answers, 10, "an answer")
        clerk.take(6)  # and says HELLO again
        h.until(lambda: status()["push"]["sessions"] == 1, 15,
                "the session after a death of " + role)
        c.equal("after a death of %s the refusals are known" % role,
                status()["push"]["nacks_24h"], 2)
    clerk.ack(owed)
    h.until(lambda: status()["push"]["max_lag"] == 0, 10, "the cursor")
    clerk.bye()
    clerk.close()
    h.until(lambda: status()["push"]["sessions"] == 0, 10, "its end")
    c.check("a session that ended is none", True)

    last = data["duty"]["deadline_local"]
    c.equal("the demo's duty", last, "2023-01-06")
    s = on("2023-01-04")
    c.equal("two days before", s["duties"],
            {"running": 1, "due_2wd": 1, "missed": 0})
    c.equal("after a day nobody counts refusals", s["push"]["nacks_24h"], 0)
    c.equal("on the day", on("2023-01-06")["duties"],
            {"running": 1, "due_2wd": 1, "missed": 0})
    c.equal("on the next", on("2023-01-07")["duties"],
            {"running": 0, "due_2wd": 0, "missed": 1})
    clerk = Listener(h, h.dir / "clerk.key")
    newest = max(e["seq"] for a in h.say("alert", "list")
                 for e in h.say("alert", "show", a["alert_id"])[0]["history"])
    clerk.take(10, count=newest - header["seq"])
    c.check("the loss is reported", clerk.wait_state(
        newest, "acted", "A_REPORT_LOSS", "clerk"))
    c.equal("a duty that was met is none", status()["duties"],
            {"running": 0, "due_2wd": 0, "missed": 0})
    said = status()["audit"]["entries"]
    clerk.close()
    h.stop()
    with sqlite3.connect(h.dir / "state" / "store.db") as db:
        rows = db.execute("SELECT count(*) FROM journal").fetchone()[0]
    c.check("the journal's lines", 0 < said <= rows <= said + 5, (said, rows))
finally:
    h.close()
sys.exit(1 if c.failed else 0)

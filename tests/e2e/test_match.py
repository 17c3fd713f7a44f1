"""The watch index of a running daemon: a book of 10,000 buyers, built aside,
mapped again after a restart, followed when the book changes, and never worse
than the last good one whoever is killed and whatever lies on the disk."""
import json
import os
import pathlib
import random
import re
import signal
import sqlite3
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from house import Checks, House, ROOT  # noqa: E402
from listen import Listener  # noqa: E402

c = Checks("match")
dice = random.Random(83)
h = House({"bureau": ("/bureau", 1)}, as_of="2022-12-27T01:10:00Z")
BOOK = h.dir / "book"
N = 10000
SYLLABLES = ("bal kor ven dra mis tol hag fen rus pel gro lin sar vik zan "
             "tor mel har ost bru").split()
TRADES = ["Shipping", "Trading", "Foods", "Steel", "Textiles", "Electronics"]
LANDS = {"DE": "GmbH", "GB": "Ltd", "AE": "LLC", "PL": "Sp. z o.o."}


def name(i):
    word = "".join(dice.choice(SYLLABLES) for _ in range(3)).capitalize()
    land = dice.choice(sorted(LANDS))
    return "%s%d %s %s" % (word, i % 7, dice.choice(TRADES),
                           LANDS[land]), land


def write_obligors(rows, file="obligors.csv"):
    path = h.dir / file
    path.write_text("obligor_id,type,name,country\n" + "".join(
        "%s,buyer,%s,%s\n" % row for row in rows))
    return path


def notice(no, subject, land):
    return json.dumps({"msg_no": no, "typ": "WARN", "ereignis": "INSO-EROEFF",
                       "subj_name": subject, "land": land,
                       "ereignis_am": "2022-12-23",
                       "ts": "2022-12-27T01:05:40Z"}) + "\n"


def log(what):
    return [dict(re.findall(r'(\w+)=("[^"]*"|\S+)', line))
            for line in h.log.read_text().splitlines() if what in line]


def builds():
    """The pid of the index role, if it runs just now."""
    return h.children(builders=True).get("index")


def kill_role(role, seconds=20):
    """kill -9 as soon as the role runs; False when it never did."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pid = h.children(builders=True).get(role)
        if pid:
            os.kill(pid, signal.SIGKILL)
            return True
    return False


def grow(file, first, count):
    """A quarter of the book and more is new: an index is due."""
    rows = [("GR-%06d" % i, *name(i)) for i in range(first, first + count)]
    h.run("book", "import", write_obligors(rows, file))
    return rows


def finds(row):
    got = h.say("lookup", row[1], "--country", row[2])
    return got[0]["obligor_id"] if got else None


try:
    yaml = h.dir / "etc/feeds.d/bureau.yaml"
    yaml.write_text(yaml.read_text().replace("name_accept: no",
                                             "name_accept: yes"))
    rows = [("OB-%05d" % i, *name(i)) for i in range(N)]
    rows.append(("OB-RU", "Zavod Imeni Vorontsova OOO", "RU"))
    obligors = write_obligors(rows)
    demo = ROOT / "tests/demo/book"
    follows = h.dir / "follows.csv"
    follows.write_text("exporter_id,obligor_id\nEXP-SZ-0001,OB-RU\n"
                       "EXP-SZ-0001,OB-00007\n")
    h.server.serve("/bureau", b"\n")
    h.start()
    h.run("book", "import", obligors, follows,
          *[demo / f for f in ("exporters.csv", "policies.csv",
                               "schemes.csv")])
    h.until(lambda: log("index.built"), 60, "the first index")
    built = log("index.built")[-1]
    c.check("an index of every name", int(built["names"]) >= N + 1, built)
    print("built: %s names in %s ms" % (built["names"], built["ms"]))
    clerk = Listener(h, h.subscriber("EXP-SZ-0001"))
    text = notice("HB-1", "ООО «Завод имени Воронцова»", "RU")
    h.server.serve("/bureau", text.encode())
    clerk.take(20, count=1)
    c.equal("a Cyrillic name alone finds the Latin one",
            [e["data"]["obligor"]["id"] for _, e in clerk.alerts], ["OB-RU"])
    match = clerk.alerts[0][1]["data"]["match"]
    c.check("and says why", match["method"] == "name" and
            match["score"] >= 950 and "country RU = RU" in match["why"],
            match)

    # The next notice finds what an import added.
    h.run("book", "import", write_obligors(
        [("OB-NEW", "Quistgaard Maritime A/S", "DK")], "new.csv"))
    follows.write_text("exporter_id,obligor_id\nEXP-SZ-0001,OB-NEW\n")
    h.run("book", "import", follows)
    text += notice("HB-2", "QUISTGAARD MARITIME AS", "DK")
    h.server.serve("/bureau", text.encode())
    clerk.take(20, count=2)
    c.equal("an obligor of the last import is found",
            [e["data"]["obligor"]["id"] for _, e in clerk.alerts],
            ["OB-RU", "OB-NEW"])

    # Two are written alike: a reviewer says which, and who is not.
    h.run("book", "import", write_obligors(
        [("OB-T1", "Tvillingskar Handel AB", "SE"),
         ("OB-T2", "Tvillingskar Handel AB", "SE")], "twins.csv"))
    follows.write_text("exporter_id,obligor_id\nEXP-SZ-0001,OB-T1\n")
    h.run("book", "import", follows)
    text += notice("HB-3", "Tvillingskär Handel AB", "SE")
    h.server.serve("/bureau", text.encode())
    h.until(lambda: len(h.say("review", "list")) == 2, 20, "the questions")
    asked = {q["obligor"]["obligor_id"]: q for q in h.say("review", "list")}
    c.equal("two questions of one notice", sorted(asked), ["OB-T1", "OB-T2"])
    c.equal("status counts them", h.say("status")[0]["alerts"]["review"], 2)
    c.check("a reviewer reads them", "Tvillingskär Handel AB (SE)" in
            h.run("review", "list"))

    # Only a reviewer answers; who else tries is in the journal.
    conf = h.conf.read_text()
    h.conf.write_text(conf + "operators:\n  li: uid:%d viewer\n"
                      "  wang: uid:4242 reviewer\n" % os.getuid())
    h.run("reload")
    h.run("review", "reject", asked["OB-T2"]["id"], "--why", "no", ok=(1,))
    h.run("review", "accept", asked["OB-T1"]["id"], ok=(1,))
    c.equal("two questions still", len(h.say("review", "list")), 2)
    with sqlite3.connect("file:%s?mode=ro" % (h.dir / "state/store.db"),
                         uri=True) as db:
        c.equal("both tries are in the journal", db.execute(
            "SELECT detail FROM journal WHERE what = 'review.refused'"
            " ORDER BY rid").fetchall(), [
                ("rule=not-a-reviewer who=li/uid:%d answer=%s id=%s" % (
                    os.getuid(), answer, asked[who]["id"]),)
                for answer, who in (("reject", "OB-T2"),
                                    ("accept", "OB-T1"))])
    h.conf.write_text(conf + "operators:\n  li: uid:%d reviewer\n" %
                      os.getuid())
    h.run("reload")
    no = h.say("review", "reject", asked["OB-T2"]["id"], "--why",
               "another address")
    c.equal("one is not meant", no[0]["state"], "done")
    yes = h.say("review", "accept", asked["OB-T1"]["id"])
    c.equal("the other is", (yes[0]["state"], yes[0]["alerts"]), ("done", 1))
    clerk.take(20, count=3)
    c.equal("the exporter hears it",
            clerk.alerts[-1][1]["data"]["obligor"]["id"], "OB-T1")
    c.check("with a person's word", "confirmed by a reviewer" in
            clerk.alerts[-1][1]["data"]["match"]["why"], clerk.alerts[-1])
    h.run("review", "accept", asked["OB-T2"]["id"], ok=(1,))
    c.equal("nothing is left", h.say("review", "list"), [])

    # A restart maps; it does not build.
    h.stop()
    before = len(log("index.built"))
    maps = len(log("index.mapped"))
    h.start()
    mapped = log("index.mapped")[maps:]
    c.check("a restart maps the last segment", len(mapped) == 1 and
            mapped[0]["names"] == built["names"], mapped)
    print("mapped: %s names in %s ms, %s in the delta" % (
        mapped[0]["names"], mapped[0]["ms"], mapped[0]["delta"]))
    c.equal("and what changed since is in the delta",
            finds(("", "Quistgaard Maritime A/S", "DK")), "OB-NEW")
    time.sleep(1)
    c.equal("it builds nothing", len(log("index.built")), before)

    # The index role is killed: the old segment serves on, a new one comes.
    grown = grow("g1.csv", 0, 3000)
    if c.check("the index role ran", kill_role("index")):
        h.until(lambda: log("index.failed"), 20, "the failure to be seen")
        c.equal("old segment and delta serve on", finds(rows[7]),
                rows[7][0])
        c.equal("and so does what is new", finds(grown[5]), grown[5][0])
    h.until(lambda: len(log("index.built")) > before, 40, "the next index")

    # core is killed in the middle of a swap, again and again.
    grown = []
    for i in range(6):
        new = grow("g2.csv", 10000 * (i + 1), 3500 + 1000 * i)
        grown += new[:2]
        end = time.monotonic() + 20
        while not builds() and time.monotonic() < end:
            pass
        while builds() and time.monotonic() < end:
            pass
        time.sleep(dice.uniform(0, 0.03))
        kill_role("core")
        h.until(h.answers, 20, "core again")
        c.equal("swap %d: every buyer is found" % i,
                [finds(row) for row in (rows[9], *grown)],
                [row[0] for row in (rows[9], *grown)])
    c.equal("no segment was ever refused", log("index.refused"), [])
    h.until(lambda: not builds(), 30, "builds to end")

    # What lies on the disk is damaged, of another version or not there:
    # refused with a reason, built anew.
    file = h.dir / "state/names.idx"
    good = file.read_bytes()
    for what, at, why in (("damaged", len(good) // 2, "checksum"),
                          ("another version's", 8, "version"),
                          ("missing", None, None)):
        h.stop()
        data = bytearray(file.read_bytes())
        if at is None:
            file.unlink()
        else:
            data[at] ^= 1
            file.write_bytes(data)
        before = len(log("index.built")), len(log("index.refused"))
        h.start()
        refused = log("index.refused")[before[1]:]
        c.check("%s: the log says so" % what,
                [why in r["why"] for r in refused] == [True] * bool(why),
                refused)
        h.until(lambda: len(log("index.built")) > before[0], 40, "a new one")
        c.equal("%s: built anew" % what, finds(rows[11]), rows[11][0])
    clerk.take(2)
    c.equal("all that rang for nobody", len(clerk.alerts), 3)
    c.equal("stop ends with 0", h.stop(), 0)
    c.check("nothing half is left", not (h.dir / "state/names.new").exists())
finally:
    h.close()
sys.exit(1 if c.failed else 0)

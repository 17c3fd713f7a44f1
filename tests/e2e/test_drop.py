"""Files renamed into a watched directory: notices, hostile things, the book.

A subscriber who shares no code with the daemon hears what a file says; what
is no file to read changes nothing; a crash between the commit and the move
decides nothing twice and loses nothing.
"""
import json
import os
import pathlib
import random
import shutil
import signal
import stat
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from house import Checks, House, ROOT, free_port  # noqa: E402
from listen import Listener  # noqa: E402

DEMO = ROOT / "tests/demo"
MANY = int(os.environ.get("MANY", "100000"))
KILLS = int(os.environ.get("KILLS", "6"))
SEED = int(os.environ.get("SEED", "20221227"))
AS_OF = "2022-12-27T01:10:00Z"
c = Checks("drop")
dice = random.Random(SEED)


def notice(number, kind="破产", **more):
    return json.dumps({
        "notice_no": number, "type": kind, "buyer_no": "ARE/000123",
        "name": "Qamar Al Bahr General Trading LLC", "country": "AE",
        "occurred_on": "2022-12-23",
        "reported_at": "2022-12-27T09:05:40+08:00", **more},
        ensure_ascii=False) + "\n"


def put(folder, name, text):
    """As a sender does: written beside under a dot, then renamed."""
    raw = name if isinstance(name, bytes) else name.encode()
    part = os.path.join(os.fsencode(folder), b".part-of-a-test")
    with open(part, "wb") as f:
        f.write(text.encode() if isinstance(text, str) else text)
    os.rename(part, os.path.join(os.fsencode(folder), raw))


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def feed(h):
    return h.say("feed", "show", "insurer-drop")[0]


def gone(folder, name):
    return lambda: not (folder / name).exists() and not names(
        folder / "work")


def settled(folder, place, name):
    return lambda: (folder / place / name).exists()


def cpu_seconds(pid):
    words = pathlib.Path("/proc/%d/stat" % pid).read_text()
    words = words.rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


# ---- notices, in the daemon of several locked-in processes ----

h = House({}, as_of=AS_OF)
try:
    box = h.add_drop("insurer-drop", 1, decoded_max="64KiB")
    web = free_port()
    h.write_conf("web:\n  endpoint: 127.0.0.1:%d\n" % web)
    h.start()
    h.book(DEMO / "book")
    clerk = Listener(h, h.subscriber("EXP-SZ-0001"))
    put(box, "report-1.ndjson", notice("CR-1", "资信报告", about="破产",
                                       result="待查"))
    clerk.take(20, count=1)
    c.equal("a report of a bankruptcy rings", [
        (x["type"], e["data"]["kind"], e["data"]["obligor"]["id"])
        for x, e in clerk.alerts],
        [(1, "BUYER_INSOLVENCY", "OB-AE-0001")])
    h.until(settled(box, "done", "report-1.ndjson"), 10, "the move")
    put(box, "report-2.ndjson", notice("CR-2", "资信报告", about="破产",
                                       result="证实", ref="CR-1"))
    clerk.take(20, count=2)
    c.equal("the report that confirms it is a revision", [
        (x["type"], e["id"].split("/")[1]) for x, e in clerk.alerts],
        [(1, "1"), (2, "2")])
    h.until(settled(box, "done", "report-2.ndjson"), 10, "the move")
    put(box, "again.ndjson", (box / "done/report-1.ndjson").read_bytes() +
        (box / "done/report-2.ndjson").read_bytes())
    h.until(settled(box, "done", "again.ndjson"), 10, "the move")
    clerk.take(2)
    c.equal("the same notices in another file are nothing new",
            len(clerk.alerts), 2)
    c.equal("nothing is left where it was dropped", names(box),
            ["done", "refused", "work"])
    f = feed(h)
    c.equal("the feed is shown as others are", (f["state"], f["mode"],
            f["records"], f["rejects"]), ("ok", "drop", 2, 0))
    c.equal("status counts it", h.say("status")[0]["feeds"]["ok"], 1)

    # What is not to be read, and what is read and refused.
    secret = h.dir / "secret"
    secret.write_text(notice("SECRET"))
    os.symlink(secret, box / "link.ndjson")
    os.mkfifo(box / "pipe.ndjson")
    (box / "folder.ndjson").mkdir()
    odd = {"link.ndjson", "pipe.ndjson", "folder.ndjson"}
    try:
        os.mknod(box / "device.ndjson", stat.S_IFCHR | 0o600,
                 os.makedev(1, 5))
        odd.add("device.ndjson")
    except PermissionError:
        c.skip("a device", "only root makes one")
    for name in (".hidden.ndjson", "half.tmp", "half.part"):
        (box / name).write_text(notice("HALF"))
        odd.add(name)
    with open(box / ".huge", "wb") as big:
        big.truncate(1 << 40)
    os.rename(box / ".huge", box / "huge.ndjson")
    put(box, "bad.ndjson", "<html>503</html>\n")
    put(box, "cut.ndjson", notice("CUT") + '{"notice_no": "CU')
    put(box, "some.ndjson", notice("CR-1", "资信报告", about="破产",
                                   result="待查") +
        notice("ODD", "资信报告"))
    put(box, b"bell\x07.ndjson", notice("BELL"))
    put(box, b"latin\xe9.ndjson", notice("LATIN"))
    put(box, "x" * 240, notice("LONG"))
    put(box, "z-last.ndjson", notice("CR-2", "资信报告", about="破产",
                                     result="证实"))
    refused = {"huge.ndjson": "65536 are read", "bad.ndjson": "line 1",
               "cut.ndjson": "cut.ndjson: ", "bell_.ndjson": "name",
               "latin_.ndjson": "name", "x" * 200: "name"}
    h.until(settled(box, "done", "z-last.ndjson"), 20, "the last of them")
    for name, why in refused.items():
        short = name[:12]
        c.check("%s is refused" % short, (box / "refused" / name).exists(),
                names(box / "refused"))
        note = box / "refused" / (name + ".why")
        c.check("%s has its reason" % short, note.exists() and why in
                note.read_text() and note.read_text().startswith(name),
                note.exists() and note.read_text())
    c.equal("nothing else is refused", len(names(box / "refused")),
            2 * len(refused))
    note = box / "done/some.ndjson.why"
    c.check("a file with a reject says so", note.exists() and
            "line 2: " in note.read_text(), names(box / "done"))
    c.equal("links, pipes, folders, devices and what is being written stay",
            set(names(box)) - {"done", "refused", "work"}, odd)
    c.check("and are told of", "inbox.odd" in h.log.read_text())
    h.until(lambda: feed(h)["state"] == "ok", 5, "an accepted file")
    put(box, "bad.ndjson", "<html>503</html>\n")
    h.until(lambda: feed(h)["state"] == "refused", 10, "the refusal")
    c.check("a second of that name does not replace the first",
            len([n for n in names(box / "refused")
                 if n.startswith("bad.ndjson.") and n[-4:] != ".why"]) == 1,
            names(box / "refused"))
    c.equal("the reason is in the feed's row", feed(h)["refused"]["guard"],
            "root")
    for p in (box / "refused").iterdir():
        p.unlink()
    h.until(lambda: feed(h)["state"] == "ok", 10, "an empty refused/")
    clerk.take(2)
    c.equal("of all this nobody heard", len(clerk.alerts), 2)
    for name in odd:
        if name == "folder.ndjson":
            (box / name).rmdir()
        else:
            (box / name).unlink()

    # One name, two files in a row: both are read.
    put(box, "same.ndjson", notice("S-1", "拖欠", amount="10.00",
                                   currency="USD"))
    time.sleep(dice.uniform(0, 1.2))
    put(box, "same.ndjson", notice("S-2", "拖欠", amount="20.00",
                                   currency="USD"))
    h.until(lambda: not (box / "same.ndjson").exists() and
            not names(box / "work"), 10, "both")
    read = "".join(p.read_text() for p in (box / "done").iterdir()
                   if p.name.startswith("same"))
    c.check("what replaced a file is read", "S-2" in read, names(box / "done"))
    clerk.take(3)
    heard = len(clerk.alerts)

    # ---- a crash between the commit and the move ----
    h.stop()
    os.rename(box / "done/report-1.ndjson", box / "work/report-1.ndjson")
    (box / "work/never-read.ndjson").write_text(
        notice("N-1", "拖欠", name="Nordlicht Haustechnik GmbH",
               buyer_no=None, lei="000000DEM0NRDLCT0144", country="DE"))
    h.start()
    clerk.close()
    clerk = Listener(h, h.dir / "clerk.key")
    h.until(settled(box, "done", "never-read.ndjson"), 10, "work/ to be read")
    h.until(lambda: names(box / "work") == [], 10, "all of it")
    c.check("a file that was decided is moved again",
            (box / "done/report-1.ndjson").exists())
    clerk.take(4)
    c.equal("decided once; the file never read was not lost", sorted(
        e["data"]["obligor"]["id"] for _, e in clerk.alerts), ["OB-DE-0001"])

    # kill -9 at random moments while files come.
    for i in range(KILLS):
        for k in range(5):
            put(box, "kill-%02d-%d" % (i, k),
                notice("K-%d-%d" % (i, k), "评级下调"))
        time.sleep(dice.uniform(0.1, 1.5))
        pid = h.children().get(dice.choice(["core", "core", "parse"]))
        if pid:
            os.kill(pid, signal.SIGKILL)
    want = {"kill-%02d-%d" % (i, k) for i in range(KILLS) for k in range(5)}
    try:
        h.until(lambda: want <= set(names(box / "done")), 60, "all files")
    except RuntimeError:
        print(names(box), names(box / "work"), names(box / "refused"),
              feed(h), h.children(), h.log.read_text()[-6000:])
        raise
    c.equal("after %d kills every file is done once" % KILLS,
            sorted(n for n in names(box / "done") if n.startswith("kill")),
            sorted(want))
    c.equal("and none refused", names(box / "refused"), [])
    h.until(h.answers, 20, "an answer")

    # ---- a hundred thousand files, then none, then another directory ----
    begin = time.monotonic()
    for i in range(MANY):  # an empty file is whole at once
        os.close(os.open(box / ("m%06d" % i), os.O_CREAT | os.O_WRONLY))
    print("%d files made in %.1f s" % (MANY, time.monotonic() - begin))
    slowest = 0
    begin = time.monotonic()
    done = len(names(box / "done"))
    while time.monotonic() - begin < 8:
        at = time.monotonic()
        h.run("status")
        slowest = max(slowest, time.monotonic() - at)
        time.sleep(0.05)
    took = len(names(box / "done")) - done
    print("%d files read in 8 s; slowest answer %.2f s" % (took, slowest))
    c.check("core answers while %d files wait" % MANY, slowest < 3, slowest)
    c.check("and reads on", took > 50, took)
    # A look while files come may miss some that are older than one it sees.
    last = max(n for n in names(box / "done") if n[0] == "m" and
               n[1:].isdigit())
    missing = {"m%06d" % i for i in range(int(last[1:]))} - set(
        names(box / "done"))
    c.equal("in the order of their names", missing, set())
    os.rename(box, h.dir / "away")
    h.until(lambda: feed(h)["state"] in ("failing", "stale"), 15, "failing")
    h.until(lambda: feed(h)["state"] == "stale", 15, "staleness")
    c.check("the last good state stands", feed(h)["records"] >= 0 and
            h.say("alert", "list"))
    c.equal("status says so", h.say("status")[0]["state"], "degraded")
    core = h.children().get("core")
    box.mkdir()
    put(box, "back.ndjson", notice("B-1", "评级下调"))
    h.until(settled(box, "done", "back.ndjson"), 40, "the new directory")
    h.until(lambda: h.answers() and feed(h)["state"] == "ok", 10, "ok")
    c.check("a directory that is not the one of the start is let in", True)
    print("core %s" % ("started again" if h.children().get("core") != core
                       else "is the same"))
    h.stop()
finally:
    h.close()


# ---- silence, and a file on which parse dies ----

h = House({}, as_of=AS_OF)
try:
    box = h.add_drop("insurer-drop", 1)
    definition = h.dir / "etc/feeds.d/insurer-drop.yaml"
    text = definition.read_text()
    definition.write_text(text.replace("guards:\n",
                                       "guards:\n  stale_after: 3s\n"))
    slow = h.dir / "drop/slow"
    slow.mkdir()
    (h.dir / "etc/feeds.d/slow.yaml").write_text(
        text.replace("name: insurer-drop", "name: slow")
        .replace("map: insurer.jq", "map: slow.jq")
        .replace(str(box), str(slow)))
    (h.dir / "etc/feeds.d/slow.jq").write_text(
        "[range(60000)] | length | tostring |\n"
        "{native: \"\u7834\u4ea7\", names: [{text: ., type: \"legal\"}]}\n")
    h.start()
    c.equal("a feed that waits for files is new", feed(h)["state"], "never")
    h.until(lambda: feed(h)["state"] == "stale", 10, "staleness")
    put(box, "a", notice("A-1"))
    h.until(lambda: feed(h)["state"] == "ok", 10, "a file")
    h.until(lambda: feed(h)["state"] == "stale", 10, "staleness again")
    c.check("with stale_after silence is told", True)
    c.equal("though the directory is in reach and looked at",
            h.say("feed", "show", "slow")[0]["state"], "ok")

    put(slow, "deadly", "".join(notice("D-%d" % i) for i in range(1500)))
    for _ in range(3):  # a kill before parse began does not count
        parse = h.until(lambda: h.children().get("parse"), 20, "parse")
        h.until(lambda: cpu_seconds(parse) > 1.5, 40, "parse at work")
        os.kill(parse, signal.SIGKILL)
        h.until(lambda: h.children().get("parse") != parse, 10, "its end")
    h.until(settled(slow, "refused", "deadly"), 20, "the refusal")
    c.equal("a file on which parse dies three times is refused",
            (slow / "refused/deadly.why").read_text(),
            "deadly: parse: parse died on it three times\n")
    put(slow, "fine", notice("F-1"))
    h.until(settled(slow, "done", "fine"), 20, "the next file")
    c.equal("the next one is read", names(slow / "work"), [])
    h.stop()
finally:
    h.close()


# ---- the book, and all roles in one process ----

def csv(name):
    return (DEMO / "book" / (name + ".csv")).read_text()


def results(folder):
    return [n for n in names(folder) if n not in ("done", "refused", "work")]


for mode in ([], ["-1"]):
    h = House({}, as_of=AS_OF)
    word = "-1: " if mode else ""
    try:
        box = h.add_drop("insurer-drop", 1)
        book = h.dir / "book.d"
        book.mkdir()
        h.write_conf("book:\n  directory: %s\n  interval: 1s\n" % book)
        h.start(*mode)
        # Renamed in the wrong order: the references are in the same look.
        for name in ("shipments", "follows", "policies", "exporters",
                     "obligors", "schemes"):
            put(book, name + ".csv", csv(name))
        h.until(lambda: (book / "shipments.csv.ok").exists(), 20, "results")
        c.equal(word + "six files are one import", results(book), sorted(
            n + ".csv.ok" for n in ("shipments", "follows", "policies",
                                    "exporters", "obligors", "schemes")))
        c.check(word + "the result counts rows",
                "rows imported from 6 files" in
                (book / "schemes.csv.ok").read_text())
        stats = h.say("book", "stats")[0]
        c.equal(word + "all of it is in the book", stats["obligors"],
                csv("obligors").count("\n") - 1)
        clerk = Listener(h, h.subscriber("EXP-SZ-0001"))
        put(box, "a.ndjson", notice("CR-1"))
        clerk.take(20, count=1)
        c.equal(word + "what it insures rings", len(clerk.alerts), 1)
        clerk.close()
        # Bad alone; then bad and good together: both stay out.
        bad = csv("obligors").replace("OB-DE-0001,buyer", "OB-DE-0001,byer")
        put(book, "obligors.csv", bad)
        h.until(lambda: (book / "obligors.csv.rejected").exists(), 20,
                "the rejection")
        said = (book / "obligors.csv.rejected").read_text()
        c.check(word + "a bad row is told by file, line and field",
                said.startswith("obligors.csv:3: type: "), said)
        c.check(word + "the old result is gone",
                not (book / "obligors.csv.ok").exists(), results(book))
        good = csv("exporters").splitlines()
        good[1] = good[1].replace("EXP-SZ-0001", "EXP-SZ-0009", 1)
        put(book, "new.csv", "\n".join(good[:2]) + "\n")
        put(book, "obligors.csv", bad)
        h.until(lambda: (book / "new.csv.rejected").exists(), 20,
                "the rejection of both")
        c.check(word + "good beside bad is rejected with it",
                "obligors.csv:3: type: " in
                (book / "new.csv.rejected").read_text())
        c.equal(word + "the book is what it was", h.say("book", "stats")[0],
                stats)
        os.symlink("/etc/passwd", book / "link.csv")
        put(book, b"bell\x07.csv", csv("schemes"))
        h.until(lambda: (book / "bell_.csv.rejected").exists(), 20,
                "the odd name")
        c.check(word + "a link is left alone", (book / "link.csv").is_symlink())
        c.equal(word + "inputs lie where they belong",
                [len(names(book / "done")), len(names(book / "work"))], [6, 0])
        c.equal(word + "stop ends with 0", h.stop(), 0)
        log = h.log.read_text()
        c.check(word + "how long core was busy is said",
                "book.dropped files=6 result=ok busy_ms=" in log, log[-500:])
        # A crash while importing: the files are in work/ still.
        os.rename(book / "done/schemes.csv", book / "work/schemes.csv")
        text = csv("obligors")
        (book / "work/obligors.csv").write_text(
            text + "OB-NEW,buyer,New Buyer,,AE,,,,0\n")
        (book / "obligors.csv.ok").unlink(missing_ok=True)
        h.start(*mode)
        h.until(lambda: (book / "obligors.csv.ok").exists(), 20, "work/")
        c.equal(word + "what a crash left in work/ is imported",
                h.say("book", "stats")[0]["obligors"],
                stats["obligors"] + 1)
        h.stop()
        # --once takes everything that is there, and leaves.
        put(box, "once.ndjson", notice("ONCE-1", "拖欠"))
        put(book, "once.csv", text + "OB-ONCE,buyer,Once Ltd,,AE,,,,0\n")
        h.start("--once", *mode, wait=False)
        h.daemon.wait(30)
        c.check(word + "--once reads both directories and leaves",
                h.daemon.returncode == 0 and
                (box / "done/once.ndjson").exists() and
                (book / "once.csv.ok").exists(),
                [h.daemon.returncode, names(box), names(book)])
        h.daemon = None
    finally:
        h.close()

# kill -9 in the middle of a large import: the old book, then the new.
h = House({}, as_of=AS_OF)
try:
    book = h.dir / "book.d"
    book.mkdir()
    h.write_conf("book:\n  directory: %s\n  interval: 1s\n" % book)
    h.start()
    rows = "obligor_id,type,name,country\n" + "".join(
        "OB-%06d,buyer,Buyer %d,AE\n" % (i, i) for i in range(200000))
    put(book, "big.csv", rows)
    h.until(lambda: names(book / "work"), 20, "the import to begin")
    time.sleep(0.3)
    os.kill(h.children()["core"], signal.SIGKILL)
    c.check("the import was not over", names(book / "work") == ["big.csv"] and
            not (book / "big.csv.ok").exists(), names(book))
    h.until(lambda: (book / "big.csv.ok").exists(), 60, "the second try")
    c.equal("after the crash the file is tried again",
            h.say("book", "stats")[0]["obligors"], 200000)
    print("core was busy with 200000 rows for %s ms" % h.log.read_text().rsplit(
        "busy_ms=", 1)[1].split()[0])
    c.check("as new rows: nothing of the first try was left",
            "200000 new" in (book / "big.csv.ok").read_text(),
            (book / "big.csv.ok").read_text())
    h.stop()
finally:
    h.close()
sys.exit(1 if c.failed else 0)

"""The daemon and its configuration: every error at once, exit codes."""
import os
import subprocess
import sqlite3
import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from house import Checks, House  # noqa: E402

c = Checks("config")
h = House({"bureau": ("/bureau", 60)})
D = [h.build / "creditalarmd"]


def run(*words):
    p = subprocess.run(D + [str(w) for w in words], capture_output=True,
                       text=True, timeout=30)
    return p.returncode, p.stdout, p.stderr


try:
    code, out, _ = run("-c", h.conf, "-n")
    c.equal("a good one", (code, out), (0, "configuration OK\n"))
    code, out, _ = run("-c", h.conf, "-C")
    c.check("-C shows the effective values",
            code == 0 and 'instance: "demo"' in out and "heartbeat: 1000ms"
            in out, out[:300])
    bad = h.dir / "bad.yaml"
    bad.write_text(h.conf.read_text() + "nonsense: 1\nlog:\n  level: 99\n")
    code, _, err = run("-c", bad, "-n")
    lines = bad.read_text().splitlines()
    c.equal("a bad one leaves with 78", code, 78)
    c.check("unknown key with its line", "bad.yaml:%d: nonsense: " % (
        lines.index("nonsense: 1") + 1) in err, err)
    c.check("and the other error too", "bad.yaml:%d: log.level: " %
            len(lines) in err, err)
    code, _, err = run("-c", h.dir / "none.yaml", "-n")
    c.check("no such file", code == 78 and "none.yaml" in err, err)
    code, _, err = run()
    c.equal("no words", code, 2)
    code, _, err = run("-c", h.conf, "--as-of", "yesterday")
    c.equal("a time that is none", code, 2)

    h.write_conf("sandbox: sometimes\n")
    code, _, err = run("-c", h.conf, "-n")
    c.check("a word that is none of the words", code == 78 and
            "sandbox: 'sometimes' is not one of required|best_effort" in err,
            err)
    h.write_conf()

    feed = h.dir / "etc/feeds.d/bureau.yaml"
    good = feed.read_text()
    feed.write_text(good + "colour: red\n")
    code, _, err = run("-c", h.conf, "-n")
    c.check("a feed's unknown key with file and line",
            code == 78 and "bureau.yaml:%d: colour: " % (
                len(good.splitlines()) + 1) in err, err)
    feed.write_text(good)
    jq = h.dir / "etc/feeds.d/bureau.jq"
    text = jq.read_text()
    jq.write_text("{record: .msg_no, occurred_on: now}")
    code, _, err = run("-c", h.conf, "-n")
    c.check("a map that asks the clock is refused",
            code == 78 and "now" in err, "%d %s" % (code, err))
    jq.write_text(text)

    # Files of the book and of a feed must not be taken for each other.
    drop = h.add_drop("insurer-drop", 10)
    (h.dir / "link").symlink_to(drop)
    for place, word in ((drop, "is the directory of"),
                        (str(drop) + "/", "is the directory of"),
                        (h.dir / "link", "is the directory of"),
                        (drop.parent, "lies above the directory of"),
                        (drop / "work", "lies below the directory of"),
                        (drop / "a/../b", "lies below the directory of"),
                        ("/", "lies above the directory of")):
        h.write_conf("book:\n  interval: 5s\n  directory: %s\n" % place)
        line = len(h.conf.read_text().splitlines())
        code, _, err = run("-c", h.conf, "-n")
        c.equal("book.directory %s" % str(place).replace(str(h.dir), ""),
                (code, err.replace(str(h.conf), "FILE")),
                (78, "FILE:%d: book.directory: %s feed insurer-drop\n" % (
                    line, word)))
    for place in (str(drop) + "s", drop.parent / "insurer"):
        h.write_conf("book:\n  directory: %s\n" % place)
        code, _, err = run("-c", h.conf, "-n")
        c.equal("a directory beside it is none of those", (code, err), (0, ""))
    h.write_conf("book:\n  directory: %s\n" % drop)
    text = (h.dir / "etc/feeds.d/insurer-drop.yaml").read_text()
    (h.dir / "etc/feeds.d/insurer-drop.yaml").write_text(
        text.replace("enabled: yes", "enabled: no"))
    code, _, err = run("-c", h.conf, "-n")
    c.equal("nor is one that nobody looks into", (code, err), (0, ""))
    (h.dir / "etc/feeds.d/insurer-drop.yaml").unlink()
    h.write_conf()

    os.chmod(h.key, 0o644)
    code, _, err = run("-c", h.conf, "-n")
    c.check("a key others may read", code == 78 and "0600" in err, err)
    c.check("no key in the message", "secret" not in err, "")
    os.chmod(h.key, 0o600)

    h.server.serve("/bureau", b"\n")
    h.start()
    h.stop()
    db = sqlite3.connect(h.dir / "state/store.db")
    db.execute("pragma user_version=7777")
    db.commit()
    db.close()
    p = subprocess.run(D + ["-c", h.conf, "-1"], capture_output=True,
                       text=True, timeout=30)
    c.check("a store of another version: 78, untouched",
            p.returncode == 78 and "7777" in p.stderr,
            "%d %s" % (p.returncode, p.stderr[-300:]))
    p = subprocess.run(D + ["-c", h.conf], capture_output=True, text=True,
                       timeout=30)
    c.equal("the same with roles in processes", p.returncode, 78)
finally:
    h.close()
sys.exit(1 if c.failed else 0)

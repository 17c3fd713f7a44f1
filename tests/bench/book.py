#!/usr/bin/python3
"""The whole book in one command, measured against the least it can cost.

  book.py [OBLIGORS [SHIPMENTS [SEED]]]        (1,000,000 3,000,000 1)

bookgen makes the book; bookbare loads it into the same tables with nothing
checked (what it does stands in its head); then a daemon imports it, once whole,
once as a replace of which 0.1 % is new, once 1 % of it changed; exports
it, and the export goes into a second daemon and out again, which must give
the same bytes; the exposures of all of it and of one; what an operator asks
meanwhile. One line each: seconds, rows a second, the largest resident set of
the command and of core, the log's size. After the first import also
how long the index of the names takes, what it needs beside core, and how long
core keeps somebody waiting meanwhile.
Exit 1 when the import takes over three times the bare load, a command or core
is over 400 MB, or bytes differ. Needs about 8 GB in TMPDIR.
"""
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import house  # noqa: E402

KINDS = ["schemes", "exporters", "policies", "obligors", "shipments",
         "limits", "receipts", "country_cover", "fx"]
BENCH = pathlib.Path(os.environ.get("BENCH", ROOT / "build" / "gcc-release"))
RSS_MAX_MB = 400
RATIO_MAX = 3
failed = []


class Wal(threading.Thread):
    """The largest size of a file while somebody works."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.largest, self.stop = path, 0, threading.Event()

    def run(self):
        while not self.stop.wait(0.05):
            try:
                self.largest = max(self.largest, self.path.stat().st_size)
            except OSError:
                pass


def peak_mb(pid):
    text = pathlib.Path("/proc/%d/status" % pid).read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", text)[1]) // 1024


def command(h, what, words, stdout=None, rows=None):
    """Runs the operator's command; its output's path or text."""
    wal = Wal(h.dir / "state" / "store.db-wal")
    core = h.children()["core"]
    pathlib.Path("/proc/%d/clear_refs" % core).write_text("5")
    wal.start()
    start = time.monotonic()
    p = subprocess.Popen([h.build / "creditalarm", "-c", h.conf, *words],
                         stdout=stdout or subprocess.PIPE, text=True)
    out = p.stdout.read() if p.stdout else ""
    _, status, usage = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - start
    wal.stop.set()
    wal.join()
    if p.returncode != 0:
        failed.append("%s: exit %d" % (what, p.returncode))
    if h.children().get("core") != core:
        failed.append(what + ": core was started anew")
        return seconds, out
    print("%-28s %7.1f s  %9s  command %3d MB  core %3d MB  log %4d MB  %s" % (
        what, seconds, "%d/s" % (rows / seconds) if rows else "",
        usage.ru_maxrss // 1024, peak_mb(core), wal.largest >> 20,
        out.partition("\n")[0][:70]), flush=True)
    for name, mb in ("command", usage.ru_maxrss // 1024), ("core", peak_mb(core)):
        if mb > RSS_MAX_MB:
            failed.append("%s: %s took %d MB" % (what, name, mb))
    return seconds, out


def exposures(h, folder):
    """Of one and of all; EX-000010 has an annual cap, EX-000003 none."""
    for words in ([], ["--country", "PL"], ["--obligor", "OB-0000007"],
                  ["--exporter", "EX-000003"], ["--exporter", "EX-000010"]):
        with open(folder / "exposure", "wb") as f:
            command(h, " ".join(["exposure", *words]), ["exposure", *words],
                    stdout=f)


def index_built(h):
    """Until the names are built: the longest answer, the largest role."""
    begin, longest, role, core = time.monotonic(), 0, 0, h.children()["core"]
    while "index.built" not in h.log.read_text():
        asked = time.monotonic()
        h.run("status")
        longest = max(longest, time.monotonic() - asked)
        try:
            role = max(role, peak_mb(h.children()["index"]))
        except (KeyError, OSError, TypeError):
            pass  # not yet, or no longer
        time.sleep(0.02)
        if time.monotonic() - begin > 600:
            failed.append("the names are not built")
            break
    print("%-28s %7.1f s  index %d MB  core %d MB  longest answer %.2f s" % (
        "the index of the names", time.monotonic() - begin, role,
        peak_mb(core), longest), flush=True)
    if peak_mb(core) > RSS_MAX_MB:
        failed.append("core with its index: %d MB" % peak_mb(core))


def asked(h, name):
    """What an operator asks of a daemon with that book, and a new start."""
    for words in (["status"], ["alert", "list"], ["book", "stats"],
                  ["lookup", name], ["reload"]):
        try:
            command(h, " ".join(words), words)
        except (KeyError, OSError):
            failed.append(" ".join(words) + ": core was started anew")
        h.until(h.answers, 60, "an answer")
    begin = time.monotonic()
    h.stop()
    print("%-28s %7.1f s" % ("stop", time.monotonic() - begin))
    begin = time.monotonic()
    h.start()
    print("%-28s %7.1f s  core %3d MB" % (
        "start, until it answers", time.monotonic() - begin,
        peak_mb(h.children()["core"])), flush=True)


def start(folder):
    h = house.House({})
    h.folder = folder
    folder.mkdir()
    h.start()
    return h


def export(h, what):
    """{kind: hash} of everything exported into the house's folder."""
    out = {}
    for kind in KINDS:
        with open(h.folder / (kind + ".csv"), "wb") as f:
            words = ["book", "export", kind]
            if kind in ("obligors", "shipments"):
                command(h, what + " " + kind, words, stdout=f)
            else:
                subprocess.run([h.build / "creditalarm", "-c", h.conf, *words],
                               stdout=f, check=True)
        with open(f.name, "rb") as f:
            out[kind] = hashlib.file_digest(f, "sha256").hexdigest()
    return out


def changed(source, target, every, whole):
    """A copy with every n-th obligor renamed; all rows or only those."""
    with open(source, encoding="utf-8") as f, \
            open(target, "w", encoding="utf-8") as g:
        g.write(f.readline())
        for n, line in enumerate(f):
            if n % every == 0:
                line = re.sub(r'"(.*?)"', r'"New \1"', line, count=1)
            elif not whole:
                continue
            g.write(line)
    return target


def main():
    counts = sys.argv[1:] + ["1000000", "3000000", "1"][len(sys.argv) - 1:]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="calarm-book."))
    houses = []
    try:
        subprocess.run([BENCH / "bookgen", folder, *counts], check=True)
        files = [folder / (k + ".csv") for k in KINDS]
        # A child's largest resident set begins with ours: keep it small.
        rows = sum(sum(1 for _ in open(f, "rb")) - 1 for f in files)
        bare = subprocess.run([BENCH / "bookbare", folder / "bare.db", *files],
                              check=True, capture_output=True, text=True)
        least = sum(map(int, re.findall(r"(\d+)(?:,|$)", bare.stdout.split(
            "ms:")[1].strip()))) / 1000
        print("%-28s %7.1f s  %9s  %s" % ("bare load", least, "%d/s" % (
            rows / least), bare.stdout.strip()), flush=True)
        (folder / "bare.db").unlink()
        h = start(folder / "first")
        houses.append(h)
        seconds, _ = command(h, "import into nothing",
                             ["book", "import", *files], rows=rows)
        print("%-28s %7.2f of the bare load" % ("", seconds / least))
        if seconds > RATIO_MAX * least:
            failed.append("over %d times the bare load" % RATIO_MAX)
        index_built(h)
        exposures(h, folder)
        with open(files[3], encoding="utf-8") as f:
            asked(h, f.readlines(1 << 16)[7].split('"')[1])
        most = changed(files[3], folder / "most.csv", 1000, True)
        command(h, "replace, 99.9 % as it was",
                ["book", "import", "--replace", "obligors", most])
        few = changed(files[3], folder / "few.csv", 100, False)
        command(h, "update of 1 %", ["book", "import", few])
        first = export(h, "export")
        again = start(folder / "second")
        houses.append(again)
        command(again, "import of the export",
                ["book", "import"] + [h.folder / (k + ".csv") for k in KINDS],
                rows=rows)
        if export(again, "export again") != first:
            failed.append("the second export differs")
    finally:
        for h in houses:
            h.close()
        subprocess.run(["rm", "-rf", folder], check=False)
    for line in failed:
        print("FAILED " + line)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""Goal: an import that is killed leaves the book that was there.

Method: a daemon with a small book is told to import 60,000 rows by a client
of our own, which reads the frames of progress (control.c). core is killed with
SIGKILL whenever progress is told (as each phase begins, before each index) and
at random moments; each time the store must be whole, have the old book, and
be served again. Then the import is let through. A pipe is refused.
The same with all of the daemon killed, as a power cut or the service manager
would, beside a feed: afterwards a notice rings on the book that was there. With
super alone killed core may end what it does: the old book or the new, whole.
"""
import json
import os
import random
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import time

import flood
import house
from listen import Listener

OBLIGORS, SHIPMENTS, SEED = 20000, 40000, 7


def write_book(folder, exporter="E1"):
    """The old book and the new one, which overlap in nothing but E1."""
    old = folder / "old.csv"
    old.write_text("exporter_id,uscc,name\nE1,91440300MADEM0001U,One\n")
    obligors, shipments = folder / "obligors.csv", folder / "shipments.csv"
    with open(obligors, "w") as f:
        f.write("obligor_id,type,name,country\n")
        for i in range(OBLIGORS):
            f.write("OB-%06d,buyer,Firm %d GmbH,DE\n" % (i, i))
    with open(shipments, "w") as f:
        f.write("shipment_id,exporter_id,obligor_id,amount,currency,"
                "payment_term,status\n")
        for i in range(SHIPMENTS):
            f.write("SH-%06d,%s,OB-%06d,%d.50,USD,OA,shipped\n" % (
                i * 7919 % SHIPMENTS, exporter, i % OBLIGORS, i + 1))
    return old, [obligors, shipments]


def blob(b):
    return struct.pack(">I", len(b)) + b


def ask(h, files):
    """A request for an import on its way, with progress wanted."""
    body = b"\x02" + struct.pack(">H", 2) + blob(b"book") + blob(b"import")
    body += struct.pack(">H", len(files))
    body += b"".join(blob(str(f).encode()) for f in files)
    s = socket.socket(socket.AF_UNIX)
    s.connect(str(h.dir / "ctl"))
    fds = [os.open(f, os.O_RDONLY | os.O_NONBLOCK) for f in files]
    socket.send_fds(s, [struct.pack(">I", len(body))], fds)
    s.sendall(body)
    for fd in fds:
        os.close(fd)
    return s


def frames(s):
    """(stream, bytes) until the end; the exit status as (0, status)."""
    def exactly(n):
        got = b""
        while len(got) < n:
            more = s.recv(n - len(got))
            if not more:
                raise EOFError
            got += more
        return got
    try:
        while True:
            stream, n = struct.unpack(">BI", exactly(5))
            if stream == 0:
                yield 0, n
                return
            yield stream, exactly(n)
    except (EOFError, ConnectionError):
        return


def stats(h):
    return json.loads(h.run("book", "stats"))


def check_old(h, what):
    with sqlite3.connect("file:%s?mode=ro" % (h.dir / "state" / "store.db"),
                         uri=True) as db:
        found = db.execute("PRAGMA quick_check").fetchall()
    assert found == [("ok",)], (what, found)
    h.until(h.answers, 20, "the daemon to answer")
    book = stats(h)
    assert book["version"] == 1 and book["exporters"] == 1, (what, book)
    assert book["obligors"] == book["shipments"] == 0, (what, book)


def kill_core(h):
    core = h.children()["core"]
    os.kill(core, signal.SIGKILL)
    h.until(lambda: h.children().get("core", core) != core, 20,
            "core to be started anew")


def rest(h, kills):
    """super waits twice as long after each death: a new one waits little."""
    if kills % 5 == 0:
        h.stop()
        h.start()


def phases_of(h, files):
    """Kills at every place where progress is told; the places."""
    places = []
    while True:
        n = -1
        for n, (stream, body) in enumerate(frames(ask(h, files))):
            if stream == 3 and n == len(places):
                places.append(body[16:].decode())
                kill_core(h)
                break
        else:
            return places  # it went through: nothing is left to interrupt
        check_old(h, places)
        rest(h, len(places))


def fresh(h):
    """The daemon again, over an empty state with the old book."""
    h.stop()
    subprocess.run(["rm", "-rf", h.dir / "state"], check=True)
    h.start()
    h.run("book", "import", h.dir / "old.csv")


def random_moments(h, files, seconds):
    """How many of eight imports were killed before they were through."""
    killed = 0
    for i in range(8):
        s = ask(h, files)
        time.sleep(random.uniform(0, seconds))
        kill_core(h)
        s.close()
        h.until(h.answers, 20, "the daemon to answer")
        book = stats(h)
        if book["version"] == 2:  # too late: then it is whole
            assert book["shipments"] == SHIPMENTS, book
            fresh(h)
            continue
        check_old(h, "random %d" % i)
        killed += 1
        rest(h, killed)
    return killed


def killed_whole(h, files, phase, everything):
    """Kills the daemon as that phase is told; starts it again."""
    for stream, body in frames(ask(h, files)):
        if stream == 3 and body[16:] == phase.encode():
            break
    else:
        raise AssertionError("no phase " + phase)
    pids = [h.daemon.pid] + list(h.children().values()) * everything
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    h.daemon.wait()
    h.start(wait=False)
    h.until(h.answers, 30, "the daemon to answer")


def whole_daemon():
    """How many kills it took, each with the alert that came after it."""
    h = house.House({"bureau": ("/bureau", 1)}, as_of="2022-12-27T01:10:00Z")
    phases = ["obligors", "shipments", "shipments"]
    try:
        h.server.serve("/bureau", flood.document(1))
        flood.make_book(h.dir / "book", len(phases) + 1)
        _, files = write_book(h.dir, "EXP-1")
        h.start()
        h.book(h.dir / "book")
        before = stats(h)
        clerk = Listener(h, h.subscriber("EXP-1"))
        assert len(clerk.take(30, count=1)) == 1
        for n, phase in enumerate(phases, 2):
            everything = n <= len(phases)
            killed_whole(h, files, phase, everything)
            after = stats(h)
            if everything:
                assert after == before, (phase, after)
            else:
                assert after == before or \
                    after["shipments"] == before["shipments"] + SHIPMENTS
            h.server.serve("/bureau", flood.document(n))
            clerk.take(40, count=n)
            told = [e["data"]["alert_id"] for _, e in clerk.alerts]
            assert set(told) == {flood.alert_id("OB-%03d" % i)
                                 for i in range(n)}, (phase, told)
        clerk.take(2)
        assert len(clerk.alerts) == len(phases) + 1, clerk.alerts
        return len(phases)
    finally:
        h.close()


def main():
    random.seed(SEED)
    h = house.House({})
    try:
        old, files = write_book(h.dir)
        h.start()
        h.run("book", "import", old)
        places = phases_of(h, files)
        assert {"obligors", "shipments", "indices"} <= set(places), places
        book = stats(h)
        assert book["version"] == 2 and book["shipments"] == SHIPMENTS, book
        fresh(h)
        begin = time.monotonic()
        assert list(frames(ask(h, files)))[-1] == (0, 0)
        seconds = time.monotonic() - begin
        fresh(h)
        killed = random_moments(h, files, seconds)
        assert killed > 0
        fresh(h)
        pipe = h.dir / "pipe"
        os.mkfifo(pipe)
        told = list(frames(ask(h, [pipe])))
        assert told[-1] == (0, 2) and b"regular" in told[0][1], told
        check_old(h, "a pipe")
        print("ok killed at %s and %d random moments, as a whole %d times" % (
            ",".join(places), killed, whole_daemon()))
    finally:
        h.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

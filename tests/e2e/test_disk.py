"""The disk fills, files may not grow, fsync fails: the whole daemon.

It stops telling, keeps beating, says why wherever one looks, and recovers by
itself; then everything owed arrives, in order, once.  The state directory is
a small file system in a mount namespace of the test's own.
"""
import http.client
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import flood  # noqa: E402
from house import Checks, House, free_port, own_mounts  # noqa: E402
from listen import Listener  # noqa: E402

c = Checks("disk")
own_mounts(c, __file__)

SIZE = 6 << 20
EACH = 4
h = House({"bureau": ("/bureau", 1)}, as_of="2022-12-27T01:10:00Z")
state = h.dir / "state"
port = free_port()
told = []  # lines sent to the service manager
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)


def ready():
    k = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        k.request("GET", "/readyz")
        r = k.getresponse()
        return r.status, r.read().decode()
    except OSError as e:
        return 0, str(e)
    finally:
        k.close()


def metric(name):
    k = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        k.request("GET", "/metrics")
        for line in k.getresponse().read().decode().split("\n"):
            if line.startswith(name + " "):
                return float(line.split()[1])
    finally:
        k.close()
    return None


def status_line():
    """The last one that the service manager heard."""
    while True:
        try:
            told.extend(manager.recv(4096, socket.MSG_DONTWAIT).decode()
                        .split("\n"))
        except BlockingIOError:
            break
    lines = [t[7:] for t in told if t.startswith("STATUS=")]
    return lines[-1] if lines else None


def degraded():
    return h.say("status")[0]["reasons"][:1] == ["store"]


def well():
    return "store" not in h.say("status")[0]["reasons"]


def fill():
    """Takes every byte that is left."""
    with open(state / "ballast", "ab", buffering=0) as f:
        part = b"\0" * 65536
        while part:
            try:
                if f.write(part) < len(part):
                    part = part[:len(part) // 2]
            except OSError:
                part = part[:len(part) // 2]


class Trouble:
    """One way for the disk to fail, and to come back; what is said of it in
    a word, and to who gives a command."""

    def __init__(self, name, begin, end, word, text):
        self.name, self.begin, self.end = name, begin, end
        self.word, self.text = word, text


def commands_say(t):
    """Every command that writes says what is the matter and what to do."""
    key = h.run("key", "generate", "-o", h.dir / ("%s.key" % t.word)).strip()
    have = h.run("subscriber", "list").split()[0]
    commands = [["subscriber", "add", "--exporter", "EXP-1", "--key", key],
                ["subscriber", "revoke", have],
                ["book", "import", *sorted((h.dir / "book").iterdir())]]
    if t.word == "file limit":
        del commands[2:]  # it empties the log first, which makes room
    for words in commands:
        p = subprocess.run([h.build / "creditalarm", "-c", h.conf,
                            *map(str, words)], capture_output=True, text=True)
        c.check("%s: %s says so" % (t.name, " ".join(words[:2])),
                p.returncode == 1 and t.text in p.stderr and
                "nothing was changed" in p.stderr, (p.returncode, p.stderr))
    c.equal(t.name + ": the reasons of status", h.say("status")[0]["reasons"],
            ["store", t.word])


def forbid_growth():
    core = h.children()["core"]
    size = (state / "store.db-wal").stat().st_size
    resource.prlimit(core, resource.RLIMIT_FSIZE,
                     (size // 4096 * 4096, resource.RLIM_INFINITY))


def allow_growth():
    resource.prlimit(h.children()["core"], resource.RLIMIT_FSIZE,
                     (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


tracer = None


def fails(calls, error):
    """These calls of core fail so, until they heal."""
    def begin():
        global tracer
        core = h.children()["core"]
        tracer = subprocess.Popen(
            ["strace", "-f", "-qq", "-o", "/dev/null", "-e",
             "trace=" + calls, "-e", "inject=%s:error=%s" % (calls, error),
             "-p", str(core)])
        h.until(lambda: "TracerPid:\t0" not in pathlib.Path(
            "/proc/%d/status" % core).read_text(), 10, "the tracer")
    return begin


def heal():
    tracer.send_signal(signal.SIGINT)
    tracer.wait(10)


def listening(ready, seconds, what):
    """h.until, with the clerk's session kept alive meanwhile."""
    def look():
        clerk.take(0.2)
        return ready()
    h.until(look, seconds, what)


def drill(t, done):
    """EACH more alerts are owed while t lasts; `done` were told before."""
    core = h.children()["core"]
    clerk.other.clear()
    t.begin()
    h.server.serve("/bureau", flood.document(done + EACH))
    listening(degraded, 20, "degraded by " + t.name)
    c.check(t.name + ": status says the store", True)
    listening(lambda: ready() == (503, "the store fails\n"), 15, "readyz")
    c.check(t.name + ": not ready, and why", True)
    c.equal(t.name + ": the metric", metric("creditalarm_degraded"), 1)
    listening(lambda: status_line() == "degraded: the store fails", 10,
              "the status line")
    c.check(t.name + ": the service manager is told", True)
    commands_say(t)
    heard = clerk.beats
    clerk.take(4)
    c.equal(t.name + ": nothing is told", len(clerk.alerts), done)
    c.check(t.name + ": but it keeps beating", clerk.beats >= heard + 2,
            clerk.beats - heard)
    codes = [e.code for e in clerk.other if e.kind == "error"]
    if 4002 not in codes:  # on a machine that stood still the session ends
        c.equal(t.name + ": 5004, once a session", codes,
                [5004] if not clerk.knows else [])
    clerk.knows = 4002 not in codes or codes[-1] == 5004
    t.end()
    clerk.take(40, count=done + EACH)
    clerk.take(2)
    c.equal(t.name + ": then all that is owed, in order, once",
            [k["seq"] for k, _ in clerk.alerts],
            list(range(1, done + EACH + 1)))
    c.equal(t.name + ": and it is what was owed",
            {e["data"]["alert_id"] for _, e in clerk.alerts},
            {flood.alert_id("OB-%03d" % i) for i in range(done + EACH)})
    listening(well, 15, "well again")
    listening(lambda: ready()[0] == 200, 15, "ready again")
    listening(lambda: status_line() == "configuration generation 0", 10,
              "the status line")
    c.check(t.name + ": status, readiness and the service manager say so",
            metric("creditalarm_degraded") == 0)
    c.equal(t.name + ": by itself, without a restart",
            h.children()["core"], core)
    return done + EACH


class Beating(Listener):
    beats = 0
    knows = False  # it was told 5004 in this session

    def _handle(self, frames):
        self.beats += bytes(frames[0])[:1] == b"T"
        super()._handle(frames)


try:
    state.mkdir(mode=0o700)
    p = subprocess.run(["mount", "-t", "tmpfs", "-o",
                        "size=%d,mode=0700" % SIZE, "none", state],
                       capture_output=True, text=True)
    if p.returncode != 0:
        c.skip("the disk", "no mount here: " + p.stderr.strip())
        sys.exit(0)
    manager.bind(str(h.dir / "notify"))
    os.environ["NOTIFY_SOCKET"] = str(h.dir / "notify")
    h.write_conf("web:\n  endpoint: 127.0.0.1:%d\n" % port)
    flood.make_book(h.dir / "book", 40)
    h.server.serve("/bureau", flood.document(EACH))
    h.start()
    h.book(h.dir / "book")
    clerk = Beating(h, h.subscriber("EXP-1"))
    clerk.take(30, count=EACH)
    done = len(clerk.alerts)
    c.equal("alerts before", done, EACH)
    used = h.say("status")[0]["store"]
    c.check("status tells the store's size and the room that is left",
            0 < used["bytes"] < SIZE and 0 < used["free_bytes"] < SIZE, used)
    roles = {r["name"]: r["pid"] for r in h.say("status")[0]["roles"]}
    c.equal("status tells the roles", roles, h.children())
    done = drill(Trouble("disk full", fill,
                         lambda: (state / "ballast").unlink(), "disk full",
                         "the disk is full"), done)
    done = drill(Trouble("file limit", forbid_growth, allow_growth,
                         "file limit", "a file may not grow"), done)
    if shutil.which("strace") is None:
        c.skip("fsync fails, read-only", "no strace here")
    else:
        done = drill(Trouble("fsync fails", fails("fsync,fdatasync", "EIO"),
                             heal, "disk error", "the disk fails"), done)
        done = drill(Trouble("read-only", fails("pwrite64", "EROFS"), heal,
                             "read-only", "the disk is read-only"), done)
    os.kill(h.children()["parse"], signal.SIGKILL)
    h.until(lambda: {r["name"]: r["restarts"] for r in
                     h.say("status")[0]["roles"]}.get("parse") == 1, 10,
            "the restart in status")
    c.check("status counts restarts", True)
    c.equal("the daemon stops with 0", h.stop(), 0)
    # A full disk at the start: it waits, and starts when there is room.
    fill()
    h.start(wait=False)
    time.sleep(3)
    c.equal("a full disk is no reason to leave", h.daemon.poll(), None)
    c.equal("but nobody answers", h.answers(), False)
    (state / "ballast").unlink()
    h.until(h.answers, 40, "an answer once there is room")
    c.check("it starts when there is room", True)
    c.equal("and stops with 0", h.stop(), 0)
    subprocess.run(["mount", "-o", "remount,ro", state], check=True)
    h.start(wait=False)
    time.sleep(3)
    c.equal("nor is one that cannot be written", h.daemon.poll(), None)
    subprocess.run(["mount", "-o", "remount,rw", state], check=True)
    h.until(h.answers, 40, "an answer once it can")
    c.equal("and stops with 0 again", h.stop(), 0)
finally:
    if tracer is not None and tracer.poll() is None:
        tracer.kill()
    h.stop()
    subprocess.run(["umount", state], capture_output=True)
    h.close()
sys.exit(1 if c.failed else 0)

"""Processes: what roles hold open, what happens when one dies."""
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from house import Checks, House, ROOT  # noqa: E402

c = Checks("roles")
h = House({"bureau": ("/bureau", 1)}, as_of="2022-12-27T01:10:00Z")
DEMO = ROOT / "tests/demo"


def holds(pid):
    """What a process has open: kinds, and paths of real files."""
    out = []
    folder = pathlib.Path("/proc/%d/fd" % pid)
    for fd in folder.iterdir():
        try:
            out.append(os.readlink(fd))
        except OSError:
            pass
    return out


try:
    h.server.serve("/bureau", (DEMO / "feeds/bureau-1.ndjson").read_bytes())
    h.start()
    h.book(DEMO / "book")
    h.until(lambda: h.say("alert", "list"), 20, "an alert")
    roles = h.children()
    roles.pop("index", None)  # comes and goes
    c.equal("four roles", sorted(roles), ["core", "fetch", "parse", "publish"])
    for role in ("parse", "publish"):
        files = [p for p in holds(roles[role]) if p.startswith("/") and
                 not p.startswith("/dev/") and not p.startswith("/memfd:") and
                 not p.endswith("daemon.log")]
        c.equal("%s holds no file" % role, files, [])
    c.check("only core holds the store",
            [r for r in roles if any("store.db" in p for p in
                                     holds(roles[r]))] == ["core"])
    sockets = [r for r in roles if any(p.endswith("server.key") for p in
                                       holds(roles[r]))]
    c.equal("nobody holds the key file open", sockets, [])
    for role in ("fetch", "parse", "publish", "core"):
        before = h.children()[role]
        os.kill(before, signal.SIGKILL)
        h.until(lambda: h.children().get(role, before) != before, 10,
                role + " to come back")
        h.until(h.answers, 10, "the daemon to answer")
        c.check("%s comes back after kill -9" % role, True)
    count = h.server.count("/bureau")
    h.until(lambda: h.server.count("/bureau") > count + 1, 20, "polls")
    c.equal("one alert, told once, after all that",
            [(a["revision"], a["state"]) for a in h.say("alert", "list")],
            [(1, "OPEN")])
    pid = h.daemon.pid
    children = h.children()
    os.kill(pid, signal.SIGKILL)
    h.daemon.wait()
    h.until(lambda: not any(pathlib.Path("/proc/%d" % p).exists() and
                            "Z" not in pathlib.Path("/proc/%d/stat" % p)
                            .read_text().split(")")[1][:3]
                            for p in children.values()), 10,
            "orphans to leave")
    c.check("roles leave when super is killed", True)
    h.start()
    c.equal("after a restart the alert stands",
            [(a["revision"], a["state"]) for a in h.say("alert", "list")],
            [(1, "OPEN")])
    c.equal("stop ends with 0", h.stop(), 0)
finally:
    h.close()
sys.exit(1 if c.failed else 0)

"""The sandbox: in force on every thread while real work is done, and real.

First the daemon serves a CURVE session and polls over TLS; meanwhile the
kernel is asked, thread by thread, what binds it.  Then a small program goes
through the same doors as a role and tries what a role may not, from its main
and from a helper thread.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from house import Checks, House, ROOT, free_port  # noqa: E402
from listen import Listener  # noqa: E402

c = Checks("sandbox")
DEMO = ROOT / "tests/demo"
ROLES = ("core", "fetch", "parse", "publish", "web")
TRIED = ROLES + ("index",)  # which is seldom there to be looked at

TRY = ROOT / "build/gcc-dev/sandbox_try"
subprocess.run(["make", "-s", "-C", ROOT, "CC=gcc", "MODE=dev",
                TRY.relative_to(ROOT)], check=True,
               stdout=subprocess.DEVNULL)
state = ROOT / "build" / ("calarm.state.%d" % os.getpid())
state.mkdir(mode=0o700)
(state / "inside").write_text("x")
watched = state.with_name("calarm.watched.%d" % os.getpid())
(watched / "work").mkdir(parents=True)
(watched / "in").write_text("x")
tried = subprocess.run([TRY, state, watched], capture_output=True, text=True,
                       timeout=60)
said = {}
abi = 0
for line in tried.stdout.splitlines():
    words = line.split()
    if words[0] == "landlock_abi":
        abi = int(words[1])
    elif len(words) == 4:
        said[tuple(words[:3])] = words[3]
print("landlock ABI of this kernel: %d (at most 2 is used)" % abi)
if abi == 0:
    c.skip("the sandbox", "this kernel has no Landlock; tests run with "
           "best_effort here")


def threads(pid):
    """(name, Seccomp, NoNewPrivs) of every thread."""
    out = []
    for task in pathlib.Path("/proc/%d/task" % pid).iterdir():
        text = (task / "status").read_text()
        out.append(tuple(re.search(r"(?m)^%s:\s*(\S+)" % key, text).group(1)
                         for key in ("Name", "Seccomp", "NoNewPrivs")))
    return sorted(out)


h = House({"bureau": ("/bureau", 1)}, as_of="2022-12-27T01:10:00Z")
try:
    h.write_conf("web:\n  endpoint: 127.0.0.1:%d\n" % free_port() +
                 ("sandbox: best_effort\n" if abi == 0 else ""))
    h.server.serve("/bureau", (DEMO / "feeds/bureau-1.ndjson").read_bytes())
    h.start()
    h.book(DEMO / "book")
    clerk = Listener(h, h.subscriber("EXP-SZ-0001"))
    clerk.take(20, count=1)
    c.equal("a locked-in daemon rings over CURVE", len(clerk.alerts), 1)
    c.check("with required as the default", "mode=required" in
            h.log.read_text() or abi == 0, h.log.read_text()[:500])

    # A TLS poll in hand: the server answers when the threads were read.
    seen = {}

    def slowly(handler):
        body = b"\n"
        h.server.serve("/bureau", body)
        for role, pid in h.children().items():
            seen[role] = threads(pid)
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    h.server.serve("/bureau", slowly)
    h.until(lambda: len(seen) >= 5, 20, "a poll")
    total = 0
    for role in ROLES:
        total += len(seen[role])
        print("%s: %s" % (role, " ".join(n for n, _, _ in seen[role])))
        c.check("%s: Seccomp 2, NoNewPrivs 1 on each of %d threads" % (
            role, len(seen[role])), seen[role] and all(
                s == "2" and n == "1" for _, s, n in seen[role]), seen[role])
    c.check("publish has libzmq's threads among them",
            len(seen["publish"]) >= 3, seen["publish"])
    print("threads in all: %d" % total)
    c.check("super is filtered too", all(
        s == "2" and n == "1" for _, s, n in threads(h.daemon.pid)))
    c.check("no lock failed to close", "sandbox.open" not in
            h.log.read_text() or abi == 0, h.log.read_text()[-800:])
    for role, pid in h.children().items():
        text = pathlib.Path("/proc/%d/limits" % pid).read_text()
        c.check("%s leaves no core file" % role, re.search(
            r"Max core file size\s+0\s+0", text), text)
        c.equal("%s belongs to root in /proc: not dumpable" % role,
                os.stat("/proc/%d/mem" % pid).st_uid, 0)
    clerk.take(3)
    clerk.bye()
    clerk.close()
    c.equal("stop ends with 0", h.stop(), 0)
finally:
    h.close()

# What must fail, by role; everything else below is for all four.
ALL = {"read-passwd": "EPERM EACCES", "create": "EPERM EACCES",
       "connect-unix": "EPERM", "kill": "EPERM", "kill-all": "EPERM",
       "tgkill": "EPERM", "sigqueue": "EPERM", "sigio": "EPERM",
       "ptrace": "EPERM", "pidfd_open": "EPERM", "pidfd_getfd": "EPERM",
       "fork": "EPERM", "clone3": "ENOSYS", "execve": "EPERM",
       "io_uring": "EPERM", "exec-memory": "EPERM"}
SOME = {("fetch", "read-resolv"): "done",
        ("fetch", "read-state"): "EACCES", ("fetch", "write-state"): "EPERM",
        ("fetch", "connect-inet"): "ECONNREFUSED",
        ("core", "read-resolv"): "EACCES", ("core", "read-state"): "done",
        ("core", "write-state"): "done", ("core", "connect-inet"): "EPERM",
        ("core", "list-watched"): "done", ("core", "take-watched"): "done",
        ("core", "steal-watched"): "EXDEV",
        ("core", "folder-watched"): "EPERM"}
for role in ("parse", "publish", "web", "index"):
    for what in ("read-resolv", "read-state", "write-state", "connect-inet",
                 "list-watched"):
        SOME[(role, what)] = "EPERM"
for role in ("fetch", "parse", "publish", "web", "index"):
    for what in ("take-watched", "steal-watched", "folder-watched"):
        SOME[(role, what)] = "EPERM"
SOME[("fetch", "list-watched")] = "EACCES"
if abi == 0:
    sys.exit(1 if c.failed else 0)
c.equal("every role went through its doors", tried.returncode, 0)
for thread in ("main", "helper"):
    for role in TRIED:
        for what, want in ALL.items():
            # Landlock binds threads started after it, the filter all.  Core
            # opens files and starts no thread: its helper here is not real.
            if (role, thread) == ("core", "helper") and want != "EPERM" and \
                    want != "ENOSYS":
                continue
            got = said.get((role, thread, what))
            c.check("%s, %s thread: %s is %s" % (role, thread, what, want),
                    got in want.split(), "got %s" % got)
    for (role, what), want in SOME.items():
        if (role, thread) == ("core", "helper") and (
                want == "EACCES" or what.endswith("-watched")):
            continue
        c.equal("%s, %s thread: %s" % (role, thread, what),
                said.get((role, thread, what)), want)
shutil.rmtree(state)
shutil.rmtree(watched)
sys.exit(1 if c.failed else 0)

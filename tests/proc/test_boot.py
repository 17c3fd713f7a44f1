"""The installed service under a real systemd, in a container.

A Debian 12 root (made by mmdebstrap once, kept in build/) gets `make install`
and boots with systemd as process 1; the network is the test's own, so the
feed server and the subscriber stay outside.  What is asserted is what an
operator sees: systemctl, the journal, alerts.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from house import Checks, FeedServer, House, ROOT, free_port  # noqa: E402
from listen import Listener  # noqa: E402

c = Checks("boot")
PACKAGES = ("systemd,systemd-sysv,dbus,libzmq5,libsodium23,libxml2,libcurl4,"
            "libsqlite3-0,libjq1,libjansson4,libyaml-0-2,libicu72,libxxhash0,"
            "libseccomp2,libsystemd0,libcsv3,libmicrohttpd12,ca-certificates")
TAR = ROOT / ("build/bookworm.%08x.tar" % zlib.crc32(PACKAGES.encode()))
# nspawn's own filter does not know Landlock's calls yet.
LANDLOCK = ("landlock_create_ruleset landlock_add_rule "
            "landlock_restrict_self")
DEMO = ROOT / "tests/demo"


def leave(why):
    c.skip("the service under systemd", why)
    sys.exit(0)


if os.geteuid() != 0:
    leave("not root")
for tool in ("systemd-nspawn", "nsenter", "mmdebstrap"):
    if shutil.which(tool) is None:
        leave("no %s on this machine" % tool)
if not TAR.exists():
    part = TAR.with_suffix(".part.tar")
    p = subprocess.run(["mmdebstrap", "--variant=apt",
                        "--include=" + PACKAGES, "bookworm", part],
                       capture_output=True, text=True)
    if p.returncode != 0:
        leave("mmdebstrap made no root: " + p.stderr.strip()[-200:])
    part.rename(TAR)


class Container:
    def __init__(self, root):
        self.root = root
        self.log = open(root.parent / "console", "wb")
        self.process = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit",
             "--system-call-filter=" + LANDLOCK, "-M",
             "calarm-%d" % os.getpid(), "-D", root, "-b",
             "--console=pipe"], stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log)
        self.leader = None

    def up(self):
        task = pathlib.Path("/proc/%d/task/%d/children" % (
            self.process.pid, self.process.pid))
        if self.process.poll() is not None:
            return True
        pids = task.read_text().split()
        if not pids:
            return False
        self.leader = pids[0]
        return self.run("systemctl", "is-system-running")[1].strip() in (
            "running", "degraded")

    def run(self, *words):
        p = subprocess.run(["nsenter", "-t", self.leader, "-m", "-u", "-i",
                            "-n", "-p", "--", *map(str, words)],
                           capture_output=True, text=True)
        return p.returncode, p.stdout, p.stderr

    def show(self, what):
        return self.run("systemctl", "show", "-P", what,
                        "creditalarmd")[1].strip()

    def roles(self):
        """{role: pid outside} of the service's processes."""
        out = {}
        group = "/system.slice/creditalarmd.service"
        for folder in pathlib.Path("/proc").iterdir():
            try:
                if not folder.name.isdigit() or not (
                        folder / "cgroup").read_text().strip().endswith(
                        group):
                    continue
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"-r" in words:
                role = words[words.index(b"-r") + 1].decode()
                out[role] = int(folder.name)
            elif words[0].endswith(b"creditalarmd"):
                out["super"] = int(folder.name)
        return out

    def close(self):
        if self.process.poll() is None and self.leader:
            self.run("systemctl", "poweroff")
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def until(what, seconds, name):
    return House.until(what, seconds, name)


def page(section):
    """The commands of docs/DEPLOY.md under that heading, as written."""
    text = (ROOT / "docs/DEPLOY.md").read_text()
    text = text.split("\n## %s\n" % section)[1].split("\n## ")[0]
    return re.search(r"(?ms)^```\n(.*?)^```", text).group(1)


def as_written(section):
    code, out, err = box.run("sh", "-exc", page(section))
    c.check("docs/DEPLOY.md, %s, as written" % section, code == 0, err[-800:])
    return out


def timed(name, what, most):
    began = time.monotonic()
    until(what, most, name)
    took = time.monotonic() - began
    print("%s: %.2f s" % (name, took))
    return took


folder = pathlib.Path(tempfile.mkdtemp(prefix="calarm.", dir="/var/tmp"))
root = folder / "root"
root.mkdir()
server = FeedServer(folder)
box = None
try:
    subprocess.run(["tar", "-C", root, "-xf", TAR], check=True)
    subprocess.run(["make", "-s", "-C", ROOT, "install",
                    "DESTDIR=%s" % root], check=True,
                   stdout=subprocess.DEVNULL)
    etc = root / "etc/creditalarm"
    port = free_port()
    endpoint = "tcp://127.0.0.1:%d" % port
    for f in (etc / "feeds.d").iterdir():
        if f.is_file():
            f.unlink()
    shutil.copy(server.ca, etc / "ca.crt")
    conf = etc / "creditalarm.yaml"
    web = free_port()
    conf.write_text(conf.read_text().replace(
        "tcp://127.0.0.1:9631", endpoint).replace(
        "127.0.0.1:9630", "127.0.0.1:%d" % web))

    def feed(name, path):
        text = (ROOT / "etc/feeds.d" / (name + ".yaml")).read_text()
        text = re.sub(r"(?m)^urls:.*(\n[ \t]+-.*)*$",
                      'urls: ["https://localhost:%d%s"]' % (server.port,
                                                            path), text)
        text = re.sub(r"(?m)^(interval|min_gap|enabled|ca_file|"
                      r"allow_private|user_agent):.*\n", "", text)
        (etc / "feeds.d" / (name + ".yaml")).write_text(
            text + "interval: 1s\nenabled: yes\nallow_private: yes\n"
            "ca_file: /etc/creditalarm/ca.crt\n")
        shutil.copy(ROOT / "etc/feeds.d" / (name + ".jq"), etc / "feeds.d")

    feed("bureau", "/bureau")
    tool = ROOT / "build/creditalarm"
    key = etc / "server.key"
    subprocess.run([tool, "key", "generate", "--server", "-o", key],
                   check=True, stdout=subprocess.DEVNULL)
    casrv = subprocess.run([tool, "key", "server", "--key", key],
                           check=True, capture_output=True,
                           text=True).stdout.strip()
    clerk_key = folder / "clerk.key"
    line = subprocess.run([tool, "key", "generate", "-o", clerk_key],
                          check=True, capture_output=True,
                          text=True).stdout.strip()
    shutil.copytree(DEMO / "book", root / "root/book")
    # The demo's notices are of 2022; the watchdog is shorter to save time.
    drop = root / "etc/systemd/system/creditalarmd.service.d"
    drop.mkdir(parents=True)
    (drop / "test.conf").write_text(
        "[Service]\nWatchdogSec=3s\nExecStart=\n"
        "ExecStart=/usr/local/sbin/creditalarmd -c "
        "/etc/creditalarm/creditalarm.yaml -k %d/server.key --as-of 2022-12-27T01:10:00Z\n")
    server.serve("/bureau", (DEMO / "feeds/bureau-1.ndjson").read_bytes())
    server.serve("/gleif", (DEMO / "feeds/gleif.xml").read_bytes())

    box = Container(root)
    try:
        until(box.up, 40, "the container")
    except RuntimeError:
        box.leader = None
    if box.leader is None or box.process.poll() is not None:
        said = (folder / "console").read_text(errors="replace")
        box.process.kill()
        leave("no container boots here: " + said.strip()[-200:])

    began = time.monotonic()
    code, _, err = box.run("systemctl", "start", "creditalarmd")
    print("start to READY: %.2f s" % (time.monotonic() - began))
    c.check("systemctl start returns when it is READY", code == 0, err)
    roles = box.roles()
    c.equal("super and five roles", sorted(roles),
            ["core", "fetch", "parse", "publish", "super", "web"])
    for role, pid in roles.items():
        text = pathlib.Path("/proc/%d/status" % pid).read_text()
        get = dict(re.findall(r"(?m)^(\w+):\s*(.*)$", text))
        c.check("%s: not root, no capability, filtered" % role,
                get["Uid"].split()[0] != "0" and
                int(get["CapEff"], 16) == 0 and int(get["CapBnd"], 16) == 0
                and get["NoNewPrivs"] == "1" and get["Seccomp"] == "2", get)
    code, out, err = box.run("sh", "-c", "creditalarm book import "
                             "/root/book/*.csv && creditalarm subscriber "
                             "add --exporter EXP-SZ-0001 --key " + line)
    c.check("the operator's command reaches it", code == 0, out + err)

    class There:
        pass

    There.endpoint, There.casrv = endpoint, casrv
    clerk = Listener(There, clerk_key)
    clerk.take(20, count=1)
    c.equal("one alert to a CURVE client", len(clerk.alerts), 1)


    def ready():
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d/readyz" %
                                        web) as r:
                return r.status == 200
        except OSError:  # with HTTPError: 503 until core has told it
            return False

    c.check("/readyz says so", until(ready, 10, "readyz"))
    feed("gleif", "/gleif")
    code, _, err = box.run("systemctl", "reload", "creditalarmd")
    c.check("reload", code == 0, err)
    until(lambda: server.count("/gleif") > 0, 15, "a poll of the new feed")
    c.check("the new feed is polled", True)
    good = (etc / "feeds.d/bureau.yaml").read_text()
    (etc / "feeds.d/bureau.yaml").write_text(good + "colour: red\n")
    code, _, err = box.run("systemctl", "reload", "creditalarmd")
    c.check("a bad reload fails", code != 0)
    journal = box.run("journalctl", "-u", "creditalarmd", "-o", "cat")[1]
    c.check("and the journal says why", "colour" in journal, journal[-500:])
    polls = server.count("/bureau")
    until(lambda: server.count("/bureau") > polls + 1, 10, "polls")
    c.equal("it keeps serving", box.show("ActiveState"), "active")
    (etc / "feeds.d/bureau.yaml").write_text(good)

    for role in ("fetch", "parse", "core", "publish", "web"):
        pid = box.roles()[role]
        os.kill(pid, signal.SIGKILL)
        timed("kill -9 of %s to its successor" % role,
              lambda: box.roles().get(role, pid) != pid, 10)
        until(lambda: box.run("creditalarm", "status")[0] == 0, 10, "status")
    c.equal("the service itself never restarted", box.show("NRestarts"), "0")
    os.kill(box.roles()["super"], signal.SIGKILL)
    took = timed("kill -9 of the daemon to READY", lambda: box.show(
        "NRestarts") == "1" and box.show("ActiveState") == "active", 10)
    c.check("systemd brings the daemon back", took < 5, took)
    until(lambda: box.run("creditalarm", "status")[0] == 0, 10, "status")
    os.kill(box.roles()["super"], signal.SIGSTOP)
    took = timed("a hung daemon to READY (WatchdogSec=3s)", lambda: box.show(
        "NRestarts") == "2" and box.show("ActiveState") == "active", 30)
    c.check("the watchdog catches a hang", took < 20, took)
    until(lambda: box.run("creditalarm", "status")[0] == 0, 10, "status")
    server.serve("/bureau", (DEMO / "feeds/bureau-2.ndjson").read_bytes())
    clerk.take(20, count=2)
    c.equal("the same session hears the next alert after all that",
            [h["seq"] for h, _ in clerk.alerts], [1, 2])

    # What the page says, as it says it.
    out = as_written("Backup")
    c.check("backup tells the head of the stream", "EXP-SZ-0001" in out and
            "head 2" in out, out)
    box.run("sh", "-c", "systemctl stop creditalarmd; "
            "rm -r /var/lib/creditalarm/*; systemctl start creditalarmd")
    as_written("Restore")
    owner = box.run("sh", "-c", "find /var/lib/creditalarm/ ! -user "
                    "creditalarm -o -perm /077")[1]
    c.equal("everything in the folder is the service's alone", owner, "")
    until(lambda: box.run("creditalarm", "status")[0] == 0, 10, "status")
    clerk.other.clear()
    until(lambda: clerk.take(1) is not None and any(
        e.kind == "gone" for e in clerk.other), 30, "GONE")
    c.equal("the subscriber is told of the new epoch", clerk.epoch, 2)
    clerk.snap()
    clerk.take(3)
    out = as_written("Upgrade")
    c.check("upgraded to the same version: well", ": ok" in out, out)
    as_written("Keys")
    until(lambda: box.run("creditalarm", "status")[0] == 0, 10, "status")
    line = subprocess.run([tool, "key", "server", "--key", key], check=True,
                          capture_output=True, text=True).stdout.strip()
    c.check("a new line for subscribers", line != casrv and
            line.startswith("casrv1."), line)
    clerk.close()
    There.casrv = line
    clerk = Listener(There, clerk_key)
    until(lambda: clerk.take(0.5) is not None and clerk.epoch == 2, 20,
          "a session with the new keys")
    c.check("the subscriber comes back with it", True)
    clerk.bye()
    clerk.close()

    # A configuration that no role can use: no restart loop.
    box.run("systemctl", "stop", "creditalarmd")
    c.equal("stop is clean", (box.show("Result"), box.show("ActiveState")),
            ("success", "inactive"))
    conf.write_text(conf.read_text() + "colour: red\n")
    code, _, _ = box.run("systemctl", "start", "creditalarmd")
    time.sleep(1)
    c.equal("a bad configuration fails once and stays down",
            (code != 0, box.show("ActiveState"), box.show("ExecMainStatus")),
            (True, "failed", "78"))
    box.run("journalctl", "--flush")
finally:
    if box is not None:
        box.close()
    server.close()
    shutil.rmtree(folder, ignore_errors=True)
sys.exit(1 if c.failed else 0)

"""house - a whole credit alarm for one test or one demo, on the loopback.

Makes a scratch directory with a certificate, keys, configuration and feed
definitions (copies of etc/feeds.d with the address of a local HTTPS server),
starts the server and the daemon, and runs the operator's command.  Everything
ends with close(): the daemon is stopped by its process id.
"""
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SANITIZER = re.compile(r"(?m)^==\d+==ERROR: |: runtime error: ")


class FeedServer:
    """HTTPS on a free port of the loopback; bodies are set by the test."""

    def __init__(self, folder):
        self.bodies = {}      # path -> bytes, or a callable(handler)
        self.requests = []    # (path, headers, status)
        self.lock = threading.Lock()
        cert, key = folder / "tls.crt", folder / "tls.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "36500",
             "-keyout", key, "-out", cert, "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            check=True, capture_output=True)
        self.ca = cert
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_GET(self):
                with outer.lock:
                    body = outer.bodies.get(self.path) or \
                        outer.bodies.get(self.path.partition("?")[0])
                if callable(body):
                    body(self)
                    return
                status = 404 if body is None else 200
                body = body or b"not here"
                tag = '"%08x"' % (hash(body) & 0xFFFFFFFF)
                if status == 200 and self.headers.get("If-None-Match") == tag:
                    status, body = 304, b""
                with outer.lock:
                    outer.requests.append((self.path, dict(self.headers),
                                           status))
                self.send_response(status)
                self.send_header("ETag", tag)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self.httpd.socket = context.wrap_socket(self.httpd.socket,
                                                server_side=True)
        self.port = self.httpd.server_address[1]
        threading.Thread(target=self.httpd.serve_forever, daemon=True).start()

    def serve(self, path, body):
        with self.lock:
            self.bodies[path] = body

    def count(self, path):
        with self.lock:
            return sum(1 for p, _, _ in self.requests if p == path)

    def close(self):
        self.httpd.shutdown()
        self.httpd.server_close()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def own_mounts(checks, script):
    """Goes on with a script in a mount namespace of its own, or skips it."""
    if "CALARM_OWN_MOUNTS" in os.environ:
        return
    words = ["unshare", "-m", "--propagation", "private"]
    p = subprocess.run([*words, "true"], capture_output=True, text=True)
    if p.returncode != 0:
        checks.skip("the disk", "no mount namespace: " + p.stderr.strip())
        sys.exit(0)
    os.environ["CALARM_OWN_MOUNTS"] = "1"
    os.execvp("unshare", [*words, sys.executable, script])


class House:
    """feeds: {name: (path or paths on the server, seconds between polls)}"""

    def __init__(self, feeds, as_of=None, build=None, keep=False,
                 extra_feeds=None):
        self.build = pathlib.Path(build or os.environ.get("BUILD")
                                  or ROOT / "build")
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="calarm."))
        self.keep = keep
        self.as_of = as_of
        self.daemon = None
        self.server = FeedServer(self.dir)
        self.port = free_port()
        self.endpoint = "tcp://127.0.0.1:%d" % self.port
        self.conf = self.dir / "creditalarm.yaml"
        self.log = self.dir / "daemon.log"
        shutil.copytree(ROOT / "etc", self.dir / "etc",
                        ignore=shutil.ignore_patterns("feeds.d"))
        (self.dir / "etc" / "feeds.d").mkdir()
        for name, (path, seconds) in feeds.items():
            self.add_feed(name, path, seconds, ROOT / "etc" / "feeds.d")
        self.key = self.dir / "server.key"
        self.run("key", "generate", "--server", "-o", self.key)
        self.casrv = self.run("key", "server", "--key", self.key).strip()
        self.write_conf()

    def add_feed(self, name, path, seconds, source):
        """Copies a definition, changing only where and how often."""
        text = (source / (name + ".yaml")).read_text()
        paths = [path] if isinstance(path, str) else path
        urls = ", ".join('"https://localhost:%d%s"' % (self.server.port, p)
                         for p in paths)
        text = re.sub(r"(?m)^urls:.*(\n[ \t]+-.*)*$", "urls: [%s]" % urls,
                      text)
        text = re.sub(r"(?m)^stream:.*", "stream: " + urls, text)
        text = re.sub(r"(?m)^(interval|min_gap|enabled|ca_file|allow_private|"
                      r"user_agent):.*\n", "", text)
        text += ("interval: %ds\nenabled: yes\nallow_private: yes\n"
                 "ca_file: %s\n" % (seconds, self.server.ca))
        target = self.dir / "etc" / "feeds.d"
        (target / (name + ".yaml")).write_text(text)
        shutil.copy(source / (name + ".jq"), target)

    def add_drop(self, name, seconds, **keys):
        """As add_feed, for a feed of mode drop; its directory."""
        source = ROOT / "etc" / "feeds.d"
        folder = self.dir / "drop" / name
        keys.update(interval="%ds" % seconds, enabled="yes", directory=folder)
        text = re.sub(r"(?m)^(%s):.*\n" % "|".join(keys), "",
                      (source / (name + ".yaml")).read_text())
        text += "".join("%s: %s\n" % pair for pair in keys.items())
        (self.dir / "etc" / "feeds.d" / (name + ".yaml")).write_text(text)
        for program in re.findall(r"(?m)^map: (.*)$", text):
            shutil.copy(source / program, self.dir / "etc" / "feeds.d")
        folder.mkdir(parents=True)
        return folder

    def write_conf(self, extra=""):
        self.conf.write_text(
            "instance: demo\n"
            "state_dir: %s\ntables_dir: %s\nfeeds_dir: %s\n"
            "control_socket: %s\n"
            "push:\n  endpoint: %s\n  key_file: %s\n  heartbeat: 1s\n"
            "contact:\n  claims_tel: \"83165355\"\n%s" %
            (self.dir / "state", self.dir / "etc",
             self.dir / "etc" / "feeds.d", self.dir / "ctl",
             self.endpoint, self.key, extra))

    def run(self, *words, ok=(0,), stdin=None):
        """The operator's command; its stdout."""
        p = subprocess.run([self.build / "creditalarm", "-c", self.conf,
                            *map(str, words)], input=stdin,
                           capture_output=True, text=True, timeout=60)
        if p.returncode not in ok:
            raise RuntimeError("creditalarm %s: exit %d\n%s%s" % (
                " ".join(map(str, words)), p.returncode, p.stdout, p.stderr))
        return p.stdout

    def say(self, *words):
        """The operator's command with --json; the objects it printed."""
        return [json.loads(line) for line in
                self.run("--json", *words).splitlines()]

    def start(self, *words, wait=True):
        argv = [self.build / "creditalarmd", "-c", self.conf, *words]
        if self.as_of and "--as-of" not in words:
            argv += ["--as-of", self.as_of]
        self.daemon = subprocess.Popen(argv, stderr=open(self.log, "ab"))
        if wait:
            self.until(self.answers, 20, "the daemon to answer")

    def answers(self):
        if self.daemon.poll() is not None:
            raise RuntimeError("the daemon left with %d:\n%s" % (
                self.daemon.returncode, self.log.read_text()[-3000:]))
        p = subprocess.run([self.build / "creditalarm", "-c", self.conf,
                            "status"], capture_output=True)
        return p.returncode == 0

    @staticmethod
    def until(what, seconds, name):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = what()
            if value:
                return value
            time.sleep(0.05)
        raise RuntimeError("waited %s s for %s" % (seconds, name))

    def children(self, builders=False):
        """{role: pid} of the running roles; of one-shot ones on request."""
        out = {}
        task = pathlib.Path("/proc/%d/task/%d/children" % (
            self.daemon.pid, self.daemon.pid))
        for pid in task.read_text().split():
            try:
                words = pathlib.Path("/proc/%s/cmdline" % pid).read_bytes()
            except OSError:  # gone meanwhile
                continue
            words = words.split(b"\0")
            if b"-r" in words:
                role = words[words.index(b"-r") + 1].decode()
                if builders or role != "index":
                    out[role] = int(pid)
        return out

    def stop(self):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.send_signal(signal.SIGTERM)
            try:
                self.daemon.wait(15)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait()
        code = self.daemon.returncode if self.daemon else None
        self.daemon = None
        return code

    def subscriber(self, exporter, name="clerk"):
        """A key for one exporter; its file."""
        key = self.dir / (name + ".key")
        line = self.run("key", "generate", "-o", key).strip()
        self.run("subscriber", "add", "--exporter", exporter, "--key", line)
        return key

    def book(self, *folders):
        files = [f for d in folders for f in sorted(pathlib.Path(d).glob(
            "*.csv"))]
        return self.run("book", "import", *files)

    def close(self):
        self.stop()
        self.server.close()
        # Roles know no environment: what a sanitizer says of them is here.
        log = self.log.read_text(errors="replace") if self.log.exists() else ""
        report = SANITIZER.search(log)
        if not self.keep:
            shutil.rmtree(self.dir, ignore_errors=True)
        if report:
            raise RuntimeError("sanitizer report of a role:\n" +
                               log[report.start():][:4000])


class Checks:
    """Prints `ok NAME` or `FAIL NAME: why` and remembers."""

    def __init__(self, prefix):
        self.prefix = prefix
        self.failed = 0

    def check(self, name, good, why=""):
        if good:
            print("ok %s: %s" % (self.prefix, name), flush=True)
        else:
            self.failed += 1
            print("FAIL %s: %s %s" % (self.prefix, name, why), flush=True)
        return good

    def equal(self, name, got, want):
        return self.check(name, got == want,
                          "got %r, not %r" % (got, want))

    def skip(self, name, why):
        print("skip %s: %s (%s)" % (self.prefix, name, why), flush=True)

"""How a source is come to: a key, headers, a proxy.

The key is one line in a file beside the publisher's; the server must see it
and nobody else may: not the log, the arguments, what the operator is shown,
nor the place a redirect leads to.
"""
import base64
import pathlib
import socket
import subprocess
import sys
import threading


sys.path.insert(0, str(pathlib.Path(__file__).parent))
from house import Checks, House, ROOT  # noqa: E402

c = Checks("way")
SECRET = "s3cr3t-stream-key"


class Proxy:
    """CONNECT and nothing else."""

    def __init__(self):
        self.heads = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            s, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(s,),
                             daemon=True).start()

    def serve(self, s):
        head = b""
        while b"\r\n\r\n" not in head:
            more = s.recv(4096)
            if not more:
                return
            head += more
        self.heads.append(head.decode())
        host, port = head.split()[1].decode().rsplit(":", 1)
        far = socket.create_connection(("127.0.0.1", int(port)))
        s.sendall(b"HTTP/1.1 200 yes\r\nRetry-After: 9\r\n\r\n")
        threading.Thread(target=self.pipe, args=(s, far),
                         daemon=True).start()
        self.pipe(far, s)

    @staticmethod
    def pipe(a, b):
        try:
            while True:
                data = a.recv(65536)
                if not data:
                    break
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def seen(path):
    with h.server.lock:
        return [w for p, w, _ in h.server.requests if p == path]


def feed(name):
    return [f for f in h.say("feed", "list") if f["name"] == name][0]


def more(name, text):
    f = h.dir / "etc/feeds.d" / (name + ".yaml")
    f.write_text(f.read_text() + text)


def redirect(handler):
    handler.send_response(302)
    handler.send_header("Location", "/elsewhere")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def arguments():
    out = ""
    for pid in [h.daemon.pid, *h.children().values()]:
        for what in ("cmdline", "environ"):
            out += pathlib.Path("/proc/%d/%s" % (pid, what)).read_text()
    return out


proxy = Proxy()
h = House({"bureau": ("/bureau", 1), "insurer": ("/insurer", 1)})
try:
    for path in ("/bureau", "/insurer", "/elsewhere"):
        h.server.serve(path, b"\n")
    more("bureau", "headers:\n  X-Client: house 1\n  Accept: text/x\n"
         "credential:\n  file: bureau.key\n  as: user\n"
         "proxy: http://127.0.0.1:%d\n" % proxy.port)
    more("insurer", "credential:\n  file: %s\n  as: header\n"
         "  header: Authorization\n" % (h.dir / "other.key"))
    key = h.dir / "bureau.key"

    check = [h.build / "creditalarmd", "-c", h.conf, "-n"]
    p = subprocess.run(check, capture_output=True, text=True)
    c.check("without its file there is no start", p.returncode == 78 and
            "credential" in p.stderr, (p.returncode, p.stderr))
    key.write_text(SECRET + "\n")
    (h.dir / "other.key").write_text("Bearer " + SECRET + "\n")
    (h.dir / "other.key").chmod(0o600)
    key.chmod(0o640)
    p = subprocess.run(check, capture_output=True, text=True)
    c.check("nor when others can read it", p.returncode == 78 and
            "0600" in p.stderr, (p.returncode, p.stderr))
    key.chmod(0o600)
    h.write_conf("log:\n  level: 7\n")
    h.start()
    h.until(lambda: feed("bureau")["state"] == "ok" and
            feed("insurer")["state"] == "ok", 20, "both feeds")
    w = seen("/bureau")[-1]
    c.equal("the key is the user, the password empty", w.get("Authorization"),
            "Basic " + base64.b64encode((SECRET + ":").encode()).decode())
    c.equal("headers are sent", (w.get("X-Client"), w.get("Accept")),
            ("house 1", "text/x"))
    c.equal("a key in a header", seen("/insurer")[-1].get("Authorization"),
            "Bearer " + SECRET)
    c.check("it went through the proxy", len(proxy.heads) > 0 and all(
        x.startswith("CONNECT localhost:%d " % h.server.port)
        for x in proxy.heads), proxy.heads)
    c.check("which sees neither key nor headers", not any(
        "Authorization" in x or "X-Client" in x for x in proxy.heads),
        proxy.heads)
    h.server.serve("/bureau", redirect)
    h.until(lambda: feed("bureau")["http"] == 302, 20, "the redirect")
    c.equal("a key follows no redirect", seen("/elsewhere"), [])
    shown = h.run("feed", "show", "bureau") + h.run("--json", "feed", "show",
                                                    "bureau")
    told = subprocess.run([h.build / "creditalarmd", "-c", h.conf, "-C"],
                          capture_output=True, text=True).stdout
    for name, text in (("the log", h.log.read_text()),
                       ("the arguments and environments", arguments()),
                       ("feed show", shown), ("the configuration", told)):
        c.check("the key is not in %s" % name, SECRET not in text)
    state = b"".join(f.read_bytes() for f in (h.dir / "state").rglob("*")
                     if f.is_file())
    c.check("nor in the state directory", SECRET.encode() not in state)
finally:
    h.close()
sys.exit(1 if c.failed else 0)

"""bad_server - HTTPS that misbehaves, one path a case.

Every case is served a good document until turn() is called, and its own
behaviour from then on.  Some misbehave before HTTP begins: they have a port
of their own.  Everything is on the loopback and one thread a connection.
"""
import pathlib
import socket
import ssl
import struct
import subprocess
import threading
import time

CA_CONF = """[ca]
default_ca = d
[d]
database = %(dir)s/index.txt
new_certs_dir = %(dir)s
serial = %(dir)s/serial
default_md = sha256
policy = p
x509_extensions = x
[p]
commonName = supplied
[x]
subjectAltName = DNS:localhost,IP:127.0.0.1
"""


def certificate(folder, name, alt="DNS:localhost,IP:127.0.0.1"):
    """A self-signed certificate; (cert, key)."""
    cert, key = folder / (name + ".crt"), folder / (name + ".key")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "36500",
         "-keyout", key, "-out", cert, "-subj", "/CN=" + name,
         "-addext", "subjectAltName=" + alt],
        check=True, capture_output=True)
    return cert, key


def expired_certificate(folder):
    """One that was good in January 2020."""
    d = folder / "expired"
    d.mkdir()
    (d / "index.txt").write_text("")
    (d / "serial").write_text("01\n")
    (d / "ca.conf").write_text(CA_CONF % {"dir": d})
    cert, key = d / "tls.crt", d / "tls.key"
    subprocess.run(
        ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out",
         d / "csr", "-subj", "/CN=localhost"],
        check=True, capture_output=True)
    subprocess.run(
        ["openssl", "ca", "-batch", "-config", d / "ca.conf", "-selfsign",
         "-keyfile", key, "-in", d / "csr", "-out", cert, "-notext",
         "-startdate", "20200101000000Z", "-enddate", "20200201000000Z"],
        check=True, capture_output=True)
    return cert, key


def context(pair):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(*pair)
    return c


class Gone(Exception):
    """The other side went away: what most cases are for."""


class Conn:
    """One request: its path and headers, and what to say."""

    def __init__(self, sock, server):
        self.sock = sock
        self.server = server
        head = b""
        while b"\r\n\r\n" not in head:
            more = sock.recv(4096)
            if not more or len(head) > 65536:
                raise Gone
            head += more
        lines = head.decode("latin-1").split("\r\n")
        self.path = lines[0].split(" ")[1]
        self.headers = {k.strip().lower(): v.strip() for k, _, v in
                        (line.partition(":") for line in lines[1:])}

    def raw(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode())

    def head(self, status=200, *headers):
        self.raw("HTTP/1.1 %s X\r\nConnection: close\r\n%s\r\n" % (
            status, "".join(h + "\r\n" for h in headers)))

    def reply(self, body=b"", status=200, headers=()):
        self.head(status, "Content-Length: %d" % len(body), *headers)
        self.raw(body)

    def ever(self, data, pause=0.0):
        """Until the daemon hangs up, or the test is over."""
        while not self.server.over:
            self.raw(data)
            if pause:
                time.sleep(pause)

    def wait(self):
        """Says nothing more until the daemon hangs up."""
        self.sock.settimeout(15)
        while self.sock.recv(4096):
            pass

    def reset(self):
        """RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        socket.socket(fileno=self.sock.detach()).close()


class BadServer:
    def __init__(self, folder):
        self.dir = pathlib.Path(folder)
        self.good = {}     # path -> bytes
        self.bad = {}      # path -> f(Conn)
        self.asked = []    # (monotonic, path)
        self.evil = False
        self.over = False
        self.lock = threading.Lock()
        self.listeners = []
        pair = certificate(self.dir, "good")
        self.context = context(pair)
        self.ca = self.dir / "bad_ca.crt"
        self.ca.write_bytes(pair[0].read_bytes())
        self.port = self.listen()

    def trust(self, cert):
        with open(self.ca, "ab") as f:
            f.write(cert.read_bytes())

    def listen(self, hook=None):
        """A port; hook(raw socket) gives a TLS socket, or None: it is done."""
        s = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.listeners.append(s)
        threading.Thread(target=self._accept, args=(s, hook),
                         daemon=True).start()
        return s.getsockname()[1]

    def turn(self):
        self.evil = True

    def back(self):
        self.evil = False

    def _accept(self, listener, hook):
        while not self.over:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(raw, hook),
                             daemon=True).start()

    def _serve(self, raw, hook):
        sock = raw
        try:
            raw.settimeout(15)
            if hook is not None and self.evil:
                sock = hook(raw)
                if sock is None:
                    raw.close()
                    return
            else:
                sock = self.context.wrap_socket(raw, server_side=True)
            conn = Conn(sock, self)
            with self.lock:
                self.asked.append((time.monotonic(), conn.path))
                good = self.good.get(conn.path, b"")
                bad = self.bad.get(conn.path.partition("?")[0])
            if (self.evil or conn.path not in self.good) and bad is not None:
                bad(conn)
            else:
                conn.reply(good)
            if sock.fileno() >= 0:
                sock.settimeout(2)
                sock.unwrap()
        except (OSError, Gone, ValueError, IndexError):
            pass
        finally:
            for s in (sock, raw):
                if s is not None:
                    s.close()

    def times(self, path):
        with self.lock:
            return [t for t, p in self.asked if p == path]

    def close(self):
        self.over = True
        for s in self.listeners:
            s.close()

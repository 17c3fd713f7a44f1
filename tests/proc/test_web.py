"""/metrics, /healthz, /readyz, read by a parser of its own."""
import http.client
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from house import Checks, House, ROOT, free_port  # noqa: E402

c = Checks("web")
DEMO = ROOT / "tests/demo"
port = free_port()


def get(path, method="GET"):
    k = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        k.request(method, path)
        r = k.getresponse()
        return r.status, r.getheader("Content-Type"), r.read().decode()
    except OSError as e:
        return 0, "", str(e)
    finally:
        k.close()


def parse(text):
    """A strict reader of OpenMetrics: {sample with labels: value}."""
    lines = text.split("\n")
    assert lines[-2:] == ["# EOF", ""], lines[-3:]
    types, out, family = {}, {}, None
    for line in lines[:-2]:
        m = re.fullmatch(r"# TYPE (\w+) (counter|gauge|info|summary|histogram)", line)
        if m:
            family = m.group(1)
            assert family not in types, "two families " + family
            types[family] = m.group(2)
            continue
        if re.fullmatch(r"# HELP %s .+" % family, line):
            continue
        m = re.fullmatch(r'(\w+)((?:\{\w+="[^"\\\n]*"(?:,\w+="[^"]*")*\})?)'
                         r" (-?[0-9.]+)", line)
        assert m, "not a sample: " + line
        suffix = {"counter": ["_total"], "gauge": [""], "info": ["_info"],
                  "summary": ["_count", "_sum"],
                  "histogram": ["_bucket", "_count", "_sum"]}
        assert m.group(1)[len(family):] in suffix[types[family]] and \
            m.group(1).startswith(family), line
        assert m.group(1) + m.group(2) not in out, "twice: " + line
        out[m.group(1) + m.group(2)] = float(m.group(3))
    return out


h = House({"bureau": ("/bureau", 1)}, as_of="2022-12-27T01:10:00Z")
try:
    h.write_conf("web:\n  endpoint: 127.0.0.1:%d\n" % port)
    h.start()
    h.book(DEMO / "book")
    c.equal("five roles", sorted(h.children()),
            ["core", "fetch", "parse", "publish", "web"])
    h.until(lambda: get("/healthz")[0] == 200, 10, "healthz")
    status, _, text = get("/readyz")
    c.equal("no feed was good yet: not ready, and why",
            (status, text), (503, "no feed is fresh\n"))
    h.server.serve("/bureau", (DEMO / "feeds/bureau-1.ndjson").read_bytes())
    h.until(lambda: get("/readyz")[0] == 200, 15, "readyz")
    c.check("ready once a feed is fresh", True)
    status, kind, text = get("/metrics")
    c.equal("metrics are OpenMetrics", (status, kind.split(";")[0]),
            (200, "application/openmetrics-text"))
    m = parse(text)
    feed = h.say("feed", "show", "bureau")[0]
    c.equal("records as the operator sees them",
            m['creditalarm_feed_records{feed="bureau"}'], feed["records"])
    c.equal("fresh", m['creditalarm_feed_fresh{feed="bureau"}'], 1)
    name = '{feed="bureau",result="%s"}'
    c.equal("a feed has its own numbers", [
        m["creditalarm_feed_items_total" + name % w] for w in
        ("record", "notice", "reject", "unknown")], [
        feed["records"], feed["notices"], feed["rejects"],
        feed["unknown_kinds"]])
    c.check("bytes, polls and how long they took are counted",
            m['creditalarm_feed_bytes_total{feed="bureau"}'] >=
            (DEMO / "feeds/bureau-1.ndjson").stat().st_size and
            m["creditalarm_feed_fetch_total" + name % "new"] >= 1 and
            m['creditalarm_feed_fetch_duration_seconds_count'
              '{feed="bureau"}'] >= 1, text)
    told = 'creditalarm_alert_latency_seconds_bucket{stage="told",le="%s"}'
    c.check("an alert's way is measured and the buckets add up",
            m['creditalarm_alert_latency_seconds_count{stage="told"}'] ==
            m[told % "+Inf"] >= m[told % "1.000"] and m[told % "+Inf"] >= 1 and
            m['creditalarm_alert_latency_seconds_count{stage="stored"}'] >= 1,
            text)
    c.check("a document and its notices are counted",
            m['creditalarm_documents_total{verdict="accepted"}'] >= 1 and
            m['creditalarm_items_total{result="notice"}'] >= 1, text)
    before = m['creditalarm_polls_total{result="good"}']
    h.until(lambda: parse(get("/metrics")[2])[
        'creditalarm_polls_total{result="good"}'] > before, 10, "counting")
    names = (DEMO / "book/obligors.csv").read_text() + (
        DEMO / "book/exporters.csv").read_text()
    words = set(re.findall(r"\b[A-Z][A-Za-z0-9-]{4,}", names)) - {"Type"}
    c.check("nobody of the book is named", words and not any(
        w in text for w in words), words)
    c.equal("another page is not there", get("/")[0], 404)
    c.equal("only GET", get("/metrics", "POST")[0], 405)

    # Hostile clients: half a request, too long a request, too many.
    held = []
    for _ in range(100):
        s = socket.create_connection(("127.0.0.1", port))
        s.sendall(b"GET /metr")
        held.append(s)
    time.sleep(0.5)
    for s in held:
        s.close()
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n")
        s.settimeout(5)
        try:
            first = s.recv(100)
        except OSError:
            first = b""
    c.check("too long a request is refused", first == b"" or
            first.split()[1] in (b"414", b"431"), first)
    h.until(lambda: get("/healthz")[0] == 200, 10, "healthz again")
    c.check("and others are served", True)
    os.kill(h.children()["core"], signal.SIGSTOP)
    h.until(lambda: get("/readyz")[0] == 503, 25, "core's silence to show")
    c.check("a silent core is not ready", True)
    h.until(lambda: get("/readyz")[0] == 200, 30, "its successor")
    c.check("its successor is", True)
    pid = h.children()["web"]
    os.kill(pid, signal.SIGKILL)
    h.until(lambda: h.children().get("web", pid) != pid, 10, "web")
    h.until(lambda: get("/metrics")[0] == 200, 10, "metrics")
    c.check("web comes back after kill -9", True)
    c.equal("stop ends with 0", h.stop(), 0)
    h.write_conf("web:\n  endpoint: somewhere\n")
    p = subprocess.run([h.build / "creditalarmd", "-c", h.conf, "-n"],
                       capture_output=True, text=True)
    c.check("an endpoint that is none: -n says so", p.returncode == 78 and
            "web.endpoint" in p.stderr, p.stderr)
    h.start(wait=False)
    c.equal("an endpoint that is none: 78", h.daemon.wait(20), 78)
finally:
    h.close()
sys.exit(1 if c.failed else 0)

"""The same input gives the same bytes, in processes and on one thread.

Two houses with the same keys and the same clock (--once --as-of: the wall
stands still) decide the same documents, one with forked roles, one with -1.
Then each is read by the independent subscriber: ALERT headers and clear
bodies are compared byte for byte.
"""
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import calarm  # noqa: E402
from house import Checks, House, ROOT  # noqa: E402
from listen import Listener  # noqa: E402

c = Checks("forms")
DEMO = ROOT / "tests/demo"
AS_OF = "2022-12-27T01:12:00Z"
FEEDS = {"bureau": ("/bureau", 60), "gleif": ("/gleif", 60)}


def decide(h, form, keys):
    """Book and subscriber, then one poll of everything, then what is told."""
    if keys:
        shutil.copy(keys[0], h.key)
        h.casrv = h.run("key", "server", "--key", h.key).strip()
    h.start(*form)
    h.book(DEMO / "book")
    if keys:
        key = h.dir / "clerk.key"
        shutil.copy(keys[1], key)
        line = calarm.OwnKeys.read(str(key)).line()
        h.run("subscriber", "add", "--exporter", "EXP-SZ-0001", "--key", line)
    else:
        key = h.subscriber("EXP-SZ-0001")
    h.stop()
    h.server.serve("/bureau", (DEMO / "feeds/bureau-1.ndjson").read_bytes())
    h.server.serve("/gleif", (DEMO / "feeds/gleif.xml").read_bytes())
    h.start("--once", *form, wait=False)
    code = h.daemon.wait(60)
    h.server.serve("/bureau", (DEMO / "feeds/bureau-2.ndjson").read_bytes())
    h.start("--once", *form, wait=False)
    code2 = h.daemon.wait(60)
    h.start(*form)
    with_listener = Listener(h, key)
    with_listener.take(10, count=2)
    with_listener.bye()
    with_listener.close()
    h.stop()
    return (code, code2), key, with_listener


a = House(FEEDS, as_of=AS_OF)
b = House(FEEDS, as_of=AS_OF)
try:
    codes, key, first = decide(a, [], None)
    c.equal("forked: --once ends with 0", codes, (0, 0))
    codes, _, second = decide(b, ["-1"], (a.key, key))
    c.equal("one thread: --once ends with 0", codes, (0, 0))
    c.equal("two revisions each", (len(first.alerts), len(second.alerts)),
            (2, 2))
    own = calarm.OwnKeys.read(str(key))
    server = calarm.ServerKeys.parse(a.casrv)
    if len(first.alerts) != 2:
        print(a.log.read_text()[-4000:])
    one = b""
    for i, (x, y) in enumerate(zip(first.raw, second.raw)):
        c.equal("header %d, byte for byte" % (i + 1), x[0].hex(), y[0].hex())
        one = calarm.open_alert("EXP-SZ-0001", x[0], x[1], own, server)[1]
        two = calarm.open_alert("EXP-SZ-0001", y[0], y[1], own, server)[1]
        c.equal("clear body %d, byte for byte" % (i + 1), one, two)
    c.check("and they say something", b"POL-2022-0001" in one and
            first.alerts[-1][1]["data"]["revision"] == 2)
finally:
    a.close()
    b.close()
sys.exit(1 if c.failed else 0)

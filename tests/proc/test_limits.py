"""A document with more notices than document.notices_max is refused whole."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from house import Checks, House, ROOT  # noqa: E402

c = Checks("limits")
DEMO = ROOT / "tests/demo"
h = House({"bureau": ("/bureau", 1)}, as_of="2022-12-27T01:10:00Z")
BODY = (DEMO / "feeds/bureau-1.ndjson").read_bytes()  # two notices


def feed():
    return h.say("feed", "show", "bureau")[0]


try:
    h.server.serve("/bureau", BODY)
    h.write_conf("document:\n  notices_max: 1\n")
    h.start()
    h.book(DEMO / "book")
    shown = h.until(lambda: feed() if feed()["refused"] else None, 15,
                    "a refusal")
    c.equal("one too many: refused, and by which guard",
            (shown["state"], shown["refused"]["guard"]),
            ("refused", "notices_max"))
    c.equal("nothing of it is left", h.say("alert", "list"), [])
    h.stop()
    h.write_conf("document:\n  notices_max: 2\n")
    h.start()
    h.until(lambda: feed()["state"] == "ok", 15, "acceptance")
    h.until(lambda: h.say("alert", "list"), 15, "the alert")
    c.equal("exactly the maximum: accepted", feed()["notices"], 2)
finally:
    h.close()
sys.exit(1 if c.failed else 0)

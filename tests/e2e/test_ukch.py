"""A register is added with two files and no C: Companies House events.

Solvent liquidations do not ring as bankruptcy; a creditors' one does.
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from house import Checks, House, ROOT  # noqa: E402
from listen import Listener  # noqa: E402

c = Checks("uk-ch")
REAL = ROOT.parent / "shared/data/buyer/uk-ch-stream/insolvency.ndjson"
if not REAL.exists():
    c.skip("real file", "no shared data here")
    sys.exit(0)

events = [json.loads(line) for line in REAL.read_text().splitlines()]


def types(company):
    return {case["type"] for e in events if e["resource_id"] == company
            for case in e["data"]["cases"]}


SOLVENT, INSOLVENT = "10762530", "04914631"
c.equal("the file says what we think", (types(SOLVENT), types(INSOLVENT)),
        ({"members-voluntary-liquidation"},
         {"creditors-voluntary-liquidation"}))
for f in list((ROOT / "feeds").glob("*.c")) + list(
        (ROOT / "alerts").glob("*/*.c")):
    if "companies house" in f.read_text().lower() or \
            "uk-ch" in f.read_text():
        c.check("no C knows the register", False, f.name)
        break
else:
    c.check("no C knows the register", True)

# The daemon runs with the bureau alone; then the register is added.
h = House({"bureau": ("/bureau", 5)}, as_of="2021-01-25T10:00:00Z")
book = h.dir / "book"
book.mkdir()
(book / "schemes.csv").write_text(
    (ROOT / "tests/demo/book/schemes.csv").read_text())
(book / "exporters.csv").write_text(
    "exporter_id,uscc,name\nEXP-1,91440300MADEM0001U,Demo\n")
(book / "policies.csv").write_text(
    "policy_id,scheme_id,exporter_id,status,picked_up_on,issued_on\n"
    "POL-1,SZ2021,EXP-1,effective,2021-01-02,2021-01-03\n")
(book / "obligors.csv").write_text(
    "obligor_id,type,name,country,ids\n"
    "OB-S,buyer,Solvent,GB,gb-coh:%s\nOB-I,buyer,Insolvent,GB,gb-coh:%s\n" %
    (SOLVENT, INSOLVENT))
(book / "follows.csv").write_text(
    "exporter_id,obligor_id,last_order_on\nEXP-1,OB-S,2021-01-01\n"
    "EXP-1,OB-I,2021-01-01\n")
(book / "shipments.csv").write_text(
    "shipment_id,exporter_id,obligor_id,amount,currency,payment_term,"
    "ship_date,due_date,status\n"
    "S1,EXP-1,OB-S,10000.00,GBP,OA,2021-01-10,2021-03-10,shipped\n"
    "S2,EXP-1,OB-I,10000.00,USD,OA,2021-01-10,2021-03-10,shipped\n")
try:
    h.server.serve("/bureau", b"\n")
    h.start()
    h.book(book)
    key = h.subscriber("EXP-1")
    h.stop()
    h.add_feed("uk-ch-insolvency", "/stream", 2, ROOT / "etc/feeds.d")
    h.server.serve("/stream", REAL.read_bytes())
    h.start()
    clerk = Listener(h, key)
    clerk.take(20, count=1)
    clerk.take(4)
    rung = [(e["data"]["obligor"]["id"], e["data"]["kind"])
            for _, e in clerk.alerts]
    c.check("the insolvent one rings", ("OB-I", "BUYER_INSOLVENCY") in rung,
            rung)
    c.check("the solvent one does not ring as bankruptcy",
            not any(o == "OB-S" and k in ("BUYER_INSOLVENCY",
                                          "BUYER_DISSOLVED")
                    for o, k in rung), rung)
    shown = [f for f in h.say("feed", "list")
             if f["name"] == "uk-ch-insolvency"][0]
    c.equal("every event was read", (shown["state"], shown["records"],
                                     shown["unknown_kinds"]),
            ("ok", len(events), 0))
finally:
    h.close()
sys.exit(1 if c.failed else 0)

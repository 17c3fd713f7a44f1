"""Several real sources in one daemon: sanctions (OFAC, four joined files) and
a bankruptcy court's docket (PACER).

A book of banks and buyers that occur in the files, and of others that do
not: alerts for exactly the former, none for the rest; a name without an id
asks a reviewer and tells nobody; a second poll changes nothing; who is
insured after the notice came is told once, as history.  What is expected is
read from the files by csv and ElementTree.
"""
import csv
import pathlib
import re
import sys
import xml.etree.ElementTree as ET

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from house import Checks, House, ROOT  # noqa: E402
from listen import Listener  # noqa: E402

c = Checks("sources")
REAL = ROOT.parent / "shared/data/buyer"
OFAC = [REAL / "ofac-legacy-csv" / n for n in
        ("sdn.csv", "alt.csv", "add.csv", "sdn_comments.csv")]
COURT = REAL / "pacer-rss/nysb_1.xml"
if not all(p.exists() for p in OFAC + [COURT]):
    c.skip("real files", "no shared data here")
    sys.exit(0)

bics = {}  # BIC -> the parties that carry it
parties = {}  # party -> its BICs
with open(OFAC[0], newline="", encoding="utf-8", errors="replace") as f:
    for row in csv.reader(f):
        for bic in re.findall(r"SWIFT/BIC ([A-Z0-9]+)", row[-1]) if row else ():
            bics.setdefault(bic, set()).add(row[0])
            parties.setdefault(row[0], set()).add(bic)
# Ids of one party that are two obligors of a book would ask a reviewer.
single = sorted(b for b, who in bics.items() if len(b) in (8, 11) and
                len(who) == 1 and all(len(parties[w]) == 1 for w in who))
listed, late = single[:3], single[3]
titles = [i.findtext("title").strip() for i in ET.parse(COURT).iter("item")]
company = next(t.split(" ", 1)[1] for t in titles if t.endswith(" Inc."))
c.check("the files have %d banks with a BIC and a docket of %d" %
        (len(bics), len(titles)), len(single) > 10 and len(titles) > 100)

h = House({"ofac-sdn": (["/" + p.name for p in OFAC], 1),
           "us-bankruptcy": ("/court.xml", 1)}, as_of="2022-06-01T09:00:00Z")
for p in OFAC:
    h.server.serve("/" + p.name, p.read_bytes())
h.server.serve("/court.xml", COURT.read_bytes())
OTHER = ["QZTE%s2XXXX" % cc for cc in ("DE", "FR", "SG", "JP", "AE")]


def bank(i, bic):
    return "BK-%d,bank,Sample Bank %d,%s,bic:%s\n" % (i, i, bic[4:6], bic)


def shipment(i, obligor, bank_id, term):
    return ("SH-%d,EXP-1,%s,%s,50000.00,USD,%s,,2022-05-10,2022-08-10,"
            "shipped\n" % (i, obligor, bank_id, term))


SHIP = ("shipment_id,exporter_id,obligor_id,bank_id,amount,currency,"
        "payment_term,etd,ship_date,due_date,status\n")
OBLIGORS = "obligor_id,type,name,country,ids\n"
book = h.dir / "book"
book.mkdir()
(book / "schemes.csv").write_text(
    (ROOT / "tests/demo/book/schemes.csv").read_text())
(book / "exporters.csv").write_text(
    "exporter_id,uscc,name\nEXP-1,91440300MADEM0001U,Demo\n")
(book / "policies.csv").write_text(
    "policy_id,scheme_id,exporter_id,status,picked_up_on,issued_on\n"
    "POL-1,SZ2021,EXP-1,effective,2021-06-12,2021-06-15\n")
(book / "obligors.csv").write_text(
    OBLIGORS + "OB-1,buyer,Plain Sample Buyer Ltd,US,\n"
    'OB-2,buyer,"%s",US,\n' % company +
    "".join(bank(i, b) for i, b in enumerate(listed + OTHER)))
(book / "shipments.csv").write_text(
    SHIP + "".join(shipment(i, "OB-1", "BK-%d" % i, "LC")
                   for i in range(len(listed + OTHER))) +
    shipment(100, "OB-1", "", "OA") + shipment(101, "OB-2", "", "OA"))


def notices(feed):
    return [r for r in h.say("feed", "list") if r["name"] == feed][0]


try:
    h.start()
    h.book(book)
    clerk = Listener(h, h.subscriber("EXP-1"))
    clerk.take(40, count=len(listed))
    h.until(lambda: notices("us-bankruptcy")["notices"] and
            notices("ofac-sdn")["notices"], 60, "both sources")
    clerk.take(3)
    c.equal("every listed bank rings, and nobody else",
            sorted(e["data"]["obligor"]["id"] for _, e in clerk.alerts),
            ["BK-%d" % i for i in range(len(listed))])
    c.equal("as sanctioned", set(clerk.kinds()), {"BUYER_SANCTIONED"})
    c.check("a name without an id waits for a reviewer",
            h.say("status")[0]["alerts"]["review"] >= 1)
    polls = h.server.count("/sdn.csv")
    h.until(lambda: h.server.count("/sdn.csv") > polls + 1, 20, "more polls")
    before = len(clerk.alerts)
    # The same lists again, byte for byte different at the end of one.
    h.server.serve("/sdn.csv", OFAC[0].read_bytes().rstrip(b"\x1a") + b"\r\n")
    h.server.serve("/court.xml", COURT.read_bytes() + b"\n")
    polls = h.server.count("/sdn.csv")
    h.until(lambda: h.server.count("/sdn.csv") > polls + 2, 30, "polls")
    clerk.take(3)
    c.equal("a second poll changes nothing", len(clerk.alerts), before)

    more = h.dir / "more"
    more.mkdir()
    (more / "obligors.csv").write_text(OBLIGORS + bank(77, late))
    (more / "shipments.csv").write_text(
        SHIP + shipment(177, "OB-1", "BK-77", "LC"))
    h.book(more)
    clerk.take(15, count=before + 1)
    clerk.take(3)
    told = clerk.alerts[before:]
    c.equal("a bank insured after the notice is told once",
            [e["data"]["obligor"]["id"] for _, e in told], ["BK-77"])
    c.check("as history", told and "historic" in told[0][1]["data"]["flags"],
            told and told[0][1]["data"].get("flags"))
    h.book(more)
    clerk.take(3)
    c.equal("the same book again tells nothing", len(clerk.alerts),
            before + 1)
finally:
    h.close()
sys.exit(1 if c.failed else 0)

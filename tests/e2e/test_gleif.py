"""Real files ring: two vintages of GLEIF records, served over HTTPS.

Expectations come from an independent reader of the files (ElementTree), not
from our parser.
"""
import pathlib
import sys
import xml.etree.ElementTree as ET

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from house import Checks, House, ROOT  # noqa: E402
from listen import Listener  # noqa: E402

c = Checks("gleif")
REAL = ROOT.parent / "shared/data/buyer/gleif-lei-cdf"
OLD, NEW = REAL / "lei-updates-data2.xml", REAL / "lei-updates-data2-new.xml"
if not OLD.exists():
    c.skip("real files", "no shared data here")
    sys.exit(0)

NS = "{http://www.gleif.org/data/schema/leidata/2016}"


def read(path):
    """LEI -> (canonical text of the record, [(event type, effective)])"""
    out = {}
    for r in ET.parse(path).getroot().iter(NS + "LEIRecord"):
        events = [(e.findtext(NS + "LegalEntityEventType"),
                   (e.findtext(NS + "LegalEntityEventEffectiveDate") or "")
                   [:10],
                   e.findtext(NS + "LegalEntityEventRecordedDate"))
                  for e in r.iter(NS + "LegalEntityEvent")]
        out[r.findtext(NS + "LEI")] = (ET.tostring(r), events)
    return out


old, new = read(OLD), read(NEW)
# 00TR8... is in both files; 097900BJGO... vanishes from the second.
WATCHED = ["00TR8NKAEL48RGTZEW89", "097900BJGO0000201513",
           "549300JB1P61FUTPEZ75", "9845002B9874D50A4531"]
BAD = ("LIQUIDATION", "DISSOLUTION", "INSOLVENCY", "BANKRUPTCY")
ring_old = [l for l in WATCHED if any(e[0] in BAD for e in old[l][1])]
ring_new = [l for l in WATCHED if l in new and
            any(e[0] in BAD for e in new[l][1]) and l not in ring_old]
changed = sum(1 for l in new if l not in old or old[l][0] != new[l][0])
c.equal("the files say what we think", (ring_old, ring_new),
        ([WATCHED[1]], [WATCHED[0]]))

h = House({"gleif": ("/lei.xml", 1)}, as_of="2023-11-06T09:00:00Z")
book = h.dir / "book"
book.mkdir()
for name in ("schemes.csv",):
    (book / name).write_text((ROOT / "tests/demo/book" / name).read_text())
(book / "exporters.csv").write_text(
    "exporter_id,uscc,name\nEXP-1,91440300MADEM0001U,Demo\n")
(book / "policies.csv").write_text(
    "policy_id,scheme_id,exporter_id,status,picked_up_on,issued_on\n"
    "POL-1,SZ2023,EXP-1,effective,2023-06-12,2023-06-15\n")
(book / "obligors.csv").write_text(
    "obligor_id,type,name,country,ids\n" + "".join(
        "OB-%d,buyer,Watched %d,%s,lei:%s\n" % (i, i, cc, lei)
        for i, (lei, cc) in enumerate(zip(WATCHED,
                                          ["KY", "SK", "SK", "LU"]))))
(book / "follows.csv").write_text(
    "exporter_id,obligor_id,last_order_on\n" + "".join(
        "EXP-1,OB-%d,2023-10-01\n" % i for i in range(4)))
(book / "shipments.csv").write_text(
    "shipment_id,exporter_id,obligor_id,amount,currency,payment_term,etd,"
    "ship_date,due_date,status\n" + "".join(
        "SH-%d,EXP-1,OB-%d,50000.00,USD,OA,,2023-10-10,2024-01-10,shipped\n" %
        (i, i) for i in range(4)))


def accepted():
    """The daemon's own lines about accepted documents."""
    return [dict(w.split("=", 1) for w in line.split() if "=" in w)
            for line in h.log.read_text().splitlines()
            if "doc.accepted" in line]


try:
    h.server.serve("/lei.xml", OLD.read_bytes())
    h.start()
    h.book(book)
    clerk = Listener(h, h.subscriber("EXP-1"))
    clerk.take(20, count=1)
    clerk.take(4)
    c.equal("the first file rings once",
            [e["data"]["obligor"]["id"] for _, e in clerk.alerts], ["OB-1"])
    c.equal("a liquidation", clerk.alerts[0][1]["data"]["fact"]["stage"],
            "liquidation")
    c.equal("every record was read", accepted()[0]["records"], str(len(old)))
    h.server.serve("/lei.xml", NEW.read_bytes())
    clerk.take(20, count=2)
    clerk.take(4)
    c.equal("the second file rings once",
            [e["data"]["obligor"]["id"] for _, e in clerk.alerts[1:]],
            ["OB-0"])
    fact = clerk.alerts[1][1]["data"]["fact"]
    want = new[WATCHED[0]][1][0]
    c.equal("dissolved", fact["stage"], "dissolved")
    c.equal("effective as the register says", fact["effective_on"], want[1])
    c.check("recorded in 2022", fact["recorded_at"].startswith("2022-03-24"),
            fact)
    second = accepted()[-1]
    c.equal("records, changed and vanished are the independent reader's",
            (second["records"], second["changed"], second["vanished"]),
            (str(len(new)), str(changed), "1"))
    c.equal("nothing is resolved for the one that vanished",
            sorted((a["obligor_id"], a["state"], a["revision"])
                   for a in h.say("alert", "list")),
            [("OB-0", "OPEN", 1), ("OB-1", "OPEN", 1)])
    # Another body, the same records: nothing is mapped.
    polls = len(accepted())
    h.server.serve("/lei.xml", NEW.read_bytes() + b"\n<!-- again -->\n")
    h.until(lambda: len(accepted()) > polls, 15, "a third document")
    third = accepted()[-1]
    c.equal("a third poll maps no record",
            (third["records"], third["changed"], third["notices"]),
            (str(len(new)), "0", "0"))
    clerk.take(2)
    c.equal("and rings for nobody", len(clerk.alerts), 2)
finally:
    h.close()
sys.exit(1 if c.failed else 0)

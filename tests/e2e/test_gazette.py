"""The Gazette's page of our own entries: an appointment rings for the company
whose number stands in the linked data.  A members' voluntary winding-up, a
petitioner and a number that only the text has ring for nobody.

Numbers and codes are read from the page by ElementTree and a regular
expression, not by our map.
"""
import pathlib
import re
import sys
import xml.etree.ElementTree as ET

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from house import Checks, House, ROOT  # noqa: E402
from listen import Listener  # noqa: E402

c = Checks("gazette")
PAGE = ROOT / "tests/golden/feeds/uk-gazette.atom.xml"
ATOM = "{http://www.w3.org/2005/Atom}"
numbers = {}  # company number -> entries whose one company it is
for entry in ET.parse(PAGE).iter(ATOM + "entry"):
    text = ET.tostring(entry, encoding="unicode")
    found = set(re.findall(r'about="this:company-1"[^>]*companyNumber"[^>]*>'
                           r"([A-Z0-9]+)<", text))
    if len(found) == 1:
        numbers.setdefault(found.pop(), []).append(entry)
watched = [n for n in ("01234567", "SC123456") if n in numbers]
c.equal("the page says what we think", len(watched), 2)

h = House({"uk-gazette": ("/gazette.xml", 1)}, as_of="2026-07-01T22:00:00Z")
# Whatever the hour at the machine: the hours are test_schedule's matter.
feed = h.dir / "etc/feeds.d/uk-gazette.yaml"
feed.write_text(re.sub(r"(?m)^window:.*\n([ \t]+.*\n)*", "",
                       feed.read_text()))
h.server.serve("/gazette.xml", PAGE.read_bytes())
book = h.dir / "book"
book.mkdir()
(book / "schemes.csv").write_text(
    "scheme_id,insured_bp,cap_amount,cap_currency,cap_basis,year_from,"
    "year_to\nSZ,8000,150000,USD,indemnity,2025-07-01,2027-06-30\n")
(book / "exporters.csv").write_text(
    "exporter_id,uscc,name\nEXP-1,91440300MADEM0001U,Demo\n")
(book / "policies.csv").write_text(
    "policy_id,scheme_id,exporter_id,status\nPOL-1,SZ,EXP-1,effective\n")
ids = watched + ["07654321", "09999999", "02222222"]
(book / "obligors.csv").write_text(
    "obligor_id,type,name,country,ids\n" + "".join(
        "OB-%d,buyer,Watched %d Ltd,GB,gb-coh:%s\n" % (i, i, n)
        for i, n in enumerate(ids)))
(book / "shipments.csv").write_text(
    "shipment_id,exporter_id,obligor_id,amount,currency,payment_term,"
    "ship_date,due_date,status\n" + "".join(
        "SH-%d,EXP-1,OB-%d,50000.00,USD,OA,2026-06-01,2026-09-01,shipped\n" %
        (i, i) for i in range(len(ids))))
try:
    h.start()
    h.book(book)
    clerk = Listener(h, h.subscriber("EXP-1"))
    clerk.take(20, count=1)
    clerk.take(3)
    c.equal("the appointment rings, and nothing else",
            [e["data"]["obligor"]["id"] for _, e in clerk.alerts], ["OB-0"])
    c.equal("as insolvency", clerk.kinds(), ["BUYER_INSOLVENCY"])
finally:
    h.close()
sys.exit(1 if c.failed else 0)

"""A bank fails: the FDIC list without it, then the list as published.

The list is the real one; the day before is made from it by leaving out the
row of Silicon Valley Bank.  A letter of credit issued there must ring, one
issued elsewhere must not.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from house import Checks, House, ROOT  # noqa: E402
from listen import Listener  # noqa: E402

c = Checks("fdic")
REAL = ROOT.parent / "shared/data/buyer/fdic/banklist_nileshely.csv"
if not REAL.exists():
    c.skip("real files", "no shared data here")
    sys.exit(0)
today = REAL.read_bytes()
rows = today.splitlines(keepends=True)
before = b"".join(r for r in rows if b",24735," not in r)
c.equal("one row is left out", len(rows) - len(before.splitlines()), 1)

h = House({"fdic": ("/banklist.csv", 1)}, as_of="2023-03-13T09:00:00Z")
book = h.dir / "book"
book.mkdir()
(book / "schemes.csv").write_text(
    (ROOT / "tests/demo/book/schemes.csv").read_text())
(book / "exporters.csv").write_text(
    "exporter_id,uscc,name\nEXP-1,91440300MADEM0001U,Demo\n")
(book / "policies.csv").write_text(
    "policy_id,scheme_id,exporter_id,status,picked_up_on,issued_on\n"
    "POL-1,SZ2023,EXP-1,effective,2022-12-12,2022-12-15\n")
(book / "obligors.csv").write_text(
    "obligor_id,type,name,country,ids\n"
    "BK-1,bank,Silicon Valley Bank,US,fdic-cert:24735|bic:SVBKUS6S\n"
    "BK-2,bank,Another Sample Bank,US,fdic-cert:999999\n"
    "OB-1,buyer,Sample Valley Devices Inc,US,\n")
(book / "follows.csv").write_text(
    "exporter_id,obligor_id,last_order_on\n"
    "EXP-1,OB-1,2023-01-10\nEXP-1,BK-1,2023-01-10\n"
    "EXP-1,BK-2,2023-01-10\n")
(book / "shipments.csv").write_text(
    "shipment_id,exporter_id,obligor_id,bank_id,amount,currency,payment_term,"
    "etd,ship_date,due_date,status\n" + "".join(
        "SH-%d,EXP-1,OB-1,BK-%d,50000.00,USD,LC,,2023-02-10,2023-05-10,"
        "shipped\n" % (i, i) for i in (1, 2)))

try:
    h.server.serve("/banklist.csv", before)
    h.start()
    h.book(book)
    clerk = Listener(h, h.subscriber("EXP-1"))
    clerk.take(6)
    c.equal("the list of the day before rings for nobody",
            [e["data"]["obligor"]["id"] for _, e in clerk.alerts], [])
    h.server.serve("/banklist.csv", today)
    clerk.take(20, count=1)
    clerk.take(3)
    c.equal("the bank of the letter of credit rings",
            [e["data"]["obligor"]["id"] for _, e in clerk.alerts], ["BK-1"])
    data = clerk.alerts[0][1]["data"]
    c.equal("taken over on that Friday", data["fact"]["effective_on"],
            "2023-03-10")
    c.equal("with the one shipment under it",
            (data["exposure"]["shipments"], data["exposure"]["bank"]),
            (1, "50000.00"))
finally:
    h.close()
sys.exit(1 if c.failed else 0)

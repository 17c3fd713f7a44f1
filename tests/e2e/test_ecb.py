"""Exchange rates by feed: the real file of the European Central Bank fills
the table, and an exposure in HKD is converted with it.

What the converted sum must be is worked out here, from the same file, with
exact decimals: amount x USD per EUR / HKD per EUR, rounded half to even.
"""
import decimal
import pathlib
import sys
import xml.etree.ElementTree as ET

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from house import Checks, House, ROOT  # noqa: E402

c = Checks("ecb")
REAL = ROOT.parent / "shared/data/country/ecb/eurofxref-hist-90d-2016.xml"
if not REAL.exists():
    c.skip("real files", "no shared data here")
    sys.exit(0)
D = decimal.Decimal
decimal.getcontext().prec = 60
days = {}
for cube in ET.parse(REAL).iter():
    if cube.get("time"):
        days[cube.get("time")] = {r.get("currency"): r.get("rate")
                                  for r in cube}
newest = max(days)
used = days[newest]
want = (D("1800000.00") * D(used["USD"]) / D(used["HKD"])).quantize(
    D("0.01"), decimal.ROUND_HALF_EVEN)

h = House({"ecb-rates": ("/rates.xml", 1)}, as_of=newest + "T23:30:00Z")
book = h.dir / "book"
book.mkdir()
(book / "schemes.csv").write_text(
    "scheme_id,insured_bp,cap_amount,cap_currency,cap_basis,year_from,"
    "year_to\nSZ,8000,1000000,USD,indemnity,2015-01-01,2017-12-31\n")
(book / "exporters.csv").write_text(
    "exporter_id,uscc,name\nEXP-1,91440300MADEM0001U,Demo\n")
(book / "policies.csv").write_text(
    "policy_id,scheme_id,exporter_id,status\nPOL-1,SZ,EXP-1,effective\n")
(book / "obligors.csv").write_text(
    "obligor_id,type,name,country\nOB-1,buyer,Sample Buyer Ltd,HK\n")
(book / "shipments.csv").write_text(
    "shipment_id,exporter_id,obligor_id,amount,currency,payment_term,"
    "ship_date,due_date,status\nSH-1,EXP-1,OB-1,1800000,HKD,OA,%s,,shipped\n"
    % min(days))


def exposure():
    return next(r for r in h.say("exposure") if r["row"] == "exposure")


def stored():
    """(day, base, quote) -> rate, as the operator's export has it."""
    rows = [line.split(",") for line in
            h.run("book", "export", "fx").splitlines()]
    at = {name: i for i, name in enumerate(rows[0])}
    return {(r[at["as_of"]], r[at["base"]], r[at["quote"]]): r[at["rate"]]
            for r in rows[1:]}


try:
    h.start()
    h.book(book)
    row = exposure()
    c.equal("without a rate it is left out and says so",
            (row["open"], row["quality"], "F" in row["reasons"]),
            ("0.00", "estimated", True))
    h.server.serve("/rates.xml", REAL.read_bytes())
    h.until(lambda: exposure()["open"] != "0.00", 20, "the rates")
    row = exposure()
    c.equal("converted over the euro, one rounding", row["open"], str(want))
    c.equal("with the rates of the newest day of the file",
            {f["as_of"] for f in row["fx"]}, {newest})
    expected = {(day, "EUR", ccy): rate for day, rates in days.items()
                for ccy, rate in rates.items()}
    c.equal("every rate of %d days stands as it was printed" % len(days),
            stored(), expected)
    c.equal("rates ring for nobody", h.say("alert", "list"), [])
    fixed = REAL.read_bytes().replace(
        b"rate='%s'" % used["HKD"].encode(), b"rate='8.0000'", 1).replace(
        b'rate="%s"' % used["HKD"].encode(), b'rate="8.0000"', 1)
    c.equal("the corrected file differs", fixed != REAL.read_bytes(), True)
    h.server.serve("/rates.xml", fixed)
    h.until(lambda: exposure()["open"] != str(want), 20, "the correction")
    c.equal("a corrected day replaces its rates", exposure()["open"],
            str((D("1800000.00") * D(used["USD"]) / D(8)).quantize(
                D("0.01"), decimal.ROUND_HALF_EVEN)))
finally:
    h.close()
sys.exit(1 if c.failed else 0)

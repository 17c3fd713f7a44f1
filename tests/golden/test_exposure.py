#!/usr/bin/python3
"""The worked scenarios, as `exposure` prints them.

The figures are those of the source documents, written here by hand; the independent model must give them too; docs/EXPOSURE.md must show
the tables as they are printed. Run with --write to print the tables for the document.
"""
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "model"))
import books    # noqa: E402
import model    # noqa: E402

BATCH = os.path.join(ROOT, "build", "gcc-release", "cover_batch")
failed = 0


def check(name, got, want):
    global failed
    if got == want:
        print("ok " + name)
    else:
        failed += 1
        print("FAIL %s: got %r, want %r" % (name, got, want))


def ask(book, *words):
    return subprocess.run([BATCH, *words], input=json.dumps(book) + "\n", capture_output=True, text=True, check=True, cwd=ROOT).stdout


def scheme(sid, first, last, cap="150000", **more):
    return dict({"scheme_id": sid, "insured_bp": "8000", "cap_amount": cap, "cap_currency": "USD", "cap_basis": "indemnity",
                 "year_from": first, "year_to": last}, **more)


def policy(pid, sid, exporter="E1", **more):
    return dict({"policy_id": pid, "scheme_id": sid, "exporter_id": exporter, "status": "effective"}, **more)


def ship(sid, amount, day="", exporter="E1", obligor="B1", **more):
    return dict({"shipment_id": sid, "exporter_id": exporter, "obligor_id": obligor, "amount": amount, "currency": "USD", "payment_term": "OA",
                 "ship_date": day, "status": "shipped" if day else "ready"}, **more)


def book(as_of, schemes, policies, obligors, shipments, **more):
    known = {k: more.pop(k, {}) for k in ("knew_at", "composed")}
    kinds = dict({"schemes": schemes, "exporters": [{"exporter_id": "E%d" % i, "uscc": books.uscc(i), "name": "Firm %d" % i} for i in (1, 2, 3)],
                  "policies": policies, "obligors": [{"obligor_id": o, "type": t, "name": o, "country": c} for o, t, c in obligors],
                  "shipments": shipments}, **more)
    return dict({"as_of": as_of, "kinds": kinds}, **known)


YEARS = [scheme("SZ2021", "2021-01-01", "2022-06-30"), scheme("SZ2022", "2022-07-01", "2023-06-30", pickup_deadline="2022-06-30"),
         scheme("SZ2023", "2023-07-01", "2024-06-30")]
LADDER = [policy("P-2021", "SZ2021", status="expired"), policy("P-2022", "SZ2022", picked_up_on="2022-06-20"), policy("P-2023", "SZ2023")]
UAE = [("B1", "buyer", "AE")]
ORDER = [ship("S1", "200000", etd="2022-12-30")]
TOLD = {"composed": {"E1|B1": "2022-12-27T01:12:03.000Z"}, "knew_at": {"E1|B1": "2022-12-27T01:12:09.000Z"}}
GROWN = [ship("S1", "100000", "2021-11-20", contract_date="2021-11-20", due_date="2022-03-01"),
         ship("S2", "60000", "2021-12-20", contract_date="2021-12-20", due_date="2022-03-01"),
         ship("S3", "40000", "2022-01-20", contract_date="2022-01-20", due_date="2022-03-01"),
         ship("S4", "240000", "2022-02-20", contract_date="2022-02-20", due_date="2022-03-01")]
LOT = [ship("S%03d" % i, "13846.16" if i < 50 else "13846.15", "2020-02-%02d" % (1 + i % 28), currency="HKD", own_contract="0") for i in range(130)]
XIAMEN = [scheme("XM2022", "2022-01-01", "2023-12-31", "50000")]


def hkd(rate):
    return book("2021-03-01", [scheme("SZ2020", "2020-01-01", "2020-12-31")],
                [policy("P-2020", "SZ2020", picked_up_on="2020-08-10", cover_from="2020-01-01")], [("B1", "buyer", "HK")], LOT,
                fx=[{"base": "USD", "quote": "HKD", "rate": rate, "as_of": "2020-03-30"}])


# name, book, then of each row: policy, open, insured, uninsured, if shipped insured and uninsured, reasons, scope
CASES = [
    ("scenario 1 before the alert", book("2022-12-27", YEARS, LADDER, UAE, ORDER),
     [("P-2022", "0.00", "0.00", "0.00", "150000.00", "50000.00", "", "in")]),
    ("scenario 1 after the alert", book("2022-12-27", YEARS, LADDER, UAE, ORDER, **TOLD),
     [("P-2022", "0.00", "0.00", "0.00", "0.00", "200000.00", "K", "in")]),
    ("scenario 1b", book("2022-12-27", YEARS, LADDER, UAE, ORDER + [ship("S0", "120000", "2022-11-15")], **TOLD),
     [("P-2022", "120000.00", "96000.00", "24000.00", "96000.00", "224000.00", "K", "in")]),
    ("scenario 1b without knowledge", book("2022-12-27", YEARS, LADDER, UAE, ORDER + [ship("S0", "120000", "2022-11-15")]),
     [("P-2022", "120000.00", "96000.00", "24000.00", "150000.00", "170000.00", "", "in")]),
] + [("scenario 2 on " + day, book(day, YEARS, LADDER, [("B1", "buyer", "HK")], GROWN),
      [("P-2021", loss, paid, own, paid, own, "", "in")])
     for day, loss, paid, own in (("2021-12-31", "160000.00", "128000.00", "32000.00"), ("2022-01-31", "200000.00", "150000.00", "50000.00"),
                                  ("2022-03-02", "440000.00", "150000.00", "290000.00"))] + [
    ("scenario 3 at " + rate, hkd(rate), [("P-2020", loss, "150000.00", own, "150000.00", own, "", "review")])
    for rate, loss, own in (("7.75", "232258.06", "82258.06"), ("7.80", "230769.23", "80769.23"), ("7.85", "229299.36", "79299.36"))] + [
    ("scenario 5a", book("2022-04-01", XIAMEN, [policy("P-1", "XM2022"), policy("P-2", "XM2022", "E2")],
                         [("B1", "buyer", "US"), ("K1", "bank", "DE")],
                         [ship("S1", "90000", "2022-03-01", bank_id="K1", payment_term="LC", due_date="2022-06-01"),
                          ship("S2", "10000", "2022-03-01", "E2")]),
     [("P-1", "90000.00", "50000.00", "40000.00", "50000.00", "40000.00", "", "in"),
      ("P-2", "10000.00", "8000.00", "2000.00", "8000.00", "2000.00", "", "in")]),
    ("accumulation", book("2022-05-01", YEARS, [policy("P-%d" % i, "SZ2021", "E%d" % i) for i in (1, 2, 3)], [("B1", "buyer", "US")],
                          [ship("S1", "440000", "2022-02-01"), ship("S2", "187500", "2022-02-01", "E2"), ship("S3", "60000", "2022-02-01", "E3")]),
     [("P-1", "440000.00", "150000.00", "290000.00", "150000.00", "290000.00", "", "in"),
      ("P-2", "187500.00", "150000.00", "37500.00", "150000.00", "37500.00", "", "in"),
      ("P-3", "60000.00", "48000.00", "12000.00", "48000.00", "12000.00", "", "in")]),
]


def figures(rows):
    return [(r["policy_id"], r["open"], r["insured"], r["uninsured"], r["if_shipped"]["insured"], r["if_shipped"]["uninsured"],
             "".join(r["reasons"]), r["scope_check"]) for r in rows if r["row"] == "exposure"]


def words_of(name):
    return ["--obligor", "B1"] if name == "accumulation" else []


def table(name, b):
    text = "".join(line.rstrip() + "\n" for line in ask(b, "--table", *words_of(name)).splitlines())
    return "### %s\n\n`creditalarm exposure %s--as-of %s`\n\n```\n%s```\n" % (
        name[0].upper() + name[1:], "".join(w + " " for w in words_of(name)), b["as_of"], text)


def main(argv):
    if argv[1:] == ["--write"]:
        print("\n".join(table(name, b) for name, b, _ in CASES), end="")
        return 0
    if not os.path.exists(BATCH):
        print("skip exposure tables: build/gcc-release/cover_batch is not built")
        return 0
    with open(os.path.join(ROOT, "docs", "EXPOSURE.md"), encoding="utf-8") as f:
        doc = f.read()
    for name, b, want in CASES:
        rows = json.loads(ask(b, *words_of(name)))
        check(name, figures(rows), want)
        check(name + ", the model", figures(model.run(b)), want)
        check(name + ", as printed", table(name, b) in doc, True)
        if words_of(name):
            check(name + ", total", [(r["exporters"], r["insured"]) for r in rows if r["row"] == "total"], [(3, "348000.00")])
    return failed != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))

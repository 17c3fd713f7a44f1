#!/usr/bin/python3
"""The vectors and scenarios of the design documents, run through the model: one line each, ok or FAIL. Exit 1 when one fails."""
import json
import os
import sys
import tempfile

import books
import model

failed = 0


def check(name, got, want):
    global failed
    if got == want:
        print("ok    " + name)
    else:
        failed += 1
        print("FAIL  %s\n      got  %s\n      want %s" % (name, got, want))


def scheme(sid, first, last, cap="150000.00", bp="8000", basis="indemnity", ccy="USD", **more):
    return dict({"scheme_id": sid, "insured_bp": bp, "cap_amount": cap, "cap_currency": ccy, "cap_basis": basis, "year_from": first, "year_to": last}, **more)


SZ2020 = scheme("SZ2020", "2020-01-01", "2020-12-31")
SZ2021 = scheme("SZ2021", "2021-01-01", "2022-06-30")
SZ2022 = scheme("SZ2022", "2022-07-01", "2023-06-30", pickup_deadline="2022-06-30")
SZ2023 = scheme("SZ2023", "2023-07-01", "2024-06-30", pickup_deadline="2023-06-30")
XM = scheme("XM2022", "2022-01-01", "2023-12-31", cap="50000.00")


def policy(pid, sid, exporter="E1", status="effective", **more):
    return dict({"policy_id": pid, "scheme_id": sid, "exporter_id": exporter, "status": status}, **more)


def obligor(oid, country="US", kind="buyer"):
    return {"obligor_id": oid, "type": kind, "name": "Name " + oid, "country": country}


count = 0


def ship(amount, ship_date="", exporter="E1", ob="B1", ccy="USD", term="OA", status="", **more):
    global count
    count += 1
    return dict({"shipment_id": "S%06d" % count, "exporter_id": exporter, "obligor_id": ob, "amount": amount, "currency": ccy, "payment_term": term,
                 "ship_date": ship_date, "status": status or ("shipped" if ship_date else "ready")}, **more)


def kinds(schemes, policies, obligors, shipments, **more):
    return dict({"schemes": schemes, "exporters": [{"exporter_id": "E%d" % i, "uscc": books.uscc(i), "name": "Firm %d" % i} for i in (1, 2, 3)],
                 "policies": policies, "obligors": obligors, "shipments": shipments}, **more)


def rows(book, as_of, **known):
    return model.exposure(book, as_of, **known)


def show(r):
    return "%s/%s if %s/%s %s" % (r["insured"], r["uninsured"], r["if_shipped"]["insured"], r["if_shipped"]["uninsured"], "".join(r["reasons"]))


def simple(s, shipments, as_of, **more):
    return rows(kinds([s], [policy("P1", s["scheme_id"])], [obligor("B1")], shipments, **more), as_of)


def two(r):
    return r["insured"] + "/" + r["uninsured"]


# d1.3
LOSS = dict(SZ2021, cap_basis="loss")
HKD = {"fx": [{"base": "USD", "quote": "HKD", "rate": "7.80", "as_of": "2022-02-01"}]}
v1 = simple(SZ2021, [ship("440000.00", "2022-02-01")], "2022-05-01")[0]
check("V1", two(v1), "150000.00/290000.00")
check("V1 share of own loss 65.909 %", 29000000 * 100000 // 44000000, 65909)
v1b = simple(LOSS, [ship("440000.00", "2022-02-01")], "2022-05-01")[0]
check("V1b (basis loss gives what the source contradicts)", (two(v1b), two(v1) != two(v1b)), ("120000.00/320000.00", True))
v2 = simple(SZ2021, [ship("1800000.00", "2022-02-01", ccy="HKD")], "2022-05-01", **HKD)[0]
check("V2", (v2["open"], two(v2)), ("230769.23", "150000.00/80769.23"))
v2b = simple(LOSS, [ship("1800000.00", "2022-02-01", ccy="HKD")], "2022-05-01", **HKD)[0]
check("V2b (basis loss gives what the source contradicts)", (v2b["insured"], two(v2) != two(v2b)), ("120000.00", True))
for peg, eighty in (("7.75", 185806), ("7.85", 183439)):
    got = model.Fx([{"base": "USD", "quote": "HKD", "rate": peg, "as_of": "2022-02-01"}], "2022-05-01").convert(180000000, "HKD", "USD") * 8000 // 1000000
    check("V2 80 %% at %s" % peg, got, eighty)
check("V3", two(simple(SZ2022, [ship("200000.00", "2022-12-26")], "2022-12-27")[0]), "150000.00/50000.00")
uae = kinds([SZ2021, SZ2022, SZ2023], [policy("P1", "SZ2021", status="expired"), policy("P2", "SZ2022", picked_up_on="2022-06-20", issued_on="2022-06-25"),
            policy("P3", "SZ2023")], [obligor("B1", "AE")], [ship("200000.00", etd="2022-12-30")])
KNEW, COMPOSED = {"E1|B1": "2022-12-27T01:12:09.000Z"}, {"E1|B1": "2022-12-27T01:12:03.000Z"}
check("V4", show(rows(uae, "2022-12-27", composed=COMPOSED)[0]), "0.00/0.00 if 0.00/200000.00 K")
check("V5", two(simple(SZ2021, [ship("187500.00", "2022-02-01")], "2022-05-01")[0]), "150000.00/37500.00")
check("V6", two(simple(SZ2021, [ship("187499.99", "2022-02-01")], "2022-05-01")[0]), "149999.99/37500.00")
v7 = simple(XM, [ship("62500.00", "2022-02-01")], "2022-05-01")[0]
check("V7", (two(v7), v7["break_even"]), ("50000.00/12500.00", "62500.00"))
lc = kinds([XM], [policy("P1", "XM2022"), policy("P2", "XM2022", "E2")], [obligor("B1"), obligor("K1", kind="bank")],
           [ship("90000.00", "2022-03-01", term="LC", bank_id="K1", due_date="2022-06-01"), ship("10000.00", "2022-03-01", "E2")])
check("V8", [(r["exporter_id"], r["obligor_id"], r["obligor_type"], two(r)) for r in rows(lc, "2022-04-01")],
      [("E1", "K1", "bank", "50000.00/40000.00"), ("E2", "B1", "buyer", "8000.00/2000.00")])
check("V9", two(simple(XM, [ship("70000.00", "2022-03-20", status="resold", paid_amount="45000.00")], "2022-05-01")[0]), "20000.00/5000.00")
v10 = rows(kinds([SZ2021], [policy("P%d" % i, "SZ2021", "E%d" % i) for i in (1, 2, 3)], [obligor("B1")],
                 [ship("440000.00", "2022-02-01", "E1"), ship("187500.00", "2022-02-01", "E2"), ship("60000.00", "2022-02-01", "E3")]), "2022-05-01")
check("V10", (model.totals(v10)[0]["insured"], model.totals(v10)[0]["exporters"]), ("348000.00", 3))
check("V11", model.recovery_share(8800000, 15000000, 44000000), (3000000, 5800000))
check("V12", show(simple(SZ2021, [ship("1000.00", "2022-02-01", paid_amount="1000.00")], "2022-05-01")[0]), "0.00/0.00 if 0.00/0.00 ")
v13 = simple(SZ2021, [ship("999999999999999.99", "2022-02-01") for _ in range(92)], "2022-05-01")[0]
check("V13", (v13["open"], two(v13)), ("91999999999999999.08", "150000.00/91999999999849999.08"))
v13b = simple(dict(SZ2021, cap_amount="999999999999999.99"), [ship("999999999999999.99", "2022-02-01") for _ in range(2)], "2022-05-01")[0]
check("V13 huge cap", (v13b["insured"], v13b["break_even"]), ("999999999999999.99", "1249999999999999.99"))

# contract section 0 and scenario 1
r = rows(uae, "2022-12-27")
check("c0 scenario 1 before the alert", (len(r), show(r[0])), (1, "0.00/0.00 if 150000.00/50000.00 "))
check("scenario 1 policy year", (r[0]["scheme_id"], r[0]["policy_id"], r[0]["next_etd"], r[0]["unshipped"]), ("SZ2022", "P2", "2022-12-30", "200000.00"))
check("c0 scenario 1 after", show(rows(uae, "2022-12-27", composed=COMPOSED, knew_at=KNEW)[0]), "0.00/0.00 if 0.00/200000.00 K")
b = json.loads(json.dumps(uae))
b["shipments"].append(ship("120000.00", "2022-11-15"))
check("c0 scenario 1b after", show(rows(b, "2022-12-27", composed=COMPOSED, knew_at=KNEW)[0]), "96000.00/24000.00 if 96000.00/224000.00 K")
check("c0 120,000 open, 200,000 unshipped, no K", show(rows(b, "2022-12-27")[0]), "96000.00/24000.00 if 150000.00/170000.00 ")
for day, want in (("2022-12-30", "0.00/200000.00 if 0.00/200000.00 K"), ("2022-12-28", "0.00/200000.00 if 0.00/200000.00 K"),
                  ("2022-12-27", "150000.00/50000.00 if 150000.00/50000.00 ")):
    c = json.loads(json.dumps(uae))
    c["shipments"][0].update(ship_date=day, status="shipped")
    check("scenario 1c shipped " + day, show(rows(c, "2022-12-31", composed=COMPOSED, knew_at=KNEW)[0]), want)
    check("scenario 1c shipped %s, never delivered" % day, show(rows(c, "2022-12-31", composed=COMPOSED)[0]), "150000.00/50000.00 if 150000.00/50000.00 ")
c["shipments"][0]["ship_date"] = "2022-12-28"
check("K counts in Shanghai days", rows(c, "2022-12-31", knew_at={"E1|B1": "2022-12-27T16:00:00.000Z"})[0]["reasons"], [])
check("K counts in Shanghai days (before midnight)", rows(c, "2022-12-31", knew_at={"E1|B1": "2022-12-27T15:59:59.999Z"})[0]["reasons"], ["K"])

# scenario 2
grow = [("2021-11-20", "100000.00"), ("2021-12-20", "60000.00"), ("2022-01-20", "40000.00"), ("2022-02-20", "240000.00")]
all4 = [ship(a, d, due_date="2022-03-01", contract_date=d) for d, a in grow]
for as_of, want in (("2021-11-30", "80000.00/20000.00"), ("2021-12-31", "128000.00/32000.00"), ("2022-01-31", "150000.00/50000.00"), ("2022-02-28", "150000.00/290000.00")):
    check("scenario 2 " + as_of, two(simple(SZ2021, all4, as_of)[0]), want)
r = simple(SZ2021, all4, "2022-03-02")[0]
check("scenario 2 overdue", (r["overdue"], r["max_dpd"], r["break_even"], r["shipments"]), ("440000.00", 1, "187500.00", 4))
check("scenario 2 on the due date", [simple(SZ2021, all4, "2022-03-01")[0][f] for f in ("overdue", "max_dpd")], ["0.00", 0])
check("scenario 2 litigation HKD 10,000,000", model.Fx(HKD["fx"], "2022-05-01").convert(10 ** 9, "HKD", "USD"), 128205128)

# scenario 3: 130 invoices of HKD 13,846.15 and a cent more in fifty of them
lot = [ship("13846.16" if i < 50 else "13846.15", "2020-02-%02d" % (1 + i % 28), ccy="HKD", own_contract="0") for i in range(130)]
for rate, loss, own in (("7.75", "232258.06", "82258.06"), ("7.80", "230769.23", "80769.23"), ("7.85", "229299.36", "79299.36")):
    r = rows(kinds([SZ2020, SZ2021], [policy("P0", "SZ2020", status="expired", picked_up_on="2020-08-10", cover_from="2020-01-01"), policy("P1", "SZ2021")],
                   [obligor("B1", "HK")], lot, fx=[{"base": "USD", "quote": "HKD", "rate": rate, "as_of": "2020-03-30"}]), "2021-03-01")
    check("scenario 3 at " + rate, (len(r), r[0]["policy_id"], r[0]["shipments"], r[0]["open"], two(r[0]), r[0]["scope_check"], r[0]["reasons"]),
          (1, "P0", 130, loss, "150000.00/" + own, "review", []))

# scenario 4
s = ship("70000.00", "2022-03-20", due_date="2022-05-19", dest_country="CN")
check("scenario 4", two(simple(XM, [s], "2022-04-10")[0]), "50000.00/20000.00")
sold = {"receipts": [{"receipt_id": "R1", "exporter_id": "E1", "obligor_id": "B1", "amount": "45000.00", "currency": "USD", "received_on": "2022-06-01",
                      "shipment_id": s["shipment_id"], "receipt_kind": "resale"}]}
check("scenario 4 the day before the resale", two(simple(XM, [s], "2022-05-31", **sold)[0]), "50000.00/20000.00")
check("scenario 4 after the resale", (two(simple(XM, [s], "2022-06-01", **sold)[0]), simple(XM, [s], "2022-06-01", **sold)[0]["open"]), ("20000.00/5000.00", "25000.00"))
sold["receipts"][0]["receipt_kind"] = "recovery"
check("a recovery reduces nothing", two(simple(XM, [s], "2022-06-01", **sold)[0]), "50000.00/20000.00")

# scenario 5
r = rows(lc, "2022-04-01")
check("scenario 5a bank", (r[0]["obligor_id"], r[0]["open"], two(r[0])), ("K1", "90000.00", "50000.00/40000.00"))
check("scenario 5a the buyer's own exposure stays 0", [x["exporter_id"] for x in r if x["obligor_id"] == "B1"], ["E2"])
check("scenario 5a nothing on the bank for O/A", [x["exporter_id"] for x in r if x["obligor_id"] == "K1"], ["E1"])
late = kinds([SZ2023], [policy("P1", "SZ2023", picked_up_on="2023-08-10", issued_on="2023-08-15")], [obligor("B1")], [ship("100000.00", "2023-07-20")])
r = rows(late, "2023-09-01")[0]
check("scenario 5b late", (r["policy_id"], show(r)), (None, "0.00/100000.00 if 0.00/100000.00 W"))
for day, want in (("2023-08-14", "W"), ("2023-08-15", ""), ("2024-06-30", ""), ("2024-07-01", "W")):
    late["shipments"][0]["ship_date"] = day
    check("scenario 5b window " + day, "".join(rows(late, "2024-07-15")[0]["reasons"]), want)
late["shipments"][0]["ship_date"] = "2023-07-20"
late["policies"][0]["picked_up_on"] = "2023-06-30"
check("scenario 5b in time", show(rows(late, "2023-09-01")[0]), "80000.00/20000.00 if 80000.00/20000.00 ")
late["policies"][0].update(picked_up_on="2023-07-01", issued_on="")
check("scenario 5b late and never issued", "".join(rows(late, "2024-07-15")[0]["reasons"]), "W")

# f6.2
ECB = [{"base": "EUR", "quote": q, "rate": r, "as_of": "2026-04-13"} for q, r in (("USD", "1.1684"), ("CNY", "7.9827"), ("JPY", "186.75"), ("GBP", "0.87058"))]
fx = model.Fx(ECB, "2026-04-14")
check("f6.2 CNY", fx.convert(100000000, "CNY", "USD"), 14636652)
check("f6.2 JPY", fx.convert(1000000, "JPY", "USD"), 625649)
check("f6.2 GBP", fx.convert(100000000, "GBP", "USD"), 134209378)
check("f6.2 not before its day", model.Fx(ECB, "2026-04-12").convert(1, "CNY", "USD"), None)
check("half-even", [model.half_even(n, 2) for n in (1, 3, 5, 7)], [0, 2, 2, 4])
r = simple(SZ2021, [ship("100.00", "2022-02-01", ccy="RUB"), ship("50.00", "2022-02-01")], "2022-05-01")[0]
check("no rate: left out, F, estimated", (r["open"], r["reasons"], r["quality"]), ("50.00", ["F"], "estimated"))

# the other codes
def code(extra=None, s=None, p=None, as_of="2022-05-01", sch=SZ2021, **more):
    x = ship("1000.00", "2022-02-01", **(s or {}))
    return "".join(rows(kinds([sch], [policy("P1", sch["scheme_id"], **(p or {}))], [obligor("B1"), obligor("K1", "DE", "bank")], [x], **more), as_of)[0]["reasons"])


def cover(status, first, last=""):
    return [{"country": "US", "status": status, "effective_from": first, "effective_to": last}]


def lim(amount, first, status="approved", **more):
    return dict({"policy_id": "P1", "obligor_id": "B1", "amount": amount, "currency": "USD", "status": status, "effective_from": first}, **more)


check("T same day next year", code(s={"due_date": "2023-02-01"}), "")
check("T a day later", code(s={"due_date": "2023-02-02"}), "T")
check("T 90 days", (code(s={"due_date": "2022-05-02"}, sch=dict(SZ2021, max_credit_days="90")), code(s={"due_date": "2022-05-03"}, sch=dict(SZ2021, max_credit_days="90"))), ("", "T"))
check("S", (code(s={"own_customs": "0"}), code(s={"own_contract": "0"})), ("S", ""))
check("C", [code(country_cover=cover(x, d)) for x, d in (("off", "2022-02-01"), ("excluded", "2022-02-01"), ("off", "2022-02-02"), ("restricted", "2021-01-01"))], ["C", "C", "", ""])
check("C is the bank's country under LC", code(s={"term": "LC", "bank_id": "K1"}, country_cover=cover("off", "2021-01-01")), "")
check("D", (code(s={"declared": "0"}), code(s={"declared": "0"}, p={"declaration": "1"})), ("", "D"))
check("A X", code(s={"affiliate": "1", "disputed": "1"}), "AX")
check("L", [code(limits=[x]) for x in (lim("500.00", "2022-02-01"), lim("500.00", "2022-02-02"), lim("0", "2022-01-01"), lim("9.00", "2022-01-01", "declined"),
      lim("9.00", "2022-01-01", "withdrawn"), lim("9.00", "2022-01-01", "reduced"), lim("9.00", "2022-01-01", effective_to="2022-01-31"),
      lim("9.00", "2022-01-01", effective_to="2022-02-01"), lim("9.00", "2022-01-01", payment_term="DP"), lim("9.00", "2022-01-01", payment_term="OA"))],
      ["", "L", "L", "L", "L", "", "L", "", "L", ""])
r = simple(SZ2021, [ship("200000.00", "2022-02-01")], "2022-05-01", limits=[lim("100000.00", "2022-01-01")])[0]
check("limit, basis indemnity", two(r), "80000.00/120000.00")
r = simple(dict(SZ2021, cap_basis="loss"), [ship("200000.00", "2022-02-01")], "2022-05-01", limits=[lim("180000.00", "2022-01-01")])[0]
check("limit, basis loss", two(r), "120000.00/80000.00")
r = simple(SZ2021, [ship("100000.00", "2022-02-01"), ship("100000.00", "2022-03-01")], "2022-05-01", limits=[lim("100000.00", "2022-01-01"), lim("50000.00", "2022-03-01", "reduced")])[0]
check("a reduced limit bounds later shipments, earlier ones keep theirs", two(r), "120000.00/80000.00")
r = rows(kinds([dict(SZ2021, annual_cap="100000.00")], [policy("P1", "SZ2021", paid_to_date="10000.00")], [obligor("B1"), obligor("B2")],
               [ship("100000.00", "2022-02-01"), ship("100000.00", "2022-02-01", ob="B2")]), "2022-05-01")
check("annual cap in printed order", [two(x) for x in r], ["80000.00/20000.00", "10000.00/90000.00"])
x, y = ship("100.00", "2022-02-01", due_date="2022-03-02"), ship("100.00", "2022-02-01", due_date="2022-03-01")
got = {"receipts": [{"receipt_id": "R1", "exporter_id": "E1", "obligor_id": "B1", "amount": "150.00", "currency": "USD", "received_on": "2022-05-01"}]}
r = simple(SZ2021, [x, y], "2022-05-01", **got)[0]
check("a receipt pays the oldest due_date first", (r["open"], r["overdue"], r["max_dpd"]), ("50.00", "50.00", 60))

# the same through a folder of CSV files
with tempfile.TemporaryDirectory() as folder:
    for name, book, as_of in (("uae", uae, "2022-12-27"), ("lc", lc, "2022-04-01"), ("late", late, "2023-09-01")):
        path = os.path.join(folder, name)
        books.write_folder({"kinds": book, "as_of": as_of}, path)
        check("CSV folder " + name, model.exposure(model.read_folder(path), as_of), rows(book, as_of))

check("USCC of the design", books.uscc_valid("91350100M000100Y43") and not books.uscc_valid("91350100M000100Y44"), True)
check("USCC made up", all(books.uscc_valid(books.uscc(i)) for i in range(100)), True)
print("%s" % ("all ok" if not failed else "%d failed" % failed))
sys.exit(1 if failed else 0)

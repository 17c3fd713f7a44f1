#!/usr/bin/python3
"""Random small whole books from a seed.

    books.py [--plain] [--with NAME,...] jsonl N SEED           one book a line on stdout
    books.py [--plain] [--with NAME,...] csv N SEED FOLDER      FOLDER/000000/*.csv, as_of and known.json

Book i of a seed is the same whatever N is. A line is {"as_of", "knew_at", "composed", "kinds": {kind: [rows]}}; a row holds texts only,
an empty column is left out. --plain leaves out what the documents leave open (OPEN below); --with puts single items back.
"""
import csv
import json
import os
import random
import sys
from datetime import date, timedelta

import model

OPEN = {                                                     # item: reading of model.py it touches
    "limits2": "R16", "limitfx": "R17", "settled": "R7", "future": "R4", "pastetd": "R4 R13", "undated": "R5", "recleft": "R9", "recmix": "R8",
    "reccur": "R10", "nodue": "R11 R15", "leap": "R15", "fxpaths": "R24", "orderfail": "R20", "scopemix": "R21", "annualcap": "R23", "coverend": "R14",
    "recorder": "R9", "fxstale": "R24", "lossbasis": "R25", "composed": "R27", "knewlater": "R27", "crosslimit": "R17"}
COLUMNS = {
    "schemes": "scheme_id name_zh name_en insured_bp cap_amount cap_currency cap_basis year_from year_to pickup_deadline max_credit_days duty_profile "
               "free_reports export_max export_zero_ok annual_cap knew_at_basis",
    "exporters": "exporter_id uscc name lang branch contact_ref export_amount export_year",
    "policies": "policy_id scheme_id exporter_id status picked_up_on issued_on cover_from cover_to reports_used data_authorised assignee dcl_amount "
                "declaration paid_to_date",
    "obligors": "obligor_id type name aliases country jurisdiction ids address natural_person",
    "follows": "exporter_id obligor_id last_order_on",
    "limits": "policy_id obligor_id amount currency payment_term credit_days status announced_at effective_from effective_to",
    "shipments": "shipment_id exporter_id obligor_id bank_id invoice_ref amount currency payment_term contract_date etd ship_date due_date paid_amount "
                 "status own_contract own_customs declared disputed affiliate docs_released_on product dest_country dest_port",
    "receipts": "receipt_id exporter_id obligor_id amount currency received_on shipment_id receipt_kind",
    "country_cover": "country status effective_from effective_to conditions",
    "country_limits": "country amount currency effective_from", "country_ratings": "source country native published_on",
    "fx": "base quote rate as_of"}
COUNTRIES = ["US", "AE", "HK", "DE", "BR"]
ECB = {"USD": (1.05, 4), "CNY": (7.6, 4), "JPY": (158.0, 2), "HKD": (8.2, 4), "GBP": (0.86, 5), "KRW": (1400.0, 2)}
CODE = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def uscc(n):
    """A made-up unified social credit code: GB 11714 and GB 32100 check digits hold."""
    org = "MA%06d" % n
    value = {c: i for i, c in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
    c9 = 11 - sum(w * value[c] for w, c in zip((3, 7, 9, 10, 5, 8, 4, 2), org)) % 11
    body = "91440300" + org + ("X" if c9 == 10 else "0" if c9 == 11 else str(c9))
    return body + CODE[(31 - sum(pow(3, i, 31) * CODE.index(c) for i, c in enumerate(body)) % 31) % 31]


def uscc_valid(code):
    return len(code) == 18 and all(c in CODE for c in code) and \
        CODE[(31 - sum(pow(3, i, 31) * CODE.index(c) for i, c in enumerate(code[:17])) % 31) % 31] == code[17]


USCC = [uscc(i) for i in range(8)]
DAY0 = date(2020, 1, 1)


class Maker:
    def __init__(self, seed, index, items):
        self.r = random.Random("%s:%d" % (seed, index))
        self.items = items
        self.pool = []

    def p(self, chance):
        return self.r.random() < chance

    def on(self, item, chance):
        """An open item: drawn always, so that a book changes little when items are switched off."""
        return self.r.random() < chance and item in self.items

    def iso(self, ordinal):
        return date.fromordinal(ordinal).isoformat()

    def mark(self, day):
        self.pool.append(date.fromisoformat(day).toordinal())
        return day

    def some_day(self, around=None, before=400, after=120):
        """Half of the days are at or beside a day that means something."""
        if self.pool and self.p(0.55):
            return self.iso(self.r.choice(self.pool) + self.r.choice((-1, 0, 0, 0, 1)))
        return self.iso(around + self.r.randint(-before, after))

    def amount(self, ccy, interesting=()):
        e = model.EXPONENT.get(ccy, 2)
        x = self.r.random()
        if interesting and x < 0.25:
            n = max(1, self.r.choice(interesting) + self.r.choice((-1, 0, 0, 1)))
        elif x < 0.5:
            n = self.r.randint(1, 400) * 1000 * 10 ** e
        elif x < 0.97:
            n = self.r.randint(1, 10 ** self.r.randint(3, 8) * 4)
        elif x < 0.985:
            n = 10 ** (15 + e) - 1 - self.r.randint(0, 9)
        else:
            n = self.r.randint(1, 9)
        return model.money(min(n, 10 ** (15 + e) - 1), ccy)                           # c0 Money: at most 15 digits before the point

    def make(self):
        r = self.r
        as_of_n = date(2022, 1, 1).toordinal() + r.randint(0, 1000)
        as_of = self.iso(as_of_n)
        kinds = {k: [] for k in model.KINDS}

        # schemes: years that follow one another, sometimes with a hole or an overlap
        year = int(as_of[:4]) - r.choice((0, 1, 1, 1, 2))
        cap_ccy = r.choice(("USD",) * 8 + ("CNY", "EUR", "JPY", "HKD"))
        first = date(year, r.choice((1, 7)), 1).toordinal()
        self.breaks = []
        for i in range(r.choice((1, 2, 2, 3, 3, 4))):
            last = first + r.choice((364, 364, 365, 545))
            basis = "loss" if self.on("lossbasis", 0.25) else "indemnity"
            bp = r.choice((8000,) * 6 + (7000, 9000, 9500, 10000, 6667))
            cap = r.choice(("150000", "50000", "62500.00", "0.01", "1000.00")) if self.p(0.9) else "999999999999999"
            if cap_ccy == "JPY":
                cap = cap.split(".")[0] if cap != "0.01" else "1"
            s = {"scheme_id": "SC%d" % i, "name_zh": "计划%d" % i, "insured_bp": str(bp), "cap_amount": cap, "cap_currency": cap_ccy, "cap_basis": basis,
                 "year_from": self.mark(self.iso(first)), "year_to": self.mark(self.iso(last))}
            if self.p(0.8):
                s["pickup_deadline"] = self.iso(first - 1)
            if self.p(0.4):
                s["max_credit_days"] = r.choice(("365", "90", "60", "180", "364", "366", "30"))
            if self.on("annualcap", 0.2):
                s["annual_cap"] = self.amount(cap_ccy, (model.minor(cap, cap_ccy),))
            kinds["schemes"].append(s)
            self.breaks += [model.minor(cap, cap_ccy), model.break_even(bp, model.minor(cap, cap_ccy), "indemnity")]
            first = last + 1 + r.choice((0, 0, 0, 0, 31, -20))
        self.mark(as_of)

        # exporters, obligors
        for i in range(r.choice((1, 1, 2, 3))):
            kinds["exporters"].append({"exporter_id": "E%d" % i, "uscc": USCC[i], "name": "出口企业%d" % i})
        buyers, banks = [], []
        for i in range(r.choice((1, 1, 2, 3))):
            buyers.append("B%d" % i)
            kinds["obligors"].append({"obligor_id": "B%d" % i, "type": r.choice(("buyer",) * 5 + ("guarantor",)), "name": "Buyer %d" % i, "country": r.choice(COUNTRIES)})
        if self.p(0.35):
            banks.append("K0")
            kinds["obligors"].append({"obligor_id": "K0", "type": "bank", "name": "Bank 0", "country": r.choice(COUNTRIES)})
        parties = buyers + banks

        # policies
        for e in kinds["exporters"]:
            for s in kinds["schemes"]:
                for copy in range(0 if self.p(0.12) else 2 if self.p(0.1) else 1):
                    p = {"policy_id": "P%02d" % r.randint(0, 99) + e["exporter_id"] + s["scheme_id"] + "-%d" % copy, "scheme_id": s["scheme_id"],
                         "exporter_id": e["exporter_id"],
                         "status": r.choice(("effective",) * 16 + ("received",) * 10 + ("expired",) * 10 + ("listed", "pending_confirm", "submitted", "in_review", "cancelled"))}
                    start = date.fromisoformat(s["year_from"]).toordinal()
                    if self.p(0.75):
                        p["picked_up_on"] = self.iso(start - 1 + r.choice((-30, -1, 0, 0, 1, 1, 40, 41)))
                    if self.p(0.8):
                        p["issued_on"] = self.mark(self.iso(start + r.choice((-20, 3, 5, 45, 50))))
                    if self.p(0.12):
                        p["cover_from"] = self.mark(self.iso(start + r.choice((-40, -1, 0, 15, 60))))
                    if self.p(0.08):
                        p["cover_to"] = self.mark(self.iso(start + r.choice((200, 300, 364, 380))))
                    if self.p(0.15):
                        p["declaration"] = "1"
                    if "annual_cap" in s and self.p(0.7):
                        p["paid_to_date"] = self.amount(cap_ccy, (model.minor(s["annual_cap"], cap_ccy),))
                    kinds["policies"].append(p)

        # knowledge
        knew, composed = {}, {}
        for e in kinds["exporters"]:
            for o in parties:
                if self.p(0.25):
                    day = date.fromisoformat(self.some_day(as_of_n, 200, 0)).toordinal()
                    day = as_of_n + r.choice((1, 2, 20)) if self.on("knewlater", 0.1) else min(day, as_of_n)
                    hour = r.choice((1, 9, 15, 16, 23))
                    utc = date.fromordinal(day) if hour < 16 else date.fromordinal(day - 1)          # 16:00 UTC is the next day in Shanghai
                    at = "%sT%02d:%s.000Z" % (utc.isoformat(), hour, "59:59" if hour == 15 else "00:00")
                    self.mark(self.iso(day))
                    pair = e["exporter_id"] + "|" + o
                    composed[pair] = at
                    if self.on("composed", 0.3):
                        continue                                                                    # composed, not delivered
                    knew[pair] = at

        # country cover, limits
        for c in COUNTRIES:
            if self.p(0.15):
                seen = set()
                for _ in range(r.randint(1, 3)):
                    d = self.some_day(as_of_n, 600, 60)
                    if d in seen:
                        continue
                    seen.add(d)
                    row = {"country": c, "status": r.choice(("open", "restricted", "off", "excluded")), "effective_from": self.mark(d)}
                    if self.on("coverend", 0.3):
                        row["effective_to"] = self.mark(self.iso(date.fromisoformat(d).toordinal() + r.randint(0, 200)))
                    kinds["country_cover"].append(row)
        for p in kinds["policies"]:
            for o in parties:
                if self.p(0.2):
                    seen = set()
                    for _ in range(r.randint(2, 3) if self.on("limits2", 0.4) else 1):
                        d = self.some_day(as_of_n, 600, 60)
                        if d in seen:
                            continue
                        seen.add(d)
                        ccy = cap_ccy
                        if self.on("limitfx", 0.15):
                            ccy = r.choice(list(ECB) + ["EUR"] + (["XXX"] if "crosslimit" in self.items else []))
                        ccy = "RUB" if ccy == "XXX" else ccy
                        row = {"policy_id": p["policy_id"], "obligor_id": o, "amount": "0" if self.p(0.07) else self.amount(ccy, self.breaks if ccy == cap_ccy else ()),
                               "currency": ccy, "status": r.choice(("approved",) * 6 + ("reduced",) * 3 + ("withdrawn", "expired", "declined")), "effective_from": self.mark(d)}
                        if self.p(0.5):
                            row["payment_term"] = r.choice(("LC", "DP", "DA", "OA", "OA", "OA"))
                        if self.p(0.25):
                            row["effective_to"] = self.mark(self.iso(date.fromisoformat(d).toordinal() + r.randint(0, 300)))
                        kinds["limits"].append(row)

        # rates: units per 1 EUR, all of one day, with holes, as of days before as-of and one after
        ccys = [cap_ccy] if self.p(0.55) else [cap_ccy] * 2 + r.sample(["EUR"] + list(ECB), 2) + (["RUB"] if self.p(0.3) else [])
        if len(set(ccys)) > 1 or any(x["currency"] != cap_ccy for x in kinds["limits"]):
            even = self.p(0.2)                                                              # round rates give exact halves
            back = r.choice((0, 1, 3)) + (r.choice((0, 10, 400)) if self.on("fxstale", 0.3) else 0)
            for off in (-back - 7, -back - 1, -back, 1):
                for q, (mid, places) in ECB.items():
                    if not self.p(0.07):
                        kinds["fx"].append({"base": "EUR", "quote": q, "as_of": self.iso(as_of_n + off),
                                            "rate": r.choice(("1.0000", "8", "0.5", "160.00", "2.50")) if even else "%.*f" % (places, mid * r.uniform(0.9, 1.1))})
            if self.on("fxpaths", 0.3):
                for _ in range(r.randint(1, 3)):
                    a, b = r.sample(["EUR", "RUB"] + list(ECB), 2)
                    row = {"base": a, "quote": b, "rate": "%.4f" % r.uniform(0.01, 90), "as_of": self.iso(as_of_n - r.randint(0, 12))}
                    if not any((x["base"], x["quote"], x["as_of"]) == (row["base"], row["quote"], row["as_of"]) for x in kinds["fx"]):
                        kinds["fx"].append(row)

        # shipments
        count = 0
        orderless = self.p(0.4)
        for e in kinds["exporters"]:
            for _ in range(r.randint(1, 7) if self.p(0.97) else r.randint(20, 40)):
                count += 1
                ccy = r.choice(ccys)
                term = r.choice(("OA",) * 5 + ("DP", "DA", "DA", "PREPAID")) if not banks or self.p(0.6) else "LC"
                s = {"shipment_id": "S%03d" % r.randint(0, 899) + "%03d" % count, "exporter_id": e["exporter_id"], "obligor_id": r.choice(buyers)}
                if term == "LC":
                    s["bank_id"] = r.choice(banks)
                amount = self.amount(ccy, self.breaks if ccy == cap_ccy else ())
                s.update(amount=amount, currency=ccy, payment_term=term)
                day = self.some_day(as_of_n)
                shipped = day <= as_of and (orderless or self.p(0.7))
                if shipped:
                    s["ship_date"] = day
                    s["status"] = r.choice(("shipped",) * 6 + ("overdue", "overdue", "paid", "claimed", "resold", "cancelled"))
                    if self.p(0.3):
                        s["etd"] = self.some_day(as_of_n)
                else:
                    s["status"] = r.choice(("contracted", "ready", "ready", "cancelled"))
                    if self.on("undated", 0.05):
                        s["status"] = r.choice(("shipped", "overdue", "claimed", "resold"))
                    if self.p(0.8):
                        s["etd"] = day if day >= as_of or self.on("pastetd", 0.8) else self.iso(as_of_n + r.randint(0, 90))
                    if self.on("future", 0.1):
                        s["ship_date"] = self.iso(as_of_n + r.choice((1, 1, 30)))
                start = date.fromisoformat(s.get("ship_date") or s.get("etd") or as_of).toordinal()
                if not self.on("nodue", 0.08):
                    plus = r.choice((0, 30, 30, 60, 60, 61, 90, 90, 91, 120, 180, 181, 364, 365, 366, 367))
                    due = self.iso(start + plus)
                    if self.p(0.15):
                        due = self.iso(as_of_n + r.choice((-1, 0, 1)))
                    if self.p(0.15) and kinds["shipments"] and kinds["shipments"][-1].get("due_date"):
                        due = kinds["shipments"][-1]["due_date"]                        # ties among due dates
                    if due[5:] == "02-28" and "leap" not in self.items:
                        due = self.iso(date.fromisoformat(due).toordinal() - 1)
                    s["due_date"] = due
                if self.p(0.4):
                    s["contract_date"] = self.iso(start - r.randint(0, 60)) if self.p(0.9) else self.some_day(as_of_n)
                if self.p(0.15):
                    cents = model.minor(amount, ccy)
                    x = r.randint(0, max(cents - 1, 0))
                    if self.on("settled", 0.3):
                        x = min(cents + r.choice((0, 1)), 10 ** 15 - 1)
                    s["paid_amount"] = model.money(x, ccy)
                if self.p(0.12):
                    s["own_contract"] = "0" if self.p(0.9) else "1"
                if self.p(0.05):
                    s["own_customs"] = "0"
                if self.p(0.12) and (shipped or self.on("orderfail", 1)):
                    s["declared"] = r.choice("01")
                for f, chance in (("disputed", 0.05), ("affiliate", 0.04)):
                    if self.p(chance):
                        s[f] = "1" if self.p(0.9) else "0"
                if self.p(0.1):
                    s["dest_country"] = r.choice(COUNTRIES)
                kinds["shipments"].append(s)
        if "scopemix" not in self.items:
            flags = {}
            for s in kinds["shipments"]:                                                # one scope per exporter
                f = flags.setdefault(s["exporter_id"], (s.get("own_contract"), s.get("own_customs")))
                for name, v in zip(("own_contract", "own_customs"), f):
                    s.pop(name, None)
                    if v:
                        s[name] = v

        # receipts
        if self.p(0.35):
            named_only = self.p(0.5)
            for i in range(r.randint(1, 4)):
                s = r.choice(kinds["shipments"])
                row = {"receipt_id": "R%d" % i, "exporter_id": s["exporter_id"], "obligor_id": s.get("bank_id") or s["obligor_id"]}
                ccy = s["currency"]
                if self.on("reccur", 0.1):
                    ccy = r.choice(("EUR", "USD", "CNY", "JPY"))
                cents = model.minor(s["amount"], s["currency"])
                amount = model.money(max(1, min(r.randint(1, cents * 2 if self.on("recleft", 0.5) else cents), 10 ** 15 - 1)), ccy)
                row.update(amount=amount, currency=ccy, received_on=self.iso(as_of_n - r.choice((-1, 0, 1, 20, 100))))
                if named_only if not self.on("recmix", 0.5) else self.p(0.5):
                    row["shipment_id"] = s["shipment_id"]
                if self.p(0.6):
                    row["receipt_kind"] = r.choice(("payment", "payment", "resale", "recovery"))
                kinds["receipts"].append(row)

        for t in kinds.values():
            r.shuffle(t)                                                                # rows come in any order
        return {"as_of": as_of, "knew_at": knew, "composed": composed, "kinds": {k: t for k, t in kinds.items() if t}}


def book(seed, index, items=frozenset(OPEN)):
    return Maker(seed, index, items).make()


def line(b):
    return json.dumps(b, ensure_ascii=False, separators=(",", ":")) + "\n"


def write_folder(b, folder):
    """CSV as contract section 2: header row, only columns in use, empty is unknown."""
    os.makedirs(folder, exist_ok=True)
    for kind in model.KINDS:                                                            # an earlier book may lie there
        path = os.path.join(folder, kind + ".csv")
        if os.path.exists(path):
            os.unlink(path)
    for kind, rows in b["kinds"].items():
        if not rows:
            continue
        names = [c for c in COLUMNS[kind].split() if any(row.get(c) for row in rows)]
        with open(os.path.join(folder, kind + ".csv"), "w", encoding="utf-8", newline="") as f:
            w = csv.DictWriter(f, names, restval="", extrasaction="ignore", lineterminator="\r\n")
            w.writeheader()
            w.writerows(rows)
    with open(os.path.join(folder, "as_of"), "w") as f:
        f.write(b["as_of"] + "\n")
    with open(os.path.join(folder, "known.json"), "w") as f:
        json.dump({"knew_at": b.get("knew_at", {}), "composed": b.get("composed", {})}, f)


def options(argv):
    """--plain and --with NAME,... off the front: (items, the rest)."""
    items = set(OPEN)
    while argv and argv[0] in ("--plain", "--with"):
        if argv[0] == "--plain":
            items, argv = set(), argv[1:]
        else:
            for name in argv[1].split(","):
                if name not in OPEN:
                    sys.exit("books.py: %s: no such item; one of %s" % (name, " ".join(sorted(OPEN))))
                items.add(name)
            argv = argv[2:]
    return items, argv


def main(argv):
    items, rest = options(argv[1:])
    if len(rest) == 3 and rest[0] == "jsonl":
        for i in range(int(rest[1])):
            sys.stdout.write(line(book(rest[2], i, items)))
        return 0
    if len(rest) == 4 and rest[0] == "csv":
        for i in range(int(rest[1])):
            write_folder(book(rest[2], i, items), os.path.join(rest[3], "%06d" % i))
        return 0
    sys.stderr.write("usage: books.py [--plain] [--with NAME,...] jsonl N SEED | csv N SEED FOLDER\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv))

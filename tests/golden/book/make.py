#!/usr/bin/python3
"""What an export must be, from what was imported, by Python's csv module.

Reads in/*.csv, writes out/*.csv: all columns in the order of book.def,
defaults filled in, ids, amounts and times in their one form, rows by key.
Run by hand when a fixture changes; the test only compares.
"""
import csv
import datetime
import pathlib
import re

HERE = pathlib.Path(__file__).parent
DECIMALS = {"USD": 2, "JPY": 0, "KWD": 3, "EUR": 2}
KINDS = {
    "schemes": (1, "scheme_id name_zh name_en insured_bp cap_amount "
                "cap_currency cap_basis year_from year_to pickup_deadline "
                "max_credit_days duty_profile free_reports export_max "
                "export_zero_ok annual_cap knew_at_basis",
                {"max_credit_days": "365", "free_reports": "0",
                 "knew_at_basis": "delivered"}),
    "exporters": (1, "exporter_id uscc name lang branch contact_ref "
                  "export_amount export_year", {}),
    "policies": (1, "policy_id scheme_id exporter_id status picked_up_on "
                 "issued_on cover_from cover_to reports_used data_authorised "
                 "assignee dcl_amount declaration paid_to_date",
                 {"reports_used": "0", "data_authorised": "0"}),
    "obligors": (1, "obligor_id type name aliases country jurisdiction ids "
                 "address natural_person", {"natural_person": "0"}),
    "follows": (2, "exporter_id obligor_id last_order_on", {}),
    "shipments": (1, "shipment_id exporter_id obligor_id bank_id invoice_ref "
                  "amount currency payment_term contract_date etd ship_date "
                  "due_date paid_amount status own_contract own_customs "
                  "declared disputed affiliate docs_released_on product "
                  "dest_country dest_port",
                  {"paid_amount": "0", "own_contract": "1",
                   "own_customs": "1", "declared": "1", "disputed": "0",
                   "affiliate": "0"}),
    "limits": (3, "policy_id obligor_id effective_from effective_to amount "
               "currency payment_term credit_days status announced_at", {}),
    "receipts": (1, "receipt_id exporter_id obligor_id amount currency "
                 "received_on shipment_id receipt_kind", {}),
    "country_cover": (2, "country effective_from effective_to status "
                      "conditions", {}),
    "country_limits": (2, "country effective_from amount currency", {}),
    "country_ratings": (3, "source country published_on native", {}),
    "fx": (3, "base quote as_of rate", {}),
}
MONEY = {"cap_amount": "cap_currency", "export_max": "cap_currency",
         "annual_cap": "cap_currency", "amount": "currency",
         "paid_amount": "currency", "export_amount": "=USD",
         "dcl_amount": "scheme", "paid_to_date": "scheme"}
schemes = {}


def money(text, ccy):
    whole, _, frac = text.partition(".")
    n = DECIMALS[ccy]
    return whole + ("." + frac.ljust(n, "0") if n else "")


def utc(text):
    when = datetime.datetime.fromisoformat(text)
    when = when.astimezone(datetime.timezone.utc)
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (
        when.microsecond // 1000)


def canon_id(text):
    scheme, _, value = text.partition(":")
    value = re.sub(r"[ ./\t-]", "", value).upper()
    if scheme == "bic" and len(value) == 8:
        value += "XXX"
    return scheme + ":" + value


def main():
    for kind, (keys, columns, defaults) in KINDS.items():
        columns = columns.split()
        rows = []
        with open(HERE / "in" / (kind + ".csv"), newline="",
                  encoding="utf-8-sig") as f:
            for row in csv.DictReader(f):
                out = {c: row.get(c) or defaults.get(c, "") for c in columns}
                for c, ccy in MONEY.items():
                    if not out.get(c):
                        continue
                    if ccy == "scheme":
                        ccy = schemes[out["scheme_id"]]
                    else:
                        ccy = ccy[1:] if ccy[0] == "=" else out[ccy]
                    out[c] = money(out[c], ccy)
                if out.get("ids"):
                    out["ids"] = "|".join(map(canon_id,
                                              out["ids"].split("|")))
                if out.get("announced_at"):
                    out["announced_at"] = utc(out["announced_at"])
                if kind == "schemes":
                    schemes[out["scheme_id"]] = out["cap_currency"]
                rows.append(out)
        rows.sort(key=lambda r: [r[c].encode() for c in columns[:keys]])
        with open(HERE / "out" / (kind + ".csv"), "w", newline="",
                  encoding="utf-8") as f:
            w = csv.writer(f, lineterminator="\n")
            w.writerow(columns)
            w.writerows([r[c] for c in columns] for r in rows)


main()

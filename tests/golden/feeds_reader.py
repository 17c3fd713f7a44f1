#!/usr/bin/python3
"""Reads a source's file another way and compares with what feeds/ printed.

usage: feeds_reader.py READER FILE NOTICES.jsonl

Written from the sources' own documentation with ElementTree, csv and json; it
shares nothing with the project's code or maps.  Prints the differences.
"""
import csv
import datetime
import email.utils
import html
import json
import re
import sys
import urllib.parse
import zoneinfo
import xml.etree.ElementTree as ET

GLEIF = {
    "BANKRUPTCY": "INSOLVENCY_OPENED", "INSOLVENCY": "INSOLVENCY_OPENED",
    "LIQUIDATION": "LIQUIDATION", "VOLUNTARY_ARRANGEMENT": "COMPOSITION",
    "DISSOLUTION": "DISSOLVED", "CHANGE_LEGAL_NAME": "NAME_CHANGE",
    "CHANGE_LEGAL_ADDRESS": "ADDRESS_CHANGE",
    "CHANGE_HQ_ADDRESS": "ADDRESS_CHANGE",
    "CHANGE_LEGAL_FORM": "LEGAL_FORM_CHANGE",
    "CHANGE_OTHER_NAMES": "NAME_CHANGE", "ABSORPTION": "MERGED",
    "MERGERS_AND_ACQUISITIONS": "MERGED",
}


def local(e):
    return e.tag.rsplit("}", 1)[-1]


def find(e, *path):
    for name in path:
        e = next((c for c in e if local(c) == name), None) \
            if e is not None else None
    return e


def text(e, *path):
    e = find(e, *path)
    return None if e is None or e.text is None else e.text.strip()


def utc(s):
    t = datetime.datetime.fromisoformat(s.replace("Z", "+00:00"))
    t = t.astimezone(datetime.timezone.utc)
    return t.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (t.microsecond // 1000)


def gleif(path):
    for rec in (e for e in ET.parse(path).getroot().iter()
                if local(e) == "LEIRecord"):
        lei = text(rec, "LEI")
        entity = find(rec, "Entity")
        base = {
            "names": text(entity, "LegalName"),
            "country": text(entity, "LegalAddress", "Country"),
            "jurisdiction": text(entity, "LegalJurisdiction"),
            "lei": lei,
        }
        others = 0
        for box in ("OtherEntityNames", "TransliteratedOtherEntityNames"):
            found = find(entity, box)
            others += 0 if found is None else len(found)
        base["name_count"] = 1 + others
        out = []
        events = find(entity, "LegalEntityEvents")
        for ev in [] if events is None else events:
            native = text(ev, "LegalEntityEventType")
            day = (text(ev, "LegalEntityEventEffectiveDate") or
                   text(ev, "LegalEntityEventRecordedDate"))[:10]
            out.append(dict(
                base, record="%s/%s/%s" % (lei, native, day), native=native, kind=GLEIF.get(native, "UNKNOWN"),
                action="CANCEL" if ev.get("event_status") ==
                "WITHDRAWN_CANCELLED" else "NEW",
                effective_on=text(ev, "LegalEntityEventEffectiveDate")[:10],
                recorded_at=utc(text(ev, "LegalEntityEventRecordedDate"))))
        status = text(rec, "Registration", "RegistrationStatus")
        if status == "LAPSED" or (status == "RETIRED" and not any(
                o["native"] == "DISSOLUTION" for o in out)):
            kind = "LEI_LAPSED" if status == "LAPSED" else "DISSOLVED"
            out.append(dict(
                base, record="%s/registration/%s" % (lei, status),
                native=status, kind=kind, action="NEW",
                recorded_at=utc(text(rec, "Registration", "LastUpdateDate"))))
        yield from out


OPEN = {
    "members-voluntary-liquidation": "LIQUIDATION_SOLVENT",
    "creditors-voluntary-liquidation": "LIQUIDATION_INSOLVENT",
    "compulsory-liquidation": "LIQUIDATION_INSOLVENT",
    "in-administration": "ADMINISTRATION",
    "administration-order": "ADMINISTRATION",
    "corporate-voluntary-arrangement": "COMPOSITION",
    "administrative-receiver": "RECEIVERSHIP",
    "receiver-manager": "RECEIVERSHIP", "receivership": "RECEIVERSHIP",
    "moratorium": "MORATORIUM", "foreign-insolvency": "INSOLVENCY_OPENED",
}


def uk_kind(case, date):
    if date is None:
        return OPEN[case]
    if date == "petitioned-on":
        return "INSOLVENCY_PETITION"
    if date == "dissolved-on":
        return "DISSOLVED"
    if date == "due-to-be-dissolved-on":
        return "STRIKE_OFF_PROPOSED"
    if date.endswith("-ended-on") or date.startswith(("conclud", "case-end")):
        return "PROCEEDING_CLOSED"
    return OPEN[case]


def uk_ch(path):
    later = ["declaration-solvent-on", "wound-up-on"]
    for line in open(path, encoding="utf-8"):
        if not line.strip():
            continue
        event = json.loads(line)
        for case in event["data"].get("cases", []):
            dates = sorted(
                (d["date"], later.index(d["type"]) if d["type"] in later
                 else 0, d["type"]) for d in case.get("dates", []))
            day, _, kind = dates[-1] if dates else (None, 0, None)
            yield {
                "record": "%s/%s/%s" % (event["resource_id"].zfill(8),
                                        case["number"], kind or "none"),
                "kind": uk_kind(case["type"], kind),
                "action": "NEW", "country": "GB", "case_no": case["number"],
                "effective_on": day,
                # January: British time is UTC.
                "published_at": event["event"]["published_at"] + ".000Z",
                "gb-coh": event["resource_id"].zfill(8),
            }


def fdic(path):
    with open(path, encoding="cp1252", newline="") as f:
        for row in csv.DictReader(f):
            day = datetime.datetime.strptime(row["Closing Date"], "%d-%b-%y")
            closed = row["Acquiring Institution"] == "No Acquirer"
            yield {
                "record": row["Cert"], "fdic-cert": row["Cert"],
                "kind": "BANK_CLOSED" if closed else "BANK_TAKEN_OVER",
                "subject": "bank", "names": row["Bank Name"],
                "native_text": row["Acquiring Institution"],
                "place": row["City"], "jurisdiction": "US-" + row["State"],
                "occurred_on": day.strftime("%Y-%m-%d"), "country": "US",
                "case_no": row["Fund"], "name_count": 1,
            }


def ecb(path):
    for day in ET.parse(path).getroot().iter():
        if local(day) != "Cube" or day.get("time") is None:
            continue
        yield {
            "record": day.get("time"), "effective_on": day.get("time"),
            "subject": "rate", "kind": "INFO",
            "rates": [{"base": "EUR", "quote": c.get("currency"),
                       "value": c.get("rate")} for c in day],
        }


def gazette(path):
    kinds = {"2410": "ADMINISTRATION", "2431": "LIQUIDATION_SOLVENT",
             "2441": "LIQUIDATION_INSOLVENT", "2450": "INSOLVENCY_PETITION",
             "2451": "INSOLVENCY_PETITION", "2461": "PETITION_DISMISSED"}
    london = zoneinfo.ZoneInfo("Europe/London")
    for entry in ET.parse(path).getroot():
        code = text(entry, "notice-code")
        if local(entry) != "entry" or code.startswith("25"):
            continue
        at = datetime.datetime.fromisoformat(text(entry, "published"))
        numbers = {e.get("content") or (e.text or "").strip()
                   for e in entry.iter()
                   if e.get("property") == "gazorg:companyNumber" and
                   e.get("about") in (None, "this:company-1")} - {""}
        one = numbers.pop().zfill(8) if len(numbers) == 1 else None
        yield {
            "record": text(entry, "id").rsplit("/", 1)[1], "native": code,
            "kind": kinds.get(code, "UNKNOWN"), "country": "GB",
            "names": text(entry, "title"), "gb-coh": one,
            "published_at": utc(at.replace(tzinfo=london).isoformat()),
        }


PACER = {
    "Voluntary Petition (Chapter 7)": "LIQUIDATION_INSOLVENT",
    "Voluntary Petition (Chapter 11)": "REORGANISATION",
    "Close Bankruptcy Case": "PROCEEDING_CLOSED",
    "Order Dismissing Case": "PETITION_DISMISSED",
}


def pacer(path):
    for item in ET.parse(path).getroot().iter("item"):
        said = html.unescape(text(item, "description") or "")
        m = re.match(r"Type: (\S+) Office: .* ?Chapter: ?(\d*)",
                     said.split("[")[0])
        if m is None or m.groups() == ("bk", "13"):
            continue
        guid = urllib.parse.urlparse(text(item, "guid"))
        court = guid.netloc.split(".")[1]
        case = guid.query.split("-")[0]
        no, _, name = text(item, "title").partition(" ")
        event = said.partition("[")[2].partition("]")[0].strip()
        at = utc(email.utils.parsedate_to_datetime(
            text(item, "pubDate")).isoformat())
        out = {"case_no": no, "country": "US", "certainty": "reported"}
        if m[1] == "ap":
            out.update(record="%s/%s/ap" % (court, case), kind="LITIGATION",
                       published_at=None,
                       names=name.rsplit(" v. ", 1)[-1].strip())
        elif event in PACER:
            out.update(record="%s/%s/%s/%s" % (court, guid.query, event, at),
                       kind=PACER[event], native=event, published_at=at,
                       names=name.split(", et al")[0].strip())
        else:
            out.update(record="%s/%s/bk/%s" % (court, case, m[2]),
                       published_at=None, kind="LIQUIDATION_INSOLVENT"
                       if m[2] == "7" else "REORGANISATION",
                       names=name.split(", et al")[0].strip())
        out["names"] = out["names"] or None
        yield out


def table(path):
    if path == "-":
        return
    with open(path, encoding="ascii", newline="") as f:
        for row in csv.reader(f):
            if row != ["\x1a"]:
                yield [None if c.strip() in ("-0-", "") else c for c in row]


def ofac(path):
    sdn, alt, add, more = path.split(",")
    names, where, rest = {}, {}, {}
    for row in table(alt):
        names.setdefault(row[0], []).append(row)
    for row in table(add):
        where.setdefault(row[0], []).append(row)
    for row in table(more):
        rest[row[0]] = rest.get(row[0], "") + row[1]
    for row in table(sdn):
        remarks = (row[11] or "") + rest.get(row[0], "")
        bics = sorted(set(re.findall(r"SWIFT/BIC ([A-Z0-9]+)", remarks)))
        kind = "BANK_SANCTIONED" if bics else "SANCTIONED"
        if row[2] in ("vessel", "aircraft") and not bics:
            kind = "INFO"
        known = [n for n in names.get(row[0], []) if n[3]]
        yield {
            "record": row[0], "kind": kind, "names": row[1],
            "name_count": min(64, 1 + len(known)),
            "name_texts": ([row[1]] + [n[3] for n in known])[:64],
            "former": [n[3] for n in known[:63] if n[2] == "fka"],
            "natural_person": row[2] == "individual",
            "place": next((a[3] for a in where.get(row[0], []) if a[3]),
                          None),
            "address": next((", ".join(c for c in a[2:5] if c)
                             for a in where.get(row[0], [])
                             if any(a[2:5])), None),
            "action": "NEW",
        }


OWN = {"拖欠": "PROTRACTED_DEFAULT", "拒收": "GOODS_REFUSED",
       "破产": "INSOLVENCY_OPENED", "开证行拖欠": "BANK_NONPAYMENT"}


def insurer(path):
    with open(path, encoding="utf-8-sig", newline="") as f:
        rows = list(csv.DictReader(f)) if path.endswith(".csv") else \
            [json.loads(s, parse_float=str, parse_int=str)
             for s in f if s.strip()]
    for r in rows:
        denied = r.get("result") == "否定"
        sure = denied or r.get("result") == "证实" or r["type"] != "资信报告"
        yield {
            "record": r["ref"] if denied else r["notice_no"],
            "action": "CANCEL" if denied else "NEW",
            "certainty": "official" if sure else "reported",
            "kind": OWN[r.get("about") or r["type"]],
            "amount": r.get("amount") or None,
            "currency": r.get("currency") or None,
            "sinosure": r.get("buyer_no") or None,
            "country": r.get("country") or None,
            "names": r.get("name") or None,
            "published_at": utc(r["reported_at"]),
        }


def flat(n):
    ids = {i["scheme"]: i["value"] for i in n["ids"]}
    out = dict(n, **ids)
    out["name_texts"] = [x["text"] for x in n["names"]]
    out["former"] = [x["text"] for x in n["names"] if x["type"] == "former"]
    out["name_count"] = len(n["names"])
    out["names"] = n["names"][0]["text"] if n["names"] else None
    return out


def main():
    reader = {"gleif": gleif, "uk-ch": uk_ch, "fdic": fdic, "ecb": ecb,
              "gazette": gazette, "pacer": pacer, "ofac": ofac,
              "insurer": insurer}[sys.argv[1]]
    want = list(reader(sys.argv[2]))
    got = [flat(json.loads(s)) for s in open(sys.argv[3], encoding="utf-8")]
    wrong = 0
    if len(want) != len(got):
        print("%d notices wanted, %d there" % (len(want), len(got)))
        wrong += 1
    for i, (w, g) in enumerate(zip(want, got)):
        for key, value in w.items():
            if g.get(key) != value:
                print("notice %d %s: %r wanted, %r there" %
                      (i, key, value, g.get(key)))
                wrong += 1
    if not want:
        print("the reader found nothing")
        wrong += 1
    return wrong != 0


sys.exit(main())

#!/usr/bin/python3
"""Reads a source's file another way and compares with what feeds/ printed.

usage: feeds_reader.py gleif|uk-ch FILE NOTICES.jsonl

Written from the sources' own documentation with ElementTree and json; it
shares nothing with the project's code or maps.  Prints the differences.
"""
import datetime
import json
import sys
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
            out.append(dict(
                base, native=native, kind=GLEIF.get(native, "UNKNOWN"),
                action="CANCEL" if ev.get("event_status") ==
                "WITHDRAWN_CANCELLED" else "NEW",
                effective_on=text(ev, "LegalEntityEventEffectiveDate")[:10],
                recorded_at=utc(text(ev, "LegalEntityEventRecordedDate"))))
        status = text(rec, "Registration", "RegistrationStatus")
        if status == "LAPSED" or (status == "RETIRED" and not any(
                o["native"] == "DISSOLUTION" for o in out)):
            kind = "LEI_LAPSED" if status == "LAPSED" else "DISSOLVED"
            out.append(dict(
                base, native=status, kind=kind, action="NEW",
                recorded_at=utc(text(rec, "Registration", "LastUpdateDate"))))
        for i, o in enumerate(out):
            o["record"] = lei if i == 0 else "%s#%d" % (lei, i + 1)
            yield o


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


def flat(n):
    ids = {i["scheme"]: i["value"] for i in n["ids"]}
    out = dict(n, **ids)
    out["name_count"] = len(n["names"])
    out["names"] = n["names"][0]["text"] if n["names"] else None
    return out


def main():
    reader = {"gleif": gleif, "uk-ch": uk_ch}[sys.argv[1]]
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

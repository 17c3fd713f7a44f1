#!/usr/bin/python3
"""An exact model of the exposure calculation, written from the design documents alone.

It knows nothing of the program. Integers only: money in minor units, rates as integer fractions.

    model.py FOLDER --as-of DATE [--knew FILE]     exposure rows of a folder of CSV files, one JSON object a line
    model.py --batch                               one book a line on stdin, one list of rows a line on stdout

FILE is {"knew_at": {"EXPORTER|OBLIGOR": "2022-12-27T01:12:09.000Z"}, "composed": {the same}}. A book in batch mode is
{"as_of": DATE, "knew_at": {...}, "composed": {...}, "kinds": {"schemes": [{column: text, ...}, ...], ...}}.

Sentence numbers: "c0.3" is the third sentence of the Exposure bullet of contract section 0; "c2.P4" the fourth of the bullet
"A policy covers a day" of section 2, "c2.O" the bullet "outstanding", "c2.A" "Amounts are summed", "c2.L" "A limit in force",
"c2.C" "The country that counts", "c2.d" the defaults; "c8" the exposure line of section 8; "d1.3" etc. domain.md; "f6.2" the FX method.

READINGS: what the documents leave open, and how it is read here
 R1  no policy for the day: currency is USD (domain.md: "Money is USD unless marked"); scheme_id, insured_bp, cap, cap_basis, break_even are null.
 R2  a null policy sorts first among the rows of its exporter and obligor (as the empty string).
 R3  no policy: besides W the tests that need none (C S K A X) still give their codes; T L D need a policy and give none.
 R4  the day of an order not shipped is etd, else as-of, even when a ship_date after as-of is given (as of that day it is not known);
     an etd before as-of stays the day.
 R5  a status such as shipped, overdue or claimed without a ship_date does not make a shipment shipped: the date decides.
 R6  an LC shipment makes no row for its buyer (the row would be all zeros).
 R7  a row exists and `shipments` counts whenever status and term let the shipment count, also when nothing is outstanding any more;
     reasons, scope_check, quality, next_etd and max_dpd look only at shipments with something outstanding.
 R8  receipts with a shipment_id are applied first, the others afterwards: no money is lost when both meet on one shipment.
 R9  what a receipt leaves over is dropped: a named one does not pass to other shipments, an unnamed one does not reduce orders not shipped.
     A named one reduces an order not yet shipped.
 R10 a receipt reduces only shipments in its own currency; it is never converted.
 R11 "the obligor" of a receipt is the one who bears the risk (the bank under LC). A shipment without due_date is paid last.
     A receipt dated before the ship_date counts as any other. receipt_kind empty: payment.
 R12 overdue, max_dpd: shipped shipments only, claimed and resold ones too; max_dpd 0 when nothing is overdue.
 R13 next_etd: the smallest etd of the orders not shipped, also one in the past; null when none has one.
 R14 country_cover: the newest row with effective_from <= day decides; past its effective_to the country is open (no older row comes back).
     jurisdiction does not enter; restricted changes no number.
 R15 credit term counts from the day (ship_date, or R4); without due_date T is not raised. 29 February + one year = 28 February.
     Any value of max_credit_days but 365 is plain days.
 R16 several limit rows in one row: shipments are grouped by the limit in force on their day, each group is bounded by its own limit,
     the groups are added, then bp and cap. A group does not use up the headroom of another ("earlier ones keep theirs").
 R17 a limit in another currency is converted like an amount. No rate for it: the shipments under it are not covered, reason F, estimated
     (they stay in open). Cover is never overstated.
 R18 the limit's credit_days and announced_at, the policy's dcl_amount, reports_used, data_authorised and country_limits do not enter.
 R19 payment-term risk: PREPAID < LC < DP < DA < OA; a limit without payment_term admits every term.
 R20 D, A, X, S, C, T, L count for orders not shipped as for shipped ones (an undeclared order is not covered in if_shipped).
 R21 scope_check of a row: out when any shipment is out, else review when any is, else in. It does not look at K or W.
 R22 money is converted per row: open, overdue, unshipped per currency; the covered part per limit group and currency, shipped and not
     shipped apart; the covered part never exceeds open (or open + unshipped) after rounding.
 R23 annual_cap: one remainder per policy for insured, another, independent one for if_shipped.insured, each given out over the rows of the
     policy in printed order. paid_to_date empty: nothing paid. Never below 0.
 R24 FX: the newest date on which any path exists wins; on one date direct, then inverse, then two legs over EUR, USD, others by name.
     No age ends a rate; older than 6 days is "stale" in fx and does not touch quality. fx entries are this model's own shape.
 R25 break_even under cap_basis loss is the cap; bp 0: null.
 R26 quality is "estimated" or "exact".
 R27 an order not shipped is K when the alert's composition falls on a Shanghai day <= as_of; a knew_at without composed stands for it.
     knew_at is printed when its Shanghai day <= as_of, else null. Orders contracted after the composition are K too.
 R28 reasons are printed in the order W C T S L K D A X F.
 R29 a shipment without a rate (F) is out of open, overdue, unshipped; it still counts in shipments, max_dpd, next_etd, reasons, scope.
 R30 floor at the minor unit is applied once, to the sum of a row (d1.3 "floor"), not per shipment.
"""
import csv
import json
import os
import sys
from datetime import date, datetime, timedelta, timezone

KINDS = ("schemes exporters policies obligors follows limits shipments receipts country_cover country_limits country_ratings fx").split()
KEYS = {"follows": ("exporter_id", "obligor_id"), "limits": ("policy_id", "obligor_id", "effective_from"),      # c2 "Keys: the first column; ..."
        "country_cover": ("country", "effective_from"), "country_limits": ("country", "effective_from"),
        "country_ratings": ("source", "country", "published_on"), "fx": ("base", "quote", "as_of"),
        "schemes": ("scheme_id",), "exporters": ("exporter_id",), "policies": ("policy_id",), "obligors": ("obligor_id",),
        "shipments": ("shipment_id",), "receipts": ("receipt_id",)}
REASONS = "WCTSLKDAXF"                                                          # R28
RISK = {"PREPAID": 0, "LC": 1, "DP": 2, "DA": 3, "OA": 4}                      # d3.2 payment-term order, R19
EXPONENT = {c: 0 for c in "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()}
EXPONENT.update({c: 3 for c in "BHD IQD JOD KWD LYD OMR TND".split()})
EXPONENT.update({"CLF": 4, "UYW": 4})                                          # ISO 4217 decimals; all others 2


def minor(text, ccy):
    """c0 Money: a decimal string to integer minor units."""
    e = EXPONENT.get(ccy, 2)
    whole, _, frac = text.partition(".")
    if len(frac) > e:
        raise ValueError("%s has more decimals than %s" % (text, ccy))
    return int(whole) * 10 ** e + (int(frac.ljust(e, "0")) if e else 0)


def money(n, ccy):
    """c0 Money: "Printed with exactly that many decimals"."""
    e = EXPONENT.get(ccy, 2)
    if e == 0:
        return str(n)
    return "%d.%0*d" % (n // 10 ** e, e, n % 10 ** e)


def half_even(num, den):
    """f6.2: one division, one rounding at the end."""
    q, r = divmod(num, den)
    if 2 * r > den or (2 * r == den and q & 1):
        q += 1
    return q


def shanghai_day(time):
    """RFC 3339 time to the day in the scheme's zone (c0, first bullet)."""
    t = datetime.fromisoformat(time.replace("Z", "+00:00"))
    return t.astimezone(timezone(timedelta(hours=8))).date().isoformat()


def days(a, b):
    return (date.fromisoformat(b) - date.fromisoformat(a)).days


class Fx:
    """c2 fx.csv: 1 base = rate quote; f6.2 method; R24."""

    def __init__(self, rows, as_of):
        self.as_of = as_of
        self.by_date = {}
        for r in rows:
            if r["as_of"] <= as_of:                                             # c2.A1 "the newest rate not after the as-of day"
                whole, _, frac = r["rate"].partition(".")                       # f6.2 rates are decimal integers m * 10^-s
                self.by_date.setdefault(r["as_of"], {})[r["base"], r["quote"]] = (int(whole + frac), 10 ** len(frac))
        self.dates = sorted(self.by_date, reverse=True)
        self.memo = {}

    @staticmethod
    def leg(day, a, b):
        """1 a = n/d b on that day."""
        if a == b:
            return (1, 1)
        if (a, b) in day:
            return day[a, b]
        if (b, a) in day:                                                       # f6.2 "Never store or use a rounded inverse": the fraction is turned
            n, d = day[b, a]
            return (d, n)
        return None

    def rate(self, a, b):
        if a == b:
            return (self.as_of, 1, 1)                                           # f6.2 "USD: identity"
        if (a, b) not in self.memo:
            self.memo[a, b] = self.find(a, b)
        return self.memo[a, b]

    def find(self, a, b):
        for d in self.dates:
            day = self.by_date[d]
            direct = self.leg(day, a, b)
            if direct:
                return (d, direct[0], direct[1])
            names = {c for pair in day for c in pair}
            for p in ["EUR", "USD"] + sorted(names - {"EUR", "USD"}):
                if p in (a, b):
                    continue
                one, two = self.leg(day, a, p), self.leg(day, p, b)             # c2.A1 "both legs of one date"
                if one and two:
                    return (d, one[0] * two[0], one[1] * two[1])
        return None

    def convert(self, amount, a, b):
        """Minor units of a to minor units of b, half-even, or None without a rate."""
        if a == b:
            return amount
        r = self.rate(a, b)
        if r is None:
            return None
        return half_even(amount * r[1] * 10 ** EXPONENT.get(b, 2), r[2] * 10 ** EXPONENT.get(a, 2))


def add_year(day):
    """R15, c2.d "365 means one calendar year: due_date <= the same day next year"."""
    y, rest = int(day[:4]) + 1, day[4:]
    if rest == "-02-29":
        rest = "-02-28"
    return "%04d%s" % (y, rest)


def term_exceeded(day, due, max_days):
    if max_days == 365:                                                         # c2.d
        return due > add_year(day)
    return days(day, due) > max_days


def indemnity(groups, ceiling, bp, cap, basis):
    """c2.L1 and d1.3: groups are (loss, limit or None); ceiling is the open sum (R22)."""
    loss = sum(g if limit is None else min(g, limit) for g, limit in groups)    # R16
    loss = min(loss, ceiling)                                                   # R22
    if basis == "indemnity":                                                    # c2 schemes: indemnity = min(bp x loss, cap)
        return min(loss * bp // 10000, cap)                                     # d1.3 floor, R30
    return min(loss, cap) * bp // 10000                                         # c2 schemes: loss = bp x min(loss, cap)


def break_even(bp, cap, basis):
    if bp == 0:
        return None                                                             # R25
    if basis == "loss":
        return cap                                                              # R25
    return -(-cap * 10000 // bp)                                                # d1.3 ceil(cap*10000/bp)


def recovery_share(recovered, paid, debt):
    """d1.3 V11: share = indemnity/debt; returns (insurer, exporter)."""
    insurer = recovered * paid // debt
    return insurer, recovered - insurer


class Book:
    def __init__(self, kinds):
        self.kinds = {}
        for kind in KINDS:
            table = {}
            for row in kinds.get(kind, ()):
                table[tuple(row.get(k, "") for k in KEYS[kind])] = row         # c2 "A row replaces the row with its key"
            self.kinds[kind] = list(table.values())
        self.schemes = {r["scheme_id"]: r for r in self.kinds["schemes"]}
        self.obligors = {r["obligor_id"]: r for r in self.kinds["obligors"]}
        self.limits = {}
        for r in self.kinds["limits"]:
            self.limits.setdefault((r["policy_id"], r["obligor_id"]), []).append(r)
        for rows in self.limits.values():
            rows.sort(key=lambda r: r["effective_from"], reverse=True)
        self.cover = {}
        for r in self.kinds["country_cover"]:
            self.cover.setdefault(r["country"], []).append(r)
        for rows in self.cover.values():
            rows.sort(key=lambda r: r["effective_from"], reverse=True)
        self.policies = {}
        for p in self.kinds["policies"]:
            window = self.window(p)
            if window:
                self.policies.setdefault(p["exporter_id"], []).append((window[0], window[1], p))
        for rows in self.policies.values():
            rows.sort(key=lambda w: w[2]["policy_id"])                          # c2.P5 "then the smaller id"
            rows.sort(key=lambda w: w[0], reverse=True)                         # c2.P5 "the later cover_from" (stable sort)

    def window(self, p):
        """c2.P1-P3: first and last day covered, or None."""
        if p["status"] not in ("effective", "received", "expired"):             # c2.P1
            return None
        s = self.schemes[p["scheme_id"]]
        first = p.get("cover_from")
        if not first:                                                           # c2.P2; d1.2 P-03
            picked, deadline = p.get("picked_up_on"), s.get("pickup_deadline")
            if picked and deadline and picked > deadline:
                first = p.get("issued_on")
                if not first:
                    return None                                                 # c2.P2 "(no issued_on: not covered)"
            else:
                first = s["year_from"]
        return (first, p.get("cover_to") or s["year_to"])                       # c2.P3

    def policy_for(self, exporter, day):
        """c2.P1, c2.P5."""
        for first, last, p in self.policies.get(exporter, ()):
            if first <= day <= last:                                            # c0 "`_to` is the last day included"
                return p
        return None                                                             # c2.P6 None: reason W


def flag(row, name, default):
    v = row.get(name)
    return default if not v else v == "1"


def exposure(book, as_of, knew_at=None, composed=None):
    """The rows of `exposure` (c8) as of a day, sorted by exporter, obligor, policy."""
    knew_at, composed = knew_at or {}, composed or {}
    if not isinstance(book, Book):
        book = Book(book)
    fx = Fx(book.kinds["fx"], as_of)

    # The shipments that count, and what is outstanding on each.
    live = {}
    for s in book.kinds["shipments"]:
        if s["status"] in ("paid", "cancelled"):                                # c2.O2 "paid and cancelled count nothing"
            continue
        if s["payment_term"] == "PREPAID":                                      # c2.O2 "PREPAID counts nothing"
            continue
        if s.get("contract_date") and s["contract_date"] > as_of:               # c2.O4 "A shipment contracted after as-of is left out"
            continue
        left = minor(s["amount"], s["currency"]) - minor(s.get("paid_amount") or "0", s["currency"])
        shipped = bool(s.get("ship_date")) and s["ship_date"] <= as_of          # c2.O2 "Shipped: ship_date given and not after as-of"; R5
        live[s["shipment_id"]] = {
            "row": s, "left": max(left, 0), "shipped": shipped,                 # c2.O1 "outstanding = amount - paid_amount, at least 0"
            "day": s["ship_date"] if shipped else (s.get("etd") or as_of),      # c2.P4 "The day is ship_date, or etd while unshipped, or today"; R4
            "obligor": s["bank_id"] if s["payment_term"] == "LC" else s["obligor_id"]}      # c2.O5 "LC: the obligor is bank_id"; R6

    # c2.O3 receipts with received_on <= as-of reduce outstanding besides paid_amount, recovery does not.
    receipts = [r for r in book.kinds["receipts"] if r["received_on"] <= as_of and (r.get("receipt_kind") or "payment") != "recovery"]
    for r in receipts:
        if r.get("shipment_id"):                                                # c2.O3 "with shipment_id that one"; R8
            x = live.get(r["shipment_id"])
            if x and x["row"]["currency"] == r["currency"]:                     # R10
                x["left"] -= min(x["left"], minor(r["amount"], r["currency"]))  # R9
    for r in receipts:
        if r.get("shipment_id"):
            continue
        rest = minor(r["amount"], r["currency"])
        todo = [x for x in live.values() if x["shipped"] and x["row"]["exporter_id"] == r["exporter_id"]
                and x["obligor"] == r["obligor_id"] and x["row"]["currency"] == r["currency"]]      # R10, R11
        todo.sort(key=lambda x: (x["row"].get("due_date") or "9999", x["row"]["shipment_id"]))      # c2.O3 "oldest due_date first, then id"; R11
        for x in todo:
            part = min(rest, x["left"])
            x["left"] -= part
            rest -= part

    # One row per (exporter, obligor, policy) with a shipment that is not paid, cancelled or PREPAID (c8).
    groups = {}
    for x in live.values():
        exporter = x["row"]["exporter_id"]
        p = book.policy_for(exporter, x["day"])
        groups.setdefault((exporter, x["obligor"], p["policy_id"] if p else ""), (p, []))[1].append(x)

    rows, annual = [], {}
    for key in sorted(groups):                                                  # c8 "sorted by exporter, obligor, policy"; R2
        p, shipments = groups[key]
        rows.append(one_row(book, fx, as_of, key, p, shipments, knew_at, composed, annual))
    return rows


def one_row(book, fx, as_of, key, p, shipments, knew_at, composed, annual):
    exporter, obligor_id, policy_id = key
    obligor = book.obligors[obligor_id]
    scheme = book.schemes[p["scheme_id"]] if p else None
    ccy = scheme["cap_currency"] if p else "USD"                                # c2.A1 "into the policy's cap_currency"; R1
    pair = "%s|%s" % (exporter, obligor_id)
    knew = knew_at.get(pair)
    knew_day = shanghai_day(knew) if knew else None
    first = composed.get(pair) or knew                                          # R27
    alerted = bool(first) and shanghai_day(first) <= as_of
    limits = book.limits.get((policy_id, obligor_id), ()) if p else ()
    bp = int(scheme["insured_bp"]) if p else None
    cap = minor(scheme["cap_amount"], ccy) if p else None

    reasons, fx_used = set(), {}
    scope, estimated, max_dpd, next_etd = "in", False, 0, None
    sums = {"open": {}, "overdue": {}, "unshipped": {}}                         # per currency, minor units (c2.A1)
    covered = ({}, {})                                                          # (not shipped, shipped): limit row -> currency -> minor units

    def add(table, c, amount):
        table[c] = table.get(c, 0) + amount

    for x in shipments:
        s, left, day, shipped = x["row"], x["left"], x["day"], x["shipped"]
        if left == 0:                                                           # R7
            continue
        why = set()
        limit_from = None
        if p is None:
            why.add("W")                                                        # c2.P6
        # C, c2.C1 country of the obligor bearing the risk; c2.C2 "excluded and off remove cover"; d3.2 "at ship_date"; R14
        for r in book.cover.get(obligor["country"], ()):
            if r["effective_from"] <= day:
                if r["status"] in ("excluded", "off") and not (r.get("effective_to") and r["effective_to"] < day):
                    why.add("C")
                break
        # T, d1.2 P-06, c2.d
        if p and s.get("due_date") and term_exceeded(day, s["due_date"], int(scheme.get("max_credit_days") or 365)):
            why.add("T")
        # S, c2.O6 "own_customs 1 and own_contract 0: scope review, counted as covered; own_customs 0: reason S"
        if not flag(s, "own_customs", True):
            why.add("S")
            scope = "out"                                                       # R21
        elif not flag(s, "own_contract", True) and scope == "in":
            scope = "review"
        # L, c2.L2
        if limits:                                                              # c2 limits: "no row = no limit needed under a scheme"
            for r in limits:
                if r["effective_from"] <= day:                                  # c2.L1 "newest effective_from <= day"; c2.L3 earlier ones keep theirs
                    if (r["status"] in ("withdrawn", "expired", "declined") or minor(r["amount"], r["currency"]) == 0
                            or (r.get("effective_to") and r["effective_to"] < day)
                            or (r.get("payment_term") and RISK[s["payment_term"]] > RISK[r["payment_term"]])):
                        why.add("L")
                    else:
                        limit_from = r["effective_from"]
                        bound = fx.convert(minor(r["amount"], r["currency"]), r["currency"], ccy)
                        if bound is None:
                            why.add("F")                                        # R17
                            estimated = True
                        elif r["currency"] != ccy:
                            fx_used[r["currency"]] = fx.rate(r["currency"], ccy)
                    break
            else:
                why.add("L")                                                    # c2.L2 "or only later rows"
        # K, c0.5-c0.6
        if shipped:
            if knew_day and s["ship_date"] > knew_day:                          # c0.6 "later than the Shanghai day of knew_at (the same day is covered; no knew_at: no K)"
                why.add("K")
        elif alerted:                                                           # c0.5 an order not shipped, from the first revision on
            why.add("K")
        # D, c2.L6; R20
        if p and p.get("declaration") == "1" and not flag(s, "declared", True):
            why.add("D")
        if flag(s, "affiliate", False):                                         # A, d3.2
            why.add("A")
        if flag(s, "disputed", False):                                          # X, d3.2, d3.5 Disputes
            why.add("X")

        overdue = shipped and bool(s.get("due_date")) and s["due_date"] < as_of        # c2.O2 "overdue = outstanding with due_date before as-of"; R12
        if overdue:
            max_dpd = max(max_dpd, days(s["due_date"], as_of))
        if not shipped and s.get("etd") and (next_etd is None or s["etd"] < next_etd):  # R13
            next_etd = s["etd"]

        rate = fx.rate(s["currency"], ccy)
        if rate is None:                                                        # c2.A2 "No rate: left out of the sum, quality estimated, reason F"; R29
            why.add("F")
            estimated = True
            reasons |= why
            continue
        reasons |= why
        if s["currency"] != ccy:
            fx_used[s["currency"]] = rate
        add(sums["open" if shipped else "unshipped"], s["currency"], left)      # c0.1
        if overdue:
            add(sums["overdue"], s["currency"], left)
        if not why:                                                             # d3.2 "Covered shipment test"
            add(covered[shipped].setdefault(limit_from, {}), s["currency"], left)

    def total(table):
        return sum(fx.convert(v, c, ccy) for c, v in table.items())             # c2.A1 summed per currency, converted once

    open_, overdue, unshipped = total(sums["open"]), total(sums["overdue"]), total(sums["unshipped"])
    insured = if_insured = 0                                                    # c2.P6 no policy: nothing insured
    if p:
        bounds = {None: None}
        for r in limits:
            bounds[r["effective_from"]] = fx.convert(minor(r["amount"], r["currency"]), r["currency"], ccy)
        now = {g: total(t) for g, t in covered[True].items()}
        later = {g: total(t) for g, t in covered[False].items()}
        insured = indemnity([(v, bounds[g]) for g, v in now.items()], open_, bp, cap, scheme["cap_basis"])
        # c0.3-c0.4 "the same sum as if every unshipped order left today; the cap applies once over both, open first"
        both = [(now.get(g, 0) + later.get(g, 0), bounds[g]) for g in set(now) | set(later)]
        if_insured = indemnity(both, open_ + unshipped, bp, cap, scheme["cap_basis"])
        if scheme.get("annual_cap"):                                            # c2.L4 "also at most annual_cap - paid_to_date, given out in printed order"; R23
            if policy_id not in annual:
                rest = max(0, minor(scheme["annual_cap"], ccy) - minor(p.get("paid_to_date") or "0", ccy))
                annual[policy_id] = [rest, rest]
            rest = annual[policy_id]
            insured, if_insured = min(insured, rest[0]), min(if_insured, rest[1])
            rest[0] -= insured
            rest[1] -= if_insured
    even = break_even(bp, cap, scheme["cap_basis"]) if p else None
    return {
        "row": "exposure", "as_of": as_of, "exporter_id": exporter, "obligor_id": obligor_id, "obligor_type": obligor["type"],
        "obligor_name": obligor["name"], "country": obligor["country"], "policy_id": policy_id or None,
        "scheme_id": p["scheme_id"] if p else None, "select_rule": "by_ship_date", "currency": ccy, "insured_bp": bp,
        "cap": money(cap, ccy) if p else None, "cap_basis": scheme["cap_basis"] if p else None, "shipments": len(shipments),
        "open": money(open_, ccy), "overdue": money(overdue, ccy), "max_dpd": max_dpd, "unshipped": money(unshipped, ccy),
        "next_etd": next_etd, "insured": money(insured, ccy), "uninsured": money(open_ - insured, ccy),      # c0.2 insured + uninsured = open, always
        "if_shipped": {"insured": money(if_insured, ccy), "uninsured": money(open_ + unshipped - if_insured, ccy)},     # c0.3
        "break_even": None if even is None else money(even, ccy), "reasons": [c for c in REASONS if c in reasons],
        "scope_check": scope, "quality": "estimated" if estimated else "exact",
        "fx": [{"currency": c, "rate_date": r[0], "stale": days(r[0], as_of) > 6} for c, r in sorted(fx_used.items())],    # R24
        "knew_at": knew if knew and knew_day <= as_of else None}


def totals(rows):
    """c8 total rows: the insurer's accumulation, one per currency (d1.3 V10)."""
    out = {}
    for r in rows:
        c = r["currency"]
        t = out.setdefault(c, {"row": "total", "exporters": set(), "currency": c, "open": 0, "unshipped": 0, "insured": 0, "uninsured": 0, "if": [0, 0]})
        t["exporters"].add(r["exporter_id"])
        for f in ("open", "unshipped", "insured", "uninsured"):
            t[f] += minor(r[f], c)
        t["if"][0] += minor(r["if_shipped"]["insured"], c)
        t["if"][1] += minor(r["if_shipped"]["uninsured"], c)
    res = []
    for c in sorted(out):
        t = out[c]
        res.append({"row": "total", "exporters": len(t["exporters"]), "currency": c, "if_shipped": {"insured": money(t["if"][0], c), "uninsured": money(t["if"][1], c)},
                    **{f: money(t[f], c) for f in ("open", "unshipped", "insured", "uninsured")}})
    return res


def read_folder(folder):
    kinds = {}
    for kind in KINDS:
        path = os.path.join(folder, kind + ".csv")
        if os.path.exists(path):
            with open(path, encoding="utf-8", newline="") as f:
                kinds[kind] = list(csv.DictReader(f))
    return kinds


def run(job):
    return exposure(job["kinds"], job["as_of"], job.get("knew_at"), job.get("composed"))


def main(argv):
    if argv[1:] == ["--batch"]:
        for line in sys.stdin:
            sys.stdout.write(json.dumps(run(json.loads(line)), ensure_ascii=False, separators=(",", ":")) + "\n")
        return 0
    if len(argv) not in (4, 6) or argv[2] != "--as-of" or (len(argv) == 6 and argv[4] != "--knew"):
        sys.stderr.write("usage: model.py FOLDER --as-of DATE [--knew FILE] | model.py --batch\n")
        return 2
    known = {}
    if len(argv) == 6:
        with open(argv[5], encoding="utf-8") as f:
            known = json.load(f)
    for row in exposure(read_folder(argv[1]), argv[3], known.get("knew_at"), known.get("composed")):
        print(json.dumps(row, ensure_ascii=False, separators=(",", ":")))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))

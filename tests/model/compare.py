#!/usr/bin/python3
"""Compare another program with the model on random books.

    compare.py [--plain] [--with NAME,...] [--ignore FIELD,...] [--cents N] [--jobs N] FOLDER N SEED COMMAND [ARG...]

COMMAND reads one book a line on stdin and prints one line for each, in order: the list of exposure rows of contract section 8
(or {"rows": [...]}; anything else, or {"error": ...}, is a disagreement; a row of quality too_large is none when a figure of it
leaves 64 bits). A book is
{"as_of": DATE, "knew_at": {"EXPORTER|OBLIGOR": TIME}, "composed": {"EXPORTER|OBLIGOR": TIME}, "kinds": {KIND: [{column: text}]}};
composed is the time of the first revision of an insolvency alert. Empty columns and kinds are left out. COMMAND may buffer its output; it sees
the end of its input. It is started once for 4,000 books, in N processes at a time (--jobs, 2),
and again while a disagreement is made smaller; when it dies the book that kills it is looked for.

Disagreements are sorted by what differs. For each sort FOLDER gets a minimal book (NAME.jsonl, one line to feed again; NAME.txt, the rows of
both sides; NAME/, the CSV folder). Exit 0 when all agree, 1 when not. --plain: without what the documents leave open (books.py). The number
of a book is its index: books.py gives the same one. Row order is compared; not compared are the fx list, obligor_name, select_rule, the order of
reasons, and of quality only whether it is "estimated". --cents N lets money differ by N minor units. --ignore null-policy compares of rows without a policy only the
keys, shipments, max_dpd, next_etd (R1, R3 of model.py).
"""
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile

import books
import model

FIELDS = ("as_of exporter_id obligor_id obligor_type country policy_id scheme_id currency insured_bp cap cap_basis shipments open overdue max_dpd "
          "unshipped next_etd insured uninsured if_shipped break_even reasons scope_check quality knew_at").split()
MONEY = {"open", "overdue", "unshipped", "insured", "uninsured", "break_even", "cap"}
CHUNK = 4000
SORTS = 40


def beyond(rows):
    """A figure that minor units in 64 bits do not hold."""
    return any(model.minor(r[f], r["currency"]) >= 2 ** 63 for r in rows for f in ("open", "unshipped")) or any(
        model.minor(r["if_shipped"][f], r["currency"]) >= 2 ** 63 for r in rows for f in r["if_shipped"])


class Comparer:
    def __init__(self, command, ignore, cents):
        self.command, self.cents = command, cents
        self.lenient = "null-policy" in ignore
        self.fields = [f for f in FIELDS if f not in ignore]

    def feed(self, lines):
        """One answer for each line; short output is padded with None."""
        with tempfile.TemporaryFile("w+b") as i, tempfile.TemporaryFile("w+b") as o:
            for text in lines:
                i.write(text.encode())
            i.seek(0)
            rc = subprocess.call(self.command, stdin=i, stdout=o)
            o.seek(0)
            out = [x.decode("utf-8", "replace") for x in o.read().split(b"\n")[:-1]]
        return (out + [None] * (len(lines) - len(out)))[:len(lines)], rc

    def near(self, a, b, ccy):
        if a == b:
            return True
        if not (self.cents and isinstance(a, str) and isinstance(b, str)):
            return False
        try:
            return abs(model.minor(a, ccy) - model.minor(b, ccy)) <= self.cents
        except ValueError:
            return False

    def same(self, f, want, got):
        a, b = want.get(f), got.get(f)
        if f == "reasons":
            return isinstance(b, list) and set(a) == set(b) and len(b) == len(set(b))
        if f == "quality":
            return (a == "estimated") == (b == "estimated")
        if f == "if_shipped":
            return isinstance(b, dict) and all(self.near(a[k], b.get(k), want["currency"]) for k in a)
        if f in MONEY:
            return self.near(a, b, want["currency"])
        return a == b and type(a) is type(b)

    def differ(self, want, answer):
        """What differs, as a short text; "" when nothing does."""
        if answer is None:
            return "no-answer"
        try:
            got = json.loads(answer)
        except ValueError:
            return "not-json"
        if isinstance(got, dict):
            got = got.get("rows")
        if not isinstance(got, list) or not all(isinstance(r, dict) for r in got):
            return "no-rows"
        got = [r for r in got if r.get("row", "exposure") == "exposure"]
        whole = want
        for r in [r for r in got if r.get("quality") == "too_large"]:            # told without figures: one leaves 64 bits
            if not beyond([x for x in whole if x["exporter_id"] == r["exporter_id"] and x["obligor_id"] == r["obligor_id"]]):
                return "too-large"
            want = [x for x in want if x["exporter_id"] != r["exporter_id"]]     # the others share its annual cap
            got = [x for x in got if x["exporter_id"] != r["exporter_id"]]

        def key(r):
            return (r.get("exporter_id"), r.get("obligor_id"), r.get("policy_id"))
        if [key(r) for r in want] != [key(r) for r in got]:
            return "row-order" if {key(r) for r in want} == {key(r) for r in got} and len(want) == len(got) else "rows"
        what = set()
        for w, g in zip(want, got):
            for f in self.fields if w["policy_id"] or not self.lenient else ("shipments", "max_dpd", "next_etd", "obligor_type", "country"):
                if not self.same(f, w, g):
                    if f == "reasons" and isinstance(g.get(f), list):
                        f += "".join("-" + c for c in w[f] if c not in g[f]) + "".join("+%s" % c for c in sorted(map(str, set(g[f]) - set(w[f]))))
                    what.add(f)
            if what:
                break
        return ",".join(sorted(what))


def smaller(b):
    """Books with one thing less: whole kinds first, then rows (with what refers to them), then columns."""
    kinds = b["kinds"]

    def without(**change):
        k = {x: change.get(x, t) for x, t in kinds.items()}
        exporters = {r["exporter_id"] for r in k.get("exporters", ())}
        obligors = {r["obligor_id"] for r in k.get("obligors", ())}
        schemes = {r["scheme_id"] for r in k.get("schemes", ())}
        good = {"policies": lambda r: r["exporter_id"] in exporters and r["scheme_id"] in schemes,
                "shipments": lambda r: r["exporter_id"] in exporters and r["obligor_id"] in obligors and r.get("bank_id", r["obligor_id"]) in obligors}
        for x in ("policies", "shipments"):
            k[x] = [r for r in k.get(x, ()) if good[x](r)]
        policies = {r["policy_id"] for r in k["policies"]}
        ships = {r["shipment_id"] for r in k["shipments"]}
        k["limits"] = [r for r in k.get("limits", ()) if r["policy_id"] in policies and r["obligor_id"] in obligors]
        k["receipts"] = [r for r in k.get("receipts", ()) if r["exporter_id"] in exporters and r["obligor_id"] in obligors
                         and r.get("shipment_id", next(iter(ships), "")) in ships]
        return dict(b, kinds={x: t for x, t in k.items() if t})

    for kind, t in kinds.items():
        if kind not in ("schemes", "exporters", "obligors") and len(t) > 1:
            yield without(**{kind: []})
            yield without(**{kind: t[:len(t) // 2]})
            yield without(**{kind: t[len(t) // 2:]})
    for kind, t in kinds.items():
        for i in range(len(t)):
            yield without(**{kind: t[:i] + t[i + 1:]})
    for name in ("knew_at", "composed"):
        for pair in b[name]:
            yield dict(b, **{name: {p: v for p, v in b[name].items() if p != pair}})
    for kind, t in kinds.items():
        need = {"schemes": "scheme_id insured_bp cap_amount cap_currency cap_basis year_from year_to", "exporters": "exporter_id uscc name",
                "policies": "policy_id scheme_id exporter_id status", "obligors": "obligor_id type name country",
                "limits": "policy_id obligor_id amount currency status effective_from", "receipts": "receipt_id exporter_id obligor_id amount currency received_on",
                "shipments": "shipment_id exporter_id obligor_id amount currency payment_term status", "country_cover": "country status effective_from"}
        for i, row in enumerate(t):
            for column in row:
                if kind in need and column not in need[kind].split() and not (column == "bank_id" and row["payment_term"] == "LC"):
                    yield dict(b, kinds=dict(kinds, **{kind: t[:i] + [{c: v for c, v in row.items() if c != column}] + t[i + 1:]}))


def silent(cmp, many):
    """Of books that left the command without an answer, one that does so alone; else the first."""
    first = many[0]
    while len(many) > 1:
        half = many[:len(many) // 2]
        many = half if None in cmp.feed([books.line(b) for b in half])[0] else many[len(many) // 2:]
    return many[0] if None in cmp.feed([books.line(many[0])])[0] else first


def minimise(cmp, b, what):
    """The same sort of disagreement with as little as possible: each round tries every single removal in one run of the command."""
    for _ in range(200):
        tries = [t for t in smaller(b) if "shipments" in t["kinds"]]             # without shipments there are no rows
        alone = what == "no-answer"                                              # a crash is tried one book at a time
        answers = [None] * len(tries) if alone else cmp.feed([books.line(t) for t in tries])[0]
        for t, a in zip(tries, answers):
            a = cmp.feed([books.line(t)])[0][0] if alone else a
            if (alone or a is not None) and cmp.differ(model.run(t), a) == what:
                b = t
                break
        else:
            return b
    return b


def chunk(job):
    """Some books: (first, last, exit code, rows of the model, [(book number, what differs)])."""
    cmp, seed, items, first, last = job
    made = [books.book(seed, i, items) for i in range(first, last)]
    answers, rc = cmp.feed([books.line(b) for b in made])
    rows, found = 0, []
    for i, (b, a) in enumerate(zip(made, answers)):
        want = model.run(b)
        rows += len(want)
        what = cmp.differ(want, a)
        if what:
            found.append((first + i, what))
    return first, last, rc, rows, found


def main(argv):
    items, rest = books.options(argv[1:])
    ignore, cents, jobs = set(), 0, 2
    while rest and rest[0] in ("--ignore", "--cents", "--jobs") and len(rest) > 1:
        if rest[0] == "--ignore":
            ignore |= set(rest[1].split(","))
        elif rest[0] == "--cents":
            cents = int(rest[1])
        else:
            jobs = int(rest[1])
        rest = rest[2:]
    if len(rest) < 4:
        sys.stderr.write("usage: compare.py [--plain] [--with NAME,...] [--ignore FIELD,...] [--cents N] [--jobs N] FOLDER N SEED COMMAND...\n")
        return 2
    folder, n, seed = rest[0], int(rest[1]), rest[2]
    cmp = Comparer(rest[3:], ignore, cents)
    os.makedirs(folder, exist_ok=True)
    sorts, counts, rows, bad = {}, {}, 0, 0
    with multiprocessing.Pool(jobs) as pool:
        todo = [(cmp, seed, items, first, min(n, first + CHUNK)) for first in range(0, n, CHUNK)]
        for first, last, rc, seen, found in pool.imap(chunk, todo):
            rows += seen
            if rc != 0:
                print("the command ended with %d on books %d to %d" % (rc, first, last - 1))
                bad += 1
            for i, what in found:
                bad += 1
                counts[what] = counts.get(what, 0) + 1
                sorts.setdefault(what, []).append(i)
    for what in counts:                                                          # start from the smallest of the first hundred
        if what == "no-answer":
            first = sorts[what][0] // CHUNK * CHUNK
            many = [books.book(seed, i, items) for i in range(first, min(n, first + CHUNK))]
            b = silent(cmp, many)
            sorts[what] = (first + many.index(b), b)
            continue
        i = min(sorts[what][:100], key=lambda i: len(books.line(books.book(seed, i, items))))
        sorts[what] = (i, books.book(seed, i, items))
    for name in os.listdir(folder):                                              # what an earlier run left
        if name.startswith("sort-") and name.endswith((".txt", ".jsonl")):
            os.unlink(os.path.join(folder, name))
    for number, what in enumerate(sorted(counts, key=lambda w: -counts[w])[:SORTS]):
        index, b = sorts[what]
        b = minimise(cmp, b, what)
        name = os.path.join(folder, "sort-%02d" % number)
        answer = cmp.feed([books.line(b)])[0][0]
        with open(name + ".jsonl", "w", encoding="utf-8") as f:
            f.write(books.line(b))
        books.write_folder(b, name)
        text = "%s\n%d books, made smaller: seed %s book %d\n\n%s\n" % (what, counts[what], seed, index, json.dumps(b, ensure_ascii=False, indent=1))
        text += "\nmodel:\n" + "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in model.run(b)) + "\ncommand:\n%s\n" % answer
        with open(name + ".txt", "w", encoding="utf-8") as f:
            f.write(text)
        print("%7d  %-60s sort-%02d (book %d)" % (counts[what], what, number, index))
    print("%d books, %d rows, %d disagree, %d sorts" % (n, rows, bad, len(counts)))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))

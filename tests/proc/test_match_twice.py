"""An id that an obligors CSV has twice is told by `match index`, and entered."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from house import ROOT, Checks  # noqa: E402

SHOWN = 100
c = Checks("match_twice")
tool = str(pathlib.Path(os.environ.get("BUILD") or ROOT / "build") /
           "creditalarm")


def index(where, rows):
    path = where / "o.csv"
    path.write_text("obligor_id,type,name\n" +
                    "".join(f"{i},buyer,{n}\n" for i, n in rows))
    p = subprocess.run([tool, "match", "index", str(path), "-o",
                        str(where / "o.idx")], capture_output=True,
                       timeout=60)
    return p.returncode, p.stderr.decode().splitlines()


def first(where, name):
    p = subprocess.run([tool, "match", "query", "--all",
                        str(where / "o.idx")],
                       input=json.dumps({"q": "1", "name": name}).encode(),
                       capture_output=True, timeout=60)
    found = json.loads(p.stdout)["candidates"]
    return [x["obligor_id"] for x in found[:1]]


with tempfile.TemporaryDirectory() as d:
    d = pathlib.Path(d)
    book = [("A", "Hatoya Trading"), ("B", "Meridiano Shipping"),
            ("A", "Quellvar Foods"), ("C", "Tessaly Orchards")]
    status, told = index(d, book)
    c.equal("file, line and id", (status, len(told)), (0, 1))
    c.equal("file, line and id", told[0].split(": ")[:2] +
            [told[0].split("'")[1]], [f"{d}/o.csv:4", "obligor_id", "A"])
    c.equal("found by either name", (first(d, "Hatoya Trading"),
                                     first(d, "Quellvar Foods")),
            (["A"], ["A"]))
    c.equal("no id twice: nothing is said", index(d, book[:2]), (0, []))
    many = [("A", f"Hatoya {n}") for n in range(SHOWN + 1)]
    c.equal("as many as are shown", [len(index(d, many)[1]),
            index(d, many)[1][-1].split(": ")[0]],
            [SHOWN, f"{d}/o.csv:{SHOWN + 2}"])
    told = index(d, many + [("A", "Hatoya one more")])[1]
    c.equal("one more: a count", [len(told), told[-1]],
            [SHOWN + 1, f"{d}/o.csv: {SHOWN + 1} rows in all with an "
             "obligor_id that was there before"])
    # The table of ids grows: ids that are all others are none of them.
    book = [(f"B{n}", f"Hatoya {n}") for n in range(5000)]
    c.equal("a growing table", index(d, book), (0, []))
    told = index(d, book + [("B0", "Hatoya"), ("B4999", "Hatoya")])[1]
    c.equal("first and last of many", [t.split("'")[1] for t in told],
            ["B0", "B4999"])
sys.exit(1 if c.failed else 0)

"""A question to `match query` is at most 16 MiB, however slowly it comes."""
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from house import ROOT, Checks  # noqa: E402

LINE_MAX_BYTES = 1 << 24
c = Checks("match_lines")
tool = str(pathlib.Path(os.environ.get("BUILD") or ROOT / "build") /
           "creditalarm")


def ask(index, text):
    # A pipe: never a whole line in one read.
    p = subprocess.run([tool, "match", "query", index], input=text,
                       capture_output=True, timeout=60)
    return p.returncode, p.stdout.count(b"\n"), p.stderr.decode()


def line(size):
    head = b'{"q":"1","name":"Hatoya Trading","pad":"'
    return head + b"x" * (size - len(head) - 2) + b'"}'


with tempfile.TemporaryDirectory() as d:
    d = pathlib.Path(d)
    (d / "o.csv").write_text("obligor_id,type,name\nA,buyer,Hatoya Trading\n")
    index = str(d / "o.idx")
    subprocess.run([tool, "match", "index", str(d / "o.csv"), "-o", index],
                   check=True)
    small = line(64) + b"\n"
    c.equal("between a batch and the limit: answered, and what follows",
            ask(index, line(9 << 20) + b"\n" + small), (0, 2, ""))
    c.equal("at the maximum", ask(index, line(LINE_MAX_BYTES) + b"\n" + small),
            (0, 2, ""))
    c.equal("at the maximum, without a newline",
            ask(index, line(LINE_MAX_BYTES)), (0, 1, ""))
    status, answers, why = ask(index, small + line(LINE_MAX_BYTES + 1))
    c.equal("one more is refused, what came before is answered",
            (status, answers, "more than 16777216 bytes" in why),
            (65, 1, True))
sys.exit(1 if c.failed else 0)

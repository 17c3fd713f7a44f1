"""docs/LIMITS.md is what the headers say: every *_MAX of a header has one
row, with its value, its header and, when it bounds what comes from outside,
a test that exists.  limits.py --rows prints what the headers have.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).parents[1]
SOURCES = ("include", "feeds", "alerts", "daemon")
NAME = re.compile(r"^#define\s+([A-Z][A-Z0-9_]*_MAX(?:_MS)?)\s+(\S.*)$")


def files(suffix):
    for d in SOURCES:
        for p in sorted((ROOT / d).rglob("*" + suffix)):
            if "gen" not in p.parts:
                yield p


def headers():
    """{name: (path, value as text)}"""
    out = {}
    for p in files(".h"):
        for line in p.read_text().splitlines():
            m = NAME.match(line)
            if m:
                text = re.sub(r"/\*.*", "", m.group(2)).strip()
                out[m.group(1)] = (str(p.relative_to(ROOT)), text)
    return out


def number(text, all_, depth=0):
    """The value of the constant expressions the headers use."""
    t = re.sub(r"U?INT64_C\((\d+)\)", r"\1", text)
    t = re.sub(r"\b(0x[0-9A-Fa-f]+|\d+)[uUlL]+\b", r"\1", t)
    for name in re.findall(r"\b[A-Z][A-Z0-9_]+\b", t):
        if depth > 3 or name not in all_:
            return None
        v = number(all_[name][1], all_, depth + 1)
        if v is None:
            return None
        t = re.sub(r"\b%s\b" % name, str(v), t)
    if not re.fullmatch(r"[0-9a-fx+*/<>() -]+", t):
        return None
    return int(eval(t, {"__builtins__": {}}))  # digits and operators only


def constants():
    """Every numeric #define of a header, for limits made of others."""
    out = {}
    for p in files(".h"):
        for m in re.finditer(r"^#define\s+([A-Z][A-Z0-9_]+)\s+([^\n\\]+)$",
                             p.read_text(), re.M):
            text = re.sub(r"/\*.*", "", m.group(2)).strip()
            out[m.group(1)] = (str(p), text)
    return out


def tests():
    out = set()
    for p in (ROOT / "tests").rglob("*.c"):
        text = p.read_text()
        out |= {"%s/%s" % m for m in
                re.findall(r"^Test\((\w+),\s*(\w+)", text, re.M)}
        out |= {"store_memory/" + m for m in
                re.findall(r"^STORE_TEST\((\w+)\)", text, re.M)}
    out |= {str(p.relative_to(ROOT)) for p in (ROOT / "tests").rglob("*.py")}
    return out


def rows(page):
    """(section, cells) of every row of the page's tables."""
    section = ""
    for line in page.splitlines():
        if line.startswith("## "):
            section = line[3:]
        if line.startswith("| `"):
            yield section, [c.strip() for c in line.strip("|").split("|")]


def check(page, have, known):
    numbers = constants()
    seen = set()
    for section, cell in rows(page):
        name = cell[0].strip("`")
        if name in seen:
            yield "%s has two rows" % name
        seen.add(name)
        if name not in have:
            yield "%s is in no header" % name
            continue
        path, text = have[name]
        value = number(text, numbers)
        said = cell[1].replace(",", "")
        if said != str(value) and cell[1] != text:
            yield "%s is %s, the page says %s" % (name, value or text,
                                                  cell[1])
        if cell[2] != path:
            yield "%s is in %s, the page says %s" % (name, path, cell[2])
        if section == "From outside":
            if len(cell) != 6:
                yield "%s: six cells" % name
                continue
            for t in re.findall(r"`([^`]+)`", cell[5]) or ["nothing"]:
                if t not in known:
                    yield "%s: there is no test %s" % (name, t)
        elif len(cell) != 4 or not cell[3]:
            yield "%s: no reason" % name
    for name in sorted(set(have) - seen):
        yield "%s (%s) has no row" % (name, have[name][0])


def unused(have):
    """A limit that no code asks is none."""
    text = "".join(p.read_text() for p in files(".c"))
    more = "".join(p.read_text() for p in files(".h"))
    for name in sorted(have):
        n = len(re.findall(r"\b%s\b" % name, text))
        if n == 0 and len(re.findall(r"\b%s\b" % name, more)) < 2:
            yield "%s is asked by nobody" % name


def planted(page, have, known):
    """Each rule must see a violation made for it."""
    first = next(c for s, c in rows(page) if s == "From outside")
    name = first[0].strip("`")
    line = next(x for x in page.splitlines() if x.startswith("| `" + name))
    test = re.findall(r"`([^`]+)`", first[5])[0]
    for what, bad in (("a row", page.replace(line + "\n", "")),
                      ("a value", page.replace("| %s |" % first[1],
                                               "| 7 |", 1)),
                      ("a test", page.replace(test, "no/test", 1)),
                      ("a header", page.replace(name, "NO_SUCH_MAX", 1))):
        if not list(check(bad, have, known)):
            yield "does not see %s that is wrong" % what


def main():
    have = headers()
    if sys.argv[1:] == ["--rows"]:
        numbers = constants()
        for name, (path, text) in sorted(have.items(),
                                         key=lambda x: (x[1][0], x[0])):
            print(name, number(text, numbers) or text, path)
        return 0
    page = (ROOT / "docs/LIMITS.md").read_text()
    known = tests()
    bad = list(check(page, have, known)) + list(unused(have)) + \
        list(planted(page, have, known))
    for b in bad:
        print("FAIL limits: " + b)
    if not bad:
        print("ok limits: %d in the headers, each with its row" % len(have))
    return 1 if bad else 0


sys.exit(main())

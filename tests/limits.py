"""docs/LIMITS.md is what the headers say: every *_MAX of a header has one
row, with its value, its header and, when it bounds what comes from outside,
a test that exists, names the limit and goes one beyond it.
limits.py --rows prints what the headers have.
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


FUNCTION = re.compile(r"^(?:(?:Test|STORE_TEST)\(([^)]*)\)|(\w+)\([^;{]*\))\n"
                      r"\{\n(.*?)^\}$", re.M | re.S)


def tests():
    """{name: what the test says, with the functions of its file it calls}"""
    out = {}
    for p in (ROOT / "tests").rglob("*.c"):
        text = p.read_text()
        found, own = {}, {}
        for m in FUNCTION.finditer(text):
            if m.group(2):
                own[m.group(2)] = m.group(3)
                continue
            words = [w.strip() for w in m.group(1).split(",")]
            found["/".join(words[:2] if len(words) > 1
                           else ["store_memory", words[0]])] = m.group(3)
        for name, body in found.items():
            out[name] = body + "".join(own[f] for f in own if re.search(
                r"\b%s\(" % f, body))
    return out


def asks(name, body):
    """The test names the limit twice, or with one more or less beside it, or
    says which number it is that the test's own numbers come from.

    Cheap, and easily pleased: it sees a test that asks one side only, or
    another limit, not one that asks wrongly.
    """
    n = len(re.findall(r"\b%s\b" % name, body))
    return n > 1 or (n == 1 and re.search(
        r"\bmore\b|[+-] 1u?\b|<= %s\b|\+\+;|assert_eq\(%s," % (name, name),
        body))


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
                elif not asks(name, known[t]):
                    yield "%s: %s does not ask it and one more" % (name, t)
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
    for what, body in (("no name", "x + 1"), ("nothing beyond", name)):
        if not list(check(page, have, dict(known, **{test: body}))):
            yield "does not see a test with " + what


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

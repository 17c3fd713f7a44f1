"""The manual pages name every command, option and key there is, and none
that is not; mandoc finds nothing to say about them (`lint`: only that)."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD") or ROOT / "build")
PAGES = [ROOT / "docs/man/creditalarm.1", ROOT / "docs/man/creditalarmd.8",
         BUILD / "man/creditalarm.yaml.5"]
failed = 0
if "lint" not in sys.argv and not (BUILD / "creditalarm").exists():
    print("skip man: creditalarm is not built")
    sys.exit(0)


def check(name, missing):
    global failed
    failed += bool(missing)
    print("%s man: %s%s" % ("FAIL" if missing else "ok", name,
                            ": " + ", ".join(missing) if missing else ""))


def usage(program):
    p = subprocess.run([BUILD / program, "-h"], capture_output=True,
                       text=True)
    return p.stdout + p.stderr


def page_commands():
    out = set()
    for line in PAGES[0].read_text().splitlines():
        if line.startswith(".It Cm "):
            for part in line[7:].split(" , "):
                part = re.split(r" (?:Ar|Fl|Oo|Op) ", part + " Ar ")[0]
                out.add(part.strip())
    return out


def usage_commands():
    out, first = set(), ""
    for line in usage("creditalarm").splitlines()[1:]:
        for n, part in enumerate(line.strip().split(" | ")):
            words = [w for w in re.split(r"[ \[]", part) if w]
            words = [w for w in words[:2] if re.fullmatch("[a-z]+", w)]
            if n == 0 and len(words) == 2:
                first = words[0]
            elif n == 0:
                first = ""
            elif first and len(words) == 1 and len(line.split(" | ")) > 1:
                words = [first] + words
            out.add(" ".join(words))
    return out


def options(text):
    return set(re.findall(r"(?<![a-z])--?[a-zA-Z1][a-z-]*", text))


def words():
    check("commands of the usage that the page lacks",
          sorted(usage_commands() - page_commands()))
    check("commands of the page that the usage lacks",
          sorted(page_commands() - usage_commands()))
    roff = PAGES[1].read_text()
    known = {"-" + o for o in re.findall(r"Fl (-?[a-zA-Z0-9-]+)", roff)}
    known |= {"-" + o for o in re.findall(r"Fl \w \| (\w)", roff)}
    check("options of creditalarmd",
          sorted(options(usage("creditalarmd")) ^ known))
    keys = set(re.findall(r'^CONF\(\w+, \w+, "([^"]+)"',
                          (ROOT / "include/config.def").read_text(), re.M))
    listed = re.findall(r"^\.It Cm (\S+)$", PAGES[2].read_text(), re.M)
    check("keys of the configuration", sorted(keys ^ set(listed)))
    check("keys without a type", [k for k in listed if not re.search(
        r"\.It Cm %s\n.+\nType: \S.+\.\n" % re.escape(k),
        PAGES[2].read_text())])


def lint():
    if shutil.which("mandoc") is None:
        print("skip man: mandoc is not installed")
    else:
        for page in PAGES:
            p = subprocess.run(["mandoc", "-Tlint", page], capture_output=True,
                               text=True)
            # Pages of this house are not in the machine's own index.
            check("lint of " + page.name, [
                line for line in (p.stdout + p.stderr).splitlines()
                if "referenced manual not found" not in line and
                "outdated mandoc.db" not in line])


if sys.argv[1:] != ["lint"]:
    words()
lint()
sys.exit(1 if failed else 0)

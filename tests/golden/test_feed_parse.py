#!/usr/bin/python3
"""creditalarm feed parse from outside: what it prints and how it ends."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = pathlib.Path(os.environ.get("BUILD") or ROOT / "build") / "creditalarm"
KEYS = """source record action subject kind stage native native_text names ids
country countries jurisdiction place port address natural_person occurred_on
effective_on deadline_on published_at recorded_at case_no amount currency
value_old value_new scale rates certainty url redistribution""".split()
WARN = ('{"msg_no":"%s","typ":"WARN","ereignis":"INSO-EROEFF",'
        '"subj_no":"ARE00412","land":"AE","ts":"2022-12-27T09:12:03+08:00"}\n')
failed = 0


def check(name, ok, more=""):
    global failed
    failed += not ok
    print("%s feed parse: %s%s" % ("ok" if ok else "FAIL", name,
                                   "" if ok else " " + str(more)))


def main():
    if not TOOL.exists():
        print("skip feed parse: %s is not built" % TOOL.name)
        return
    with tempfile.TemporaryDirectory() as tmp:
        tmp = pathlib.Path(tmp)
        subprocess.run([TOOL, "key", "generate", "--server", "-o",
                        tmp / "key"], check=True, stdout=subprocess.DEVNULL)
        (tmp / "c.yaml").write_text(
            "instance: t\nstate_dir: %s\ntables_dir: %s\nfeeds_dir: %s\n"
            "push:\n  key_file: %s\n" %
            (tmp, ROOT / "etc", ROOT / "etc" / "feeds.d", tmp / "key"))

        def run(*words):
            return subprocess.run([TOOL, "-c", tmp / "c.yaml", "feed",
                                   "parse", *words], capture_output=True,
                                  text=True, timeout=60)

        good, half, bad = tmp / "good", tmp / "half", tmp / "bad"
        good.write_text(WARN % "1" + "\n" + WARN % "2")
        half.write_text(WARN % "3" + '{"msg_no":"4","typ":"?"}\n')
        bad.write_text("<html>503</html>\n")
        now = ["--now", "2024-01-01T00:00:00Z"]

        p = run("bureau", good, *now)
        rows = [json.loads(s) for s in p.stdout.splitlines()]
        check("two notices", p.returncode == 0 and len(rows) == 2, p)
        check("every key in order", all(list(r) == KEYS for r in rows))
        check("a time in UTC", rows and rows[0]["published_at"] ==
              "2022-12-27T01:12:03.000Z")
        check("--now", rows and rows[0]["recorded_at"] ==
              "2024-01-01T00:00:00.000Z")
        p = run("bureau", half, *now)
        check("a reject does not change the exit code", p.returncode == 0, p)
        check("its line", p.stderr.startswith("%s:2: record 4: " % half),
              p.stderr)
        p = run("bureau", bad, *now)
        check("a refused document", p.returncode == 65 and p.stdout == "", p)
        p = run("bureau", bad, good, *now)
        check("the other files are printed", p.returncode == 65 and
              len(p.stdout.splitlines()) == 2, p)
        check("no such feed", run("nobody", good).returncode == 2)
        check("no file named", run("bureau").returncode == 2)
        check("a bad time", run("bureau", good, "--now", "x").returncode == 2)
        check("no such file", run("bureau", tmp / "none").returncode == 74)


main()
sys.exit(failed != 0)

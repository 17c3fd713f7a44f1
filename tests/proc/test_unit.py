"""The service file as the service manager reads it: its score, its errors."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from house import Checks, ROOT  # noqa: E402

c = Checks("unit")
if shutil.which("systemd-analyze") is None:
    c.skip("the service file", "no systemd-analyze on this machine")
    sys.exit(0)
SCORE_MAX = 13  # tenths; 100 is no protection at all


def analyze(*words):
    p = subprocess.run(["systemd-analyze", *map(str, words)],
                       capture_output=True, text=True)
    return p.returncode, p.stdout + p.stderr


def score(path):
    code, text = analyze("security", "--offline=true", "--no-pager",
                         "--threshold=%d" % SCORE_MAX, path)
    found = re.search(r"Overall exposure level.*: ([0-9.]+)", text)
    return code, found and found.group(1), text


with tempfile.TemporaryDirectory(prefix="calarm.") as folder:
    root = pathlib.Path(folder) / "root"
    p = subprocess.run(["make", "-s", "-C", ROOT, "install",
                        "DESTDIR=%s" % root], capture_output=True, text=True)
    c.equal("make install", p.returncode, 0)
    unit = root / "lib/systemd/system/creditalarmd.service"
    code, got, text = score(unit)
    print("exposure %s, at most %.1f" % (got, SCORE_MAX / 10))
    c.check("exposure is at most %.1f" % (SCORE_MAX / 10), code == 0, text)
    c.check("nothing in it is ignored", "ignoring" not in text, text)
    # The gate sees a hole: without its system call filter it is shut.
    holed = root / "lib/systemd/system/holed.service"
    holed.write_text(re.sub(r"(?m)^SystemCallFilter=.*\n", "",
                            unit.read_text()))
    c.check("without a filter the gate shuts", score(holed)[0] != 0)
    # verify wants the programs where the unit says.
    text = unit.read_text()
    here = root / "verify/creditalarmd.service"
    here.parent.mkdir()
    here.write_text(text.replace("/usr/local/", str(root) + "/usr/local/"))
    code, said = analyze("verify", "--man=no", here)
    said = "\n".join(s for s in said.splitlines() if "creditalarmd" in s)
    c.check("systemd-analyze verify has nothing to say",
            code == 0 and not said, "%d %s" % (code, said))
    for name in ("sysusers", "tmpfiles"):
        conf = root / ("usr/lib/%s.d/creditalarm.conf" % name)
        tool = shutil.which("systemd-" + name)
        if tool is None:
            c.skip(name, "no systemd-%s" % name)
            continue
        words = [] if name == "sysusers" else ["--create"]
        if name == "tmpfiles":
            (root / "etc/creditalarm/server.key").write_text("")
            (root / "etc/creditalarm/server.key").chmod(0o644)
        p = subprocess.run([tool, *words, "--root=%s" % root, conf],
                           capture_output=True, text=True)
        if name == "tmpfiles":
            ids = dict(re.findall(r"(?m)^([a-z-]+):[^:]*:(\d+):",
                                  (root / "etc/group").read_text()))
            drop = int(ids["creditalarm-drop"])
            own = int(ids["creditalarm"])
        c.check("systemd-%s takes the file" % name, p.returncode == 0,
                p.stderr)
    box = root / "var/spool/creditalarm/insurer"
    c.equal("a sender hands in and reads why, and sees no more", [
        (oct(p.stat().st_mode & 0o7777), p.stat().st_gid) for p in
        (box, box / "refused", box / "done")], [
        ("0o2770", drop), ("0o2750", drop), ("0o700", own)])
    c.equal("a key others could read is closed",
            oct((root / "etc/creditalarm/server.key").stat().st_mode & 0o777),
            "0o600")
sys.exit(1 if c.failed else 0)

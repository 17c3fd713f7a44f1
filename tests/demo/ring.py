"""The demo alarm: from a feed to a phone, in Chinese and English.

27 December 2022, 09:12 in Shenzhen.  A credit bureau reports an exporter's
buyer in the Emirates insolvent; an order of USD 200,000 sails in three days.
The subscriber reports delivered, acknowledged, and a credit report ordered;
a minute later the bureau's report confirms.  With the word 1 it ends by
itself and leaves with 0 only when both revisions arrived, opened and verified.
"""
import json
import pathlib
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from house import House  # noqa: E402

DEMO = ROOT / "tests/demo"
ONCE = sys.argv[1:] == ["1"]
STATES = "delivered,acked,acted:A_ORDER_REPORT"


def say(text):
    print("\n\033[1m%s\033[0m" % text if sys.stdout.isatty() else
          "\n" + text, flush=True)


def money(event):
    """The numbers of one revision as a table of two columns."""
    d = event["data"]
    x, p = d["exposure"], d["policy"]
    rows = [
        ("severity", "%s (%s)" % (d["severity"],
                                  " ".join(d["severity_reasons"]))),
        ("fact", "%s, %s" % (d["fact"]["status"], d["fact"]["stage"])),
        ("scheme by ship date", "%s, policy %s" % (p["scheme"], p["id"])),
        ("open", x["open"]), ("unshipped", x["unshipped"]),
        ("insured", x["insured"]),
        ("if shipped: insured", x["if_shipped"]["insured"]),
        ("if shipped: uninsured", "%s (reason %s)" % (
            x["if_shipped"]["uninsured"], " ".join(x["reasons"]))),
        ("free reports left", d["report_quota_left"]),
    ]
    return "\n".join("    %-22s %s" % row for row in rows)


def show(line):
    """One verified alert as the subscriber printed it."""
    event = json.loads(line)["event"]
    d = event["data"]
    print("\n  alert %s revision %d" % (d["alert_id"], d["revision"]))
    for lang, name in (("zh", "中文"), ("en", "English")):
        t = d["text"][lang]
        print("  [%s] %s\n    %s" % (name, t["title"], t["body"]))
        for a in d["actions"]:
            print("    - %s" % a["text_" + lang])
    print(money(event), flush=True)
    return d


def main():
    h = House({"gleif": ("/lei.xml", 15), "bureau": ("/bureau.ndjson", 5)},
              as_of="2022-12-27T01:11:30Z")
    try:
        h.server.serve("/lei.xml", (DEMO / "feeds/gleif.xml").read_bytes())
        h.server.serve("/bureau.ndjson", b"\n")
        say("1. The daemon starts; feeds at https://localhost:%d, push at %s" %
            (h.server.port, h.endpoint))
        h.start()
        print("  " + h.book(DEMO / "book").strip())
        key = h.subscriber("EXP-SZ-0001")
        print("  " + "\n  ".join(h.run("feed", "list").splitlines()))
        clerk = subprocess.Popen(
            ["/usr/bin/python3", ROOT / "tests/e2e/subscriber.py",
             "--key", key, "--server", h.endpoint, "--server-key", h.casrv,
             "--consumer", "phone", "--state", STATES, "--json",
             "--timeout", "180" if ONCE else "1000000000",
             "--count", "2" if ONCE else "0"],
            stdout=subprocess.PIPE, text=True)
        seen = []

        def listen():
            for line in clerk.stdout:
                seen.append(show(line))

        ear = threading.Thread(target=listen, daemon=True)
        ear.start()
        say("2. The bureau writes: insolvency reported, one source")
        h.server.serve("/bureau.ndjson",
                       (DEMO / "feeds/bureau-1.ndjson").read_bytes())
        h.until(lambda: len(seen) >= 1, 60, "the alarm")
        rows = h.until(lambda: [a for a in h.say("alert", "list")
                                if a["state"] == "ACTIONED"], 10,
                       "the subscriber's answer")
        say("3. The subscriber answered: delivered, acknowledged, credit "
            "report ordered (known at %s)" % rows[0]["knew_at"])
        time.sleep(60)
        say("4. A minute later the report confirms")
        h.server.serve("/bureau.ndjson",
                       (DEMO / "feeds/bureau-2.ndjson").read_bytes())
        h.until(lambda: len(seen) >= 2, 60, "revision 2")
        good = (seen[0]["alert_id"] == seen[1]["alert_id"] and
                [s["revision"] for s in seen[:2]] == [1, 2] and
                [s["fact"]["status"] for s in seen[:2]] ==
                ["reported", "confirmed"] and
                [s["report_quota_left"] for s in seen[:2]] == [3, 2])
        if ONCE:
            code = clerk.wait(30)
            good = good and code == 0
            say("Both revisions arrived, opened and verified." if good else
                "Something did not arrive as it should (exit %d)." % code)
            return 0 if good else 1
        say("5. It runs on, quietly, until interrupted (^C).")
        while clerk.poll() is None:
            time.sleep(1)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        h.close()


sys.exit(main())

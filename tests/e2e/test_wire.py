"""The wire with a real server: who gets what, replay, snapshot, forgery."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import calarm  # noqa: E402
from house import Checks, House, ROOT  # noqa: E402
from listen import Listener  # noqa: E402

c = Checks("wire")
DEMO = ROOT / "tests/demo"
h = House({"bureau": ("/bureau", 1)}, as_of="2022-12-27T01:10:00Z")
try:
    h.server.serve("/bureau", b"\n")
    h.start()
    h.book(DEMO / "book")
    key = h.subscriber("EXP-SZ-0001")
    other = h.subscriber("EXP-SZ-0002", "other")
    stranger = h.dir / "stranger.key"
    h.run("key", "generate", "-o", stranger)

    clerk = Listener(h, key)
    clerk.take(1)
    c.check("WELCOME", any(e.kind == "welcome" for e in clerk.other))
    nosy = Listener(h, stranger)
    bystander = Listener(h, other)
    h.server.serve("/bureau", (DEMO / "feeds/bureau-1.ndjson").read_bytes())
    clerk.take(15, count=1)
    c.equal("the exporter is told", clerk.kinds(), ["BUYER_INSOLVENCY"])
    seq = clerk.alerts[0][0]["seq"]
    for name, code in (("delivered", ""), ("acked", ""),
                       ("acted", "A_ORDER_REPORT")):
        c.check("STATEOK for " + name,
                clerk.wait_state(seq, name, code, timeout=10))
    c.check("and again for the same", clerk.wait_state(seq, "acked", "",
                                                       timeout=10))
    nosy.take(3)
    c.check("a key nobody listed is denied at the handshake",
            any(e.kind == "denied" for e in nosy.other) and not nosy.alerts,
            nosy.other)
    bystander.take(2)
    c.equal("another exporter hears nothing", bystander.kinds(), [])
    rows = h.say("alert", "list")
    c.equal("the alert is acted on", [r["state"] for r in rows], ["ACTIONED"])
    c.check("knew_at is the daemon's clock", rows[0]["knew_at"] >=
            rows[0]["created_at"], rows[0])

    h.server.serve("/bureau", (DEMO / "feeds/bureau-2.ndjson").read_bytes())
    clerk.take(15, count=2)
    c.equal("revision 2 of the same alert",
            [(e["data"]["alert_id"] == clerk.alerts[0][1]["data"]["alert_id"],
              e["data"]["revision"], e["data"]["fact"]["status"],
              e["data"]["report_quota_left"]) for _, e in clerk.alerts[1:]],
            [(True, 2, "confirmed", 2)])

    again = Listener(h, key, consumer="auditor", after=0)
    again.take(10, count=2)
    c.equal("replay from 0 is the same", [e for _, e in again.alerts],
            [e for _, e in clerk.alerts])
    own, server = calarm.OwnKeys.read(str(key)), calarm.ServerKeys.parse(
        h.casrv)
    clear = [[calarm.open_alert("EXP-SZ-0001", f[0], f[1], own, server)[1]
              for f in l.raw[:2]] for l in (clerk, again)]
    c.equal("byte for byte", clear[0], clear[1])
    middle = Listener(h, key, consumer="late", after=1)
    middle.take(10, count=1)
    c.equal("replay behind 1 begins with 2",
            [x["seq"] for x, _ in middle.alerts], [2])
    back = Listener(h, key, consumer="back", after=2)
    back.take(1)
    back.snap()
    back.take(5, count=1)
    c.equal("a snapshot is the last revision of what stands",
            [(x["seq"], x["flags"] & 2) for x, _ in back.alerts], [(2, 2)])
    back.take(1)
    c.check("and ends with SNAPEND",
            any(e.kind == "snapend" for e in back.other), back.other)

    accepted = 0
    tried = 0
    for frames in clerk.raw[:2]:
        for which in (0, 1):
            for at in range(len(frames[which])):
                bent = [bytearray(f) for f in frames]
                bent[which][at] ^= 1 << (at % 8)
                # The flags are the publisher's per reader, not signed.
                if which == 0 and at == 3:
                    continue
                tried += 1
                try:
                    calarm.open_alert("EXP-SZ-0001", bytes(bent[0]),
                                      bytes(bent[1]), own, server)
                    accepted += 1
                except calarm.Refused:
                    pass
    c.check("every single byte flipped, %d times: none accepted" % tried,
            accepted == 0 and tried > 4000, accepted)

    h.run("subscriber", "revoke", h.run("subscriber", "list").split()[0])
    clerk.take(2)
    ended = [e for e in clerk.other if e.kind == "error" and e.code == 4010]
    gone = [l for l in (clerk, bystander) if any(
        e.kind == "error" and e.code == 4010 for e in l.other)]
    bystander.take(1)
    gone = [l for l in (clerk, bystander) if any(
        e.kind == "error" and e.code == 4010 for e in l.other)]
    c.equal("revocation ends exactly one key's sessions", len(gone), 1)
finally:
    h.close()
sys.exit(1 if c.failed else 0)

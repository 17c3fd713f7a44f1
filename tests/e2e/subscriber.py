#!/usr/bin/env python3
"""Print the alerts of a creditalarmd push service, each only after it verified.

    subscriber.py --key gw.key --server tcp://host:9631 --server-key casrv1....

Every alert printed is acknowledged.  With --state the named states are reported,
in order, for each first revision (header type 1), each waiting for STATEOK, before
the ACK.  Exit: 0 after --count alerts, 1 when --timeout seconds passed before that,
2 when the publisher ended it or an argument is wrong.
"""
from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
import time
from typing import Any

import calarm


def plain(value: Any) -> str:
    """Any JSON value on one line, for people; control characters never reach the terminal."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{plain(k)}={plain(v)}" for k, v in value.items())
    if isinstance(value, list):
        return "; ".join(plain(v) for v in value)
    return "".join(c if c.isprintable() else " " for c in str(value))


def for_people(header: dict[str, Any], event: dict[str, Any], stream: str) -> str:
    """An alert as a few lines: what it is, in Chinese, in English, what to do about it."""
    when = datetime.datetime.fromtimestamp(header["time_us"] / 1e6, datetime.timezone.utc)
    lines = [f"[{calarm.SEVERITIES[header['severity']]}] {stream} #{header['epoch']}/{header['seq']} "
             f"{calarm.TYPES[header['type']]} {when:%Y-%m-%d %H:%M:%SZ} {plain(event.get('id'))}"]
    data = event.get("data")
    data = data if isinstance(data, dict) else {}
    text = data.get("text")
    for language in ("zh", "en"):
        said = text.get(language) if isinstance(text, dict) else None
        if isinstance(said, dict):
            lines.append(f"  {language}: {plain(said.get('title'))}")
            for line in str(said.get("body") or said.get("short") or "").splitlines():
                lines.append(f"      {plain(line)}")
    for name in ("actions", "exposure", "policy"):
        value = data.get(name)
        if isinstance(value, list):
            lines.append(f"  {name}:")
            lines += [f"    - {plain(item)}" for item in value]
        elif value is not None:
            lines.append(f"  {name}: {plain(value)}")
    return "\n".join(lines)


def parse_states(text: str) -> list[tuple[str, str]]:
    """delivered,acked,acted:A_ORDER_REPORT -> [(name, code), ...]"""
    states = []
    for part in filter(None, text.split(",")):
        name, _, code = part.partition(":")
        calarm.check_state(name, code)
        states.append((name, code))
    return states


def complain(text: str) -> None:
    print(f"subscriber: {text}", file=sys.stderr, flush=True)


def run(args: argparse.Namespace) -> int:
    states = parse_states(args.state)
    deadline = time.monotonic() + args.timeout if args.timeout else float("inf")
    session = calarm.Session(args.server, args.key, args.server_key, consumer=args.consumer)
    session.hello()
    got = 0
    try:
        while time.monotonic() < deadline:
            event = session.next(min(1.0, max(0.0, deadline - time.monotonic())))
            if event is None:
                continue
            if event.kind == "alert":
                seq = event.header["seq"]
                if event.duplicate:
                    session.ack(seq)
                    continue
                try:
                    cloud = event.cloudevent()
                except calarm.Refused as e:
                    complain(f"number {seq}: {e}")
                    session.nack(seq, calarm.NACK_UNUSABLE)
                    continue
                if args.json:
                    print(json.dumps({"header": event.header, "event": cloud}, ensure_ascii=False), flush=True)
                else:
                    print(for_people(event.header, cloud, session.stream), flush=True)
                if event.header["type"] == 1:
                    for name, code in states:
                        left = min(3600.0, deadline - time.monotonic())
                        if not session.wait_state(seq, name, code, timeout=left):
                            complain(f"number {seq}: no STATEOK for {name}")
                            return 1
                session.ack(seq)
                got += 1
                if args.count and got >= args.count:
                    return 0
            elif event.kind == "skip":
                session.ack(event.last_seq)
            elif event.kind == "gone":
                complain(f"numbers before {event.oldest_seq} are gone: asking for what still stands")
                session.snap()
            elif event.kind == "snapend":
                session.ack(event.as_of_seq)
            elif event.kind == "refused":
                complain(f"REFUSED number {event.seq}: {event.reason}")
            elif event.kind == "lost":
                complain(f"LOST numbers {event.first_seq} to {event.last_seq}")
            elif event.kind == "error":
                complain(f"publisher: {event.code} {plain(event.text)}")
            elif event.kind == "denied":
                complain("this key is not on the publisher's allow-list")
        return 1
    finally:
        session.bye()
        session.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--key", required=True, metavar="FILE", help="own key file (ZPL)")
    parser.add_argument("--server", required=True, metavar="ENDPOINT", help="tcp://host:port")
    parser.add_argument("--server-key", required=True, metavar="CASRV", help="the publisher's casrv1 line")
    parser.add_argument("--consumer", default="", metavar="NAME")
    parser.add_argument("--count", type=int, default=0, metavar="N", help="stop after N alerts")
    parser.add_argument("--timeout", type=float, default=0.0, metavar="S", help="give up after S seconds in all")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--state", default="", metavar="LIST",
                        help="states to report for first revisions: delivered,acked,acted:A_ORDER_REPORT")
    args = parser.parse_args()
    try:
        if os.stat(args.key).st_mode & 0o077:
            raise calarm.Error(f"{args.key} can be read by others; its mode must be 0600")
        return run(args)
    except calarm.Ended as e:
        complain(f"ended: {plain(str(e))}")
    except (calarm.Error, OSError) as e:
        complain(plain(str(e)))
    except KeyboardInterrupt:
        return 130
    return 2


if __name__ == "__main__":
    sys.exit(main())

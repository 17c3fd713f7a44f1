"""listen - the independent subscriber, for tests: collects until told."""
import time

import calarm


class Listener(calarm.Session):
    """A session that keeps every ALERT's raw frames beside its events."""

    def __init__(self, house, key, consumer="test", **words):
        super().__init__(house.endpoint, str(key), house.casrv,
                         consumer=consumer, **words)
        self.raw = []     # [header frame, sealed frame] as they came
        self.alerts = []  # (header, CloudEvent), each once
        self.other = []   # all other events
        self.hello()

    def _alert(self, frames):
        self.raw.append([bytes(f) for f in frames])
        super()._alert(frames)

    def take(self, seconds, count=None, ack=True):
        """Listens for so long, or until `count` alerts are there in all."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and (count is None or
                                          len(self.alerts) < count):
            try:
                e = self.next(0.2)
            except calarm.Ended as ended:
                self.other.append(calarm.Event("error", code=ended.code))
                break
            if e is None:
                continue
            if e.kind == "alert" and not e.duplicate:
                self.alerts.append((e.header, e.cloudevent()))
                if ack:
                    self.ack(e.header["seq"])
            elif e.kind != "beat":
                self.other.append(e)
        return self.alerts

    def kinds(self):
        return [e["data"]["kind"] for _, e in self.alerts]

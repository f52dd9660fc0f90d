"""One end of the serial link: sessions, numbers, acknowledgements, sending again. protocol.md says how.

Does no input or output and knows no clock: bytes and instants are given, bytes are returned.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from edge.clock import NS_PER_MS
from firmware_bridge.wire import Decoder, Frame, WireCounts, encode
from firmware_bridge.wire_messages import Kind

RETRY_NS = 200 * NS_PER_MS
TRIES = 10
WINDOW = 4
#: A message further ahead than this of the newest one is not believed.
MOST_AHEAD = 1000


@dataclass(slots=True)
class _Kept:
    kind: Kind
    payload: bytes
    sent_ns: int | None = None
    tries: int = 0


class Link:
    """Frames out and messages in. mine and theirs are the first bytes of the two directions.

    `lost` turns true when a kept message was sent in vain for too often: the session is over.
    """

    def __init__(self, mine: int, theirs: int) -> None:
        self.counts = WireCounts()
        self.lost = False
        self.session = 0
        self.fresh_sent = 0
        self._mine, self._theirs = mine, theirs
        self._decoder = Decoder(self.counts)
        self.start(0)

    def start(self, session: int) -> None:
        """Begin a session; what was kept for the one before is dropped. 0: none."""
        self.session = session
        self.lost = False
        self.fresh_sent = 0
        self._fresh_taken = 0
        self._kept: deque[_Kept] = deque()
        self._kept_first = 0
        self._expected = 0
        self._ack_due = False

    def cut(self) -> None:
        """The line was cut: no session, and nothing of a frame that had begun."""
        self._decoder.reset()
        self.start(0)

    def receive(self, data: bytes) -> list[Frame]:
        """Messages in these bytes that count. Hellos come through in any session."""
        return [frame for frame in self._decoder.feed(data) if self._takes(frame)]

    def keep(self, kind: Kind, payload: bytes) -> None:
        """Send by `due` until it is acknowledged, after those before it."""
        self._kept.append(_Kept(kind, payload))

    def fresh(self, kind: Kind, payload: bytes) -> bytes:
        """Bytes of a message of which only the newest counts; its number is then `fresh_sent`."""
        self.fresh_sent += 1
        return self._frame(kind, self.fresh_sent, payload)

    def plain(self, kind: Kind, payload: bytes = b"") -> bytes:
        """Bytes of a message without a number: hello."""
        return self._frame(kind, 0, payload)

    def due(self, t_ns: int) -> bytes:
        """Bytes to send now: kept messages, again where no acknowledgement came, and acknowledgements."""
        out = b""
        for place, kept in enumerate(list(self._kept)[:WINDOW]):
            if kept.sent_ns is not None and t_ns - kept.sent_ns < RETRY_NS:
                continue
            if kept.tries >= TRIES:
                self.start(0)
                self.lost = True
                return b""
            kept.sent_ns = t_ns
            kept.tries += 1
            out += self._frame(kept.kind, self._kept_first + place, kept.payload)
        return out or (self.plain(Kind.ACK) if self._ack_due else b"")

    def _frame(self, kind: Kind, number: int, payload: bytes) -> bytes:
        self._ack_due = False
        return encode(Frame(self._mine, kind, self.session, number, self._expected, payload))

    def _takes(self, frame: Frame) -> bool:
        """Whether a frame is a message that counts; otherwise it is counted, or was an acknowledgement."""
        hello = frame.kind == Kind.HELLO
        known = frame.sender == self._theirs and (hello or self._is_of_session(frame))
        if not known:
            self.counts.add("foreign")
        elif not hello and (frame.kind == Kind.ACK or self._is_next(frame)):
            self._take_ack(frame.acknowledged)
            return frame.kind != Kind.ACK
        return known and hello

    def _is_of_session(self, frame: Frame) -> bool:
        sent = self._kept_first + sum(kept.tries > 0 for kept in self._kept)
        return (
            frame.session == self.session != 0
            and (frame.kind == Kind.ACK or _is_kept(frame.kind) or _is_fresh(frame.kind))
            and frame.acknowledged <= sent
        )

    def _is_next(self, frame: Frame) -> bool:
        if _is_kept(frame.kind):
            self._ack_due = True  # also where it came before: the other end is to learn where we are
            if frame.number != self._expected:
                self.counts.add("repeated" if frame.number < self._expected else "reordered")
                return False
            self._expected += 1
            return True
        if frame.number <= self._fresh_taken:
            self.counts.add("repeated" if frame.number == self._fresh_taken else "reordered")
            return False
        if frame.number > self._fresh_taken + MOST_AHEAD:
            self.counts.add("foreign")
            return False
        self._fresh_taken = frame.number
        return True

    def _take_ack(self, acknowledged: int) -> None:
        while self._kept and self._kept_first < acknowledged:
            self._kept.popleft()
            self._kept_first += 1


def _is_kept(kind: int) -> bool:
    return kind & 0xF0 == 0x10


def _is_fresh(kind: int) -> bool:
    return kind & 0xF0 == 0x20

"""How far ahead of the collector's acknowledgements one stream is sent.

A broker may forget what it has confirmed, so what was sent and not acknowledged in time
is sent again from the first such record on. Until the collector answers, only a few
records probe for it, less and less often: a cabinet on a mobile network must not pay
for an office that is closed.
"""

from __future__ import annotations

from collections import deque

from edge.clock import NS_PER_S

_PROBE_RECORDS = 4


class SendWindow:
    """One stream's place: `sent_seq` is the last seq sent (0 before the first)."""

    def __init__(self, *, limit: int, timeout_s: float, max_timeout_s: float) -> None:
        self._limit = limit
        self._first_timeout_ns = int(timeout_s * NS_PER_S)
        self._max_timeout_ns = int(max_timeout_s * NS_PER_S)
        self.restart()

    def restart(self) -> None:
        """A new connection: everything that is not acknowledged is sent again."""
        self.sent_seq = 0
        self._waiting: deque[int] = deque()
        self._size = self._limit
        self._timeout_ns = self._first_timeout_ns
        self._since_ns = 0

    @property
    def room(self) -> int:
        """How many more records may be sent now."""
        return max(0, self._size - len(self._waiting))

    def sent(self, seq: int, t_ns: int) -> None:
        """`seq` was handed to the broker."""
        if not self._waiting:
            self._since_ns = t_ns
        self._waiting.append(seq)
        self.sent_seq = seq

    def acknowledged(self, seq: int, t_ns: int) -> None:
        """The collector has everything up to `seq`; whatever it says, it is there."""
        self._timeout_ns = self._first_timeout_ns
        if not self._waiting or seq < self._waiting[0]:
            return
        while self._waiting and self._waiting[0] <= seq:
            self._waiting.popleft()
        self._since_ns = t_ns
        self._size = min(2 * self._size, self._limit)

    def rewind_if_overdue(self, t_ns: int) -> int:
        """How many records are to be sent again because no acknowledgement moved in time."""
        if not self._waiting or t_ns - self._since_ns < self._timeout_ns:
            return 0
        overdue = len(self._waiting)
        self._waiting.clear()
        self.sent_seq = 0
        self._size = min(_PROBE_RECORDS, self._limit)
        self._timeout_ns = min(2 * self._timeout_ns, self._max_timeout_ns)
        return overdue

"""What every bridge checks of a request before its core does, and the line it is written down by."""

from __future__ import annotations

import json

from edge.clock import NS_PER_MS
from edge.types import PhaseRequest
from firmware_bridge.timing_table import TimingTable

#: A request that held for longer would keep a dead control process from being noticed: SL_MOST_TTL_MS.
MAX_TTL_MS = 1000


def refusal(
    request: PhaseRequest, unknown: list[int], clash: tuple[str, str] | None, now_ns: int, accepted_ns: int | None
) -> str | None:
    """Why a request cannot be taken at now_ns, the last one taken having been sent at accepted_ns; None if it can."""
    if unknown:
        return f"there is no phase {unknown[0]}"
    if not 0 < request.ttl_ms <= MAX_TTL_MS:
        return f"ttl_ms must be 1 to {MAX_TTL_MS}"
    if clash is not None:
        return f"phases {clash[0]} and {clash[1]} conflict"
    if request.t_ns + request.ttl_ms * NS_PER_MS <= now_ns:
        return "it came after its time to live"
    if accepted_ns is not None and request.t_ns < accepted_ns:
        return "it is older than the one before"
    return None


def request_line(request: PhaseRequest, refused: str | None) -> str:
    """One JSON line with its newline: `t_ns`, `phases` in order, `reason`, `ttl_ms`, `refused` where it was."""
    record: dict[str, object] = {
        "t_ns": request.t_ns,
        "phases": sorted(request.phases),
        "reason": request.reason,
        "ttl_ms": request.ttl_ms,
    }
    if refused is not None:
        record["refused"] = refused
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"


class Asking:
    """Requests of one bridge by its timing table: refuses what cannot be served, and says why."""

    def __init__(self, table: TimingTable) -> None:
        self._table = table
        self._phases = table.phases()
        self._accepted_ns: int | None = None
        #: Why the newest request was refused; None where it was taken.
        self.refused: str | None = None
        self.refusals = 0

    def left_ms(self, request: PhaseRequest, now_ns: int) -> int | None:
        """How long the request has to live from now_ns, whole ms; None where it is refused."""
        unknown = sorted(request.phases - self._phases)
        clash = None if unknown else self._table.clash(request.phases)
        self.refused = refusal(request, unknown, clash, now_ns, self._accepted_ns)
        if self.refused is not None:
            self.refusals += 1
            return None
        self._accepted_ns = request.t_ns
        late_ns = max(0, now_ns - request.t_ns)
        return max(1, request.ttl_ms - late_ns // NS_PER_MS)

    def refuse(self, why: str) -> None:
        """Note that the core refused a request that was good here."""
        self.refused = why
        self.refusals += 1

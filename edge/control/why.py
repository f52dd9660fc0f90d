"""The engineer's log: every decision when it is made, with its reason."""

from __future__ import annotations

import logging

from edge.types import Demand, PhaseRequest, SignalState

_log = logging.getLogger(__name__)


class Decisions:
    """Told every step, it logs those in which something else is asked, or somebody else asks."""

    def __init__(self) -> None:
        self._told: object = None

    def __call__(self, demand: Demand, request: PhaseRequest, state: SignalState) -> None:
        """One step; only the request is looked at, and when it was made."""
        del demand
        facts = request.facts
        now = (request.phases, facts and (facts.level, facts.preempt))
        if now == self._told:
            return
        self._told = now
        level = "" if facts is None else f" ({facts.level})"
        phases = " ".join(map(str, sorted(request.phases))) or "nothing"
        _log.info("%.1f s%s asks for %s: %s", state.t_ns / 1e9, level, phases, request.reason)

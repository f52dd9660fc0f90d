"""The beginning, going on and end of what a rule notices, and what it keeps quiet about."""

from __future__ import annotations

from dataclasses import dataclass

from edge.clock import NS_PER_S
from edge.incident import Evidence, Finding, IncidentKind, Place, Silenced, Stage

#: An open finding is told again no more often than this.
UPDATE_NS = NS_PER_S


@dataclass(slots=True)
class _Spell:
    finding: Finding
    told_ns: int
    so_ns: int


class Spells:
    """Findings of one rule by key. After all `say` and `quiet` of an instant, `over` ends what was not said.

    linger_s: a finding ends so long after it was last said, so that a missed frame ends nothing.
    """

    def __init__(self, rule: str, linger_s: float) -> None:
        self._rule = rule
        self._linger_ns = round(linger_s * NS_PER_S)
        self._open: dict[str, _Spell] = {}
        self._silent: dict[str, int] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._open

    def say(
        self,
        t_ns: int,
        key: str,
        kind: IncidentKind,
        place: Place,
        since_ns: int,
        confidence: float,
        evidence: Evidence,
        tracks: tuple[int, ...] = (),
    ) -> list[Finding]:
        """It is so at t_ns: its start, an update when one is due, or nothing."""
        spell = self._open.get(key)
        stage = Stage.START if spell is None else Stage.UPDATE
        since_ns = since_ns if spell is None else spell.finding.since_ns
        now = Finding(t_ns, self._rule, key, kind, stage, place, since_ns, confidence, evidence, tracks)
        if spell is None:
            self._open[key] = _Spell(now, t_ns, t_ns)
            self._silent.pop(key, None)
            return [now]
        spell.finding, spell.so_ns = now, t_ns
        if t_ns - spell.told_ns < UPDATE_NS:
            return []
        spell.told_ns = t_ns
        return [now]

    def quiet(self, t_ns: int, key: str, kind: IncidentKind, place: Place, reason: str) -> list[Silenced]:
        """It would be told, but for a reason; said once when that begins. What is open already is left open."""
        spell = self._open.get(key)
        if spell is not None:
            spell.so_ns = t_ns
            return []
        fresh = key not in self._silent
        self._silent[key] = t_ns
        return [Silenced(t_ns, self._rule, key, kind, place, reason)] if fresh else []

    def over(self, t_ns: int) -> list[Finding]:
        """Ends of what has not been so for the linger time."""
        limit_ns = t_ns - self._linger_ns
        for key in [key for key, last_ns in self._silent.items() if last_ns < limit_ns]:
            del self._silent[key]
        return [self._end(t_ns, key, "over") for key in [k for k, one in self._open.items() if one.so_ns < limit_ns]]

    def close(self, t_ns: int, key: str) -> list[Finding]:
        """The end of one that is open; nothing for one that is not."""
        return [self._end(t_ns, key, "over")] if key in self._open else []

    def blind(self, t_ns: int, reason: str) -> list[Finding]:
        """End of everything, since nobody can see whether it goes on."""
        self._silent.clear()
        return [self._end(t_ns, key, f"unknown: {reason}") for key in list(self._open)]

    def _end(self, t_ns: int, key: str, how: str) -> Finding:
        last = self._open.pop(key).finding
        evidence = {**last.evidence, "ended": how, "lasted_s": round((t_ns - last.since_ns) / NS_PER_S, 1)}
        return Finding(
            t_ns,
            self._rule,
            key,
            last.kind,
            Stage.END,
            last.place,
            last.since_ns,
            last.confidence,
            evidence,
            last.tracks,
        )

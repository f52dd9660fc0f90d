"""Rings and barriers: which phase each ring serves, and which may come next.

    ring 1   1 → 2 ║ 3 → 4 ║      within a barrier group each ring goes its own pace;
    ring 2   5 → 6 ║ 7 → 8 ║      ║ is crossed by all rings at once

NEMA TS 2-2003, section 3.5.3. Order within a ring and group is lead and lag.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from calibration.signal_timing import Place
from calibration.site import Phase
from edge.control.coordinate import Sequence
from edge.types import Ending, Interval, SignalState


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a ring's phase may end, how, and that in words. A ring without a phase always may.

    left_s: so long its green can last at the most; None where nothing limits it.
    """

    may_end: bool
    said: str
    ending: Ending | None = None
    left_s: float | None = None


#: What a ring without a phase says.
NO_PHASE = Verdict(True, "")


@dataclass(frozen=True, slots=True)
class Wants:
    """What decides what comes next.

    wanted: phases that are called and may be begun. along: those that may be begun though nobody called.
    rest_red: phases whose ring goes to red when it may end and nobody is called.
    """

    wanted: frozenset[int]
    along: frozenset[int]
    rest_red: frozenset[int]


class Rings:
    """Serves phases in ring order. Its `serving` is what to ask for.

    Args:
        rank: which phase goes along when its ring has no call: the highest, of equal ones the last.
        clearance_s: yellow and red clearance of a phase.
    """

    def __init__(
        self, phases: Mapping[int, Phase], sequence: Sequence, rank: Callable[[int], float], *, dual_entry: bool
    ) -> None:
        self._phases = phases
        self._rank = rank
        self._dual_entry = dual_entry
        self._sequence = sequence
        self._group = 0
        self._place: dict[int, Place] = _places(sequence)
        #: What each ring serves or clears to; None while it has no phase in the group.
        self.serving: list[int | None] = [None] * len(sequence)
        #: Rings that have gone back to a phase of the group once (conditional service).
        self._went_back: set[int] = set()

    def arrange(self, sequence: Sequence) -> None:
        """Take over another order of the same phases, as a pattern's lead and lag."""
        if sequence != self._sequence:
            self._sequence = sequence
            self._place = _places(sequence)
            self._group = next((self._place[p][1] for p in self.serving if p is not None), self._group)

    def in_the_way(self, phase: int, other: int) -> bool:
        """Whether `phase` must end before `other` can be served."""
        (ring, group), (other_ring, other_group) = self._place[phase], self._place[other]
        return phase != other and (ring == other_ring or group != other_group)

    def begin(self, green: Iterable[int], wants: Wants, signal: SignalState) -> None:
        """Take over what is green now, or begin with the first group that is called."""
        found = [phase for phase in green if phase in self._place]
        ahead = [group for group in range(len(self._sequence[0])) if self._called(group, wants)]
        self._group = self._place[found[0]][1] if found else next(iter(ahead), 0)
        self._enter(wants, signal)
        for phase in found:
            ring, group = self._place[phase]
            if group == self._group:
                self.serving[ring] = phase

    def advance(self, verdicts: list[Verdict], wants: Wants, signal: SignalState) -> dict[int, Verdict]:
        """Change what the rings serve; the greens that end so, each with how."""
        before = tuple(self.serving)
        beyond = self._next_group(wants)
        after = [self._after(ring, wants, signal) for ring in range(len(before))]
        nobody = all(phase is None for phase in before)
        if nobody and any(after):
            self._enter(wants, signal)
        elif beyond is not None and all(v.may_end for v in verdicts) and not any(after):
            self._group = beyond
            self._enter(wants, signal)
        else:
            for ring, verdict in enumerate(verdicts):
                if verdict.may_end:
                    following = after[ring] or self._back(ring, verdicts, wants, signal, beyond=beyond is not None)
                    self._follow(ring, following, wants, rest=beyond is None)
        return {
            phase: verdict
            for phase, verdict in zip(before, verdicts, strict=True)
            if phase is not None and phase not in self.serving
        }

    def _follow(self, ring: int, following: int | None, wants: Wants, *, rest: bool) -> None:
        if following is not None:
            self.serving[ring] = following
        elif rest and self.serving[ring] in wants.rest_red and not wants.wanted:
            self.serving[ring] = None

    def _back(
        self, ring: int, verdicts: list[Verdict], wants: Wants, signal: SignalState, *, beyond: bool
    ) -> int | None:
        """A phase of the group that comes once more: any where nobody waits beyond, else one of conditional service."""
        now = self.serving[ring]
        phases = [p for p in self._sequence[ring][self._group] if p in wants.wanted and p != now and _is_red(p, signal)]
        if not beyond:
            return phases[0] if phases else None
        if now is None or ring in self._went_back or verdicts[ring].ending is not Ending.GAP_OUT:
            return None
        others = [verdict for other, verdict in enumerate(verdicts) if other != ring and not verdict.may_end]
        if not others or any(verdict.left_s is None for verdict in others):
            return None
        left_s = max(verdict.left_s or 0.0 for verdict in others)
        clearing_s = self._phases[now].yellow_s + self._phases[now].red_clearance_s
        for phase in phases:
            times = self._phases[phase]
            if times.conditional_service and clearing_s + times.min_green_s <= left_s:
                self._went_back.add(ring)
                return phase
        return None

    def _next_group(self, wants: Wants) -> int | None:
        """The next barrier group, in order, in which any phase is called; None without one."""
        count = len(self._sequence[0])
        ahead = ((self._group + step) % count for step in range(1, count))
        return next((group for group in ahead if self._called(group, wants)), None)

    def _called(self, group: int, wants: Wants) -> bool:
        return any(phase in wants.wanted for ring in self._sequence for phase in ring[group])

    def _after(self, ring: int, wants: Wants, signal: SignalState) -> int | None:
        """The next called phase of this ring in the same group; none after conditional service."""
        phases, now = self._sequence[ring][self._group], self.serving[ring]
        if ring in self._went_back:
            return None
        left = phases if now is None or now not in phases else phases[phases.index(now) + 1 :]
        return next((phase for phase in left if phase in wants.wanted and _is_red(phase, signal)), None)

    def _enter(self, wants: Wants, signal: SignalState) -> None:
        """Serve what each ring serves first in its group, and what goes along."""
        self._went_back.clear()
        members = [ring[self._group] for ring in self._sequence]
        entering = [
            next((phase for phase in phases if phase in wants.wanted and _is_red(phase, signal)), None)
            for phases in members
        ]
        resting = not any(entering) and bool(wants.rest_red)
        if (self._dual_entry or not any(entering)) and not resting:
            entering = [
                self._along(phases, wants) if phase is None else phase
                for phase, phases in zip(entering, members, strict=True)
            ]
        self.serving = entering

    def _along(self, phases: tuple[int, ...], wants: Wants) -> int | None:
        """Who goes along with the other rings: whoever is said to, else the highest in rank."""
        may = [p for p in reversed(phases) if p in wants.along and self._phases[p].dual_entry is not False]
        said = [p for p in reversed(may) if self._phases[p].dual_entry]
        return said[0] if said else max(may, key=self._rank, default=None)


def _places(sequence: Sequence) -> dict[int, Place]:
    return {
        phase: (ring, group)
        for ring, groups in enumerate(sequence)
        for group, phases in enumerate(groups)
        for phase in phases
    }


def _is_red(phase: int, signal: SignalState) -> bool:
    return signal.intervals.get(phase) not in _STILL_ON


#: A phase that shows these is not begun: a green that was given up is given up.
_STILL_ON = frozenset({Interval.GREEN, Interval.YELLOW})

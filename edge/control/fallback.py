"""The chain that control falls back along: adaptive → actuated → fixed plan by time of day → flash of the core.

    level      needs                               is left when
    adaptive   half of the lanes known             fewer are; it raises; it answers late
    actuated   any lane known                      none is; it raises; it answers late
    fixed      nothing                             it raises; it answers late
    flash      –

One blind camera costs no level: its lanes' phases are served by recall (`edge.control.calls`). When
so little is known that a level would guess in most phases, the next one is the better. A level that
has failed is tried again, made anew, and less and less often while it goes on failing. Flash
means that nothing is asked: the core ends greens in order and flashes.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from edge.clock import NS_PER_MS, NS_PER_S
from edge.controller import Controller
from edge.types import ControlFacts, Demand, LaneDemand, PhaseRequest, SignalState

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Level:
    """One controller of the chain. make: a new one, for what an old one remembers is from before its failure.

    known_share: of the lanes with a phase, so many (0..1) must be known; any: one of them.
    """

    name: str
    make: Callable[[], Controller]
    known_share: float = 0.0
    any_known: bool = False


@dataclass(frozen=True, slots=True)
class FallbackSettings:
    """back_s: so long enough must be known again before a level comes back: cameras that come back flicker.

    retry_s: a level that has failed is tried again after this, doubled at each failure up to
    most_retry_s, and as at first once it has worked for most_retry_s. late_ms: an answer that
    takes longer is late; late_times of them within late_within_s cost the level. stale_s: older
    knowledge is unknown.
    """

    back_s: float = 10.0
    retry_s: float = 10.0
    most_retry_s: float = 600.0
    late_ms: float = 150.0
    late_times: int = 3
    late_within_s: float = 10.0
    stale_s: float = 2.0


@dataclass(slots=True)
class _Health:
    """What is known of one level. blind, failure: why it is not asked; None where nothing speaks against it."""

    controller: Controller | None = None
    blind: str | None = None
    ever_enough: bool = False
    enough_since_ns: int | None = None
    failure: str | None = None
    failures: int = 0
    failed_ns: int = 0
    late_ns: deque[int] = field(default_factory=deque)


class FallbackChain:
    """Implements `Controller` by the first of its levels that can do it.

    stopwatch measures how long a level takes, in ns; None in a replay, which nobody can keep waiting. The
    last level is asked whatever is known. A request for flash has a ttl_ms of 0: no bridge gets it.
    """

    def __init__(
        self,
        levels: Sequence[Level],
        settings: FallbackSettings | None = None,
        stopwatch: Callable[[], int] | None = None,
    ) -> None:
        self._levels = tuple(levels)
        self._settings = settings if settings is not None else FallbackSettings()
        self._stopwatch = stopwatch
        self._health = {level.name: _Health() for level in self._levels}
        self._told: str | None = None
        self.name = " → ".join(level.name for level in self._levels) or "flash"

    def update(self, demand: Demand, signal: SignalState) -> PhaseRequest:
        """The request of the first level that can; what keeps the better ones from it is in its reason and facts."""
        t_ns = signal.t_ns
        known, lanes = self._known(demand, t_ns)
        why: list[str] = []
        # Of all levels, each step: what a level knows of sight must not begin when it is needed.
        verdicts = [self._against(level, self._health[level.name], known, lanes, t_ns) for level in self._levels]
        for level, verdict in zip(self._levels, verdicts, strict=True):
            health, against, request = self._health[level.name], verdict, None
            if against is None:
                request = self._ask(level, health, demand, signal)
                against = health.failure
            if request is not None:
                return self._told_as(level.name, why, request)
            why.append(f"no {level.name} control: {against}")
        return self._flash(why, t_ns)

    def _against(self, level: Level, health: _Health, known: int, lanes: int, t_ns: int) -> str | None:
        """Why a level is not to be asked now; None where it is."""
        s = self._settings
        if health.failure is not None:
            wait_s = min(s.most_retry_s, s.retry_s * 2.0 ** (health.failures - 1))
            if t_ns - health.failed_ns < wait_s * NS_PER_S:
                return health.failure
            health.failure, health.controller = None, None
        elif health.failures and t_ns - health.failed_ns >= 2 * s.most_retry_s * NS_PER_S:
            health.failures = 0
        if level is self._levels[-1]:
            return None
        return self._blind(level, health, known, lanes, t_ns)

    def _blind(self, level: Level, health: _Health, known: int, lanes: int, t_ns: int) -> str | None:
        """Whether too little is known, or has been within the last seconds."""
        enough = known >= level.known_share * lanes and (known > 0 or not level.any_known)
        if not enough:
            said = "no lane is known" if not known else f"only {known} of {lanes} lanes are known"
            health.blind, health.enough_since_ns, health.controller = said, None, None
        elif health.blind is not None:
            health.enough_since_ns = t_ns if health.enough_since_ns is None else health.enough_since_ns
            seen_ns = t_ns - health.enough_since_ns
            # At the start cameras come one by one, and nothing flickers yet.
            if health.ever_enough and seen_ns < self._settings.back_s * NS_PER_S:
                left_s = self._settings.back_s - seen_ns / NS_PER_S
                return f"{known} of {lanes} lanes are known again, back in {left_s:.0f} s"
            health.blind = None
        health.ever_enough |= enough
        return health.blind

    def _ask(self, level: Level, health: _Health, demand: Demand, signal: SignalState) -> PhaseRequest | None:
        began_ns = None if self._stopwatch is None else self._stopwatch()
        try:
            if health.controller is None:
                health.controller = level.make()
            request = health.controller.update(demand, signal)
        except Exception as error:  # noqa: BLE001  whatever is wrong with one controller, the next one must serve
            self._fail(level, health, signal.t_ns, f"it failed ({type(error).__name__}: {error})", error)
            return None
        if began_ns is not None and self._stopwatch is not None:
            self._time(level, health, self._stopwatch() - began_ns, signal.t_ns)
        return request

    def _time(self, level: Level, health: _Health, took_ns: int, t_ns: int) -> None:
        """Note how long an answer took. It is used all the same; the level is left from the next step on."""
        s = self._settings
        if took_ns <= s.late_ms * NS_PER_MS:
            return
        health.late_ns.append(t_ns)
        while t_ns - health.late_ns[0] > s.late_within_s * NS_PER_S:
            health.late_ns.popleft()
        if len(health.late_ns) >= s.late_times:
            health.late_ns.clear()
            self._fail(level, health, t_ns, f"it took {took_ns / NS_PER_MS:.0f} ms for a step, again and again", None)

    def _fail(self, level: Level, health: _Health, t_ns: int, said: str, error: Exception | None) -> None:
        first = health.failures == 0
        health.failure, health.failed_ns, health.controller = said, t_ns, None
        health.failures += 1
        # The same trace again each time it is tried would fill the disk of a cabinet in which nobody looks.
        _log.error("%s control: %s", level.name, said, exc_info=error if first else None)

    def _known(self, demand: Demand, t_ns: int) -> tuple[int, int]:
        """Lanes with a phase of which something is known, and all of them."""
        older_s = max(0.0, (t_ns - demand.t_ns) / NS_PER_S)
        lanes = [lane for lane in demand.lanes.values() if lane.phase is not None or lane.turns]
        return sum(self._is_known(lane, older_s) for lane in lanes), len(lanes)

    def _is_known(self, lane: LaneDemand, older_s: float) -> bool:
        if lane.age_s is None or lane.age_s + older_s > self._settings.stale_s:
            return False
        return lane.presence is not None or lane.queue_vehicles is not None or lane.arrivals is not None

    def _told_as(self, name: str, why: list[str], request: PhaseRequest) -> PhaseRequest:
        said = "; ".join(why) or None
        self._tell(name, said)
        facts = request.facts if request.facts is not None else ControlFacts(name)
        reason = request.reason if said is None else f"{said}; {request.reason}"
        return replace(request, reason=reason, facts=replace(facts, level=name, level_reason=said))

    def _flash(self, why: list[str], t_ns: int) -> PhaseRequest:
        said = "; ".join(why) or "there is neither a plan nor a controller"
        self._tell("flash", said)
        reason = f"{said}; nothing is asked, the signal core flashes"
        return PhaseRequest(t_ns, frozenset(), reason, 0, facts=ControlFacts("flash", said))

    def _tell(self, name: str, said: str | None) -> None:
        if name == self._told:
            return
        if self._told is None and said is None:
            _log.info("control: %s", name)
        else:
            _log.warning("control: %s → %s%s", self._told or "start", name, "" if said is None else f" ({said})")
        self._told = name

"""The second of the cycle, of which plan: the master's from wall time, and our own that follows it.

    wall time ─→ timetable ─→ plan, master second ─┐
    own second, step by step ──────────────────────┴─→ as it is, longer, shorter or waiting ─→ Moment

When plan, offset or wall time change, the two differ. Then cycles are lengthened or
shortened, whichever is sooner in step (shortway), or wait in the coordinated phases
(dwell), and a plan changes at a barrier, so no green is cut.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from calibration.plans import FREE, Plan
from calibration.site import Signal
from edge.clock import NS_PER_S
from edge.control.coordinate import CoordinationState
from edge.control.plan import SLOWEST, CompiledPlan
from edge.control.timetable import Choice, Timetable

#: Local wall time, with its time zone, of an instant of cabinet time; None where it is not known.
LocalTime = Callable[[int], datetime | None]
#: Nearer than this to the master the cycle is in step, and smaller differences are taken back on the way; a
#: transition goes on until it is nearer than _BACK_IN_STEP_NS.
_IN_STEP_NS = NS_PER_S
_BACK_IN_STEP_NS = NS_PER_S // 5
#: Not asked for longer than this, the clock starts again in step: somebody else drove the lamps.
_AWAY_NS = 2 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Moment:
    """Where in which cycle an instant is.

    local_ns: own time within the cycle of plan. following: the plan after the next barrier.
    free: the timetable wants no cycle now. late_ns: how far the own cycle is behind the master's, ahead
    where negative. reason: why this plan and not in step; "" where there is nothing to say.
    """

    plan: CompiledPlan
    following: CompiledPlan
    local_ns: int
    state: CoordinationState
    free: bool
    late_ns: int
    reason: str


class Cycle(Protocol):
    """Tells the moment of an instant; instants never go back."""

    def at(self, t_ns: int) -> Moment: ...


class OnePlan:
    """One plan whose cycle stood at zero, before the offset, at zero_ns of a clock that never jumps."""

    def __init__(self, plan: CompiledPlan, zero_ns: int = 0) -> None:
        self._plan = plan
        self._zero_ns = zero_ns

    def at(self, t_ns: int) -> Moment:
        """The plan's own second, always in step."""
        local_ns = self._plan.local_ns(t_ns - self._zero_ns)
        return Moment(self._plan, self._plan, local_ns, "in_step", free=False, late_ns=0, reason="")


class PlanClock:
    """The plans of a timetable, followed in wall time.

    Where wall time is not known yet the default plan's cycle counts from instant zero;
    once known, it is carried on by cabinet time where it is unknown again.
    """

    def __init__(self, timetable: Timetable, signal: Signal, local_time: LocalTime) -> None:
        self._timetable = timetable
        self._signal = signal
        self._local_time = local_time
        self._compiled: dict[str, CompiledPlan] = {}
        self._commanded: str | None = None
        self._known: tuple[int, datetime] | None = None
        self._plan = self._compile(timetable.default)
        self._following = self._plan
        self._local_ns = 0
        self._late_ns = 0
        self._state: CoordinationState = "in_step"
        self._moment: tuple[int, Moment] | None = None

    def command(self, name: str | None) -> None:
        """Run the plan of this name, or `free`, whatever the hour; None: by timetable again. KeyError if unknown."""
        if name is not None and name != FREE:
            self._timetable.plan(name)
        self._commanded = name

    def at(self, t_ns: int) -> Moment:
        """Where the cycle is; asked again for the same instant it answers the same."""
        last = self._moment
        if last is not None and t_ns <= last[0]:
            return last[1]
        local = self._wall(t_ns)
        choice = self._choice(local)
        wanted = self._compile(choice.plan or self._timetable.default)
        if last is None or t_ns - last[0] > _AWAY_NS:
            self._plan = self._following = wanted
            self._local_ns = self._master_ns(local, t_ns)
            self._late_ns, self._state = 0, "in_step"
        else:
            self._follow(wanted)
            self._advance(t_ns - last[0], local, t_ns)
        moment = Moment(
            self._plan,
            self._following,
            self._local_ns,
            self._state,
            free=choice.plan is None,
            late_ns=self._late_ns,
            reason=self._reason(choice, wanted),
        )
        self._moment = (t_ns, moment)
        return moment

    def _wall(self, t_ns: int) -> datetime | None:
        local = self._local_time(t_ns)
        if local is not None:
            self._known = (t_ns, local)
        elif self._known is not None:
            known_ns, known = self._known
            # By way of UTC, since adding to a local time leaves out a change of clocks between.
            since = timedelta(microseconds=(t_ns - known_ns) // 1000)
            local = (known.astimezone(UTC) + since).astimezone(known.tzinfo)
        return local

    def _choice(self, local: datetime | None) -> Choice:
        if self._commanded is None:
            return self._timetable.at(local)
        plan = None if self._commanded == FREE else self._timetable.plan(self._commanded)
        return Choice(plan, "by command")

    def _compile(self, plan: Plan) -> CompiledPlan:
        if plan.name not in self._compiled:
            self._compiled[plan.name] = CompiledPlan.of(plan, self._signal)
        return self._compiled[plan.name]

    def _master_ns(self, local: datetime | None, t_ns: int) -> int:
        """The second that the own cycle would have in step: time of day, as all clocks of a street show it."""
        if local is None:
            return self._plan.local_ns(t_ns)
        seconds = (local.hour * 60 + local.minute) * 60 + local.second
        return self._plan.local_ns(seconds * NS_PER_S + local.microsecond * 1000)

    def _follow(self, wanted: CompiledPlan) -> None:
        """Choose the plan after the barrier, until the last greens before it are over."""
        group = self._plan.group_at(self._local_ns)
        last = [
            max(window.force_off_ns for window in own)
            for ring in self._plan.rings
            if (own := [window for window in ring if window.group == group])
        ]
        if self._local_ns < min(last):
            self._following = wanted

    def _advance(self, step_ns: int, local: datetime | None, t_ns: int) -> None:
        """Move the own cycle on by a step, towards the master's."""
        group = self._plan.group_at(self._local_ns)
        barrier_ns = self._plan.barriers_ns[group + 1]
        cycle_ns = self._plan.cycle_ns
        late_ns = (self._master_ns(local, t_ns) - self._local_ns - step_ns) % cycle_ns
        self._decide(late_ns)
        self._local_ns += self._stride_ns(step_ns, late_ns)
        late_ns = (self._master_ns(local, t_ns) - self._local_ns) % cycle_ns
        if self._local_ns >= barrier_ns:
            changed = self._following is not self._plan
            self._local_ns -= barrier_ns
            self._plan = self._following
            self._local_ns += self._plan.barriers_ns[(group + 1) % (len(self._plan.barriers_ns) - 1)]
            if changed:
                late_ns = (self._master_ns(local, t_ns) - self._local_ns) % self._plan.cycle_ns
                self._decide(late_ns, anew=True)
        self._late_ns = _nearest(late_ns, self._plan.cycle_ns)

    def _decide(self, late_ns: int, *, anew: bool = False) -> None:
        """How to get in step; kept while the difference only shrinks, unless anew."""
        cycle_ns = self._plan.cycle_ns
        near_ns = abs(_nearest(late_ns, cycle_ns))
        if near_ns <= (_IN_STEP_NS if self._state == "in_step" else _BACK_IN_STEP_NS):
            self._state = "in_step"
            return
        jumped = abs(_nearest((late_ns - self._late_ns) % cycle_ns, cycle_ns)) > _IN_STEP_NS
        if self._state != "in_step" and not jumped and not anew:
            return
        transition = self._plan.plan.transition
        if transition == "dwell":
            self._state = "dwell"
            return
        gained_ns = cycle_ns - self._plan.shortened_ns
        shorten_ns = late_ns / gained_ns * self._plan.shortened_ns if gained_ns > 0 else float("inf")
        lengthen_ns = (cycle_ns - late_ns) / (1 - SLOWEST)
        self._state = "subtract" if transition == "shortway" and shorten_ns <= lengthen_ns else "add"

    def _stride_ns(self, step_ns: int, late_ns: int) -> int:
        """How far the own cycle moves in a step. late_ns: from 0 to the cycle, behind the master after a plain step."""
        ahead_ns = (self._plan.cycle_ns - late_ns) % self._plan.cycle_ns
        fastest_ns = round(step_ns * self._plan.fastest_at(self._local_ns))
        slowest_ns = round(step_ns * SLOWEST)
        if self._state == "in_step":
            off_ns = _nearest(late_ns, self._plan.cycle_ns)
            return min(fastest_ns, max(slowest_ns, step_ns + off_ns))
        if self._state == "subtract":
            return min(fastest_ns, step_ns + late_ns)
        if self._state == "add":
            return max(slowest_ns, step_ns - ahead_ns)
        return self._dwelling_ns(step_ns, ahead_ns)

    def _dwelling_ns(self, step_ns: int, ahead_ns: int) -> int:
        """Up to where the coordinated phases would yield, and no further before the master comes there."""
        plan = self._plan.plan
        windows = self._plan.windows
        early_ns = round(plan.coordinated_actuated_s * NS_PER_S)
        yield_ns = min(windows[phase].force_off_ns for phase in plan.coordinated) - early_ns - 1
        left_ns = yield_ns - self._local_ns
        if not 0 <= left_ns < step_ns:
            return step_ns
        return max(left_ns, step_ns - ahead_ns)

    def _reason(self, choice: Choice, wanted: CompiledPlan) -> str:
        parts = [f"plan '{wanted.name}' begins at a barrier"] if wanted is not self._plan else []
        if choice.reason:
            parts.append(choice.reason if choice.plan is not None else f"free {choice.reason}")
        if self._state != "in_step":
            late_ns = self._late_ns % self._plan.cycle_ns
            ahead_s = (self._plan.cycle_ns - late_ns) / NS_PER_S
            way = {
                "subtract": f"{late_ns / NS_PER_S:.1f} s behind, cycle shortened",
                "add": f"{ahead_s:.1f} s ahead, cycle lengthened",
                "dwell": f"{ahead_s:.1f} s ahead, dwells",
            }
            parts.append(way[self._state])
        return ", ".join(parts)


def _nearest(late_ns: int, cycle_ns: int) -> int:
    """A difference from 0 to the cycle as one from half a cycle ahead (negative) to half a cycle behind."""
    return late_ns - cycle_ns if late_ns > cycle_ns // 2 else late_ns

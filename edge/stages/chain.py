"""The controllers of a junction put together: preemption around the fallback chain around each of them.

PreemptController ─→ FallbackChain ─→ adaptive, actuated, fixed, as far as they are wanted and can be had
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal, get_args

from calibration.detectors import detectors_of
from calibration.plans import plans_of
from calibration.site import Signal, Site
from edge.control.actuated import ActuatedController
from edge.control.adaptive.controller import AdaptiveController
from edge.control.coordinate import Coordinate, Coordination, free
from edge.control.coordinator import Coordinator
from edge.control.fallback import FallbackChain, FallbackSettings, Level
from edge.control.fixed import FixedTimeController
from edge.control.junction import Surroundings
from edge.control.placed import PlacedCalls, without_lane
from edge.control.plan_clock import Cycle
from edge.control.policy import Known, Policy
from edge.control.preempt import PreemptController
from edge.control.preempt_calls import Preemption
from edge.control.push_buttons import ButtonsFirst, PushButtons, WithWalks
from edge.controller import Controller
from edge.errors import ConfigError
from edge.stages.site_junction import junction_of, ways_of
from edge.types import SignalState

#: Controllers by the names that people give them, the least able first.
ControlName = Literal["fixed", "actuated", "adaptive"]
CONTROL_NAMES: tuple[ControlName, ...] = get_args(ControlName)
#: Adaptive control predicts every lane; with fewer known it would plan for the few that it sees.
_ADAPTIVE_KNOWN = 0.5
#: What is known beyond the lanes' demand at an instant, ns.
Around = Callable[[int], Surroundings | None]


def nothing_around(_t_ns: int) -> None:
    """For whoever is told of nothing but demand."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What else control listens to: commands, contacts for preemption, push buttons, how long steps take."""

    policy: Policy | None = None
    contacts: Callable[[int], Collection[int]] = lambda _t_ns: ()
    buttons: PushButtons | None = None
    stopwatch: Callable[[], int] | None = None
    fallback: FallbackSettings | None = None


def control_name(text: str, key: str) -> ControlName:
    """The controller of that name; ConfigError says which there are."""
    for name in CONTROL_NAMES:
        if name == text:
            return name
    raise ConfigError(f"{key}: there is no {text!r}; write one of {', '.join(CONTROL_NAMES)}")


def known_of(site: Site) -> Known:
    """What commands may name."""
    phases = () if site.signal is None else site.signal.phases
    return Known(
        frozenset(row.number for row in site.preempts),
        frozenset(phase.number for phase in phases),
        frozenset(phase.number for phase in phases if phase.walk_s is not None),
        frozenset(plan.name for plan in plans_of(site)),
    )


def controller_of(
    site: Site,
    signal: Signal,
    control: ControlName,
    cycle: Cycle | None,
    wishes: Wishes | None = None,
    around: Around = nothing_around,
) -> Controller:
    """The controller that people chose, with all that it can fall back to, and preemption before it.

    cycle: the plans of the site in time; None for a site without, where no fixed time is to fall back to.
    around: what is known beyond the lanes' demand at an instant.
    """
    wishes = wishes if wishes is not None else Wishes()
    buttons = wishes.buttons if wishes.buttons is not None else PushButtons({})
    levels = _levels(site, signal, cycle, wishes.policy, around, buttons)
    wanted = CONTROL_NAMES[: CONTROL_NAMES.index(control) + 1]
    chosen = [level for level in levels if level.name in wanted]
    chain = FallbackChain(chosen, wishes.fallback, wishes.stopwatch)
    rows = Preemption.of_site(site)
    if not rows:
        return ButtonsFirst(chain, buttons)

    def called(t_ns: int) -> Collection[int]:
        by_command = () if wishes.policy is None else wishes.policy.preempts(t_ns)
        return {*by_command, *wishes.contacts(t_ns)}

    return ButtonsFirst(PreemptController(rows, chain, called), buttons)


def _levels(
    site: Site, signal: Signal, cycle: Cycle | None, policy: Policy | None, around: Around, buttons: PushButtons
) -> list[Level]:
    """The most able first."""
    plans = plans_of(site)
    coordinate: Coordinate | None = None if cycle is None else Coordinator(cycle, signal)
    recalls: Coordinate = _no_recall
    if policy is not None:
        coordinate, recalls = policy.recalled(coordinate), policy.recalled(None)
    levels = [
        Level("adaptive", lambda: _adaptive(site, signal, around, recalls, buttons), _ADAPTIVE_KNOWN, any_known=True),
        Level(
            "actuated",
            lambda: ActuatedController(
                signal,
                plans[0] if plans else None,
                detectors=detectors_of(site),
                coordinate=coordinate,
                ped_calls=buttons,
            ),
            any_known=True,
        ),
    ]
    if cycle is not None:
        levels.append(Level("fixed", lambda: _fixed(cycle, buttons if site.buttons else None)))
    return levels


def _adaptive(site: Site, signal: Signal, around: Around, recalls: Coordinate, buttons: PushButtons) -> Controller:
    """With calls that no vehicle makes. ConfigError where a phase has no lane, which it would never serve."""
    model = junction_of(site, signal)
    ways = ways_of(model)
    unled = without_lane(signal, ways.values())
    if unled:
        raise ConfigError(f"no lane leads to phase {unled[0]}, and no camera can tell who waits for it")
    return PlacedCalls(AdaptiveController(model, surroundings=around), signal, ways, recalls, buttons)


def _fixed(cycle: Cycle, buttons: PushButtons | None) -> Controller:
    plan = FixedTimeController(cycle)
    return plan if buttons is None else WithWalks(plan, buttons)


def _no_recall(_state: SignalState) -> Coordination:
    return free("")

"""The controllers that a junction of a net can be given, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from calibration.site import Plan
from edge.control.actuated import ActuatedController
from edge.control.adaptive.controller import AdaptiveController
from edge.control.fixed import FixedTimeController
from edge.control.junction import Surroundings
from edge.control.plan import CompiledPlan
from edge.controller import Controller
from edge.errors import ConfigError
from sim_videos.nets.eyes import Sight
from sim_videos.nets.groups import green_stretches
from sim_videos.nets.junction import Junction
from sim_videos.nets.run import MakeController
from sim_videos.nets.staged import Staged, staged_signal

Around = Callable[[int], Surroundings | None]


def fixed(junction: Junction, sight: Sight, around: Around) -> Controller:  # noqa: ARG001 - whoever waits
    """The greens of the junction's own program, by our fixed-time controller."""
    signal = staged_signal(junction)
    least_s = {phase.number: phase.min_green_s for phase in signal.phases}
    splits = {
        number: max(green_s, least_s[number]) + junction.times.yellow_s + junction.times.red_clearance_s
        for number, green_s in enumerate(green_stretches(junction.program, junction.grouping), start=1)
    }
    plan = Plan(name="own", cycle_s=sum(splits.values()), splits_s=splits)
    return Staged(junction, FixedTimeController(CompiledPlan.of(plan, signal)))


def actuated(junction: Junction, sight: Sight, around: Around) -> Controller:  # noqa: ARG001 - detectors are the same
    """Stages of the junction's own program, each as long as vehicles come."""
    return Staged(junction, ActuatedController(staged_signal(junction)), around)


def adaptive(junction: Junction, sight: Sight, around: Around) -> Controller:
    """The stage whose plan costs least."""
    return AdaptiveController(junction.model, sensing=sight.sensing, surroundings=around)


CONTROLLERS: Mapping[str, MakeController] = {"fixed": fixed, "actuated": actuated, "adaptive": adaptive}


def chosen(text: str, key: str) -> tuple[str, ...]:
    """Names of controllers from a list with commas; ConfigError says which is not there."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if name not in CONTROLLERS:
            raise ConfigError(f"{key}: there is no controller {name!r}, only {', '.join(CONTROLLERS)}")
    if not names:
        raise ConfigError(f"{key}: names no controller; give one or more of {', '.join(CONTROLLERS)}")
    return names

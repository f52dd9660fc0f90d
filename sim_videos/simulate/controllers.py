"""The controllers that can be tried on a street, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edge.control.actuated import ActuatedController
from edge.control.adaptive.controller import AdaptiveController
from edge.control.fixed import FixedTimeController
from edge.control.junction import Surroundings
from edge.control.plan import CompiledPlan
from edge.controller import Controller
from edge.errors import ConfigError
from sim_videos.simulate.junction import junction_of
from sim_videos.street import Street

#: Name → how it is made. The adaptive one raises PlannerMissingError where its search was not compiled.
#: The callable tells what is known beyond demand at an instant, ns.
CONTROLLERS: Mapping[str, Callable[[Street, Callable[[int], Surroundings | None]], Controller]] = {
    "fixed": lambda street, _around: FixedTimeController(CompiledPlan.of(street.plan, street.signal)),
    "actuated": lambda street, _around: ActuatedController(street.signal, street.plan),
    "adaptive": lambda street, around: AdaptiveController(junction_of(street), surroundings=around),
}
#: Controllers to which eyes make no difference.
BLIND = frozenset({"fixed"})


def controller_names(text: str, key: str) -> tuple[str, ...]:
    """Names of controllers from a list with commas; ConfigError says which is not there."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise ConfigError(f"{key}: names no controller; give one or more of {', '.join(CONTROLLERS)}")
    if again := next((name for name in names if names.count(name) > 1), None):
        raise ConfigError(f"{key}: names {again} twice; name each controller once")
    for name in names:
        if name not in CONTROLLERS:
            raise ConfigError(f"{key}: there is no controller {name!r}, only {', '.join(CONTROLLERS)}")
    return names

"""The controllers that can be tried on a street, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from calibration.site import Plan, Signal
from edge.control.actuated import ActuatedController
from edge.control.fixed import FixedTimeController
from edge.control.plan import CompiledPlan
from edge.controller import Controller
from edge.errors import ConfigError

#: Name → how it is made, and whether it asks for demand at all.
CONTROLLERS: Mapping[str, Callable[[Signal, Plan], Controller]] = {
    "fixed": lambda signal, plan: FixedTimeController(CompiledPlan.of(plan, signal)),
    "actuated": ActuatedController,
}
#: Controllers to which eyes make no difference.
BLIND = frozenset({"fixed"})
_TO_COME = frozenset({"adaptive"})


def controller_names(text: str, key: str) -> tuple[str, ...]:
    """Names of controllers from a list with commas; ConfigError says which is not there."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise ConfigError(f"{key}: names no controller; give one or more of {', '.join(CONTROLLERS)}")
    if again := next((name for name in names if names.count(name) > 1), None):
        raise ConfigError(f"{key}: names {again} twice; name each controller once")
    for name in names:
        if name in _TO_COME:
            raise ConfigError(f"{key}: {name} control is not in Stopline yet; there are {', '.join(CONTROLLERS)}")
        if name not in CONTROLLERS:
            raise ConfigError(f"{key}: there is no controller {name!r}, only {', '.join(CONTROLLERS)}")
    return names

"""Push buttons: whether the walk that they call is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from calibration.finding import At, Finding, error
from calibration.site import Site


def check_buttons(site: Site, at: At) -> Iterator[Finding]:
    """What is wrong with [[buttons]], but for their inputs, which are checked with those of preemptions."""
    if not site.buttons:
        return
    if site.signal is None:
        yield error(at("buttons"), "there are push buttons but no [signal]", "add [signal], or remove [[buttons]]")
        return
    numbers = Counter(button.number for button in site.buttons)
    phases = {phase.number: phase for phase in site.signal.phases}
    walking = ", ".join(str(number) for number, phase in sorted(phases.items()) if phase.walk_s is not None) or "none"
    for i, button in enumerate(site.buttons):
        if numbers[button.number] > 1:
            yield error(at("buttons", i, "number"), f"button {button.number} is there twice", "number it anew")
            numbers[button.number] = 1
        if button.phase not in phases:
            yield error(
                at("buttons", i, "phase"), f"there is no phase {button.phase}", f"use one with a walk: {walking}"
            )
        elif phases[button.phase].walk_s is None:
            fix = f"give it walk_s and ped_clearance_s, or use one with a walk: {walking}"
            yield error(at("buttons", i, "phase"), f"phase {button.phase} has no walk", fix)

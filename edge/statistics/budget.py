"""The threshold that keeps to a number of false alarms, chosen on past readings without any label.

Where nothing is known of what happened, every alarm of the past counts as false: the threshold is the
least at which the alarms per sensor-day, after the rest between two of them, stay within the budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from edge.errors import InputError


def alarms(evidence: Sequence[float | None], threshold: float, rest_readings: int) -> list[int]:
    """The readings at which an alarm starts: at or over the threshold, rest_readings or more after the last."""
    out: list[int] = []
    for at, value in enumerate(evidence):
        if value is not None and value >= threshold and (not out or at - out[-1] > rest_readings):
            out.append(at)
    return out


def tune(
    past: Sequence[tuple[Sequence[float | None], int]], alarms_per_day: float, days: float, least: float = 0.0
) -> float:
    """The threshold for all sensors together.

    past: evidence of each sensor, one number a reading, and its rest in readings; days: sensor-days in all.
    least: no threshold below it. InputError where the past holds no evidence or the budget is not above 0.
    """
    values = sorted({v for evidence, _ in past for v in evidence if v is not None and v > 0}, reverse=True)
    if alarms_per_day <= 0 or days <= 0:
        raise InputError(f"budget: {alarms_per_day} alarms a day over {days} days; give more than 0")
    if not any(v is not None for evidence, _ in past for v in evidence):
        raise InputError("budget: the past holds no evidence; give readings from after the estimators have learned")
    allowed = alarms_per_day * days

    def within(threshold: float) -> bool:
        return sum(len(alarms(evidence, threshold, rest)) for evidence, rest in past) <= allowed

    # Alarms do not fall strictly with the threshold (the rest moves), so stop at the first that breaks it.
    steps = [v for v in values if v >= least]
    if not steps:
        return max(least, 1.0)
    low, high = 0, len(steps)  # steps[:low] are within
    while low < high:
        middle = (low + high) // 2
        if within(steps[middle]):
            low = middle + 1
        else:
            high = middle
    if low == len(steps):
        return max(steps[-1], least)
    # Above the first value that breaks the budget: half way to the next higher one, or a tenth over the highest.
    return (steps[low] + steps[low - 1]) / 2 if low else steps[0] * 1.1


def typical_interval_s(times_s: Sequence[int]) -> float:
    """The median time between readings, in seconds. InputError below two readings."""
    if len(times_s) < 2:
        raise InputError("budget: fewer than two readings; give at least two")
    steps = sorted(b - a for a, b in pairwise(times_s))
    return float(steps[len(steps) // 2])

"""The limits that each rule judges by, and what they mean, for whoever asks why an incident was told."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from edge.incidents.camera import LASTS_S, CameraRule
from edge.incidents.rules.blocked_box import BlockedBox, BlockedBoxSettings
from edge.incidents.rules.closed_lane import ClosedLaneSettings, VehicleOnClosedLane
from edge.incidents.rules.crash import Crash, CrashSettings
from edge.incidents.rules.lost_load import LostLoad, LostLoadSettings
from edge.incidents.rules.low_visibility import LowVisibility, LowVisibilitySettings
from edge.incidents.rules.near_miss import NearMiss, NearMissSettings
from edge.incidents.rules.pedestrian import PedestrianOnCarriageway, PedestrianSettings
from edge.incidents.rules.red_running import RedRunning, RedRunningSettings
from edge.incidents.rules.slow_lane import SlowLane, SlowLaneSettings
from edge.incidents.rules.spillback import Spillback, SpillbackSettings
from edge.incidents.rules.stopped import StoppedSettings, StoppedVehicle
from edge.incidents.rules.wrong_way import WrongWay, WrongWaySettings


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one rule: by name with its unit, and what each means."""

    values: Mapping[str, float | str]
    words: str


_SETTINGS: Mapping[str, Any] = {
    BlockedBox.name: BlockedBoxSettings(),
    VehicleOnClosedLane.name: ClosedLaneSettings(),
    Crash.name: CrashSettings(),
    LostLoad.name: LostLoadSettings(),
    LowVisibility.name: LowVisibilitySettings(),
    NearMiss.name: NearMissSettings(),
    PedestrianOnCarriageway.name: PedestrianSettings(),
    RedRunning.name: RedRunningSettings(),
    SlowLane.name: SlowLaneSettings(),
    Spillback.name: SpillbackSettings(),
    StoppedVehicle.name: StoppedSettings(),
    WrongWay.name: WrongWaySettings(),
}


def limits_of(rule: str) -> Limits | None:
    """None for what is no rule on tracks or cameras (statistics)."""
    if rule == CameraRule.name:
        return Limits({"blind_s": LASTS_S}, "blind_s: a camera that was blind for less is not told.")
    settings = _SETTINGS.get(rule)
    if settings is None:
        return None
    words = " ".join(inspect.cleandoc(type(settings).__doc__ or "").split())
    numbers = {name: value for name, value in asdict(settings).items() if isinstance(value, int | float | str)}
    return Limits(numbers, words)

"""A scenario: one TOML file that says what street, traffic, light, weather, mishaps and cameras there are.

Read once, checked as a whole, frozen; unknown keys are refused. `docs/scenes.md`
explains every key. What depends on the junction (does this movement exist?) is checked
by `sim_videos.world` when it builds the street.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from calibration.key_types import PhaseNumber, SiteId
from calibration.site import MovementId
from edge.errors import ConfigError
from sim_videos.spec import ApproachId, Share, Spec
from sim_videos.timetable import CameraFaultSpec, IncidentSpec

#: Shipped with the code.
LIBRARY = Path(__file__).parent / "scenarios"


class ArmSpec(Spec):
    """One leg of a parametric junction, named by where its traffic heads.

    lanes are through lanes (the outer one also turns right, the inner one also left where
    there is no bay); left_bay_m is the length of a left-turn bay, 0 for none.
    """

    approach: ApproachId
    name: str = ""
    lanes: Annotated[int, Field(ge=1, le=4)] = 1
    exit_lanes: Annotated[int, Field(ge=1, le=4)] = 1
    left_bay_m: Annotated[float, Field(ge=0, le=120)] = 0
    lane_width_m: Annotated[float, Field(ge=2.5, le=4.5)] = 3.3
    cycle_lane: bool = False
    crossing: bool = True
    length_m: Annotated[float, Field(ge=60, le=1000)] = 220
    speed_limit_mps: Annotated[float, Field(ge=5, le=30)] = 13.4


class JunctionSpec(Spec):
    """Either arms (three or four) of a parametric junction, or a SUMO net beside the file and its junction's id."""

    arms: tuple[ArmSpec, ...] = ()
    net: Path | None = None
    junction: str | None = None
    left_hand_traffic: bool = False

    @model_validator(mode="after")
    def _one_of(self) -> JunctionSpec:
        if (self.net is None) == (not self.arms):
            raise ValueError("give either arms or net, not both and not neither")
        if self.arms and len(self.arms) < 3:
            raise ValueError("a junction has three or four arms")
        names = [arm.approach for arm in self.arms]
        if len(set(names)) != len(names):
            raise ValueError("each approach may have one arm only")
        return self


class SignalSpec(Spec):
    """Overrides of the timing that is worked out from the junction (Webster's splits for the demand)."""

    cycle_s: Annotated[float, Field(ge=30, le=240)] | None = None
    splits_s: dict[PhaseNumber, float] | None = None
    yellow_s: Annotated[float, Field(ge=3, le=6)] = 3.5
    red_clearance_s: Annotated[float, Field(ge=0, le=6)] = 2.0


class DemandSpec(Spec):
    """Vehicles of one movement in one stretch of time; mix is make → share (a usual city mix unless given)."""

    movement: MovementId
    vehicles_per_h: Annotated[float, Field(ge=0, le=4000)]
    from_s: float | None = None
    to_s: float | None = None
    mix: dict[str, Share] | None = None


class WalkersSpec(Spec):
    """Pedestrians an hour on the crossing of an approach, both directions together."""

    approach: ApproachId
    walkers_per_h: Annotated[float, Field(ge=0, le=3000)]
    from_s: float | None = None
    to_s: float | None = None


class LookSpec(Spec):
    """Light and weather. hour is local solar time: 12 is noon, 20.5 dusk, 23 night. fog_m is how far one sees."""

    hour: Annotated[float, Field(ge=0, lt=24)] = 11.0
    cloud: Share = 0.3
    rain: Share = 0.0
    wet: Share = 0.0
    fog_m: Annotated[float, Field(ge=20, le=2000)] | None = None


class CameraSpec(Spec):
    """One camera on a mast. `facing` is the approach whose oncoming traffic it watches.

    Without pos_m it stands on the far side of the junction, beyond_m past the middle and
    aside_m to the right of the approach's axis. aim_m is how far before the stop line its
    optical axis meets the road. k1, k2: radial distortion (OpenCV's model).
    """

    id: SiteId
    facing: ApproachId
    size_px: tuple[Annotated[int, Field(ge=160, le=3840)], Annotated[int, Field(ge=120, le=2160)]] = (640, 360)
    height_m: Annotated[float, Field(ge=3, le=40)] = 9.0
    beyond_m: Annotated[float, Field(ge=0, le=80)] = 22.0
    aside_m: Annotated[float, Field(ge=-40, le=40)] = 3.0
    pos_m: tuple[float, float] | None = None
    aim_m: Annotated[float, Field(ge=-20, le=150)] = 22.0
    roll_deg: Annotated[float, Field(ge=-20, le=20)] = 0.0
    fov_deg: Annotated[float, Field(ge=15, le=110)] = 56.0
    k1: Annotated[float, Field(ge=-0.5, le=0.5)] = 0.0
    k2: Annotated[float, Field(ge=-0.5, le=0.5)] = 0.0


class Scenario(Spec):
    """The whole. The first frame is at t = 0; warm_up_s of traffic run before it."""

    schema_version: Literal[1]
    id: SiteId
    about: str
    seed: Annotated[int, Field(ge=0)] = 1
    duration_s: Annotated[float, Field(gt=0, le=86400)] = 120.0
    warm_up_s: Annotated[float, Field(ge=0, le=3600)] = 120.0
    fps: Annotated[float, Field(ge=1, le=30)] = 10.0
    control: Literal["fixed", "actuated"] = "fixed"
    junction: JunctionSpec
    signal: SignalSpec = SignalSpec()
    demand: tuple[DemandSpec, ...] = Field(min_length=1)
    cyclists_per_h: dict[ApproachId, float] = Field(default_factory=dict)
    walkers: tuple[WalkersSpec, ...] = ()
    look: LookSpec = LookSpec()
    incidents: tuple[IncidentSpec, ...] = ()
    cameras: tuple[CameraSpec, ...] = Field(min_length=1)
    camera_faults: tuple[CameraFaultSpec, ...] = ()

    _file: Path | None = PrivateAttr(default=None)

    @property
    def source(self) -> str:
        """What a complaint about it begins with: its file, or its id where it was not read from one."""
        return f"scenario {self.id}" if self._file is None else str(self._file)

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Puts `source` before a ConfigError about its street or cameras, which says only the key."""
        try:
            yield
        except ConfigError as error:
            raise ConfigError(f"{self.source}: {error}") from error

    def beyond(self, seconds: float) -> tuple[str, ...]:
        """A sentence for each incident and camera fault that a run of so long does not reach."""
        rows: list[tuple[str, IncidentSpec | CameraFaultSpec]] = []
        rows += [(f"incidents.{number}", one) for number, one in enumerate(self.incidents)]
        rows += [(f"camera_faults.{number}", one) for number, one in enumerate(self.camera_faults)]
        return tuple(
            f"{key}, {one.kind.replace('_', ' ')}, lies after the end of the run: it begins at {one.at_s:g} s, "
            f"and the run ended at {seconds:g} s"
            for key, one in rows
            if one.at_s >= seconds
        )

    def lasting(self, seconds: float | None) -> Scenario:
        """The same for a run of so long, None for its own length: what has no end goes on to the end of a longer
        run; a shorter one is this one, stopped sooner."""
        if seconds is None or seconds <= self.duration_s:
            return self
        return self.model_copy(update={"duration_s": seconds})

    @model_validator(mode="after")
    def _flows_within(self) -> Scenario:
        flows: list[tuple[str, DemandSpec | WalkersSpec]] = []
        flows += [(f"demand.{number}", row) for number, row in enumerate(self.demand)]
        flows += [(f"walkers.{number}", row) for number, row in enumerate(self.walkers)]
        for key, row in flows:
            start_s = -self.warm_up_s if row.from_s is None else row.from_s
            end_s = self.duration_s if row.to_s is None else row.to_s
            if start_s >= end_s or start_s >= self.duration_s or end_s <= -self.warm_up_s:
                raise ValueError(
                    f"{key}: from {start_s:g} s to {end_s:g} s brings nobody into the run of "
                    f"{-self.warm_up_s:g} to {self.duration_s:g} s; correct from_s or to_s"
                )
        return self

    @model_validator(mode="after")
    def _within(self) -> Scenario:
        for number, incident in enumerate(self.incidents):
            if incident.at_s >= self.duration_s:
                raise ValueError(
                    f"incidents.{number}.at_s: {incident.at_s:g} s lies outside the run of {self.duration_s:g} s; "
                    "begin it earlier or run longer"
                )
        cameras = [camera.id for camera in self.cameras]
        if len(set(cameras)) != len(cameras):
            raise ValueError("cameras: each id may be used once")
        for number, fault in enumerate(self.camera_faults):
            if fault.camera not in cameras:
                raise ValueError(
                    f"camera_faults.{number}.camera: there is no camera {fault.camera!r}, only {', '.join(cameras)}"
                )
            if fault.at_s >= self.duration_s:
                raise ValueError(f"camera_faults.{number}.at_s: lies outside the run of {self.duration_s:g} s")
        return self


def library() -> dict[str, Path]:
    """Name → file of the scenarios that come with Stopline, in order of name."""
    return {path.stem: path for path in sorted(LIBRARY.glob("*.toml"))}


def load_scenario(name_or_path: str) -> Scenario:
    """A scenario of the library by its name, or any file; ConfigError names file, key and fix."""
    known = library()
    path = known.get(name_or_path, Path(name_or_path))
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(
            f"{name_or_path}: there is no such scenario or file; the library has {', '.join(known) or 'none'}"
        ) from error
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; give a scenario's TOML file") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not text; give a scenario's TOML file") from error
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from error
    junction = raw.get("junction")
    if isinstance(junction, dict) and isinstance(junction.get("net"), str):
        junction["net"] = path.parent / junction["net"]
    try:
        scenario = Scenario.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{path}: {where + ': ' if where else ''}{said}; correct it") from error
    scenario._file = path  # noqa: SLF001 - its own module
    return scenario

"""Films a scenario: the street runs its plan, each camera sees it, and the truth is written beside the video.

    scenario → SumoWorld ─ WorldFrame ─┬→ CameraFeed → NAME.mp4
                 ↑                     └→ TruthRecorder → NAME.truth.jsonl, NAME.truth.json
              PlanLamps                  site_of → NAME.toml

Everything is written into a hidden folder first and moved when the last file is whole.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from calibration.site import Site
from edge.errors import ConfigError, StorageError
from edge.frames import ImageBGR
from sim_videos.clip import ClipWriter
from sim_videos.plan_lamps import PlanLamps, seconds_ns
from sim_videos.render import CameraFeed, Renderer
from sim_videos.render.camera import camera_of
from sim_videos.scenario import CameraSpec, Scenario
from sim_videos.site import site_of
from sim_videos.site_toml import site_toml
from sim_videos.state import WorldFrame
from sim_videos.street import Street
from sim_videos.truth import TruthRecorder, TruthWriter


@dataclass(frozen=True, slots=True)
class FilmOrder:
    """What to film: cameras by id (none: all), seed and seconds where they are not the scenario's own."""

    scenario: Scenario
    out: Path
    cameras: tuple[str, ...] = ()
    seed: int | None = None
    seconds: float | None = None
    quality: int = 23

    def __post_init__(self) -> None:
        if self.seconds is not None and not 0 < self.seconds <= 86400:
            raise ConfigError(f"--seconds: {self.seconds:g} is not a length of 0 to 86400 s")

    @property
    def frames(self) -> int:
        """Frames of each film."""
        length_s = self.scenario.duration_s if self.seconds is None else self.seconds
        return max(1, round(length_s * self.scenario.fps))

    @property
    def specs(self) -> tuple[CameraSpec, ...]:
        """The cameras to film with; ConfigError where the scenario has none of that name."""
        known = {camera.id: camera for camera in self.scenario.cameras}
        for name in self.cameras:
            if name not in known:
                raise ConfigError(
                    f"{self.scenario.source}: there is no camera {name!r}, only {', '.join(known)}; "
                    "give one of them with --camera"
                )
        return tuple(known[name] for name in dict.fromkeys(self.cameras)) or self.scenario.cameras

    def name_of(self, spec: CameraSpec) -> str:
        """What the files of a camera are called: the scenario, and the camera where it has several."""
        return self.scenario.id if len(self.scenario.cameras) == 1 else f"{self.scenario.id}.{spec.id}"


@dataclass(frozen=True, slots=True)
class Film:
    """What was made of one camera. counts: movement → road users."""

    camera: str
    video: Path
    truth: Path
    count: Path
    site: Path
    counts: dict[str, int]


@contextmanager
def written_whole(out: Path) -> Iterator[Path]:
    """A folder to write into, whose files are moved to `out` where all went well, and are gone where not.

    StorageError where `out` cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".part-", dir=out) as part:
            yield Path(part)
            for path in sorted(Path(part).iterdir()):
                path.replace(out / path.name)
    except OSError as error:
        raise StorageError(f"{out}: {error.strerror or error}; choose a folder that can be written") from error


def film(order: FilmOrder, on_frame: Callable[[int], None] = lambda _: None) -> tuple[Film, ...]:
    """Film a scenario from each camera wanted; files appear in `order.out` when all are whole.

    ConfigError where the scenario cannot be, StorageError where it cannot be written,
    ModuleNotFoundError without SUMO.
    """
    from sim_videos.world import SumoWorld

    scenario, specs = order.scenario.lasting(order.seconds), order.specs
    with SumoWorld(scenario, seed=order.seed) as world:
        lamps = PlanLamps(world.street.signal, world.street.plan)
        with scenario.naming():
            site = site_of(scenario, world.street)
        with written_whole(order.out) as part:
            with ExitStack() as opened:
                shoots = [opened.enter_context(_Shoot(order, spec, world.street, site, part)) for spec in specs]
                world.warm_up(lamps)
                for number in range(order.frames):
                    shown = world.step(*lamps(seconds_ns(number / scenario.fps)))
                    for shoot in shoots:
                        shoot.add(shown)
                    on_frame(number + 1)
            return tuple(shoot.film(order.out) for shoot in shoots)


def write_site(scenario: Scenario, out: Path) -> None:
    """The site description of a scenario; ConfigError or StorageError where it cannot be made or written."""
    from sim_videos.world import build_street

    with tempfile.TemporaryDirectory() as work:
        street = build_street(scenario, Path(work))
    with scenario.naming():
        site = site_of(scenario, street)
    part = out.with_name(f"{out.name}.part")
    try:
        part.write_text(site_toml(site), encoding="utf-8")
        part.replace(out)
    except OSError as error:
        raise StorageError(f"{out}: {error.strerror or error}; choose a file that can be written") from error


class _Shoot:
    """One camera of a film with its video, truth and site, written into `part`; a context manager."""

    def __init__(self, order: FilmOrder, spec: CameraSpec, street: Street, site: Site, part: Path) -> None:
        scenario = order.scenario
        seed = scenario.seed if order.seed is None else order.seed
        self._name, self._part, self._camera = order.name_of(spec), part, spec.id
        self._recorder = TruthRecorder(scenario, street, spec, site, seed=seed)
        renderer = Renderer(street, camera_of(spec, street), scenario.look, seed=seed)
        self._feed = CameraFeed(renderer, scenario.camera_faults, camera=spec.id, seed=seed)
        self._video = ClipWriter(part / f"{self._name}.mp4", spec.size_px, scenario.fps, quality=order.quality)
        self._truth = TruthWriter(part / f"{self._name}.truth.jsonl", self._recorder.header)
        self._counts: Counter[str] = Counter(dict.fromkeys(self._recorder.header.movements, 0))
        width, height = spec.size_px
        self._shown: ImageBGR = np.zeros((height, width, 3), np.uint8)
        (part / f"{self._name}.toml").write_text(site_toml(site), encoding="utf-8")

    def __enter__(self) -> Self:
        self._video.__enter__()
        self._truth.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._video.__exit__(kind, error, trace)
        if error is None:
            video = self._part / f"{self._name}.mp4"
            self._truth.video_sha256 = hashlib.sha256(video.read_bytes()).hexdigest()
        self._truth.__exit__(kind, error, trace)

    def add(self, world: WorldFrame) -> None:
        """One instant: a picture that did not come is the one before once more."""
        for frame in self._feed.frames(world):
            self._shown = frame.image
        self._video.add(self._shown)
        truth = self._recorder.frame(world, self._feed.seen(world))
        self._truth.add(truth)
        self._counts.update(crossing.movement for crossing in truth.crossings)

    def film(self, out: Path) -> Film:
        """What there is once it was moved to `out`."""
        return Film(
            camera=self._camera,
            video=out / f"{self._name}.mp4",
            truth=out / f"{self._name}.truth.jsonl",
            count=out / f"{self._name}.truth.json",
            site=out / f"{self._name}.toml",
            counts=dict(self._counts),
        )

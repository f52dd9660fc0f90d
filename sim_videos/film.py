"""Films a scenario: the street runs its plan, each camera sees it, and the truth is written beside the video.

    scenario → SumoWorld ─ WorldFrame ─┬→ CameraFeed → NAME.mp4
                 ↑                     └→ TruthRecorder → NAME.truth.jsonl, NAME.truth.json
              PlanLamps                  site_of → NAME.toml

Everything is written into a hidden folder first and moved when the last file is whole.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.errors import ConfigError, StorageError
from sim_videos.scenario import CameraSpec, Scenario


@dataclass(frozen=True, slots=True)
class FilmOrder:
    """What to film: cameras by id (none: all), seed and seconds where they are not the scenario's own."""

    scenario: Scenario
    out: Path
    cameras: tuple[str, ...] = ()
    seed: int | None = None
    seconds: float | None = None
    quality: int = 23

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
                    f"scenario {self.scenario.id}: there is no camera {name!r}, only {', '.join(known)}; "
                    "give one of them with --camera"
                )
        return tuple(known[name] for name in dict.fromkeys(self.cameras)) or self.scenario.cameras


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

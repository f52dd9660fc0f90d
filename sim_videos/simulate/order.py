"""What a person may choose about a simulation, and which runs that comes to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge.errors import ConfigError
from sim_videos.scenario import Scenario
from sim_videos.simulate.controllers import BLIND

EyesKind = Literal["camera", "truth", "perfect", "none"]


@dataclass(frozen=True, slots=True)
class SimulateOptions:
    """One simulation. controls: names of controllers, each one run.

    seed, seconds: None for the scenario's own. model: a detector by name or file, None for
    the best installed. every: look at each nth frame. perfect: run each controller with
    perfect eyes too, where eyes matter to it. speed: times real time, None as fast as it
    goes. record: a folder for videos and their truth. page_port: serve a page there (0: any
    free port), None for none.
    """

    scenario: Scenario
    controls: tuple[str, ...]
    out: Path
    seed: int | None = None
    seconds: float | None = None
    model: str | None = None
    threads: int = 1
    truth_detector: bool = False
    every: int = 1
    perfect: bool = True
    speed: float | None = None
    record: Path | None = None
    page_port: int | None = None

    def __post_init__(self) -> None:
        if self.truth_detector and self.model is not None:
            raise ConfigError("--truth-detector takes the place of a model: give it or --model, not both")
        if self.record is not None and len(self.controls) > 1:
            raise ConfigError("--record keeps the pictures of one run: give one controller with --control")
        if self.seconds is not None and not 0 < self.seconds <= 86400:
            raise ConfigError(f"--seconds: {self.seconds:g} is not a length of 0 to 86400 s")
        if self.record is not None and self.record.resolve() == self.out.resolve():
            raise ConfigError(f"--record {self.record}: is the folder of --out; choose another for the videos")

    @property
    def run_seed(self) -> int:
        """The seed of every run."""
        return self.scenario.seed if self.seed is None else self.seed

    @property
    def length_s(self) -> float:
        """Seconds of every run."""
        return self.scenario.duration_s if self.seconds is None else self.seconds

    @property
    def runs(self) -> tuple[tuple[str, EyesKind], ...]:
        """Controllers and their eyes, in the order in which they are run.

        Of several controllers, one that asks for no demand is run without a camera: what
        it does would be the same.
        """
        eyes: EyesKind = "truth" if self.truth_detector else "camera"
        runs: list[tuple[str, EyesKind]] = []
        for control in self.controls:
            runs.append((control, "none" if control in BLIND and len(self.controls) > 1 else eyes))
            if self.perfect and control not in BLIND:
                runs.append((control, "perfect"))
        return tuple(runs)

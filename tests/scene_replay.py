"""A scenario's street seen by the truth in place of a detector, replayed into a folder: no pixel is painted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from edge.clock import SystemClock
from edge.frames import Frame
from edge.replay.compose import ReplayOptions, replay_video
from edge.types import Sight
from sim_videos.detector import PERFECT, Eyesight, TruthDetector
from sim_videos.plan_lamps import PlanLamps, seconds_ns
from sim_videos.render.camera import camera_of
from sim_videos.render.renderer import Renderer
from sim_videos.scenario import Scenario
from sim_videos.site import site_of
from sim_videos.truth import TruthRecorder, TruthWriter
from sim_videos.world import SumoWorld


@dataclass(frozen=True)
class SceneReplay:
    """Where the replay and the truth lie."""

    folder: Path
    truth: Path


class WatchedStreet:
    """A FrameSource whose pictures are black: whoever looks is told what they would show."""

    def __init__(
        self, world: SumoWorld, writer: TruthWriter, recorder: TruthRecorder, eyes: TruthDetector, camera: str
    ) -> None:
        scenario = world.scenario
        spec = next(spec for spec in scenario.cameras if spec.id == camera)
        self.camera, self.size_px = camera, spec.size_px
        self.fps: float | None = scenario.fps
        self.frames_total: int | None = round(scenario.duration_s * scenario.fps)
        self.dropped = 0
        self._world, self._writer, self._recorder, self._eyes = world, writer, recorder, eyes
        self._renderer = Renderer(world.street, camera_of(spec, world.street), scenario.look, seed=scenario.seed)
        self._lamps = PlanLamps(world.street.signal, world.street.plan)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open."""

    def __iter__(self) -> Iterator[Frame]:
        black = np.zeros((self.size_px[1], self.size_px[0], 3), np.uint8)
        self._world.warm_up(self._lamps)
        fps = self._world.scenario.fps
        for index in range(round(self._world.scenario.duration_s * fps)):
            t_ns = seconds_ns(index / fps)
            shown = self._world.step(*self._lamps(t_ns))
            seen = self._renderer.seen(shown)
            self._writer.add(self._recorder.frame(shown, seen))
            self._eyes.see(seen, {user.user_id: user.kind for user in shown.users})
            yield Frame(self.camera, index, t_ns, black)


def replay_scene(scenario: Scenario, camera: str, out: Path, sight: Eyesight = PERFECT) -> SceneReplay:
    """Run a scenario from the beginning, replay one camera of it, and keep its truth."""
    eyes = TruthDetector(sight, seed=scenario.seed)
    with SumoWorld(scenario) as world:
        spec = next(spec for spec in scenario.cameras if spec.id == camera)
        site = site_of(scenario, world.street)
        recorder = TruthRecorder(scenario, world.street, spec, site)
        with TruthWriter(out / "scene.truth.jsonl", recorder.header) as writer:
            source = WatchedStreet(world, writer, recorder, eyes, camera)
            options = ReplayOptions(
                Path("scene.mp4"), site, out / "replay", camera, with_plan=False, with_video=False, keep_tracks=True
            )
            outcome = replay_video(
                options, source, eyes, stopwatch=SystemClock(), video_sha256=None,
                sight=lambda frame: Sight(frame.t_ns, camera, True),
            )  # fmt: skip
            if outcome.error is not None:
                raise outcome.error
    return SceneReplay(out / "replay", out / "scene.truth.jsonl")

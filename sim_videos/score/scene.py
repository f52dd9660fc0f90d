"""One replay of a rendered scene against its truth, all of it.

truth.jsonl ─┐                     ┌ detection, tracking, places and speeds, queues
frames.jsonl.gz ─ by frame's time ─┤
events.jsonl ──────────────────────┴ counts, incidents, camera faults
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from edge.clock import NS_PER_S
from edge.errors import InputError
from edge.replay import files
from edge.replay.evaluate import Evaluation, Truth, TruthCrossing, evaluate, load_truth
from edge.replay.frame_log import SeenFrame, read_frame_log
from edge.replay.record import Record, read
from sim_videos.score.detection import DetectionScorer, DetectionScores
from sim_videos.score.happenings import (
    HappeningScore,
    HappeningWatch,
    happening_json,
    incident_score,
    sight_score,
)
from sim_videos.score.judge import blind
from sim_videos.score.places import PlaceScorer, PlaceScores
from sim_videos.score.queues import QueueScore, QueueScorer
from sim_videos.score.tracking import TrackingScore, TrackingScorer
from sim_videos.truth import SceneFrame, SceneHeader, read_frames, read_header
from sim_videos.truth.files import SUFFIX


@dataclass(frozen=True, slots=True)
class SceneScore:
    """Everything that can be measured. None: not measured, which is not zero.

    counts is by class of road user, counts_any regardless of it. frames were in both
    files, blind of them showed nothing of the street.
    """

    frames: int
    blind: int
    counts: Evaluation
    counts_any: Evaluation
    detection: DetectionScores | None
    tracking: TrackingScore | None
    places: PlaceScores | None
    queues: QueueScore | None
    queues_by_lane: Mapping[str, QueueScore]
    incidents: HappeningScore | None
    camera_faults: HappeningScore

    def to_json(self) -> dict[str, object]:
        """What `--json` prints."""
        parts = {"detection": self.detection, "tracking": self.tracking, "places": self.places, "queues": self.queues}
        return {
            "frames": self.frames,
            "blind": self.blind,
            "counts": self.counts_any.to_json(),
            "effectiveness_by_class": _rounded(self.counts.effectiveness),
            **{name: None if part is None else _rounded(asdict(part)) for name, part in parts.items()},
            "queues_by_lane": {lane: _rounded(asdict(score)) for lane, score in self.queues_by_lane.items()},
            "incidents": happening_json(self.incidents),
            "camera_faults": happening_json(self.camera_faults),
        }


class SceneScorer:
    """Scores frame by frame what a camera's vision made of a scene; `sim_videos.simulate` uses it live."""

    def __init__(self, header: SceneHeader) -> None:
        self._detection = DetectionScorer()
        self._tracking = TrackingScorer()
        self._places = PlaceScorer(header.eye_m[:2])
        self._queues = QueueScorer()
        self._frames = self._blind = 0

    def add(self, truth: SceneFrame, seen: SeenFrame) -> None:
        """One frame of both, in order."""
        self._frames += 1
        self._queues.add(truth, seen)
        if blind(truth):
            self._blind += 1
            return
        self._detection.add(truth, seen)
        self._tracking.add(truth, seen)
        self._places.add(truth, seen)

    def result(
        self, counts: Evaluation, counts_any: Evaluation, incidents: HappeningScore | None, faults: HappeningScore
    ) -> SceneScore:
        """What all frames come to, beside what the events said. Without a frame most is not measured."""
        measured = self._frames > self._blind
        queues, by_lane = self._queues.result()
        return SceneScore(
            frames=self._frames,
            blind=self._blind,
            counts=counts,
            counts_any=counts_any,
            detection=self._detection.result() if measured else None,
            tracking=self._tracking.result() if measured else None,
            places=self._places.result() if measured else None,
            queues=queues,
            queues_by_lane=by_lane,
            incidents=incidents,
            camera_faults=faults,
        )


def score_replay(folder: Path, truth_path: Path, segments: int = 10) -> SceneScore:
    """What `stopline replay` wrote into `folder` against a `*.truth.jsonl`.

    Without frames.jsonl.gz, which --keep-tracks writes, only counts, incidents and camera
    faults are measured. InputError where a file cannot be read, or is of another scene.
    """
    record = read(folder)
    header = read_header(truth_path)
    _same_scene(record, header, truth_path)
    scorer, watch = SceneScorer(header), HappeningWatch()
    log = folder / files.FRAMES
    by_index = {round(seen.t_ns / NS_PER_S * header.fps): seen for seen in read_frame_log(log)} if log.exists() else {}
    crossings: list[TruthCrossing] = []
    frames = 0
    for truth in read_frames(truth_path):
        frames += 1
        watch.add(truth)
        crossings += [
            TruthCrossing(frame=truth.frame, direction=row.movement, kind=row.kind.value) for row in truth.crossings
        ]
        seen = by_index.get(truth.frame)
        if seen is not None:
            scorer.add(truth, seen)
    video = _video_sha256(truth_path)
    truths = [_truth(record, header, crossings, frames, by_class, video) for by_class in (True, False)]
    counts, counts_any = (evaluate(record, truth, segments) for truth in truths)
    return scorer.result(
        counts, counts_any, incident_score(watch.incidents(), record), sight_score(watch.faults(), record)
    )


def _video_sha256(truth_path: Path) -> str | None:
    """What the hand count beside the truth says of the video; None where there is none."""
    count = truth_path.with_name(f"{truth_path.name.removesuffix(SUFFIX)}.truth.json")
    return load_truth(count).sha256 if count.is_file() else None


def _truth(
    record: Record,
    header: SceneHeader,
    crossings: list[TruthCrossing],
    frames: int,
    by_class: bool,
    sha256: str | None,
) -> Truth:
    made = {crossing.direction for crossing in crossings}
    ours = {event["movement"] for event in record.of("crossing")}
    counts = {
        movement: sum(crossing.direction == movement for crossing in crossings)
        for movement in header.movements
        if movement in made | ours
    } or dict.fromkeys(header.movements, 0)
    rows = tuple(crossing if by_class else crossing.model_copy(update={"kind": None}) for crossing in crossings)
    return Truth(fps=header.fps, frames=frames, counts=counts, crossings=rows, sha256=sha256)


def _same_scene(record: Record, header: SceneHeader, path: Path) -> None:
    camera = record.run.get("camera")
    if camera is not None and camera != header.camera.id:
        raise InputError(
            f"{path}: is the truth of camera {header.camera.id!r}, the replay is of {camera!r}: give its own"
        )
    known = {movement["id"] for movement in record.run["movements"]}
    lacking = sorted(header.movements.keys() - known)
    if lacking:
        raise InputError(
            f"{path}: counts {lacking[0]}, which site {record.run['site']} does not: replay with the site of the scene"
        )


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, Mapping):
        return {str(key): _rounded(part) for key, part in value.items()}
    return value

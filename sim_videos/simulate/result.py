"""What one run of the closed loop came to: values for the table, the report and the JSON file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge.replay.decided import Decided, Wait
from edge.replay.record import Event
from sim_videos.score.happenings import HappeningScore, Spell

#: Names of eyes: those that err in nothing, and none at all.
PERFECT, NONE = "perfect eyes", "no eyes"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Vehicles of one movement, or of all. delay_s, stops: means a vehicle, None without vehicles.

    arrived is how many of the vehicles have left the street by the end of the run.
    """

    vehicles: int
    arrived: int
    delay_s: float | None
    stops: float | None


@dataclass(frozen=True, slots=True)
class Counted:
    """One movement as it was counted and as it was."""

    true: int
    ours: int


@dataclass(frozen=True, slots=True)
class Eyesight:
    """How well the cameras saw. Shares and errors are None where there was nothing to measure.

    effectiveness is that of `stopline evaluate`. queue_error: |vehicles| at whole seconds
    at which a lane had or was said to have a queue. blind_s: camera seconds without sight.
    """

    counts: Mapping[str, Counted]
    effectiveness: float | None
    speed_error: float | None
    position_error_m: float | None
    queue_error: float | None
    blind_s: float
    looks: int
    detector_ms: float | None


@dataclass(frozen=True, slots=True)
class TrueIncident:
    """A mishap as it was; ended_s is None where it outlasts the run."""

    number: int
    kind: str
    lane: str | None
    started_s: float
    ended_s: float | None

    @property
    def spell(self) -> Spell:
        """As scores have it."""
        return Spell(self.kind, self.lane, self.started_s, self.ended_s)


@dataclass(frozen=True, slots=True)
class Noticed:
    """What was told of, as events of events.jsonl; score: against what truly happened. ground: see `ground_facts`."""

    events: tuple[Event, ...]
    score: HappeningScore
    ground: Mapping[str, Any]

    def after_s(self, happened: TrueIncident) -> float | None:
        """How long after its start it was told; None where it was not, or is nothing to tell."""
        return next((one.delay_s for one in self.score.noticed if one.spell == happened.spell), None)


@dataclass(frozen=True, slots=True)
class Series:
    """What is drawn over time.

    queued: lane → vehicles at each of times_s; told: what the cameras said then.
    shown: phase → (second, interval) at each change.
    """

    times_s: tuple[float, ...]
    queued: Mapping[str, tuple[int, ...]]
    told: Mapping[str, tuple[int | None, ...]]
    shown: Mapping[int, tuple[tuple[float, str], ...]]


@dataclass(frozen=True, slots=True)
class Run:
    """One run. control and eyes name the controller and who looked; stopped says why it ended early.

    decisions and waits: what was decided in it, and the longest waits. lamps says what timed
    them: the compiled signal core or a model of it.
    """

    control: str
    eyes: str
    seed: int
    seconds: float
    frames: int
    all: Waiting
    movements: Mapping[str, Waiting]
    mean_queue: float | None
    max_queue: int | None
    eyesight: Eyesight | None
    incidents: tuple[TrueIncident, ...]
    phase_changes: int
    stopped: str | None
    elapsed_s: float
    series: Series
    lamps: str = ""
    decisions: tuple[Decided, ...] = ()
    waits: tuple[Wait, ...] = ()
    noticed: Noticed | None = None

    @property
    def name(self) -> str:
        """`actuated, camera`."""
        return f"{self.control}, {self.eyes}"

    def to_json(self) -> dict[str, Any]:
        """The numbers; the series are in the run's own files. Seconds that the run itself took are left out."""
        sight = self.eyesight
        return {
            "control": self.control,
            "eyes": self.eyes,
            "lamps": self.lamps,
            "seed": self.seed,
            "seconds": self.seconds,
            "frames": self.frames,
            "stopped": self.stopped,
            "all": _waiting(self.all),
            "movements": {name: _waiting(one) for name, one in self.movements.items()},
            "mean_queue": _rounded(self.mean_queue),
            "max_queue": self.max_queue,
            "phase_changes": self.phase_changes,
            "eyesight": None
            if sight is None
            else {
                "counts": {name: {"true": c.true, "ours": c.ours} for name, c in sight.counts.items()},
                "effectiveness": _rounded(sight.effectiveness),
                "speed_error": _rounded(sight.speed_error),
                "position_error_m": _rounded(sight.position_error_m),
                "queue_error": _rounded(sight.queue_error),
                "blind_s": _rounded(sight.blind_s),
                "looks": sight.looks,
            },
            "incidents": [
                {
                    "number": one.number,
                    "kind": one.kind,
                    "lane": one.lane,
                    "started_s": _rounded(one.started_s),
                    "ended_s": _rounded(one.ended_s),
                    "detected_after_s": None if self.noticed is None else _rounded(self.noticed.after_s(one)),
                }
                for one in self.incidents
            ],
            "false_incidents": None if self.noticed is None else self.noticed.score.false_reports,
        }


def _waiting(one: Waiting) -> dict[str, Any]:
    return {
        "vehicles": one.vehicles,
        "arrived": one.arrived,
        "delay_s": _rounded(one.delay_s),
        "stops": _rounded(one.stops),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)

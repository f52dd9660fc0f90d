"""A street seen from straight above, eight pixels a metre, and who moves on it: for tests of the incident rules.

Two lanes lead north to a stop line at y = 0, x from -3.5 to 3.5; the exit lanes for the south lie beside them, x from
-10 to -4. A crossing lies at y 3 to 7, the box beyond it to y = 24.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from calibration.site import Site
from edge.clock import NS_PER_S
from edge.incident import Finding, Scenery, Silenced, Stage, StillObject
from edge.incidents.scene import Rule, Said, SceneNow
from edge.types import Crossing, Interval, Kind, LaneState, Queue, SignalState, Track

PX_PER_M = 8.0
CAMERA = "above"
PointM = tuple[float, float]
_SIZE_M = {
    Kind.CAR: (4.5, 1.8), Kind.TRUCK: (9.0, 2.5), Kind.BUS: (12.0, 2.5), Kind.MOTORCYCLE: (2.2, 0.8),
    Kind.BICYCLE: (1.8, 0.6), Kind.PERSON: (0.5, 0.5),
}  # fmt: skip


def px(x_m: float, y_m: float) -> PointM:
    """Pixel of a place."""
    return (x_m + 20.0) * PX_PER_M, (30.0 - y_m) * PX_PER_M


def rectangle(x1: float, y1: float, x2: float, y2: float) -> tuple[PointM, ...]:
    """Pixels of its corners."""
    return px(x1, y1), px(x2, y1), px(x2, y2), px(x1, y2)


def site(**incidents: object) -> Site:
    """The street; incidents: keys of its `[incidents]`."""
    corners = [(-15, 25), (15, 25), (15, -75), (-15, -75)]
    drive = {"approach": "NB", "camera": CAMERA, "phase": 2}
    times = {"min_green_s": 5, "max_green_s": 40, "yellow_s": 3, "red_clearance_s": 2}
    return Site.model_validate(
        {
            "schema_version": 1,
            "id": "a1",
            "name": "High Street",
            "timezone": "UTC",
            "cameras": [
                {
                    "id": CAMERA,
                    "size_px": (320, 960),
                    "anchor": "centre",
                    "homography": {"pairs": [{"px": px(x, y), "m": (x, y)} for x, y in corners]},
                }
            ],
            "approaches": [{"id": "NB", "speed_limit_mps": 14}],
            "lanes": [
                {
                    "id": name, "polygon_px": rectangle(x, -85, x + 3.5, 0.5),
                    "stop_line_px": (px(x, 0), px(x + 3.5, 0)), **drive,
                }
                for name, x in (("NB1", 0.0), ("NB2", -3.5))
            ],
            "movements": [
                {
                    "id": "NBT", "lanes": ["NB1", "NB2"], **drive,
                    "entry": {"line_px": (px(-4, 1), px(4, 1))}, "exit": {"line_px": (px(-4, 16), px(4, 16))},
                },
                {
                    "id": "P1", "approach": "NB", "camera": CAMERA, "kinds": ["person"],
                    "entry": {"line_px": (px(-10, 3), px(-10, 7))}, "exit": {"line_px": (px(6, 3), px(6, 7))},
                },
            ],
            "signal": {"phases": [{"number": 2, **times}, {"number": 4, **times}], "rings": [[[2], [4]]]},
            "incidents": incidents,
        }
    )  # fmt: skip


@dataclass(frozen=True)
class Actor:
    """One road user: where it is at each second, None where it is not there."""

    track_id: int
    at: Callable[[float], PointM | None]
    kind: Kind = Kind.CAR

    def track(self, t_s: float, step_s: float = 0.1) -> Track | None:
        """As a tracker without error sees it."""
        here = self.at(t_s)
        if here is None:
            return None
        before = self.at(t_s - step_s)
        vel = (0.0, 0.0) if before is None else ((here[0] - before[0]) / step_s, (here[1] - before[1]) / step_s)
        long_m, wide_m = _SIZE_M[self.kind]
        (x1, y1), (x2, y2) = (
            px(here[0] - wide_m / 2, here[1] + long_m / 2),
            px(here[0] + wide_m / 2, here[1] - long_m / 2),
        )
        speed = math.hypot(*vel)
        t_ns = round(t_s * NS_PER_S)
        return Track(
            t_ns, self.track_id, self.kind, 0.9, (x1, y1, x2, y2), px(*here), here, vel, speed, 0.3, 5.0, seen=True
        )


def stands(track_id: int, x: float, y: float, kind: Kind = Kind.CAR, *, from_s: float = 0.0) -> Actor:
    """One that drives up at 10 m/s and stands from from_s on."""
    return Actor(track_id, lambda t_s: (x, y - max(0.0, 10.0 * (from_s - t_s))), kind)


def drives(
    track_id: int, x: float, speed_mps: float = 12.0, *, from_s: float = 0.0, kind: Kind = Kind.CAR, y: float = -80.0
) -> Actor:
    """One that comes in at from_s and drives north; south with a negative speed, from y on."""

    def at(t_s: float) -> PointM | None:
        here = y + speed_mps * (t_s - from_s)
        return (x, here) if t_s >= from_s and -84.0 <= here <= 28.0 else None

    return Actor(track_id, at, kind)


def lamps(t_ns: int, *changes: tuple[float, Interval]) -> SignalState:
    """Phase 2 shows the last of (second, interval) that has begun; phase 4 red."""
    begun = [(round(t_s * NS_PER_S), shows) for t_s, shows in changes if round(t_s * NS_PER_S) <= t_ns]
    since_ns, shows = begun[-1]
    return SignalState(t_ns, {2: shows, 4: Interval.RED}, {2: since_ns, 4: 0})


GREEN = ((-100.0, Interval.GREEN),)
RED = ((-100.0, Interval.RED),)


def scenes(
    actors: Sequence[Actor],
    seconds: float,
    shows: Sequence[tuple[float, Interval]] | None = GREEN,
    *,
    fps: float = 10.0,
    contrast: Callable[[float], float | None] = lambda _t_s: None,
    objects: Callable[[float], tuple[StillObject, ...]] = lambda _t_s: (),
    crossings: Callable[[float], tuple[Crossing, ...]] = lambda _t_s: (),
    queue_m: Callable[[float], tuple[float, bool]] = lambda _t_s: (0.0, False),
    closed: frozenset[str] = frozenset(),
    first_s: float = 0.0,
) -> list[SceneNow]:
    """The street for so long. queue_m: length of the queue of NB1, and whether it reaches the end."""
    found = []
    for index in range(round(seconds * fps)):
        t_s = first_s + index / fps
        t_ns = round(t_s * NS_PER_S)
        tracks = [track for actor in actors if (track := actor.track(t_s)) is not None]
        length_m, at_least = queue_m(t_s)
        queue = Queue("NB1", round(length_m / 7.5), length_m, None, at_least=at_least)
        found.append(
            SceneNow(
                t_ns,
                CAMERA,
                tuple(tracks),
                crossings(t_s),
                (LaneState(t_ns, "NB1", None, None, None, None, None, queue),),
                None if shows is None else lamps(t_ns, *shows),
                Scenery(t_ns, CAMERA, contrast(t_s), objects(t_s)),
                closed,
            )
        )
    return found


def told(rule: Rule, street: Iterable[SceneNow]) -> list[Said]:
    """Everything that a rule says of it."""
    return [said for scene in street for said in rule.update(scene)]


def findings(said: Iterable[Said], *stages: Stage) -> list[Finding]:
    """Findings of these stages, of all where none is given."""
    return [one for one in said if isinstance(one, Finding) and (not stages or one.stage in stages)]


def begun(said: Iterable[Said]) -> list[Finding]:
    """What was alarmed."""
    return findings(said, Stage.START, Stage.MOMENT)


def reasons(said: Iterable[Said]) -> list[str]:
    """Why something was not told."""
    return [one.reason for one in said if isinstance(one, Silenced)]


def queue_and_discharge(
    arrivals_s: Sequence[float],
    x: float,
    seconds: float,
    red_s: tuple[float, float],
    *,
    first_id: int = 1,
    lengths_m: Sequence[float] = (),
    noise_m: float = 0.0,
    seed: int = 0,
    step_s: float = 0.1,
) -> list[Actor]:
    """Vehicles of one lane that come at these seconds, stand at a red from red_s[0] to red_s[1] and drive off.

    Each keeps a speed from which it can stop at 2.5 m/s² behind the one ahead (2.2 m from bumper to bumper) or at the
    line, and speeds up by 1.7 m/s². noise_m: standard deviation of places. A longer one than 6 m is a lorry.
    """
    rng = np.random.default_rng(seed)
    steps = round(seconds / step_s)
    ways = [[(math.nan, math.nan)] * (steps + 1) for _ in arrivals_s]
    state: dict[int, tuple[float, float]] = {}
    size = [lengths_m[i] if i < len(lengths_m) else 4.5 for i in range(len(arrivals_s))]
    for step in range(steps + 1):
        t_s = step * step_s
        ahead: tuple[float, float] | None = None
        for i, arrival_s in enumerate(arrivals_s):
            if t_s < arrival_s:
                continue
            y, speed = state.get(i, (-84.0, 12.0))
            if ahead is not None and i not in state and ahead[0] - ahead[1] - 6.0 < y:
                break
            rooms = [200.0] if ahead is None else [ahead[0] - ahead[1] - 2.2 - y]
            if red_s[0] <= t_s < red_s[1] and (y < -1.0 - speed * speed / 6.0 or speed < 3.0) and y < 0:
                rooms.append(-1.0 - y)
            allowed = math.sqrt(max(0.0, 2 * 2.5 * (min(rooms))))
            speed = max(0.0, min(12.0, allowed, speed + 1.7 * step_s))
            y += speed * step_s
            state[i] = (y, speed)
            ahead = (y, size[i])
            if y < 28.0:
                shake = rng.normal(0.0, noise_m, 2) if noise_m else (0.0, 0.0)
                ways[i][step] = (x + float(shake[0]), y + float(shake[1]))

    def actor(number: int) -> Actor:
        def at(t_s: float) -> PointM | None:
            step = round(t_s / step_s)
            if not 0 <= step <= steps or math.isnan(ways[number][step][0]):
                return None
            return ways[number][step]

        return Actor(first_id + number, at, Kind.TRUCK if size[number] > 6 else Kind.CAR)

    return [actor(number) for number in range(len(arrivals_s))]

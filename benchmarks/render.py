"""How fast is the street painted? Frames a second by vehicles in the picture and size of the picture.

One process, one camera of the scenario `rush`; vehicles stand and creep on its lanes so that
exactly so many are in the picture. "painted" is the whole `Renderer.frame`; "seen" is
`Renderer.seen`, boxes and visible shares without painting. Wall time is what counts for the
goal; the processor's time beside it tells what a machine with nothing else to do would need.

    python -m benchmarks.render [--quick] [--json FILE]
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.progress import track as progress

from benchmarks.goals import Goal, arguments, cannot_run, finish, machine
from edge.errors import ConfigError
from edge.types import Interval
from sim_videos.makes import MAKES
from sim_videos.render import Renderer
from sim_videos.render.camera import PinholeCamera, along_line, camera_of
from sim_videos.scenario import LookSpec, load_scenario
from sim_videos.state import RoadUser, WorldFrame
from sim_videos.street import LaneUse, Street

VEHICLES = (0, 10, 40, 80)
SIZES = ((352, 288), (640, 360), (1280, 720))
LOOKS = {"day": LookSpec(hour=11, cloud=0.3), "night rain": LookSpec(hour=23, rain=0.7, wet=1.0)}
#: A queue's usual mixture.
MAKES_IN_TURN = ("hatch", "saloon", "suv", "estate", "van", "hatch", "box_van", "saloon", "bus", "motorcycle", "lorry")
GAP_M = 1.5
GOAL_FPS, GOAL_VEHICLES, GOAL_SIZE = 25.0, 40, (640, 360)


@dataclass(frozen=True, slots=True)
class Timing:
    """One row: milliseconds a frame by the clock on the wall and by the processor, and for `seen` alone."""

    look: str
    size_px: tuple[int, int]
    vehicles: int
    wall_ms: float
    processor_ms: float
    seen_ms: float

    @property
    def fps(self) -> float:
        """Frames a second by the clock on the wall."""
        return 1000.0 / self.wall_ms


def main() -> None:
    """Measure, print the table, end with the goals."""
    options = arguments(__doc__).parse_args()
    looks = LOOKS if not options.quick else {name: LOOKS[name] for name in ("day", "night rain")}
    sizes = SIZES if not options.quick else (GOAL_SIZE,)
    vehicles = VEHICLES if not options.quick else (0, GOAL_VEHICLES)
    frames = 20 if options.quick else 40
    scenario = load_scenario("rush")
    street = _street()
    cases = [(look, size, count) for look in looks for size in sizes for count in vehicles]
    rows: list[Timing] = []
    renderers: dict[tuple[str, tuple[int, int]], Renderer] = {}
    for look, size, count in progress(cases, description="rendering", transient=True):
        spec = scenario.cameras[0].model_copy(update={"size_px": size})
        if (look, size) not in renderers:
            renderers[look, size] = Renderer(street, camera_of(spec, street), looks[look], seed=1)
        rows.append(_measure(renderers[look, size], street, look, size, count, frames))
    print(machine())
    print(f"{'':12}{'size':>10}{'vehicles':>10}{'frames/s':>10}{'ms':>8}{'ms of processor':>17}{'ms seen':>9}")
    for row in rows:
        size_text = f"{row.size_px[0]}×{row.size_px[1]}"
        print(
            f"{row.look:12}{size_text:>10}{row.vehicles:>10}{row.fps:>10.1f}{row.wall_ms:>8.1f}"
            f"{row.processor_ms:>17.1f}{row.seen_ms:>9.1f}"
        )
    goals = [
        Goal(f"frames/s, {row.look}, 640×360, {GOAL_VEHICLES} vehicles", row.fps, GOAL_FPS, at_least=True)
        for row in rows
        if row.size_px == GOAL_SIZE and row.vehicles == GOAL_VEHICLES
    ]
    figures = [
        {"look": r.look, "size_px": list(r.size_px), "vehicles": r.vehicles, "frames_per_s": round(r.fps, 2)}
        | {"ms": round(r.wall_ms, 2), "processor_ms": round(r.processor_ms, 2), "seen_ms": round(r.seen_ms, 2)}
        for r in rows
    ]
    finish(goals, {"rows": figures}, options.json)


def _street() -> Street:
    try:
        from sim_videos.world import build_street

        with tempfile.TemporaryDirectory() as folder:
            return build_street(load_scenario("rush"), Path(folder))
    except ModuleNotFoundError as error:
        cannot_run(f"{error}; install stopline[sim]")
    except ConfigError as error:
        cannot_run(str(error))


def _measure(renderer: Renderer, street: Street, look: str, size: tuple[int, int], count: int, frames: int) -> Timing:
    worlds = list(crowd(street, renderer.camera, count, frames))
    renderer.frame(worlds[0])
    wall, processor = time.perf_counter(), time.process_time()
    for world in worlds:
        renderer.frame(world)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    seen = time.perf_counter()
    for world in worlds:
        renderer.seen(world)
    seen = time.perf_counter() - seen
    return Timing(look, size, count, wall / frames * 1e3, processor / frames * 1e3, seen / frames * 1e3)


def crowd(street: Street, camera: PinholeCamera, count: int, frames: int) -> Iterator[WorldFrame]:
    """Frames with `count` vehicles in the picture, creeping along their lanes."""
    queue = _standing(street, camera)
    if len(queue) < count:
        cannot_run(f"only {len(queue)} vehicles have room in the picture, not {count}")
    # Spread over near and far as a queue is.
    chosen = [queue[i] for i in np.linspace(0, len(queue) - 1, count).round().astype(int)] if count else []
    intervals = dict.fromkeys((1, 2, 3, 4, 5, 6, 7, 8), Interval.RED)
    for frame in range(frames):
        t_s = frame * 0.1
        users = tuple(
            replace(user, pos_m=_ahead(user, 0.02 * frame), braking=(user.user_id + frame // 10) % 2 == 0)
            for user in chosen
        )
        yield WorldFrame(t_s, users, (), intervals, {})


def _ahead(user: RoadUser, by_m: float) -> tuple[float, float]:
    x, y = user.pos_m
    return x + by_m * float(np.cos(user.heading_rad)), y + by_m * float(np.sin(user.heading_rad))


def _standing(street: Street, camera: PinholeCamera) -> list[RoadUser]:
    """Vehicles bumper to bumper on every lane within the picture, near ones first."""
    found: list[tuple[float, RoadUser]] = []
    number = 0
    for lane in street.lanes:
        if lane.use is not LaneUse.VEHICLES or lane.inside:
            continue
        points = along_line(np.array(lane.line_m), 0.5)
        at = 2.0
        while at < len(points) * 0.5 - 8:
            make = MAKES[MAKES_IN_TURN[number % len(MAKES_IN_TURN)]]
            middle = min(int((at + make.length_m / 2) / 0.5), len(points) - 2)
            step = points[middle + 1] - points[middle]
            px = camera.ground_to_px(points[middle][None, :])
            distance = float(np.hypot(*(points[middle] - camera.eye_m[:2])))
            if camera.inside(px)[0] and distance < 280:
                place = (float(points[middle][0]), float(points[middle][1]))
                heading = float(np.arctan2(step[1], step[0]))
                found.append((distance, RoadUser(number, make.name, make.kind, number * 37 % 100, place, heading, 1.0)))
            at += make.length_m + GAP_M
            number += 1
    return [user for _, user in sorted(found, key=lambda pair: pair[0])]


if __name__ == "__main__":
    main()

"""Forty simulated vehicles pass a line: who counts exactly forty?

Three lanes seen from above, 20 px to the metre, 25 frames/s. One vehicle waits on the
line for 200 frames while its lane queues behind it. Each seed draws 10-30 % missed
detections, up to 5 px of jitter, occlusions of 1 s (one vehicle in four, anywhere, so
also across the line) and identity switches at the line (one vehicle in four, and three
for the one that waits), put between tracker and counter alike for every contender:

    ours          edge.vision tracker, journeys and gates
    LineZone      trackers.ByteTrackTracker + supervision.LineZone as it comes
    LineZone, 5   the same with minimum_crossing_threshold=5, its own cure against trembling
    once per id   trackers.ByteTrackTracker + a count when an id's centre passes the line for
                  the first time, as ultralytics' ObjectCounter does it (written anew here)
"""

from __future__ import annotations

import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rich.progress import track as progress

from benchmarks.goals import Goal, arguments, finish, machine
from calibration.geometry import GroundPlane
from calibration.site import Camera, Gate, Homography, Movement, PointPair
from edge.clock import NS_PER_S
from edge.frames import Detections
from edge.types import Kind, Track
from edge.vision.movements import MovementCounter
from edge.vision.tracker import GroundTracker

FPS = 25
WIDTH, HEIGHT = 360, 720
LINE_Y = 400.0
PX_PER_M = 20.0
VEHICLES = 40
LANES_X = (90.0, 180.0, 270.0)
WAIT_FRAMES = 200
#: A switch happens within this many pixels of the line.
NEAR_PX = 30.0


@dataclass(frozen=True, slots=True)
class Scene:
    """Per frame the true boxes (n, 4), which vehicle each is, and what a detector saw of them."""

    vehicle: list[NDArray[np.int64]]
    truth: list[NDArray[np.float64]]
    detections: list[Detections]


def scene(seed: int) -> Scene:
    """Vehicles that keep their distance, move down the picture, and one that waits on the line."""
    rng = np.random.default_rng(seed)
    paths = _drive(rng)
    frames = max(first + len(y) for first, _, _, y, _ in paths)
    miss, jitter = rng.uniform(0.1, 0.3), 5.0
    hidden = {i: _occlusion(rng, first, y) for i, (first, _, _, y, _) in enumerate(paths) if rng.random() < 0.25}
    truth: list[NDArray[np.float64]] = []
    who: list[NDArray[np.int64]] = []
    seen: list[Detections] = []
    for frame in range(frames):
        rows = [
            (i, x - w / 2, y[frame - first] - length / 2, x + w / 2, y[frame - first] + length / 2)
            for i, (first, x, w, y, length) in enumerate(paths)
            if first <= frame < first + len(y)
        ]
        boxes = np.array([row[1:] for row in rows], np.float64).reshape(-1, 4)
        ids = np.array([row[0] for row in rows], np.int64)
        truth.append(boxes)
        who.append(ids)
        keep = np.array([rng.random() >= miss and frame not in hidden.get(int(i), ()) for i in ids], bool)
        noisy = boxes + np.tile(rng.uniform(-jitter, jitter, (len(boxes), 2)), 2) if len(boxes) else boxes
        noisy = np.clip(noisy, 0, (WIDTH, HEIGHT, WIDTH, HEIGHT))
        keep &= (noisy[:, 3] - noisy[:, 1] > 8) if len(boxes) else keep
        n = int(keep.sum())
        seen.append(
            Detections(
                frame * NS_PER_S // FPS,
                noisy[keep].astype(np.float32),
                rng.uniform(0.5, 0.95, n).astype(np.float32),
                np.zeros(n, np.int32),
            )
        )
    return Scene(who, truth, seen)


Path_ = tuple[int, float, float, NDArray[np.float64], float]


def _drive(rng: np.random.Generator) -> list[Path_]:
    """First frame, x, width, y of the middle per frame, and length of each vehicle."""
    lanes: list[list[Path_]] = [[], [], []]
    free = [0.0, 0.0, 0.0]
    waiting = int(rng.integers(8, 25))
    for number in range(VEHICLES):
        lane = number % 3
        free[lane] += 1.3 + rng.exponential(0.7)
        first = int(free[lane] * FPS)
        length = float(rng.uniform(80, 95)) if rng.random() < 0.85 else float(rng.uniform(140, 200))
        wish = rng.uniform(8.0, 14.0) * PX_PER_M
        leader = lanes[lane][-1] if lanes[lane] else None
        y, speed, held = -length / 2, wish, 0
        ys: list[float] = []
        while y < HEIGHT + length / 2:
            room = np.inf
            if leader is not None:
                at = first + len(ys) - leader[0]
                if at < len(leader[3]):
                    room = leader[3][at] - (leader[4] + length) / 2 - 2.0 * PX_PER_M - y
            stops = number == waiting and held < WAIT_FRAMES
            if stops:
                room = min(room, LINE_Y - y)
            # Speed up by 3 m/s² at most; never faster than 5 m/s² of braking allows for.
            safe = np.sqrt(2 * 5.0 * PX_PER_M * max(room, 0.0))
            speed = float(min(wish, speed + 3.0 * PX_PER_M / FPS, safe))
            step = min(speed / FPS, max(room, 0.0))
            held += stops and LINE_Y - y < 1.0
            y += step
            ys.append(y)
        lanes[lane].append((first, LANES_X[lane], float(rng.uniform(34, 42)), np.array(ys), length))
    return [path for lane in lanes for path in lane]


def _occlusion(rng: np.random.Generator, first: int, y: NDArray[np.float64]) -> range:
    """A gap of 1 s: the vehicle was in full view for half a second before it."""
    visible = int(np.searchsorted(y, 60.0)) + FPS // 2
    start = first + int(rng.integers(visible, max(visible + 1, len(y) - FPS)))
    return range(start, start + FPS)


class Switches:
    """Gives tracks new ids near the line: the same switches for the same vehicle, whoever tracks it."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed + 1_000_000)
        self._times = {v: int(rng.random() < 0.25) for v in range(VEHICLES)}
        self._at = {v: rng.uniform(-NEAR_PX, NEAR_PX) for v in range(VEHICLES)}
        self._near: Counter[int] = Counter()
        self._alias: dict[int, int] = {}
        self._next = 100_000

    def rename(
        self, ids: list[int], boxes: NDArray[np.float64], who: NDArray[np.int64], truth: NDArray[np.float64]
    ) -> list[int]:
        """New ids of the tracks whose boxes (n, 4) are given."""
        for i, box in zip(ids, boxes, strict=True):
            if len(truth) == 0:
                continue
            middle = (truth[:, :2] + truth[:, 2:]) / 2
            nearest = int(np.abs(middle - (box[:2] + box[2:]) / 2).sum(axis=1).argmin())
            vehicle, y = int(who[nearest]), middle[nearest, 1]
            self._near[vehicle] += abs(y - LINE_Y) < 1.0
            waited = self._near[vehicle] in {50, 100, 150}
            if waited or (self._times[vehicle] and y >= LINE_Y + self._at[vehicle]):
                self._times[vehicle] = 0
                self._near[vehicle] += waited
                self._alias[i] = self._next
                self._next += 1
        return [self._alias.get(i, i) for i in ids]


CAMERA = Camera(
    id="above",
    size_px=(WIDTH, HEIGHT),
    anchor="centre",
    homography=Homography(
        pairs=tuple(PointPair(px=(x, y), m=(x / PX_PER_M, y / PX_PER_M)) for x in (0.0, 360.0) for y in (0.0, 720.0))
    ),
)
MOVEMENT = Movement(
    id="SBT",
    approach="SB",
    camera="above",
    entry=Gate(line_px=((20.0, LINE_Y - 80), (340.0, LINE_Y - 80))),
    exit=Gate(line_px=((20.0, LINE_Y), (340.0, LINE_Y))),
)


def ours(made: Scene, seed: int) -> int:
    """Vehicles counted by Stopline."""
    plane = GroundPlane.fit(CAMERA.homography)
    tracker, counter, switches = GroundTracker(CAMERA, plane), MovementCounter((MOVEMENT,), plane), Switches(seed)
    counted = 0
    for who, truth, detections in zip(made.vehicle, made.truth, made.detections, strict=True):
        tracks = tracker.update(detections)
        boxes = np.array([track.box_px for track in tracks], np.float64).reshape(-1, 4)
        ids = switches.rename([track.track_id for track in tracks], boxes, who, truth)
        renamed: tuple[Track, ...] = tuple(replace(t, track_id=i) for t, i in zip(tracks, ids, strict=True))
        crossings, _ = counter.update(detections.t_ns, renamed, {})
        counted += sum(crossing.kind is not Kind.PERSON for crossing in crossings)
    return counted


def peers(made: Scene, seed: int) -> tuple[int, int, int]:
    """Vehicles counted by LineZone, by LineZone with a threshold, and once per id, on the same ByteTrack tracks."""
    import supervision as sv
    from trackers import ByteTrackTracker

    from benchmarks.peers import ids_of, with_ids

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tracker = ByteTrackTracker(frame_rate=FPS)
        start, end, anchors = sv.Point(0, LINE_Y), sv.Point(WIDTH, LINE_Y), (sv.Position.CENTER,)
        zone = sv.LineZone(start=start, end=end, triggering_anchors=anchors)
        calm = sv.LineZone(start=start, end=end, triggering_anchors=anchors, minimum_crossing_threshold=5)
        switches, last, done = Switches(seed), dict[int, float](), set[int]()
        for who, truth, detections in zip(made.vehicle, made.truth, made.detections, strict=True):
            found = tracker.update(
                sv.Detections(
                    detections.boxes_px, confidence=detections.scores, class_id=detections.classes.astype(int)
                )
            )
            found = with_ids(found)
            ids = switches.rename(ids_of(found), found.xyxy.astype(np.float64), who, truth)
            found.tracker_id = np.array(ids, int)
            zone.trigger(found)
            calm.trigger(found)
            for i, y in zip(ids, (found.xyxy[:, 1] + found.xyxy[:, 3]) / 2, strict=True):
                if last.get(i, y) <= LINE_Y < y:
                    done.add(i)
                last[i] = y
    # Traffic runs one way; what trembles back over the line is counted in the other direction.
    return max(zone.in_count, zone.out_count), max(calm.in_count, calm.out_count), len(done)


def one_seed(seed: int) -> tuple[int, int, int, int]:
    """Counts of ours, LineZone, LineZone with a threshold, and once per id."""
    made = scene(seed)
    return (ours(made, seed), *peers(made, seed))


def main() -> None:
    """Run all seeds, print the table, end with the goal."""
    parser = arguments(__doc__)
    parser.add_argument("--seeds", type=int, default=None, help="number of seeds (default 200; 24 with --quick)")
    options = parser.parse_args()
    seeds = options.seeds or (24 if options.quick else 200)
    with ProcessPoolExecutor() as pool:
        rows = list(progress(pool.map(one_seed, range(seeds)), total=seeds, description="seeds"))
    names = ("ours", "LineZone", "LineZone, 5", "once per id")
    counts = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    print(f"\n{seeds} seeds, {VEHICLES} vehicles each; {machine()}\n")
    print(f"{'':14}{'exactly 40':>12}{'mean':>8}{'least':>7}{'most':>7}{'mean |error|':>14}")
    for name, values in counts.items():
        exact = sum(value == VEHICLES for value in values) / seeds
        error = sum(abs(value - VEHICLES) for value in values) / seeds
        print(f"{name:14}{exact:>11.1%} {sum(values) / seeds:>7.2f}{min(values):>7}{max(values):>7}{error:>14.2f}")
    wrong = [seed for seed, value in enumerate(counts["ours"]) if value != VEHICLES]
    if wrong:
        print(f"\nours was wrong with seeds {wrong}")
    share = 1.0 - len(wrong) / seeds
    finish([Goal("share of seeds counted exactly", share, 0.99, at_least=True)], {"counts": counts}, options.json)


if __name__ == "__main__":
    main()

"""What everything around the detector costs.

1. The whole pipeline (decode, detect, track, count, queues) against the bare network on
   prepared input: same clip, same threads, in turns within one run. Ratio of frame rates.
2. Tracking, counting and queues on 20 vehicles, in ms a frame, beside
   trackers.ByteTrackTracker + supervision.LineZone + PolygonZone on the same detections.

The clip is the embedded one unless --video and --site name another; a network's time does
not depend on what it sees.
"""

from __future__ import annotations

import os
import statistics
import warnings
from pathlib import Path

import cv2
import numpy as np

from benchmarks.goals import Goal, arguments, cannot_run, finish, machine
from benchmarks.peers import with_ids
from calibration.load import load_site
from calibration.site import Site
from edge.clock import NS_PER_S, SystemClock
from edge.errors import ModelError, StoplineError
from edge.frames import Detections, Frame
from edge.seams import Detector
from edge.types import Sight
from edge.vision.detect import open_detector
from edge.vision.detect.network import NetworkDetector
from edge.vision.health.monitor import SightMonitor
from edge.vision.pipeline import VisionPipeline
from edge.vision.source import open_source
from sim_videos import DEMO_CLIP

VEHICLES = 20
CLOCK = SystemClock()


def bare_ms(detector: NetworkDetector, frame: Frame, runs: int) -> float:
    """Mean ms of the network alone: the input of one frame prepared once, invoked again and again."""
    invoke = detector.bare(frame)
    invoke()
    began = CLOCK.now_ns()
    for _ in range(runs):
        invoke()
    return (CLOCK.now_ns() - began) / runs / 1e6


def whole_ms(site: Site, video: Path, detector: Detector, start: int, frames: int) -> float:
    """Mean ms of `frames` frames of the clip through every stage of vision."""
    camera = site.cameras[0]
    pipeline, sight = VisionPipeline(site, camera.id), SightMonitor(camera.id)
    with open_source(str(video), camera.id, camera.size_px, CLOCK, live=False) as source:
        began, done = 0, 0
        for frame in source:
            if frame.index == start:
                began = CLOCK.now_ns()
            pipeline.update(
                frame, detector.detect(frame) if frame.index >= start else _none(frame), sight.update(frame)
            )
            done = frame.index - start + 1
            if done >= frames:
                break
    return (CLOCK.now_ns() - began) / max(done, 1) / 1e6


def _none(frame: Frame) -> Detections:
    return Detections.empty(frame.t_ns)


def crowd(site: Site, frames: int) -> list[Detections]:
    """Twenty vehicles that drive through the picture with 2 px of jitter, in every frame."""
    rng = np.random.default_rng(1)
    width, height = site.cameras[0].size_px
    x, y = rng.uniform(0, width - 50, VEHICLES), rng.uniform(0, height, VEHICLES)
    dy = rng.uniform(1.0, 4.0, VEHICLES)
    out = []
    for k in range(frames):
        top = (y + dy * k) % (height - 35)
        corner = np.stack((x, top), 1) + rng.uniform(-2, 2, (VEHICLES, 2))
        boxes = np.clip(np.concatenate((corner, corner + np.array((45.0, 32.0))), 1), 0, (width, height, width, height))
        scores, classes = rng.uniform(0.4, 0.9, VEHICLES), np.zeros(VEHICLES, np.int32)
        out.append(Detections(k * NS_PER_S // 25, boxes.astype(np.float32), scores.astype(np.float32), classes))
    return out


def ours_ms(site: Site, seen: list[Detections]) -> float:
    """Median ms a frame of tracking, counting and queues."""
    camera = site.cameras[0]
    pipeline, picture = VisionPipeline(site, camera.id), np.zeros((*camera.size_px[::-1], 3), np.uint8)
    times = []
    for k, detections in enumerate(seen):
        frame, sight = Frame(camera.id, k, detections.t_ns, picture), Sight(detections.t_ns, camera.id, True)
        began = CLOCK.now_ns()
        pipeline.update(frame, detections, sight)
        times.append((CLOCK.now_ns() - began) / 1e6)
    return statistics.median(times)


def peer_ms(site: Site, seen: list[Detections]) -> float:
    """Median ms a frame of ByteTrack, one line a movement and one zone a lane."""
    import supervision as sv
    from trackers import ByteTrackTracker

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tracker = ByteTrackTracker(frame_rate=25)
        ends = [movement.exit.line_px for movement in site.movements]
        lines = [sv.LineZone(start=sv.Point(*a), end=sv.Point(*b)) for a, b in ends]
        zones = [sv.PolygonZone(np.array(lane.polygon_px, np.int64)) for lane in site.lanes]
        times = []
        for d in seen:
            began = CLOCK.now_ns()
            tracked = tracker.update(sv.Detections(d.boxes_px, confidence=d.scores, class_id=d.classes.astype(int)))
            tracked = with_ids(tracked)
            for line in lines:
                line.trigger(tracked)
            for zone in zones:
                zone.trigger(tracked)
            times.append((CLOCK.now_ns() - began) / 1e6)
    return statistics.median(times)


def main() -> None:
    """Measure in turns, print both tables, end with the goals."""
    parser = arguments(__doc__)
    parser.add_argument("--video", type=Path, default=DEMO_CLIP)
    parser.add_argument("--site", default="demo")
    parser.add_argument("--model", default=None, help="detector model; the best one installed if left out")
    spare = max(1, (os.cpu_count() or 2) - 1)
    parser.add_argument(
        "--threads", type=int, default=spare, help="default leaves one core to decoding, as a cabinet does"
    )
    options = parser.parse_args()
    cv2.setNumThreads(options.threads)
    rounds, frames = (3, 60) if options.quick else (7, 200)
    try:
        site = load_site(options.site)
        detector = open_detector(options.model, threads=options.threads, min_score=0.1)
        with open_source(str(options.video), "c", site.cameras[0].size_px, CLOCK, live=False) as source:
            first = next(iter(source))
        if not isinstance(detector, NetworkDetector):
            cannot_run(f"{detector.name}: only LiteRT and ONNX models can be run bare")
        pairs = [
            (bare_ms(detector, first, frames), whole_ms(site, options.video, detector, 20, frames))
            for _ in range(rounds)
        ]
    except ModelError as error:
        cannot_run(f"{error}")
    except StoplineError as error:
        cannot_run(str(error))
    bare, whole = (statistics.median(pair[i] for pair in pairs) for i in (0, 1))
    ratio = statistics.median(b / w for b, w in pairs)
    seen = crowd(site, 300 if options.quick else 1500)
    ours, peer = ours_ms(site, seen), peer_ms(site, seen)
    print(f"{machine()}\n{detector.name}, {options.threads} threads, {rounds} rounds of {frames} frames\n")
    print(f"bare network            {bare:8.2f} ms a frame")
    print(f"whole pipeline          {whole:8.2f} ms a frame   ratio {ratio:.3f}")
    print(f"\n{VEHICLES} vehicles, {len(site.movements)} movements, {len(site.lanes)} lanes")
    print(f"tracking + counting + queues   {ours:6.3f} ms a frame (median)")
    print(f"trackers + supervision         {peer:6.3f} ms a frame (median)")
    finish(
        [
            Goal("frame rate of the whole pipeline over the bare network's", ratio, 0.9, at_least=True),
            Goal("tracking + counting + queues, ms at 20 objects", ours, 1.0, at_least=False),
        ],
        {"bare_ms": bare, "whole_ms": whole, "ours_ms": ours, "peer_ms": peer, "detector": detector.name},
        options.json,
    )


if __name__ == "__main__":
    main()

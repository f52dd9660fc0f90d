"""One frame of the demo clip through every stage: the values that `docs/life-of-a-frame.md` tells of.

    python -m benchmarks.frame [--movement NBT] [--nth 1]

Stops at the frame that counts the nth road user of a movement that had stood before, and prints what
each stage made of it, numbers rounded to a tenth.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum

from calibration.geometry import stop_axes
from calibration.load import load_site
from edge.clock import SystemClock
from edge.control.demand import DemandBuilder
from edge.frames import Detections, Frame, VisionResult
from edge.stages.greens import GreenOnsets
from edge.stages.parts import fixed_time
from edge.types import Crossing, LaneDemand, PhaseRequest, Sight, SignalState
from edge.vision.detect import open_detector
from edge.vision.health.monitor import SightMonitor
from edge.vision.pipeline import VisionPipeline, VisionSettings
from edge.vision.source.opening import open_source
from sim_videos import DEMO_CLIP


def shown(value: object) -> str:
    """As Python would write it, shorter: floats to a tenth, enumerations by their value, mappings as {a: b}."""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, float):
        return f"{value:.1f}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{shown(key)}: {shown(one)}" for key, one in value.items()) + "}"
    if isinstance(value, tuple | frozenset):
        return "(" + ", ".join(shown(one) for one in value) + ")"
    if is_dataclass(value) and not isinstance(value, type):
        told = ", ".join(f"{field.name}={shown(getattr(value, field.name))}" for field in fields(value))
        return f"{type(value).__name__}({told})"
    return repr(value)


def tell(
    frame: Frame,
    detections: Detections,
    result: VisionResult,
    crossing: Crossing,
    demand: LaneDemand | None,
    asked: tuple[PhaseRequest, SignalState] | None,
) -> list[str]:
    """A line for each value, in the order in which the stages make them."""
    track = next((one for one in result.tracks if one.track_id == crossing.track_id), None)
    lines = [
        f"Frame(camera={frame.camera!r}, index={frame.index}, t_ns={frame.t_ns}, image={frame.image.shape})",
        shown(result.sight),
        f"Detections(n={len(detections.scores)})",
    ]
    if track is not None:
        corners = track.box_px
        nearest = min(
            range(len(detections.scores)),
            key=lambda i: sum(abs(a - b) for a, b in zip(detections.boxes_px[i], corners, strict=True)),
        )
        box = tuple(float(side) for side in detections.boxes_px[nearest])
        lines.append(
            f"  one of them: boxes_px={shown(box)}, scores={float(detections.scores[nearest]):.2f}, "
            f"classes={int(detections.classes[nearest])}"
        )
        lines.append(shown(track))
    lines += [shown(crossing), f"  {(frame.t_ns - crossing.t_ns) / 1e6:.0f} ms before the frame"]
    lines += [shown(lane) for lane in result.lanes]
    return lines + [shown(one) for one in (demand, *(asked or ()))]


def main() -> None:
    """Run the clip to that frame and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--movement", default="NBT")
    parser.add_argument("--nth", type=int, default=1)
    parser.add_argument("--model", default="stopline-nano")
    options = parser.parse_args()
    site = load_site("demo")
    (camera,) = site.cameras
    if site.plan is None or site.signal is None:
        raise SystemExit("the demo site has no plan")
    vision, onsets, monitor = VisionPipeline(site, camera.id), GreenOnsets(site), SightMonitor(camera.id)
    signals = fixed_time(site, site.plan, site.signal, zero_ns=0, record=lambda _line: None)
    detector = open_detector(options.model, threads=1, min_score=VisionSettings().tracker.unsure_score)
    demand, asked = DemandBuilder(site.lanes, stop_axes(site)), None
    left = options.nth
    with open_source(str(DEMO_CLIP), camera.id, camera.size_px, SystemClock(), live=False) as source:
        for frame in source:
            for asked in signals.until(frame.t_ns):
                onsets.observe(asked[1])
            sight: Sight = monitor.update(frame)
            detections = detector.detect(frame)
            result = onsets.dated(vision.update(frame, detections, sight))
            signals.see(result)
            demand.see(sight, result.lanes, result.tracks)
            for crossing in result.crossings:
                left -= crossing.movement == options.movement and (crossing.waited_s or 0) > 0
                if left == 0:
                    lanes = demand.demand(frame.t_ns).lanes
                    print("\n".join(tell(frame, detections, result, crossing, lanes.get(crossing.lane or ""), asked)))
                    return
    raise SystemExit(f"the clip has fewer than {options.nth} crossings of {options.movement} that had stood before")


if __name__ == "__main__":
    main()

"""The rules of incidents asked again, over tracks that a replay kept: no picture, no detector.

frames.jsonl.gz ─→ VisionResult ─→ IncidentLog ─→ events
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from calibration.site import Camera, Site
from edge.errors import InputError
from edge.frames import Detections, VisionResult
from edge.replay.files import FRAMES
from edge.replay.frame_log import SeenFrame, SeenTrack, read_frame_log
from edge.replay.noticed import IncidentLog
from edge.replay.record import Event
from edge.stages.noticing import Noticing
from edge.types import Crossing, LaneState, Queue, Sight, Track


def rerun(
    folder: Path, site: Site, camera: Camera, wall_ns: Callable[[int], int] = lambda t_ns: t_ns
) -> tuple[Event, ...]:
    """Events `incident` and `silenced` of the tracks that a replay kept in a folder, in order.

    What only a picture shows (things on the road, fog) is not asked for. InputError where the folder has no tracks,
    or tracks of before crossings were kept with them.
    """
    path = folder / FRAMES
    if not path.exists():
        raise InputError(f"{path}: is not there; replay the video again with --keep-tracks")
    events: list[Event] = []
    log = IncidentLog(
        Noticing(site, [camera.id], wall_ns=wall_ns),
        lambda kind, t_ns, fields: events.append({"kind": kind, "t_ns": t_ns, **fields}),
    )
    last_ns = 0
    for seen in read_frame_log(path):
        log.see(None, result_of(seen, camera, path), None)
        last_ns = seen.t_ns
    log.finish(last_ns)
    return tuple(events)


def result_of(seen: SeenFrame, camera: Camera, path: Path) -> VisionResult:
    """What vision said of a frame, as far as it was kept; the rest is unknown."""
    if seen.crossings is None:
        raise InputError(f"{path}: was written by an earlier version; replay the video again with --keep-tracks")
    t_ns = seen.t_ns
    return VisionResult(
        t_ns,
        seen.index,
        camera.id,
        Sight(t_ns, camera.id, seen.ok, seen.reason),
        Detections.empty(t_ns),
        tuple(_track(t_ns, track, camera) for track in seen.tracks),
        tuple(
            Crossing(one.t_ns, one.movement, one.kind, one.lane, one.track_id, one.entered_ns, one.speed_mps, None)
            for one in seen.crossings
        ),
        (),
        tuple(
            LaneState(
                t_ns,
                lane,
                None,
                None,
                None,
                None,
                None,
                Queue(lane, queue.vehicles, queue.length_m, queue.wait_s, queue.at_least),
            )
            for lane, queue in seen.queues.items()
        ),
    )


def _track(t_ns: int, seen: SeenTrack, camera: Camera) -> Track:
    middle_px = (seen.x1_px + seen.x2_px) / 2
    return Track(
        t_ns,
        seen.id,
        seen.kind,
        seen.score,
        (seen.x1_px, seen.y1_px, seen.x2_px, seen.y2_px),
        (middle_px, (seen.y1_px + seen.y2_px) / 2 if camera.anchor == "centre" else seen.y2_px),
        (seen.x_m, seen.y_m),
        seen.vel_mps,
        seen.speed_mps,
        seen.speed_sd_mps,
        seen.age_s,
        seen.seen,
    )

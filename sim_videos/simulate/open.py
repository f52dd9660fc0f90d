"""Opens the eyes of one run on its street, and whoever else watches: recording and page."""

from __future__ import annotations

from contextlib import ExitStack

from calibration.geometry import stop_axes
from calibration.site import Site
from edge.clock import Clock
from edge.control.around import Around
from edge.control.demand import DemandBuilder
from edge.errors import ModelError
from edge.seams import Detector
from edge.stages.noticing import ScenerySource
from edge.stages.site_junction import ways_of
from edge.stages.viewing import CameraViews
from edge.vision.health.scenery import SceneryWatch
from edge.vision.pipeline import VisionPipeline
from sim_videos.render.camera import camera_of
from sim_videos.render.faults import CameraFeed
from sim_videos.render.renderer import Renderer
from sim_videos.scenario import CameraSpec
from sim_videos.simulate.around import TrueAround
from sim_videos.simulate.cameras import DetectingCamera, Mast, TruthCamera
from sim_videos.simulate.eyes import CameraEyes, OneCamera, PerfectEyes
from sim_videos.simulate.eyesight import EyesightMeter
from sim_videos.simulate.junction import junction_of
from sim_videos.simulate.lanes import TrueDemand
from sim_videos.simulate.loop import Watcher
from sim_videos.simulate.notice import IncidentWatcher
from sim_videos.simulate.one import Sighted
from sim_videos.simulate.order import EyesKind, SimulateOptions
from sim_videos.simulate.record import Recording
from sim_videos.simulate.result import NONE, PERFECT
from sim_videos.simulate.show import Shown, ShowWatcher
from sim_videos.site import site_of
from sim_videos.street import Street
from sim_videos.truth import TruthRecorder

NAMES: dict[EyesKind, str] = {
    "camera": "camera",
    "truth": "true boxes",
    "perfect": PERFECT,
    "none": NONE,
}


def open_eyes(
    options: SimulateOptions,
    kind: EyesKind,
    street: Street,
    title: str,
    opened: ExitStack,
    detector: Detector | None,
    shown: Shown | None,
    stopwatch: Clock,
) -> Sighted:
    """Eyes of a kind on a street; what they hold open is closed with `opened`.

    Raises ConfigError where a camera sees no lane, ModelError where a camera has no detector.
    """
    if kind in {"perfect", "none"}:
        return Sighted(PerfectEyes(TrueDemand(street), NAMES[kind], TrueAround(street)))
    if kind == "camera" and detector is None:
        raise ModelError("a camera needs a detector: give one with --model, or take --truth-detector")
    with options.scenario.naming():
        site = site_of(options.scenario, street)
    recorders = {
        spec.id: TruthRecorder(options.scenario, street, spec, site, seed=options.run_seed)
        for spec in options.scenario.cameras
    }
    cameras = [
        _camera(
            options,
            _mast(options, spec, street, site, recorders[spec.id]),
            detector if kind == "camera" else None,
            stopwatch,
        )
        for spec in options.scenario.cameras
    ]
    views = {spec.id: CameraViews(site, spec.id) for spec in options.scenario.cameras}
    around = Around(site.lanes, site.movements, ways_of(junction_of(street)))
    eyes = CameraEyes(NAMES[kind], cameras, views, DemandBuilder(site.lanes, stop_axes(site)), around)
    watchers: list[Watcher] = []
    if options.record is not None:
        headers = {camera: recorder.header for camera, recorder in recorders.items()}
        watchers.append(opened.enter_context(Recording(options.record, headers)))
    if shown is not None:
        watchers.append(ShowWatcher(shown, site, title))
    sceneries = {one.camera_id: _scenery(site, one) for one in cameras if isinstance(one, DetectingCamera)}
    incidents = IncidentWatcher(site, [spec.id for spec in options.scenario.cameras], sceneries)
    return Sighted(eyes, EyesightMeter(site), tuple(watchers), incidents)


def _scenery(site: Site, camera: DetectingCamera) -> ScenerySource:
    return SceneryWatch(site, camera.camera_id, lambda: camera.contrast).update


def _mast(options: SimulateOptions, spec: CameraSpec, street: Street, site: Site, recorder: TruthRecorder) -> Mast:
    scenario = options.scenario
    renderer = Renderer(street, camera_of(spec, street), scenario.look, seed=options.run_seed)
    feed = CameraFeed(renderer, scenario.camera_faults, camera=spec.id, seed=options.run_seed)
    return Mast(spec, feed, recorder, VisionPipeline(site, spec.id), options.every, told=options.record is not None)


def _camera(options: SimulateOptions, mast: Mast, detector: Detector | None, stopwatch: Clock) -> OneCamera:
    """A camera with this detector, or one that is told the truth where there is none."""
    if detector is not None:
        return DetectingCamera(mast, detector, stopwatch)
    return TruthCamera(mast, painted=options.record is not None or options.page_port is not None)
